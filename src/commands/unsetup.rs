//! `unsetup`: removes what `setup` added, and nothing else. With `--all` it also removes everything else that
//! this program wrote, except tokens and the notes without which a stored token could not be rotated or revoked.

use std::fs;
use std::io;
use std::time::Duration;

use super::{Session, docker_config_file, man};
use crate::cli::Unsetup;
use crate::docker_config;
use crate::environment::Environment;
use crate::git::{ALIAS, Addition, AliasState, HELPER, Scope};
use crate::logins::lookup::Source;
use crate::logins::{self, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice};
use crate::rotation_journal;
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
        global(session)?
    };
    if !is_undone {
        session.print("Nothing to undo")?;
    }
    if arguments.docker {
        return Ok(());
    }
    list_helpers(session)
}

/// Removes our helper and our alias from the user's git configuration. If one fails, the other is still removed.
fn global(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let (helper, alias) = (git(Scope::Global, session), alias(session));
    Ok(helper? | alias?)
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
    const STEPS: [Step; 5] = [
        global,
        |session| Ok(session.context.git().is_in_repository()? && git(Scope::Local, session)?),
        docker,
        man::remove_installed,
        state,
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

/// Removes our own files and their directory, unless a stored token or a rotation needs them. If one of them cannot be
/// used, all stay, so that its contents are not lost.
fn state(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let (logins, unread) = logins::list_with_duplicates(session.context);
    let has_logins = logins.iter().any(|login| login.source != Source::ApiKey);
    if has_logins {
        let what = "Kept the stored tokens: they are shared with the Heroku CLI";
        let fix = Fix::command("log out", "git credential-heroku-rs logout --all");
        session.print(&Notice::new(what, fix).to_string())?;
    }
    let Some(dir) = environment.state_dir() else {
        return Ok(false);
    };
    let shown = environment.display_path(&dir);
    let at_dir = |command: Command| command.path(&dir, environment.home.as_deref());
    let not_removed = |why: io::Error| {
        let fix = Fix::command("check", at_dir(Command::show_access()));
        Notice::new(format!("{shown} was not removed: {why}"), fix)
    };
    match fs::read_dir(&dir) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
        files => files.map_err(not_removed)?,
    };
    // While this lock is held, no rotation can start. Without a lock file, none is running.
    let lock = rotation_journal::lock_if_used(environment, Duration::ZERO)?;
    if let Some(why) = reason_to_keep(has_logins, &unread, environment) {
        let kept = why.as_cause_of(&format!("Kept {shown}"));
        session.print(&kept.to_string())?;
        return Ok(false);
    }
    let journal = rotation_journal::FILE.remove(environment);
    let journal = journal.map_err(not_removed)?;
    let metadata = token_metadata::FILE.remove(environment);
    let metadata = metadata.map_err(not_removed)?;
    if let Some(lock) = lock {
        rotation_journal::remove_lock(environment, lock);
    }
    let removed = fs::remove_dir(&dir);
    if removed.is_ok() {
        session.print(&format!("Removed {shown}"))?;
        return Ok(true);
    }
    if journal || metadata {
        session.print(&format!("Removed our files from {shown}"))?;
    }
    // A link or a mount stays.
    if removed.is_err_and(|why| why.kind() == io::ErrorKind::DirectoryNotEmpty) {
        let what = format!("Kept {shown}: it contains files that were renamed or are not ours");
        let list = Command::new(if cfg!(windows) { "dir" } else { "ls -A" });
        let fix = Fix::command("list them", at_dir(list));
        session.print(&Notice::new(what, fix).to_string())?;
    }
    Ok(journal || metadata)
}

/// Why our own files have to stay, and what has to be done before they can be removed.
fn reason_to_keep(
    has_logins: bool,
    unread: &[Unread],
    environment: &Environment,
) -> Option<Notice> {
    let metadata = &token_metadata::FILE;
    if !rotation_journal::unfinished(environment).is_empty() {
        return Some(Notice::new(
            "a rotation is not finished",
            Fix::command("finish it", "git credential-heroku-rs rotate --all"),
        ));
    }
    let journal = rotation_journal::FILE.warning(environment);
    if let Some(unusable) = journal.or_else(|| metadata.warning(environment)) {
        return Some(unusable);
    }
    if !metadata.path(environment)?.exists() {
        return None;
    }
    if has_logins {
        return Some(Notice::new("it describes the stored tokens", Fix::NONE));
    }
    let hidden = unread.iter().find(|unread| unread.may_hide_logins)?;
    let why = hidden.why.without_alternative();
    Some(why.as_cause_of("it may describe a stored token"))
}
