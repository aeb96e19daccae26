//! The commands for people, a file for each verb.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::cli::{self, Command};
use crate::context::Context;
use crate::git;
use crate::heroku_api::{ApiError, Authorization, HerokuApi};
use crate::heroku_cli;
use crate::hosts::{HerokuHost, Service};
use crate::logins::Login;
use crate::logins::lookup::{self, Answer, Found, Source, Wanted};
use crate::netrc::{Netrc, Overview};
use crate::notice::Notice;
use crate::streams::Streams;
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

mod api;
mod authorizations;
mod completions;
mod doctor;
mod exec;
mod json;
mod login;
mod logout;
mod man;
mod netrc;
mod report;
mod rotate;
mod setup;
mod status;
mod switch;
mod token;
mod unsetup;

/// What a command works with: the world as it was at the start, and the three streams.
pub struct Session<'a, 's> {
    /// The process's environment.
    pub context: &'a Context,
    /// stdin, stdout and stderr.
    pub streams: &'a mut Streams<'s>,
}

impl Session<'_, '_> {
    /// Says something that is not data: to stderr, where it disturbs no pipe.
    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self
            .streams
            .errors
            .write_all(format!("{text}\n").as_bytes())?)
    }

    /// Names the Heroku that a command talks to, unless it is heroku.com: `HEROKU_HOST` may come from
    /// a repository's tooling.
    fn names_another_heroku(&mut self) -> anyhow::Result<()> {
        match other_heroku(self.context) {
            Some(host) => self.say(&format!("HEROKU_HOST: tokens go to {host}")),
            None => Ok(()),
        }
    }

    /// Prints a token on a line of its own, and in one write: whole lines pass by the buffer of
    /// stdout, which nobody wipes.
    fn hand_out(&mut self, token: &Token) -> anyhow::Result<()> {
        let line = Zeroizing::new([token.expose(), "\n"].concat());
        Ok(self.streams.output.write_all(line.as_bytes())?)
    }

    /// Tells a problem that stops nothing.
    fn warn(&mut self, notice: &Notice) -> anyhow::Result<()> {
        self.say(&format!("warning: {notice}"))
    }
}

/// Runs a command.
///
/// # Errors
/// What is to be reported; a [`Notice`] carries the exit code.
pub fn run(command: &Command, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if asks_heroku(command) {
        session.names_another_heroku()?;
    }
    dispatch(command, session).map_err(rendered)
}

/// An error of the API is rendered here, at the edge, so that `?` works everywhere below.
fn rendered(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<ApiError>() {
        Ok(error) => error.notice().into(),
        Err(other) => other,
    }
}

fn dispatch(command: &Command, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match command {
        Command::Login(arguments) => login::run(arguments, session),
        Command::Logout(arguments) => logout::run(arguments, session),
        Command::Status(arguments) => status::run(arguments, session),
        Command::Switch(arguments) => switch::run(arguments, session),
        Command::Setup(arguments) => setup::run(arguments, session),
        Command::Unsetup(arguments) => unsetup::run(arguments, session),
        Command::Doctor(arguments) => doctor::run(arguments, session),
        Command::Token(arguments) => token::run(arguments, session),
        Command::Exec(arguments) => exec::run(arguments, session),
        Command::Api(arguments) => api::run(arguments, session),
        Command::Netrc(arguments) => netrc::run(arguments, session),
        Command::Completions(arguments) => completions::run(arguments, session),
        Command::Man(arguments) => man::run(arguments, session),
        Command::Rotate(arguments) => rotate::run(arguments, session),
        Command::Authorizations(arguments) => authorizations::run(arguments, session),
    }
}

/// Whether a command sends a token or a password to Heroku.
fn asks_heroku(command: &Command) -> bool {
    match command {
        Command::Login(_) | Command::Api(_) | Command::Rotate(_) | Command::Authorizations(_) => {
            true
        }
        Command::Logout(arguments) => !arguments.keep,
        Command::Status(arguments) => !arguments.offline,
        Command::Doctor(arguments) => !arguments.offline,
        Command::Token(arguments) => arguments.check,
        Command::Netrc(arguments) => matches!(arguments, cli::Netrc::Import(_)),
        Command::Switch(_)
        | Command::Setup(_)
        | Command::Unsetup(_)
        | Command::Exec(_)
        | Command::Completions(_)
        | Command::Man(_) => false,
    }
}

/// The API's host, if `HEROKU_HOST` leads to another than heroku.com's.
fn other_heroku(context: &Context) -> Option<HerokuHost> {
    let host = HerokuHost::in_use(Service::Api, context.environment.heroku_host.as_deref());
    host.filter(|host| !host.is_production())
}

/// A question to the user, with the host that the answer goes to unless that is heroku.com's.
fn question(what: &str, context: &Context) -> String {
    match other_heroku(context) {
        Some(host) => format!("{what} for {host}: "),
        None => format!("{what}: "),
    }
}

/// The value that makes git find this very program.
fn our_helper(context: &Context) -> Result<String, Notice> {
    let program = std::env::current_exe().map_err(|error| {
        let what = format!("this program's own place cannot be read: {error}");
        Notice::new(what, "start it by its whole path")
    })?;
    let is_on_path = context.environment.has_program("git-credential-heroku-rs");
    Ok(git::helper_value(is_on_path, &program))
}

