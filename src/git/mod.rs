//! git's configuration, read and changed by git itself: the only room that runs git.
//!
//! It knows how git gathers credential helpers (in reading order, an empty value empties the
//! list), and how to become the only one for Heroku without touching what others wrote.

mod asking;
mod changing;
mod kin;
mod set_up;
mod urls;
mod whole;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::process::{Command, Output, Stdio};

use crate::notice::Notice;

pub use asking::{Filled, fill, held_in_cache, is_followed, place_of_commands, version};
pub use changing::{change_command, remove, replace, undone_by, undone_by_replacing};
pub use kin::Kin;
pub use set_up::{SetUp, helper_value, set_up, tear_down};
pub use urls::{HerokuUrl, Way};
pub use whole::fits;

/// The key under which a helper for Heroku's git server stands: to the letter the one that the
/// Heroku CLI looks at, since it adds its own helper where this key has fewer than two values.
pub const HEROKU_HELPER: &str = "credential.https://git.heroku.com.helper";

/// The value that names this program where it is on PATH.
pub const OUR_NAME: &str = "heroku-rs";

/// Whose configuration is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user's, `~/.gitconfig`.
    Global,
    /// The current repository's, `.git/config`.
    Local,
}

impl Scope {
    fn flag(self) -> &'static str {
        match self {
            Scope::Global => "--global",
            Scope::Local => "--local",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Global => "your git configuration",
            Scope::Local => "this repository's git configuration",
        })
    }
}

/// A value in git's configuration, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// git's word for the scope: `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// The file, or what else it comes from.
    pub origin: String,
    /// The key, its last part in lower case.
    pub key: String,
    /// The value.
    pub value: String,
}

/// The helpers that git asks about `https://git.heroku.com`, in its order, resets applied.
///
/// # Errors
/// A [`Notice`] where git cannot be run or its configuration cannot be read.
pub fn helpers_for_heroku() -> Result<Vec<Setting>, Notice> {
    Ok(reset(settings(HELPERS)?.into_iter()))
}

/// The keys of all helpers, as git's regular expression.
const HELPERS: &str = r"^credential\.(.*\.)?helper$";

/// The helpers of these that git asks about Heroku: an empty value empties the list.
fn reset(settings: impl Iterator<Item = Setting>) -> Vec<Setting> {
    let mut asked = Vec::new();
    for setting in settings.filter(|s| applies_to_heroku(&s.key)) {
        if setting.value.is_empty() {
            asked.clear();
        } else {
            asked.push(setting);
        }
    }
    asked
}

/// Every setting whose key matches git's regular expression, in the order in which git reads.
///
/// # Errors
/// As [`helpers_for_heroku`].
pub fn settings(keys: &str) -> Result<Vec<Setting>, Notice> {
    let arguments = ["config", "--show-scope", "--show-origin", "-z"];
    let output = run(arguments.iter().chain(&["--get-regexp", keys]))?;
    match output.status.code() {
        Some(0) => Ok(listed(&output.stdout)),
        // git's "no such key".
        Some(1) => Ok(Vec::new()),
        _ => Err(said(&output)),
    }
}

