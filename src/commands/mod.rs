//! The commands for users, one module per command.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use zeroize::Zeroizing;

use crate::account::{Account, Verdict};
use crate::cli::{self, Command};
use crate::context::Context;
use crate::git;
use crate::heroku_api::{ApiError, Authorization, HerokuApi};
use crate::heroku_cli;
use crate::hosts::{HerokuHost, Service};
use crate::logins::lookup::{self, Answer, Source, StoredToken};
use crate::netrc::Netrc;
use crate::notice::{self, Fix, Notice};
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

/// How long a request to Heroku may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What a command works with: its context and the three streams.
pub struct Session<'a, 's> {
    /// The process's environment.
    pub context: &'a Context,
    /// stdin, stdout and stderr.
    pub streams: &'a mut Streams<'s>,
}

impl Session<'_, '_> {
    /// Prints a result to stdout.
    fn print(&mut self, text: &str) -> anyhow::Result<()> {
        let line = format!("{text}\n");
        let written = self.streams.output.write_all(line.as_bytes());
        // What the command did is done all the same.
        written.context("could not write the output")
    }

    /// Prints a message to stderr.
    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let line = format!("{text}\n");
        Ok(self.streams.errors.write_all(line.as_bytes())?)
    }

    /// Prints a token as one line, in one write: whole lines bypass the buffer of stdout, which is never wiped.
    fn print_token(&mut self, token: &Token) -> anyhow::Result<()> {
        let line = Zeroizing::new([token.expose(), "\n"].concat());
        Ok(self.streams.output.write_all(line.as_bytes())?)
    }

    /// Prints the problem of a command that goes on to print more, in the form of a final error.
    fn report(&mut self, notice: &Notice) -> anyhow::Result<()> {
        self.say(&format!("{}: {notice}", cli::SHORT_NAME))
    }

    /// Prints a problem that does not stop the command.
    fn warn(&mut self, notice: &Notice) -> anyhow::Result<()> {
        self.say(&format!("warning: {notice}"))
    }
}

/// Runs a command.
///
/// # Errors
/// What to report; a [`Notice`] contains the exit code.
pub fn run(command: &Command, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    // `HEROKU_HOST` may come from a repository's tooling.
    if asks_heroku(command)
        && let Some(host) = other_heroku(session.context)
    {
        session.say(&format!("HEROKU_HOST is set: tokens are sent to {host}"))?;
    }
    let done = match command {
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
    };
    done.map_err(rendered)
}

