//! git's configuration, read by git itself: the only module that runs git, and the one that edits
//! git's configuration files.

mod asking;
mod child;
mod helper_kind;
mod helper_problem;
mod matching;
mod set_up;
mod setting;
mod urls;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::time::Instant;

use zeroize::Zeroizing;

use crate::account::Account;
use crate::environment::Environment;
use crate::files;
use crate::notice::{Command, Fix, Notice};
use crate::secret_buf::SecretBuf;
use crate::subprocess::Output;

pub use asking::Filled;
pub use child::Git;
use child::LIMIT;
use helper_kind::HelperKind;
pub use helper_kind::PROGRAM;
pub use helper_problem::HelperProblem;
pub use matching::UrlParts;
pub use set_up::{ALIAS, Addition, AliasState, HELPER, helper_value};
pub use setting::{Setting, SettingScope, listed, path_without_secrets, without_secrets};
pub use urls::{HerokuUrl, Way};

/// The key of the helpers for Heroku's git server. It is exactly the key that the Heroku CLI reads: the
/// CLI adds its own helper if this key has fewer than two values.
pub const HEROKU_HELPER: &str = "credential.https://git.heroku.com.helper";

/// The oldest git that has every option of `git config` used here and in `doctor`, such as `--fixed-value`.
pub const OLDEST: (u32, u32) = (2, 30);

/// Heroku's git server.
const SERVER: &str = "https://git.heroku.com";

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

impl Scope {
    /// The command that configures git in this file.
    pub fn setup(self) -> &'static str {
        match self {
            Scope::Global => "git credential-heroku-rs setup",
            Scope::Local => "git credential-heroku-rs setup --local",
        }
    }

    /// The command that undoes it.
    pub fn unsetup(self) -> &'static str {
        match self {
            Scope::Global => "git credential-heroku-rs unsetup",
            Scope::Local => "git credential-heroku-rs unsetup --local",
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
    /// Whether it leads to Heroku's git server over https, so that git asks a helper.
    pub fn is_herokus(&self) -> bool {
        HerokuUrl::parse(&self.url).is_some_and(|url| url.is_valid())
    }
}

/// git's settings and remotes in the current directory.
#[derive(Default)]
pub struct Configuration {
    /// Every setting, in the order in which git reads: of all files with their includes, and of the command line and
    /// the environment that git gave us.
    pub settings: Vec<Setting>,
    /// The URLs of all remotes; none outside of a repository.
    pub remotes: Vec<Remote>,
}

impl Git {
    /// Reads git's configuration in the current directory. The remotes of a repository that git refuses are none.
    ///
    /// # Errors
    /// A [`Notice`] if git cannot be run, or its settings cannot be read or used.
    pub fn configuration(&self) -> Result<Configuration, Notice> {
        let configuration = Configuration {
            settings: self.settings()?,
            remotes: self.remotes().unwrap_or_default(),
        };
        self.check(&configuration)?;
        Ok(configuration)
    }

    /// Checks that no setting without a value stops git at every push.
    ///
    /// # Errors
    /// A [`Notice`] with git's message.
    pub fn check(&self, configuration: &Configuration) -> Result<(), Notice> {
        for (url, _) in configuration.push_urls() {
            let parts = UrlParts::parse(url);
            let stops_git = |one: &Setting| {
                let needs_value = one.is_helper() || one.is_username();
                needs_value && !one.has_value && one.applies_to(&parts)
            };
            if configuration.settings.iter().any(stops_git) {
                // Its message names the line. It asks no helper.
                self.fill(url, LIMIT)?;
            }
        }
        Ok(())
    }

    /// Whether git asks another helper about Heroku after this program; none if git does not list its
    /// configuration by the deadline, or if this program is not in it.
    ///
    /// A helper that reads the same login as we do gives the same answer, so it does not count. `username` is that of the
    /// request.
    pub fn is_followed(&self, username: Option<&str>, deadline: Instant) -> Option<bool> {
        let credentials = SHOW.into_iter().chain(["--get-regexp", r"^credential\."]);
        let limit = deadline.saturating_duration_since(Instant::now());
        let output = self.run_for(credentials, &[], b"", limit).ok()?;
        let is_complete = output.status.success();
        let settings = listed(&output.stdout);
        is_another_behind_us(&settings, username).filter(|_| is_complete)
    }

