//! The report of `status`, as text and as JSON, from the same values. The JSON format is stable: members
//! may be added, but none is removed.

use std::io::{self, Write};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::json;
use crate::account;
use crate::environment::Environment;
use crate::git::Setting;
use crate::logins::Unread;
use crate::logins::lookup::{Source, StoredToken};
use crate::netrc;
use crate::notice::{Fix, Notice, shown};
use crate::scope::Scopes;
use crate::token::Verdict;

/// Everything that `status` reports.
pub(super) struct Status<'a> {
    pub(super) accounts: Vec<Account>,
    /// The sources that could not be read completely.
    pub(super) unread: &'a [Unread],
    /// What is printed before the report.
    pub(super) reported: Option<&'a Notice>,
    pub(super) git: Git,
}

/// What is known about a token, under its name in JSON.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum TokenStatus {
    Valid,
    Rejected,
    /// Heroku could not be asked.
    Unknown,
    /// Heroku was not asked.
    NotChecked,
}

/// A token on this machine. Never the token itself.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    /// The email, or null if it is unknown.
    #[serde(rename = "account")]
    email: Option<String>,
    /// Whether git gets this token now.
    active: bool,
    /// `environment`, `keyring` or `netrc`.
    source: &'static str,
    status: TokenStatus,
    /// Why the status is unknown; else null.
    error: Option<String>,
    authorization: Option<String>,
    description: Option<String>,
    scope: Scopes,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    #[serde(skip)]
    store: Source,
}

impl Account {
    pub(super) fn new(
        login: &StoredToken,
        verdict: Option<Verdict>,
        served: Option<&StoredToken>,
    ) -> Account {
        let metadata = login.metadata.clone().unwrap_or_default();
        let (status, error) = match verdict {
            None => (TokenStatus::NotChecked, None),
            Some(Verdict::Accepted) => (TokenStatus::Valid, None),
            Some(Verdict::Rejected) => (TokenStatus::Rejected, None),
            Some(Verdict::Unknown(why)) => (TokenStatus::Unknown, Some(why)),
        };
        Account {
            email: login.account.as_ref().map(ToString::to_string),
            active: served.is_some_and(|served| is_served(login, served)),
            source: login.source.word(),
            status,
            error,
            authorization: metadata.authorization,
            description: metadata.description,
            scope: metadata.scope,
            created: metadata.created,
            expires: metadata.expires,
            store: login.source,
        }
    }

    /// The active account is first, the others follow by name: the keyring's own order changes.
    pub(super) fn order(&self) -> impl Ord + use<'_> {
        (!self.active, &self.email)
    }
}

/// Whether this login is the one that git gets.
pub(super) fn is_served(login: &StoredToken, served: &StoredToken) -> bool {
    served.source == login.source && served.token == login.token
}

/// git's credential helpers for git.heroku.com.
pub(super) struct Git {
    /// All helpers, in git's order.
    helpers: Vec<Setting>,
    /// The remotes with a password in their URL: git asks no helper for them.
    remotes_with_password: Vec<String>,
    /// Why git's configuration could not be read.
    error: Option<String>,
}

impl Git {
    /// Reads git's configuration.
    pub(super) fn read(git: &crate::git::Git) -> Git {
        let helpers = git.helpers_for_heroku();
        let read = helpers.and_then(|helpers| Ok((helpers, git.remotes_with_password()?)));
        let error = read.as_ref().err().map(|why| why.what().to_owned());
        let (helpers, remotes_with_password) = read.unwrap_or_default();
        Git {
            helpers,
            remotes_with_password,
            error,
        }
    }

    /// Whether this helper is configured, and git asks it first.
    fn is_configured(&self) -> bool {
        self.helpers.first().is_some_and(Setting::starts_us)
    }
}

impl Status<'_> {
    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let source = |unread: &Unread| {
            json!({
                "source": unread.source.word(),
                "error": unread.why.what(),
                "fix": unread.why.fix().to_string(),
            })
        };
        let helper = |helper: &Setting| {
            json!({
                "helper": helper.value,
                "ours": helper.starts_us(),
                "scope": helper.scope,
                "file": helper.origin,
            })
        };
        let status = json!({
            "accounts": self.accounts,
            "unavailable": self.unread.iter().map(source).collect::<Value>(),
            "git": {
                "configured": self.git.is_configured(),
                "helpers": self.git.helpers.iter().map(helper).collect::<Value>(),
                "remotes_with_password": self.git.remotes_with_password,
                "error": self.git.error,
            },
        });
        json::write_json(&status, out)
    }

    pub(super) fn write_text(
        &self,
        environment: &Environment,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for account in &self.accounts {
            account.write_text(environment, out)?;
        }
        for unread in self.unread {
            // Without a keyring, tokens are stored elsewhere.
            let is_missing_keyring = unread.source == Source::Keyring && !unread.may_hide_logins;
            if !is_missing_keyring && self.reported != Some(&unread.why) {
                writeln!(out, "{}", unread.why)?;
            }
        }
        self.git.write_text(environment, out)
    }
}

