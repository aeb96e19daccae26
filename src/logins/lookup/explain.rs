//! What the user reads about an answer: why there is no token, or what is wrong beside the token.

use super::{Answer, Miss, Source, day, of_account};
use crate::account::Account;
use crate::keyring::Missing;
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
        self.explain_with(Next::Nothing)
    }

    /// The same if git is about to ask for a password.
    pub fn explain_before_prompt(&self) -> Notice {
        self.explain_with(Next::Prompt)
    }

    fn explain_with(&self, next: Next) -> Notice {
        if let Some((source, why)) = self.first_unreadable() {
            if source == Source::ApiKey {
                return why.clone();
            }
            let what = format!("could not read the Heroku token: {}", why.what());
            return Notice::new(what, why.fix());
        }
        let ambiguous = self.misses.iter().find_map(|(_, miss)| match miss {
            Miss::Ambiguous(accounts) => Some(several(accounts)),
            _ => None,
        });
        self.ignored
            .clone()
            .or(ambiguous)
            .or_else(|| self.expired())
            .unwrap_or_else(|| self.not_logged_in(next))
            .of_kind(Kind::NotLoggedIn)
    }

    /// Why this source could not be asked, if it could not.
    pub fn unavailable(&self, source: Source) -> Option<Notice> {
        let mut misses = self.misses.iter().filter(|(other, _)| *other == source);
        misses.find_map(|(_, miss)| match miss {
            Miss::Unavailable(why) => Some(why.clone()),
            Miss::Missing(missing) => Some(missing.notice()),
            _ => None,
        })
    }

    /// The reason for the first source that exists but could not be asked. It may have a token.
    pub fn unreadable(&self) -> Option<&Notice> {
        self.first_unreadable().map(|(_, why)| why)
    }

    fn first_unreadable(&self) -> Option<(Source, &Notice)> {
        let mut misses = self.misses.iter();
        misses.find_map(|(source, miss)| match miss {
            Miss::Unavailable(why) => Some((*source, why)),
            _ => None,
        })
    }

    fn missing(&self) -> Option<Missing> {
        self.misses.iter().find_map(|(_, miss)| match miss {
            Miss::Missing(missing) => Some(*missing),
            _ => None,
        })
    }

    fn expired(&self) -> Option<Notice> {
        self.misses.iter().find_map(|(source, miss)| match miss {
            Miss::Expired(account, end) => Some(Notice::new(
                format!(
                    "the Heroku token{} in {source} expired on {}",
                    of_account(account.as_ref()),
                    day(*end)
                ),
                Fix::command("log in again", "git credential-heroku-rs login"),
            )),
            _ => None,
        })
    }

    fn not_logged_in(&self, next: Next) -> Notice {
        let what = match &self.account {
            Some(account) => format!("not logged in to Heroku as {account}"),
            None => "not logged in to Heroku".to_owned(),
        };
        let missing = self.missing();
        let log_in = Fix::command("log in", "git credential-heroku-rs login");
        let fix = match (missing, next) {
            (Some(missing), Next::Prompt) if missing.allows_netrc() => {
                log_in.or("set HEROKU_API_KEY or paste a token")
            }
            (Some(missing), _) => missing.notice().fix(),
            (None, Next::Prompt) => log_in.or("paste a token as the password"),
            (None, Next::Nothing) => log_in,
        };
        match missing {
            Some(missing) => Notice::new(format!("{what} ({})", missing.notice().what()), fix),
            None => Notice::new(what, fix),
        }
    }
}

/// What follows a message about a missing token.
#[derive(Clone, Copy)]
enum Next {
    /// git's prompt for a password: the user can paste a token there.
    Prompt,
    /// No prompt.
    Nothing,
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
