//! `unsetup`: removes what `setup` added, and nothing else. With `--all` it also removes everything else that
//! this program wrote, except tokens and the notes without which a stored token could not be rotated or revoked.

use std::fs;
use std::io;
use std::path::Path;

use super::{Session, docker_config_file, man};
use crate::cli::Unsetup;
use crate::docker_config;
use crate::git::{ALIAS, Addition, AliasState, HELPER, Scope};
use crate::logins::lookup::{Source, StoredToken};
use crate::logins::{self, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice};
use crate::rotation_journal::{self, Removal};
use crate::state_file;
use crate::token_metadata;

pub(super) fn run(arguments: &Unsetup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.all {
        return everything(session);
    }
    let is_undone = if arguments.docker {
        docker(session)?
    } else if arguments.local {
        git(Scope::Local, session)?
    } else {
        // A file that cannot be changed does not stop the others.
        let (helper, alias) = (git(Scope::Global, session), alias(session));
        helper? | alias?
    };
    if !is_undone {
        session.print("Nothing to undo")?;
    }
    if arguments.docker {
        return Ok(());
    }
    list_helpers(session)
}

/// Removes our helper from git's configuration. Returns whether there was something to remove.
fn git(scope: Scope, session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    remove(&HELPER, scope, session)
}

fn alias(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let is_removed = remove(&ALIAS, Scope::Global, session)?;
    let state = session
        .context
        .git()
        .alias_state(&session.context.environment);
    if state == Ok(AliasState::Ours) {
        session.warn(&Notice::new(
            "the alias `git heroku` was not removed: its line is not as setup writes it",
            Command::new("git config --global --unset-all alias.heroku"),
        ))?;
    }
    Ok(is_removed)
}

/// A file that cannot be changed does not stop the others.
fn remove(
    addition: &Addition,
    scope: Scope,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let git = session.context.git();
    let mut removed = Ok(false);
    for file in git.config_files(scope, environment)? {
        match git.tear_down(addition, scope, &file, environment) {
            Ok(false) => {}
            Ok(true) => {
                let (name, file) = (addition.name, environment.display_path(&file));
                session.print(&format!("Removed {name} from {file}"))?;
                removed = removed.map(|_| true);
            }
            Err(why) => removed = Err(why.into()),
        }
    }
    removed
}

/// Prints which helpers git uses for Heroku now.
fn list_helpers(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let configuration = match session.context.git().configuration() {
        Ok(configuration) => configuration,
        Err(why) => return session.warn(&why),
    };
    let helpers = configuration.helpers();
    if helpers.is_empty() {
        session.print("git uses no helper for https://git.heroku.com")?;
    }
    for helper in helpers {
        let origin = helper.shown_origin(&session.context.environment);
        let value = helper.shown_value();
        session.print(&format!(
            "git uses {value} for https://git.heroku.com ({origin})"
        ))?;
    }
    Ok(())
}

fn docker(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let file = docker_config_file(session.context)?;
    let is_removed = docker_config::tear_down(&file, environment)?;
    let name = docker_config::forget_name(environment);
    if is_removed {
        let file = environment.display_path(&file);
        session.print(&format!("Removed heroku-rs from {file}"))?;
    }
    if let Some(name) = &name {
        let name = environment.display_path(name);
        session.print(&format!("Removed {name}"))?;
    }
    Ok(is_removed || name.is_some())
}

/// Removes everything that this program wrote, and reports what it keeps and why. A step that fails does not stop the
/// others.
fn everything(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    /// Returns whether there was something to remove.
    type Step = fn(&mut Session<'_, '_>) -> anyhow::Result<bool>;
    const STEPS: [Step; 6] = [
        |session| git(Scope::Global, session),
        alias,
        |session| Ok(session.context.git().is_in_repository()? && git(Scope::Local, session)?),
        docker,
        man::remove_installed,
        state_and_tokens,
    ];
    let (mut is_complete, mut is_undone) = (true, false);
    for step in STEPS {
        match step(session) {
            Ok(is_removed) => is_undone |= is_removed,
            Err(why) => {
                is_complete = false;
                session.say(&format!("warning: {why:#}"))?;
            }
        }
    }
    if is_complete && !is_undone {
        session.print("Nothing was removed")?;
    }
    list_helpers(session)?;
    session.say("Not checked: other repositories, in which `setup --local` may have been run")?;
    if is_complete {
        Ok(())
    } else {
        Err(AlreadyReported(Kind::Failed).into())
    }
}

