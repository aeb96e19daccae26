//! Whom git asks about Heroku, in which order, and who else is told the token.

use std::fmt::Write as _;
use std::path::Path;

use super::{Finding, Fix, Look, Severity, found_by_git, is_sent_by_git};
use crate::commands::our_helper;
use crate::credential::Account;
use crate::git_config::{self, HEROKU_HELPER, OUR_NAME, Scope, Setting};

const PROGRAM: &str = "git-credential-heroku-rs";

/// What the Heroku CLI writes before every command, where it can.
const CLI: &str = "!heroku git:credentials";

/// What a helper value is to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    /// It starts this program.
    Us,
    /// It means this program, and git does not find it that way.
    Misspelled,
    /// It means this program, in a place where it is no longer.
    Stale,
    Stranger,
}

fn kin(value: &str) -> Kin {
    let is_shell = value.starts_with('!');
    let first = first_word(value.trim_start_matches('!'));
    let name = first.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let plain = plain.strip_suffix(".exe").unwrap_or(&plain);
    let means_us = [PROGRAM, "credential-heroku-rs", OUR_NAME, "herokurs"].contains(&plain);
    match means_us {
        false => Kin::Stranger,
        true if Path::new(&first).is_absolute() => match Path::new(&first).is_file() {
            true => Kin::Us,
            false => Kin::Stale,
        },
        // The shell expands a tilde and looks along PATH; git by itself does neither.
        true if is_shell && (name == PROGRAM || first.starts_with('~')) => Kin::Us,
        true if !is_shell && first == OUR_NAME => Kin::Us,
        true => Kin::Misspelled,
    }
}

/// The first word of a command, as a shell would read it.
fn first_word(command: &str) -> String {
    match command.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let rest = &command[1..];
            rest[..rest.find(quote).unwrap_or(rest.len())].to_owned()
        }
        _ => command
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// A helper as it is told: of a piece of shell only as much as can hold no secret.
pub(super) fn shown(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!/._-:~ ".contains(c);
    match value.find(|c| !plain(c)) {
        None => format!("`{value}`"),
        Some(end) => format!("`{}…`", &value[..end]),
    }
}

/// Values that mean this program, and that git does not find it by.
pub(super) fn spelling(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for helper in &look.helpers {
        let (id, why) = match kin(&helper.value) {
            Kin::Us | Kin::Stranger => continue,
            Kin::Misspelled => (
                "git.misspelled",
                "git makes the name of a command of it that there is not",
            ),
            Kin::Stale => ("git.stale-path", "there is no such file"),
        };
        let place = &helper.origin;
        let what = format!(
            "the helper {} in {place} does not start this program",
            shown(&helper.value)
        );
        let fix = rewritten(helper, look);
        let mend = match &fix {
            Some(_) => "git credential-heroku-rs doctor --fix",
            None => "git credential-heroku-rs setup",
        };
        found.push(
            Finding::fail(id, what)
                .because(why)
                .mended_by(mend)
                .fixed_by(fix),
        );
    }
    found
}

fn rewritten(helper: &Setting, look: &Look<'_>) -> Option<Fix> {
    let ours = our_helper(look.environment).ok()?;
    if !helper.is_changeable() {
        return None;
    }
    let does = format!(
        "write {} in place of {} in {}",
        shown(&ours),
        shown(&helper.value),
        helper.origin
    );
    let undo = git_config::undone_by_replacing(helper, &ours);
    let helper = helper.clone();
    Some(Fix::new(does, undo, move |_| {
        git_config::replace(&helper, &ours)
    }))
}

