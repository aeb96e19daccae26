//! The keyring: whether it can be asked, and whether what lies there is as both programs want it.

use super::{Facts, Finding, Repair, Severity, TokenStatus};
use crate::account::Account;
use crate::keyring::{Item, Listing, Unavailable};
use crate::logins;
use crate::logins::lookup::Source;

pub(super) fn reachable(facts: &Facts<'_>) -> Vec<Finding> {
    let listing = match &facts.listing {
        Ok(listing) => listing,
        Err(why) => return vec![unreachable(facts, why)],
    };
    let accounts = listing.items.iter().filter(|item| item.account.is_email());
    let what = match accounts.count() {
        0 => "it is open, and has no login of Heroku's".to_owned(),
        1 => "it is open, and has the login of 1 account".to_owned(),
        many => format!("it is open, and has the logins of {many} accounts"),
    };
    let mut found = vec![Finding::pass("keyring.access", what)];
    if let Some(lock) = listing.locked {
        let notice = Unavailable::Locked(lock).notice();
        let part = Finding::from_notice("keyring.partly-locked", Severity::Warn, &notice);
        found.push(
            part.because("it may have further logins, and nothing is concluded without them"),
        );
    }
    if !facts.context.keyring().is_shared() {
        let what = "it is Credential Manager, where the Heroku CLI does not look";
        found.push(
            Finding::warn("keyring.not-shared", what)
                .because("this Windows has no PasswordVault")
                .with_advice("log in with the Heroku CLI, too: heroku login"),
        );
    }
    found
}

/// On a machine without a keyring another source is as good; a locked one is not as it should be.
fn unreachable(facts: &Facts<'_>, why: &Unavailable) -> Finding {
    let notice = why.notice();
    let found = facts.answer.found.as_ref();
    let elsewhere = found.filter(|found| found.source != Source::Keyring);
    match elsewhere {
        Some(found) if why.has_no_place() => Finding::pass(
            "keyring.access",
            format!("{}; the token is in {}", notice.what(), found.source),
        ),
        Some(_) => Finding::from_notice("keyring.access", Severity::Warn, &notice),
        None => Finding::from_notice("keyring.access", Severity::Fail, &notice),
    }
}

/// Several items of one account: which of them is served is the daemon's choice.
pub(super) fn duplicates(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(listing) = &facts.listing else {
        return Vec::new();
    };
    let is_doubled = |item: &&Item| {
        listing
            .duplicates
            .iter()
            .any(|other| other.account == item.account)
    };
    let doubled = listing.items.iter().filter(is_doubled);
    doubled
        .map(|item| doubled_item(item, listing, facts))
        .collect()
}

fn doubled_item(first: &Item, listing: &Listing, facts: &Facts<'_>) -> Finding {
    let account = &first.account;
    let others = listing.duplicates.iter();
    let others = others.filter(|other| other.account == *account);
    let all: Vec<&Item> = std::iter::once(first).chain(others).collect();
    let count = all.len();
    let finding = Finding::warn(
        "keyring.duplicates",
        format!("there are {count} items of {account}"),
    )
    .because("if the first is removed, an older token takes its place")
    .with_advice("log in again, which leaves one: git credential-heroku-rs login");
    let is_rejected = |item: &Item| matches!(facts.status_of(&item.token), TokenStatus::Rejected);
    let kept = all
        .iter()
        .find(|item| !is_rejected(item))
        .unwrap_or(&all[0]);
    let is_idle = |item: &&Item| item.token == kept.token || is_rejected(item);
    if !all.iter().all(is_idle) {
        return finding;
    }
    let does =
        format!("keep one of the {count} items of {account}: the others are copies, or rejected");
    let undo = "not needed: the others are of no use";
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
    match listing.unusable {
        0 => Vec::new(),
        count => vec![
            Finding::warn(
                "keyring.unusable-items",
                format!("{count} items under Heroku's name hold no token, or belong to no account"),
            )
            .with_advice("look for `heroku-cli` in your keyring program"),
        ],
    }
}

/// A token that was pasted at git's prompt lies under the user name that git gave, until Heroku has
/// said whose it is. One that lies under an email that is not its owner's is as lost.
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

/// Heroku may spell an email in other letters than the person did.
fn same(one: &Account, other: &Account) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

fn unnamed(item: &Item) -> Finding {
    let what = format!(
        "a token lies under the name {}, which is no account",
        item.account
    );
    Finding::warn("keyring.no-account", what)
        .because("it was pasted at git's prompt; the Heroku CLI does not see it")
        .with_advice("git credential-heroku-rs status")
}

fn misnamed(item: &Item, owner: &Account) -> Finding {
    let what = format!("the token of {owner} lies under the name {}", item.account);
    Finding::warn("keyring.wrong-account", what)
        .because("Heroku says which account it belongs to; pushes are made in that name")
        .with_advice("git credential-heroku-rs login")
}
