//! The flags of `login`, and the words that other commands share with it.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::logins::Store;
use crate::scope::Scope;
use crate::terminal::LOGIN_BY_PIPE;

/// The flags for the other ways. clap ignores that a flag requires `--interactive` if one of them is given, since they
/// conflict with `--interactive`.
const NOT_INTERACTIVE: [&str; 3] = ["with_token", "browser", "open"];

/// How `login` gets a token, and where it stores the token.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = format!("\
Examples:
  git credential-heroku-rs login
  git credential-heroku-rs login --open
  {LOGIN_BY_PIPE}
  git credential-heroku-rs login --interactive
  git credential-heroku-rs login --browser

You can paste a token even if your account uses MFA, or if this machine has no
browser."))]
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
    #[arg(long, requires = "browser", conflicts_with_all = ["with_token", "interactive", "open"])]
    pub no_open: bool,
    /// Description of the authorization in the dashboard [default: git-credential-heroku-rs login from HOST]
    #[arg(long, value_name = "TEXT", conflicts_with = "with_token", value_parser = NonEmptyStringValueParser::new())]
    pub description: Option<String>,
    /// With --interactive: lifetime of the token: never, or a number and s, m (minutes), h, d, w or y
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30d",
        requires = "interactive",
        conflicts_with_all = NOT_INTERACTIVE,
        value_parser = Lifetime::parse
    )]
    pub expires_in: Lifetime,
    /// With --interactive: scope of the token; can be repeated
    #[arg(
        long,
        value_name = "SCOPE",
        default_value = "global",
        requires = "interactive",
        conflicts_with_all = NOT_INTERACTIVE
    )]
    pub scope: Vec<Scope>,
    /// Where to store the token; auto is the keyring, or netrc if there is no keyring
    #[arg(long, value_name = "PLACE", default_value = "auto")]
    pub store: Store,
    /// Store the token even if its scope does not allow a push
    #[arg(long)]
    pub force: bool,
}

/// The lifetime of a token in seconds, as Heroku's `expires_in`; none if the token never expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub Option<u64>);

impl Lifetime {
    /// Reads `never`, or a number and one of `s m h d w y`.
    ///
    /// # Errors
    /// What a lifetime looks like.
    pub fn parse(text: &str) -> Result<Lifetime, String> {
        const HELP: &str = "give never, or a number and s, m (minutes), h, d, w or y, such as 30d";
        if text == "never" {
            return Ok(Lifetime(None));
        }
        let seconds = seconds(text).ok_or(HELP)?;
        Ok(Lifetime(Some(seconds)))
    }
}

/// Reads a number, more than 0, and a unit.
fn seconds(text: &str) -> Option<u64> {
    const UNITS: [(char, u64); 6] = [
        ('s', 1),
        ('m', 60),
        ('h', 3_600),
        ('d', 86_400),
        ('w', 604_800),
        ('y', 31_536_000),
    ];
    let mut units = UNITS.into_iter();
    let (number, seconds) =
        units.find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    let total = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Invocation, read};

    #[test]
    fn a_flag_of_one_login_method_is_rejected_with_every_other_method() {
        const WAYS: [&str; 5] = ["", "--with-token", "--interactive", "--browser", "--open"];
        for (flag, only) in [
            ("--expires-in 8h", "--interactive"),
            ("--scope read", "--interactive"),
            ("--no-open", "--browser"),
        ] {
            for way in WAYS {
                let line = format!("login {way} {flag}");
                let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
                let is_accepted = matches!(read(&words), Invocation::Command(_));
                assert_eq!(is_accepted, way == only, "{line}");
            }
        }
    }

    #[test]
    fn a_lifetime_is_a_number_and_a_unit() {
        let days = |days: u64| Ok(Lifetime(Some(86_400 * days)));
        assert_eq!(Lifetime::parse("30d"), days(30));
        assert_eq!(Lifetime::parse("1y"), days(365));
        assert_eq!(Lifetime::parse("never"), Ok(Lifetime(None)));
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
