//! The account that a token belongs to: [`Account`], parsed once, when it is read.

use std::fmt;

use crate::notice::{Notice, is_unseen};
use crate::token;

/// The account that a token belongs to: an email, or the bare user name with which git sent the token.
///
/// The Heroku CLI puts this name into a shell command. So a name with a quote, a blank or any other character
/// that a shell may act on is not an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(String);

impl Account {
    /// The name under which a token is stored while its account is not known: the user name of our replies.
    pub const UNNAMED: &'static str = "heroku";

    /// Reads an account name of 1 to 254 bytes: any email without white space, a control character,
    /// or one that the Heroku CLI's shell acts on between its quotes (`$`, a backtick, `"`, `\`); or a
    /// plain user name of letters, digits and `@ . _ + - ~ %`. None begins with `-`. A token is not an account,
    /// since the name of an account is printed.
    ///
    /// Source: the Heroku CLI's `credential-manager-core`, which puts the name between double quotes.
    pub fn parse(name: &str) -> Option<Account> {
        let fits = (1..=254).contains(&name.len()) && !name.starts_with('-');
        let is_plain = |c: char| c.is_alphanumeric() || "@._+-~%".contains(c);
        let is_harmless = |c: char| !is_unseen(c) && !c.is_whitespace() && !"$`\"\\".contains(c);
        let is_name = if is_email(name) {
            name.chars().all(is_harmless)
        } else {
            name.chars().all(is_plain)
        };
        (fits && is_name && !token::is_shaped_like_one(name)).then(|| Account(name.to_owned()))
    }

    /// The account under which a token is stored while its owner is not known.
    pub fn unnamed() -> Account {
        Account(Account::UNNAMED.to_owned())
    }

    /// Whether the name is an email, as the Heroku CLI's account names are.
    pub fn is_email(&self) -> bool {
        is_email(&self.0)
    }

    /// Whether both are the same email in another letter case, as git's configuration and the Heroku CLI may write it.
    pub fn differs_only_in_case(&self, other: &Account) -> bool {
        self != other && self.is_email() && self.0.eq_ignore_ascii_case(&other.0)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_email(name: &str) -> bool {
    matches!(name.split_once('@'), Some((user, host)) if !user.is_empty() && host.contains('.') && !host.contains('@'))
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Heroku's answer to the question whether a token is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The token is revoked or has expired.
    Rejected,
    /// The token is valid. Contains its account, or why Heroku does not show it: the token's scope is too
    /// small, or the account is suspended or delinquent.
    Accepted(Result<Account, Notice>),
    /// The API could not be asked, or its answer was neither. In doubt a token is kept. Contains the reason.
    Unknown(Notice),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_plain_name() {
        for name in [
            "ann@example.com",
            "a.b+c@x-y.example",
            "heroku",
            "zoë@example.com",
            "o'brien@example.com",
            "a=b&c!d/e#f@example.com",
            "{a}|b?*^;(c)@example.com",
        ] {
            assert_eq!(Account::parse(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "-rf",
            "a b",
            "a'b",
            "a\"b",
            "$(id)@x.y",
            "`id`",
            "a;b",
            "a\nb",
            "a\\b",
            "a/b",
            "o'brien",
            "a b@example.com",
            "a\"b@example.com",
            "a\\b@example.com",
            "a`id`@example.com",
            "$HOME@example.com",
            "a\u{202e}b@example.com",
        ] {
            assert_eq!(Account::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_token_is_not_an_account() {
        for name in [
            "HRKU-01234567-89ab-cdef-0123-456789abcdef",
            "hrku-0123",
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdef01234567",
        ] {
            assert_eq!(Account::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn the_case_of_letters_distinguishes_no_emails() {
        let is_one = |one, other| {
            let [one, other] = [one, other].map(|name| Account::parse(name).unwrap());
            one.differs_only_in_case(&other)
        };
        assert!(is_one("Ann@Example.com", "ann@example.com"));
        assert!(!is_one("ann@example.com", "ann@example.com"));
        assert!(!is_one("ann@example.com", "bob@example.com"));
        assert!(!is_one("Heroku", "heroku"));
    }

    #[test]
    fn only_an_email_names_an_account_to_the_heroku_cli() {
        let is_email = |name| Account::parse(name).unwrap().is_email();
        assert!(is_email("ann@example.com"));
        assert!(!is_email("heroku") && !is_email("@example.com") && !is_email("a@b@c.d"));
    }
}
