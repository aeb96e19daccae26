//! The flags of the commands that have few, with their help and their examples.

use clap::Args;

use crate::git::Scope;

/// Whose login goes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs logout
  git credential-heroku-rs logout bob@example.com
  git credential-heroku-rs logout --all
  git credential-heroku-rs logout --keep    the token stays valid elsewhere")]
pub struct Logout {
    /// The account [default: the one in use]
    pub account: Option<String>,
    /// Every account on this machine
    #[arg(long, conflicts_with = "account")]
    pub all: bool,
    /// Do not revoke the token at Heroku
    #[arg(long)]
    pub keep: bool,
}

/// How `status` tells.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs status
  git credential-heroku-rs status --offline
  git credential-heroku-rs status --json | jq -r '.accounts[] | select(.active).account'")]
pub struct Status {
    /// As JSON, in a shape that stays
    #[arg(long)]
    pub json: bool,
    /// Do not ask Heroku whether the tokens are good
    #[arg(long)]
    pub offline: bool,
    /// Let the keyring ask for its password where it is locked
    #[arg(long)]
    pub unlock: bool,
}

/// Which account is to be used.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs switch bob@example.com
  git credential-heroku-rs switch work    a name given with `heroku accounts:add work`")]
pub struct Switch {
    /// The account's email, or its name in the Heroku CLI's accounts
    pub account: String,
}

/// Whose configuration is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs setup
  git credential-heroku-rs setup --local    in this repository only
  git credential-heroku-rs setup --docker   docker, for registry.heroku.com, instead of git
  git credential-heroku-rs unsetup          and all is as it was")]
pub struct Setup {
    /// Only in the current repository, not for all of the user's
    #[arg(long)]
    pub local: bool,
    /// docker's configuration instead of git's, for registry.heroku.com
    #[arg(long, conflicts_with = "local")]
    pub docker: bool,
}

/// Which program is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// git, here or for all of the user's repositories.
    Git(Scope),
    /// docker.
    Docker,
}

impl Setup {
    /// Which program is set up.
    pub fn client(&self) -> Client {
        match (self.docker, self.local) {
            (true, _) => Client::Docker,
            (false, true) => Client::Git(Scope::Local),
            (false, false) => Client::Git(Scope::Global),
        }
    }
}

/// Whose token is printed, or told of.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  printf 'Authorization: Bearer %s' \"$(git credential-heroku-rs token)\" |
      curl --header @- --header 'Accept: application/vnd.heroku+json; version=3' \\
           https://api.heroku.com/account
  git credential-heroku-rs token --check || git credential-heroku-rs login
  git credential-heroku-rs token --json | jq -r .expires

With --check: exit code 0 where Heroku takes the token, 1 where it refuses it or cannot be asked,
which stderr and .status in the JSON tell apart; 4 where there is none.")]
pub struct TokenArguments {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Ask Heroku whether the token is good, and do not print it
    #[arg(long)]
    pub check: bool,
    /// What is known of the token, as JSON in the shape of status; not the token itself
    #[arg(long)]
    pub json: bool,
    /// With --json: the token too
    #[arg(long, requires = "json")]
    pub show_token: bool,
}