/// Reads `git config -z --show-scope --show-origin`: scope, origin, then key and value, the
/// value parted from its key by a line feed and left out where the key stands alone.
pub fn listed(bytes: &[u8]) -> Vec<Setting> {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split_terminator('\0');
    let mut settings = Vec::new();
    while let (Some(scope), Some(origin), Some(entry)) = (parts.next(), parts.next(), parts.next())
    {
        let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
        settings.push(Setting {
            scope: scope.to_owned(),
            origin: origin.strip_prefix("file:").unwrap_or(origin).to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }
    settings
}

/// Whether a helper's key covers a request for `https://git.heroku.com` without a user name.
///
/// Specificity plays no part, and neither do letter case, a slash at the end or `:443`; a label of
/// the host may be `*`, and the scheme may be missing. A pattern with a path covers some of the
/// apps, so it counts.
///
/// Source: git's `credential.c` and `urlmatch.c`.
fn applies_to_heroku(key: &str) -> bool {
    key.ends_with("helper") && covers_heroku(key)
}

/// As for a helper's key, for any key of `credential` and `http`: whether what it sets holds for
/// `https://git.heroku.com`.
pub fn covers_heroku(key: &str) -> bool {
    let Some((_, rest)) = key.split_once('.') else {
        return false;
    };
    let Some((pattern, _)) = rest.rsplit_once('.') else {
        return true;
    };
    let pattern = pattern.to_ascii_lowercase();
    let host = match pattern.split_once("://") {
        Some(("https", rest)) => rest,
        Some(_) => return false,
        None => &pattern,
    };
    let host = host.split('/').next().unwrap_or_default();
    let host = host.strip_suffix(":443").unwrap_or(host);
    let ours = "git.heroku.com".split('.');
    host.split('.').count() == 3 && host.split('.').zip(ours).all(|(p, o)| p == "*" || p == o)
}

/// The remotes whose URL carries a password to Heroku's git server: git sends that one, and asks
/// no helper. Gives the keys, never a URL.
///
/// # Errors
/// As [`helpers_for_heroku`].
pub fn remotes_with_password() -> Result<Vec<String>, Notice> {
    let settings = settings(r"^remote\..*\.(push)?url$")?;
    let guilty = settings
        .into_iter()
        .filter(|s| has_password_for_heroku(&s.value));
    Ok(guilty.map(|setting| setting.key).collect())
}

fn has_password_for_heroku(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, host)| {
        let host = host.strip_suffix(":443").unwrap_or(host);
        user.contains(':') && host.eq_ignore_ascii_case("git.heroku.com")
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the room that runs git")]
fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Output, Notice> {
    Command::new("git")
        .args(arguments)
        // What git says is read here, and it speaks the user's language otherwise.
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(&error))
}

fn not_started(error: &io::Error) -> Notice {
    let what = format!("git could not be started: {error}");
    Notice::new(what, "install git, or put it on PATH")
}

/// A word as a shell takes it.
fn quoted_for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+@=,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn said(output: &Output) -> Notice {
    let text = String::from_utf8_lossy(&output.stderr);
    let what = format!("git config: {}", text.trim().trim_start_matches("fatal: "));
    Notice::new(what, "look at: git config --show-origin --list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_that_git_applies_to_heroku_are_known() {
        for key in [
            "credential.helper",
            "credential.https://git.heroku.com.helper",
            "credential.https://git.heroku.com/.helper",
            "credential.https://git.heroku.com:443.helper",
            "credential.https://GIT.heroku.com.helper",
            "credential.https://*.heroku.com.helper",
            "credential.https://git.heroku.com/app.git.helper",
            "credential.git.heroku.com.helper",
        ] {
            assert!(applies_to_heroku(key), "{key}");
        }
        for key in [
            "credential.https://heroku.com.helper",
            "credential.http://git.heroku.com.helper",
            "credential.https://bob@git.heroku.com.helper",
            "credential.https://github.com.helper",
            "credential.https://git.heroku.com:8443.helper",
        ] {
            assert!(!applies_to_heroku(key), "{key}");
        }
    }

    #[test]
    fn settings_are_read_with_their_place() {
        let bytes = b"global\0file:/h/.gitconfig\0credential.helper\nstore\0\
                      local\0file:.git/config\0credential.helper\0";
        let read = listed(bytes);
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].origin, "/h/.gitconfig");
        assert_eq!(read[0].value, "store");
        assert_eq!(read[1].value, "");
    }

    #[test]
    fn a_password_in_a_url_is_seen_only_for_heroku() {
        assert!(has_password_for_heroku(
            "https://x:y@git.heroku.com/app.git"
        ));
        assert!(has_password_for_heroku(
            "https://:y@GIT.heroku.com:443/app.git"
        ));
        assert!(!has_password_for_heroku(
            "https://ann@git.heroku.com/app.git"
        ));
        assert!(!has_password_for_heroku(
            "https://x:y@github.com/git.heroku.com"
        ));
    }
}