/// The account that a person means: an email, or a name given with `heroku accounts:add`.
fn account_named(name: &str, context: &Context) -> Result<Account, Notice> {
    heroku_cli::aliased(&context.environment, name)
        .or_else(|| Account::parse(name))
        .ok_or_else(|| {
            let fix = "give an email: git credential-heroku-rs status lists them";
            Notice::new("that is not the name of an account", fix)
        })
}

/// docker's configuration, where docker itself would look for it.
fn docker_config_file(context: &Context) -> Result<PathBuf, Notice> {
    context.environment.docker_config_file().ok_or_else(|| {
        let fix = "set HOME, or DOCKER_CONFIG to docker's directory";
        Notice::new("where docker keeps its configuration is not known", fix)
    })
}

/// The live token of the account that a person names; of the one in use where they name none.
fn token_of(named: Option<&str>, context: &Context) -> Result<Found, Notice> {
    let account = named.map(|name| account_named(name, context)).transpose()?;
    let wanted = Wanted {
        host: &host_in_use(Service::Api, context)?,
        account: account.as_ref(),
    };
    lookup::find(&wanted, context).into_found()
}

/// The host that a service has here; `HEROKU_HOST` may name another Heroku.
fn host_in_use(service: Service, context: &Context) -> Result<HerokuHost, Notice> {
    let host = HerokuHost::in_use(service, context.environment.heroku_host.as_deref());
    host.ok_or_else(|| ApiError::NotHeroku("HEROKU_HOST").notice())
}

/// The API of the Heroku that issued a token, as far as that is noted; else of the one in use.
///
/// # Errors
/// [`ApiError::NotAsked`] if that is not heroku.com and another account is in use: its token is not
/// known to be that Heroku's.
fn api_of(
    token: &Token,
    known: Option<&TokenMetadata>,
    limit: Duration,
    context: &Context,
) -> Result<HerokuApi, ApiError> {
    let noted = known.and_then(|known| HerokuHost::of_api_name(known.heroku.as_deref()?));
    if let Some(host) = noted {
        return HerokuApi::of(&host, &context.environment, limit);
    }
    let api = context.api(limit)?;
    let is_in_use = || {
        Answer::to_git(context)
            .found
            .is_some_and(|found| found.token == *token)
    };
    if api.host().is_production() || is_in_use() {
        Ok(api)
    } else {
        Err(ApiError::NotAsked(api.host().to_string()))
    }
}

/// What an API answered about a token. That it refuses the token counts only as far as it proves
/// something: see [`token_metadata::is_proof`].
fn proven<T>(
    answer: Result<T, ApiError>,
    api: &HerokuApi,
    known: Option<&TokenMetadata>,
) -> Result<T, ApiError> {
    match answer {
        Err(ApiError::TokenRejected) if !token_metadata::is_proof(known, api.host()) => {
            Err(ApiError::RejectedElsewhere(api.host().to_string()))
        }
        answer => answer,
    }
}

/// What an API said against a token from this source. A variable is the caller's to change.
fn objection(error: &ApiError, source: Source) -> Notice {
    match (error, source) {
        (ApiError::TokenRejected, Source::ApiKey) => Notice::new(
            "Heroku rejects the token in HEROKU_API_KEY",
            "set it to another token, or run: unset HEROKU_API_KEY",
        ),
        _ => error.notice(),
    }
}

/// The account that a token belongs to: the one that is known already, else Heroku is asked.
fn owner_of(token: &Token, known: Option<&Account>, api: &HerokuApi) -> Result<Account, ApiError> {
    match known {
        Some(account) => Ok(account.clone()),
        None => api.account(token).map(|info| info.email),
    }
}

/// A token that was found, as an entry of the list of logins.
fn login_of(found: Found) -> Login {
    let Found {
        token,
        account,
        source,
        known,
        remark: _,
    } = found;
    Login {
        account,
        token,
        source,
        known,
    }
}

/// Whether the Heroku CLI is installed and cannot read the keyring: on Linux it runs `secret-tool`.
fn cli_cannot_read_keyring(context: &Context) -> bool {
    let has = |program| context.environment.has_program(program);
    cfg!(target_os = "linux") && has("heroku") && !has("secret-tool")
}

/// The entries for Heroku in the plain-text netrc; none if git could not read that file either.
fn plain_netrc_overview(context: &Context) -> Option<Overview> {
    let netrc = Netrc::in_plain_text(&context.environment).ok().flatten();
    netrc?.overview().ok()
}

/// The metadata of a token that this API has just accepted, with its authorization if it was found.
fn metadata_of(
    token: &Token,
    owner: &Account,
    authorization: Option<&Authorization>,
    api: &HerokuApi,
) -> TokenMetadata {
    let base = TokenMetadata {
        heroku: Some(api.host().api_name()),
        checked: Some(Timestamp::now()),
        ..TokenMetadata::new(owner, token)
    };
    let Some(authorization) = authorization else {
        return base;
    };
    TokenMetadata {
        authorization: Some(authorization.id.clone()),
        description: authorization.description.clone(),
        scope: authorization.scope.clone(),
        created: authorization.created,
        expires: authorization.expires,
        ..base
    }
}

/// How Heroku's dashboard is to call an authorization of ours, where nobody says otherwise.
fn usual_description(context: &Context) -> String {
    match host_name(context) {
        None => "git-credential-heroku-rs login".to_owned(),
        Some(host) => format!("git-credential-heroku-rs login from {host}"),
    }
}

#[cfg(unix)]
fn host_name(_: &Context) -> Option<String> {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(unix))]
fn host_name(context: &Context) -> Option<String> {
    context.environment.computer_name.clone()
}
