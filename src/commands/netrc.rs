//! `netrc`: moves a token to the keyring, prints netrc entries, and removes Heroku's entries.

use super::{LIMIT, Session, account_named, as_listed, host_in_use, login, status, token_of};
use crate::account::Account;
use crate::cli::{Netrc as Arguments, NetrcClean, NetrcImport, NetrcPrint};
use crate::context::Context;
use crate::heroku_cli;
use crate::hosts::Service;
use crate::logins::lookup::Source;
use crate::logins::{self, Store};
use crate::netrc::{self, Entry, Netrc};
use crate::notice::{Fix, Kind, Notice};
use crate::terminal::{self, DefaultAnswer};
use crate::token_metadata;

pub(super) fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match arguments {
        Arguments::Import(arguments) => import(arguments, session),
        Arguments::Print(arguments) => print(arguments, session),
        Arguments::Clean(arguments) => clean(arguments, session),
    }
}

/// Moves a token: it is written to the keyring and read back before it is removed from netrc.
fn import(arguments: &NetrcImport, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let entry = the_entry(arguments.account.as_deref(), session.context)?;
    logins::destination(session.context, Store::Keyring).map_err(|why| {
        if why.leaves_only_netrc() {
            Notice::new(why.notice().what(), "the token stays in netrc")
        } else {
            why.notice().without_alternative()
        }
    })?;
    let api = session.context.api(LIMIT)?;
    let account = api.account(&entry.token)?;
    if !is_wanted(arguments, &entry, &account, session)? {
        return Ok(());
    }
    let environment = &session.context.environment;
    let active = heroku_cli::active_account(environment).ok().flatten();
    let held = session.context.keyring().read(&account).ok().flatten();
    let known = token_metadata::about(environment, &entry.token);
    let known = status::noted(&entry.token, known, &account, &api);
    let saved = logins::save(
        session.context,
        Source::Keyring,
        &account,
        &entry.token,
        known,
    );
    for note in &saved.map_err(Notice::from)? {
        session.warn(note)?;
    }
    if held.is_some_and(|held| held != entry.token) {
        session.warn(&Notice::new(
            format!("this replaced another token of {account}, which may still be valid"),
            Fix::on_dashboard("revoke it"),
        ))?;
    }
    let cleaned = netrc::remove(&session.context.environment, Some(&entry.token));
    session.print(&format!(
        "The token of {account} is now stored in the keyring"
    ))?;
    if active.is_some_and(|active| active != account) {
        session.say(&format!("The active account is now {account}"))?;
    }
    cleaned?;
    warn_of_others(&account, session)?;
    warn_of_default(session)
}

