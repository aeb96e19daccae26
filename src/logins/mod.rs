//! Stores, removes, switches and lists logins. No other module writes them, and this one knows the order.
//!
//! The keyring item is written first and read back. Then comes `login.json`, which must never name an
//! account without a token. Our own notes come last: to lose them costs only hints. A failure after the
//! token is safe is reported, but stops nothing.

pub mod lookup;
mod reassign;
mod replace;

use std::collections::HashSet;
use std::io;

use clap::ValueEnum;

use crate::account::Account;
use crate::context::Context;
use crate::environment::Environment;
use crate::files;
use crate::heroku_cli;
use crate::hosts::Service;
use crate::keyring::{Lock, Unavailable};
use crate::logins::lookup::{Answer, Source, StoredToken};
use crate::netrc::{self, Cause, Entry, Netrc, Unreadable};
use crate::notice::{Command, Fix, Kind, Notice};
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

pub use reassign::{leave_one, move_to_owner};
pub use replace::{NotStored, replace, replace_copy, still_holds};

/// Stores a token under an account's name, without asking Heroku which account it belongs to.
///
/// `login.json` stays as it is: it names only accounts that Heroku has confirmed.
///
/// # Errors
/// Why it could not be stored in the keyring, or in netrc if the Heroku CLI uses that.
pub fn save_unchecked(context: &Context, account: &Account, token: &Token) -> Result<(), Notice> {
    if context.environment.netrc_before_keyring {
        return Ok(netrc::save(&context.environment, account, token)?);
    }
    Ok(context.keyring().write(account, token)?)
}

/// Where to store a token. The command line shows these texts as help.
// With `Auto`, a keyring that is locked or slow is no reason to write a secret in plain text. `HEROKU_NETRC_WRITE` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// The keyring, or netrc if there is no keyring (as the Heroku CLI does)
    Auto,
    /// The keyring
    Keyring,
    /// The netrc file, unencrypted
    Netrc,
}

/// Where a login will store its token. A token that was promised to the keyring is not written to netrc.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The keyring or netrc.
    pub source: Source,
    /// Why the token will be in netrc although the user did not request that: there is no keyring.
    pub no_keyring: Option<Notice>,
}

/// Finds out where a token will be stored, before there is one. A login that could not store its token
/// would leave an authorization at Heroku that no program can use.
///
/// # Errors
/// Why the keyring could not store it.
pub fn destination(context: &Context, store: Store) -> Result<Destination, Unavailable> {
    let is_netrc = match store {
        Store::Netrc => true,
        Store::Auto => context.environment.netrc_before_keyring,
        Store::Keyring => false,
    };
    let stored_in = |source, no_keyring| Destination { source, no_keyring };
    if is_netrc {
        return Ok(stored_in(Source::Netrc, None));
    }
    match context.keyring().read(&Account::unnamed()) {
        Err(why) if store == Store::Auto && why.allows_netrc() => {
            Ok(stored_in(Source::Netrc, Some(why.notice())))
        }
        // The keyring for new items is open. If the account has an item in the locked one, the write fails if the
        // program finds it, as gnome-keyring does. Otherwise doctor reports two items later.
        Ok(_) | Err(Unavailable::Locked(Lock::Another)) => Ok(stored_in(Source::Keyring, None)),
        Err(why) => Err(why),
    }
}

/// Stores a checked token in the keyring or in netrc, makes its account the active one, and notes what is known about it.
///
/// Returns what else went wrong: the token is safe, but something else was not written.
///
/// # Errors
/// [`NotStored`]: a token may be revoked only if it is certainly not stored.
pub fn save(
    context: &Context,
    source: Source,
    account: &Account,
    token: &Token,
    metadata: TokenMetadata,
) -> Result<Vec<Notice>, NotStored> {
    let environment = &context.environment;
    let since = environment.trace.clock();
    let mut notes = Vec::new();
    if source == Source::Keyring {
        context.keyring().write(account, token)?;
    } else {
        let (before, _) = entries_in_netrc(context);
        netrc::save(environment, account, token)?;
        notes.extend(replaced_in_netrc(&before, account, token));
    }
    let stored = || format!("stored in {source} as {account}");
    environment.trace.log_since(since, stored);
    if needs_login_json(source, environment)
        && let Err(why) = heroku_cli::set_login(environment, account)
    {
        notes.push(unwritten("the active account", &why));
    }
    if let Err(why) = token_metadata::save(environment, metadata) {
        notes.push(unwritten("the token's expiry", &why));
    }
    notes.extend(precedence(context, source, token));
    if source == Source::Keyring {
        notes.extend(remove_from_keyring(context, &Account::unnamed(), token).err());
    }
    Ok(notes)
}

