//! The Heroku CLI on this machine: whether it reads the keyring too. It is not started: that takes a second, and it may
//! write to git's settings.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Facts, Findings};
use crate::commands::cli_cannot_read_keyring;
use crate::files;
use crate::logins::lookup::Source;
use crate::notice::Fix;

const LARGEST: usize = 256 * 1024;

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    let Some(program) = facts.context.environment.programs("heroku").next() else {
        return found.pass("the Heroku CLI is not on PATH, and is not needed");
    };
    let version = version_of(&program);
    let is_old = version.as_deref().is_some_and(is_older_than_the_keyring);
    let version = version.map_or_else(String::new, |version| format!(" {version}"));
    let active = facts.answer.found.as_ref();
    let is_in_keyring = active.is_some_and(|active| active.source == Source::Keyring);
    if is_in_keyring && is_old {
        let what = format!("the Heroku CLI{version} reads netrc, not the keyring");
        let purpose = "run heroku update, or if npm installed it";
        found
            .warn(what)
            .details("a login with one program does not log in the other")
            .fix(Fix::command(purpose, "npm install --global heroku"));
    } else if is_in_keyring && cli_cannot_read_keyring(facts.context) {
        found
            .warn("the Heroku CLI cannot read the keyring: secret-tool is not on PATH")
            .details("the Heroku CLI reads netrc instead, and reports that you are not logged in")
            .fix(Fix::command(
                "on Debian and Ubuntu",
                "sudo apt-get install libsecret-tools",
            ));
    } else {
        let place = program.display();
        found.pass(format!("the Heroku CLI{version} is at {place}"));
    }
}

/// The version in its package.json.
fn version_of(program: &Path) -> Option<String> {
    let program = fs::canonicalize(program).ok()?;
    let mut dirs = program.ancestors().skip(1).take(4);
    dirs.find_map(|dir| {
        let bytes = files::read(&dir.join("package.json"), LARGEST).ok()?;
        let package: Value = serde_json::from_slice(&bytes).ok()?;
        let is_it = ["heroku", "heroku-cli"].contains(&package["name"].as_str()?);
        let version = package["version"].as_str().filter(|_| is_it)?;
        Some(version.to_owned())
    })
}

/// The first version that stores its token in the keyring only is 11.8.
fn is_older_than_the_keyring(version: &str) -> bool {
    let numbers = version.split('.').map(str::parse::<u32>);
    let numbers: Vec<u32> = numbers.map_while(Result::ok).take(2).collect();
    !numbers.is_empty() && numbers < vec![11, 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(!is_older_than_the_keyring("11.10.0"));
        assert!(is_older_than_the_keyring("9.3.1"));
        assert!(!is_older_than_the_keyring("next"));
    }
}
