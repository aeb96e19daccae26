//! Copies of a token that other programs keep, or that people have written down.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Copy, Fate, Finding, Fix, Look, letting_go};
use crate::commands::docker_config_file;
use crate::docker_config;
use crate::git::{self, HerokuUrl};
use crate::token::Token;

const LIMIT: Duration = Duration::from_secs(10);

/// Puts the login back into a file of `git credential-store`, or into the cache.
const BY_GIT: &str = "printf 'protocol=https\\nhost=git.heroku.com\\n\\n' | git credential fill";

/// Names Heroku to a helper that is to forget it.
const NAMED: &str = "printf 'protocol=https\\nhost=git.heroku.com\\n\\n'";

/// The files of git's own helper `store`, in which passwords lie in plain text.
fn stored(look: &Look<'_>) -> Vec<Finding> {
    let files = store_files(look);
    files
        .iter()
        .filter_map(|file| stored_in(file, look))
        .collect()
}

fn store_files(look: &Look<'_>) -> Vec<PathBuf> {
    let context = look.context;
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
    for helper in look.settings_of("credential", "helper") {
        let named = helper
            .value
            .split_whitespace()
            .skip_while(|word| *word != "--file");
        let by_equals = helper
            .value
            .split_whitespace()
            .find_map(|word| word.strip_prefix("--file="));
        let file = by_equals
            .or_else(|| named.clone().nth(1))
            .map(PathBuf::from);
        if helper.value.starts_with("store") {
            files.extend(file.filter(|file| file.is_absolute()));
        }
    }
    files.dedup();
    files
}

fn stored_in(file: &Path, look: &Look<'_>) -> Option<Finding> {
    let text = read(file)?;
    let lines: Vec<Token> = text
        .lines()
        .filter_map(|line| HerokuUrl::parse(line.trim())?.token)
        .collect();
    if lines.is_empty() {
        return None;
    }
    let fates: Vec<(Token, Fate)> = lines
        .into_iter()
        .map(|token| {
            let fate = look.fate_of(&token, Copy::Elsewhere);
            (token, fate)
        })
        .collect();
    let mut words: Vec<String> = fates.iter().map(|(_, fate)| fate.words()).collect();
    words.dedup();
    let (shown, words) = (file.display(), words.join("; "));
    let finding = Finding::warn(
        "copies.git-store",
        format!("{shown} holds a token in plain text"),
    )
    .because(format!("git's helper `store` wrote it there; {words}"))
    .with_advice(format!(
        "{NAMED} | git credential-store --file {shown} erase"
    ));
    if !fates.iter().all(|(_, fate)| fate.is_safe()) {
        return Some(finding);
    }
    let does = format!("take Heroku's lines, and no others, out of {shown}: {words}");
    let undo = format!("{BY_GIT} | git credential-store --file {shown} store");
    let file = file.to_owned();
    Some(finding.fixed_by(Fix::new(does, undo, move |context| {
        for (token, fate) in &fates {
            fate.prepare(context, token)?;
        }
        git::erase_from_store(&file, LIMIT)
    })))
}

/// The daemon of git's own helper `cache`, where it runs.
fn cached(look: &Look<'_>) -> Vec<Finding> {
    let Some(token) = git::held_in_cache(LIMIT) else {
        return Vec::new();
    };
    let fate = look.fate_of(&token, Copy::Elsewhere);
    let finding = Finding::warn(
        "copies.git-cache",
        "git's helper `cache` holds a token in its memory",
    )
    .because(fate.words())
    .with_advice(
        "printf 'protocol=https\\nhost=git.heroku.com\\n\\n' | git credential-cache erase",
    );
    let does = format!("make git's helper `cache` forget Heroku: {}", fate.words());
    let undo = format!("{BY_GIT} | git credential-cache store");
    let fix = letting_go(&fate, &token, does, &undo, || git::erase_from_cache(LIMIT));
    vec![finding.fixed_by(fix)]
}

/// The files that a shell reads when it starts, in the home.
const START_FILES: [&str; 13] = [
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".kshrc",
    ".config/fish/config.fish",
    ".config/fish/fish_variables",
    ".config/environment.d/heroku.conf",
];

