//! `authorizations create`: creates an authorization, and prints its token or logs in with it.

use super::{Client, Entry};
use crate::cli::AuthorizationsCreate;
use crate::commands::{Session, json, metadata_of, owner_of, request_failed};
use crate::heroku_api::{ApiError, Auth, Authorization, NewAuthorization};
use crate::logins::lookup::Source;
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
    let client = Client::new(arguments.account.as_deref(), session)?;
    let new = NewAuthorization {
        description: &arguments.description,
        scope,
        expires_in: arguments.expires_in.seconds(),
    };
    let created = client
        .api
        .create_authorization(Auth::Bearer(&client.found.token), &new)
        .map_err(|failure| not_created(&failure, client.found.source))?;
    let token = created.token();
    let token = token.ok_or_else(|| not_created(&ApiError::Garbled, client.found.source))?;
    if arguments.login {
        return log_in(&client, &created, &token, session);
    }
    let id = created.id.clone();
    print(created, &token, arguments, session).inspect_err(|_| {
        // The token was never shown, so it cannot be used.
        let _ = client.api.revoke(&client.found.token, &id);
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
            "HEROKU_API_KEY is set and takes precedence over a login",
            "run: unset HEROKU_API_KEY",
        )),
    }
}

fn log_in(
    client: &Client,
    created: &Authorization,
    token: &Token,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let kept = owner_of(token, created.account(), &client.api)
        .map_err(Notice::from)
        .and_then(|account| {
            let metadata = metadata_of(token, &account, Some(created), &client.api);
            logins::save(session.context, Store::Auto, &account, token, metadata)
                .map(|kept| (account, kept))
        });
    let (account, kept) = match kept {
        Ok(kept) => kept,
        Err(notice) => {
            // The token is lost, so it cannot be used.
            let _ = client.api.revoke(&client.found.token, &created.id);
            return Err(notice.into());
        }
    };
    for note in &kept.notes {
        session.warn(note)?;
    }
    writeln!(
        session.streams.output,
        "Logged in as {account} with {}. Token stored in {}.",
        Entry::new(created.clone()).name(),
        kept.source
    )?;
    session.say(
        "The previous token is still valid\n  \
         list authorizations: git credential-heroku-rs authorizations",
    )
}

fn print(
    created: Authorization,
    token: &Token,
    arguments: &AuthorizationsCreate,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let entry = Entry::new(created);
    if arguments.json {
        json::write_with_token(&entry, Some(token), session.streams.output)?;
        return Ok(session.streams.output.flush()?);
    }
    session.say(&format!(
        "Created {}\n  expires: {}\nThe token is shown only once:",
        entry.name(),
        entry.expiry()
    ))?;
    session.print_token(token)?;
    Ok(session.streams.output.flush()?)
}

/// If the reply is missing or invalid, Heroku may have carried out the request.
fn not_created(failure: &ApiError, source: Source) -> Notice {
    let why = request_failed(failure, source);
    if !failure.is_unclear() {
        return why;
    }
    let what = format!(
        "the authorization may have been created, but its token is lost: {}",
        why.what()
    );
    let fix = "list authorizations, and revoke it: git credential-heroku-rs authorizations";
    Notice::new(what, fix)
}
