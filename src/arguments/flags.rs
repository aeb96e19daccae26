//! Each command's flags, with its help and its examples.

use std::ffi::OsString;

use clap::{Args, Subcommand, ValueEnum};

use crate::git_config::Scope;

/// How `login` gets a token, and where it keeps it.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of a command line are just that"
)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs login                      paste a token made in Heroku's dashboard;
                                                      works with MFA on, and without a browser here
  git credential-heroku-rs login --open               the same, and opens the dashboard's page
  printenv TOKEN | git credential-heroku-rs login --with-token
  git credential-heroku-rs login --interactive        email, password and MFA code
  git credential-heroku-rs login --browser            the Heroku CLI's browser login")]
pub struct Login {
    /// Read the token from standard input
    #[arg(long, group = "way")]
    pub with_token: bool,
    /// Ask for email, password and MFA code
    #[arg(long, short, group = "way")]
    pub interactive: bool,
    /// Log in through the browser
    #[arg(long, group = "way")]
    pub browser: bool,
    /// Open the dashboard's page on which tokens are made
    #[arg(long, conflicts_with_all = ["with_token", "interactive", "browser"])]
    pub open: bool,
    /// With --browser: print the page's address, and open nothing
    #[arg(long, requires = "browser")]
    pub no_open: bool,
    /// How the authorization is called in the dashboard [default: names this program and host]
    #[arg(long, value_name = "TEXT", conflicts_with = "with_token")]
    pub description: Option<String>,
    /// With --interactive: how long the token lives, as 8h, 30d, 1y or never
    #[arg(long, value_name = "TIME", default_value = "30d", requires = "interactive", value_parser = Lifetime::parse)]
    pub expires_in: Lifetime,
    /// With --interactive: what the token may do; may be given several times
    #[arg(
        long,
        value_name = "SCOPE",
        default_value = "global",
        requires = "interactive"
    )]
    pub scope: Vec<OauthScope>,
    /// Where the token is kept
    #[arg(long, value_name = "PLACE", default_value = "auto")]
    pub store: Place,
    /// Keep the token even if it may not push
    #[arg(long)]
    pub force: bool,
}

/// What a Heroku authorization allows.
///
/// Source: Heroku's Dev Center, "OAuth", scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OauthScope {
    /// Everything
    Global,
    /// The account, read only
    Identity,
    /// Apps and resources, without their secrets, read only
    Read,
    /// Apps and resources, without their secrets
    Write,
    /// Apps and resources with their secrets, read only
    ReadProtected,
    /// Apps and resources with their secrets
    WriteProtected,
}

impl OauthScope {
    /// Heroku's name of the scope.
    pub fn name(self) -> &'static str {
        match self {
            OauthScope::Global => "global",
            OauthScope::Identity => "identity",
            OauthScope::Read => "read",
            OauthScope::Write => "write",
            OauthScope::ReadProtected => "read-protected",
            OauthScope::WriteProtected => "write-protected",
        }
    }
}

/// Where `login` keeps a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// Where the Heroku CLI would on this machine: the keychain, or netrc where there is none
    Auto,
    /// The OS keyring
    Keychain,
    /// The netrc file, in plain text
    Netrc,
}

/// How long a token is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// This long.
    Limited(std::time::Duration),
    /// Until somebody revokes it.
    Endless,
}

impl Lifetime {
    /// Reads `never`, or a number and one of `s m h d w y`.
    ///
    /// # Errors
    /// What would be understood.
    pub fn parse(text: &str) -> Result<Lifetime, String> {
        const HELP: &str = "give a time such as 8h, 30d or 1y, or never";
        if text == "never" {
            return Ok(Lifetime::Endless);
        }
        let (number, unit) = text
            .char_indices()
            .next_back()
            .map(|(at, unit)| (&text[..at], unit))
            .ok_or(HELP)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'y' => 31_536_000,
            _ => return Err(HELP.to_owned()),
        };
        let number: u64 = number.parse().map_err(|_| HELP)?;
        let total = number.checked_mul(seconds).filter(|total| *total > 0);
        let total = total.ok_or(HELP)?;
        Ok(Lifetime::Limited(std::time::Duration::from_secs(total)))
    }
}

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
  git credential-heroku-rs status --json | jq -r '.accounts[] | select(.in_use).account'")]
pub struct Status {
    /// As JSON, in a shape that stays
    #[arg(long)]
    pub json: bool,
    /// Do not ask Heroku whether the tokens are good
    #[arg(long)]
    pub offline: bool,
    /// Let the keychain ask for its password where it is locked
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

/// Whose git configuration is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs setup
  git credential-heroku-rs setup --local    in this repository only
  git credential-heroku-rs unsetup          and all is as it was")]
pub struct Setup {
    /// Only in the current repository, not for all of the user's
    #[arg(long)]
    pub local: bool,
}

impl Setup {
    /// Whose configuration is changed.
    pub fn scope(&self) -> Scope {
        match self.local {
            true => Scope::Local,
            false => Scope::Global,
        }
    }
}

/// Whose token is printed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  curl -H \"Authorization: Bearer $(git credential-heroku-rs token)\" \\
       -H 'Accept: application/vnd.heroku+json; version=3' https://api.heroku.com/account")]
pub struct TokenArguments {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

/// Which program gets the token, and as what.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs exec -- terraform apply
  git credential-heroku-rs exec -- sh -c 'curl -H \"Authorization: Bearer $HEROKU_API_KEY\" \\
       -H \"Accept: application/vnd.heroku+json; version=3\" https://api.heroku.com/account'
  git credential-heroku-rs exec --env TF_VAR_heroku_key -- terraform plan")]
pub struct Exec {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// The variable that gets the token
    #[arg(long, value_name = "NAME", default_value = "HEROKU_API_KEY", value_parser = variable)]
    pub env: String,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// A name that a shell can spell.
fn variable(name: &str) -> Result<String, String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match plain && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => Ok(name.to_owned()),
        false => Err("that is not the name of a variable".to_owned()),
    }
}

/// What is done about netrc.
#[derive(Debug, Subcommand)]
pub enum Netrc {
    /// Move Heroku's token from netrc to the keychain
    Import(NetrcImport),
    /// Print netrc lines with the token, for `curl --netrc-file <(…)`
    Print(NetrcPrint),
    /// Remove Heroku's entries from netrc, and nothing else
    Clean(NetrcClean),
}

/// Which login is moved.
#[derive(Debug, Args)]
pub struct NetrcImport {
    /// The account, where netrc has several
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Whose lines are printed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  curl --netrc-file <(git credential-heroku-rs netrc print) \\
       -H 'Accept: application/vnd.heroku+json; version=3' https://api.heroku.com/account")]
pub struct NetrcPrint {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

/// How netrc is cleaned.
#[derive(Debug, Args)]
pub struct NetrcClean {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_lifetime_is_a_number_and_a_unit() {
        let days = |days: u64| Ok(Lifetime::Limited(Duration::from_secs(86_400 * days)));
        assert_eq!(Lifetime::parse("30d"), days(30));
        assert_eq!(Lifetime::parse("1y"), days(365));
        assert_eq!(Lifetime::parse("never"), Ok(Lifetime::Endless));
        for text in [
            "",
            "d",
            "30",
            "-1d",
            "0d",
            "1.5h",
            "99999999999999999999y",
            "30é",
        ] {
            Lifetime::parse(text).unwrap_err();
        }
    }
}
