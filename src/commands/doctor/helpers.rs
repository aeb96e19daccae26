//! Whom git asks about Heroku, in which order, and who else is told the token.

use std::path::Path;

use super::{Facts, Finding, Repair, Severity, found_by_git, is_sent_by_git};
use crate::account::Account;
use crate::commands::our_helper;
use crate::git::{HEROKU_HELPER, Kin, Scope, Setting};

/// What the Heroku CLI writes before every command, where it can.
const CLI: &str = "!heroku git:credentials";

/// Who is asked, who is told.
pub(super) fn order(facts: &Facts<'_>) -> Vec<Finding> {
    if let Err(notice) = &facts.settings {
        return vec![Finding::from_notice("git.config", Severity::Fail, notice)];
    }
    if let Err(notice) = &facts.remotes {
        return vec![Finding::from_notice(
            "git.repository",
            Severity::Fail,
            notice,
        )];
    }
    let kins: Vec<Kin> = facts.helpers.iter().map(Setting::kin).collect();
    let first = kins.iter().position(|kin| *kin == Kin::Us);
    let others = |range: &[Setting]| -> Vec<Setting> {
        let strangers = range.iter().filter(|helper| helper.kin() == Kin::Stranger);
        strangers.cloned().collect()
    };
    let mut found = match first {
        None => not_asked(facts),
        Some(at) => {
            let before = others(&facts.helpers[..at]);
            let mut found: Vec<Finding> =
                before.iter().map(|other| shadowed(other, facts)).collect();
            let after = others(&facts.helpers[at + 1..]);
            found.extend(after.iter().map(|other| told_too(other, facts)));
            found
        }
    };
    if kins.iter().filter(|kin| **kin == Kin::Us).count() > 1 {
        let finding = Finding::warn(
            "git.duplicate-helper",
            "git asks this program twice about Heroku",
        )
        .because("each push starts it once more for nothing")
        .with_advice("git credential-heroku-rs setup");
        found.push(finding.with_repair(set_up(Scope::Global, facts)));
    }
    if first.is_some() && found.is_empty() {
        found.push(fragile(facts).unwrap_or_else(|| {
            Finding::pass(
                "git.helper",
                "git asks heroku-rs alone about git.heroku.com",
            )
        }));
    }
    found
}

fn not_asked(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.helpers.iter().any(Setting::means_us) {
        return Vec::new();
    }
    let finding = match facts.helpers.as_slice() {
        [] => nobody(facts),
        [.., last] if last.value == CLI => Finding::fail(
            "git.heroku-cli-helper",
            "git asks the Heroku CLI, and not this program",
        )
        .because("its logout removes every helper for Heroku, and its next command adds its own"),
        helpers => {
            let names: Vec<String> = helpers.iter().map(|one| described(one, facts)).collect();
            let names = names.join(", ");
            let what = format!("git does not ask this program about Heroku, but {names}");
            Finding::fail("git.not-configured", what)
        }
    };
    let finding = finding.with_advice("git credential-heroku-rs setup");
    vec![finding.with_repair(set_up(Scope::Global, facts))]
}

/// Without a helper git takes what stands in netrc, and asks the person else.
fn nobody(facts: &Facts<'_>) -> Finding {
    let (id, what) = ("git.no-helper", "git asks no helper about Heroku");
    if is_sent_by_git(facts) {
        Finding::warn(id, what).because("it takes what stands in netrc, and nothing else")
    } else {
        Finding::fail(id, what).because("it asks you at every push")
    }
}

/// A helper, its place, and whether there is such a program.
fn described(helper: &Setting, facts: &Facts<'_>) -> String {
    let mut text = format!(
        "{} ({} {})",
        helper.shown_value(),
        helper.scope,
        helper.origin
    );
    if is_missing(helper, facts) {
        text.push_str(", which is not installed");
    }
    text
}

fn is_missing(helper: &Setting, facts: &Facts<'_>) -> bool {
    let words = helper.words();
    match words.as_slice() {
        _ if helper.value.starts_with('!') => false,
        [program, ..] if Path::new(program).is_absolute() => !Path::new(program).exists(),
        [_, name, ..] => found_by_git(facts, &format!("git-{name}")).is_empty(),
        _ => true,
    }
}

