//! `setup`: git asks this program, and nobody else, about git.heroku.com; with `--docker`, docker
//! about registry.heroku.com.

use std::io::Write;

use super::{Session, docker_config_file, our_helper};
use crate::cli::{Client, Setup};
use crate::context::Context;
use crate::docker_config::{self, Name};
use crate::git::{self, Git, Scope, SetUp, Setting};
use crate::hosts::{HerokuHost, Service};
use crate::logins::lookup::{self, Source, Wanted};
use crate::netrc::Netrc;
use crate::notice::{Command, Notice, shown};

pub(super) fn run(arguments: &Setup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match arguments.client() {
        Client::Git(scope) => git(scope, session),
        Client::Docker => docker(session),
    }
}

fn git(scope: Scope, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let helper = our_helper(context)?;
    let git = context.git();
    let done = git.set_up(scope, &helper, &context.environment)?;
    let helpers = git.helpers_for_heroku()?;
    let is_alone = helpers.iter().all(Setting::starts_us) && !helpers.is_empty();
    let out = &mut session.streams.output;
    match done {
        SetUp::AsItWas => writeln!(out, "git was set up already: {scope}")?,
        SetUp::Added | SetUp::Moved => {
            let others = if is_alone {
                ", and no other helper,"
            } else {
                ""
            };
            writeln!(
                out,
                "git now asks heroku-rs{others} about https://git.heroku.com"
            )?;
            let key = git::HEROKU_HELPER;
            writeln!(out, "  {scope}: {key} = \"\", then {helper}")?;
            let flag = flag(scope);
            writeln!(out, "  undo: git credential-heroku-rs unsetup{flag}")?;
        }
    }
    if done == SetUp::Moved {
        writeln!(out, "  the lines of an earlier setup were removed")?;
    }
    for notice in rivals(&git, &helpers, context)? {
        session.warn(&notice)?;
    }
    Ok(())
}

fn docker(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let file = docker_config_file(session.context)?;
    let done = docker_config::set_up(&file)?;
    let out = &mut session.streams.output;
    match &done {
        docker_config::SetUp::AsItWas => {
            writeln!(out, "docker was set up already: {}", file.display())?;
        }
        docker_config::SetUp::Added | docker_config::SetUp::Instead(_) => {
            writeln!(
                out,
                "docker now asks heroku-rs about registry.heroku.com, and about no other registry"
            )?;
            writeln!(out, "  {}: credHelpers", file.display())?;
            writeln!(out, "  undo: git credential-heroku-rs unsetup --docker")?;
        }
    }
    let before = match done {
        docker_config::SetUp::Instead(before) => Some(before),
        docker_config::SetUp::AsItWas | docker_config::SetUp::Added => None,
    };
    if let Some(before) = before {
        let before = shown(&before);
        writeln!(out, "  docker asked the helper `{before}` before")?;
    }
    name_for_docker(session)?;
    if docker_config::has_password(&file)? {
        session.warn(&Notice::new(
            format!(
                "{} still holds a password for registry.heroku.com",
                file.display()
            ),
            "remove it, and nothing else: docker logout registry.heroku.com",
        ))?;
    }
    Ok(())
}

fn name_for_docker(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    match docker_config::name_for_docker(&session.context.environment, &program) {
        Name::Known => Ok(()),
        Name::Made(name) => {
            let out = &mut session.streams.output;
            Ok(writeln!(out, "  docker finds it as {}", name.display())?)
        }
        Name::Wanted(command) => session.warn(&Notice::new(
            "docker does not find it yet: it looks for docker-credential-heroku-rs on your PATH",
            command,
        )),
    }
}

fn flag(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "",
        Scope::Local => " --local",
    }
}

/// What git would still ask before us, or instead of us, or tell the token too.
fn rivals(git: &Git, helpers: &[Setting], context: &Context) -> Result<Vec<Notice>, Notice> {
    let mut found = Vec::new();
    if !helpers.iter().any(Setting::starts_us) {
        found.push(Notice::new(
            "git does not ask heroku-rs in this directory: a later setting resets its helpers",
            Command::new("git credential-heroku-rs setup --local"),
        ));
    }
    for other in helpers.iter().filter(|helper| !helper.means_us()) {
        let what = format!(
            "git also tells the helper {} ({})",
            other.shown_value(),
            other.origin
        );
        found.push(Notice::new(what, other.silencer()));
    }
    for key in git.remotes_with_password()? {
        found.push(Notice::new(
            format!("{key} carries a password in its URL: git sends that one and asks no helper"),
            Command::new("git remote set-url")
                .arg(remote(&key))
                .then("https://git.heroku.com/APP.git"),
        ));
    }
    found.extend(netrc_entry(context));
    Ok(found)
}

fn remote(key: &str) -> &str {
    let name = key.strip_prefix("remote.").unwrap_or(key);
    name.rsplit_once('.').map_or(name, |(name, _)| name)
}

/// git reads netrc through libcurl before it asks any helper. Where netrc is all there is, that is
/// as good.
fn netrc_entry(context: &Context) -> Option<Notice> {
    let host = HerokuHost::production(Service::Git);
    let wanted = Wanted {
        host: &host,
        account: None,
    };
    let found = lookup::find(&wanted, context).found;
    if found.is_some_and(|found| found.source == Source::Netrc) {
        return None;
    }
    match Netrc::in_plain_text(&context.environment)
        .and_then(|netrc| netrc.map_or(Ok(None), |netrc| netrc.entry_for(&host, None)))
    {
        Ok(None) => None,
        Ok(Some(entry)) => Some(Notice::new(
            format!(
                "netrc, line {}: git sends this entry before it asks any helper",
                entry.line
            ),
            "once the login works, remove it: git credential-heroku-rs netrc clean",
        )),
        Err(why) => Some(why.notice(&context.environment)),
    }
}
