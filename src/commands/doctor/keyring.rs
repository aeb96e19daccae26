//! The keyring: whether it can be asked, and whether what lies there is as both programs want it.

use super::{Finding, Fix, Look, Severity, Word};
use crate::account::Account;
use crate::context::Context;
use crate::hosts::{HerokuHost, Service};
use crate::keyring::{Item, Listing, Unavailable};
use crate::logins;
use crate::logins::lookup::Source;
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

pub(super) fn reachable(look: &Look<'_>) -> Vec<Finding> {
    let listing = match &look.listing {
        Ok(listing) => listing,
        Err(why) => return vec![unreachable(look, why)],
    };
    let accounts = listing.items.iter().filter(|item| item.account.is_email());
    let what = match accounts.count() {
        0 => "it is open, and has no login of Heroku's".to_owned(),
        1 => "it is open, and has the login of 1 account".to_owned(),
        many => format!("it is open, and has the logins of {many} accounts"),
    };
    vec![Finding::pass("keyring.open", what)]
}

/// On a machine without a keyring another source is as good; a locked one is not as it should be.
fn unreachable(look: &Look<'_>, why: &Unavailable) -> Finding {
    let notice = why.notice();
    let found = look.answer.found.as_ref();
    let elsewhere = found.filter(|found| found.source != Source::Keyring);
    match (why, elsewhere) {
        (Unavailable::NoKeyring(_), Some(found)) => Finding::pass(
            "keyring.open",
            format!("{}; the token is in {}", notice.what(), found.source),
        ),
        (_, Some(_)) => Finding::of_problem("keyring.open", Severity::Warn, &notice),
        (_, None) => Finding::of_problem("keyring.open", Severity::Fail, &notice),
    }
}

/// Several items of one account: which of them is served is the daemon's choice.
pub(super) fn duplicates(look: &Look<'_>) -> Vec<Finding> {
    let Ok(listing) = &look.listing else {
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
        .map(|item| doubled_item(item, listing, look))
        .collect()
}

fn doubled_item(first: &Item, listing: &Listing, look: &Look<'_>) -> Finding {
    let account = &first.account;
    let others = listing
        .duplicates
        .iter()
        .filter(|other| other.account == *account);
    let is_idle = |other: &Item| {
        other.token == first.token || matches!(look.heroku_says(&other.token), Word::Refused)
    };
    let are_idle = others.clone().all(is_idle);
    let count = others.count() + 1;
    let finding = Finding::warn(
        "keyring.duplicates",
        format!("there are {count} items of {account}"),
    )
    .because("once the first is gone an older token comes to light")
    .with_advice("log in again, which leaves one: git credential-heroku-rs login");
    if !are_idle {
        return finding;
    }
    let does =
        format!("keep one of the {count} items of {account}: the others are copies, or refused");
    let (account, token) = (account.clone(), first.token.clone());
    let undo = "not needed: what goes is a copy, or of no use";
    finding.fixed_by(Fix::new(does, undo, move |context| {
        logins::leave_one(context, &account, &token)
    }))
}

/// Items that no program can use.
pub(super) fn unusable(look: &Look<'_>) -> Vec<Finding> {
    let Ok(listing) = &look.listing else {
        return Vec::new();
    };
    match listing.unusable {
        0 => Vec::new(),
        count => vec![
            Finding::warn(
                "keyring.unusable",
                format!("{count} items under Heroku's name hold no token, or belong to no account"),
            )
            .with_advice("look for `heroku-cli` in your keyring program"),
        ],
    }
}

/// A token that was pasted at git's prompt lies under the user name that git gave, until Heroku has
/// said whose it is. One that lies under an email that is not its owner's is as lost.
pub(super) fn names(look: &Look<'_>) -> Vec<Finding> {
    let Ok(listing) = &look.listing else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in &listing.items {
        let owner = match look.heroku_says(&item.token) {
            Word::Good(info) => Some(info.email),
            Word::Refused | Word::Unknown(_) | Word::NotAsked => None,
        };
        match (item.account.is_email(), owner) {
            (false, owner) => found.push(unnamed(item, owner, look)),
            (true, Some(owner)) if !same(&owner, &item.account) => {
                found.push(misnamed(item, owner, look));
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

fn unnamed(item: &Item, owner: Option<Account>, look: &Look<'_>) -> Finding {
    let what = format!(
        "a token lies under the name {}, which is no account",
        item.account
    );
    let finding = Finding::warn("keyring.unnamed", what)
        .because("it was pasted at git's prompt; the Heroku CLI does not see it")
        .with_advice("git credential-heroku-rs status");
    finding.fixed_by(owner.and_then(|owner| renamed(item, owner, look)))
}

fn misnamed(item: &Item, owner: Account, look: &Look<'_>) -> Finding {
    let what = format!("the token of {owner} lies under the name {}", item.account);
    let finding = Finding::warn("keyring.misnamed", what)
        .because("Heroku says whose it is; a push goes out in that name")
        .with_advice("git credential-heroku-rs login");
    finding.fixed_by(renamed(item, owner, look))
}

/// Where the owner has a good token under the right name, nobody decides between the two.
fn renamed(item: &Item, owner: Account, look: &Look<'_>) -> Option<Fix> {
    let other = look.item_of(&owner).filter(|other| **other != item.token);
    let is_good = |other| !matches!(look.heroku_says(other), Word::Refused);
    if other.is_some_and(is_good) {
        return None;
    }
    let dead = other.cloned();
    let does = format!(
        "keep the token under {owner}, whose it is, in place of {}",
        item.account
    );
    let undo = "not needed: it is the same token, under its owner's name";
    let (old, token) = (item.account.clone(), item.token.clone());
    Some(Fix::new(does, undo, move |context| {
        let known = known_now(context, &owner, &token);
        logins::move_to_owner(context, &old, &owner, &token, dead.as_ref(), known).map(drop)
    }))
}

/// What is known of a token that Heroku has just taken, under its owner's name.
fn known_now(context: &Context, owner: &Account, token: &Token) -> TokenMetadata {
    let noted = token_metadata::about(&context.environment, token);
    let in_use = HerokuHost::in_sight(Service::Api, context.environment.heroku_host.as_deref());
    TokenMetadata {
        account: owner.to_string(),
        checked: Some(context.now()),
        ..noted.unwrap_or_else(|| TokenMetadata {
            heroku: Some(in_use.api_name()),
            ..TokenMetadata::new(owner, token)
        })
    }
}
