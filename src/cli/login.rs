//! The flags of `login`, and the words that other commands share with it.

use clap::{Args, ValueEnum};

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
    /// Where the Heroku CLI would on this machine: the keyring, or netrc where there is none
    Auto,
    /// The OS keyring
    Keyring,
    /// The netrc file, in plain text
    Netrc,
}

/// How long a token is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// This long.
    Limited(std::time::Duration),
    /// Until the token is revoked.
    Endless,
}

impl Lifetime {
    /// The lifetime in seconds, as Heroku's `expires_in`; none if the token never expires.
    pub fn seconds(self) -> Option<u64> {
        match self {
            Lifetime::Limited(time) => Some(time.as_secs()),
            Lifetime::Endless => None,
        }
    }

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
