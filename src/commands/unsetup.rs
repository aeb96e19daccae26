//! `unsetup`: removes what `setup` added, and nothing else. With `--all` it also removes everything else that
//! this program wrote, except logins.

mod everything;

use std::io::Write;

use super::{Session, docker_config_file};
use crate::cli::{Client, Unsetup};
use crate::docker_config;
use crate::git::{Git, Scope};
use crate::notice::shown;

pub(super) fn run(arguments: &Unsetup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.all {
        return everything::remove(session);
    }
    let client = arguments.client();
    let is_undone = match client {
        Client::Git(Scope::Global) => {
            let had_helper = git(Scope::Global, session)?;
            alias(session)? || had_helper
        }
        Client::Git(Scope::Local) => git(Scope::Local, session)?,
        Client::Docker => docker(session)?,
    };
    if !is_undone {
        writeln!(session.streams.output, "Nothing to undo")?;
    }
    match client {
        Client::Git(_) => list_helpers(&session.context.git(), session),
        Client::Docker => Ok(()),
    }
}

/// Removes our helper from git's configuration. Returns whether there was something to remove.
fn git(scope: Scope, session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let git = session.context.git();
    let is_removed = git.tear_down(scope, environment)?;
    if is_removed {
        let file = git.config_file(scope, environment)?;
        let file = environment.display_path(&file);
        writeln!(session.streams.output, "Removed heroku-rs from {file}")?;
    }
    Ok(is_removed)
}

fn alias(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let is_removed = session
        .context
        .git()
        .remove_alias(&session.context.environment)?;
    if is_removed {
        writeln!(session.streams.output, "Removed the alias `git heroku`")?;
    }
    Ok(is_removed)
}

/// Prints which helpers git uses for Heroku now.
fn list_helpers(git: &Git, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let out = &mut session.streams.output;
    let helpers = git.helpers_for_heroku()?;
    if helpers.is_empty() {
        writeln!(out, "git uses no helper for https://git.heroku.com")?;
    }
    for helper in helpers {
        let (value, origin) = (helper.shown_value(), shown(&helper.origin));
        writeln!(
            out,
            "git uses {value} for https://git.heroku.com ({origin})"
        )?;
    }
    Ok(())
}

fn docker(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let environment = &session.context.environment;
    let file = docker_config_file(session.context)?;
    let is_removed = docker_config::tear_down(&file)?;
    let name = docker_config::forget_name(environment);
    let out = &mut session.streams.output;
    if is_removed {
        let file = environment.display_path(&file);
        writeln!(out, "Removed heroku-rs from {file}")?;
    }
    if let Some(name) = &name {
        writeln!(out, "Removed {}", environment.display_path(name))?;
    }
    Ok(is_removed || name.is_some())
}