/// Whether `login.json` has to name the account of a new login. An entry in netrc names it itself, so it is enough
/// that the file names no other account.
fn needs_login_json(source: Source, environment: &Environment) -> bool {
    source != Source::Netrc || matches!(heroku_cli::active_account(environment), Ok(Some(_)))
}

/// A notice for each login of another account that a new one has replaced: netrc has room for one.
fn replaced_in_netrc(before: &[Entry], account: &Account, token: &Token) -> Vec<Notice> {
    let is_other =
        |entry: &&Entry| entry.account.as_ref() != Some(account) && entry.token != *token;
    let notices = before.iter().filter(is_other).map(|entry| {
        let of_account = lookup::of_account(entry.account.as_ref().filter(|one| one.is_email()));
        Notice::new(
            format!(
                "this replaced the login{of_account} in netrc, and its token may still be valid"
            ),
            Fix::on_dashboard("revoke it"),
        )
    });
    notices.collect()
}

/// A notice if git gets another token than the new one, from a source that takes precedence. That login is not removed,
/// since only a new one was requested; but it is reported.
fn precedence(context: &Context, source: Source, token: &Token) -> Option<Notice> {
    let (first, fix) = if context.environment.netrc_before_keyring {
        let fix = "unset HEROKU_NETRC_WRITE, or log in without --store keyring";
        (Source::Netrc, fix)
    } else {
        let fix = "log out and in again, or use netrc only: set HEROKU_NETRC_WRITE=true";
        (Source::Keyring, fix)
    };
    if source == first {
        return None;
    }
    let served = Answer::to_git_without_api_key(context).found?;
    let takes_precedence = served.source == first && served.token != *token;
    takes_precedence.then(|| {
        let account = served.account.filter(Account::is_email);
        let of_account = lookup::of_account(account.as_ref());
        Notice::new(
            format!("{first} has another token{of_account}, which takes precedence over {source}"),
            fix,
        )
    })
}

fn unwritten(what: &str, why: &io::Error) -> Notice {
    let fix = files::fix_of(why).unwrap_or_default();
    Notice::new(
        format!("could not record {what}: {why}"),
        fix.then("git credential-heroku-rs status"),
    )
}

/// Removes a token that Heroku rejects, but not a newer one that has replaced it meanwhile.
///
/// `login.json` stays. Without it, another account on this machine could become the only one, and the next
/// push would use that account.
///
/// # Errors
/// Why the keyring still has it.
pub fn remove_dead(context: &Context, account: &Account, token: &Token) -> Result<(), Notice> {
    remove_from_keyring(context, account, token)?;
    // Notes about a removed token do no harm: nothing looks up its fingerprint any more.
    let _ = token_metadata::remove(&context.environment, token);
    Ok(())
}

/// What is left of a login that was not removed completely.
#[derive(Debug)]
pub enum NotRemoved {
    /// The token. It can be removed after the fix.
    Token(Notice),
    /// The token, in a file that only the user can change. The fix removes it.
    TokenForUser(Notice),
    /// A copy of the token in netrc, `login.json`, or our notes.
    Rest(Notice),
}

impl From<Unreadable> for NotRemoved {
    fn from(why: Unreadable) -> NotRemoved {
        match why.cause {
            Cause::ReadOnly | Cause::NotChanged(_) => NotRemoved::TokenForUser(why.into()),
            _ => NotRemoved::Token(why.into()),
        }
    }
}

/// Logs an account out of this machine: removes its token, netrc entries with the same token, `login.json`
/// if it names the account, and our notes.
///
/// # Errors
/// What could not be removed. If that is the token in the keyring, nothing else is removed either.
pub fn remove(context: &Context, login: &StoredToken, account: &Account) -> Result<(), NotRemoved> {
    if login.source == Source::Keyring {
        remove_from_keyring(context, account, &login.token)
            .map_err(|why| NotRemoved::Token(why.without_alternative()))?;
    }
    let copies = netrc::remove(&context.environment, Some(&login.token));
    let pointer = heroku_cli::clear_login(&context.environment, account);
    let notes = token_metadata::remove(&context.environment, &login.token);
    copies.map_err(|why| match login.source {
        Source::Keyring => {
            NotRemoved::Rest(Notice::from(why).as_cause_of("netrc may still contain it"))
        }
        Source::ApiKey | Source::Netrc => why.into(),
    })?;
    pointer.map_err(|why| {
        let file = heroku_cli::login_file(&context.environment).unwrap_or_default();
        let remove = Command::new("rm").path(&file, context.environment.home.as_deref());
        NotRemoved::Rest(Notice::new(
            format!("login.json still names it: {why}"),
            Fix::command("remove the file", remove),
        ))
    })?;
    notes.map_err(|why| NotRemoved::Rest(unwritten("the logout", &why)))
}

