//! `authorizations`: lists and changes the account's authorizations, like the dashboard.
//!
//! A token is only printed by `create`: Heroku does not show it again.

use std::time::Duration;

use serde::Serialize;

use super::{Session, json, request_failed, token_of};
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

const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Authorizations, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match &arguments.command {
        None => list(&arguments.list, session),
        Some(OnAuthorizations::List(arguments)) => list(arguments, session),
        Some(OnAuthorizations::Info(arguments)) => info(arguments, session),
        Some(OnAuthorizations::Create(arguments)) => create::run(arguments, session),
        Some(OnAuthorizations::Update(arguments)) => change::update(arguments, session),
        Some(OnAuthorizations::Revoke(arguments)) => change::revoke(arguments, session),
    }
}

/// The API, and the token that is sent to it.
struct Client {
    api: HerokuApi,
    found: StoredToken,
}

impl Client {
    fn new(account: Option<&str>, session: &Session<'_, '_>) -> Result<Client, Notice> {
        let found = token_of(account, session.context)?;
        let api = session.context.api(LIMIT)?;
        Ok(Client { api, found })
    }

    /// All authorizations of the account, with marks for the tokens that are stored on this machine.
    fn entries(&self, session: &Session<'_, '_>) -> Result<Vec<Entry>, Notice> {
        let all = self.api.authorizations(&self.found.token);
        let all = all.map_err(|error| request_failed(&error, self.found.source))?;
        let (logins, _) = logins::list(session.context);
        let active = token_of(None, session.context).ok();
        Ok(entry::entries(all, &logins, active.as_ref()))
    }
}

fn list(arguments: &AuthorizationsList, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let client = Client::new(arguments.account.as_deref(), session)?;
    let entries = client.entries(session)?;
    let out = &mut session.streams.output;
    if arguments.json {
        let list = List {
            authorizations: &entries,
        };
        return Ok(json::write_json(&list, out)?);
    }
    if !terminal::is_stdout() {
        return Ok(entry::write_columns(&entries, out)?);
    }
    Ok(entry::write_table(&entries, terminal::columns(), out)?)
}

#[derive(Serialize)]
struct List<'a> {
    authorizations: &'a [Entry],
}

fn info(arguments: &AuthorizationsInfo, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let client = Client::new(arguments.account.as_deref(), session)?;
    let entry = find::by_name(client.entries(session)?, &arguments.named)?;
    let out = &mut session.streams.output;
    if arguments.json {
        json::write_json(&entry, out)?;
    } else {
        entry.write_text(out)?;
    }
    Ok(())
}
