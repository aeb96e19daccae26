//! The keyring: whether it can be read, and whether its items are as the Heroku CLI and this program need them.

use super::{Facts, Finding, Repair, Severity, TokenStatus};
use crate::account::Account;
use crate::keyring::{Item, Listing, Unavailable};
use crate::logins;
use crate::logins::lookup::Source;
use crate::notice::Fix;

pub(super) fn reachable(facts: &Facts<'_>) -> Vec<Finding> {
    let listing = match &facts.listing {
        Ok(listing) => listing,
        Err(why) => return vec![unreachable(facts, why)],
    };
    let accounts = listing.items.iter().filter(|item| item.account.is_email());
    let what = match accounts.count() {
        0 => "the keyring is unlocked, with no Heroku account".to_owned(),
        1 => "the keyring is unlocked, with 1 Heroku account".to_owned(),
        many => format!("the keyring is unlocked, with {many} Heroku accounts"),
    };
    let mut found = vec![Finding::pass("keyring.access", what)];
    if let Some(lock) = listing.locked {
        let notice = Unavailable::Locked(lock).notice();
        let part = Finding::from_notice("keyring.partly-locked", Severity::Warn, &notice);
        found.push(part.with_details("the locked part may contain more tokens"));
    }
    if !facts.context.keyring().is_shared() {
        let what = "the keyring is Windows Credential Manager, which the Heroku CLI does not read";
        found.push(
            Finding::warn("keyring.not-shared", what)
                .with_details("this Windows has no PasswordVault")
                .with_fix(Fix::command(
                    "log in with the Heroku CLI too",
                    "heroku login",
                )),
        );
    }
    found
}

/// Without a keyring, another source is just as good. A locked keyring is a problem.
fn unreachable(facts: &Facts<'_>, why: &Unavailable) -> Finding {
    let notice = why.notice();
    let found = facts.answer.found.as_ref();
    let elsewhere = found.filter(|found| found.source != Source::Keyring);
    match elsewhere {
        Some(found) if why.proves_no_login() => Finding::pass(
            "keyring.access",
            format!("{}; the token is in {}", notice.what(), found.source),
        ),
        Some(_) => Finding::from_notice("keyring.access", Severity::Warn, &notice),
        None => {
            let severity = facts.severity_without_helper();
            let finding = Finding::from_notice("keyring.access", severity, &notice);
            if why.allows_netrc() {
                finding.with_details("without a keyring, login stores the token in netrc")
            } else {
                finding
            }
        }
    }
}

/// Several items of one account: the keyring program decides which of them is read.
pub(super) fn duplicates(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(listing) = &facts.listing else {
        return Vec::new();
    };
    let has_duplicates = |item: &&Item| {
        listing
            .duplicates
            .iter()
            .any(|other| other.account == item.account)
    };
    let first_items = listing.items.iter().filter(has_duplicates);
    first_items
        .map(|item| duplicates_of(item, listing, facts))
        .collect()
}

fn duplicates_of(first: &Item, listing: &Listing, facts: &Facts<'_>) -> Finding {
    let account = &first.account;
    let others = listing.duplicates.iter();
    let others = others.filter(|other| other.account == *account);
    let all: Vec<&Item> = std::iter::once(first).chain(others).collect();
    let count = all.len();
    let finding = Finding::warn(
        "keyring.duplicates",
        format!("the keyring has {count} items for {account}"),
    )
    .with_details("if one item is removed, an older token is used")
    .with_fix(Fix::command(
        "log in again, which leaves one item",
        "git credential-heroku-rs login",
    ));
    let is_rejected = |item: &Item| matches!(facts.status_of(&item.token), TokenStatus::Rejected);
    let kept = all
        .iter()
        .find(|item| !is_rejected(item))
        .unwrap_or(&all[0]);
    let is_idle = |item: &&Item| item.token == kept.token || is_rejected(item);
    if !all.iter().all(is_idle) {
        return finding;
    }
    let does = format!(
        "keep one of the {count} keyring items for {account}; the others are copies or rejected"
    );
    let undo = "not needed: the removed items have no use";
    let (account, first, kept) = (account.clone(), first.token.clone(), kept.token.clone());
    finding.with_repair(Repair::new(does, undo, move |context| {
        logins::leave_one(context, &account, &first, &kept)
    }))
}

/// Items that no program can use.
pub(super) fn unusable(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(listing) = &facts.listing else {
        return Vec::new();
    };
    let what = match listing.unusable {
        0 => return Vec::new(),
        1 => "1 keyring item of the service heroku-cli contains no token, or names no account"
            .to_owned(),
        count => format!(
            "{count} keyring items of the service heroku-cli contain no token, or name no account"
        ),
    };
    vec![
        Finding::warn("keyring.unusable-items", what)
            .with_fix("look for `heroku-cli` in your keyring program"),
    ]
}

/// A token that was pasted at git's prompt is stored under the user name that git gave, until Heroku has named
/// its account. A token stored under the email of another account is just as hard to find.
pub(super) fn names(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(listing) = &facts.listing else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in &listing.items {
        let owner = match facts.status_of(&item.token) {
            TokenStatus::Valid(info) => Some(info.email),
            TokenStatus::Rejected | TokenStatus::Unknown(_) | TokenStatus::NotAsked => None,
        };
        match (item.account.is_email(), owner) {
            (false, _) => found.push(unnamed(item)),
            (true, Some(owner)) if !same(&owner, &item.account) => {
                found.push(misnamed(item, &owner));
            }
            (true, _) => {}
        }
    }
    found
}

/// Heroku may spell an email with other letter case than the user did.
fn same(one: &Account, other: &Account) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

fn unnamed(item: &Item) -> Finding {
    let what = format!(
        "a token in the keyring is stored under {}, which is not an account",
        item.account
    );
    Finding::warn("keyring.no-account", what)
        .with_details("the token was pasted at git's prompt, and the Heroku CLI does not find it")
        .with_command("git credential-heroku-rs status")
}

fn misnamed(item: &Item, owner: &Account) -> Finding {
    let what = format!(
        "the token of {owner} is stored under {} in the keyring",
        item.account
    );
    Finding::warn("keyring.wrong-account", what)
        .with_details("Heroku decides by the token which account a push belongs to")
        .with_command("git credential-heroku-rs login")
}