/// Renders an error of the API here, so that `?` works in all commands.
fn rendered(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<ApiError>() {
        Ok(error) => error.notice().into(),
        Err(other) => other,
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

/// The host of the API, if `HEROKU_HOST` names another one than heroku.com's.
fn other_heroku(context: &Context) -> Option<HerokuHost> {
    let host = context.environment.heroku.host(Service::Api);
    host.filter(|host| !host.is_production())
}

/// A prompt. It names the host that gets the answer, unless that is heroku.com's.
fn prompt(what: &str, context: &Context) -> String {
    match other_heroku(context) {
        Some(host) => format!("{what} for {host}: "),
        None => format!("{what}: "),
    }
}

/// The value of `credential.helper` that makes git start this program.
fn our_helper(context: &Context) -> Result<String, Notice> {
    let program = std::env::current_exe().map_err(|error| {
        let what = format!("could not determine the path of this program: {error}");
        Notice::new(what, "start it with its full path")
    })?;
    let found = context.environment.programs(git::PROGRAM).next();
    let is_macos = cfg!(target_os = "macos");
    git::helper_value(found.as_deref(), &program, is_macos).ok_or_else(|| {
        Notice::new(
            "the path of this program is not UTF-8 or contains a line break, so git cannot start it",
            "move the program, or add its directory to PATH",
        )
    })
}

/// The account with this email, or with this name in `heroku accounts`.
fn account_named(name: &str, context: &Context) -> Result<Account, Notice> {
    heroku_cli::aliased(&context.environment, name)
        .or_else(|| Account::parse(name))
        .ok_or_else(|| {
            let fix = "list the accounts: git credential-heroku-rs status";
            Notice::new(
                "not an account: expected an email or a name from `heroku accounts`",
                fix,
            )
        })
}

/// The named account as this list spells it: a user may write an email in another letter case.
fn as_listed(named: Account, accounts: &[Account]) -> Account {
    if accounts.contains(&named) {
        return named;
    }
    let mut accounts = accounts.iter();
    let other = accounts.find(|one| one.differs_only_in_case(&named));
    other.cloned().unwrap_or(named)
}

/// An account in a message. `heroku`, the name for a token without an email, would be misread as Heroku itself.
fn label(account: &Account) -> &str {
    if *account == Account::unnamed() {
        "an unnamed account (token pasted at git's prompt)"
    } else {
        account.as_str()
    }
}

/// The configuration file that docker reads.
fn docker_config_file(context: &Context) -> Result<PathBuf, Notice> {
    context.environment.docker_config_file().ok_or_else(|| {
        Notice::new(
            "cannot find docker's configuration: neither HOME nor DOCKER_CONFIG is set",
            "set HOME or DOCKER_CONFIG",
        )
    })
}

/// The live token of this account, or of the active account.
fn token_of(named: Option<&str>, context: &Context) -> Result<StoredToken, Notice> {
    answer_for(named, context)?.into_found()
}

/// What each source says about this account, or about the active account.
fn answer_for(named: Option<&str>, context: &Context) -> Result<Answer, Notice> {
    let account = named.map(|name| account_named(name, context)).transpose()?;
    let host = host_in_use(Service::Api, context)?;
    Ok(lookup::find(&host, account.as_ref(), context))
}

/// The host of a service; `HEROKU_HOST` may name another Heroku.
fn host_in_use(service: Service, context: &Context) -> Result<HerokuHost, Notice> {
    let host = context.environment.heroku.host(service);
    host.ok_or_else(|| ApiError::NotHeroku.notice())
}

/// The API of the Heroku that issued a token, if that is known; else of the one that `HEROKU_HOST` names.
///
/// # Errors
/// [`ApiError::NotAsked`] if that is not heroku.com and the token is not the active one: another Heroku may
/// have issued it.
fn api_of(
    token: &Token,
    metadata: Option<&TokenMetadata>,
    limit: Duration,
    context: &Context,
) -> Result<HerokuApi, ApiError> {
    let noted =
        metadata.and_then(|metadata| HerokuHost::from_api_name(metadata.heroku.as_deref()?));
    if let Some(host) = noted {
        return HerokuApi::of(&host, &context.environment, limit);
    }
    let api = context.api(limit)?;
    let is_active = || {
        Answer::to_git(context)
            .found
            .is_some_and(|found| found.token == *token)
    };
    if api.host().is_production() || is_active() {
        Ok(api)
    } else {
        Err(ApiError::NotAsked(api.host().to_string()))
    }
}

/// The API's answer about a token. A rejection by a Heroku that may not have issued the token proves nothing: see
/// [`token_metadata::is_proof`].
fn proven<T>(
    answer: Result<T, ApiError>,
    api: &HerokuApi,
    metadata: Option<&TokenMetadata>,
) -> Result<T, ApiError> {
    match answer {
        Err(ApiError::TokenRejected) if !token_metadata::is_proof(metadata, api.host()) => {
            Err(ApiError::RejectedElsewhere(api.host().to_string()))
        }
        answer => answer,
    }
}

/// The account of a token, and the API that named it.
fn ask_heroku(
    token: &Token,
    metadata: Option<&TokenMetadata>,
    context: &Context,
) -> Result<(Account, HerokuApi), ApiError> {
    const LIMIT: Duration = Duration::from_secs(10);
    let api = api_of(token, metadata, LIMIT, context)?;
    let account = proven(api.account(token), &api, metadata)?;
    Ok((account, api))
}

/// Whether Heroku accepts a token, and which account it belongs to.
fn verdict(token: &Token, metadata: Option<&TokenMetadata>, context: &Context) -> Verdict {
    let asked = ask_heroku(token, metadata, context);
    asked.map(|(account, _)| account).into()
}

/// That Heroku rejected the token from this source. Only the user can change a variable.
fn rejected(source: Source, account: Option<&Account>) -> Notice {
    match source {
        Source::ApiKey => Notice::new(
            "Heroku rejected the token in HEROKU_API_KEY",
            "set HEROKU_API_KEY to a valid token, or unset it",
        ),
        Source::Keyring | Source::Netrc => Notice::new(
            format!(
                "Heroku rejected the token{} (revoked or expired)",
                lookup::of_account(account)
            ),
            Fix::command("log in again", "git credential-heroku-rs login"),
        ),
    }
}

/// The error of a request with a token from this source.
fn request_failed(error: &ApiError, source: Source) -> Notice {
    match (error, source) {
        (ApiError::TokenRejected, Source::ApiKey) => rejected(source, None),
        _ => error.notice(),
    }
}

/// The error of a request to create an authorization. If the reply is missing or invalid, Heroku may have carried it
/// out.
fn not_created(failure: &ApiError, why: Notice, how_to_find_it: impl Into<Fix>) -> Notice {
    if !failure.is_unclear() {
        return why;
    }
    let what = format!(
        "the authorization may have been created, but its token is lost: {}",
        why.what()
    );
    Notice::new(what, how_to_find_it)
}

/// The account of a token: the known one, else Heroku is asked.
fn owner_of(token: &Token, known: Option<&Account>, api: &HerokuApi) -> Result<Account, ApiError> {
    match known {
        Some(account) => Ok(account.clone()),
        None => api.account(token),
    }
}

/// Whether the Heroku CLI is installed but cannot read the keyring: on Linux it needs `secret-tool`.
fn cli_cannot_read_keyring(context: &Context) -> bool {
    let has = |program| context.environment.has_program(program);
    cfg!(target_os = "linux") && has("heroku") && !has("secret-tool")
}

/// The metadata of a token that this API has just accepted, with its authorization if it was found.
fn metadata_of(
    token: &Token,
    owner: &Account,
    authorization: Option<&Authorization>,
    api: &HerokuApi,
) -> TokenMetadata {
    let mut metadata = TokenMetadata::new(owner, token);
    metadata.heroku = Some(api.host().api_name());
    if let Some(authorization) = authorization {
        metadata.authorization = Some(authorization.id.clone());
        metadata.description.clone_from(&authorization.description);
        metadata.scope = authorization.scope.clone();
        metadata.created = authorization.created;
        metadata.expires = authorization.expires();
    }
    metadata
}

/// The description of our authorizations, unless the user gives another one.
fn default_description(context: &Context) -> String {
    match host_name(context) {
        None => "git-credential-heroku-rs login".to_owned(),
        Some(host) => format!("git-credential-heroku-rs login from {host}"),
    }
}

/// The accounts that git uses in the current directory, whichever one is active, and where they are chosen. `rejected`
/// are tokens that Heroku is known to reject: git then asks a helper after all.
fn chosen_accounts(rejected: &[&Token], context: &Context) -> Vec<(Account, String)> {
    // Its token is that of every account.
    if context.environment.has_api_key() {
        return Vec::new();
    }
    // Without git, nothing chooses an account.
    let git = context.git().configuration().unwrap_or_default();
    let mut chosen = git.chosen_accounts(&context.environment);
    if chosen.is_empty() {
        chosen.extend(account_in_netrc(rejected, context));
    }
    chosen
}

/// The account of the token that git sends from netrc, if the helper would answer with another one: git then asks no
/// helper.
fn account_in_netrc(rejected: &[&Token], context: &Context) -> Option<(Account, String)> {
    let environment = &context.environment;
    // Only curl 8.16 and later read the file in `NETRC`. For another Heroku, these are not git's entries.
    if environment.netrc.is_some() || other_heroku(context).is_some() {
        return None;
    }
    let overview = Netrc::of_git(environment).ok()??.overview().ok()?;
    let sent = overview.git.into_iter().next()?;
    if rejected.contains(&&sent.token) {
        return None;
    }
    let served = Answer::to_git(context).found;
    if served.is_some_and(|served| served.token == sent.token) {
        return None;
    }
    Some((sent.account?, format!("netrc, line {}", sent.line)))
}

/// Warns that the variable takes precedence over a login that a command has just chosen.
fn warn_of_api_key(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if !session.context.environment.has_api_key() {
        return Ok(());
    }
    session.warn(&Notice::new(
        "HEROKU_API_KEY is set and takes precedence over this login",
        "to use this login: unset HEROKU_API_KEY",
    ))
}

/// Warns if git uses another account than the active one in the current directory.
fn warn_of_chosen_account(active: &Account, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let chosen = chosen_accounts(&[], session.context);
    let is_other = |account: &Account| account != active && !account.differs_only_in_case(active);
    for chosen in chosen.iter().filter(|(account, _)| is_other(account)) {
        session.warn(&Notice::new(report::uses_chosen(chosen), Fix::NONE))?;
    }
    Ok(())
}

/// The last lines of a command that makes pushes possible: how to push from the current directory.
fn push_hint(git: &git::Git) -> String {
    let remotes = git.remotes().unwrap_or_default();
    // A name with a token is not shown.
    let is_shown = |remote: &git::Remote| git::without_secrets(&remote.name) == remote.name;
    let pushed_to = || remotes.iter().filter(|remote| remote.is_push);
    if let Some(remote) = pushed_to().find(|remote| remote.is_herokus() && is_shown(remote)) {
        let push = notice::Command::new("git push")
            .arg(&remote.name)
            .then("main");
        Fix::command("Done. Push with", push).to_string()
    } else if pushed_to().any(|remote| git::HerokuUrl::parse(&remote.url).is_some()) {
        // Its URL uses http or SSH, or has an @ too many.
        "Done. Before you push, run: git credential-heroku-rs doctor".to_owned()
    } else {
        "Done. In the repository of your app, run:\n  \
         git remote add heroku https://git.heroku.com/APP.git\n  \
         git push heroku main"
            .to_owned()
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