/// Tokens that a shell sets for every program that it starts.
fn in_start_files(look: &Look<'_>) -> Vec<Finding> {
    let home = look.context.environment.home.iter();
    let files = home.flat_map(|home| START_FILES.iter().map(|name| home.join(name)));
    let mut found = Vec::new();
    for file in files {
        for line in lines_with_a_token(&file) {
            let what = format!(
                "{}, line {line}, holds a token in plain text",
                file.display()
            );
            found.push(
                Finding::warn("copies.start-file", what)
                    .because("every program that the shell starts has it in its environment")
                    .with_advice(
                        "remove it, and lend the token: git credential-heroku-rs exec -- PROGRAM",
                    ),
            );
        }
    }
    found
}

/// Tokens in the `.env` files of the repository that we stand in.
fn in_env_files(_: &Look<'_>) -> Vec<Finding> {
    let Some(top) = git::work_tree() else {
        return Vec::new();
    };
    let entries = fs::read_dir(top).into_iter().flatten().flatten();
    let is_env = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == ".envrc" || name == ".env" || name.starts_with(".env.")
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_env).collect();
    files.sort();
    files.retain(|file| !lines_with_a_token(file).is_empty());
    let tracked = git::tracked(&files);
    let mut found = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        found.push(match tracked.contains(file) {
            true => Finding::fail(
                "copies.tracked",
                format!("{name} holds a token, and is pushed"),
            )
            .because("whoever has the repository has the token")
            .with_advice(format!("git rm --cached {name}, and revoke the token")),
            false => Finding::warn(
                "copies.env-file",
                format!("{name} holds a token in plain text"),
            )
            .with_advice("remove it, and lend the token: git credential-heroku-rs exec -- PROGRAM"),
        });
    }
    found
}

/// The lines on which a token of Heroku's stands: by its form, or by the name that it is given.
fn lines_with_a_token(file: &Path) -> Vec<usize> {
    let Some(text) = read(file) else {
        return Vec::new();
    };
    let numbered = text.lines().zip(1..);
    numbered
        .filter(|(line, _)| has_a_token(line))
        .map(|(_, number)| number)
        .collect()
}

fn has_a_token(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with('#') {
        return false;
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let words = line.split(|c: char| !is_part(c));
    let token = |word: &str| Token::parse(word).ok();
    match line.contains("HEROKU_API_KEY") {
        true => words.filter_map(token).any(|token| token.has_known_form()),
        false => words
            .filter_map(token)
            .any(|token| token.has_herokus_prefix()),
    }
}

/// What `docker login` keeps for Heroku's registry, where it has no credential helper.
fn in_docker(look: &Look<'_>) -> Vec<Finding> {
    let Ok(file) = docker_config_file(look.context) else {
        return Vec::new();
    };
    match docker_config::has_password(&file) {
        Ok(true) => vec![
            Finding::warn(
                "copies.docker",
                format!("{} holds a token for registry.heroku.com", file.display()),
            )
            .because("docker keeps what it logs in with, in a form that is no secret")
            .with_advice(
                "git credential-heroku-rs setup --docker; docker logout registry.heroku.com",
            ),
        ],
        // A file that docker itself could not read keeps nothing for it.
        Ok(false) | Err(_) => Vec::new(),
    }
}

/// All of them; where there is none, what was looked at.
pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let checks = [stored, cached, in_start_files, in_env_files, in_docker];
    let found: Vec<Finding> = checks.iter().flat_map(|check| check(look)).collect();
    match found.is_empty() {
        true => vec![Finding::pass(
            "copies.none",
            "none in git's helpers `store` and `cache`, shell start files, .env files, docker",
        )],
        false => found,
    }
}

/// A text file, bounded; whatever else it is, it holds nothing.
fn read(file: &Path) -> Option<Zeroizing<String>> {
    const LARGEST: u64 = 1024 * 1024;
    let metadata = fs::metadata(file).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let size = usize::try_from(metadata.len()).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    fs::File::open(file)
        .ok()?
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_by_the_tokens_form_or_by_its_name() {
        let token = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
        let uuid = &token[5..];
        assert!(has_a_token(&format!("export HEROKU_API_KEY='{token}'")));
        assert!(has_a_token(&format!("set -gx HEROKU_API_KEY {uuid}")));
        assert!(has_a_token(&format!(
            "alias x='curl -H \"Authorization: Bearer {token}\"'"
        )));
        assert!(!has_a_token(&format!("export OTHER_ID={uuid}")));
        assert!(!has_a_token(&format!("# export HEROKU_API_KEY={token}")));
        assert!(!has_a_token(
            "export HEROKU_API_KEY=$(git credential-heroku-rs token)"
        ));
    }
}
