//! `unsetup`: takes back what `setup` wrote, and nothing else.

use std::io::Write;

use super::{Session, docker_config_file};
use crate::cli::{Client, Setup};
use crate::docker_config;
use crate::git::Scope;
use crate::notice::shown;

pub(super) fn run(arguments: &Setup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match arguments.client() {
        Client::Git(scope) => git(scope, session),
        Client::Docker => docker(session),
    }
}

fn git(scope: Scope, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let git = session.context.git();
    let removed = git.tear_down(scope, &session.context.environment)?;
    let helpers = git.helpers_for_heroku()?;
    let out = &mut session.streams.output;
    if removed {
        writeln!(out, "removed what setup wrote to {scope}")?;
    } else {
        writeln!(out, "nothing to remove: setup wrote nothing to {scope}")?;
    }
    if helpers.is_empty() {
        writeln!(out, "git asks no helper about https://git.heroku.com now")?;
    }
    for helper in helpers {
        let (value, origin) = (helper.shown_value(), shown(&helper.origin));
        writeln!(out, "git now asks {value} ({origin})")?;
    }
    Ok(())
}

fn docker(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let file = docker_config_file(session.context)?;
    let place = file.display();
    let removed = docker_config::tear_down(&file)?;
    let name = docker_config::forget_name(&session.context.environment);
    let out = &mut session.streams.output;
    if removed {
        writeln!(out, "removed from {place}: docker no longer asks heroku-rs")?;
    } else {
        writeln!(out, "nothing to remove: heroku-rs is not in {place}")?;
    }
    if let Some(name) = name {
        writeln!(out, "removed {}", name.display())?;
    }
    Ok(())
}