    /// Whether the current directory is in a repository that git reads.
    ///
    /// # Errors
    /// A [`Notice`] if git cannot be run.
    pub fn is_in_repository(&self) -> Result<bool, Notice> {
        Ok(self.run(["rev-parse", "--git-dir"])?.status.success())
    }

    /// See [`Configuration::settings`].
    ///
    /// # Errors
    /// As [`Git::configuration`].
    pub fn settings(&self) -> Result<Vec<Setting>, Notice> {
        Ok(listed(&self.output_of(SHOW.into_iter().chain(["--list"]))?))
    }

    /// What git prints; an error if it does not succeed.
    fn output_of<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<SecretBuf, Notice> {
        let output = self.run(arguments)?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(self.failed(&output))
        }
    }

    /// git's own message about a failure: only its first line, since its usage may follow.
    fn failed(&self, output: &Output) -> Notice {
        let home = self.home.as_deref();
        let printed = text(&output.stderr);
        // Other lines may come before it: warnings, and with `GIT_TRACE` those of a trace.
        let mut errors = printed.lines().filter_map(error_in);
        let first = errors.next().or(printed.lines().next());
        let first = first.unwrap_or("no message");
        if let Some(path) = refused_repository(&printed, first) {
            let trust = Command::new("git config --global --add safe.directory");
            return Notice::new(
                format!("git refuses the repository {path}: another user owns it"),
                Fix::command(
                    "if you trust the repository",
                    trust.path(Path::new(path), home),
                ),
            );
        }
        if let Some(notice) = no_repository(first) {
            return notice;
        }
        let fix = if let Some(fix) = self.fix_of_bad_line(&printed) {
            fix
        } else if first.ends_with(" GIT_CONFIG_PARAMETERS") {
            Fix::unset("GIT_CONFIG_PARAMETERS")
        } else if first.contains(" GIT_CONFIG_") {
            Fix::unset("GIT_CONFIG_COUNT")
        } else if self.works_elsewhere() {
            let first = without_secrets(first);
            return Notice::new(
                format!("git does not work in this directory: {first}"),
                "fix that, or run the command in another directory",
            );
        } else if let Some(file) = denied_file(first) {
            access_fix(file, home)
        } else {
            Fix::command("check", "git config --show-origin --list")
        };
        let what = if first.starts_with("bad config line ") {
            path_without_secrets(first)
        } else {
            without_secrets(first)
        };
        Notice::new(
            format!("git config: {what}"),
            fix.redacted(path_without_secrets),
        )
    }

    /// Whether git works in another directory. This one may have been removed, belong to another user, or be in a broken
    /// repository.
    fn works_elsewhere(&self) -> bool {
        let output = self.run(["-C", "/", "config", "--list"]);
        output.is_ok_and(|output| output.status.success())
    }

    /// What opens the file at the line that git cannot use, if git's messages name one.
    fn fix_of_bad_line(&self, printed: &str) -> Option<Fix> {
        let (line, file) = printed.lines().filter_map(error_in).find_map(bad_line)?;
        // git names the repository's file relative to the top of the work tree.
        Some(if file.has_root() {
            let edit = Command::edit_at(line).path(file, self.home.as_deref());
            Fix::command("open the file at this line", edit)
        } else {
            let file = file.display();
            Fix::advice(format!(
                "correct line {line} of {file}, at the top of the repository"
            ))
        })
    }

    /// The URLs of all remotes, to fetch from and to push to; none outside of a repository.
    ///
    /// # Errors
    /// If there is a repository and git does not read it, such as one of another user.
    pub fn remotes(&self) -> Result<Vec<Remote>, Notice> {
        let output = self.run(["remote", "-v"])?;
        if !output.status.success() {
            let is_outside = text(&output.stderr).contains("not a git repository");
            return is_outside
                .then(Vec::new)
                .ok_or_else(|| self.failed(&output));
        }
        let printed = text(&output.stdout);
        let mut uses: BTreeMap<(&str, &str), bool> = BTreeMap::new();
        for line in printed.lines() {
            if let Some((name, rest)) = line.split_once('\t')
                && let Some((url, direction)) = rest.rsplit_once(" (")
            {
                *uses.entry((name, url)).or_default() |= direction.starts_with("push)");
            }
        }
        let remotes = uses.into_iter().map(|((name, url), is_push)| Remote {
            name: name.to_owned(),
            url: Zeroizing::new(url.to_owned()),
            is_push,
        });
        Ok(remotes.collect())
    }
}

