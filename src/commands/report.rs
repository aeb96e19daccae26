//! What `status` tells, as a table for people and as JSON for programs: one set of facts, two
//! drawings. The JSON's members stay; new ones may come.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::json;
use crate::git::Setting;
use crate::logins::lookup::Found;
use crate::logins::{Login, Unread};
use crate::notice::{Fix, shown};
use crate::scope::Scopes;
use crate::token::Verdict;

/// Everything that `status` knows.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    pub(super) accounts: Vec<Account>,
    pub(super) unavailable: Vec<Unavailable>,
    pub(super) git: Git,
}

/// A token on this machine. Never the token itself.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    /// The email; null where it is not known.
    #[serde(rename = "account")]
    email: Option<String>,
    /// Whether git gets this token now.
    active: bool,
    /// `environment`, `keyring` or `netrc`.
    source: &'static str,
    /// `valid`, `rejected`, `unknown` if Heroku could not be asked, or `not_checked` if it was not.
    status: &'static str,
    /// Why the status is unknown; else null.
    error: Option<String>,
    authorization: Option<String>,
    description: Option<String>,
    scope: Scopes,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    last_checked: Option<Timestamp>,
    #[serde(skip)]
    place: String,
}

impl Account {
    pub(super) fn new(login: &Login, verdict: Option<Verdict>, used: Option<&Found>) -> Account {
        let known = login.known.clone().unwrap_or_default();
        let (status, error) = match verdict {
            None => ("not_checked", None),
            Some(Verdict::Alive) => ("valid", None),
            Some(Verdict::Dead) => ("rejected", None),
            Some(Verdict::Unknown(why)) => ("unknown", Some(why)),
        };
        Account {
            email: login.account.as_ref().map(ToString::to_string),
            active: used
                .is_some_and(|used| used.source == login.source && used.token == login.token),
            source: login.source.word(),
            status,
            error,
            authorization: known.authorization,
            description: known.description,
            scope: known.scope,
            created: known.created,
            expires: known.expires,
            last_checked: known.checked.and_then(whole_seconds),
            place: login.source.to_string(),
        }
    }

    /// The account in use comes first, the others by name: the keyring's own order changes.
    pub(super) fn order(&self) -> impl Ord + use<'_> {
        (!self.active, &self.email)
    }
}

/// What was just noted as what is read back from a note: in seconds, so that a time has one form.
fn whole_seconds(time: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(time.as_second()).ok()
}

/// A source that could not be asked.
#[derive(Debug, Serialize)]
pub(super) struct Unavailable {
    source: &'static str,
    error: String,
    fix: String,
}

impl Unavailable {
    pub(super) fn new(unread: &Unread) -> Unavailable {
        Unavailable {
            source: unread.source.word(),
            error: unread.why.what().to_owned(),
            fix: unread.why.fix().to_string(),
        }
    }
}

/// Whom git asks about git.heroku.com.
#[derive(Debug, Serialize)]
pub(super) struct Git {
    /// Whether this program is asked, and before any other.
    configured: bool,
    /// Every helper that git asks, in its order.
    helpers: Vec<Helper>,
    /// The remotes whose URL carries a password, so that git asks nobody.
    remotes_with_password: Vec<String>,
    /// Why git's configuration could not be read; else null.
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Helper {
    #[serde(rename = "helper")]
    value: String,
    ours: bool,
    scope: String,
    file: String,
    #[serde(skip)]
    silencer: Fix,
    #[serde(skip)]
    shown: String,
}

impl Git {
    /// Asks git.
    pub(super) fn read(git: &crate::git::Git) -> Git {
        let read = git
            .helpers_for_heroku()
            .and_then(|helpers| Ok((helpers, git.remotes_with_password()?)));
        let (helpers, remotes, error) = match read {
            Ok((helpers, remotes)) => (helpers, remotes, None),
            Err(notice) => (Vec::new(), Vec::new(), Some(notice.what().to_owned())),
        };
        Git {
            configured: helpers.first().is_some_and(Setting::starts_us),
            helpers: helpers.iter().map(Helper::new).collect(),
            remotes_with_password: remotes,
            error,
        }
    }
}

impl Helper {
    fn new(setting: &Setting) -> Helper {
        Helper {
            value: setting.value.clone(),
            ours: setting.starts_us(),
            scope: setting.scope.clone(),
            file: setting.origin.clone(),
            silencer: setting.silencer(),
            shown: setting.shown_value(),
        }
    }
}

impl Status {
    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write_json(self, out)
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for account in &self.accounts {
            account.write_text(out)?;
        }
        for source in &self.unavailable {
            writeln!(
                out,
                "{} could not be asked: {}",
                source.source, source.error
            )?;
            writeln!(out, "  {}", source.fix)?;
        }
        self.git.write_text(out)
    }
}

