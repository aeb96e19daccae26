//! The flags of `login`, and the words that other commands share with it.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::scope::Scope;

/// How `login` gets a token, and where it stores the token.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = "\
Examples:
  git credential-heroku-rs login                # paste a token
  git credential-heroku-rs login --open         # open the page to create one
  printenv TOKEN | git credential-heroku-rs login --with-token
  git credential-heroku-rs login --interactive  # email, password and MFA code
  git credential-heroku-rs login --browser      # the Heroku CLI's browser login

You can paste a token even if your account uses MFA, or if this machine has no
browser.")]
pub struct Login {
    /// Read the token from standard input
    #[arg(long, group = "way")]
    pub with_token: bool,
    /// Log in with email, password and MFA code
    #[arg(long, short, group = "way")]
    pub interactive: bool,
    /// Log in with the browser, as the Heroku CLI does
    #[arg(long, group = "way")]
    pub browser: bool,
    /// Open the dashboard page to create a token
    #[arg(long, conflicts_with_all = ["with_token", "interactive", "browser"])]
    pub open: bool,
    /// With --browser: print the URL and do not open a browser
    #[arg(long, requires = "browser")]
    pub no_open: bool,
    /// Description of the authorization in the dashboard [default: git-credential-heroku-rs login from HOST]
    #[arg(long, value_name = "TEXT", conflicts_with = "with_token")]
    pub description: Option<String>,
    /// With --interactive: lifetime of the token (8h, 30d, 1y or never)
    #[arg(long, value_name = "TIME", default_value = "30d", requires = "interactive", value_parser = Lifetime::parse)]
    pub expires_in: Lifetime,
    /// With --interactive: scope of the token; can be repeated
    #[arg(
        long,
        value_name = "SCOPE",
        default_value = "global",
        requires = "interactive"
    )]
    pub scope: Vec<Scope>,
    /// Where to store the token; auto is the keyring, or netrc if there is no keyring
    #[arg(long, value_name = "PLACE", default_value = "auto")]
    pub store: Place,
    /// Store the token even if its scope does not allow a push
    #[arg(long)]
    pub force: bool,
}

/// The scopes that can be requested: a scope that Heroku has added since is not offered.
impl ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Scope] {
        static OFFERED: [Scope; 6] = [
            Scope::Global,
            Scope::Identity,
            Scope::Read,
            Scope::Write,
            Scope::ReadProtected,
            Scope::WriteProtected,
        ];
        &OFFERED
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Scope::Global => ("global", "Full access"),
            Scope::Identity => ("identity", "Read the account"),
            Scope::Read => ("read", "Read apps and resources, except config vars"),
            Scope::Write => (
                "write",
                "Read and change apps and resources, except config vars",
            ),
            Scope::ReadProtected => ("read-protected", "Read apps and resources"),
            Scope::WriteProtected => ("write-protected", "Read and change apps and resources"),
            Scope::Other(_) => return None,
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// Where `login` stores a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// The keyring, or netrc if there is no keyring (as the Heroku CLI does)
    Auto,
    /// The keyring
    Keyring,
    /// The netrc file, unencrypted
    Netrc,
}

/// The lifetime of a token.
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
    /// What a lifetime looks like.
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
