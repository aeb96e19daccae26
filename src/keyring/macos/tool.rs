//! Runs `/usr/bin/security`, one process at a time.
//!
//! The Heroku CLI uses the same program, and macOS decides by the program who may read an item:
//! what `security` has written, `security` reads without a dialog. A write through the system's API
//! would put our own signature in its place, and the next read of the CLI would ask for a password.
//!
//! The token never is an argument. It goes to the stdin of `security -i`, in one line.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::super::{Lock, Missing, SERVICE, Unavailable};
use super::reply::{self, Reply};
use crate::account::Account;
use crate::subprocess::Running;
use crate::token::Token;

/// Where the program is. Only a build for tests has another place, and no build reads one when it
/// runs.
#[cfg(all(feature = "security-tool", not(debug_assertions)))]
compile_error!("the feature security-tool is for tests alone: no release has it");
#[cfg(feature = "security-tool")]
const PROGRAM: &str = match option_env!("SECURITY_TOOL") {
    Some(path) => path,
    None => "/usr/bin/security",
};
#[cfg(not(feature = "security-tool"))]
const PROGRAM: &str = "/usr/bin/security";

/// After this time we say what we are waiting for.
const SILENT_FOR: Duration = Duration::from_secs(1);

/// The tool reads a line of 4,095 bytes or more in pieces, and would store a part of the token.
const LONGEST_LINE: usize = 4000;

/// More than any token in hex, and than what the tool says of an error.
const LONGEST_ANSWER: u64 = 4096;

/// Items of one account can be in several keychains; each removal takes the first.
const MOST_DUPLICATES: usize = 8;

/// The program, and how long it may take.
pub(super) struct SecurityTool {
    program: PathBuf,
    /// For a read: macOS may be showing its own dialog that asks to unlock the keychain.
    read_limit: Duration,
    /// For everything else.
    limit: Duration,
    /// Says that macOS may be waiting for its user.
    says_waiting: fn(),
    /// A call did not end in time, within this limit: nothing more is asked.
    gave_up: Cell<Option<Duration>>,
}

/// What is to be run.
struct Call<'a> {
    arguments: &'a [&'a str],
    input: &'a [u8],
    limit: Duration,
}

impl SecurityTool {
    pub(super) fn new(read_limit: Duration, limit: Duration) -> SecurityTool {
        SecurityTool {
            program: PathBuf::from(PROGRAM),
            read_limit,
            limit,
            says_waiting,
            gave_up: Cell::new(None),
        }
    }

    /// The token of an account; none if there is no item, or it holds something else.
    pub(super) fn find(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        let account = account.as_str();
        let found = self.run(&Call {
            arguments: &["find-generic-password", "-s", SERVICE, "-a", account, "-w"],
            input: b"",
            limit: self.read_limit,
        })?;
        match found.of_a_read() {
            Ok(()) => Ok(reply::token(&found.output)),
            Err(reply::Failure::NotFound) => Ok(None),
            Err(reply::Failure::NoInteraction) => Err(self.why_no_interaction()),
            Err(reply::Failure::Unavailable(why)) => Err(why),
        }
    }

    /// Stores a token: in the item that is there, or in a new one.
    pub(super) fn add(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let line = line_that_adds(account.as_str(), token.expose())?;
        let added = self.run(&Call {
            arguments: &["-i"],
            input: &line,
            limit: self.limit,
        })?;
        added.of_a_write().map_err(|failure| match failure {
            reply::Failure::NoInteraction => Unavailable::Locked(Lock::Keyring),
            reply::Failure::Unavailable(why) => why,
            reply::Failure::NotFound => unexpected(&added),
        })
    }

    /// Removes the items of an account, in every keychain; says how many.
    pub(super) fn delete_all(&self, account: &Account) -> Result<usize, Unavailable> {
        let mut count = 0;
        while count < MOST_DUPLICATES && self.delete(account)? {
            count += 1;
        }
        Ok(count)
    }

    /// Removes the first item of an account; says whether there was one.
    pub(super) fn delete(&self, account: &Account) -> Result<bool, Unavailable> {
        let deleted = self.run(&Call {
            arguments: &[
                "delete-generic-password",
                "-s",
                SERVICE,
                "-a",
                account.as_str(),
            ],
            input: b"",
            limit: self.limit,
        })?;
        match deleted.of_a_read() {
            Ok(()) => Ok(true),
            Err(reply::Failure::NotFound) => Ok(false),
            Err(reply::Failure::NoInteraction) => Err(Unavailable::Locked(Lock::Keyring)),
            Err(reply::Failure::Unavailable(why)) => Err(why),
        }
    }

    /// Unlocks the keychain: by macOS's own dialog if it can show one, else on the terminal.
    pub(super) fn unlock(&self, limit: Duration) -> Result<(), Unavailable> {
        match self.opened(limit) {
            Err(Unavailable::Locked(_)) => self.unlock_on_the_terminal(limit),
            opened => opened,
        }
    }

    /// Whether the keychain is open. The tool has no such question, but the settings of a keychain
    /// are in its encrypted part: to show them macOS opens it, by its own dialog if it has to.
    fn opened(&self, limit: Duration) -> Result<(), Unavailable> {
        let shown = self.run(&Call {
            arguments: &["show-keychain-info"],
            input: b"",
            limit,
        })?;
        shown.of_a_read().map_err(|failure| match failure {
            reply::Failure::NoInteraction => Unavailable::Locked(Lock::Keyring),
            reply::Failure::Unavailable(why) => why,
            reply::Failure::NotFound => unexpected(&shown),
        })
    }

