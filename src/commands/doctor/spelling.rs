//! How a helper is spelled: what starts this program, and what only means to.

use std::path::Path;

use super::{Finding, Fix, Look};
use crate::commands::our_helper;
use crate::git_config::{self, OUR_NAME, Setting};

const PROGRAM: &str = "git-credential-heroku-rs";

/// What a helper value is to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    /// It starts this program.
    Us,
    /// It means this program, and git does not find it that way.
    Misspelled,
    /// It means this program, in a place where it is no longer.
    Stale,
    Stranger,
}

/// Whether a helper value starts this program, means it, or has nothing to do with it.
pub(super) fn kin(value: &str) -> Kin {
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
pub(super) fn first_word(command: &str) -> String {
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
pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
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
