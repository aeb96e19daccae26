//! The keychain file, the programs that may read each item, and the log of events.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::Status;

/// The path that macOS writes into an application list for this tool.
pub const TOOL_APPLICATION: &str = "/usr/bin/security";
/// The partition of Apple's own tools.
pub const TOOL_PARTITION: &str = "apple-tool:";

/// A generic password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The keychain file in which the item is.
    pub keychain: String,
    /// `svce`
    pub service: String,
    /// `acct`
    pub account: String,
    /// None for the default, which is the service.
    pub label: Option<String>,
    /// The password.
    #[serde(with = "masked")]
    pub secret: Vec<u8>,
    /// The programs that may decrypt it without a dialog.
    pub applications: Vec<String>,
    /// The groups of programs that may decrypt it without a dialog.
    pub partitions: Vec<String>,
    /// Whether the system lets any program change it.
    pub can_be_changed: bool,
}

/// What the user does with a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing: the dialog stays until the program is killed.
    #[default]
    Nothing,
    /// Presses "Deny".
    Deny,
    /// Presses "Cancel".
    Cancel,
    /// Types the password and presses "Allow", or "OK".
    Allow,
    /// Types the password and presses "Always Allow".
    AlwaysAllow,
}

/// The keychains of a user, and the session that the program runs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about a session"
)]
pub struct State {
    /// The items of all keychains, in the order of the search list.
    pub items: Vec<Item>,
    /// Whether the keychains are locked.
    pub is_locked: bool,
    /// The password that unlocks them.
    #[serde(with = "masked")]
    pub password: Vec<u8>,
    /// Whether a dialog can be shown: not over SSH.
    pub has_screen: bool,
    /// Whether there is a keychain for new items.
    pub has_default_keychain: bool,
    /// Whether searches work: not in some sandboxes.
    pub can_search: bool,
    /// Whether the Mac is in dark wake.
    pub is_dark_wake: bool,
    /// What the user does with a dialog.
    pub user: Answer,
}

impl Default for State {
    fn default() -> State {
        State {
            items: Vec::new(),
            is_locked: false,
            password: b"keychain password".to_vec(),
            has_screen: true,
            has_default_keychain: true,
            can_search: true,
            is_dark_wake: false,
            user: Answer::Nothing,
        }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The program was started.
    Started {
        /// Its process ID.
        pid: u32,
        /// The program that started it.
        parent: String,
        /// The arguments.
        arguments: Vec<String>,
    },
    /// A secret was read.
    Decrypted {
        /// The item's account.
        account: String,
    },
    /// A dialog was shown.
    Dialog {
        /// What it asks about.
        question: String,
    },
}

/// The keychain files in a home directory.
#[derive(Debug, Clone)]
pub struct Keychain {
    dir: PathBuf,
}

impl Item {
    /// An item as this tool creates it: only the tool may read it.
    pub fn created_by_the_tool(service: &str, account: &str, secret: &[u8]) -> Item {
        Item {
            keychain: "login.keychain-db".to_owned(),
            service: service.to_owned(),
            account: account.to_owned(),
            label: None,
            secret: secret.to_vec(),
            applications: vec![TOOL_APPLICATION.to_owned()],
            partitions: vec![TOOL_PARTITION.to_owned()],
            can_be_changed: true,
        }
    }

    /// An item as an unsigned program creates it through the system's API.
    pub fn created_by_a_program(
        service: &str,
        account: &str,
        secret: &[u8],
        program: &str,
    ) -> Item {
        Item {
            applications: vec![format!("/usr/local/bin/{program}")],
            partitions: vec![format!("cdhash:{program}")],
            ..Item::created_by_the_tool(service, account, secret)
        }
    }
}

impl Keychain {
    /// The keychains of this home directory, or an empty one if it has none yet.
    pub fn in_home(home: &Path) -> Keychain {
        Keychain {
            dir: home.join("Library/Keychains"),
        }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("login.keychain-db")
    }

    /// The current state.
    pub fn state(&self) -> State {
        let text = fs::read(self.file()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Changes the state in one step.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let _lock = self.lock();
        let mut state = self.state();
        let result = change(&mut state);
        let draft = self.dir.join("draft");
        let text = serde_json::to_vec(&state).unwrap_or_default();
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, self.file()));
        if let Err(error) = written {
            super::output::error(&format!("the stand-in cannot write its file: {error}"));
        }
        result
    }

