//! Whether git finds this program, and what git itself can do.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Facts, Finding, Severity};
use crate::git::Setting;
use crate::notice::{Command, Fix};

const PROGRAM: &str = "git-credential-heroku-rs";

/// Every program of this name that git finds; git runs the first.
pub(super) fn found_by_git(facts: &Facts<'_>, name: &str) -> Vec<PathBuf> {
    let name_of_file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let exec_path = facts.git_exec_path.as_ref();
    let gits_own = exec_path.map(|dir| dir.join(name_of_file));
    let mut found: Vec<PathBuf> = gits_own.into_iter().filter(|path| path.is_file()).collect();
    found.extend(facts.context.environment.programs(name));
    found
}

pub(super) fn on_path(facts: &Facts<'_>) -> Vec<Finding> {
    let version = env!("CARGO_PKG_VERSION");
    if let Some(first) = found_by_git(facts, PROGRAM).first() {
        let place = first.display();
        return vec![Finding::pass(
            "program.path",
            format!("{PROGRAM} {version} is installed at {place}"),
        )];
    }
    let program = std::env::current_exe().unwrap_or_default();
    let dir = program.parent().unwrap_or(Path::new(".")).display();
    let names_us_without_path = |helper: &Setting| {
        let words = helper.words();
        helper.starts_us() && words.first().is_some_and(|first| !first.contains('/'))
    };
    let is_needed = facts.helpers.iter().any(names_us_without_path);
    let (id, what) = ("program.path", format!("git does not find {PROGRAM}"));
    let severity = if is_needed {
        facts.severity_without_helper()
    } else {
        Severity::Warn
    };
    let finding = Finding::new(id, severity, what);
    vec![
        finding
            .with_details("the program is neither in git's own directory nor on PATH")
            .with_fix(Fix::advice(format!(
                "add {dir} to PATH in your shell's startup file"
            ))),
    ]
}

/// Another copy of the program, which git would run instead of this one.
pub(super) fn copies(facts: &Facts<'_>) -> Vec<Finding> {
    let me = std::env::current_exe().and_then(fs::canonicalize).ok();
    let found = found_by_git(facts, PROGRAM);
    let mut real: Vec<PathBuf> = found
        .iter()
        .filter_map(|path| fs::canonicalize(path).ok())
        .collect();
    real.dedup();
    let (Some(first), Some(me)) = (real.first(), me) else {
        return Vec::new();
    };
    if *first == me {
        return Vec::new();
    }
    let finding = Finding::warn(
        "program.other-copy",
        format!("git runs another copy of {PROGRAM}: {}", found[0].display()),
    );
    vec![
        finding
            .with_details(format!("this copy is {}", me.display()))
            .with_fix(Fix::command(
                "remove the copy that you do not need, for example",
                Command::new("rm").path(&found[0], facts.home()),
            )),
    ]
}

/// git's version, and what it lacks.
pub(super) fn git(facts: &Facts<'_>) -> Vec<Finding> {
    let (version, shown) = match facts.context.git().version() {
        Ok(version) => version,
        Err(notice) => return vec![Finding::from_notice("git.version", Severity::Fail, &notice)],
    };
    vec![judged(version, &shown)]
}

fn judged(version: (u32, u32), shown: &str) -> Finding {
    const ID: &str = "git.version";
    let what = format!("git {shown}");
    let too_old = |severity| {
        Finding::new(ID, severity, format!("{what} is too old for heroku-rs"))
            .with_fix("install git 2.30 or later")
    };
    match version {
        // `git config --show-scope` came with 2.26, `--fixed-value` with 2.30.
        (..=1, _) | (2, ..26) => too_old(Severity::Fail),
        (2, ..30) => too_old(Severity::Warn),
        (2, 30..40) => Finding::pass(ID, what).with_details(
            "recent enough; git 2.40 and later also know when a token expires, and git 2.46 and later \
             where it came from",
        ),
        (2, 40..46) => {
            Finding::pass(ID, what).with_details("recent enough; git 2.46 and later also know where a token came from")
        }
        _ => Finding::pass(ID, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_git_is_named_with_what_it_lacks() {
        for (version, severity, why) in [
            ((1, 8), Severity::Fail, ""),
            ((2, 25), Severity::Fail, ""),
            ((2, 29), Severity::Warn, ""),
            ((2, 39), Severity::Pass, "when a token expires"),
            ((2, 43), Severity::Pass, "where a token came from"),
            ((2, 46), Severity::Pass, ""),
            ((3, 0), Severity::Pass, ""),
        ] {
            let finding = judged(version, "x");
            assert_eq!(finding.severity, severity, "{version:?}");
            assert!(finding.details.contains(why) && finding.details.is_empty() == why.is_empty());
        }
    }
}
