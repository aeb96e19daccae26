//! `unsetup`: removes what `setup` added, and nothing else. With `--all` it also removes everything else that
//! this program wrote, except logins.

mod everything;

use super::{Session, docker_config_file};
use crate::cli::Unsetup;
use crate::docker_config;
use crate::git::Scope;
use crate::notice::shown;

pub(super) fn run(arguments: &Unsetup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.all {
        return everything::remove(session);
    }
    let is_undone = if arguments.docker {
        docker(session)?
    } else if arguments.local {
        git(Scope::Local, session)?
    } else {
        let had_helper = git(Scope::Global, session)?;
        alias(session)? || had_helper
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
    let environment = &session.context.environment;
    let git = session.context.git();
    let is_removed = git.tear_down(scope, environment)?;
    if is_removed {
        let file = git.config_file(scope, environment)?;
        let file = environment.display_path(&file);
        session.print(&format!("Removed heroku-rs from {file}"))?;
    }
    Ok(is_removed)
}

fn alias(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let git = session.context.git();
    let is_removed = git.remove_alias(&session.context.environment)?;
    if is_removed {
        session.print("Removed the alias `git heroku`")?;
    }
    Ok(is_removed)
}

/// Prints which helpers git uses for Heroku now.
fn list_helpers(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let helpers = session.context.git().helpers_for_heroku()?;
    if helpers.is_empty() {
        session.print("git uses no helper for https://git.heroku.com")?;
    }
    for helper in helpers {
        let (value, origin) = (helper.shown_value(), shown(&helper.origin));
        session.print(&format!(
            "git uses {value} for https://git.heroku.com ({origin})"
        ))?;
    }
    Ok(())
}

fn docker(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let file = docker_config_file(session.context)?;
    let is_removed = docker_config::tear_down(&file)?;
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
