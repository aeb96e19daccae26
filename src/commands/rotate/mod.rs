//! `rotate`: replaces a token with a new one, and revokes the old one.
//!
//! A valid token is stored at every moment, even if the program is killed. Heroku's own way to renew an
//! authorization may revoke the old token before the new one is stored, so a new authorization is created:
//!
//! | journal, and stored token | next step | a kill in this step leaves at Heroku | the next run |
//! |---|---|---|---|
//! | no entry, old | [`Rotator::start`] | nothing | |
//! | started, old | [`Rotator::create`] | perhaps an unused authorization | finds it by its mark, and revokes it |
//! | created, old | [`Rotator::store`] | an unused authorization | revokes it by its id |
//! | created, new | [`Rotator::revoke_old`] | perhaps the old authorization | revokes it by its id |
//! | no entry, new | | nothing | |
//!
//! A step that fails while the old token is certainly still stored revokes the new authorization at once.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;

use super::{
    Session, account_named, api_of, default_description, host_in_use, label, metadata_of, owner_of,
    rendered, report,
};
use crate::cli::Rotate;
use crate::environment::Environment;
use crate::heroku_api::{ApiError, NewAuthorization};
use crate::hosts::Service;
use crate::logins::lookup::{self, Source, StoredToken, Wanted};
use crate::logins::{self, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice, shown};
use crate::rotation_journal::{self, Rotation};
use crate::token_metadata;

mod old_token;
mod rotator;

use old_token::{Expiry, OldToken};
use rotator::{Rotator, Stored};

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How long to wait for another `rotate`.
const LOCK_LIMIT: Duration = Duration::from_secs(120);

/// The result for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// The old token is still valid; this has been reported.
    OldTokenValid,
}

