//! git's configuration, read by git itself: the only module that runs git, and the one that edits
//! git's configuration files.

mod asking;
mod changing;
mod child;
mod helper_kind;
mod matching;
mod set_up;
mod urls;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Instant;

use zeroize::Zeroizing;

use crate::notice::{Command, Fix, Notice};

pub use asking::Filled;
pub use child::Git;
pub use helper_kind::HelperKind;
pub use matching::UrlParts;
pub use set_up::{AliasState, SetUp, helper_value};
pub use urls::{HerokuUrl, Way};

use child::Output;

/// The key of the helpers for Heroku's git server. It is exactly the key that the Heroku CLI reads: the
/// CLI adds its own helper if this key has fewer than two values.
pub const HEROKU_HELPER: &str = "credential.https://git.heroku.com.helper";

/// The value that names this program if it is on PATH.
pub const OUR_NAME: &str = "heroku-rs";

/// Which configuration file is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user's, `~/.gitconfig`.
    Global,
    /// The current repository's, `.git/config`.
    Local,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Global => "your git configuration",
            Scope::Local => "this repository's git configuration",
        })
    }
}

/// A value in git's configuration, and where it is set.
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

/// A URL of a remote as git uses it, after `insteadOf` and `pushInsteadOf`.
pub struct Remote {
    /// The remote's name.
    pub name: String,
    /// The URL. A password may be in it.
    pub url: Zeroizing<String>,
    /// Whether git pushes to this URL, and does not only fetch from it.
    pub is_push: bool,
}

impl Remote {
    /// The URL, if it leads to Heroku's git server.
    pub fn heroku_url(&self) -> Option<HerokuUrl> {
        HerokuUrl::parse(&self.url)
    }
}

impl Git {
    /// The helpers that git asks about Heroku in the current directory, in the order in which git reads
    /// them: for `https://git.heroku.com`, or for one of the remotes there.
    ///
    /// # Errors
    /// A [`Notice`] if git cannot be run or its configuration cannot be read.
    pub fn helpers_for_heroku(&self) -> Result<Vec<Setting>, Notice> {
        let remotes = self.remotes().unwrap_or_default();
        Ok(helpers_for(&self.settings()?, &remotes))
    }

    /// Whether git asks another helper about Heroku after this program; none if git does not list its
    /// configuration by the deadline, or if this program is not in it.
    ///
    /// A helper that reads the same login as we do gives the same answer, so it does not count.
    pub fn is_followed(&self, deadline: Instant) -> Option<bool> {
        let output = self.run_for(LIST, &[], b"", deadline).ok()?;
        let credentials = listed_under("credential.", &output.stdout);
        let helpers = helpers_for(&credentials, &[]);
        let ours = helpers.iter().position(Setting::starts_us)?;
        let mut behind = helpers[ours + 1..].iter();
        output
            .is_success
            .then(|| behind.any(|helper| !helper.reads_our_login()))
    }

    /// Whether the current directory is in a repository that git reads.
    ///
    /// # Errors
    /// A [`Notice`] if git cannot be run.
    pub fn is_in_repository(&self) -> Result<bool, Notice> {
        Ok(self.run(["rev-parse", "--git-dir"])?.is_success)
    }

    /// Every setting, in the order in which git reads: of all files with their includes, and of the
    /// command line and the environment that git gave us.
    ///
    /// # Errors
    /// As [`Git::helpers_for_heroku`].
    pub fn settings(&self) -> Result<Vec<Setting>, Notice> {
        let output = self.run(LIST)?;
        if output.is_success {
            Ok(listed(&output.stdout))
        } else {
            Err(failed(&output))
        }
    }

