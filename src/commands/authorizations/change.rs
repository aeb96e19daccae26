//! `authorizations update` and `authorizations revoke`.

use super::{Asking, named};
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
    let asking = Asking::new(arguments.account.as_deref(), session)?;
    let entry = named::one(asking.entries(session)?, &arguments.named)?;
    let token = &asking.found.token;
    let changed = asking
        .api
        .describe(token, &entry.id, &arguments.description)?;
    if let Some(known) = token_metadata::about(&session.context.environment, token)
        && known.authorization.as_ref() == Some(&entry.id)
    {
        let renamed = TokenMetadata {
            description: changed.description.clone(),
            ..known
        };
        // Only `status` tells it, and asks Heroku again before long.
        let _ = token_metadata::remember(&session.context.environment, renamed);
    }
    let description = changed.description.as_deref().unwrap_or_default();
    writeln!(
        session.streams.output,
        "{} is called \"{}\" now",
        entry.id,
        shown(description)
    )?;
    Ok(())
}

pub(super) fn revoke(
    arguments: &AuthorizationsRevoke,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let asking = Asking::new(arguments.account.as_deref(), session)?;
    let entry = named::one(asking.entries(session)?, &arguments.named)?;
    let token = &asking.found.token;
    if !arguments.force {
        if entry.is_here() {
            return Err(used_here(&entry.name()).into());
        }
        if entry.may_be_here {
            return Err(perhaps_used_here(&entry.name()).into());
        }
        let default = asking.api.default_authorization(token)?;
        if default.is_some_and(|default| default.id == entry.id) {
            return Err(api_key(&entry.name()).into());
        }
    }
    if !arguments.yes && !agrees(&entry.name())? {
        session.say("Nothing has changed")?;
        return Ok(());
    }
    let told = match asking.api.revoke(token, &entry.id)? {
        Revoked::Done => "is revoked: its token is dead",
        Revoked::AlreadyGone => "was revoked already",
    };
    writeln!(session.streams.output, "{} {told}", entry.name())?;
    if entry.is_here() {
        session.say("It was this machine's: git credential-heroku-rs login makes a new login")?;
    }
    Ok(())
}

fn agrees(name: &str) -> Result<bool, Notice> {
    let question = format!("Revoke {name}? Whoever uses its token is shut out at once.");
    let agreed = terminal::confirm(&question, DefaultAnswer::No);
    agreed.map_err(|silence| silence.notice("to do it without being asked, give --yes"))
}

fn used_here(name: &str) -> Notice {
    Notice::new(
        format!("this machine uses {name}"),
        "to log out: git credential-heroku-rs logout; to revoke it all the same: --force",
    )
}

fn perhaps_used_here(name: &str) -> Notice {
    Notice::new(
        format!("this machine may use {name}: Heroku shows too little of its token to tell"),
        "to make it known which one it does use: git credential-heroku-rs rotate; else: --force",
    )
}

fn api_key(name: &str) -> Notice {
    Notice::new(
        format!("{name} is the account's API key, which others may use"),
        "to revoke it all the same: --force",
    )
}