pub(super) fn run(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    if matches!(context.environment.api_key, Some(Ok(_))) {
        return Err(api_key_in_environment().into());
    }
    let lock = if arguments.dry_run {
        rotation_journal::lock_if_used(&context.environment, LOCK_LIMIT)
    } else {
        rotation_journal::lock(&context.environment, LOCK_LIMIT).map(Some)
    };
    let _lock = lock.map_err(|why| not_locked(&why))?;
    if arguments.dry_run {
        warn_about_unusable_journal(session)?;
    } else {
        set_aside_unusable_journal(session)?;
    }
    let Selected {
        logins,
        some_unreadable,
    } = select_logins(arguments, session)?;
    let mut is_incomplete = some_unreadable;
    for login in &logins {
        match rotate(arguments, login, session) {
            Ok(outcome) => is_incomplete |= outcome == Outcome::OldTokenValid,
            Err(error) if logins.len() == 1 => return Err(error),
            Err(error) => {
                let account = login.account.as_ref().map_or("netrc", label);
                let error = rendered(error);
                session.say(&format!("heroku-rs: {account}: {error}"))?;
                is_incomplete = true;
            }
        }
    }
    if is_incomplete {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

fn set_aside_unusable_journal(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    let renamed = rotation_journal::FILE
        .set_aside_if_unusable(environment)
        .map_err(|why| {
            let what = format!("cannot read rotations.json: {why}");
            Notice::new(what, "fix that, then run the command again")
        })?;
    match renamed {
        Some(path) => session.warn(&unusable_journal(
            "rotations.json was invalid and has been renamed",
            &path,
            environment,
        )),
        None => Ok(()),
    }
}

/// The same for a dry run, which renames no file.
fn warn_about_unusable_journal(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    match rotation_journal::FILE.unusable(environment) {
        Some(path) => session.warn(&unusable_journal(
            "rotations.json is invalid and will be renamed",
            &path,
            environment,
        )),
        None => Ok(()),
    }
}

fn unusable_journal(what: &str, path: &Path, environment: &Environment) -> Notice {
    Notice::new(
        format!("{what}: an interrupted rotation may have left an authorization at Heroku"),
        Fix::command(
            "show it",
            Command::new("cat").path(path, environment.home.as_deref()),
        ),
    )
}

/// The logins to rotate: the one that git gets, or all that can be read.
struct Selected {
    logins: Vec<StoredToken>,
    /// Whether the keyring may have others, which cannot be read.
    some_unreadable: bool,
}

fn select_logins(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<Selected> {
    let context = session.context;
    let named = arguments.account.as_deref();
    let account = named.map(|name| account_named(name, context));
    let answer = lookup::find(
        &Wanted {
            host: &host_in_use(Service::Git, context)?,
            account: account.transpose()?.as_ref(),
        },
        context,
    );
    if !arguments.all {
        if let Some(notice) = answer.warning() {
            session.warn(&notice)?;
        }
        return Ok(Selected {
            logins: vec![answer.into_found()?],
            some_unreadable: false,
        });
    }
    let (mut logins, unread) = logins::list(context);
    logins.retain(|login| login.source != Source::ApiKey);
    if logins.is_empty() {
        return Err(answer.explain().into());
    }
    for unread in &unread {
        session.warn(&unread.why)?;
    }
    Ok(Selected {
        logins: without_copies(logins),
        some_unreadable: Unread::hidden_in_keyring(&unread).is_some(),
    })
}

/// Leaves out copies of a token: a copy in netrc is replaced together with the token in the keyring.
fn without_copies(logins: Vec<StoredToken>) -> Vec<StoredToken> {
    let mut unique: Vec<StoredToken> = Vec::new();
    for login in logins {
        if unique.iter().all(|other| other.token != login.token) {
            unique.push(login);
        }
    }
    unique
}

/// Rotates one token, if that is due.
fn rotate(
    arguments: &Rotate,
    login: &StoredToken,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Outcome> {
    let context = session.context;
    let margin = arguments.if_expires_within;
    let unfinished = |account| rotation_journal::unfinished(&context.environment, account);
    let was_interrupted = !unfinished(login.account.as_ref()).is_empty();
    let expiry = Expiry::from_metadata(login.metadata.as_ref());
    if !was_interrupted && !expiry.is_due(margin) {
        return Ok(Outcome::Done);
    }
    let api = api_of(&login.token, login.metadata.as_ref(), LIMIT, context)?;
    // The account under which the token is stored; an entry in netrc may name none.
    let account = owner_of(&login.token, login.account.as_ref(), &api)?;
    let unfinished = unfinished(Some(&account));
    let rotator = Rotator {
        context,
        api: &api,
        account: &account,
        token: &login.token,
        source: login.source,
    };
    if !arguments.dry_run {
        finish_interrupted(&rotator, &unfinished, session)?;
    }
    let old = OldToken::look_up(&api, &login.token, login.metadata.as_ref())?;
    if !old.expiry().is_due(margin) {
        if !arguments.dry_run {
            // With this metadata, the next run needs no request.
            let metadata = metadata_of(&login.token, &account, old.authorization.as_ref(), &api);
            let _ = token_metadata::save(&context.environment, metadata);
        }
        return Ok(Outcome::Done);
    }
    replace_token(arguments, &rotator, &old, unfinished.len(), session)
}

/// Replaces the token, or prints what would happen.
fn replace_token(
    arguments: &Rotate,
    rotator: &Rotator<'_>,
    old: &OldToken,
    unfinished: usize,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Outcome> {
    let usual = default_description(session.context);
    let lifetime = arguments.expires_in.unwrap_or_else(|| old.lifetime());
    let new = NewAuthorization {
        description: rotation_journal::unmarked(old.description().unwrap_or(&usual)),
        scope: old.scope(),
        expires_in: lifetime.seconds(),
    };
    if arguments.dry_run {
        print_plan(rotator, &new, old, unfinished, session)?;
        return Ok(Outcome::Done);
    }
    let started = rotator.start(&new, old)?;
    let created = rotator.create(started, &new)?;
    let stored = rotator.store(created)?;
    let revoked = rotator.revoke_old(&stored, old);
    // Nothing is printed before all is done, since stdout and stderr may be closed.
    print_result(rotator, &stored, session)?;
    print_fate_of_old(revoked, old, session)
}

/// Finishes what earlier runs have started.
fn finish_interrupted(
    rotator: &Rotator<'_>,
    unfinished: &[Rotation],
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    for rotation in unfinished {
        let finished = rotator.complete_or_undo(rotation);
        if finished.map_err(|failure| not_finished(&failure))? {
            session.say("Cleaned up an interrupted rotation")?;
        }
    }
    Ok(())
}

fn print_plan(
    rotator: &Rotator<'_>,
    new: &NewAuthorization<'_>,
    old: &OldToken,
    unfinished: usize,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let out = &mut session.streams.output;
    if unfinished > 0 {
        writeln!(
            out,
            "Interrupted rotations that will be cleaned up: {unfinished}"
        )?;
    }
    let expires = new
        .expires_in
        .map_or_else(|| "never".to_owned(), |seconds| report::span(span(seconds)));
    writeln!(
        out,
        "The token of {} in {} will be replaced\n  expires: {expires}\n  scope: {}\n  description: {}",
        label(rotator.account),
        rotator.source,
        shown(&new.scope.to_string()),
        shown(new.description)
    )?;
    match &old.authorization {
        _ if old.is_api_key => {
            writeln!(
                out,
                "The old token will stay valid: it is the account's API key"
            )?;
        }
        Some(old) => writeln!(
            out,
            "The old token will be revoked (authorization {})",
            shown(&old.id)
        )?,
        None => writeln!(
            out,
            "The session of the old token will be ended, if it has one"
        )?,
    }
    Ok(())
}

fn span(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(seconds.try_into().unwrap_or(i64::MAX))
}

fn print_result(
    rotator: &Rotator<'_>,
    stored: &Stored,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    for notice in &stored.notices {
        session.warn(notice)?;
    }
    let expires = stored.authorization.expires();
    let expires = expires.map_or_else(|| "never".to_owned(), report::day_and_span);
    writeln!(
        session.streams.output,
        "Replaced the token of {} in {}\n  expires: {expires}",
        label(rotator.account),
        rotator.source
    )?;
    Ok(())
}

fn print_fate_of_old(
    revoked: Result<(), Notice>,
    old: &OldToken,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Outcome> {
    match revoked {
        Ok(()) if old.is_api_key => session.say(
            "The old token stays valid: it is the account's API key, which other programs may use",
        )?,
        Ok(()) => writeln!(session.streams.output, "Revoked the old token")?,
        Err(notice) => {
            session.warn(&notice)?;
            return Ok(Outcome::OldTokenValid);
        }
    }
    Ok(Outcome::Done)
}

fn api_key_in_environment() -> Notice {
    Notice::new(
        "cannot replace the token in HEROKU_API_KEY",
        "set it to a new token; to rotate the stored token, run: unset HEROKU_API_KEY",
    )
}

fn not_locked(why: &io::Error) -> Notice {
    match why.kind() {
        io::ErrorKind::TimedOut => Notice::new(
            "another rotate is still running",
            "wait for it, then run the command again",
        ),
        _ => rotator::not_recorded(why),
    }
}

fn not_finished(failure: &ApiError) -> Notice {
    let why = failure.notice();
    Notice::new(
        format!("cannot clean up an interrupted rotation: {failure}"),
        why.fix(),
    )
}