impl Account {
    fn write_text(&self, environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
        let name = match self.email.as_deref() {
            None => "unknown account",
            Some(name) if name == account::Account::unnamed().as_str() => "unnamed account",
            Some(name) => name,
        };
        let mark = if self.active { " (active)" } else { "" };
        writeln!(out, "{name}{mark}")?;
        let store = match self.store {
            Source::ApiKey => "HEROKU_API_KEY".to_owned(),
            Source::Keyring => "keyring".to_owned(),
            Source::Netrc => netrc::location(environment),
        };
        writeln!(out, "  token: {store}, {}", self.status_text())?;
        writeln!(out, "  {}", self.expiry_text())?;
        if !self.scope.is_empty() {
            writeln!(out, "  scope: {}", shown(&self.scope.to_string()))?;
        }
        if let Some(description) = &self.description {
            writeln!(out, "  description: {}", shown(description))?;
        }
        Ok(())
    }

    fn status_text(&self) -> String {
        match (self.status, &self.error) {
            (TokenStatus::Valid, _) => "valid".to_owned(),
            (TokenStatus::Rejected, _) => "rejected by Heroku".to_owned(),
            (_, Some(error)) => format!("could not be checked ({error})"),
            (_, None) => "not checked".to_owned(),
        }
    }

    fn expiry_text(&self) -> String {
        let Some(end) = self.expires else {
            // Heroku's record of the token is known, and names no expiry.
            let is_known = self.authorization.is_some();
            return format!("expires: {}", if is_known { "never" } else { "unknown" });
        };
        let time = end.strftime("%Y-%m-%d %H:%M UTC");
        let left = end.duration_since(Timestamp::now());
        if left.is_negative() {
            format!("expired: {time}")
        } else {
            format!("expires: {time} ({})", span(left))
        }
    }
}

/// A day, and how far off it is: `2026-12-25 (in 30 days)`.
pub(super) fn day_and_span(end: Timestamp) -> String {
    let left = end.duration_since(Timestamp::now());
    format!("{} ({})", end.strftime("%Y-%m-%d"), span(left))
}

/// How far off a time is, in the largest unit that fits. Five minutes are added before rounding down: a token that
/// was just created for an hour expires "in 1 hour", not "in 59 minutes".
pub(super) fn span(left: SignedDuration) -> String {
    let in_units = |count: i64, unit: &str| match count {
        1 => format!("in 1 {unit}"),
        _ => format!("in {count} {unit}s"),
    };
    let hours = (left + SignedDuration::from_mins(5)).as_hours();
    if left.is_negative() {
        "expired".to_owned()
    } else if hours >= 48 {
        in_units(hours / 24, "day")
    } else if hours >= 1 {
        in_units(hours, "hour")
    } else {
        in_units(left.as_mins(), "minute")
    }
}

impl Git {
    fn write_text(&self, environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
        if let Some(error) = &self.error {
            return writeln!(out, "git: {}", shown(error));
        }
        let other = self.helpers.iter().find(|helper| !helper.starts_us());
        let set_up = Fix::command("configure git", "git credential-heroku-rs setup");
        let (what, fix) = match (self.is_configured(), other) {
            (true, None) => (
                "configured, heroku-rs is the only helper for git.heroku.com",
                Fix::NONE,
            ),
            (true, Some(other)) => (
                "configured, but other helpers for git.heroku.com get the token too",
                other.silencer(),
            ),
            (false, None) => ("not configured, no helper for git.heroku.com", set_up),
            (false, Some(_)) => (
                "configured, but another helper for git.heroku.com is first",
                set_up,
            ),
        };
        writeln!(out, "{}", Notice::new(format!("git: {what}"), fix))?;
        for (number, helper) in self.helpers.iter().enumerate() {
            let file = shown(&environment.display_path(Path::new(&helper.origin)));
            let value = helper.shown_value();
            writeln!(
                out,
                "  {}. {} ({file})",
                number + 1,
                value.trim_matches('`')
            )?;
        }
        for key in &self.remotes_with_password {
            let key = shown(key);
            writeln!(
                out,
                "  {key} contains a password: git uses no helper for that remote"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_rounded_to_the_largest_unit_that_fits() {
        let minutes = |minutes| span(SignedDuration::from_mins(minutes));
        assert_eq!(minutes(-1), "expired");
        assert_eq!(minutes(1), "in 1 minute");
        assert_eq!(minutes(54), "in 54 minutes");
        assert_eq!(minutes(59), "in 1 hour");
        assert_eq!(minutes(119), "in 2 hours");
        assert_eq!(minutes(47 * 60), "in 47 hours");
        assert_eq!(minutes(48 * 60 - 1), "in 2 days");
        let moments_ago = SignedDuration::from_hours(24 * 30) - SignedDuration::from_secs(59);
        assert_eq!(span(moments_ago), "in 30 days");
        assert_eq!(span(SignedDuration::from_secs(-1)), "expired");
    }
}
