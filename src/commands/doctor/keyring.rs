//! The keyring: whether it can be read, and whether its items are as the Heroku CLI and this program need them.

use super::report::counted;
use super::{Facts, Findings, Repair, Severity};
use crate::account::{Account, Verdict};
use crate::keyring::{Item, Unavailable};
use crate::logins;
use crate::notice::{Command, Fix};
use crate::token::Token;

pub(super) fn access(facts: &Facts<'_>, found: &mut Findings) {
    let listing = match &facts.listing {
        Ok(listing) => listing,
        Err(why) => return unreadable(why, facts, found),
    };
    let accounts = listing.items.iter().filter(|item| item.account.is_email());
    let accounts = counted(accounts.count(), "Heroku account");
    found.pass(format!("the keyring is unlocked, with {accounts}"));
    if let Some(lock) = listing.locked {
        found
            .notice(Severity::Warn, &Unavailable::Locked(lock).notice())
            .details("the locked part may contain more tokens");
    }
}

/// Without a keyring, another source is just as good. A locked keyring is a problem.
fn unreadable(why: &Unavailable, facts: &Facts<'_>, found: &mut Findings) {
    let notice = why.notice();
    if let (Some(active), true) = (&facts.answer.found, why.proves_no_login()) {
        let (what, source) = (notice.what(), active.source);
        return found.pass(format!("{what}; the token is in {source}"));
    }
    let finding = found.notice(facts.severity_without_helper(), &notice);
    if why.allows_netrc() {
        finding.details("without a keyring, login stores the token in netrc");
    }
}

/// Several items of one account: the keyring program decides which of them is read.
pub(super) fn duplicates(facts: &Facts<'_>, found: &mut Findings) {
    let Ok(listing) = &facts.listing else {
        return;
    };
    for first in &listing.items {
        let account = &first.account;
        let items = std::iter::once(first).chain(&listing.duplicates);
        let items = items.filter(|item| item.account == *account);
        let tokens: Vec<&Token> = items.map(|item| &item.token).collect();
        let count = tokens.len();
        if count == 1 {
            continue;
        }
        let purpose = "log in again, which leaves one item";
        let finding = found.warn(format!("the keyring has {count} items for {account}"));
        finding
            .details("if one item is removed, an older token is used")
            .fix(Fix::command(purpose, "git credential-heroku-rs login"));
        let valid = tokens.iter().find(|token| !facts.is_rejected(token));
        let kept = *valid.unwrap_or(&tokens[0]);
        let is_idle = |token: &&Token| *token == kept || facts.is_rejected(token);
        if tokens.iter().all(is_idle) {
            let (name, first, kept) = (account.clone(), first.token.clone(), kept.clone());
            finding.repair(Repair {
                change: format!(
                    "keep one of the {count} keyring items for {account}; the others are copies or rejected"
                ),
                undo: "not needed: the removed items have no use".to_owned(),
                apply: Box::new(move |context| logins::leave_one(context, &name, &first, &kept)),
            });
        }
    }
}

/// A token that was pasted at git's prompt is stored under the user name that git gave, until Heroku has named
/// its account.
pub(super) fn names(facts: &Facts<'_>, found: &mut Findings) {
    let items = || facts.listing.iter().flat_map(|listing| &listing.items);
    for Item { account, token } in items().filter(|item| !item.account.is_email()) {
        let what =
            format!("a token in the keyring is stored under {account}, which is not an account");
        let finding = found.warn(what);
        let logout = || Command::new("git credential-heroku-rs logout").arg(account.as_str());
        // `status` stores a valid token under its own account, unless that has another one.
        let has_another = |owner: &Account| {
            let mut others = items().filter(|item| item.account == *owner && item.token != *token);
            others.any(|item| !facts.is_rejected(&item.token))
        };
        match facts.verdict(token) {
            Some(Verdict::Rejected) => finding
                .details("Heroku rejects this token")
                .fix(Fix::command("remove it", logout())),
            Some(Verdict::Accepted(Ok(owner))) if has_another(&owner) => finding
                .details("its account has another valid token")
                .fix(Fix::command("revoke and remove this one", logout())),
            _ => finding
                .details(
                    "the token was pasted at git's prompt, and the Heroku CLI does not find it",
                )
                .fix(Command::new("git credential-heroku-rs status")),
        };
    }
}