    /// Every entry of the log, in order.
    pub fn log(&self) -> Vec<Event> {
        let text = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let events = text.lines().map(|line| {
            let line = masked::unmask(line)?;
            serde_json::from_slice(&line).ok()
        });
        events.flatten().collect()
    }

    /// Adds an entry to the log.
    pub fn append_to_log(&self, event: &Event) {
        let _lock = self.lock();
        let path = self.dir.join("log");
        let log = OpenOptions::new().create(true).append(true).open(path);
        let text = serde_json::to_vec(event).unwrap_or_default();
        if let Ok(mut log) = log {
            let _ = writeln!(log, "{}", masked::mask(&text));
        }
    }

    fn lock(&self) -> Option<File> {
        fs::create_dir_all(&self.dir).ok()?;
        let lock = File::create(self.dir.join("lock")).ok()?;
        flock(&lock, FlockOperation::LockExclusive).ok()?;
        Some(lock)
    }

    /// Shows a dialog if that is possible, and returns the user's answer.
    ///
    /// # Errors
    /// The status of the call that needs the answer.
    pub(crate) fn show_dialog(&self, question: &str) -> Result<Answer, Status> {
        let state = self.state();
        if state.is_dark_wake {
            return Err(Status::Os(-25320));
        }
        if !state.has_screen {
            return Err(Status::NO_INTERACTION);
        }
        self.append_to_log(&Event::Dialog {
            question: question.to_owned(),
        });
        match state.user {
            Answer::Nothing => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            Answer::Deny => Err(Status::AUTH_FAILED),
            Answer::Cancel => Err(Status::CANCELED),
            answer @ (Answer::Allow | Answer::AlwaysAllow) => Ok(answer),
        }
    }

    /// Asks the user to unlock the keychain if it is locked.
    ///
    /// # Errors
    /// As [`Keychain::show_dialog`].
    pub(crate) fn unlock_if_locked(&self) -> Result<(), Status> {
        if self.state().is_locked {
            self.show_dialog("unlock")?;
            self.change(|state| state.is_locked = false);
        }
        Ok(())
    }

    /// Unlocks the keychain for a change of an item.
    ///
    /// # Errors
    /// As [`Keychain::show_dialog`]; [`Status::AUTH_FAILED`] if the system lets nothing change the item.
    pub(crate) fn unlock_to_change(&self, item: &Item) -> Result<(), Status> {
        if item.can_be_changed {
            self.unlock_if_locked()
        } else {
            Err(Status::AUTH_FAILED)
        }
    }

    /// The secret of an item, if this tool may read it.
    ///
    /// # Errors
    /// As [`Keychain::show_dialog`].
    pub(crate) fn decrypt(&self, item: &Item) -> Result<Vec<u8>, Status> {
        self.unlock_if_locked()?;
        let has = |list: &[String], name: &str| list.iter().any(|entry| entry == name);
        let mut always = false;
        for (list, name, question) in [
            (&item.applications, TOOL_APPLICATION, "application"),
            (&item.partitions, TOOL_PARTITION, "partition"),
        ] {
            if !always && !has(list, name) {
                always = self.show_dialog(question)? == Answer::AlwaysAllow;
            }
        }
        if always {
            self.change(|state| {
                for stored in state.items.iter_mut().filter(|stored| *stored == item) {
                    stored.applications.push(TOOL_APPLICATION.to_owned());
                    stored.partitions.push(TOOL_PARTITION.to_owned());
                }
            });
        }
        self.append_to_log(&Event::Decrypted {
            account: item.account.clone(),
        });
        Ok(item.secret.clone())
    }
}

/// Masks secrets in the file. The real file is encrypted, so a search for a secret in it finds nothing either.
mod masked {
    use std::fmt::Write;

    use serde::{Deserialize, Deserializer, Serializer};

    const MASK: u8 = 0xa5;

    pub(super) fn mask(bytes: &[u8]) -> String {
        let mut text = String::new();
        for byte in bytes {
            let _ = write!(text, "{:02x}", byte ^ MASK);
        }
        text
    }

    pub(super) fn unmask(text: &str) -> Option<Vec<u8>> {
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| {
                let digits = std::str::from_utf8(pair).ok()?;
                Some(u8::from_str_radix(digits, 16).ok()? ^ MASK)
            })
            .collect()
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&mask(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        unmask(&text).ok_or_else(|| serde::de::Error::custom("not a masked value"))
    }
}
