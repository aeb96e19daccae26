//! `setup`: configures git to use this helper, and no other, for git.heroku.com; with `--docker`, configures
//! docker for registry.heroku.com.

use super::{Session, docker_config_file, our_helper, push_hint};
use crate::cli::Setup;
use crate::docker_config;
use crate::git::{AliasState, HEROKU_HELPER, HelperProblem, Scope};
use crate::logins::lookup::Answer;
use crate::notice::{Fix, Notice, shown};
use crate::terminal::{self, DefaultAnswer};

pub(super) fn run(arguments: &Setup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.docker {
        return docker(session);
    }
    if arguments.local {
        git(Scope::Local, session)?;
    } else {
        git(Scope::Global, session)?;
        alias(arguments, session)?;
    }
    next_step(session)
}

pub(super) fn git(scope: Scope, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let helper = our_helper(context)?;
    let git = context.git();
    let file = git.config_file(scope, &context.environment)?;
    let file = context.environment.display_path(&file);
    // A setting that git cannot use is reported before anything is changed.
    git.configuration()?;
    let is_changed = git.set_up(scope, &helper, &context.environment)?;
    let configuration = git.configuration()?;
    let problems = configuration.helper_problems(&context.environment);
    let only = if problems.is_empty() { "only " } else { "" };
    if is_changed {
        session.print(&format!(
            "git now uses {only}heroku-rs for https://git.heroku.com\n  \
             changed: {file}\n  \
             undo: {}",
            scope.unsetup()
        ))?;
    } else {
        session.print(&format!("git is already configured: {file}"))?;
    }
    let unused = "git does not use heroku-rs in this directory";
    let is_used = configuration.asks_us();
    let mut settings = configuration.settings.iter();
    if is_used || settings.any(|one| one.key == HEROKU_HELPER && one.starts_us()) {
        for HelperProblem { notice, .. } in problems {
            let notice = if is_used {
                notice
            } else {
                notice.as_cause_of(unused)
            };
            session.warn(&notice)?;
        }
    } else {
        let list = "git config --show-origin --list";
        session.warn(&Notice::new(
            format!("{unused}: git does not read {file}"),
            Fix::command("show which files git reads", list),
        ))?;
    }
    for key in configuration.remotes_with_password() {
        session.warn(&Notice::new(
            format!("{key} contains a password: git sends that password and uses no helper"),
            "in the repository, show how to remove it: git credential-heroku-rs doctor",
        ))?;
    }
    Ok(())
}

/// Adds the alias `git heroku` if nothing else has that name. Asks first on a terminal, unless a flag decides.
fn alias(arguments: &Setup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let may_ask = !arguments.no_alias && terminal::is_stdin() && terminal::is_stdout();
    if !arguments.alias && !may_ask {
        return Ok(());
    }
    let environment = &session.context.environment;
    let git = session.context.git();
    match git.alias_state(environment)? {
        AliasState::Unset => {}
        AliasState::Taken if arguments.alias => {
            return session.warn(&Notice::new(
                "the alias was not added: `git heroku` has another meaning already",
                "look for the setting alias.heroku, or for git-heroku on PATH",
            ));
        }
        AliasState::Taken | AliasState::Ours => return Ok(()),
    }
    let question = "Add `git heroku` as a short form of `git credential-heroku-rs`?";
    // Without an answer git stays as it is.
    if !arguments.alias && !terminal::confirm(question, DefaultAnswer::Yes).unwrap_or(false) {
        return Ok(());
    }
    match git.add_alias(environment) {
        Ok(()) => session.print("Added the alias `git heroku`: try git heroku -h"),
        // The helper works without the alias.
        Err(why) => session.warn(&why),
    }
}

/// Prints the next command: `login` if no token was found, else the push.
fn next_step(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let answer = Answer::to_git(session.context);
    let is_logged_out = answer.found.is_none() && answer.unreadable().is_none();
    if is_logged_out {
        session.print("Next, log in: git credential-heroku-rs login")
    } else {
        session.print(&push_hint(&session.context.git()))
    }
}

fn docker(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let file = docker_config_file(context)?;
    let place = context.environment.display_path(&file);
    let done = docker_config::set_up(&file, &context.environment)?;
    if done == docker_config::SetUp::AsItWas {
        session.print(&format!("docker is already configured: {place}"))?;
    } else {
        session.print(&format!(
            "docker now uses heroku-rs for registry.heroku.com\n  \
             changed: {place}\n  \
             undo: git credential-heroku-rs unsetup --docker"
        ))?;
    }
    if let docker_config::SetUp::Instead(before) = done {
        session.print(&format!("  replaced the helper `{}`", shown(&before)))?;
    }
    name_for_docker(session)?;
    if docker_config::has_password(&file) {
        session.warn(&Notice::new(
            format!("{place} still contains a password for registry.heroku.com"),
            "remove only the password: docker logout registry.heroku.com",
        ))?;
    }
    Ok(())
}

fn name_for_docker(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let environment = &session.context.environment;
    match docker_config::name_for_docker(environment, &program) {
        Ok(None) => Ok(()),
        Ok(Some(name)) => {
            let name = environment.display_path(&name);
            session.print(&format!("  added for docker: {name}"))
        }
        Err(command) => session.warn(&Notice::new(
            "docker cannot find the helper: docker-credential-heroku-rs is not on PATH",
            Fix::command("add it", command),
        )),
    }
}
