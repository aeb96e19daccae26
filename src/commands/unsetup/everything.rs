//! `unsetup --all`: removes everything that this program wrote, and reports what it keeps and why.
//!
//! Tokens are kept: `logout` removes them. So are the notes without which a stored token could not be rotated or
//! revoked. A step that fails does not stop the others.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::{alias, docker, git, list_helpers};
use crate::commands::{Session, completions, docker_config_file, man};
use crate::files;
use crate::git::Scope;
use crate::logins::lookup::{Source, StoredToken};
use crate::logins::{self, Unread};
use crate::notice::{AlreadyReported, Fix, Kind, Notice};
use crate::rotation_journal::{self, Removal};
use crate::token_metadata;

type Step = fn(&mut Session<'_, '_>) -> anyhow::Result<()>;

pub(super) fn remove(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    const STEPS: [Step; 6] = [
        global_git,
        local_git,
        all_of_docker,
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

fn global_git(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let had_helper = git(Scope::Global, session);
    if alias(session)? | had_helper? {
        let context = session.context;
        let file = context
            .git()
            .config_file(Scope::Global, &context.environment)?;
        session.remove_if_only(b"", &file)?;
    }
    Ok(())
}

fn local_git(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if session.context.git().is_in_repository()? {
        git(Scope::Local, session)?;
    }
    Ok(())
}

fn all_of_docker(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if docker(session)? {
        let file = docker_config_file(session.context)?;
        session.remove_if_only(b"{}", &file)?;
    }
    Ok(())
}

impl Session<'_, '_> {
    /// Prints what was not removed, why, and the command that removes it.
    pub(in crate::commands) fn kept(
        &mut self,
        what: &str,
        why: &str,
        fix: impl Into<Fix>,
    ) -> anyhow::Result<()> {
        self.print(&Notice::new(format!("Kept {what}: {why}"), fix).to_string())
    }

    /// Removes a file in which only this is left, and the directories that it leaves empty. A link stays.
    fn remove_if_only(&mut self, left: &[u8], file: &Path) -> anyhow::Result<()> {
        const LARGEST: usize = 100;
        let is_file = fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file());
        if is_file && files::read(file, LARGEST).is_ok_and(|text| text.trim_ascii() == left) {
            let shown = self.context.environment.display_path(file);
            fs::remove_file(file).with_context(|| shown.clone())?;
            self.print(&format!("Removed {shown}: nothing else was in it"))?;
            if let Some(dir) = file.parent() {
                self.remove_empty_dirs(dir);
            }
        }
        Ok(())
    }

    /// Removes a directory if it is below the home and empty, and then those above it.
    pub(in crate::commands) fn remove_empty_dirs(&self, dir: &Path) {
        let Some(home) = &self.context.environment.home else {
            return;
        };
        for dir in dir.ancestors() {
            let is_below_home = dir.starts_with(home) && dir != home;
            if !is_below_home || fs::remove_dir(dir).is_err() {
                break;
            }
        }
    }
}

/// Removes the files of the state directory, as far as no stored token needs them.
fn state_and_tokens(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let (logins, unread) = logins::list_with_duplicates(session.context);
    let done = journal(session).and(metadata(&logins, &unread, session));
    if let Some(dir) = session.context.environment.state_dir() {
        // The last file may be one that was kept.
        if fs::remove_dir(&dir).is_ok()
            && let Some(above) = dir.parent()
        {
            session.remove_empty_dirs(above);
        }
    }
    if logins.iter().any(|login| login.source != Source::ApiKey) {
        let why = "they are shared with the Heroku CLI";
        let fix = Fix::command("log out", "git credential-heroku-rs logout --all");
        session.kept("the stored tokens", why, fix)?;
    }
    done
}

fn journal(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let environment = &session.context.environment;
    let Some(path) = rotation_journal::FILE.path(environment) else {
        return Ok(());
    };
    let path = environment.display_path(&path);
    match rotation_journal::remove_if_finished(environment)? {
        Removal::Absent => Ok(()),
        Removal::Removed => session.print(&format!("Removed {path}")),
        Removal::Kept => {
            let fix = Fix::command("finish it", "git credential-heroku-rs rotate --all");
            session.kept(&path, "a rotation may not be finished", fix)
        }
    }
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
        return session.kept(&path, &why, unread.why.fix());
    }
    let tokens: Vec<_> = logins.iter().map(|login| &login.token).collect();
    match token_metadata::retain(environment, &tokens)? {
        None => session.kept(&path, "the file cannot be read", ""),
        Some(0) => session.print(&format!("Removed {path}")),
        Some(_) => session.kept(&path, "it describes a stored token", ""),
    }
}
