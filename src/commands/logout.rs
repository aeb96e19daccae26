//! `logout`: revokes a token at Heroku, if its authorization can be determined, and removes the token from this machine.

use std::time::Duration;

use super::{Session, account_named, api_of, as_listed, label, proven, rotate};
use crate::account::Account;
use crate::cli::Logout;
use crate::context::Context;
use crate::heroku_api::{ApiError, HerokuApi, Revoked};
use crate::heroku_cli;
use crate::logins::lookup::{Answer, Source, StoredToken};
use crate::logins::{self, NotRemoved, Unread};
use crate::netrc;
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice};
use crate::rotation_journal;
use crate::token::Token;
use crate::token_metadata;

const LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for a running rotation.
const ROTATION_LIMIT: Duration = Duration::from_secs(60);
const INTERRUPTED: &str = "a rotation was interrupted, and its other token may still be valid";

pub(super) fn run(arguments: &Logout, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    // A running rotation would store its new token after this logout.
    let environment = &session.context.environment;
    let _no_rotation = rotation_journal::lock_if_used(environment, ROTATION_LIMIT)?;
    let (mut stored, unread) = logins::list_with_duplicates(session.context);
    stored.retain(|login| login.source != Source::ApiKey);
    // A token in `HEROKU_API_KEY` would not help.
    let hidden = Unread::hidden_in_keyring(&unread).map(Notice::without_alternative);
    let hidden = hidden.as_ref();
    let served = Answer::to_git_without_api_key(session.context);
    // A locked keyring may have further logins.
    let chosen = choose(
        arguments,
        &stored,
        hidden.is_some(),
        &served,
        session.context,
    );
    let chosen = chosen.map_err(|notice| match hidden {
        None => notice,
        // Of several sources that cannot be read, the one that helps.
        Some(why) => served.unreadable().unwrap_or(why).without_alternative(),
    })?;
    let before = served.found.and_then(|found| found.account);
    let mut is_incomplete = false;
    let mut printed = Ok(());
    for account in &chosen {
        // Whatever happens to one account, the next one is logged out.
        match log_out(account, &stored, arguments.keep, session)? {
            Ok(result) => {
                is_incomplete |= result > Revocation::Skipped;
                // The reader of stdout may have closed it.
                let (name, result) = (label(account), result.text());
                printed = printed.and(session.print(&format!("Logged out of {name}; {result}")));
            }
            Err(notice) => {
                is_incomplete = true;
                session.report(&notice)?;
            }
        }
    }
    report_active_account(before.as_ref(), session)?;
    printed?;
    if session.context.environment.has_api_key() {
        session.warn(&Notice::new(
            "HEROKU_API_KEY is set, and git still uses its token",
            "to stop that: unset HEROKU_API_KEY",
        ))?;
    }
    if let Some(notice) = left(arguments, &chosen, &stored, hidden) {
        is_incomplete = true;
        session.warn(&notice)?;
    }
    if let Some(nameless) = nameless(&stored, session.context) {
        is_incomplete |= arguments.all;
        session.warn(&nameless)?;
    }
    if is_incomplete {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

/// That logins may be left that are locked, although they were to be removed. What is locked may belong to the chosen
/// account too, if its token was only in netrc.
fn left(
    arguments: &Logout,
    chosen: &[Account],
    stored: &[StoredToken],
    hidden: Option<&Notice>,
) -> Option<Notice> {
    let is_seen = stored.iter().any(|login| {
        let account = login.account.as_ref();
        login.source == Source::Keyring && account.is_some_and(|one| chosen.contains(one))
    });
    let effect = if arguments.all {
        "other accounts may still be logged in"
    } else if is_seen {
        return None;
    } else {
        "the keyring may have another token of this account"
    };
    Some(hidden?.as_cause_of(effect))
}

/// What happened to a token at Heroku, from the best result to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Revocation {
    /// Heroku did not accept it any more.
    AlreadyInvalid,
    /// It was revoked.
    Revoked,
    /// The user wants to keep it valid.
    Skipped,
    /// Its authorization could not be determined, or is the account's default one, which has other users.
    Unidentified,
    /// Heroku did not revoke it.
    Failed,
}

impl Revocation {
    fn text(self) -> &'static str {
        match self {
            Revocation::AlreadyInvalid => "the token was already invalid",
            Revocation::Revoked => "token revoked",
            Revocation::Skipped => "token not revoked",
            Revocation::Unidentified => "the token is still valid",
            Revocation::Failed => "the token may still be valid",
        }
    }
}

