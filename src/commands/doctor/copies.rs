//! Copies of a token that other programs store.

use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::remotes::with;
use super::{Facts, Finding};
use crate::commands::docker_config_file;
use crate::docker_config;
use crate::files;
use crate::git::HerokuUrl;
use crate::notice::{Command, Fix};

const LIMIT: Duration = Duration::from_secs(10);

/// The files of git's own helper `store`, which stores passwords in plain text.
fn stored(facts: &Facts<'_>) -> Vec<Finding> {
    let files = store_files(facts);
    files
        .iter()
        .filter_map(|file| stored_in(file, facts))
        .collect()
}

fn store_files(facts: &Facts<'_>) -> Vec<PathBuf> {
    let context = facts.context;
    let home = context.environment.home.as_ref();
    let config = context
        .environment
        .xdg_config_home
        .clone()
        .or_else(|| Some(home?.join(".config")));
    let usual = [
        home.map(|home| home.join(".git-credentials")),
        config.map(|config| config.join("git/credentials")),
    ];
    let mut files: Vec<PathBuf> = usual.into_iter().flatten().collect();
    for helper in facts.settings_of("credential", "helper") {
        let named = file_of_store(&helper.words(), home.map(PathBuf::as_path));
        files.extend(named.filter(|file| file.is_absolute()));
    }
    files.dedup();
    files
}

/// The file that a helper names to git's `credential-store`: `--file X` or `--file=X`, and git accepts
/// the option's name shortened.
fn file_of_store(words: &[String], home: Option<&Path>) -> Option<PathBuf> {
    let is_store = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        ["credential-store", "git-credential-store"].contains(&name)
    };
    let at = words.iter().position(is_store)?;
    let is_option = |name: &str| name.len() > 2 && "--file".starts_with(name);
    let mut options = words[at + 1..].iter();
    let mut named = None;
    while let Some(word) = options.next() {
        match word.split_once('=') {
            Some((name, file)) if is_option(name) => named = Some(file),
            None if is_option(word) => named = options.next().map(String::as_str),
            Some(_) | None => {}
        }
    }
    let named = named?;
    match (named.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Some(home.join(below)),
        _ => Some(PathBuf::from(named)),
    }
}

fn stored_in(file: &Path, facts: &Facts<'_>) -> Option<Finding> {
    let text = read(file)?;
    let token = text
        .lines()
        .find_map(|line| HerokuUrl::parse(line.trim())?.token)?;
    let what = format!("{} contains a token in plain text", file.display());
    let erase = Command::new(
        "printf 'protocol=https\\nhost=git.heroku.com\\n\\n' | git credential-store --file",
    )
    .path(file, facts.home())
    .then("erase");
    Some(
        Finding::warn("copies.git-store", what)
            .with_details(with(
                "git's helper `store` wrote the token there",
                facts.describe(&token),
            ))
            .with_fix(Fix::command("remove it", erase)),
    )
}

/// The daemon of git's own helper `cache`, if it runs.
fn cached(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(token) = facts.context.git().held_in_cache(LIMIT) else {
        return Vec::new();
    };
    let finding = Finding::warn(
        "copies.git-cache",
        "git's helper `cache` has a token in memory",
    );
    let finding = match facts.describe(&token) {
        Some(about) => finding.with_details(about),
        None => finding,
    };
    vec![finding.with_command(
        "printf 'protocol=https\\nhost=git.heroku.com\\n\\n' | git credential-cache erase",
    )]
}

/// What `docker login` stores for Heroku's registry if docker has no credential helper.
fn in_docker(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(file) = docker_config_file(facts.context) else {
        return Vec::new();
    };
    match docker_config::has_password(&file) {
        Ok(true) => vec![
            Finding::warn(
                "copies.docker",
                format!(
                    "{} contains a token for registry.heroku.com",
                    file.display()
                ),
            )
            .with_details("docker stores the token there in plain text")
            .with_command(
                "git credential-heroku-rs setup --docker; docker logout registry.heroku.com",
            ),
        ],
        // docker could not read such a file either.
        Ok(false) | Err(_) => Vec::new(),
    }
}

/// All of them; if there is none, what was checked.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let checks = [stored, cached, in_docker];
    let found: Vec<Finding> = checks.iter().flat_map(|check| check(facts)).collect();
    if !found.is_empty() {
        return found;
    }
    vec![Finding::pass(
        "copies.none",
        "no copy of a token in git's helpers `store` and `cache` or in docker's configuration",
    )]
}

/// The text of a small file; none for anything else.
fn read(file: &Path) -> Option<Zeroizing<String>> {
    const LARGEST: usize = 1024 * 1024;
    let bytes = files::read(file, LARGEST).ok()?;
    Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}