impl Account {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = self
            .email
            .as_deref()
            .unwrap_or("an account that is not known");
        let used = if self.active { " (in use)" } else { "" };
        writeln!(out, "{name}{used}")?;
        writeln!(out, "  token    in {}, {}", self.place, self.says())?;
        writeln!(out, "  ends     {}", self.ends())?;
        if !self.scope.is_empty() {
            writeln!(out, "  scope    {}", shown(&self.scope.to_string()))?;
        }
        if let Some(description) = &self.description {
            writeln!(out, "  made as  {}", shown(description))?;
        }
        Ok(())
    }

    fn says(&self) -> String {
        match (self.status, &self.error) {
            ("valid", _) => "and Heroku takes it".to_owned(),
            ("rejected", _) => "but Heroku refuses it: git credential-heroku-rs login".to_owned(),
            (_, Some(why)) => format!("and Heroku could not be asked: {why}"),
            (_, None) => "Heroku was not asked".to_owned(),
        }
    }

    fn ends(&self) -> String {
        let Some(expires) = self.expires else {
            // Heroku has told us of the authorization, and named no end.
            let known = self.authorization.is_some();
            return if known { "never" } else { "not known here" }.to_owned();
        };
        let left = expires.duration_since(Timestamp::now());
        format!("{}, {}", expires.strftime("%Y-%m-%d %H:%M UTC"), span(left))
    }
}

/// A day, and how far off it is: `2026-12-25, in 30 days`.
pub(super) fn day_and_span(end: Timestamp) -> String {
    let left = end.duration_since(Timestamp::now());
    format!("{}, {}", end.strftime("%Y-%m-%d"), span(left))
}

/// How far off a time is, in the largest unit that fits.
pub(super) fn span(left: SignedDuration) -> String {
    // What was made for 30 days a moment ago ends in 30 days, not in 29.
    let hours = (left + SignedDuration::from_mins(1)).as_hours();
    let days = hours / 24;
    if left.is_negative() {
        "which has passed".to_owned()
    } else if days >= 2 {
        format!("in {days} days")
    } else if hours >= 2 {
        format!("in {hours} hours")
    } else {
        format!("in {} minutes", left.as_mins())
    }
}

impl Git {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(error) = &self.error {
            return writeln!(out, "git: {}", shown(error));
        }
        match (self.configured, self.helpers.as_slice()) {
            (true, helpers) => {
                let other = helpers.iter().find(|helper| !helper.ours);
                match other {
                    None => writeln!(
                        out,
                        "git: set up, asks heroku-rs alone about git.heroku.com"
                    )?,
                    Some(other) => writeln!(
                        out,
                        "git: asks heroku-rs first, and tells other helpers the token too\n  {}",
                        other.silencer
                    )?,
                }
            }
            (false, []) => writeln!(
                out,
                "git: not set up, asks no helper\n  run: git credential-heroku-rs setup"
            )?,
            (false, _) => writeln!(
                out,
                "git: not set up, asks another helper first\n  run: git credential-heroku-rs setup"
            )?,
        }
        for (number, helper) in self.helpers.iter().enumerate() {
            let (value, file) = (helper.shown.trim_matches('`'), shown(&helper.file));
            writeln!(out, "  {}. {value} ({file})", number + 1)?;
        }
        for key in &self.remotes_with_password {
            let key = shown(key);
            writeln!(
                out,
                "  {key} carries a password in its URL: git asks no helper there"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits() {
        let told = |hours| span(SignedDuration::from_hours(hours));
        assert_eq!(told(-1), "which has passed");
        assert_eq!(told(1), "in 60 minutes");
        assert_eq!(told(47), "in 47 hours");
        assert_eq!(told(24 * 30), "in 30 days");
        let moments_ago = SignedDuration::from_hours(24 * 30) - SignedDuration::from_secs(59);
        assert_eq!(span(moments_ago), "in 30 days");
        assert_eq!(span(SignedDuration::from_secs(-1)), "which has passed");
    }
}
