//! What the user reads about an answer: why there is no token, or what is wrong beside the token; and what the trace
//! says about each source.

use jiff::Timestamp;

use super::{Answer, Miss, Source, StoredToken, day, of_account};
use crate::account::Account;
use crate::notice::{Command, Fix, Kind, Notice};

impl Answer {
    /// The notice beside a token that was found: that an earlier source could not be asked, or a remark on
    /// the source that answered. A missing keyring is not reported: then tokens are stored elsewhere.
    pub fn warning(&self) -> Option<Notice> {
        let found = self.found.as_ref()?;
        let Some(why) = self.unreadable() else {
            return self.remark.clone().or_else(|| self.ignored.clone());
        };
        let what = format!("{}; using the token from {}", why.what(), found.source);
        Some(Notice::new(what, why.fix()))
    }

    /// Why no source has a token, and what to do: the most useful of the misses. A source that
    /// exists but cannot be read may have one; that there is no keyring is normal on a server.
    pub fn explain(&self) -> Notice {
        self.explain_with(false)
    }

    /// The same if git is about to ask for a password: the user can paste a token there.
    pub fn explain_before_prompt(&self) -> Notice {
        self.explain_with(true)
    }

    fn explain_with(&self, has_prompt: bool) -> Notice {
        if let Some((source, why)) = self.first_unreadable() {
            if source == Source::ApiKey {
                return why.clone();
            }
            return why.as_cause_of("could not read the Heroku token");
        }
        let ambiguous = self.misses.iter().find_map(|(_, miss)| match miss {
            Miss::Ambiguous(accounts) => Some(several(accounts)),
            _ => None,
        });
        let expired = self.misses.iter().find_map(|(source, miss)| match miss {
            Miss::Expired(account, end) => Some(expired(account.as_ref(), *source, *end)),
            _ => None,
        });
        // To choose an account is enough: no new login is needed.
        let why = self.ignored.clone().or(ambiguous).or(expired);
        why.unwrap_or_else(|| self.not_logged_in(has_prompt))
            .of_kind(Kind::NotLoggedIn)
    }

    /// Why this source could not be asked, if it could not.
    pub fn unavailable(&self, source: Source) -> Option<Notice> {
        let mut misses = self.misses.iter().filter(|(other, _)| *other == source);
        misses.find_map(|(_, miss)| match miss {
            Miss::Missing(missing) => Some(missing.notice()),
            miss => miss.unreadable().cloned(),
        })
    }

    /// The reason for the first source that exists but could not be asked: it may have a token. netrc comes before a
    /// keyring that cannot be reached, since the last login was stored there.
    pub fn unreadable(&self) -> Option<&Notice> {
        self.first_unreadable().map(|(_, why)| why)
    }

    fn first_unreadable(&self) -> Option<(Source, &Notice)> {
        let unreadable = self.misses.iter().filter_map(|(source, miss)| {
            let is_last = matches!(miss, Miss::Unreachable(_));
            Some((is_last, *source, miss.unreadable()?))
        });
        let first = unreadable.min_by_key(|(is_last, ..)| *is_last);
        first.map(|(_, source, why)| (source, why))
    }

    fn not_logged_in(&self, has_prompt: bool) -> Notice {
        let what = match &self.account {
            Some(account) => format!("not logged in to Heroku as {account}"),
            None => "not logged in to Heroku".to_owned(),
        };
        let log_in = Fix::command("log in", "git credential-heroku-rs login");
        let missing = self.misses.iter().find_map(|(_, miss)| match miss {
            Miss::Missing(missing) => Some(*missing),
            _ => None,
        });
        let Some(missing) = missing else {
            let fix = if has_prompt {
                log_in.or("paste a token as the password")
            } else {
                log_in
            };
            return Notice::new(what, fix);
        };
        let why = missing.notice();
        let fix = if has_prompt && missing.allows_netrc() {
            log_in.or("set HEROKU_API_KEY, or paste a token as the password")
        } else {
            why.fix()
        };
        Notice::new(format!("{what} ({})", why.what()), fix)
    }
}

fn expired(account: Option<&Account>, source: Source, end: Timestamp) -> Notice {
    let (of_account, day) = (of_account(account), day(end));
    Notice::new(
        format!("the Heroku token{of_account} in {source} expired on {day}"),
        Fix::command("log in again", "git credential-heroku-rs login"),
    )
}

fn several(accounts: &[Account]) -> Notice {
    const SHOWN: usize = 5;
    let names: Vec<&str> = accounts.iter().take(SHOWN).map(Account::as_str).collect();
    let more = match accounts.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Notice::new(
        format!(
            "several Heroku accounts are logged in and none is active: {}{more}",
            names.join(", ")
        ),
        Fix::command(
            "choose one",
            Command::new("git credential-heroku-rs switch").arg(names[0]),
        ),
    )
}

/// The result of asking a source: the account of its token, or why there is none. Never the token.
pub(super) fn in_public(source: Source, asked: &Result<StoredToken, Miss>) -> String {
    let what = match asked {
        Ok(found) => {
            let until = found
                .expires()
                .map(|end| format!(", which expires on {}", day(end)));
            let account = of_account(found.account.as_ref());
            format!("a token{account}{}", until.unwrap_or_default())
        }
        Err(Miss::Absent) => "no token".to_owned(),
        Err(Miss::Expired(account, end)) => {
            let account = of_account(account.as_ref());
            format!("a token{account}, which expired on {}", day(*end))
        }
        Err(Miss::Ambiguous(accounts)) => {
            format!("tokens of {} accounts, and none is chosen", accounts.len())
        }
        Err(Miss::Unavailable(why) | Miss::Unreachable(why)) => {
            format!("unavailable: {}", why.what())
        }
        Err(Miss::Missing(missing)) => format!("unavailable: {}", missing.notice().what()),
    };
    format!("{source}: {what}")
}
