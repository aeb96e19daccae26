//! Questions to git itself, as a push would put them: who answers for Heroku, and what other
//! programs keep. Nobody is prompted, every question has a time limit, and what comes back is
//! wiped.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{HELPERS, Setting, not_started, reset, run};
use crate::notice::Notice;
use crate::subprocess::Running;
use crate::token::Token;

/// What git itself would push with.
#[derive(Debug)]
pub struct Filled {
    /// The password, where it is a token.
    pub token: Option<Token>,
    /// The command of the helper that completed the answer.
    pub by: Option<String>,
}

/// Asks `git credential fill` about Heroku in the current directory, without any prompt.
///
/// # Errors
/// Where nobody has an answer, or none within `limit`: then with git's last words.
pub fn fill(limit: Duration) -> Result<Filled, Notice> {
    let answer = ask(&["credential", "fill"], limit)?;
    let said = String::from_utf8_lossy(&answer.errors);
    let commands = helpers_in_trace(&said);
    if !answer.is_well {
        return Err(unanswered(&said));
    }
    Ok(Filled {
        token: password_in(&answer.output),
        by: commands.last().cloned(),
    })
}

fn unanswered(said: &str) -> Notice {
    let mut words = said.lines().filter(|line| !line.starts_with('{'));
    let last = words.next_back().unwrap_or("git says nothing");
    Notice::new(last.trim_start_matches("fatal: "), "")
}

fn password_in(reply: &[u8]) -> Option<Token> {
    let mut lines = reply.split(|&byte| byte == b'\n');
    let password = lines.find_map(|line| line.strip_prefix(b"password="))?;
    Token::from_bytes(password.to_vec()).ok()
}

/// The commands of the helpers that git has asked, in order: git stops at the one that completes
/// the answer, so the last is the one that counts.
///
/// Source: git's `api-trace2.txt`: a `child_start` of the process itself, whose id is not below
/// another.
fn helpers_in_trace(trace: &str) -> Vec<String> {
    let event = |line: &str| serde_json::from_str::<Value>(line).ok();
    let command = |event: Value| {
        let is_child = event["event"] == "child_start" && !event["sid"].as_str()?.contains('/');
        let command = event["argv"][0].as_str()?.strip_suffix(" get")?;
        is_child.then(|| command.to_owned())
    };
    trace
        .lines()
        .filter_map(event)
        .filter_map(command)
        .collect()
}

impl Setting {
    /// The command that git makes of this helper value, without the operation.
    ///
    /// Source: git's `credential.c`, `credential_do`.
    pub fn command(&self) -> String {
        match self.value.strip_prefix('!') {
            Some(command) => command.to_owned(),
            // To git, a path without a drive is absolute on Windows, too.
            None if Path::new(&self.value).has_root() => self.value.clone(),
            None => format!("git credential-{}", self.value),
        }
    }
}

/// Whether git asks another helper about Heroku after this program; none where git does not say so
/// by the deadline, or does not name this program.
///
/// A helper that reads the login that we read has no other answer, and does not count.
pub fn is_followed(deadline: Instant) -> Option<bool> {
    let mut git = start_config(&["-z", "--get-regexp", HELPERS])?;
    let output = git.output().map(collected)?;
    let left = deadline.saturating_duration_since(Instant::now());
    let listed = output.recv_timeout(left).ok()?;
    let is_well = git.succeeds_by(deadline)?;
    let text = String::from_utf8_lossy(&listed);
    let values = text.split_terminator('\0').map(|entry| {
        let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
        Setting::helper_at(key, value)
    });
    let helpers = reset(values);
    let ours = helpers.iter().position(Setting::starts_us)?;
    let mut behind = helpers[ours + 1..].iter();
    is_well.then(|| behind.any(|helper| !helper.reads_our_login()))
}

/// Starts `git config`, to be ended by the caller's deadline.
#[expect(clippy::disallowed_methods, reason = "this is the room that runs git")]
fn start_config(arguments: &[&str]) -> Option<Running> {
    let mut command = Command::new("git");
    command
        .arg("config")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    Running::start(&mut command).ok()
}