fn shadowed(other: &Setting, facts: &Facts<'_>) -> Finding {
    let what = format!("git asks {} before this program", described(other, facts));
    let why = if is_missing(other, facts) {
        "git complains about it at every push"
    } else {
        "what it answers is taken, and it is told every token that worked"
    };
    silenced(
        Finding::fail("git.helper-before", what).because(why),
        other,
        facts,
    )
}

fn told_too(other: &Setting, facts: &Facts<'_>) -> Finding {
    let what = format!("git tells {} the token too", described(other, facts));
    let why = "git hands a password that worked to every helper, and some keep it in plain text";
    silenced(
        Finding::warn("git.other-helpers", what).because(why),
        other,
        facts,
    )
}

/// Values that mean this program, and that git does not find it by.
pub(super) fn spelling(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for helper in &facts.helpers {
        let (id, why) = match helper.kin() {
            Kin::Us | Kin::Stranger => continue,
            Kin::Misspelled => (
                "git.misspelled-helper",
                "git would run a command that does not exist",
            ),
            Kin::Stale => ("git.missing-helper", "there is no such file"),
        };
        let (value, origin) = (helper.shown_value(), &helper.origin);
        let what = format!("the helper {value} in {origin} does not start this program");
        found.push(
            Finding::fail(id, what)
                .because(why)
                .with_advice(helper.silencer())
                .with_repair(set_up_over(helper, facts)),
        );
    }
    found
}

/// The reset that silences a helper has to come after it: in the same file, or in a later one.
fn silenced(finding: Finding, other: &Setting, facts: &Facts<'_>) -> Finding {
    finding
        .with_advice(other.silencer())
        .with_repair(set_up_over(other, facts))
}

/// Runs `setup` in the scope of another helper's setting; none if that scope is not ours to change.
pub(super) fn set_up_over(helper: &Setting, facts: &Facts<'_>) -> Option<Repair> {
    match helper.scope.as_str() {
        "system" | "global" => set_up(Scope::Global, facts),
        "local" => set_up(Scope::Local, facts),
        _ => None,
    }
}

/// The Heroku CLI writes its own helper over a single value, and beside none.
fn fragile(facts: &Facts<'_>) -> Option<Finding> {
    let has_cli = facts.context.environment.has_program("heroku");
    let values = facts.settings.as_deref().unwrap_or_default().iter();
    let values: Vec<&str> = values
        .filter(|one| one.key == HEROKU_HELPER && one.scope == "global")
        .map(|one| one.value.as_str())
        .collect();
    let stands = values.len() > 1 || values.last() == Some(&CLI);
    if !has_cli || stands {
        return None;
    }
    let what = "the next command of the Heroku CLI adds its own helper for Heroku";
    let finding = Finding::warn("git.single-value", what)
        .because("it does so unless the key has two values, the blank reset and ours")
        .with_advice("git credential-heroku-rs setup");
    Some(finding.with_repair(set_up(Scope::Global, facts)))
}

fn set_up(scope: Scope, facts: &Facts<'_>) -> Option<Repair> {
    let helper = our_helper(facts.context).ok()?;
    let does = format!("make git ask heroku-rs alone about git.heroku.com, in {scope}");
    let undo = match scope {
        Scope::Global => "git credential-heroku-rs unsetup",
        Scope::Local => "git credential-heroku-rs unsetup --local",
    };
    Some(Repair::new(does, undo, move |context| {
        let done = context.git().set_up(scope, &helper, &context.environment);
        done.map(drop)
    }))
}

/// A user name that makes git ask for an account which has no token here.
pub(super) fn user_names(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for setting in facts.settings_of("credential", "username") {
        let account = Account::parse(&setting.value).filter(Account::is_email);
        let (Some(account), true) = (account, setting.covers_heroku()) else {
            continue;
        };
        let is_known = facts.item_of(&account).is_some()
            || facts
                .answer
                .found
                .as_ref()
                .is_some_and(|found| found.account.as_ref() == Some(&account));
        if is_known || facts.listing.is_err() {
            continue;
        }
        let what = format!(
            "git asks for the token of {account} ({}), and there is none here",
            setting.origin
        );
        found.push(
            Finding::fail("git.username", what)
                .because("a user name that is an email means that account and no other")
                .with_advice(setting.change_command("--unset-all", None, facts.home())),
        );
    }
    found
}