/// Who is asked, who is told.
pub(super) fn order(look: &Look<'_>) -> Vec<Finding> {
    if let Err(problem) = &look.settings {
        return vec![Finding::of_problem("git.config", Severity::Fail, problem)];
    }
    let kins: Vec<Kin> = look
        .helpers
        .iter()
        .map(|helper| kin(&helper.value))
        .collect();
    let first = kins.iter().position(|kin| *kin == Kin::Us);
    let others = |range: &[Setting]| -> Vec<Setting> {
        let strangers = range
            .iter()
            .filter(|helper| kin(&helper.value) == Kin::Stranger);
        strangers.cloned().collect()
    };
    let mut found = match first {
        None => not_asked(look),
        Some(at) => {
            let before = others(&look.helpers[..at]);
            let mut found: Vec<Finding> =
                before.iter().map(|other| shadowed(other, look)).collect();
            let after = others(&look.helpers[at + 1..]);
            found.extend(after.iter().map(|other| told_too(other, look)));
            found
        }
    };
    if kins.iter().filter(|kin| **kin == Kin::Us).count() > 1 {
        let finding = Finding::warn("git.twice", "git asks this program twice about Heroku")
            .because("each push starts it once more for nothing")
            .mended_by("git credential-heroku-rs setup");
        found.push(finding.fixed_by(set_up(Scope::Global, look)));
    }
    if first.is_some() && found.is_empty() {
        found.push(fragile(look).unwrap_or_else(|| {
            Finding::pass(
                "git.helper",
                "git asks heroku-rs alone about git.heroku.com",
            )
        }));
    }
    found
}

fn not_asked(look: &Look<'_>) -> Vec<Finding> {
    let is_misspelled = |helper: &Setting| kin(&helper.value) != Kin::Stranger;
    if look.helpers.iter().any(is_misspelled) {
        return Vec::new();
    }
    let finding = match look.helpers.as_slice() {
        [] if is_sent_by_git(look) => Finding::warn("git.no-helper", "git asks no helper about Heroku")
            .because("it takes what stands in netrc, and nothing else"),
        [] => Finding::fail("git.no-helper", "git asks no helper about Heroku")
            .because("it asks you at every push"),
        [.., last] if last.value == CLI => {
            Finding::fail("git.cli-instead", "git asks the Heroku CLI, and not this program")
                .because("`heroku logout` removes this program from git's helpers, and the next command adds the CLI")
        }
        helpers => {
            let names: Vec<String> = helpers.iter().map(|one| described(one, look)).collect();
            let what = format!("git does not ask this program about Heroku, but {}", names.join(", "));
            Finding::fail("git.not-asked", what)
        }
    };
    let finding = finding.mended_by("git credential-heroku-rs setup");
    vec![finding.fixed_by(set_up(Scope::Global, look))]
}

/// A helper, its place, and whether there is such a program.
fn described(helper: &Setting, look: &Look<'_>) -> String {
    let mut text = format!(
        "{} ({} {})",
        shown(&helper.value),
        helper.scope,
        helper.origin
    );
    if is_missing(helper, look) {
        text.push_str(", which is not installed");
    }
    text
}

fn is_missing(helper: &Setting, look: &Look<'_>) -> bool {
    let first = first_word(&helper.value);
    match helper.value.starts_with('!') {
        true => false,
        false if Path::new(&first).is_absolute() => !Path::new(&first).exists(),
        false => found_by_git(look, &format!("git-credential-{first}")).is_empty(),
    }
}

fn shadowed(other: &Setting, look: &Look<'_>) -> Finding {
    let what = format!("git asks {} before this program", described(other, look));
    let why = match is_missing(other, look) {
        true => "git complains about it at every push",
        false => "what it answers is taken, and it is told every token that worked",
    };
    silenced(
        Finding::fail("git.shadowed", what).because(why),
        other,
        look,
    )
}

fn told_too(other: &Setting, look: &Look<'_>) -> Finding {
    let what = format!("git tells {} the token too", described(other, look));
    let why = "git hands a password that worked to every helper, and some keep it in plain text";
    silenced(
        Finding::warn("git.told-too", what).because(why),
        other,
        look,
    )
}

/// The reset that silences a helper has to stand below it: in the same file, or in a later one.
fn silenced(finding: Finding, other: &Setting, look: &Look<'_>) -> Finding {
    match other.scope.as_str() {
        "system" | "global" => finding
            .mended_by("git credential-heroku-rs setup")
            .fixed_by(set_up(Scope::Global, look)),
        "local" => finding
            .mended_by("git credential-heroku-rs setup --local")
            .fixed_by(set_up(Scope::Local, look)),
        _ => finding.mended_by(format!("take it out of {}", other.origin)),
    }
}

