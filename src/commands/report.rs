//! The report of `status`, as text and as JSON, from the same values. The JSON format is stable: members
//! may be added, but none is removed.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{json, label};
use crate::account::{Account, Verdict};
use crate::environment::Environment;
use crate::git::{Configuration, Setting, path_without_secrets, without_secrets};
use crate::logins::Unread;
use crate::logins::lookup::{Source, StoredToken};
use crate::netrc;
use crate::notice::{Notice, shown};
use crate::token_metadata::TokenMetadata;

/// Everything that `status` reports.
pub(super) struct Status<'a> {
    pub(super) accounts: Vec<Login>,
    /// The sources that could not be read completely.
    pub(super) unread: &'a [Unread],
    /// What is printed before the report.
    pub(super) reported: Option<&'a Notice>,
    /// git's configuration, or why it could not be read.
    pub(super) git: Result<Configuration, Notice>,
    /// The accounts that git uses in the current directory, whichever one is active, and where they are chosen.
    pub(super) chosen_accounts: Vec<(Account, String)>,
}

/// A token on this machine. It is never printed itself.
pub(super) struct Login {
    pub(super) stored: StoredToken,
    /// What Heroku says about it; none if Heroku was not asked.
    pub(super) verdict: Option<Verdict>,
    /// Whether git gets this token now, if it asks for no other account.
    pub(super) is_active: bool,
}

/// Whether this login is the one that git gets.
pub(super) fn is_served(login: &StoredToken, served: &StoredToken) -> bool {
    served.source == login.source && served.token == login.token
}

