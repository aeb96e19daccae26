//! `authorizations`: lists and changes the account's authorizations, like the dashboard.
//!
//! A token is only printed by `create`: Heroku does not show it again.

use std::collections::BTreeMap;

use super::{LIMIT, Session, json, request_failed, token_of};
use crate::cli::{Authorizations, AuthorizationsInfo, AuthorizationsList, OnAuthorizations};
use crate::heroku_api::HerokuApi;
use crate::logins;
use crate::logins::lookup::StoredToken;
use crate::notice::Notice;
use crate::terminal;

mod change;
mod create;
mod entry;
mod find;

use entry::Entry;

pub(super) fn run(arguments: &Authorizations, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.list.json && arguments.command.is_some() {
        let fix = "such as: git credential-heroku-rs authorizations list --json";
        return Err(Notice::usage("--json must come after the command", fix).into());
    }
    let client = Client {
        found: token_of(arguments.account.as_deref(), session.context)?,
        api: session.context.api(LIMIT)?,
    };
    match &arguments.command {
        None => client.list(&arguments.list, session),
        Some(OnAuthorizations::List(arguments)) => client.list(arguments, session),
        Some(OnAuthorizations::Info(arguments)) => client.info(arguments, session),
        Some(OnAuthorizations::Create(arguments)) => client.create(arguments, session),
        Some(OnAuthorizations::Update(arguments)) => client.update(arguments, session),
        Some(OnAuthorizations::Revoke(arguments)) => client.revoke(arguments, session),
    }
}

/// The API, and the token that is sent to it.
struct Client {
    api: HerokuApi,
    found: StoredToken,
}

impl Client {
    /// All authorizations of the account, with marks for the tokens that are stored on this machine; and why a mark
    /// may be missing, if a source of tokens cannot be read.
    fn entries(&self, session: &Session<'_, '_>) -> Result<(Vec<Entry>, Option<Notice>), Notice> {
        let all = self.api.authorizations(&self.found.token);
        let all = all.map_err(|error| request_failed(&error, self.found.source))?;
        let (logins, unread) = logins::list(session.context);
        let hidden = unread.into_iter().find(|unread| unread.may_hide_logins);
        let hidden = hidden.map(|unread| unread.why.without_alternative());
        let active = token_of(None, session.context).ok();
        let entries = entry::entries(all, &logins, active.as_ref(), hidden.is_some());
        Ok((entries, hidden))
    }

    /// The authorization that the user names, and why its mark may be missing.
    fn entry(
        &self,
        name: &str,
        session: &Session<'_, '_>,
    ) -> Result<(Entry, Option<Notice>), Notice> {
        let (entries, hidden) = self.entries(session)?;
        Ok((find::by_name(entries, name)?, hidden))
    }

    fn list(
        &self,
        arguments: &AuthorizationsList,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        let (entries, hidden) = self.entries(session)?;
        warn_of_missing_marks(hidden, session)?;
        let out = &mut session.streams.output;
        if arguments.json {
            json::write_json(&BTreeMap::from([("authorizations", entries)]), out)?;
        } else if terminal::is_stdout() {
            entry::write_table(&entries, terminal::columns(), out)?;
        } else {
            entry::write_columns(&entries, out)?;
        }
        Ok(())
    }

    fn info(
        &self,
        arguments: &AuthorizationsInfo,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        let (entry, hidden) = self.entry(&arguments.named, session)?;
        warn_of_missing_marks(hidden, session)?;
        let out = &mut session.streams.output;
        if arguments.json {
            json::write_json(&entry, out)?;
        } else {
            entry.write_text(out)?;
        }
        Ok(())
    }
}

fn warn_of_missing_marks(
    hidden: Option<Notice>,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    match hidden {
        Some(why) => session.warn(&why.as_cause_of("some stored tokens may not be marked")),
        None => Ok(()),
    }
}