/// The token that a running `git credential-cache` holds for Heroku. One that does not run is not
/// started by the question.
pub fn held_in_cache(limit: Duration) -> Option<Token> {
    let answer = ask(&["credential-cache", "get"], limit).ok()?;
    password_in(&answer.output)
}

struct Answer {
    is_well: bool,
    output: Zeroizing<Vec<u8>>,
    errors: Zeroizing<Vec<u8>>,
}

/// Asks a credential program about Heroku.
fn ask(arguments: &[&str], limit: Duration) -> Result<Answer, Notice> {
    let mut git = start(arguments)?;
    let output = git.output().map(collected);
    let errors = git.errors().map(collected);
    if let Some(mut input) = git.input() {
        // A program that does not read has its answer all the same.
        let _ = input.write_all(b"protocol=https\nhost=git.heroku.com\n\n");
    }
    let until = Instant::now() + limit;
    let wait = |pipe: Option<Receiver<Zeroizing<Vec<u8>>>>| {
        let left = until.saturating_duration_since(Instant::now());
        pipe.and_then(|pipe| pipe.recv_timeout(left).ok())
    };
    let said = wait(output).zip(wait(errors));
    let Some(((output, errors), is_well)) = said.zip(git.succeeds_by(until)) else {
        let what = format!("git {} gave no answer within {limit:?}", arguments[0]);
        return Err(Notice::new(what, ""));
    };
    Ok(Answer {
        is_well,
        output,
        errors,
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the room that runs git")]
fn start(arguments: &[&str]) -> Result<Running, Notice> {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Set to nothing they are found, and nothing is started.
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("GCM_INTERACTIVE", "never")
        .env("GIT_TRACE2_EVENT", "1")
        .env_remove("GIT_TRACE2_PARENT_SID")
        .env_remove("GIT_TRACE2_ENV_VARS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running::start(&mut command).map_err(|error| not_started(&error))
}

/// All that a pipe brings, read by a thread of its own: two pipes fill at the same time.
fn collected(mut pipe: impl Read + Send + 'static) -> Receiver<Zeroizing<Vec<u8>>> {
    const LARGEST: u64 = 1024 * 1024;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
        let _ = pipe.by_ref().take(LARGEST).read_to_end(&mut bytes);
        // Nobody waits any longer where the time was up.
        let _ = sender.send(bytes);
    });
    receiver
}

/// git's version, as its first two numbers and as it prints it.
///
/// # Errors
/// Where git cannot be run or does not say.
pub fn version() -> Result<((u32, u32), String), Notice> {
    let output = run(["version"])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let shown = text.trim().trim_start_matches("git version ").to_owned();
    let mut numbers = shown.split(['.', ' ']).map(|part| part.parse().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => Ok(((major, minor), shown)),
        _ => Err(Notice::new(
            "git does not say its version",
            "run: git version",
        )),
    }
}

/// Where git looks for its commands before it looks along PATH.
pub fn place_of_commands() -> Option<PathBuf> {
    let output = run(["--exec-path"]).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (!text.trim().is_empty()).then(|| PathBuf::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_helpers_of_git_itself_are_seen() {
        let trace = concat!(
            r#"{"event":"child_start","sid":"1","argv":["git credential-other get"]}"#,
            "\na helper's own words\n",
            r#"{"event":"child_start","sid":"1/2","argv":["inner get"]}"#,
            "\n",
            r#"{"event":"child_start","sid":"1","argv":["/x/git-credential-heroku-rs get"]}"#,
            "\n",
            r#"{"event":"child_start","sid":"1","argv":["git-pager"]}"#,
        );
        let helpers = helpers_in_trace(trace);
        assert_eq!(
            helpers,
            ["git credential-other", "/x/git-credential-heroku-rs"]
        );
    }

    #[test]
    fn a_helper_value_becomes_the_command_that_git_makes_of_it() {
        let command = |value: &str| Setting::helper(value).command();
        assert_eq!(command("heroku-rs"), "git credential-heroku-rs");
        assert_eq!(command("!heroku git:credentials"), "heroku git:credentials");
        assert_eq!(command("/opt/x y"), "/opt/x y");
        assert_eq!(command("~/x"), "git credential-~/x");
    }
}
