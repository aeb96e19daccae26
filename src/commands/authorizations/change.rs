//! `authorizations update` and `authorizations revoke`.

use super::{Client, find};
use crate::cli::{AuthorizationsRevoke, AuthorizationsUpdate};
use crate::commands::Session;
use crate::heroku_api::Revoked;
use crate::notice::{Notice, shown};
use crate::terminal::{self, DefaultAnswer};
use crate::token_metadata::{self, TokenMetadata};

pub(super) fn update(
    arguments: &AuthorizationsUpdate,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let client = Client::new(arguments.account.as_deref(), session)?;
    let entry = find::by_name(client.entries(session)?, &arguments.named)?;
    let token = &client.found.token;
    let updated = client
        .api
        .describe(token, &entry.id, &arguments.description)?;
    if let Some(metadata) = token_metadata::about(&session.context.environment, token)
        && metadata.authorization.as_ref() == Some(&entry.id)
    {
        let renamed = TokenMetadata {
            description: updated.description.clone(),
            ..metadata
        };
        // Best effort: only `status` shows the description, and asks Heroku for it from time to time.
        let _ = token_metadata::save(&session.context.environment, renamed);
    }
    let description = updated.description.as_deref().unwrap_or_default();
    writeln!(
        session.streams.output,
        "Updated {}: the description is now \"{}\"",
        entry.id,
        shown(description)
    )?;
    Ok(())
}

pub(super) fn revoke(
    arguments: &AuthorizationsRevoke,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let client = Client::new(arguments.account.as_deref(), session)?;
    let entry = find::by_name(client.entries(session)?, &arguments.named)?;
    let token = &client.found.token;
    if !arguments.force {
        if entry.is_stored() {
            return Err(used_by_this_machine(&entry.name()).into());
        }
        if entry.may_be_stored {
            return Err(maybe_used_by_this_machine(&entry.name()).into());
        }
        let default = client.api.default_authorization(token)?;
        if default.is_some_and(|default| default.id == entry.id) {
            return Err(api_key(&entry.name()).into());
        }
    }
    if !arguments.yes && !confirm(&entry.name())? {
        session.say("Nothing was revoked")?;
        return Ok(());
    }
    let revoked = client.api.revoke(token, &entry.id)?;
    let out = &mut session.streams.output;
    match revoked {
        Revoked::Done => writeln!(out, "Revoked {}", entry.name())?,
        Revoked::AlreadyGone => writeln!(out, "{} was already revoked", entry.name())?,
    }
    if entry.is_stored() {
        session.say("This machine used its token\n  log in: git credential-heroku-rs login")?;
    }
    Ok(())
}

fn confirm(name: &str) -> Result<bool, Notice> {
    let question = format!("Revoke {name}? Its token will no longer work anywhere.");
    terminal::confirm(&question, DefaultAnswer::No)
        .map_err(|why| why.notice("run it without a question: --yes"))
}

fn used_by_this_machine(name: &str) -> Notice {
    Notice::new(
        format!("this machine uses {name}"),
        "use --force to revoke it, or log out: git credential-heroku-rs logout",
    )
}

fn maybe_used_by_this_machine(name: &str) -> Notice {
    Notice::new(
        format!("this machine may use {name} (Heroku does not show enough of its token)"),
        "use --force to revoke it, or replace the token that is used here: git credential-heroku-rs rotate",
    )
}

fn api_key(name: &str) -> Notice {
    Notice::new(
        format!("{name} is the account's API key, which other programs may use"),
        "use --force to revoke it",
    )
}