/// That git uses this account, chosen at this place.
pub(super) fn uses_chosen((account, place): &(Account, String)) -> String {
    format!("git uses {} here ({place})", label(account))
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
        let unknown = Configuration::default();
        let git = self.git.as_ref().unwrap_or(&unknown);
        let helper = |helper: &Setting| {
            json!({
                "helper": without_secrets(&helper.value),
                "ours": helper.starts_us(),
                "scope": helper.scope,
                "file": path_without_secrets(&helper.origin),
            })
        };
        let status = json!({
            "accounts": self.accounts.iter().map(Login::json).collect::<Value>(),
            "unavailable": self.unread.iter().map(source).collect::<Value>(),
            "git": {
                "configured": git.asks_us_first(),
                "helpers": git.helpers().into_iter().map(helper).collect::<Value>(),
                "remotes_with_password": git.remotes_with_password(),
                "error": self.git.as_ref().err().map(Notice::what),
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
        match &self.git {
            Ok(git) => write_git(git, environment, out)?,
            Err(why) => writeln!(out, "git: {}", why.what())?,
        }
        for chosen in &self.chosen_accounts {
            writeln!(out, "  {}", shown(&uses_chosen(chosen)))?;
        }
        Ok(())
    }
}

impl Login {
    pub(super) fn is_rejected(&self) -> bool {
        self.verdict == Some(Verdict::Rejected)
    }

    pub(super) fn json(&self) -> Value {
        let metadata = self.stored.metadata.clone().unwrap_or_default();
        let (status, error) = match &self.verdict {
            None => ("not_checked", None),
            Some(Verdict::Accepted(account)) => ("valid", account.as_ref().err()),
            Some(Verdict::Rejected) => ("rejected", None),
            Some(Verdict::Unknown(why)) => ("unknown", Some(why)),
        };
        json!({
            "account": self.stored.account.as_ref().map(Account::as_str),
            "active": self.is_active,
            "source": self.stored.source.word(),
            "status": status,
            "error": error.map(Notice::what),
            "authorization": metadata.authorization,
            "description": metadata.description,
            "scope": metadata.scope,
            "created": metadata.created,
            "expires": metadata.expires,
        })
    }

    fn write_text(&self, environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
        let metadata = self.stored.metadata.clone().unwrap_or_default();
        let name = match &self.stored.account {
            None => "unknown account".to_owned(),
            Some(account) if account.is_email() => account.to_string(),
            Some(account) => match Account::parse(&metadata.account).filter(Account::is_email) {
                Some(owner) => format!("unnamed account (token of {owner})"),
                None if *account == Account::unnamed() => "unnamed account".to_owned(),
                None => account.to_string(),
            },
        };
        let mark = if self.is_active { " (active)" } else { "" };
        let store = match self.stored.source {
            Source::ApiKey => "HEROKU_API_KEY".to_owned(),
            Source::Keyring => "keyring".to_owned(),
            Source::Netrc => netrc::location(environment),
        };
        let status = match &self.verdict {
            None => "not checked".to_owned(),
            Some(Verdict::Accepted(Ok(_))) => "valid".to_owned(),
            Some(Verdict::Accepted(Err(why))) => format!("valid ({})", why.what()),
            Some(Verdict::Rejected) => "rejected by Heroku".to_owned(),
            Some(Verdict::Unknown(why)) => format!("could not be checked ({})", why.what()),
        };
        writeln!(out, "{name}{mark}\n  token: {store}, {status}")?;
        writeln!(out, "  {}", expiry_text(&metadata))?;
        if !metadata.scope.is_empty() {
            writeln!(out, "  scope: {}", shown(&metadata.scope.to_string()))?;
        }
        if let Some(description) = &metadata.description {
            writeln!(out, "  description: {}", shown(description))?;
        }
        Ok(())
    }
}

fn expiry_text(metadata: &TokenMetadata) -> String {
    let Some(end) = metadata.expires else {
        // Heroku's record of the token is known, and names no expiry.
        let is_known = metadata.authorization.is_some();
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
        let nearest = (left + SignedDuration::from_secs(30)).as_mins();
        in_units(nearest, "minute")
    }
}

/// git's credential helpers for git.heroku.com.
fn write_git(
    git: &Configuration,
    environment: &Environment,
    out: &mut dyn Write,
) -> io::Result<()> {
    let helpers = git.helpers();
    let state = if git.asks_us() {
        "configured"
    } else {
        "not configured"
    };
    writeln!(out, "git: {state}")?;
    for problem in git.helper_problems(environment) {
        let (what, fix) = (problem.notice.what(), problem.notice.fix());
        writeln!(out, "  {what}\n    {fix}")?;
    }
    for (number, helper) in helpers.iter().enumerate() {
        let file = helper.shown_origin(environment);
        let value = helper.shown_value();
        writeln!(
            out,
            "  {}. {} ({file})",
            number + 1,
            value.trim_matches('`')
        )?;
    }
    for key in git.remotes_with_password() {
        writeln!(
            out,
            "  {key} contains a password: git uses no helper for that remote"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_pasted_token_is_not_called_heroku() {
        let chosen = (Account::unnamed(), "netrc, line 1".to_owned());
        let uses =
            "git uses an unnamed account (token pasted at git's prompt) here (netrc, line 1)";
        assert_eq!(uses_chosen(&chosen), uses);
    }

    #[test]
    fn a_duration_is_rounded_to_the_largest_unit_that_fits() {
        let minutes = |minutes| span(SignedDuration::from_mins(minutes));
        assert_eq!(minutes(-1), "expired");
        assert_eq!(minutes(1), "in 1 minute");
        assert_eq!(minutes(54), "in 54 minutes");
        assert_eq!(minutes(59), "in 1 hour");
        assert_eq!(minutes(119), "in 2 hours");
        assert_eq!(minutes(47 * 60), "in 47 hours");
        assert_eq!(minutes(48 * 60 - 1), "in 2 days");
        let just_created = SignedDuration::from_mins(6) - SignedDuration::from_secs(1);
        assert_eq!(span(just_created), "in 6 minutes");
        let moments_ago = SignedDuration::from_hours(24 * 30) - SignedDuration::from_secs(59);
        assert_eq!(span(moments_ago), "in 30 days");
        assert_eq!(span(SignedDuration::from_secs(-1)), "expired");
    }
}
