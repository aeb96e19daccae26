//! The flags of the commands that have few, with their help and examples.

use clap::Args;

use crate::git::Scope;

/// The flags of `logout`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs logout
  git credential-heroku-rs logout bob@example.com
  git credential-heroku-rs logout --all
  git credential-heroku-rs logout --keep    # do not revoke the token")]
pub struct Logout {
    /// Account to log out [default: the active account]
    pub account: Option<String>,
    /// Log out all accounts on this machine
    #[arg(long, conflicts_with = "account")]
    pub all: bool,
    /// Keep the token valid: do not revoke it at Heroku
    #[arg(long)]
    pub keep: bool,
}

/// The flags of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs status
  git credential-heroku-rs status --offline
  git credential-heroku-rs status --json |
      jq -r '.accounts[] | select(.active).account'

Exit codes: 0 logged in, 1 Heroku rejected the token, 4 not logged in.")]
pub struct Status {
    /// Print JSON (stable format)
    #[arg(long)]
    pub json: bool,
    /// Do not contact Heroku
    #[arg(long)]
    pub offline: bool,
    /// Unlock the keyring if it is locked
    #[arg(long)]
    pub unlock: bool,
}

/// The account to make active.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs switch bob@example.com
  git credential-heroku-rs switch work    # a name from `heroku accounts`")]
pub struct Switch {
    /// Email of the account, or its name in `heroku accounts`
    pub account: String,
}

/// The flags of `setup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs setup
  git credential-heroku-rs setup --local     # configure this repository only
  git credential-heroku-rs setup --docker    # configure docker instead of git
  git credential-heroku-rs unsetup           # undo it

With the alias, `git heroku COMMAND` is `git credential-heroku-rs COMMAND`. On
a terminal, setup offers to add the alias.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Setup {
    /// Configure the current repository only
    #[arg(long)]
    pub local: bool,
    /// Configure docker, for registry.heroku.com, instead of git
    #[arg(long, conflicts_with = "local")]
    pub docker: bool,
    /// Add the alias `git heroku`, without asking
    #[arg(long, conflicts_with_all = ["local", "docker"])]
    pub alias: bool,
    /// Do not offer the alias `git heroku`
    #[arg(long, conflicts_with = "alias")]
    pub no_alias: bool,
    /// What happens without a flag; `git config` has this flag.
    #[arg(long, hide = true, conflicts_with_all = ["local", "docker"])]
    pub global: bool,
}

/// Whether `setup` adds the alias `git heroku`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasChoice {
    /// Ask on a terminal; without one, do not add it.
    Ask,
    /// Add it.
    Add,
    /// Do not add it.
    Skip,
}

/// The flags of `unsetup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs unsetup
  git credential-heroku-rs unsetup --local
  git credential-heroku-rs unsetup --docker
  git credential-heroku-rs unsetup --all    # before you remove the program

`unsetup --all` undoes `setup`, `setup --docker` and, in this repository,
`setup --local`. It removes the manual, the completions and the files in
~/.local/state/git-credential-heroku-rs, except what stored tokens still need.
It removes no token: run `logout --all` for that.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Unsetup {
    /// Undo `setup --local` in the current repository
    #[arg(long)]
    pub local: bool,
    /// Undo `setup --docker`
    #[arg(long, conflicts_with = "local")]
    pub docker: bool,
    /// Undo all that this program wrote, except stored tokens and what they need
    #[arg(long, conflicts_with_all = ["local", "docker"])]
    pub all: bool,
    /// What happens without a flag; `git config` has this flag.
    #[arg(long, hide = true, conflicts_with_all = ["local", "docker", "all"])]
    pub global: bool,
}

/// The program to configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// git, for one repository or for all of the user.
    Git(Scope),
    /// docker.
    Docker,
}

impl Client {
    fn from_flags(is_docker: bool, is_local: bool) -> Client {
        if is_docker {
            Client::Docker
        } else if is_local {
            Client::Git(Scope::Local)
        } else {
            Client::Git(Scope::Global)
        }
    }
}

impl Setup {
    /// The program to configure.
    pub fn client(&self) -> Client {
        Client::from_flags(self.docker, self.local)
    }

    /// Whether to add the alias.
    pub fn alias_choice(&self) -> AliasChoice {
        match (self.alias, self.no_alias) {
            (true, _) => AliasChoice::Add,
            (_, true) => AliasChoice::Skip,
            (false, false) => AliasChoice::Ask,
        }
    }
}

impl Unsetup {
    /// The program to undo the configuration of.
    pub fn client(&self) -> Client {
        Client::from_flags(self.docker, self.local)
    }
}

/// Which token to print or check.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  printf 'Authorization: Bearer %s' \"$(git credential-heroku-rs token)\" |
      curl --header @- https://api.heroku.com/account \\
           --header 'Accept: application/vnd.heroku+json; version=3'
  git credential-heroku-rs token --check || git credential-heroku-rs login
  git credential-heroku-rs token --json | jq -r .expires

Exit codes with --check: 0 valid, 1 rejected or Heroku cannot be reached
(see .status in --json), 4 not logged in.")]
pub struct TokenArguments {
    /// Use this account [default: the active account]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Check whether Heroku accepts the token, and do not print the token
    #[arg(long)]
    pub check: bool,
    /// Print what is known about the token as JSON, without the token
    #[arg(long)]
    pub json: bool,
    /// With --json: print the token too
    #[arg(long, requires = "json")]
    pub show_token: bool,
}