    /// Without a screen, over SSH, the same code means two things: the keychain is locked, or it is
    /// open and the item would need a dialog that asks for consent. Unlocking helps in one case only.
    fn why_no_interaction(&self) -> Unavailable {
        match self.opened(self.limit) {
            Ok(()) => Unavailable::Refused,
            Err(why) => why,
        }
    }

    /// `getpass` reads from the terminal, which it may only do in the terminal's own process group.
    fn unlock_on_the_terminal(&self, limit: Duration) -> Result<(), Unavailable> {
        use std::io::IsTerminal;

        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Err(Unavailable::Locked(Lock::Keyring));
        }
        let modes = rustix::termios::tcgetattr(&stdin).ok();
        let mut running = Running::start_on_the_terminal(self.command().arg("unlock-keychain"))
            .map_err(|error| not_started(&error))?;
        let ended = running.ends_by(Instant::now() + limit);
        drop(running);
        if let (None, Some(modes)) = (ended, modes) {
            // It was killed while it hid what is typed.
            let restore = rustix::termios::OptionalActions::Flush;
            let _ = rustix::termios::tcsetattr(&stdin, restore, &modes);
        }
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(_) | None => Err(Unavailable::PromptDismissed),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "macOS lets this program read what it has stored itself"
    )]
    fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// What every keychain holds, as the Heroku CLI lists it.
    #[cfg(not(target_os = "macos"))]
    pub(super) fn dump(&self) -> Result<Vec<u8>, Unavailable> {
        let mut command = self.command();
        command.arg("dump-keychain");
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let mut running =
            Running::start(command.stdout(Stdio::piped())).map_err(|error| not_started(&error))?;
        let output = running.output();
        let reading = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            output.map(|mut output| output.read_to_end(&mut bytes));
            bytes
        });
        match running.ends_by(Instant::now() + self.limit) {
            Some(status) if status.success() => Ok(reading.join().unwrap_or_default()),
            Some(status) => Err(broken(&format!("ended with {status}"))),
            None => Err(slow(self.limit)),
        }
    }

    fn run(&self, call: &Call<'_>) -> Result<Reply, Unavailable> {
        if let Some(limit) = self.gave_up.get() {
            return Err(slow(limit));
        }
        let mut command = self.command();
        command.args(call.arguments);
        command.stdin(if call.input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running::start(&mut command).map_err(|error| not_started(&error))?;
        if let Some(mut input) = running.input() {
            // A pipe holds more than the longest line, so this does not wait. It may have ended.
            let _ = input.write_all(call.input);
        }
        let Some(status) = self.wait(&mut running, call.limit) else {
            self.gave_up.set(Some(call.limit));
            return Err(slow(call.limit));
        };
        // It has ended, and its answer is in the pipes.
        Ok(Reply {
            code: status.code(),
            output: bytes_of(running.output()),
            errors: bytes_of(running.errors()),
        })
    }

    fn wait(&self, running: &mut Running, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        if limit > SILENT_FOR {
            if let Some(status) = running.ends_by(start + SILENT_FOR) {
                return Some(status);
            }
            (self.says_waiting)();
        }
        running.ends_by(start + limit)
    }
}

/// The one line that stores a token.
///
/// `-U` updates the item that is there. Never `-T` or `-A`: on an item that is there macOS asks its
/// user about them. Never `-w` without its argument, which reads the terminal instead of stdin.
fn line_that_adds(account: &str, token: &str) -> Result<Zeroizing<Vec<u8>>, Unavailable> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
    line.extend_from_slice(b"add-generic-password -U -a ");
    quote(&mut line, account)?;
    line.extend_from_slice(b" -s ");
    quote(&mut line, SERVICE)?;
    line.extend_from_slice(b" -w ");
    quote(&mut line, token)?;
    // A line without its newline is not run, and the tool ends with 0 all the same.
    line.push(b'\n');
    if line.len() > LONGEST_LINE {
        return Err(broken("does not take this name or token"));
    }
    Ok(line)
}

/// A word as `security -i` reads it: in double quotes, in which a backslash takes the next character
/// as it is.
fn quote(line: &mut Vec<u8>, word: &str) -> Result<(), Unavailable> {
    if line.len() + 2 * word.len() + 2 > LONGEST_LINE || word.contains(['\n', '\0']) {
        return Err(broken("does not take this name or token"));
    }
    line.push(b'"');
    for byte in word.bytes() {
        if matches!(byte, b'"' | b'\\') {
            line.push(b'\\');
        }
        line.push(byte);
    }
    line.push(b'"');
    Ok(())
}

fn bytes_of(pipe: Option<impl Read>) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * 4096));
    if let Some(pipe) = pipe {
        let _ = pipe.take(LONGEST_ANSWER).read_to_end(&mut bytes);
    }
    bytes
}

fn not_started(error: &io::Error) -> Unavailable {
    match error.kind() {
        io::ErrorKind::NotFound => Unavailable::NoKeyring(Missing::System),
        kind => broken(&format!("could not be started: {kind}")),
    }
}

fn unexpected(reply: &Reply) -> Unavailable {
    reply::unexpected(reply.code)
}

fn broken(what: &str) -> Unavailable {
    Unavailable::Broken(format!("macOS's security tool {what}"))
}

fn slow(limit: Duration) -> Unavailable {
    Unavailable::Slow {
        limit,
        logins: None,
    }
}

fn says_waiting() {
    let text = b"heroku-rs: waiting for macOS, which may be asking to unlock the keychain\n";
    let _ = io::stderr().write_all(text);
}

#[cfg(test)]
mod tests;
