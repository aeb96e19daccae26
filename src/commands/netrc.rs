//! `netrc`: moves a token out of netrc, prints lines for tools that need one, cleans up.

use std::io::Write;
use std::time::Duration;

use super::{Session, account_named, host_in_use, metadata_of, plain_netrc_overview, token_of};
use crate::account::Account;
use crate::cli::{Netrc as Arguments, NetrcClean, NetrcImport, NetrcPrint};
use crate::context::Context;
use crate::hosts::Service;
use crate::logins::{self, Store};
use crate::netrc::{self, Entry, Netrc};
use crate::notice::{Kind, Notice};
use crate::terminal::{self, DefaultAnswer};

const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match arguments {
        Arguments::Import(arguments) => import(arguments, session),
        Arguments::Print(arguments) => print(arguments, session),
        Arguments::Clean(arguments) => clean(arguments, session),
    }
}

/// Moves the token: it is in the keyring, and read back from there, before netrc lets go of it.
fn import(arguments: &NetrcImport, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let entry = the_entry(arguments.account.as_deref(), session.context)?;
    let api = session.context.api(LIMIT)?;
    let info = api.account(&entry.token)?;
    session.say(&format!(
        "The token of {} goes from netrc, line {}, to the keyring; Heroku's entries leave netrc",
        info.email, entry.line
    ))?;
    if arguments.dry_run {
        return Ok(());
    }
    if !arguments.yes && !agrees("Do it?")? {
        return Err(Notice::new("nothing has changed", "").into());
    }
    let known = metadata_of(&entry.token, &info.email, None, &api);
    let kept = logins::keep(
        session.context,
        Store::Keyring,
        &info.email,
        &entry.token,
        known,
    )?;
    for note in &kept.notes {
        session.warn(note)?;
    }
    let cleaned = netrc::forget(&session.context.environment, Some(&entry.token));
    let out = &mut session.streams.output;
    writeln!(out, "The token of {} is in the keyring now", info.email)?;
    let environment = &session.context.environment;
    cleaned.map_err(|why| why.notice(environment))?;
    let left = netrc::lines(environment).map_err(|why| why.notice(environment))?;
    if !left.is_empty() {
        session.warn(&Notice::new(
            "netrc has other tokens for Heroku too, and they are still there",
            "remove them all: git credential-heroku-rs netrc clean",
        ))?;
    }
    warn_of_default(session)
}

/// The one login in netrc: of the account that is named, or the same in both hosts' entries.
fn the_entry(named: Option<&str>, context: &Context) -> Result<Entry, Notice> {
    let account = named.map(|name| account_named(name, context)).transpose()?;
    let none = || {
        Notice::new(
            "netrc has no login for Heroku",
            "see where there is one: git credential-heroku-rs status",
        )
        .of_kind(Kind::NotLoggedIn)
    };
    let netrc = Netrc::read(&context.environment)
        .map_err(|why| why.notice(&context.environment))?
        .ok_or_else(none)?;
    let overview = netrc.overview();
    let overview = overview.map_err(|why| why.notice(&context.environment))?;
    let is_meant = |entry: &Entry| account.is_none() || entry.account == account;
    let git = overview.git.into_iter().find(is_meant);
    let api = overview.api.into_iter().find(is_meant);
    match (git, api) {
        (Some(git), Some(api)) if git.token != api.token => Err(Notice::new(
            format!(
                "netrc has different tokens on lines {} and {}",
                git.line, api.line
            ),
            "name the account that counts: git credential-heroku-rs netrc import --account EMAIL",
        )),
        (Some(entry), _) | (None, Some(entry)) => Ok(entry),
        (None, None) => Err(none()),
    }
}

fn print(arguments: &NetrcPrint, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let found = token_of(arguments.account.as_deref(), session.context)?;
    let login = found.account.unwrap_or_else(Account::unnamed);
    for service in [Service::Api, Service::Git] {
        let line = netrc::line(
            &host_in_use(service, session.context)?,
            &login,
            &found.token,
        );
        let line = line.ok_or_else(|| {
            let what = "programs would not read this login the same way from netrc";
            Notice::new(
                what,
                "give it to the program: git credential-heroku-rs exec -- PROGRAM",
            )
        })?;
        session.streams.output.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn clean(arguments: &NetrcClean, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.stdin.is_some() {
        return filter(session);
    }
    let lines = netrc::lines(&session.context.environment)
        .map_err(|why| why.notice(&session.context.environment))?;
    let out = &mut session.streams.output;
    if lines.is_empty() {
        writeln!(out, "netrc has no entry for Heroku")?;
        return warn_of_default(session);
    }
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let lines = lines.join(", ");
    if arguments.dry_run {
        writeln!(out, "would remove from netrc: the entries on lines {lines}")?;
        return Ok(());
    }
    netrc::forget(&session.context.environment, None)
        .map_err(|why| why.notice(&session.context.environment))?;
    writeln!(
        out,
        "removed from netrc: the entries on lines {lines}; nothing else has changed"
    )?;
    warn_of_default(session)
}

/// For a file that only its owner can write anew, as an encrypted one. In doubt nothing comes out.
fn filter(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let rest = netrc::cleaned(&mut session.streams.input, &session.context.environment).map_err(
        |why| {
            let fix = "mend that, and run it again: nothing was written";
            Notice::new(why.to_string(), fix)
        },
    )?;
    Ok(session.streams.output.write_all(&rest)?)
}

/// Where Heroku's hosts have no entry, git sends them what `default` holds.
fn warn_of_default(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let overview = plain_netrc_overview(session.context);
    let Some(line) = overview.and_then(|overview| overview.default) else {
        return Ok(());
    };
    session.warn(&Notice::new(
        format!("netrc, line {line}: git sends the password of the default entry to Heroku too"),
        "put the names of its servers in place of default",
    ))
}

fn agrees(question: &str) -> Result<bool, Notice> {
    terminal::confirm(question, DefaultAnswer::Yes)
        .map_err(|why| why.notice("give --yes to do it without a question"))
}
