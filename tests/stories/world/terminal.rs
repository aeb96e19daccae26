//! A person at a terminal: a real pseudo-terminal with git or the tested program on it.

use rexpect::session::{PtySession, spawn_command};

use super::World;
use super::search::Seen;

/// The longest wait for a question, in milliseconds.
const LIMIT_MS: u64 = 30_000;

/// What the shell prints before the exit code of the command line.
const ENDED: &str = "ended with";

/// A program on a terminal. What it shows is searched for secrets like all else.
pub(crate) struct Terminal<'w> {
    world: &'w World,
    session: PtySession,
    line: String,
    shown: String,
}

impl World {
    /// Types a command line at a terminal.
    pub(crate) fn on_a_terminal(&self, line: &str) -> Terminal<'_> {
        // Tests that are started in the background ignore Ctrl-C, and so would their children.
        let mut command = self.program("env");
        command.args(["--default-signal=INT,QUIT", "sh"]);
        // rexpect turns the echo off; git turns it off itself where a secret is typed.
        command.args(["-c", &format!("stty echo; {line}; echo \"{ENDED} $?\"")]);
        command.env("GIT_TERMINAL_PROMPT", "1").env("TERM", "xterm");
        Terminal {
            world: self,
            session: spawn_command(command, Some(LIMIT_MS)).unwrap(),
            line: line.to_owned(),
            shown: String::new(),
        }
    }
}

impl Terminal<'_> {
    /// The program shows this text, sooner or later.
    pub(crate) fn shows(mut self, text: &str) -> Self {
        match self.session.exp_string(text) {
            Ok(before) => self.shown += &(before + text),
            Err(error) => panic!("{} does not show {text:?}: {error}", self.line),
        }
        self
    }

    /// The person types a line.
    pub(crate) fn types(mut self, text: &str) -> Self {
        self.session.send_line(text).unwrap();
        self
    }

    /// The person types, and does not press Enter.
    pub(crate) fn types_without_enter(mut self, text: &str) -> Self {
        self.session.send(text).unwrap();
        self.session.flush().unwrap();
        self
    }

    /// The person presses a key together with Control.
    pub(crate) fn presses_control(mut self, key: char) -> Self {
        self.session.send_control(key).unwrap();
        self
    }

    /// The program ends with this code; all that it showed is the answer.
    pub(crate) fn exits_with(mut self, code: i32) -> String {
        self.shown += &self.session.exp_eof().unwrap();
        self.world.transcript.add(Seen {
            command: self.line.clone(),
            code: Some(code),
            stdout: self.shown.clone().into_bytes(),
            stderr: Vec::new(),
        });
        let (shown, found) = self.shown.rsplit_once(ENDED).unwrap();
        assert_eq!(found.trim(), code.to_string(), "{}: {shown}", self.line);
        shown.replace("\r\n", "\n")
    }
}
