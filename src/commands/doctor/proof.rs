//! The proof: git itself is asked what it would push with, and whose answer that is.

use std::time::Duration;

use super::{Finding, Look, is_sent_by_git, shown};
use crate::git::{self, Filled, Setting};
use crate::logins::lookup::{Found, Source};

/// How long all helpers together may take: git itself would wait for ever.
fn limit(look: &Look<'_>) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(5);
    SHORTEST.max(5 * look.context.environment.keyring_limit)
}

pub(super) fn fill(look: &Look<'_>) -> Vec<Finding> {
    let filled = match git::fill(limit(look)) {
        Ok(filled) => filled,
        Err(why) => return vec![unanswered(look, why.what())],
    };
    let who = filled.by.as_deref().unwrap_or_default();
    let helper = look.helpers.iter().find(|helper| helper.command() == who);
    vec![match helper {
        Some(helper) if helper.starts_us() => ours(look, &filled),
        Some(helper) => theirs(look, &filled, helper),
        None => Finding::warn(
            "proof.answer",
            "git has an answer, and does not say whose it is",
        ),
    }]
}

/// Nobody answers: no login, or a setting in between.
fn unanswered(look: &Look<'_>, why: &str) -> Finding {
    let notice = look.answer.why_none();
    let finding = match &look.answer.found {
        Some(found) if found.source == Source::Netrc && is_sent_by_git(look) => {
            return Finding::pass("proof.answer", "git takes the token from netrc by itself");
        }
        Some(_) => Finding::fail("proof.answer", "git gets no token, though there is one")
            .because(format!("git says: {why}"))
            .with_advice("git credential-heroku-rs setup"),
        None => Finding::fail(
            "proof.answer",
            format!("git gets no token: {}", notice.what()),
        )
        .with_advice(notice.fix()),
    };
    match askpass(look) {
        Some(program) => {
            let why = format!("a push would ask by {program}");
            finding.because(why)
        }
        None => finding,
    }
}

/// Who would ask the person at a push.
fn askpass(look: &Look<'_>) -> Option<String> {
    let is_set = |name: &str| look.context.environment.remarkable.contains(&name);
    if is_set("GIT_ASKPASS") {
        return Some("the program in GIT_ASKPASS".to_owned());
    }
    if let Some(setting) = look.settings_of("core", "askpass").last() {
        return Some(format!("core.askPass in {}", setting.origin));
    }
    is_set("SSH_ASKPASS").then(|| "the program in SSH_ASKPASS".to_owned())
}

fn ours(look: &Look<'_>, filled: &Filled) -> Finding {
    let Some(token) = &filled.token else {
        return Finding::fail(
            "proof.answer",
            "git gets something from this program that is no token",
        );
    };
    let found = look
        .answer
        .found
        .as_ref()
        .filter(|found| found.token == *token);
    match found {
        Some(found) => Finding::pass(
            "proof.answer",
            format!(
                "git gets the token{} from heroku-rs, out of {}",
                of(found),
                found.source
            ),
        ),
        // `credential.username` and the like may ask for another account than the one in use.
        None => Finding::warn(
            "proof.answer",
            "git gets another token from heroku-rs than that of the account in use",
        )
        .because("a user name in git's settings asks for another account")
        .with_advice("look at: git config --show-origin --get-regexp '^credential.*username$'"),
    }
}

fn of(found: &Found) -> String {
    let account = found.account.as_ref();
    account
        .map(|account| format!(" of {account}"))
        .unwrap_or_default()
}

fn theirs(look: &Look<'_>, filled: &Filled, helper: &Setting) -> Finding {
    let who = shown(&helper.value);
    let same = |found: &Found| filled.token.as_ref() == Some(&found.token);
    let advice = "git credential-heroku-rs setup";
    match &look.answer.found {
        Some(found) if same(found) => Finding::warn(
            "proof.answer",
            format!(
                "git gets the right token, but from {who} ({})",
                helper.origin
            ),
        )
        .with_advice(advice),
        Some(_) => Finding::fail(
            "proof.answer",
            format!("git gets another password, from {who} ({})", helper.origin),
        )
        .because("it is not the token of the account in use")
        .with_advice(advice),
        None => Finding::warn(
            "proof.answer",
            format!("git gets a password from {who} ({})", helper.origin),
        )
        .because("this program has no token"),
    }
}