/// Shows settings with their scope and origin.
const SHOW: [&str; 4] = ["config", "--show-scope", "--show-origin", "-z"];

/// Whether another helper for Heroku comes after this program in these settings; none if this program is not among
/// them. git sends no path, so a helper for any app counts, but not one for another user.
fn is_another_behind_us(settings: &[Setting], username: Option<&str>) -> Option<bool> {
    let heroku = UrlParts::parse(SERVER);
    let mut behind = None;
    for helper in settings {
        let is_asked = helper.concerns_heroku() && !helper.is_for_another_user(username);
        if !helper.is_helper() || !is_asked {
            continue;
        }
        if helper.is_reset() {
            behind = behind.filter(|_| !helper.applies_to(&heroku));
        } else if let Some(is_another) = &mut behind {
            *is_another |= !helper.reads_our_login();
        } else if helper.starts_us() {
            behind = Some(false);
        }
    }
    behind
}

impl Configuration {
    /// The helpers that git asks about Heroku, in the order in which git reads them: for `https://git.heroku.com`, or
    /// for one of the remotes there.
    pub fn helpers(&self) -> Vec<&Setting> {
        let urls = self.remotes.iter().filter(|remote| remote.is_herokus());
        let urls = urls.map(|remote| remote.url.as_str());
        let urls = std::iter::once(SERVER).chain(urls);
        let asked = urls.flat_map(|url| UrlParts::parse(url).helpers_in(&self.settings));
        let asked: BTreeSet<usize> = asked.collect();
        asked.into_iter().map(|at| &self.settings[at]).collect()
    }

    /// Whether git asks this program, first or after another helper.
    pub fn asks_us(&self) -> bool {
        self.helpers().iter().any(|helper| helper.starts_us())
    }

    /// Whether git asks this program first.
    pub fn asks_us_first(&self) -> bool {
        self.helpers()
            .first()
            .is_some_and(|first| first.starts_us())
    }

    /// The URLs at Heroku's git server that git pushes to, each with its remote; if there is no such remote,
    /// the server's URL.
    pub fn push_urls(&self) -> Vec<(&str, Option<&Remote>)> {
        let at_heroku = |remote: &&Remote| remote.is_push && remote.is_herokus();
        let remotes = self.remotes.iter().filter(at_heroku);
        let mut urls: Vec<_> = remotes
            .map(|remote| (remote.url.as_str(), Some(remote)))
            .collect();
        if urls.is_empty() {
            urls.push((SERVER, None));
        }
        urls
    }

    /// The last setting that resets the list of helpers for a push to Heroku: git asks none that is set before it.
    pub fn last_reset(&self) -> Option<&Setting> {
        let urls = self.push_urls().into_iter();
        let urls: Vec<UrlParts> = urls.map(|(url, _)| UrlParts::parse(url)).collect();
        let resets = |one: &&Setting| one.is_reset() && urls.iter().any(|url| one.applies_to(url));
        self.settings.iter().rfind(resets)
    }

    /// What makes git ask this program first. What is set up before a reset has no effect.
    pub fn set_up_fix(&self) -> Fix {
        match self.last_reset() {
            Some(reset) => reset.silencer(),
            None => Command::new(Scope::Global.setup()).into(),
        }
    }

    /// The account that a push to this URL asks for, whichever one is active, and the setting that chooses it; no
    /// setting if the URL chooses it. Only an email chooses an account.
    pub fn chosen_account(&self, url: &str) -> Option<(Account, Option<&Setting>)> {
        let url = UrlParts::parse(url);
        let (name, setting) = match &url.username {
            Some(name) => (name, None),
            None => {
                let mut settings = self.settings.iter();
                let setting = settings.rfind(|one| one.is_username() && one.applies_to(&url))?;
                (&setting.value, Some(setting))
            }
        };
        let account = Account::parse(name).filter(Account::is_email)?;
        Some((account, setting))
    }

