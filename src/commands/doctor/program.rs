//! Whether git finds this program, and whether git itself works.

use std::fs;
use std::path::Path;

use super::{Facts, Findings, Severity};
use crate::notice::{Command, Fix};

const PROGRAM: &str = "git-credential-heroku-rs";

/// Which program of this name git runs: the first one on PATH.
pub(super) fn path(facts: &Facts<'_>, found: &mut Findings) {
    let me = std::env::current_exe().unwrap_or_default();
    let Some(first) = facts.context.environment.programs(PROGRAM).next() else {
        let mut ours = facts.helpers.iter().filter(|helper| helper.starts_us());
        let severity = if ours.any(|helper| helper.value.contains('/')) {
            Severity::Warn
        } else {
            facts.severity_without_helper()
        };
        let dir = me.parent().unwrap_or(Path::new(".")).display();
        found
            .add(severity, format!("git does not find {PROGRAM} on PATH"))
            .fix(Fix::advice(format!(
                "add {dir} to PATH in your shell's startup file"
            )));
        return;
    };
    let place = first.display();
    match (fs::canonicalize(&first), fs::canonicalize(&me)) {
        (Ok(real), Ok(me)) if real != me => {
            found
                .warn(format!("git runs another copy of {PROGRAM}: {place}"))
                .details(format!("this copy is {}", me.display()))
                .fix(Fix::command(
                    "remove the copy that you do not need, for example",
                    Command::new("rm").path(&first, facts.home()),
                ));
        }
        _ => {
            let version = env!("CARGO_PKG_VERSION");
            found.pass(format!("{PROGRAM} {version} is installed at {place}"));
        }
    }
}

/// Whether git is recent enough, and can read its configuration and the repository.
pub(super) fn git(facts: &Facts<'_>, found: &mut Findings) {
    let (version, shown) = match facts.context.git().version() {
        Ok(version) => version,
        Err(notice) => {
            found.notice(Severity::Fail, &notice);
            return;
        }
    };
    match too_old(version) {
        None => found.pass(format!("git {shown}")),
        Some(severity) => {
            found
                .add(severity, format!("git {shown} is too old for heroku-rs"))
                .fix("install git 2.30 or later");
        }
    }
    if let Some(notice) = &facts.git_error {
        found.notice(Severity::Fail, notice);
    }
}

/// `git config --show-scope` came with git 2.26, `--fixed-value` with 2.30.
fn too_old(version: (u32, u32)) -> Option<Severity> {
    match version {
        (..=1, _) | (2, ..26) => Some(Severity::Fail),
        (2, ..30) => Some(Severity::Warn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_git_before_2_30_is_too_old() {
        for (version, severity) in [
            ((1, 8), Some(Severity::Fail)),
            ((2, 25), Some(Severity::Fail)),
            ((2, 29), Some(Severity::Warn)),
            ((2, 30), None),
            ((3, 0), None),
        ] {
            assert_eq!(too_old(version), severity, "{version:?}");
        }
    }
}