/// Revokes and removes every token of an account. The result says what happened at Heroku, or what is left on this
/// machine.
fn log_out(
    account: &Account,
    stored: &[StoredToken],
    keep: bool,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Result<Revocation, Notice>> {
    let mut worst = Revocation::AlreadyInvalid;
    let mut left = None;
    // The same token may be in the keyring and in netrc.
    let mut revoked: Vec<(&Token, Revocation)> = Vec::new();
    for login in stored
        .iter()
        .filter(|login| login.account.as_ref() == Some(account))
    {
        let known = revoked.iter().find(|(token, _)| **token == login.token);
        let revocation = match known {
            _ if keep => Revocation::Skipped,
            Some((_, revocation)) => *revocation,
            None => revoke(login, account, session)?,
        };
        revoked.push((&login.token, revocation));
        let removed = logins::remove(session.context, login, account);
        let is_stored = !matches!(removed, Ok(()) | Err(NotRemoved::Rest(_)));
        worst = worst.max(revocation);
        if keep && !is_stored {
            forget_rotations(login, account, session)?;
        }
        // A token that is left matters more than `login.json`.
        if let Err(why) = removed
            && (is_stored || left.is_none())
        {
            left = Some(why);
        }
    }
    Ok(match left {
        None => Ok(worst),
        Some(why) => Err(not_removed(account, worst, why)),
    })
}

/// What was done before the failure, and what is left.
fn not_removed(account: &Account, revocation: Revocation, left: NotRemoved) -> Notice {
    let name = label(account);
    let is_revoked = revocation <= Revocation::Revoked;
    let revoked_only =
        format!("the token of {name} was revoked, but not removed from this machine");
    match left {
        NotRemoved::Rest(why) => {
            let revoked = if is_revoked { "revoked and " } else { "" };
            let what = format!(
                "the token of {name} was {revoked}removed, but {}",
                why.what()
            );
            Notice::new(what, why.fix())
        }
        NotRemoved::Token(why) if is_revoked => {
            let logout = Command::new("git credential-heroku-rs logout --keep");
            let fix = why.fix().then(logout.arg(account.as_str()));
            Notice::new(why.as_cause_of(&revoked_only).what(), fix)
        }
        NotRemoved::TokenForUser(why) if is_revoked => why.as_cause_of(&revoked_only),
        NotRemoved::Token(why) | NotRemoved::TokenForUser(why) => {
            why.as_cause_of(&format!("not logged out of {name}"))
        }
    }
}

/// The accounts to log out: all, the named one, the active one, or the only one if there can be no other. `served` is
/// what git gets without `HEROKU_API_KEY`.
fn choose(
    arguments: &Logout,
    stored: &[StoredToken],
    may_have_others: bool,
    served: &Answer,
    context: &Context,
) -> Result<Vec<Account>, Notice> {
    let mut accounts: Vec<Account> = stored
        .iter()
        .filter_map(|login| login.account.clone())
        .collect();
    accounts.sort();
    accounts.dedup();
    if arguments.all && !accounts.is_empty() {
        return Ok(accounts);
    }
    let one = match &arguments.account {
        Some(name) => Some(as_listed(account_named(name, context)?, &accounts)),
        None => active(served, context),
    };
    match (one, accounts.as_slice()) {
        (Some(one), _) if accounts.contains(&one) => Ok(vec![one]),
        (None, [_]) if !may_have_others => Ok(accounts),
        (None, [_, _, ..]) => Err(Notice::new(
            "several accounts are logged in, and none is active",
            "name one or use --all (list them: git credential-heroku-rs status)",
        )),
        (one, _) => Err(match nameless(stored, context) {
            Some(nameless) if arguments.account.is_none() => nameless,
            _ => not_logged_in(one.as_ref(), served, context),
        }),
    }
}

/// That netrc has a token without an account, so that no account can be logged out. Copies of another login's token are
/// removed together with that.
fn nameless(stored: &[StoredToken], context: &Context) -> Option<Notice> {
    let is_copy = |token: &Token| {
        let mut named = stored.iter().filter(|login| login.account.is_some());
        named.any(|login| login.token == *token)
    };
    let mut nameless = stored.iter().filter(|login| login.account.is_none());
    nameless.find(|login| !is_copy(&login.token)).map(|_| {
        Notice::new(
            "netrc has a token without an account, and git may still use it",
            if netrc::can_save(&context.environment).is_ok() {
                Fix::command("remove it", "git credential-heroku-rs netrc clean")
            } else {
                "remove its entry from the encrypted netrc".into()
            },
        )
    })
}

/// The account of the token that git gets without `HEROKU_API_KEY`. If there is no such token, because it has expired
/// for example, the account in `login.json`.
fn active(served: &Answer, context: &Context) -> Option<Account> {
    let served = served.found.as_ref();
    let served = served.and_then(|found| found.account.clone());
    served.or_else(|| heroku_cli::active_account(&context.environment).ok()?)
}

fn not_logged_in(account: Option<&Account>, served: &Answer, context: &Context) -> Notice {
    let notice = match account {
        Some(account) => logins::not_logged_in_as(account),
        None if context.environment.has_api_key() => Notice::new(
            "no login to remove (git uses the token in HEROKU_API_KEY)",
            "unset HEROKU_API_KEY",
        ),
        None => {
            let why = served.explain();
            if why.kind() != Kind::NotLoggedIn {
                return why.without_alternative();
            }
            // A login would only have to be removed again.
            Notice::new(why.what(), Fix::NONE)
        }
    };
    notice.of_kind(Kind::NotLoggedIn)
}

/// Removes what is known about tokens that are stored nowhere any more, and makes the only account that is left the
/// active one. Prints the active account if it is another one than before, or that several are left and none is active.
fn report_active_account(
    before: Option<&Account>,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let context = session.context;
    let (left, unread) = logins::list_with_duplicates(context);
    if unread.is_empty() {
        // Best effort: an entry that stays does no harm.
        let tokens: Vec<&Token> = left.iter().map(|login| &login.token).collect();
        let _ = token_metadata::retain(&context.environment, &tokens);
    }
    if let Err(why) = logins::restore_login(context, &left) {
        session.warn(&why)?;
    }
    let answer = Answer::to_git(context);
    if answer.is_ambiguous() {
        return session.warn(&answer.explain());
    }
    match answer.found.and_then(|found| found.account) {
        Some(account) if before != Some(&account) => {
            session.say(&format!("The active account is now {}", label(&account)))
        }
        Some(_) | None => Ok(()),
    }
}

/// What helps if a token could not be revoked.
fn by_hand() -> Fix {
    Fix::on_dashboard("revoke the token")
}

/// Revokes a token. A failure is printed, and does not stop the logout.
fn revoke(
    login: &StoredToken,
    account: &Account,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Revocation> {
    let metadata = login.metadata.as_ref();
    // After this logout, no token could do so.
    let cleaned_up = rotate::clean_up(login, account, session.context);
    if let Err(failure) = &cleaned_up {
        let what = format!("{INTERRUPTED}: {failure}");
        session.warn(&Notice::new(what, by_hand()))?;
    }
    let least = cleaned_up.map_or(Revocation::Failed, |()| Revocation::AlreadyInvalid);
    let done = api_of(&login.token, metadata, LIMIT, session.context)
        .and_then(|api| proven(revoke_with(&api, login), &api, metadata));
    let (what, revocation) = match done {
        Ok(true) => return Ok(least.max(Revocation::Revoked)),
        // The Heroku that issued the token rejects it.
        Err(ApiError::TokenRejected) => return Ok(least),
        Ok(false) => {
            let what = "the token is still valid: could not determine its authorization";
            (what.to_owned(), Revocation::Unidentified)
        }
        Err(failure) => {
            let what = format!("could not revoke the token: {failure}");
            (what, Revocation::Failed)
        }
    };
    session.warn(&Notice::new(what, by_hand()))?;
    Ok(least.max(revocation))
}

/// Removes the interrupted rotations of a token that stays valid: the next rotation would undo them, and may revoke that
/// token.
fn forget_rotations(
    login: &StoredToken,
    account: &Account,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    for rotation in rotate::unfinished(login, Some(account), session.context) {
        session.warn(&Notice::new(INTERRUPTED, by_hand()))?;
        rotation_journal::remove(&session.context.environment, &rotation);
    }
    Ok(())
}

/// Ends the session of a browser login, or revokes the authorization of any other token; returns whether it did. The
/// account's default authorization is its API key, which other programs use: it is never revoked here.
fn revoke_with(api: &HerokuApi, login: &StoredToken) -> Result<bool, ApiError> {
    let ended = match api.end_session(&login.token) {
        Err(ApiError::Forbidden(_)) => Revoked::AlreadyGone,
        ended => ended?,
    };
    if ended == Revoked::Done {
        return Ok(true);
    }
    let known = login.metadata.clone().unwrap_or_default();
    let id = match known.authorization {
        Some(id) => Some(id),
        None => api.authorization_of(&login.token)?.map(|found| found.id),
    };
    match id {
        Some(id) if !api.is_api_key(&login.token, &id)? => {
            api.revoke(&login.token, &id).map(|_| true)
        }
        Some(_) | None => Ok(false),
    }
}
