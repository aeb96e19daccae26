//! `login`: gets a token from the user, a pipe, a password or the browser, checks it and stores it.
//!
//! Each way ends in the same steps: ask Heroku for the account, check that the scope allows a push, store the token,
//! report where it is stored and when it expires, and offer to configure git.

use jiff::Timestamp;

use super::{
    LIMIT, Session, cli_cannot_read_keyring, default_description, metadata_of, owner_of, push_hint,
    report, setup, warn_of_api_key, warn_of_chosen_account,
};
use crate::account::Account;
use crate::cli::Login;
use crate::context::Context;
use crate::git::Scope;
use crate::heroku_api::{ApiError, Authorization, HerokuApi, Revoked};
use crate::keyring::Unavailable;
use crate::logins::lookup::Source;
use crate::logins::{self, Destination, NotStored, Store};
use crate::netrc;
use crate::notice::{Fix, Notice};
use crate::scope::Scopes;
use crate::terminal::{self, DefaultAnswer};
use crate::token::Token;

mod browser;
mod password;
mod paste;

pub(super) fn run(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if !arguments.force {
        let scope = arguments.scope.iter().cloned().collect();
        check_scope(&scope, "use --scope global, or log in with --force")?;
    }
    let destination = open_destination(arguments.store, session)?;
    let api = session.context.api(LIMIT)?;
    let is_guided = !(arguments.with_token || arguments.interactive || arguments.browser);
    if !is_guided {
        warn_of_plain_text(&destination, session)?;
    }
    let received = if arguments.with_token {
        paste::from_stdin(session)?
    } else if arguments.interactive {
        password::ask(&api, arguments, session)?
    } else if arguments.browser {
        browser::wait(&api, arguments, session)?
    } else {
        paste::ask(&destination, arguments, session)?
    };
    let stored = received
        .store(&api, destination.source, arguments.force, session)
        .map_err(|why| received.created.not_stored(&api, &received.token, why))?;
    stored.report(session)?;
    warn_about_other_programs(stored.source, session)?;
    warn_of_chosen_account(&stored.account, session)?;
    configure_git(arguments, session)
}

