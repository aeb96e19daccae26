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

use std::time::Duration;

use jiff::SignedDuration;

use super::{
    LIMIT, Session, answer_for, api_of, default_description, label, owner_of, rendered, report,
};
use crate::account::Account;
use crate::cli::Rotate;
use crate::context::Context;
use crate::heroku_api::{ApiError, NewAuthorization};
use crate::logins::lookup::{Answer, Source, StoredToken};
use crate::logins::{self, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice, shown};
use crate::rotation_journal::{self, Revocable, Rotation};
use crate::terminal;
use crate::token_metadata;

mod old_token;
mod rotator;

use old_token::{OldToken, is_due};
use rotator::Rotator;

/// How long to wait for another `rotate`.
const LOCK_LIMIT: Duration = Duration::from_secs(120);

pub(super) fn run(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    if environment.has_api_key() {
        return Err(Notice::new(
            "cannot replace the token in HEROKU_API_KEY",
            "set it to a new token; to rotate the stored token, unset HEROKU_API_KEY",
        )
        .into());
    }
    let _lock = if arguments.dry_run {
        rotation_journal::lock_if_used(environment, LOCK_LIMIT)?
    } else {
        Some(rotation_journal::lock(environment, LOCK_LIMIT)?)
    };
    check_journal(arguments, session)?;
    let (logins, unread) = if arguments.all {
        all_logins(session)?
    } else {
        (vec![one_login(arguments, session)?], Vec::new())
    };
    let mut is_incomplete = Unread::hidden_in_keyring(&unread).is_some();
    let interrupted = rotation_journal::unfinished(environment);
    for login in &logins {
        if is_replaced_copy(login, &interrupted, session.context) {
            continue;
        }
        let Err(error) = rotate(arguments, login, session) else {
            continue;
        };
        if logins.len() == 1 {
            return Err(error);
        }
        is_incomplete = true;
        if !error.is::<AlreadyReported>() {
            let account = login.account.as_ref().map_or("netrc", label);
            let error = rendered(error);
            session.say(&format!("heroku-rs: {account}: {error}"))?;
        }
    }
    if is_incomplete {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

/// Whether the login was a copy of an old token, which the end of an interrupted rotation has replaced.
fn is_replaced_copy(login: &StoredToken, interrupted: &[Rotation], context: &Context) -> bool {
    let is_old = |rotation: &Rotation| rotation.replaces(&login.token);
    let is_it = |one: &StoredToken| one.source == login.source && one.token == login.token;
    interrupted.iter().any(is_old) && !logins::list(context).0.iter().any(is_it)
}

/// Renames an unusable journal, with a warning. A dry run only warns.
fn check_journal(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    let (unusable, what) = if arguments.dry_run {
        let unusable = rotation_journal::FILE.unusable(environment);
        (unusable, "rotations.json is invalid and will be renamed")
    } else {
        let unusable = rotation_journal::FILE.set_aside_if_unusable(environment);
        let unusable = unusable.map_err(|why| {
            let what = format!("cannot read rotations.json: {why}");
            Notice::new(what, "fix that, then run the command again")
        })?;
        (unusable, "rotations.json was invalid and has been renamed")
    };
    let Some(path) = unusable else {
        return Ok(());
    };
    let show = Command::new("cat").path(&path, environment.home.as_deref());
    session.warn(&Notice::new(
        format!("{what}: an interrupted rotation may have left an authorization at Heroku"),
        Fix::command("show it", show),
    ))
}

/// The login of the named account, or the one that git gets.
fn one_login(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<StoredToken> {
    let answer = answer_for(arguments.account.as_deref(), session.context)?;
    if let Some(notice) = answer.warning() {
        session.warn(&notice.without_alternative())?;
    }
    let found = answer.into_found();
    Ok(found.map_err(|why| why.without_alternative())?)
}

/// All logins that can be read, without copies: a copy in netrc is replaced together with the token in the keyring.
fn all_logins(session: &mut Session<'_, '_>) -> anyhow::Result<(Vec<StoredToken>, Vec<Unread>)> {
    let (stored, unread) = logins::list(session.context);
    let mut logins: Vec<StoredToken> = Vec::new();
    for login in stored {
        let is_copy = logins.iter().any(|other| other.token == login.token);
        if login.source != Source::ApiKey && !is_copy {
            logins.push(login);
        }
    }
    if logins.is_empty() {
        let why = Answer::to_git(session.context).explain();
        return Err(why.without_alternative().into());
    }
    for unread in &unread {
        session.warn(&unread.why.without_alternative())?;
    }
    Ok((logins, unread))
}

/// The unfinished rotations that this login has to complete or undo: the one that created its token, and those of its
/// token or its account that created a token which is certainly not stored.
pub(super) fn unfinished(
    login: &StoredToken,
    account: Option<&Account>,
    context: &Context,
) -> Vec<Rotation> {
    let mut rotations = rotation_journal::unfinished(&context.environment);
    let has_created_it = |rotation: &Rotation| rotation.has_created(&login.token);
    // The token may have another name since: that of the account that Heroku has named.
    let is_of_it = |rotation: &Rotation| {
        rotation.replaces(&login.token)
            || account.is_none_or(|account| rotation.account == account.as_str())
    };
    rotations.retain(|rotation| has_created_it(rotation) || is_of_it(rotation));
    if rotations.is_empty() {
        return rotations;
    }
    let (stored, unread) = logins::list_with_duplicates(context);
    // Without a D-Bus session, as in cron, the keyring counts as having no login, but may have the new token.
    let is_unread = |source: &str| {
        source != login.source.word() && unread.iter().any(|one| one.source.word() == source)
    };
    let may_be_stored = |rotation: &Rotation| {
        is_unread(&rotation.source) || stored.iter().any(|one| rotation.has_created(&one.token))
    };
    rotations.retain(|rotation| has_created_it(rotation) || !may_be_stored(rotation));
    rotations
}

/// Completes or undoes the interrupted rotations of a login.
pub(super) fn clean_up(
    login: &StoredToken,
    account: &Account,
    context: &Context,
) -> Result<(), ApiError> {
    for rotation in unfinished(login, Some(account), context) {
        let api = api_of(&login.token, login.metadata.as_ref(), LIMIT, context)?;
        let rotator = Rotator {
            context,
            api: &api,
            account,
            token: &login.token,
            source: login.source,
        };
        rotator.complete_or_undo(&rotation)?;
    }
    Ok(())
}

/// Rotates one token, if that is due.
fn rotate(
    arguments: &Rotate,
    login: &StoredToken,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let context = session.context;
    let margin = arguments.if_expires_within;
    let was_interrupted = !unfinished(login, login.account.as_ref(), context).is_empty();
    let known = login.metadata.clone().unwrap_or_default();
    if !was_interrupted && !is_due(&known, margin) {
        return not_due(login, session);
    }
    let api = api_of(&login.token, login.metadata.as_ref(), LIMIT, context)?;
    // The account under which the token is stored; an entry in netrc may name none.
    let account = owner_of(&login.token, login.account.as_ref(), &api)?;
    let unfinished = unfinished(login, Some(&account), context);
    let rotator = Rotator {
        context,
        api: &api,
        account: &account,
        token: &login.token,
        source: login.source,
    };
    match (arguments.dry_run, unfinished.len()) {
        (false, _) => finish_interrupted(&rotator, &unfinished, session)?,
        (true, 0) => {}
        (true, count) => session.print(&format!(
            "Interrupted rotations that will be cleaned up: {count}"
        ))?,
    }
    let old = OldToken::look_up(&api, &account, &login.token, &known)?;
    if !is_due(&old.metadata, margin) {
        if !arguments.dry_run {
            // With this metadata, the next run needs no request.
            let _ = token_metadata::save(&context.environment, old.metadata);
        }
        return not_due(login, session);
    }
    let usual = default_description(context);
    let description = old.metadata.description.as_deref().unwrap_or(&usual);
    let lifetime = arguments.expires_in.unwrap_or_else(|| old.lifetime());
    let new = NewAuthorization {
        description: rotation_journal::unmarked(description),
        scope: old.scope(),
        expires_in: lifetime.0,
    };
    if arguments.dry_run {
        print_plan(&rotator, &new, &old, session)
    } else {
        replace_token(&rotator, &new, &old, session)
    }
}

fn finish_interrupted(
    rotator: &Rotator<'_>,
    rotations: &[Rotation],
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    for rotation in rotations {
        if rotation.has_created(rotator.token) {
            rotator.check_stored()?;
            if let Some(notice) = rotator.replace_copy(rotation) {
                session.warn(&notice)?;
            }
        }
        let finished = rotator.complete_or_undo(rotation).map_err(|failure| {
            let what = format!("cannot clean up an interrupted rotation: {failure}");
            Notice::new(what, failure.notice().fix())
        })?;
        if finished {
            session.say("Cleaned up an interrupted rotation")?;
        }
    }
    Ok(())
}

/// A timer gets no message for each token that it leaves.
fn not_due(login: &StoredToken, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if !terminal::is_stdout() {
        return Ok(());
    }
    let account = login.account.as_ref().map_or("netrc", label);
    session.print(&format!(
        "Nothing to do for {account}: the token does not expire within this time"
    ))
}

fn replace_token(
    rotator: &Rotator<'_>,
    new: &NewAuthorization<'_>,
    old: &OldToken,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let started = rotator.start(new, old)?;
    let created = rotator.create(started, new)?;
    let notices = rotator.store(&created)?;
    let revoked = rotator.revoke_old(&created, old);
    // Nothing is printed before all is done, since stdout and stderr may be closed.
    for notice in &notices {
        session.warn(notice)?;
    }
    let expires = created.authorization.expires();
    let expires = expires.map_or_else(|| "never".to_owned(), report::day_and_span);
    session.print(&format!(
        "Replaced the token of {} in {}\n  expires: {expires}",
        label(rotator.account),
        rotator.source
    ))?;
    match revoked {
        Ok(()) if old.is_api_key => session.say(
            "The old token stays valid: it is the account's API key, which other programs may use",
        ),
        Ok(()) => session.print("Revoked the old token"),
        Err(notice) => {
            session.warn(&notice)?;
            Err(AlreadyReported(Kind::Failed).into())
        }
    }
}

fn print_plan(
    rotator: &Rotator<'_>,
    new: &NewAuthorization<'_>,
    old: &OldToken,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let expires = new.expires_in.map_or_else(
        || "never".to_owned(),
        |seconds| {
            let seconds = seconds.try_into().unwrap_or(i64::MAX);
            report::span(SignedDuration::from_secs(seconds))
        },
    );
    let fate = match &old.revocable {
        _ if old.is_api_key => {
            "The old token will stay valid: it is the account's API key".to_owned()
        }
        Some(Revocable::Authorization(id)) => {
            let id = shown(id);
            format!("The old token will be revoked (authorization {id})")
        }
        Some(Revocable::Session(_)) | None => {
            "The session of the old token will be ended, if it has one".to_owned()
        }
    };
    session.print(&format!(
        "The token of {} in {} will be replaced\n  \
         expires: {expires}\n  scope: {}\n  description: {}\n{fate}",
        label(rotator.account),
        rotator.source,
        shown(&new.scope.to_string()),
        shown(new.description)
    ))
}
