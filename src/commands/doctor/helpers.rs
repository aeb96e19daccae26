//! The credential helpers that git uses for Heroku: their order, their spelling, and which other helper gets
//! the token.

use std::path::Path;

use super::netrc::GitEntry;
use super::{Facts, Finding, Repair, Severity, found_by_git, netrc};
use crate::account::Account;
use crate::commands::our_helper;
use crate::git::{HEROKU_HELPER, HelperKind, Scope, Setting};

/// The value that the Heroku CLI writes before every command, if it can.
const CLI: &str = "!heroku git:credentials";

/// How many helpers are named in one line.
const MOST_NAMED: usize = 5;

/// The helpers before ours, ours, and the helpers after it.
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
    let kinds: Vec<HelperKind> = facts.helpers.iter().map(Setting::kind).collect();
    let first = kinds
        .iter()
        .position(|kind| *kind == HelperKind::ThisProgram);
    let others = |range: &[Setting]| -> Vec<Setting> {
        let strangers = range
            .iter()
            .filter(|helper| helper.kind() == HelperKind::Other);
        strangers.cloned().collect()
    };
    let mut found = match first {
        None => not_asked(facts),
        Some(at) => {
            let before = others(&facts.helpers[..at]);
            let mut found: Vec<Finding> =
                before.iter().map(|other| shadowed(other, facts)).collect();
            let after = others(&facts.helpers[at + 1..]);
            found.extend(after.iter().map(|other| also_gets_the_token(other, facts)));
            found
        }
    };
    if kinds
        .iter()
        .filter(|kind| **kind == HelperKind::ThisProgram)
        .count()
        > 1
    {
        let finding = Finding::warn(
            "git.duplicate-helper",
            "git starts heroku-rs twice for git.heroku.com",
        )
        .with_details("the second start of the program has no use")
        .with_command("git credential-heroku-rs setup");
        found.push(finding.with_repair(set_up(Scope::Global, facts)));
    }
    if first.is_some() && found.is_empty() {
        found.push(single_value(facts).unwrap_or_else(|| {
            Finding::pass("git.helper", "git uses only heroku-rs for git.heroku.com")
        }));
    }
    found
}

fn not_asked(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.helpers.iter().any(Setting::means_us) {
        return Vec::new();
    }
    let severity = facts.severity_without_helper();
    let finding = match facts.helpers.as_slice() {
        [] => no_helper(facts),
        [.., last] if last.value == CLI => Finding::new(
            "git.heroku-cli-helper",
            severity,
            "git uses the Heroku CLI's helper instead of heroku-rs",
        )
        .with_details("`heroku logout` removes every helper for Heroku, and the next `heroku` command adds the CLI's"),
        helpers => {
            let shown = helpers.iter().take(MOST_NAMED);
            let mut names: Vec<String> = shown.map(|one| described(one, facts)).collect();
            if helpers.len() > MOST_NAMED {
                names.push(format!("and {} more", helpers.len() - MOST_NAMED));
            }
            let names = names.join(", ");
            let what = format!("git uses {names} instead of heroku-rs for git.heroku.com");
            Finding::new("git.not-configured", severity, what)
        }
    };
    let finding = finding.with_command("git credential-heroku-rs setup");
    vec![finding.with_repair(set_up(Scope::Global, facts))]
}

/// Without a helper, git sends the entry in netrc, or else asks the user.
fn no_helper(facts: &Facts<'_>) -> Finding {
    let what = "git has no credential helper for git.heroku.com";
    let details = match netrc::git_entry(facts) {
        GitEntry::Token(_) => "git only sends the entry in netrc",
        GitEntry::Absent | GitEntry::Unreadable => "git asks you for a password at every push",
    };
    Finding::new("git.no-helper", facts.severity_without_helper(), what).with_details(details)
}

