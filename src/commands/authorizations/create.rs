//! `authorizations create`: creates an authorization, and prints its token or logs in with it.

use super::{Client, Entry};
use crate::cli::AuthorizationsCreate;
use crate::commands::login::{
    Created, Received, check_scope, open_destination, warn_of_plain_text,
};
use crate::commands::{Session, json, not_created, request_failed};
use crate::heroku_api::{Auth, NewAuthorization};
use crate::logins::Store;
use crate::notice::{Fix, Notice};
use crate::scope::Scopes;
use crate::token::Token;

impl Client {
    pub(super) fn create(
        &self,
        arguments: &AuthorizationsCreate,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        let scope: Scopes = arguments.scope.iter().cloned().collect();
        let destination = if arguments.login {
            check_login(&scope, session)?;
            let destination = open_destination(Store::Auto, session)?;
            warn_of_plain_text(&destination, session)?;
            Some(destination)
        } else {
            None
        };
        let new = NewAuthorization {
            description: &arguments.description,
            scope,
            expires_in: arguments.expires_in.0,
        };
        let (created, token) = self
            .api
            .create_authorization(Auth::Bearer(&self.found.token), &new)
            .map_err(|failure| {
                let why = request_failed(&failure, self.found.source);
                let fix =
                    "list authorizations, and revoke it: git credential-heroku-rs authorizations";
                not_created(&failure, why, fix)
            })?;
        let entry = Entry::new(created.clone());
        let created = Created::Authorization(created);
        let Some(destination) = destination else {
            return print(&entry, &token, arguments, session).map_err(|error| {
                let why = Notice::of_failure(error.context("could not write the output"));
                created.unusable(&self.api, &self.found.token, &why).into()
            });
        };
        let received = Received { token, created };
        let stored = received
            .store(&self.api, destination.source, false, session)
            .map_err(|why| {
                let created = &received.created;
                created.not_stored(&self.api, &self.found.token, why)
            })?;
        session.print(&format!("Created {}", entry.name()))?;
        stored.report(session)?;
        session.say(
            "The previous token is still valid\n  \
             list authorizations: git credential-heroku-rs authorizations",
        )
    }
}

/// Whether the new token can be used for a login: it must be able to push, and no variable may take precedence
/// over it.
fn check_login(scope: &Scopes, session: &Session<'_, '_>) -> Result<(), Notice> {
    check_scope(scope, "use --scope global, or leave out --login")?;
    if session.context.environment.has_api_key() {
        return Err(Notice::new(
            "HEROKU_API_KEY is set and takes precedence over a login",
            Fix::unset("HEROKU_API_KEY"),
        ));
    }
    Ok(())
}

fn print(
    entry: &Entry,
    token: &Token,
    arguments: &AuthorizationsCreate,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    if arguments.json {
        json::write_with_token(entry, Some(token), session.streams.output)?;
    } else {
        session.say(&format!(
            "Created {}\n  expires: {}\nThe token is shown only once:",
            entry.name(),
            entry.expiry()
        ))?;
        session.print_token(token)?;
    }
    Ok(session.streams.output.flush()?)
}
