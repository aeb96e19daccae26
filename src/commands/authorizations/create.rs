//! `authorizations create`: makes one, and hands out its token, or keeps it here.

use serde::Serialize;

use super::{Asking, Entry};
use crate::cli::AuthorizationsCreate;
use crate::commands::{Session, json, metadata_of, owner_of};
use crate::heroku_api::{ApiError, Authorization, NewAuthorization};
use crate::logins::{self, Store};
use crate::notice::{Kind, Notice};
use crate::scope::Scopes;
use crate::token::Token;

pub(super) fn run(
    arguments: &AuthorizationsCreate,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let scope: Scopes = arguments.scope.iter().cloned().collect();
    if arguments.login {
        check_login(&scope, session)?;
    }
    let asking = Asking::new(arguments.account.as_deref(), session)?;
    let new = NewAuthorization {
        description: &arguments.description,
        scope,
        expires_in: arguments.expires_in.seconds(),
    };
    let made = asking.api.create_authorization(&asking.found.token, &new);
    let made = made.map_err(|failure| not_made(&failure))?;
    let token = made.token.clone();
    let token = token.ok_or_else(|| not_made(&ApiError::Garbled))?;
    if arguments.login {
        return keep(&asking, &made, &token, session);
    }
    let id = made.id.clone();
    hand_out(made, &token, arguments, session).inspect_err(|_| {
        // What nobody has seen nobody will ever use.
        let _ = asking.api.revoke(&asking.found.token, &id);
    })
}

/// Whether the new token can be used for a login: it must be able to push, and no variable may take precedence
/// over it.
fn check_login(scope: &Scopes, session: &Session<'_, '_>) -> Result<(), Notice> {
    if !scope.may_push() {
        let what =
            format!("a token with scope {scope} cannot push, so it cannot be used for a login");
        let fix = "use --scope global, or leave out --login";
        return Err(Notice::new(what, fix).of_kind(Kind::Usage));
    }
    match session.context.environment.api_key {
        None => Ok(()),
        Some(_) => Err(Notice::new(
            "HEROKU_API_KEY is set, and goes before every login",
            "run: unset HEROKU_API_KEY",
        )),
    }
}

fn keep(
    asking: &Asking,
    made: &Authorization,
    token: &Token,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let kept = owner_of(token, made.account.as_ref(), &asking.api)
        .map_err(Notice::from)
        .and_then(|account| {
            let known = metadata_of(token, &account, Some(made), &asking.api);
            logins::keep(session.context, Store::Auto, &account, token, known)
                .map(|kept| (account, kept))
        });
    let (account, kept) = match kept {
        Ok(kept) => kept,
        Err(notice) => {
            // Nobody would ever use it.
            let _ = asking.api.revoke(&asking.found.token, &made.id);
            return Err(notice.into());
        }
    };
    for note in &kept.notes {
        session.warn(note)?;
    }
    writeln!(
        session.streams.output,
        "{account} uses {} now: the token is in {}",
        Entry::new(made.clone()).name(),
        kept.source
    )?;
    session.say("The one before is still valid: git credential-heroku-rs authorizations lists it")
}

fn hand_out(
    made: Authorization,
    token: &Token,
    arguments: &AuthorizationsCreate,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let entry = Entry::new(made);
    if arguments.json {
        let told = Made {
            authorization: &entry,
            token: token.expose(),
        };
        json::write_secret_json(&told, session.streams.output)?;
        return Ok(session.streams.output.flush()?);
    }
    session.say(&format!(
        "Made {}: it {}. Its token is shown this once:",
        entry.name(),
        entry.ends()
    ))?;
    session.hand_out(token)?;
    Ok(session.streams.output.flush()?)
}

/// The one shape with a token in it.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    authorization: &'a Entry,
    token: &'a str,
}

/// A request whose answer is missing or makes no sense may have been carried out all the same.
fn not_made(failure: &ApiError) -> Notice {
    let why = failure.notice();
    if !failure.is_unclear() {
        return why;
    }
    let what = format!(
        "it may have been made, and its token is lost: {}",
        why.what()
    );
    let fix = "see, and revoke it: git credential-heroku-rs authorizations";
    Notice::new(what, fix)
}