/// Where the token will be stored. If the keyring cannot store it, the login fails before it begins. At a terminal, a
/// locked keyring is unlocked by its own prompt. A keyring that asks before each read shows its prompt too: an item of
/// this account may exist already.
pub(super) fn open_destination(
    store: Store,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Destination> {
    let environment = &session.context.environment;
    let keyring = session.context.keyring();
    let found = logins::destination(session.context, store);
    let request = match &found {
        _ if !terminal::is_available() => None,
        Err(Unavailable::Locked(_)) => {
            Some("The keyring is locked: unlock it in the prompt of your keyring program")
        }
        Ok(found) if found.source == Source::Keyring && keyring.confirms_reads() => {
            Some("Allow access to the keyring in the prompt of your keyring program")
        }
        _ => None,
    };
    if let Some(request) = request {
        session.say(request)?;
        let unlocked = keyring.unlock();
        unlocked.map_err(|why| why.notice())?;
        return Ok(Destination {
            source: Source::Keyring,
            no_keyring: None,
        });
    }
    let destination = found.map_err(|why| {
        let notice = why.notice();
        if why.leaves_only_netrc() && netrc::can_save(environment).is_ok() {
            let store = "git credential-heroku-rs login --store netrc";
            let fix = Fix::command("store it in netrc, unencrypted", store);
            return Notice::new(notice.what(), fix);
        }
        notice
    })?;
    if destination.source == Source::Netrc {
        netrc::can_save(environment)?;
    }
    Ok(destination)
}

/// Warns that there is no keyring, so that the token will be stored in plain text.
pub(super) fn warn_of_plain_text(
    destination: &Destination,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let Some(why) = &destination.no_keyring else {
        return Ok(());
    };
    let location = netrc::location(&session.context.environment);
    session.warn(&Notice::new(
        format!("{}; the token will be stored in {location}", why.what()),
        "to avoid plain text, set HEROKU_API_KEY instead of logging in",
    ))
}

/// A token that was just received.
pub(super) struct Received {
    pub(super) token: Token,
    pub(super) created: Created,
}

/// What this command created at Heroku for a token.
pub(super) enum Created {
    /// Nothing: the user created it before.
    Nothing,
    /// Its authorization.
    Authorization(Authorization),
    /// Its session, by a login in the browser.
    Session,
}

/// A token that is now the login of its account.
pub(super) struct Stored {
    account: Account,
    source: Source,
    expires: Option<Timestamp>,
    /// What else went wrong.
    notes: Vec<Notice>,
}

impl Received {
    /// Stores the token as the login of its account. With `force` also one that cannot push.
    pub(super) fn store(
        &self,
        api: &HerokuApi,
        source: Source,
        force: bool,
        session: &Session<'_, '_>,
    ) -> Result<Stored, NotStored> {
        let token = &self.token;
        let created = self.created.authorization();
        let owner = created.and_then(Authorization::account);
        let account = owner_of(token, owner, api)
            .map_err(|failure| NotStored::Untouched(not_accepted(&failure)))?;
        let listed = match created {
            Some(_) => None,
            None => api.authorization_of(token).ok().flatten(),
        };
        let authorization = created.or(listed.as_ref());
        let metadata = metadata_of(token, &account, authorization, api);
        let mut notes = Vec::new();
        if !metadata.scope.may_push() {
            let why = Notice::new(
                format!("the token cannot push (scope: {})", metadata.scope),
                "use a token with the scope global, or log in with --force",
            );
            if !force {
                return Err(NotStored::Untouched(why));
            }
            notes.push(why);
        }
        let expires = metadata.expires;
        let saved = logins::save(session.context, source, &account, token, metadata)?;
        notes.extend(saved);
        Ok(Stored {
            account,
            source,
            expires,
            notes,
        })
    }
}

impl Created {
    fn authorization(&self) -> Option<&Authorization> {
        match self {
            Created::Authorization(created) => Some(created),
            Created::Nothing | Created::Session => None,
        }
    }

    /// The token could not be stored. What was created for it is revoked with the token `by`, unless the new token may
    /// be stored all the same.
    pub(super) fn not_stored(&self, api: &HerokuApi, by: &Token, why: NotStored) -> Notice {
        match (self, why) {
            (Created::Authorization(_) | Created::Session, NotStored::Unclear(why)) => Notice::new(
                format!(
                    "the new token may have been stored, so it was not revoked: {}",
                    why.what()
                ),
                why.fix().then("git credential-heroku-rs status"),
            ),
            (_, why) => self.unusable(api, by, &why.into()),
        }
    }

    /// No one has the token, so what was created for it is revoked with the token `by`.
    pub(super) fn unusable(&self, api: &HerokuApi, by: &Token, why: &Notice) -> Notice {
        let (new, name, is_revoked) = match self {
            Created::Nothing => return why.clone(),
            Created::Authorization(created) => {
                let name = created.description.as_ref().unwrap_or(&created.id);
                let revoked = api.revoke(by, &created.id);
                ("authorization", format!("\"{name}\""), revoked.is_ok())
            }
            Created::Session => {
                let ended = api.end_session(by);
                let is_over = matches!(ended, Ok(Revoked::Done) | Err(ApiError::TokenRejected));
                ("session", "it".to_owned(), is_over)
            }
        };
        let (state, fix) = if is_revoked {
            ("was revoked", why.fix())
        } else {
            let fix = Fix::on_dashboard(&format!("revoke {name}"));
            ("is still valid", fix)
        };
        Notice::new(format!("{} (the new {new} {state})", why.what()), fix)
    }
}

impl Stored {
    pub(super) fn report(&self, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
        for note in &self.notes {
            session.warn(note)?;
        }
        session.print(&format!(
            "Logged in as {}\nThe token is stored in {}",
            self.account,
            place(self.source, session.context)
        ))?;
        if let Some(expires) = self.expires {
            let expiry = report::day_and_span(expires);
            session.print(&format!("The token expires on {expiry}"))?;
        }
        Ok(())
    }
}

/// Where a token is stored, for the user.
fn place(source: Source, context: &Context) -> String {
    if source == Source::Netrc {
        return netrc::location(&context.environment);
    }
    let shared = match hidden_from_cli(context) {
        None => ", shared with the Heroku CLI",
        Some(_) => "",
    };
    format!("the keyring{shared}")
}

/// The description of the authorization in the dashboard.
fn description(arguments: &Login, context: &Context) -> String {
    let given = arguments.description.clone();
    given.unwrap_or_else(|| default_description(context))
}

/// Warns if the Heroku CLI does not use this login, or if `HEROKU_API_KEY` hides it.
pub(super) fn warn_about_other_programs(
    source: Source,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    warn_if_hidden_from_cli(source, session)?;
    warn_of_api_key(session)
}

/// Warns if the Heroku CLI does not read a login from this source.
pub(super) fn warn_if_hidden_from_cli(
    source: Source,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    match hidden_from_cli(session.context) {
        Some(why) if source == Source::Keyring => session.warn(&why),
        _ => Ok(()),
    }
}

/// Why the Heroku CLI does not read a login in the keyring, if it does not.
fn hidden_from_cli(context: &Context) -> Option<Notice> {
    if !context.keyring().is_shared() {
        return Some(Notice::new(
            "the Heroku CLI cannot use this login (this Windows has no PasswordVault)",
            "log in with the Heroku CLI too: heroku login",
        ));
    }
    cli_cannot_read_keyring(context).then(|| {
        Notice::new(
            "the Heroku CLI cannot use this login (without secret-tool it reads only netrc)",
            "install the package libsecret-tools, or log in with --store netrc",
        )
    })
}

fn not_accepted(failure: &ApiError) -> Notice {
    match failure {
        ApiError::TokenRejected => Notice::new(
            "Heroku rejected the token (revoked, expired or incomplete)",
            "create a token and paste all of it: git credential-heroku-rs login",
        ),
        other => other.notice(),
    }
}

/// Checks that a token with this scope, which is not created yet, will be able to push.
pub(super) fn check_scope(scope: &Scopes, fix: &'static str) -> Result<(), Notice> {
    if scope.may_push() {
        return Ok(());
    }
    let what = format!("a token with scope {scope} cannot push, so it cannot be used for a login");
    Err(Notice::usage(what, fix))
}

/// Configures git if it does not use this helper first: asks on a terminal, else prints the command. Ends with the
/// next command to run.
fn configure_git(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let git = session.context.git();
    let configuration = match git.configuration() {
        Ok(configuration) => configuration,
        // Without git, the login is for docker or for scripts.
        Err(why) => return session.warn(&why),
    };
    let mut is_configured = configuration.asks_us_first();
    if !is_configured {
        if let Err(why) = git.config_file(Scope::Global, &session.context.environment) {
            return session.warn(&why);
        }
        let question = "Configure git to use this helper for Heroku?";
        // A token on stdin means a script, even if it runs on a terminal. Without an answer git stays as it is.
        if arguments.with_token || !terminal::confirm(question, DefaultAnswer::Yes).unwrap_or(false)
        {
            let fix = configuration.set_up_fix();
            return session.print(&format!("Next, configure git: {}", fix.without_run()));
        }
        setup::git(Scope::Global, session)?;
        is_configured = git.configuration()?.asks_us_first();
    }
    // If the settings of this repository take precedence, a warning of the setup says so.
    if is_configured {
        session.print(&push_hint(&git))?;
    }
    Ok(())
}