/// Removes the files of the state directory, as far as no stored token needs them.
fn state_and_tokens(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let (logins, unread) = logins::list_with_duplicates(session.context);
    let removed = [journal(session), metadata(&logins, &unread, session)];
    let mut listed = Ok(());
    if let Some(dir) = session.context.environment.state_dir() {
        match state_file::set_aside_in(&dir) {
            Ok(aside) => {
                for path in aside {
                    let path = session.context.environment.display_path(&path);
                    kept(session, &path, "the file could not be read", "")?;
                }
                // It fails if a file in it was kept.
                let _ = fs::remove_dir(dir);
            }
            Err(why) => listed = Err(not_listed(&dir, &why, session)),
        }
    }
    if logins.iter().any(|login| login.source != Source::ApiKey) {
        let why = "they are shared with the Heroku CLI";
        let fix = "log out: git credential-heroku-rs logout --all";
        kept(session, "the stored tokens", why, fix)?;
    }
    listed?;
    let [journal, metadata] = removed;
    Ok(journal? | metadata?)
}

/// That the state directory may have files that were not removed.
fn not_listed(dir: &Path, why: &io::Error, session: &Session<'_, '_>) -> Notice {
    let environment = &session.context.environment;
    let place = environment.display_path(dir);
    let look = Command::show_access().path(dir, environment.home.as_deref());
    Notice::new(
        format!("{place} was not removed: {why}"),
        Fix::command("check", look),
    )
}

fn journal(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let Some(path) = rotation_journal::FILE.path(environment) else {
        return Ok(false);
    };
    let path = environment.display_path(&path);
    match rotation_journal::remove_if_finished(environment)? {
        Removal::Absent => Ok(false),
        Removal::Removed => removed(session, &path),
        Removal::Unreadable => kept(session, &path, "the file cannot be read", ""),
        Removal::Unfinished => {
            let fix = "finish it: git credential-heroku-rs rotate --all";
            kept(session, &path, "a rotation is not finished", fix)
        }
    }
}

fn metadata(
    logins: &[StoredToken],
    unread: &[Unread],
    session: &mut Session<'_, '_>,
) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let Some(path) = token_metadata::FILE
        .path(environment)
        .filter(|path| path.exists())
    else {
        return Ok(false);
    };
    let path = environment.display_path(&path);
    if let Some(unread) = unread.iter().find(|unread| unread.may_hide_logins) {
        let why = format!("it may describe a stored token ({})", unread.why.what());
        return kept(session, &path, &why, unread.why.fix());
    }
    let tokens: Vec<_> = logins.iter().map(|login| &login.token).collect();
    match token_metadata::retain(environment, &tokens)? {
        None => kept(session, &path, "the file cannot be read", ""),
        Some(0) => removed(session, &path),
        Some(_) => kept(session, &path, "it describes a stored token", ""),
    }
}

fn removed(session: &mut Session<'_, '_>, path: &str) -> anyhow::Result<bool> {
    session.print(&format!("Removed {path}"))?;
    Ok(true)
}

/// Prints what was not removed, why, and the command that removes it. Returns that nothing was removed.
fn kept(
    session: &mut Session<'_, '_>,
    what: &str,
    why: &str,
    fix: impl Into<Fix>,
) -> anyhow::Result<bool> {
    session.print(&Notice::new(format!("Kept {what}: {why}"), fix).to_string())?;
    Ok(false)
}
