//! Whether git finds this program, and whether git itself works.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Facts, Findings, Severity};
use crate::git::{OLDEST, PROGRAM, Setting};
use crate::notice::Fix;
use crate::subprocess::shim_target;

/// Which program of this name git runs: the first one on PATH.
pub(super) fn path(facts: &Facts<'_>, found: &mut Findings) {
    let me = std::env::current_exe().unwrap_or_default();
    let Some(first) = facts.context.environment.programs(PROGRAM).next() else {
        let is_path = |helper: &Setting| helper.starts_us() && helper.value.contains('/');
        let severity = if facts.git.helpers().into_iter().any(is_path) {
            Severity::Warn
        } else {
            facts.severity_without_helper()
        };
        let dir = me.parent().unwrap_or(Path::new(".")).display();
        let fix = format!("add {dir} to PATH in your shell's startup file");
        found
            .add(severity, format!("git does not find {PROGRAM} on PATH"))
            .fix(Fix::advice(fix));
        return;
    };
    let place = first.display();
    match (started_by(&first), fs::canonicalize(&me)) {
        (Ok(real), Ok(me)) if real != me => {
            found
                .warn(format!("git runs another copy of {PROGRAM}: {place}"))
                .details(format!("this copy is {}", me.display()))
                .fix("use that copy, or put the directory of this one first on PATH");
        }
        _ => {
            let version = env!("CARGO_PKG_VERSION");
            found.pass(format!("{PROGRAM} {version} is installed at {place}"));
        }
    }
}

/// The program that runs if this one on PATH is started.
fn started_by(program: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(shim_target(program).as_deref().unwrap_or(program))
}

/// Whether git is recent enough, and can read its configuration and the repository.
pub(super) fn git(facts: &Facts<'_>, found: &mut Findings) {
    match facts.context.git().version() {
        Ok((version, shown)) if version < OLDEST => {
            let what = format!("git {shown} is too old for heroku-rs");
            found.warn(what).fix("install git 2.30 or later");
        }
        Ok((_, shown)) => found.pass(format!("git {shown}")),
        Err(why) => {
            found.notice(Severity::Fail, &why);
            return;
        }
    }
    if let Some(why) = &facts.git_error {
        found.notice(Severity::Fail, why);
    }
}