    /// The URLs of all remotes, to fetch from and to push to; none outside of a repository.
    ///
    /// # Errors
    /// If there is a repository and git does not read it, such as one of another user.
    pub fn remotes(&self) -> Result<Vec<Remote>, Notice> {
        let output = self.run(["remote", "-v"])?;
        if !output.is_success {
            let is_outside = text(&output.stderr).contains("not a git repository");
            return if is_outside {
                Ok(Vec::new())
            } else {
                Err(failed(&output))
            };
        }
        let printed = text(&output.stdout);
        let urls = printed.lines().filter_map(|line| {
            let (name, rest) = line.split_once('\t')?;
            let (url, use_) = rest.rsplit_once(" (")?;
            Some(((name, url), use_.starts_with("push)")))
        });
        let mut uses: BTreeMap<(&str, &str), bool> = BTreeMap::new();
        for (remote, is_push) in urls {
            *uses.entry(remote).or_default() |= is_push;
        }
        let remote = |((name, url), is_push): ((&str, &str), bool)| Remote {
            name: name.to_owned(),
            url: Zeroizing::new(url.to_owned()),
            is_push,
        };
        Ok(uses.into_iter().map(remote).collect())
    }

    /// The keys of the remote URLs of Heroku's git server that contain a password: git sends that
    /// password, and asks no helper. Never a URL.
    ///
    /// # Errors
    /// As [`Git::helpers_for_heroku`].
    pub fn remotes_with_password(&self) -> Result<Vec<String>, Notice> {
        let is_url = |key: &str| key.starts_with("remote.") && key.ends_with("url");
        let has_password = |setting: &Setting| {
            let url = HerokuUrl::parse(&setting.value);
            url.is_some_and(|url| url.way == Way::Https && url.has_password)
        };
        let settings = self.settings()?.into_iter();
        let found = settings.filter(|setting| is_url(&setting.key) && has_password(setting));
        Ok(found.map(|setting| setting.key).collect())
    }
}

/// Lists every setting with its scope and origin.
const LIST: [&str; 5] = ["config", "--show-scope", "--show-origin", "-z", "--list"];

/// The helpers among these settings that git asks about Heroku: for its host alone, and for each remote
/// there.
pub fn helpers_for(settings: &[Setting], remotes: &[Remote]) -> Vec<Setting> {
    let is_ours = |remote: &&Remote| {
        let url = remote.heroku_url();
        url.is_some_and(|url| url.way == Way::Https)
    };
    let urls = remotes.iter().filter(is_ours);
    let urls = urls.map(|remote| remote.url.as_str());
    let urls = std::iter::once("https://git.heroku.com").chain(urls);
    let asked = urls.flat_map(|url| UrlParts::parse(url).helpers_in(settings));
    let asked: BTreeSet<usize> = asked.collect();
    asked.into_iter().map(|at| settings[at].clone()).collect()
}

/// Reads the output of `git config -z --show-scope --show-origin`: scope, origin, then key and value. A
/// line feed separates the value from its key; a key without a value has neither.
pub fn listed(bytes: &[u8]) -> Vec<Setting> {
    listed_under("", bytes)
}

/// As [`listed`], only those with a key that starts with `prefix`.
fn listed_under(prefix: &str, bytes: &[u8]) -> Vec<Setting> {
    let text = text(bytes);
    let mut parts = text.split_terminator('\0');
    let mut settings = Vec::new();
    while let (Some(scope), Some(origin), Some(entry)) = (parts.next(), parts.next(), parts.next())
    {
        let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
        if key.is_empty() || !key.starts_with(prefix) {
            continue;
        }
        settings.push(Setting {
            scope: scope.to_owned(),
            origin: origin.strip_prefix("file:").unwrap_or(origin).to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }
    settings
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// git's own message about a failure: only its first line, since its usage may follow.
fn failed(output: &Output) -> Notice {
    let printed = text(&output.stderr);
    let first = printed.lines().next().unwrap_or("no message");
    let is_refused = printed.contains("safe.directory");
    if let Some(path) = first.split('\'').nth(1).filter(|_| is_refused) {
        return Notice::new(
            format!("git refuses the repository {path}: another user owns it"),
            Fix::command(
                "if you trust the repository",
                Command::new("git config --global --add safe.directory").arg(path),
            ),
        );
    }
    let first = first
        .trim_start_matches("fatal: ")
        .trim_start_matches("error: ");
    Notice::new(
        format!("git config: {first}"),
        Fix::command("check", "git config --show-origin --list"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