/// A helper, where it is set, and whether its program exists.
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
    let what = format!("git asks {} before heroku-rs", described(other, facts));
    let why = if is_missing(other, facts) {
        "git prints an error about that helper at every push"
    } else {
        "git uses that helper's answer, and gives it every password that worked"
    };
    with_reset(
        Finding::warn("git.helper-before", what).with_details(why),
        other,
        facts,
    )
}

fn also_gets_the_token(other: &Setting, facts: &Facts<'_>) -> Finding {
    let what = format!("git also gives the token to {}", described(other, facts));
    let why =
        "git gives a password that worked to every helper, and some helpers store it in plain text";
    with_reset(
        Finding::warn("git.other-helpers", what).with_details(why),
        other,
        facts,
    )
}

/// Values that mean this program but do not start it.
pub(super) fn spelling(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for helper in &facts.helpers {
        let (id, why) = match helper.kind() {
            HelperKind::ThisProgram | HelperKind::Other => continue,
            HelperKind::Misspelled => (
                "git.misspelled-helper",
                "git would run a command that does not exist",
            ),
            HelperKind::Missing => ("git.missing-helper", "the file does not exist"),
        };
        let (value, origin) = (helper.shown_value(), &helper.origin);
        let what = format!("the helper {value} in {origin} does not start heroku-rs");
        found.push(
            Finding::new(id, facts.severity_without_helper(), what)
                .with_details(why)
                .with_fix(helper.silencer())
                .with_repair(set_up_over(helper, facts)),
        );
    }
    found
}

/// The reset that disables a helper must come after it: in the same file, or in a later one.
fn with_reset(finding: Finding, other: &Setting, facts: &Facts<'_>) -> Finding {
    finding
        .with_fix(other.silencer())
        .with_repair(set_up_over(other, facts))
}

/// Runs `setup` in the scope of another helper's setting; none if `setup` cannot write to that scope.
pub(super) fn set_up_over(helper: &Setting, facts: &Facts<'_>) -> Option<Repair> {
    match helper.scope.as_str() {
        "system" | "global" => set_up(Scope::Global, facts),
        "local" => set_up(Scope::Local, facts),
        _ => None,
    }
}

/// The Heroku CLI replaces a single value by its own helper, and adds its helper if there is none.
fn single_value(facts: &Facts<'_>) -> Option<Finding> {
    let has_cli = facts.context.environment.has_program("heroku");
    let values = facts.settings.as_deref().unwrap_or_default().iter();
    let values: Vec<&str> = values
        .filter(|one| one.key == HEROKU_HELPER && one.scope == "global")
        .map(|one| one.value.as_str())
        .collect();
    let is_kept = values.len() > 1 || values.last() == Some(&CLI);
    if !has_cli || is_kept {
        return None;
    }
    let what = "the Heroku CLI will add its own helper at its next command";
    let finding = Finding::warn("git.single-value", what)
        .with_details("the Heroku CLI only keeps a setting with two values: an empty one and ours")
        .with_command("git credential-heroku-rs setup");
    Some(finding.with_repair(set_up(Scope::Global, facts)))
}

fn set_up(scope: Scope, facts: &Facts<'_>) -> Option<Repair> {
    let helper = our_helper(facts.context).ok()?;
    let does = format!("configure git to use only heroku-rs for git.heroku.com, in {scope}");
    let undo = match scope {
        Scope::Global => "git credential-heroku-rs unsetup",
        Scope::Local => "git credential-heroku-rs unsetup --local",
    };
    Some(Repair::new(does, undo, move |context| {
        let done = context.git().set_up(scope, &helper, &context.environment);
        done.map(drop)
    }))
}

/// A user name in git's settings that names an account without a token.
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
            "{} in {} names {account}, which is not logged in",
            setting.key, setting.origin
        );
        found.push(
            Finding::new("git.username", facts.severity_without_helper(), what)
                .with_details("a user name that is an email selects exactly that account")
                .with_fix(setting.change_command("--unset-all", None, facts.home())),
        );
    }
    found
}