/// Removes an account's items with this token.
fn remove_from_keyring(context: &Context, account: &Account, token: &Token) -> Result<(), Notice> {
    let trace = &context.environment.trace;
    let since = trace.clock();
    let removed = context.keyring().remove(account, token);
    trace.log_since(since, || match &removed {
        Ok(()) => format!("removed from the keyring: {account}"),
        Err(why) => format!("not removed from the keyring: {}", why.notice().what()),
    });
    Ok(removed?)
}

/// The account as the keyring spells it. The Heroku CLI finds no other spelling.
pub fn as_stored(context: &Context, account: Account) -> Account {
    match context.keyring().read(&account) {
        Ok(None) => lookup::in_another_case(&account, context).unwrap_or(account),
        _ => account,
    }
}

/// Makes an account that has a token here the active one; returns whether it was another one before.
///
/// # Errors
/// That there is no token of this account, that the keyring could not be asked, or that
/// `login.json` could not be written.
pub fn switch(context: &Context, account: &Account) -> Result<bool, Notice> {
    let is_netrc_empty =
        || matches!(entries_in_netrc(context), (entries, None) if entries.is_empty());
    if context.environment.netrc_before_keyring && !is_netrc_empty() {
        return Err(Notice::new(
            "HEROKU_NETRC_WRITE is true, so netrc decides which account is active",
            "unset HEROKU_NETRC_WRITE, or log in: git credential-heroku-rs login",
        ));
    }
    let held = context.keyring().read(account);
    let served = || Answer::to_git(context).found?.account;
    if matches!(&held, Err(why) if why.leaves_only_netrc()) && served().as_ref() == Some(account) {
        return Ok(false);
    }
    // A token in `HEROKU_API_KEY` would not change that.
    let held = held.map_err(|why| why.notice().without_alternative())?;
    if held.is_none() {
        return Err(not_switched(context, account));
    }
    if !account.is_email() {
        return Err(Notice::new(
            format!("{account} is not an email, so it cannot be the active account"),
            "find the account of its token: git credential-heroku-rs status",
        ));
    }
    set_login(context, account)
}

/// Why an account without an item in the keyring does not become the active one.
fn not_switched(context: &Context, account: &Account) -> Notice {
    let (entries, _) = entries_in_netrc(context);
    let mut accounts = entries.iter().filter_map(|entry| entry.account.as_ref());
    if accounts.any(|one| one == account) {
        let import = Command::new("git credential-heroku-rs netrc import --account");
        return Notice::new(
            format!("the login of {account} is in netrc, not in the keyring"),
            Fix::command("move it", import.arg(account.as_str())),
        );
    }
    not_logged_in_as(account)
}

/// That an account that a command names has no login.
pub fn not_logged_in_as(account: &Account) -> Notice {
    Notice::new(
        format!("not logged in as {account}"),
        Fix::command("list the accounts", "git credential-heroku-rs status"),
    )
    .of_kind(Kind::NotLoggedIn)
}

fn set_login(context: &Context, account: &Account) -> Result<bool, Notice> {
    heroku_cli::set_login(&context.environment, account).map_err(|why| {
        let fix = files::fix_of(&why);
        Notice::new(
            format!("could not write login.json: {why}"),
            fix.unwrap_or("fix this, then run the command again".into()),
        )
    })
}

/// The account that `login.json` has to name again if the Heroku CLI has removed the file: that of the token that git
/// gets from the keyring, which `served` looks up. Without the file, that is the only account there.
pub fn account_to_restore(
    context: &Context,
    served: impl FnOnce() -> Option<StoredToken>,
) -> Option<Account> {
    let environment = &context.environment;
    let is_named = matches!(heroku_cli::active_account(environment), Ok(Some(_)));
    if is_named || environment.netrc_before_keyring {
        return None;
    }
    let served = served()?;
    let account = served.account.filter(Account::is_email);
    account.filter(|_| served.source == Source::Keyring)
}