/// Prints what an import will change, and asks. A dry run ends here.
fn is_wanted(
    arguments: &NetrcImport,
    entry: &Entry,
    account: &Account,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<bool> {
    session.say(&format!(
        "The token of {account} will be moved from netrc (line {}) to the keyring\n\
         Heroku's entries with this token will be removed from netrc",
        entry.line
    ))?;
    login::warn_about_other_programs(Source::Keyring, session)?;
    if arguments.dry_run {
        return Ok(false);
    }
    if !arguments.yes {
        let answer = terminal::confirm("Continue?", DefaultAnswer::Yes);
        if !answer.map_err(|why| why.notice("run it without a question: --yes"))? {
            session.say("Nothing was changed")?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Warns of tokens that are still in netrc after a token of this account was moved.
fn warn_of_others(imported: &Account, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let netrc = Netrc::in_plain_text(&session.context.environment)?;
    let Some(netrc) = netrc.filter(|netrc| !netrc.lines().is_empty()) else {
        return Ok(());
    };
    let overview = netrc.overview()?;
    let mut entries = overview.git.iter().chain(&overview.api);
    // The keyring has room for one token of an account, so another import would replace this one.
    let fix = if entries.any(|entry| entry.account.as_ref() == Some(imported)) {
        Fix::on_dashboard("revoke them").then("git credential-heroku-rs netrc clean")
    } else {
        "move them too: git credential-heroku-rs netrc import, \
         or remove them: git credential-heroku-rs netrc clean"
            .into()
    };
    let what = "netrc still contains other tokens for Heroku";
    session.warn(&Notice::new(what, fix))
}

/// The login in netrc: of the named account, or the same in the entries of both hosts.
fn the_entry(named: Option<&str>, context: &Context) -> Result<Entry, Notice> {
    let named = named.map(|name| account_named(name, context)).transpose()?;
    let none = || {
        let of = match &named {
            Some(account) => format!("of {account}"),
            None => "for Heroku".to_owned(),
        };
        Notice::new(
            format!("netrc contains no login {of}"),
            "list the logins on this computer: git credential-heroku-rs status",
        )
        .of_kind(Kind::NotLoggedIn)
    };
    let netrc = Netrc::read(&context.environment)?.ok_or_else(none)?;
    let overview = netrc.overview()?;
    let entries = overview.git.iter().chain(&overview.api);
    let accounts: Vec<Account> = entries.filter_map(|entry| entry.account.clone()).collect();
    let account = named.clone().map(|named| as_listed(named, &accounts));
    let is_meant = |entry: &Entry| account.is_none() || entry.account == account;
    let git = overview.git.into_iter().find(is_meant);
    let api = overview.api.into_iter().find(is_meant);
    match (git, api) {
        (Some(git), Some(api)) if git.token != api.token => {
            let (first, second) = (git.line, api.line);
            let what = format!("netrc contains different tokens on lines {first} and {second}");
            let fix = if git.account == api.account {
                log_in_instead()
            } else {
                "choose the account: git credential-heroku-rs netrc import --account EMAIL".into()
            };
            Err(Notice::new(what, fix))
        }
        (Some(entry), _) | (None, Some(entry)) => Ok(entry),
        (None, None) => Err(none()),
    }
}

/// For two tokens of one account in netrc: nothing says which one is meant.
pub(super) fn log_in_instead() -> Fix {
    let commands = "git credential-heroku-rs login && git credential-heroku-rs netrc clean";
    Fix::command("log in, and remove both", commands)
}

fn print(arguments: &NetrcPrint, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let found = token_of(arguments.account.as_deref(), session.context)?;
    let login = found.account.unwrap_or_else(Account::unnamed);
    for service in [Service::Api, Service::Git] {
        let host = host_in_use(service, session.context)?;
        let Some(line) = netrc::line(&host, &login, &found.token) else {
            let what = "not every program can read this login from netrc";
            let fix = "run the program with the token in HEROKU_API_KEY: git credential-heroku-rs exec -- PROGRAM";
            return Err(Notice::new(what, fix).into());
        };
        session.streams.output.write_all(&line)?;
    }
    Ok(())
}

fn clean(arguments: &NetrcClean, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.stdin.is_some() {
        return filter(session);
    }
    let netrc = Netrc::in_plain_text(&session.context.environment)?;
    let lines = netrc.map_or(Vec::new(), |netrc| netrc.lines());
    if lines.is_empty() {
        session.print("netrc contains no entry for Heroku")?;
        return warn_of_default(session);
    }
    let noun = if lines.len() == 1 {
        "entry on line"
    } else {
        "entries on lines"
    };
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let entries = format!("Heroku's {noun} {}", lines.join(", "));
    if arguments.dry_run {
        return session.print(&format!("{entries} will be removed from netrc"));
    }
    netrc::remove(&session.context.environment, None)?;
    session.print(&format!("Removed {entries} from netrc"))?;
    warn_of_default(session)
}

/// For a file that this program cannot rewrite, such as an encrypted one. In doubt nothing is printed.
fn filter(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let rest = netrc::cleaned(&mut session.streams.input, &session.context.environment).map_err(
        |why| {
            let fix = "fix that, then run the command again: nothing was printed";
            Notice::new(why.to_string(), fix)
        },
    )?;
    Ok(session.streams.output.write_all(&rest)?)
}

/// git sends the password of the `default` entry to hosts without an entry.
fn warn_of_default(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let netrc = Netrc::of_git(&session.context.environment);
    let netrc = netrc.ok().flatten();
    let Some(line) = netrc.and_then(|netrc| netrc.overview().ok()?.default) else {
        return Ok(());
    };
    session.warn(&Notice::new(
        format!("git also sends Heroku the password of the default entry (netrc, line {line})"),
        "replace default with the names of the servers that it is for",
    ))
}
