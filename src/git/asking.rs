//! Asks git itself, as a push would, for its credential, and for its version. Nothing prompts, every call has a
//! time limit, and the output is wiped.

use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Git, error_in, path_without_secrets, without_secrets};
use crate::notice::{Fix, Notice};
use crate::token::Token;

/// What git itself would push with.
#[derive(Debug)]
pub struct Filled {
    /// The password, if it is a token.
    pub token: Option<Token>,
    /// The command of the helper that completed the answer.
    pub by: Option<String>,
}

impl Git {
    /// Asks `git credential fill`, without any prompt, for what a push to this URL would send.
    ///
    /// # Errors
    /// If git gives no credential, with its last error; or if it takes longer than `limit`.
    pub fn fill(&self, url: &str, limit: Duration) -> Result<Filled, Notice> {
        let variables = [
            ("GIT_TERMINAL_PROMPT", "0"),
            // Set but empty, they also override `core.askPass`: git starts no prompt program.
            ("GIT_ASKPASS", ""),
            ("SSH_ASKPASS", ""),
            ("GCM_INTERACTIVE", "never"),
            ("GIT_TRACE2_EVENT", "1"),
            ("GIT_TRACE2_PARENT_SID", ""),
            ("GIT_TRACE2_ENV_VARS", ""),
        ];
        // The URL goes to stdin and not into an argument: it may contain a password.
        let input = Zeroizing::new(format!("url={url}\n\n"));
        let fill = ["credential", "fill"];
        let output = self.run_for(fill, &variables, input.as_bytes(), limit)?;
        let printed = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let why = unanswered(&printed);
            return Err(match self.fix_of_bad_line(&printed) {
                Some(fix) => Notice::new(
                    format!("git config: {}", why.what()),
                    fix.redacted(path_without_secrets),
                ),
                None => why,
            });
        }
        Ok(Filled {
            token: password_in(&output.stdout),
            by: helper_in_trace(&printed),
        })
    }

    /// git's version: its first two numbers, and the text that git prints.
    ///
    /// # Errors
    /// If git cannot be run or does not say.
    pub fn version(&self) -> Result<((u32, u32), String), Notice> {
        let output = self.output_of(["version"])?;
        let text = String::from_utf8_lossy(&output);
        let shown = text.trim().trim_start_matches("git version ").to_owned();
        let mut numbers = shown.split(['.', ' ']).map(|part| part.parse().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => Ok(((major, minor), shown)),
            _ => Err(Notice::new(
                "could not read git's version",
                Fix::command("check", "git version"),
            )),
        }
    }
}

fn unanswered(printed: &str) -> Notice {
    // Lines of our trace, or of the user's, may follow the error.
    let mut lines = printed.lines().rev();
    let last = lines.clone().find_map(error_in);
    let last = last.or_else(|| lines.find(|line| !line.starts_with('{')));
    let what = last.map_or("git printed nothing".to_owned(), without_secrets);
    Notice::new(what, "")
}

fn password_in(reply: &[u8]) -> Option<Token> {
    let mut lines = reply.split(|&byte| byte == b'\n');
    let password = lines.find_map(|line| line.strip_prefix(b"password="))?;
    Token::from_bytes(password.to_vec()).ok()
}

/// The command of the last helper that git has asked: git stops at the one that completes the answer.
///
/// Source: git's `api-trace2.txt`: a `child_start` event of the process itself. The session id of a
/// child process contains a `/`.
fn helper_in_trace(trace: &str) -> Option<String> {
    trace.lines().rev().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let is_child = event["event"] == "child_start" && !event["sid"].as_str()?.contains('/');
        let command = event["argv"][0].as_str()?.strip_suffix(" get")?;
        is_child.then(|| command.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_error_is_found_between_the_lines_of_traces() {
        for (printed, what) in [
            ("{}\nfatal: no\n{}\n10:00 exit elapsed:0.1\n", "no"),
            ("error: first\nfatal: last\n", "last"),
            ("words of a helper\n{}\n", "words of a helper"),
            ("{}\n", "git printed nothing"),
        ] {
            assert_eq!(unanswered(printed).what(), what);
        }
    }

    #[test]
    fn only_gits_own_helpers_are_recognized() {
        let trace = concat!(
            r#"{"event":"child_start","sid":"1","argv":["git credential-other get"]}"#,
            "\na helper's own words\n",
            r#"{"event":"child_start","sid":"1/2","argv":["inner get"]}"#,
            "\n",
            r#"{"event":"child_start","sid":"1","argv":["/x/git-credential-heroku-rs get"]}"#,
            "\n",
            r#"{"event":"child_start","sid":"1","argv":["git-pager"]}"#,
        );
        let helper = helper_in_trace(trace);
        assert_eq!(helper.as_deref(), Some("/x/git-credential-heroku-rs"));
    }
}
