//! Copies of a token that other programs store in plain text.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Facts, Findings};
use crate::docker_config;
use crate::files;
use crate::git::{HerokuUrl, UrlParts};
use crate::notice::{Command, Fix};
use crate::token::Token;

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    for file in store_files(facts) {
        let Some((token, url)) = token_in(&file) else {
            continue;
        };
        let remove = removal(&url, &file, facts.home());
        let place = format!("{} contains a token in plain text", file.display());
        found
            .warn(format!("{place}, from git's helper `store`"))
            .details(facts.status_text(&token))
            .fix(Fix::command("remove it", remove));
    }
    let environment = &facts.context.environment;
    let docker = environment.docker_config_file();
    if let Some(file) = docker.filter(|file| docker_config::has_password(file)) {
        let place = format!("{} contains a token in plain text", file.display());
        found
            .warn(format!("{place}, for registry.heroku.com"))
            .details("docker stores the token there if it has no credential helper")
            .fix(Command::new(
                "git credential-heroku-rs setup --docker; docker logout registry.heroku.com",
            ));
    }
    found.otherwise_pass("no copy of a token in the files of git's helper `store` and of docker");
}

/// The command that removes the token for this URL from a file. PowerShell cannot write the request.
fn removal(url: &UrlParts, file: &Path, home: Option<&Path>) -> Command {
    if cfg!(windows) {
        return Command::edit().path(file, home);
    }
    let request = Command::new("printf 'protocol=%s\\nhost=%s\\n\\n'");
    let request = request.arg(&url.protocol).arg(&url.host);
    let erase = request.then("| git credential-store --file");
    erase.path(file, home).then("erase")
}

/// The files of git's own helper `store`.
fn store_files(facts: &Facts<'_>) -> Vec<PathBuf> {
    let home = facts.home();
    let environment = &facts.context.environment;
    let usual = [
        home.map(|home| home.join(".git-credentials")),
        environment.xdg_file_of_git("credentials"),
    ];
    let helpers = facts.settings_of("credential", "helper");
    let named = helpers.filter_map(|helper| file_of_store(&helper.words(), home));
    let files = usual.into_iter().flatten().chain(named);
    files.filter(|file| file.is_absolute()).collect()
}

/// The file that a helper names to git's `credential-store`: `--file X` or `--file=X`.
fn file_of_store(words: &[String], home: Option<&Path>) -> Option<PathBuf> {
    let is_store = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        ["credential-store", "git-credential-store"].contains(&name)
    };
    let at = words.iter().position(is_store)?;
    let options = &words[at + 1..];
    let named = match options.iter().position(|option| option == "--file") {
        Some(at) => options.get(at + 1)?,
        None => options
            .iter()
            .find_map(|word| word.strip_prefix("--file="))?,
    };
    match (named.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Some(home.join(below)),
        _ => Some(PathBuf::from(named)),
    }
}

/// The first token for Heroku, and the URL that it is for.
fn token_in(file: &Path) -> Option<(Token, UrlParts)> {
    const LARGEST: usize = 1024 * 1024;
    let bytes = files::read(file, LARGEST).ok()?;
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    let mut lines = text.lines();
    lines.find_map(|line| {
        let token = HerokuUrl::parse(line.trim())?.token?;
        Some((token, UrlParts::parse(line.trim())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_file_is_the_one_that_git_uses() {
        for (helper, file) in [
            ("git credential-store --file /x/y", Some("/x/y")),
            ("git credential-store --file=~/y", Some("/h/y")),
            ("/opt/git-credential-store --file /a", Some("/a")),
            ("git credential-store --file", None),
            ("git credential-store", None),
            ("git credential-other --file /x", None),
        ] {
            let words: Vec<String> = helper.split(' ').map(str::to_owned).collect();
            let found = file_of_store(&words, Some(Path::new("/h")));
            assert_eq!(found, file.map(PathBuf::from), "{helper}");
        }
    }
}