/// The Heroku CLI writes its own helper over a single value, and beside none.
fn fragile(look: &Look<'_>) -> Option<Finding> {
    let has_cli = look.environment.has_program("heroku");
    let values = look.settings.as_deref().unwrap_or_default().iter();
    let values: Vec<&str> = values
        .filter(|one| one.key == HEROKU_HELPER && one.scope == "global")
        .map(|one| one.value.as_str())
        .collect();
    let stands = values.len() > 1 || values.last() == Some(&CLI);
    if !has_cli || stands {
        return None;
    }
    let what = "the next command of the Heroku CLI adds its own helper for Heroku";
    let finding = Finding::warn("git.fragile", what)
        .because("it does so unless the key has two values, the blank reset and ours")
        .mended_by("git credential-heroku-rs setup");
    Some(finding.fixed_by(set_up(Scope::Global, look)))
}

fn set_up(scope: Scope, look: &Look<'_>) -> Option<Fix> {
    let helper = our_helper(look.environment).ok()?;
    let (flag, word) = match scope {
        Scope::Global => ("", "global"),
        Scope::Local => (" --local", "local"),
    };
    let does = format!("make git ask heroku-rs alone about git.heroku.com, in {scope}");
    let mut undo = format!("git credential-heroku-rs unsetup{flag}");
    let values = look.settings.as_deref().unwrap_or_default().iter();
    // What `setup` takes away on the way: our own values, where they stood otherwise.
    for old in values.filter(|one| one.key == HEROKU_HELPER && one.scope == word && one.is_ours()) {
        let _ = write!(undo, "; {}", git_config::undone_by(old));
    }
    Some(Fix::new(does, undo, move |_| {
        git_config::set_up(scope, &helper).map(drop)
    }))
}

/// A user name that makes git ask for an account which has no token here.
pub(super) fn user_names(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for setting in look.settings_of("credential", "username") {
        let account = Account::parse(&setting.value).filter(Account::is_email);
        let (Some(account), true) = (account, git_config::covers_heroku(&setting.key)) else {
            continue;
        };
        let is_known = look.item_of(&account).is_some()
            || look
                .answer
                .found
                .as_ref()
                .is_some_and(|found| found.account.as_ref() == Some(&account));
        if is_known || look.listing.is_err() {
            continue;
        }
        let what = format!(
            "git asks for the token of {account} ({}), and there is none here",
            setting.origin
        );
        found.push(
            Finding::fail("git.user-name", what)
                .because("a user name that is an email means that account and no other")
                .mended_by("git credential-heroku-rs login, as that account")
                .fixed_by(removed(setting)),
        );
    }
    found
}

/// Takes a setting out, where it is the user's own.
pub(super) fn removed(setting: &Setting) -> Option<Fix> {
    if !setting.is_changeable() {
        return None;
    }
    let does = format!("remove {} from {}", setting.key, setting.origin);
    let undo = git_config::undone_by(setting);
    let setting = setting.clone();
    Some(Fix::new(does, undo, move |_| git_config::remove(&setting)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_us_is_told_from_what_starts_us() {
        for (value, expected) in [
            ("heroku-rs", Kin::Us),
            ("!git-credential-heroku-rs", Kin::Us),
            ("!~/bin/git-credential-heroku-rs", Kin::Us),
            ("git-credential-heroku-rs", Kin::Misspelled),
            ("heroku_rs", Kin::Misspelled),
            ("Heroku-RS", Kin::Misspelled),
            ("~/bin/git-credential-heroku-rs", Kin::Misspelled),
            ("/nowhere/git-credential-heroku-rs", Kin::Stale),
            ("!'/no where/git-credential-heroku-rs'", Kin::Stale),
            ("store", Kin::Stranger),
            ("!heroku git:credentials", Kin::Stranger),
            ("", Kin::Stranger),
        ] {
            assert_eq!(kin(value), expected, "{value}");
        }
    }

    #[test]
    fn a_piece_of_shell_is_not_told_whole() {
        assert_eq!(
            shown("!heroku git:credentials"),
            "`!heroku git:credentials`"
        );
        assert_eq!(shown("!f() { echo password=x; }; f"), "`!f…`");
    }
}
