//! `rotate`: a new token in the place of the old one, and the old one revoked.
//!
//! A valid token is in its place at every instant, whatever stops the program: so a new
//! authorization is made, for Heroku's own way to renew one may kill the token in use before the
//! new one is written. What a run leaves behind, the next one clears up.

use std::io;
use std::time::Duration;

use jiff::SignedDuration;

use super::{
    Session, account_named, api_of, host_in_use, login_of, metadata_of, owner_of, report,
    usual_description,
};
use crate::account::Account;
use crate::cli::Rotate;
use crate::heroku_api::{ApiError, NewAuthorization, Revoked};
use crate::hosts::Service;
use crate::logins::lookup::{self, Source, Wanted};
use crate::logins::{self, Login, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice, shown};
use crate::rotation_journal::{self, Rotation};
use crate::token_metadata;

mod plan;
mod steps;

use plan::{End, Old};
use steps::{Replaced, Rotating};

/// As long as Heroku's slowest answer.
const LIMIT: Duration = Duration::from_secs(30);

/// As long as another rotation takes, and a little more.
const OTHERS_LIMIT: Duration = Duration::from_secs(120);

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    /// The old token is still valid, as was told.
    OldToken,
}

pub(super) fn run(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    if matches!(context.environment.api_key, Some(Ok(_))) {
        return Err(not_ours().into());
    }
    let lock = rotation_journal::lock(&context.environment, OTHERS_LIMIT);
    let _others_wait = lock.map_err(|why| not_locked(&why))?;
    let aside = rotation_journal::FILE
        .set_aside_if_unusable(&context.environment)
        .map_err(|why| {
            let what = format!("rotations.json could not be read: {why}");
            Notice::new(what, "run it again once it can be read")
        })?;
    if let Some(aside) = aside {
        session.warn(&Notice::new(
            "rotations.json cannot be used and was set aside: \
             an authorization of a rotation that was cut short may be left at Heroku",
            Fix::command(
                "look at",
                Command::new("cat").path(&aside, context.environment.home.as_deref()),
            ),
        ))?;
    }
    let (logins, mut left) = meant(arguments, session)?;
    for login in &logins {
        match rotated(arguments, login, session) {
            Ok(one) => left |= one == Left::OldToken,
            Err(error) if logins.len() == 1 => return Err(error),
            Err(error) => {
                let whose = login.account.as_ref().map_or("netrc", Account::as_str);
                session.say(&format!("heroku-rs: {whose}: {error}"))?;
                left = true;
            }
        }
    }
    if left {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

/// The tokens that are to be replaced: the one that git gets, or all that can be read here; and
/// whether there may be others.
fn meant(arguments: &Rotate, session: &mut Session<'_, '_>) -> anyhow::Result<(Vec<Login>, bool)> {
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
        if let Some(notice) = answer.passed_over() {
            session.warn(&notice)?;
        }
        return Ok((vec![login_of(answer.into_found()?)], false));
    }
    let (mut logins, unread) = logins::list(context);
    logins.retain(|login| login.source != Source::ApiKey);
    if logins.is_empty() {
        return Err(answer.why_none().into());
    }
    for unread in &unread {
        session.warn(&unread.why)?;
    }
    let hidden = Unread::hidden_in_keyring(&unread);
    Ok((without_copies(logins), hidden.is_some()))
}

/// A copy in netrc follows its token in the keyring, and is no login of its own.
fn without_copies(logins: Vec<Login>) -> Vec<Login> {
    let mut own: Vec<Login> = Vec::new();
    for login in logins {
        if own.iter().all(|other| other.token != login.token) {
            own.push(login);
        }
    }
    own
}

fn rotated(
    arguments: &Rotate,
    login: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Left> {
    let context = session.context;
    let margin = arguments.if_expires_within;
    let of = |account| rotation_journal::of(&context.environment, account);
    let unfinished = login.account.as_ref().map(of).unwrap_or_default();
    if unfinished.is_empty() && !End::noted(login.known.as_ref()).is_due(margin) {
        return Ok(Left::Nothing);
    }
    let api = api_of(&login.token, login.known.as_ref(), LIMIT, context)
        .map_err(|failure| failure.notice())?;
    // The account under which the token is stored; an entry in netrc may name none.
    let account = owner_of(&login.token, login.account.as_ref(), &api).map_err(Notice::from)?;
    let rotating = Rotating {
        context,
        api: &api,
        account: &account,
        token: &login.token,
        place: login.source,
    };
    if !arguments.dry_run {
        clear_up(&rotating, &unfinished, session)?;
    }
    let old = Old::of(&api, &login.token, login.known.as_ref()).map_err(|why| why.notice())?;
    if !old.end().is_due(margin) {
        // So that the next time nobody has to be asked.
        let noted = metadata_of(&login.token, &account, old.found.as_ref(), &api);
        let _ = token_metadata::remember(&context.environment, noted);
        return Ok(Left::Nothing);
    }
    let usual = usual_description(context);
    let lifetime = arguments.expires_in.unwrap_or_else(|| old.lifetime());
    let new = NewAuthorization {
        description: rotation_journal::unmarked(old.description().unwrap_or(&usual)),
        scope: old.scope(),
        expires_in: lifetime.seconds(),
    };
    if arguments.dry_run {
        would(&rotating, &new, &old, unfinished.len(), session)?;
        return Ok(Left::Nothing);
    }
    let replaced = rotating.replace(&new, old.ending())?;
    // Who reads what is told may have gone: all is done before anything is.
    let ended = ended(&rotating, &replaced, &old);
    report_rotated(&rotating, &replaced, session)?;
    tell_of_the_old_one(ended, &old, session)
}

/// Ends what earlier runs have begun.
fn clear_up(
    rotating: &Rotating<'_>,
    unfinished: &[Rotation],
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    for rotation in unfinished {
        let finished = rotating.finish(rotation);
        if finished.map_err(|failure| unfinished_business(&failure))? {
            session.say("A rotation that was cut short has been cleared up")?;
        }
    }
    Ok(())
}

fn would(
    rotating: &Rotating<'_>,
    new: &NewAuthorization<'_>,
    old: &Old,
    unfinished: usize,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let out = &mut session.streams.output;
    if unfinished > 0 {
        writeln!(out, "Would clear up {unfinished} that were cut short")?;
    }
    let lives = match new.expires_in {
        Some(seconds) => format!("ends {}", report::span(lasting(seconds))),
        None => "never ends".to_owned(),
    };
    writeln!(
        out,
        "Would replace the token of {} in {} by one that {lives}\n  scope    {}\n  made as  {}",
        rotating.account,
        rotating.place,
        shown(&new.scope.to_string()),
        shown(new.description)
    )?;
    match (&old.found, old.is_api_key) {
        (_, true) => writeln!(out, "Would leave the old one: it is the account's API key")?,
        (Some(found), false) => {
            writeln!(out, "Would revoke the old one: {}", shown(&found.id))?;
        }
        (None, false) => writeln!(out, "Would end the old one's session, if it has one")?,
    }
    Ok(())
}

fn lasting(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(seconds.try_into().unwrap_or(i64::MAX))
}

fn report_rotated(
    rotating: &Rotating<'_>,
    replaced: &Replaced,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    for note in &replaced.notes {
        session.warn(note)?;
    }
    let end = match replaced.authorization.expires {
        Some(end) => format!("ends on {}", report::day_and_span(end)),
        None => "never ends".to_owned(),
    };
    let (account, place) = (rotating.account, rotating.place);
    writeln!(
        session.streams.output,
        "{account} has a new token in {place}: it {end}"
    )?;
    Ok(())
}

/// Says what became of the old token.
fn tell_of_the_old_one(
    ended: Result<(), Notice>,
    old: &Old,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Left> {
    match (ended, old.is_api_key) {
        (Ok(()), false) => writeln!(session.streams.output, "The old one is revoked")?,
        (Ok(()), true) => session
            .say("The old one is the account's API key, which others may use: it stays valid")?,
        (Err(notice), _) => {
            session.warn(&notice)?;
            return Ok(Left::OldToken);
        }
    }
    Ok(Left::Nothing)
}

/// Revokes the old authorization; the session goes for the token of a browser login.
///
/// # Errors
/// Why the old token is still valid.
fn ended(rotating: &Rotating<'_>, replaced: &Replaced, old: &Old) -> Result<(), Notice> {
    const DASHBOARD: &str = "revoke it: https://dashboard.heroku.com/account/applications";
    const NEXT_RUN: &str = "the next run revokes it: git credential-heroku-rs rotate";
    let still_valid = |failure: &ApiError, fix| {
        let what = format!("the old token could not be revoked and is still valid: {failure}");
        Notice::new(what, fix)
    };
    if old.found.is_some() {
        let concluded = rotating.conclude(&replaced.token, &replaced.rotation);
        return concluded.map_err(|failure| still_valid(&failure, NEXT_RUN));
    }
    // The old token itself ends its session: that is how the Heroku CLI logs out.
    let session = rotating.end_session();
    let rotation = match session {
        Ok(Revoked::Done) | Err(ApiError::TokenRejected) => Rotation {
            old: None,
            ..replaced.rotation.clone()
        },
        Ok(Revoked::AlreadyGone) | Err(_) => replaced.rotation.clone(),
    };
    let concluded = rotating.conclude(&replaced.token, &rotation);
    concluded.map_err(|failure| still_valid(&failure, NEXT_RUN))?;
    match session {
        Ok(Revoked::Done) | Err(ApiError::TokenRejected) => Ok(()),
        Ok(Revoked::AlreadyGone) | Err(ApiError::Forbidden(_)) => Err(Notice::new(
            "the old token is still valid: which authorization it belongs to cannot be told for sure",
            DASHBOARD,
        )),
        Err(failure) => Err(still_valid(&failure, DASHBOARD)),
    }
}

fn not_ours() -> Notice {
    Notice::new(
        "HEROKU_API_KEY is set: the token in use lies in a variable, and is not ours to replace",
        "set it anew where it is set; for the one that is kept here: unset HEROKU_API_KEY",
    )
}

fn not_locked(why: &io::Error) -> Notice {
    match why.kind() {
        io::ErrorKind::TimedOut => Notice::new(
            "another rotate is at work, and does not come to its end",
            "wait for it, then run it again",
        ),
        _ => Notice::new(
            format!("what is to be done could not be noted: {why}"),
            "look at: ls -ld ~/.local/state/git-credential-heroku-rs",
        ),
    }
}

fn unfinished_business(failure: &ApiError) -> Notice {
    let why = failure.notice();
    Notice::new(
        format!("a rotation that was cut short could not be cleared up: {failure}"),
        why.fix(),
    )
}