/// Writes the [`account_to_restore`] to `login.json`. Writes nothing if this account is not in `logins`: Heroku may
/// have named another one for the token.
///
/// Returns that account if anything was written.
///
/// # Errors
/// That `login.json` could not be written.
pub fn restore_login<'l>(
    context: &Context,
    logins: impl IntoIterator<Item = &'l StoredToken>,
) -> Result<Option<Account>, Notice> {
    let mut logins = logins.into_iter();
    let is_login = |account: &Account| {
        logins
            .any(|login| login.source == Source::Keyring && login.account.as_ref() == Some(account))
    };
    let served = || Answer::to_git_without_api_key(context).found;
    match account_to_restore(context, served).filter(is_login) {
        Some(only) => set_login(context, &only).map(|changed| changed.then_some(only)),
        None => Ok(None),
    }
}

/// A source that could not be read completely.
#[derive(Debug)]
pub struct Unread {
    /// Which one.
    pub source: Source,
    /// Why, and what fixes it.
    pub why: Notice,
    /// Whether it may have logins that were not seen. A keyring that does not exist has none.
    pub may_hide_logins: bool,
}

impl Unread {
    fn keyring(why: &Unavailable) -> Unread {
        Unread {
            source: Source::Keyring,
            why: why.notice(),
            may_hide_logins: !why.proves_no_login(),
        }
    }

    /// Why the keyring may have logins that were not seen, if it may.
    pub fn hidden_in_keyring(unread: &[Unread]) -> Option<&Notice> {
        let mut keyring = unread.iter().filter(|one| one.source == Source::Keyring);
        Some(&keyring.find(|one| one.may_hide_logins)?.why)
    }
}

/// Every token on this machine that can be read, and the sources that could not be read completely.
///
/// Unlike [`lookup::find`] it asks every source, and includes expired tokens.
pub fn list(context: &Context) -> (Vec<StoredToken>, Vec<Unread>) {
    let (mut logins, unread) = list_with_duplicates(context);
    let mut seen = HashSet::new();
    logins.retain(|login| login.source != Source::Keyring || seen.insert(login.account.clone()));
    (logins, unread)
}

/// The same with the duplicates of a login in the keyring. If only the first item of an account were removed,
/// the next one would be served in its place.
pub fn list_with_duplicates(context: &Context) -> (Vec<StoredToken>, Vec<Unread>) {
    let mut logins = Vec::new();
    let mut unread = Vec::new();
    let mut add = |account, token: Token, source| {
        let metadata = token_metadata::about(&context.environment, &token);
        logins.push(StoredToken {
            token,
            account,
            source,
            metadata,
        });
    };
    match &context.environment.api_key {
        Some(Ok(token)) => add(None, token.clone(), Source::ApiKey),
        Some(Err(why)) => unread.push(Unread {
            source: Source::ApiKey,
            why: lookup::unusable_api_key(*why),
            may_hide_logins: false,
        }),
        None => {}
    }
    match context.keyring().read_all() {
        Ok(listing) => {
            for item in listing.items.into_iter().chain(listing.duplicates) {
                add(Some(item.account), item.token, Source::Keyring);
            }
            // What is locked may be a login too.
            let locked = listing.locked.map(Unavailable::Locked);
            unread.extend(locked.map(|why| Unread::keyring(&why)));
        }
        Err(why) => unread.push(Unread::keyring(&why)),
    }
    let (entries, unreadable) = entries_in_netrc(context);
    for entry in entries {
        add(entry.account, entry.token, Source::Netrc);
    }
    unread.extend(unreadable.map(|why| Unread {
        source: Source::Netrc,
        why: why.into(),
        may_hide_logins: true,
    }));
    (logins, unread)
}

/// The logins in netrc, without the copy that the Heroku CLI writes for the second host, and why the file could not be
/// read completely. If only the first one were removed, git would get the next one.
fn entries_in_netrc(context: &Context) -> (Vec<Entry>, Option<Unreadable>) {
    let netrc = match Netrc::read(&context.environment) {
        Ok(Some(netrc)) => netrc,
        Ok(None) => return (Vec::new(), None),
        Err(why) => return (Vec::new(), Some(why)),
    };
    let host = context.environment.heroku.host_or_default(Service::Git);
    let (mut logins, mut unreadable): (Vec<Entry>, _) = (Vec::new(), None);
    for entry in netrc.entries_serving(&host) {
        match entry {
            Ok(entry) => {
                let is_same = |other: &Entry| {
                    (&other.account, &other.token) == (&entry.account, &entry.token)
                };
                if !logins.iter().any(is_same) {
                    logins.push(entry);
                }
            }
            Err(why) => unreadable = unreadable.or(Some(why)),
        }
    }
    (logins, unreadable)
}
