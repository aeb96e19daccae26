//! macOS: `/usr/bin/security` reads, writes and removes items, and the system's own search lists them.
//!
//! The Heroku CLI uses the same program. macOS decides by the program who may read an item: what `security` has
//! written, it can read without a dialog. A write through the system's API would put our own signature in its place,
//! and the next read by the CLI would ask for a password.
//!
//! The token is never an argument. It is sent to the stdin of `security -i`, in one line.
//!
//! This is compiled on every Unix: with the feature `security-tool` a Linux program uses it, with a stand-in for the
//! tool.

#[cfg(target_os = "macos")]
mod native;
mod reply;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::{Budget, Keyring, Listing, Lock, Missing, SERVICE, Unavailable, check_stored};
use crate::account::Account;
use crate::environment::Environment;
use crate::secret_buf::SecretBuf;
use crate::subprocess::{self, Output};
use crate::token::Token;

#[cfg(all(feature = "security-tool", not(debug_assertions)))]
compile_error!("the feature security-tool is for tests alone: no release has it");

/// The path of the program. Only a build for tests can have another one, and no build reads it at run time.
#[cfg(feature = "security-tool")]
const PROGRAM: &str = match option_env!("SECURITY_TOOL") {
    Some(path) => path,
    None => "/usr/bin/security",
};
#[cfg(not(feature = "security-tool"))]
const PROGRAM: &str = "/usr/bin/security";

/// If a call takes longer than this, a line says what it waits for.
const SILENT_FOR: Duration = Duration::from_secs(1);

/// The most that is read of what the tool prints.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The most items of one account that are removed. They can be in several keychains, and each call removes the first.
const MOST_DUPLICATES: usize = 8;

/// The program, and how long it may take.
pub(super) struct SecurityTool {
    program: PathBuf,
    /// For a call that may show macOS's own dialog: it unlocks the keychain.
    prompt_limit: Duration,
    /// Its limit is for a call that shows no dialog. The times of several calls are not added up.
    budget: Budget,
}

impl SecurityTool {
    /// A read or a write always has the limit of a prompt. This program cannot keep macOS from showing its dialog, and a
    /// dialog cannot be closed once its program was killed.
    pub(super) fn new(environment: &Environment) -> SecurityTool {
        #[cfg(feature = "security-tool")]
        environment
            .trace
            .log(|| "built with security-tool, for tests alone".to_owned());
        SecurityTool {
            program: PathBuf::from(PROGRAM),
            prompt_limit: environment.prompt_limit,
            budget: Budget::new(environment, true),
        }
    }

    /// Stores a token: in the existing item, or in a new one.
    fn add(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let line = add_command(account, token);
        reply::success(&self.run(&["-i"], &line, self.prompt_limit)?)
    }

    /// Removes the first item of an account. Returns whether there was one.
    fn delete(&self, account: &Account) -> Result<bool, Unavailable> {
        let account = account.as_str();
        let arguments = ["delete-generic-password", "-s", SERVICE, "-a", account];
        reply::found(&self.run(&arguments, b"", self.budget.limit)?)
    }

    /// Checks that the keychain is open. The tool has no command for this, but the settings of a keychain are in its
    /// encrypted part. To show them macOS opens the keychain, with its own dialog if necessary.
    fn check_is_open(&self, limit: Duration) -> Result<(), Unavailable> {
        reply::success(&self.run(&["show-keychain-info"], b"", limit)?)
    }

    /// The accounts that have an item, by the search of macOS. It needs neither consent nor an unlocked keychain.
    #[cfg(target_os = "macos")]
    #[expect(clippy::unused_self, reason = "it is used on other systems")]
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        native::accounts()
    }

    /// The accounts that have an item. Only the stand-in for the tool has this command.
    #[cfg(not(target_os = "macos"))]
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        let listed = self.run(
            &["list-accounts-for-tests", SERVICE],
            b"",
            self.budget.limit,
        )?;
        reply::success(&listed)?;
        let names = String::from_utf8_lossy(&listed.stdout);
        Ok(names.lines().map(str::to_owned).collect())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "macOS lets `security` read what it has stored itself"
    )]
    fn command(&self) -> Command {
        Command::new(&self.program)
    }

    fn run(
        &self,
        arguments: &[&str],
        input: &[u8],
        limit: Duration,
    ) -> Result<Output, Unavailable> {
        self.budget.run(limit, |deadline| {
            let _call = explain_a_long_wait();
            let mut command = self.command();
            command.args(arguments);
            let reply = subprocess::run(&mut command, input, LONGEST_ANSWER, deadline.at);
            reply.map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => deadline.passed(),
                _ => not_started(&error),
            })
        })
    }
}

