//! `unsetup --all`: removes everything that this program wrote, and reports what it keeps and why.
//!
//! Tokens are kept: `logout` removes them. So are the notes without which a stored token could not be rotated or
//! revoked. A step that fails does not stop the others.

use std::io::{self, Write};

use super::{alias, docker, git, list_helpers};
use crate::commands::{Session, completions, man};
use crate::git::Scope;
use crate::logins::lookup::{Source, StoredToken};
use crate::logins::{self, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice};
use crate::rotation_journal::{self, Removal};
use crate::token_metadata;

type Step = fn(&mut Session<'_, '_>) -> anyhow::Result<()>;

pub(super) fn remove(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    const STEPS: [Step; 7] = [
        |session| git(Scope::Global, session).map(drop),
        |session| alias(session).map(drop),
        local_git,
        |session| docker(session).map(drop),
        man::remove_installed,
        completions::remove_installed,
        state_and_tokens,
    ];
    let mut is_complete = true;
    for step in STEPS {
        if let Err(why) = step(session) {
            is_complete = false;
            session.say(&format!("warning: {why:#}"))?;
        }
    }
    list_helpers(session)?;
    session.say("Not checked: other repositories, in which `setup --local` may have been run")?;
    if is_complete {
        Ok(())
    } else {
        Err(AlreadyReported(Kind::Failed).into())
    }
}

fn local_git(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if session.context.git().is_in_repository()? {
        git(Scope::Local, session)?;
    }
    Ok(())
}

impl Session<'_, '_> {
    /// Prints what was not removed, why, and the command that removes it.
    pub(in crate::commands) fn kept(&mut self, what: &str, why: &str, fix: &Fix) -> io::Result<()> {
        let out = &mut self.streams.output;
        let notice = Notice::new(format!("Kept {what}: {why}"), fix.clone());
        writeln!(out, "{notice}")
    }
}

/// Removes the files of the state directory, as far as no stored token needs them.
fn state_and_tokens(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let (logins, unread) = logins::list_with_duplicates(session.context);
    let done = journal(session).and(metadata(&logins, &unread, session));
    if let Some(dir) = session.context.environment.state_dir() {
        // The last file may be one that was kept.
        let _ = std::fs::remove_dir(dir);
    }
    if logins.iter().any(|login| login.source != Source::ApiKey) {
        let fix = Fix::command(
            "log out",
            Command::new("git credential-heroku-rs logout --all"),
        );
        session.kept(
            "the stored tokens",
            "they are shared with the Heroku CLI",
            &fix,
        )?;
    }
    done
}

fn journal(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    let Some(path) = rotation_journal::FILE.path(environment) else {
        return Ok(());
    };
    let path = environment.display_path(&path);
    let fix = Fix::command(
        "finish it",
        Command::new("git credential-heroku-rs rotate --all"),
    );
    match rotation_journal::remove_if_finished(environment)? {
        Removal::Absent => {}
        Removal::Removed => writeln!(session.streams.output, "Removed {path}")?,
        Removal::Running => session.kept(&path, "a `rotate` is running", &Fix::NONE)?,
        Removal::Unfinished => session.kept(&path, "a rotation is not finished", &fix)?,
        Removal::Unreadable => session.kept(&path, "the file cannot be read", &Fix::NONE)?,
    }
    Ok(())
}

fn metadata(
    logins: &[StoredToken],
    unread: &[Unread],
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    let Some(path) = token_metadata::FILE
        .path(environment)
        .filter(|path| path.exists())
    else {
        return Ok(());
    };
    let path = environment.display_path(&path);
    if let Some(unread) = unread.iter().find(|unread| unread.may_hide_logins) {
        let why = format!("it may describe a stored token ({})", unread.why.what());
        return Ok(session.kept(&path, &why, &unread.why.fix())?);
    }
    let tokens: Vec<_> = logins.iter().map(|login| &login.token).collect();
    match token_metadata::retain(environment, &tokens)? {
        None => session.kept(&path, "the file cannot be read", &Fix::NONE)?,
        Some(0) => writeln!(session.streams.output, "Removed {path}")?,
        Some(_) => session.kept(&path, "it describes a stored token", &Fix::NONE)?,
    }
    Ok(())
}