    /// The accounts that pushes ask for, whichever one is active, and where they are chosen: by a setting, or by the
    /// URL of a remote.
    pub fn chosen_accounts(&self, environment: &Environment) -> Vec<(Account, String)> {
        let mut chosen = Vec::new();
        for (url, remote) in self.push_urls() {
            let Some((account, setting)) = self.chosen_account(url) else {
                continue;
            };
            let place = if let Some(setting) = setting {
                let (key, origin) = (setting.shown_key(), setting.shown_origin(environment));
                format!("{key} in {origin}")
            } else {
                let name = remote.map_or("", |remote| &remote.name);
                format!("the URL of the remote {}", without_secrets(name))
            };
            // A setting may apply to several remotes.
            let account = (account, place);
            if !chosen.contains(&account) {
                chosen.push(account);
            }
        }
        chosen
    }

    /// The keys of the remote URLs of Heroku's git server that contain a password, for display: git sends that
    /// password, and asks no helper. Never a URL.
    pub fn remotes_with_password(&self) -> Vec<String> {
        let is_url = |key: &str| key.starts_with("remote.") && key.ends_with("url");
        let has_password = |setting: &&Setting| {
            let url = HerokuUrl::parse(&setting.value);
            url.is_some_and(|url| url.way == Way::Https && url.has_password)
        };
        let urls = self.settings.iter().filter(|one| is_url(&one.key));
        let found = urls.filter(has_password);
        found.map(Setting::shown_key).collect()
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The message in a line in which git reports an error.
fn error_in(line: &str) -> Option<&str> {
    let fatal = line.strip_prefix("fatal: ");
    fatal.or_else(|| line.strip_prefix("error: "))
}

/// The file in `unable to access '/home/ann/more': Permission denied`.
fn denied_file(message: &str) -> Option<&Path> {
    let file = message.strip_prefix("unable to access '")?;
    Some(Path::new(file.strip_suffix("': Permission denied")?))
}

/// What lets this user read a file that `sudo` may have left behind, or the directory above it that keeps it from being
/// found.
fn access_fix(file: &Path, home: Option<&Path>) -> Fix {
    let path = files::nearest_existing(file);
    if cfg!(unix) && home.is_some_and(|home| path.starts_with(home)) {
        let own = Command::own().path(path, home).then("&& chmod u+rwX");
        Fix::command("change its owner and permissions", own.path(path, home))
    } else {
        Fix::command("check", Command::show_access().path(path, home))
    }
}

/// What git's message means if it found no repository where it looked for one.
fn no_repository(message: &str) -> Option<Notice> {
    let place = message.strip_prefix("not a git repository")?;
    Some(match place.strip_prefix(": ") {
        None => Notice::new(
            "this directory is in no git repository",
            "run the command in the app's repository, or without --local",
        ),
        Some(place) if place.starts_with('\'') => Notice::new(
            format!("GIT_DIR names no git repository: {place}"),
            Fix::unset("GIT_DIR"),
        ),
        Some(place) => Notice::new(
            format!(
                "the file .git in this directory or a parent directory names no git repository: {place}"
            ),
            "fix the file, or run the command in another directory",
        ),
    })
}

/// The repository in `detected dubious ownership in repository at '/home/bob/app'`. Its path may contain a quote.
fn refused_repository<'p>(printed: &str, first: &'p str) -> Option<&'p str> {
    let (_, quoted) = first.split_once('\'')?;
    let (path, _) = quoted.rsplit_once('\'')?;
    printed.contains("safe.directory").then_some(path)
}

/// The place in `bad config line 4 in file /home/ann/.gitconfig`, or in
/// `bad config variable 'credential.helper' in file '/home/ann/.gitconfig' at line 4`.
fn bad_line(message: &str) -> Option<(usize, &Path)> {
    let (line, file) = if let Some(rest) = message.strip_prefix("bad config line ") {
        rest.split_once(" in file ")?
    } else {
        let rest = message.strip_prefix("bad config variable ")?;
        let (rest, line) = rest.rsplit_once("' at line ")?;
        let (_, file) = rest.split_once(" in file '")?;
        (line, file)
    };
    Some((line.parse().ok()?, Path::new(file)))
}

#[cfg(test)]
mod tests;