impl Keyring for SecurityTool {
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        let account = account.as_str();
        let arguments = ["find-generic-password", "-s", SERVICE, "-a", account, "-w"];
        let found = self.run(&arguments, b"", self.prompt_limit)?;
        match reply::found(&found) {
            Ok(true) => Ok(reply::token(&found.stdout)),
            Ok(false) => Ok(None),
            // Without a screen, as over SSH, the same code has two meanings: the keychain is locked, or it is open and
            // the item needs the user's consent in a dialog. An unlock helps only in the first case.
            Err(Unavailable::Locked(_)) => {
                let why = self.check_is_open(self.budget.limit).err();
                Err(why.unwrap_or(Unavailable::Refused))
            }
            Err(why) => Err(why),
        }
    }

    /// Runs one program after the other. Several at the same time would show several dialogs at the same time.
    fn read_all(&self) -> Result<Listing, Unavailable> {
        let mut found = Vec::new();
        let mut refused = None;
        for name in self.names()? {
            let Some(account) = Account::parse(&name) else {
                found.push((None, None));
                continue;
            };
            match self.read(&account) {
                Ok(token) => found.push((Some(account), token)),
                Err(why @ (Unavailable::Locked(_) | Unavailable::Refused)) => {
                    refused.get_or_insert(why);
                }
                Err(why) => return Err(why),
            }
        }
        match refused {
            Some(why) if found.iter().all(|(_, token)| token.is_none()) => Err(why),
            refused => Listing::classify(found, refused.map(|_| Lock::Another)),
        }
    }

    fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        let names = self.names()?;
        let names = names.iter().map(String::as_str);
        Ok(names.filter_map(Account::parse).collect())
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        // Without a default keychain the write would show a dialog. The search fails without one.
        self.names()?;
        self.add(account, token).map_err(|why| match why {
            // With these, macOS has refused the write.
            Unavailable::Locked(_) | Unavailable::Refused | Unavailable::NoKeyring(_) => why,
            why => why.unconfirmed(),
        })?;
        let found = self.read(account).map_err(Unavailable::unconfirmed)?;
        check_stored(found.as_ref(), token)
    }

    fn remove(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        for _ in 0..MOST_DUPLICATES {
            if self.read(account)?.as_ref() != Some(token) || !self.delete(account)? {
                break;
            }
        }
        Ok(())
    }

    /// With macOS's own dialog. Without a screen, as over SSH, it cannot show one.
    fn unlock(&self) -> Result<(), Unavailable> {
        self.check_is_open(self.prompt_limit)
    }
}

/// Prints what a call waits for, if it takes long. The call has ended when the returned value is dropped.
fn explain_a_long_wait() -> Sender<()> {
    let (call, end) = mpsc::channel();
    thread::spawn(move || {
        if end.recv_timeout(SILENT_FOR) == Err(RecvTimeoutError::Timeout) {
            let text = b"heroku-rs: waiting for macOS: a dialog may ask to unlock the keychain\n";
            let _ = io::stderr().write_all(text);
        }
    });
    call
}

/// The line that stores a token. The tool reads a line of 4,095 bytes or more in pieces, and would then store only a part
/// of the token. An account and a token are much shorter, and neither has a line break.
///
/// `-U` updates an existing item. The line never has `-T` or `-A`: for an existing item, macOS asks the user about
/// them. It never has `-w` without an argument, which would read the terminal instead of stdin.
fn add_command(account: &Account, token: &Token) -> SecretBuf {
    let mut line = SecretBuf::with_capacity(4096);
    for (option, word) in [
        ("add-generic-password -U -a ", account.as_str()),
        (" -s ", SERVICE),
        (" -w ", token.expose()),
    ] {
        line.extend_from_slice(option.as_bytes());
        quote(&mut line, word);
    }
    // A line without its newline is not run, but the exit code is still 0.
    line.extend_from_slice(b"\n");
    line
}

/// Appends a word as `security -i` reads it: in double quotes, in which a backslash escapes the next character.
fn quote(line: &mut SecretBuf, word: &str) {
    line.extend_from_slice(b"\"");
    for byte in word.bytes() {
        if matches!(byte, b'"' | b'\\') {
            line.extend_from_slice(b"\\");
        }
        line.extend_from_slice(&[byte]);
    }
    line.extend_from_slice(b"\"");
}

fn not_started(error: &io::Error) -> Unavailable {
    match error.kind() {
        io::ErrorKind::NotFound => Unavailable::NoKeyring(Missing::System),
        io::ErrorKind::FileTooLarge => {
            Unavailable::Broken("macOS's security tool printed too much".to_owned())
        }
        kind => Unavailable::Broken(format!(
            "macOS's security tool could not be started: {kind}"
        )),
    }
}

#[cfg(test)]
mod tests;
