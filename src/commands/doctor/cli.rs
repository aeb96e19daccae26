//! The Heroku CLI on this machine: its version, without starting it, and what it can read.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Facts, Finding};
use crate::commands::cli_cannot_read_keyring;
use crate::files;
use crate::logins::lookup::Source;
use crate::notice::{Command, Fix};
use crate::secret_buf::SecretBuf;

/// The first version that stores its token in the keyring only.
const KEYRING: (u32, u32) = (11, 8);

pub(super) fn version(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(program) = facts.context.environment.programs("heroku").next() else {
        return vec![Finding::pass(
            "heroku-cli.version",
            "the Heroku CLI is not on PATH, and is not needed",
        )];
    };
    let Some(version) = version_of(&program) else {
        return vec![Finding::pass(
            "heroku-cli.version",
            format!("the Heroku CLI is at {}", program.display()),
        )];
    };
    let served = facts.answer.found.as_ref().map(|found| found.source);
    let at = program.display();
    match numbers(&version) {
        Some(numbers) if numbers < KEYRING && served == Some(Source::Keyring) => vec![
            Finding::warn(
                "heroku-cli.version",
                format!("the Heroku CLI {version} reads netrc, not the keyring"),
            )
            .with_details("a login with one program does not log in the other")
            .with_fix(Fix::command(
                "run heroku update, or if npm installed it",
                "npm install --global heroku",
            )),
        ],
        Some(_) | None => vec![Finding::pass(
            "heroku-cli.version",
            format!("the Heroku CLI {version} is at {at}"),
        )],
    }
}

/// The version in its package.json. Starting the program takes a second, and it may write to git's settings.
fn version_of(program: &Path) -> Option<String> {
    let program = fs::canonicalize(program).ok()?;
    let mut dirs = program.ancestors().skip(1).take(4);
    dirs.find_map(|dir| {
        let package: Value = serde_json::from_slice(&bounded(&dir.join("package.json"))?).ok()?;
        let is_it = ["heroku", "heroku-cli"].contains(&package["name"].as_str()?);
        is_it.then(|| package["version"].as_str().map(str::to_owned))?
    })
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn bounded(path: &Path) -> Option<SecretBuf> {
    const LARGEST: usize = 256 * 1024;
    files::read(path, LARGEST).ok()
}

pub(super) fn secret_tool(facts: &Facts<'_>) -> Vec<Finding> {
    let served = facts.answer.found.as_ref().map(|found| found.source);
    if !cli_cannot_read_keyring(facts.context) || served != Some(Source::Keyring) {
        return Vec::new();
    }
    vec![
        Finding::warn(
            "heroku-cli.secret-tool",
            "the Heroku CLI cannot read the keyring: secret-tool is not on PATH",
        )
        .with_details("the Heroku CLI reads netrc instead, and reports that you are not logged in")
        .with_fix(Fix::command(
            "on Debian and Ubuntu",
            "sudo apt-get install libsecret-tools",
        )),
    ]
}

/// The accounts that the CLI knows by names that the user chose.
pub(super) fn aliases(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, text) in alias_files(facts) {
        let has = |key: &str| {
            let keys = [format!("{key}:"), format!(":{key}:")];
            text.lines()
                .any(|line| keys.iter().any(|key| line.trim_start().starts_with(key)))
        };
        if has("password") {
            let what = format!("{} contains a token in plain text", file.display());
            found.push(
                Finding::warn("heroku-cli.accounts", what)
                    .with_details(
                        "the Heroku CLI stored the token there before it used the keyring",
                    )
                    .with_fix(Fix::command(
                        "remove the line with the password",
                        Command::new("sed -i '/password:/d'").path(&file, facts.home()),
                    )),
            );
        }
    }
    found
}

fn alias_files(facts: &Facts<'_>) -> Vec<(PathBuf, String)> {
    let Some(home) = &facts.context.environment.home else {
        return Vec::new();
    };
    let base = match home.join(".heroku") {
        old if old.is_dir() => old,
        _ => home.join(".config/heroku"),
    };
    let entries = fs::read_dir(base.join("accounts"))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let text = |file: PathBuf| {
        let bytes = bounded(&file)?;
        Some((file, String::from_utf8_lossy(&bytes).into_owned()))
    };
    files.into_iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("11.10.0").unwrap() > KEYRING);
        assert!(numbers("9.3.1").unwrap() < KEYRING);
        assert_eq!(numbers("next"), None);
    }
}
