//! The item that this program shares with the Heroku CLI, in the system's keyring.
//!
//! Both programs write one item per account; another program may have added more. The item's service is `heroku-cli`,
//! its account is the email, and its secret is the bare token. A login by either program serves both. A locked, slow
//! or broken keyring is [`Unavailable`], never "no such item": no caller may conclude from it that a token is gone.
//!
//! Source: the Heroku CLI's `credential-manager-core`; what it leaves in each keyring was measured.

#[cfg(any(target_os = "macos", all(unix, any(test, feature = "security-tool"))))]
#[cfg_attr(
    not(any(target_os = "macos", feature = "security-tool")),
    expect(dead_code, reason = "other systems test its parts, but do not use it")
)]
mod macos;
pub mod memory;
mod notices;
#[cfg(all(unix, not(target_os = "macos")))]
pub mod secret_service;
#[cfg(any(windows, test))]
mod windows;

use std::cell::Cell;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;

/// The name under which the Heroku CLI keeps its items.
const SERVICE: &str = "heroku-cli";

/// The keyring of one system, or one in memory for tests.
///
/// Nothing is opened before the first operation. The operations of one value share a connection: what one of them
/// unlocks, the next one can read.
pub trait Keyring {
    /// The token of this account. If there are several items, the first one with a token counts, as for the Heroku CLI.
    ///
    /// # Errors
    /// [`Unavailable`], also if no token was found and a locked item may exist.
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable>;

    /// Every login that can be read.
    ///
    /// # Errors
    /// As [`Keyring::read`]. If something can be read, the listing says what else is locked.
    fn read_all(&self) -> Result<Listing, Unavailable>;

    /// The accounts of the items that are not locked. Reads no token, so no system asks the user.
    ///
    /// # Errors
    /// As [`Keyring::read`].
    fn accounts(&self) -> Result<Vec<Account>, Unavailable>;

    /// Writes an account's token, and reads it back to check it.
    ///
    /// An existing item is updated in place. Further items of the same account are removed, since an older token
    /// would be used again as soon as this one is removed.
    ///
    /// # Errors
    /// [`Unavailable::Unconfirmed`] if the token may be stored all the same; after any other one it is certainly not.
    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable>;

    /// Removes this account's items that still hold this token.
    ///
    /// # Errors
    /// [`Unavailable`]: some items may be left.
    fn remove(&self, account: &Account, token: &Token) -> Result<(), Unavailable>;

    /// Waits until a token that was just written would survive a crash of the keyring program. Only then may the old
    /// token be revoked.
    ///
    /// # Errors
    /// [`Unavailable`]: the token may be lost.
    fn settle(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let _ = (account, token);
        Ok(())
    }

    /// Unlocks what is locked, by a prompt if necessary.
    ///
    /// # Errors
    /// [`Unavailable`]: something stayed locked, or there is no keyring.
    fn unlock(&self) -> Result<(), Unavailable>;

    /// Whether the keyring is open, but its program asks the user about each program that reads from it. Reads no
    /// secret, so the user is not asked yet.
    fn confirms_reads(&self) -> bool {
        false
    }

    /// Whether the Heroku CLI reads and writes the same items.
    fn is_shared(&self) -> bool {
        true
    }
}

/// Checks the token that was read back after a write.
fn check_stored(found: Option<&Token>, written: &Token) -> Result<(), Unavailable> {
    match found {
        Some(found) if found == written => Ok(()),
        Some(_) => Err(Unavailable::Overtaken),
        None => Err(Unavailable::Broken(
            "the keyring did not store the token".to_owned(),
        )),
    }
}

/// The keyring that the environment names, on this system. Opens nothing. If `may_prompt`, a user is there who can answer
/// a prompt.
#[cfg_attr(
    any(target_os = "macos", feature = "security-tool"),
    expect(unused_variables, reason = "macOS may show a dialog at any read")
)]
pub fn open(environment: &Environment, may_prompt: bool) -> Box<dyn Keyring> {
    #[cfg(any(target_os = "macos", feature = "security-tool"))]
    return Box::new(macos::SecurityTool::new(environment));
    #[cfg(windows)]
    return Box::new(windows::WindowsKeyring::new(environment, may_prompt));
    #[cfg(not(any(target_os = "macos", windows, feature = "security-tool")))]
    return Box::new(secret_service::SecretService::new(environment, may_prompt));
}

/// Whether this program stores its tokens in the Keychain of macOS.
const IS_MACOS: bool = cfg!(any(target_os = "macos", feature = "security-tool"));

/// How long this process waits for the keyring.
///
/// git waits for all operations together, and no user is asked. The user of a command waits for each operation, and may
/// be asked to confirm a change.
struct Budget {
    /// For one operation, or for all operations if there is no user to ask.
    limit: Duration,
    /// For the user to answer a prompt, in addition. If none, a prompt has to end within the limit: KeePassXC wants one
    /// for each change, and shows nothing.
    prompt: Option<Duration>,
    /// How long all operations have taken so far.
    waited: Cell<Duration>,
    /// The limit of an operation that did not end in time. The keyring is not used again after one.
    gave_up: Cell<Option<Duration>>,
}

impl Budget {
    fn new(environment: &Environment, may_prompt: bool) -> Budget {
        Budget {
            limit: environment.keyring_limit,
            prompt: may_prompt.then_some(environment.prompt_limit),
            waited: Cell::default(),
            gave_up: Cell::default(),
        }
    }

    /// Runs an operation with this limit, usually [`Budget::limit`]. It has to end by the deadline that it gets.
    fn run<T>(
        &self,
        limit: Duration,
        operation: impl FnOnce(Deadline) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        if let Some(limit) = self.gave_up.get() {
            return Err(Unavailable::Slow(limit));
        }
        let left = match self.prompt {
            None => limit.saturating_sub(self.waited.get()),
            Some(_) => limit,
        };
        let start = Instant::now();
        let at = start + left;
        let result = operation(Deadline { at, limit });
        self.waited.set(self.waited.get() + start.elapsed());
        if result.as_ref().is_err_and(Unavailable::is_slow) {
            self.gave_up.set(Some(limit));
        }
        result
    }
}

/// When to stop waiting for the keyring.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    /// The limit that is named if the deadline passed.
    limit: Duration,
}

impl Deadline {
    /// The deadline of a limit that begins now.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn after(limit: Duration) -> Deadline {
        Deadline {
            at: Instant::now() + limit,
            limit,
        }
    }

    /// The failure of an operation that did not end in time.
    fn passed(self) -> Unavailable {
        Unavailable::Slow(self.limit)
    }
}

/// A login in the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The email, or the user name with which git sent the token.
    pub account: Account,
    /// The token.
    pub token: Token,
}

/// The logins in the keyring that can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// One item for each account: its first, as for the Heroku CLI.
    pub items: Vec<Item>,
    /// The further items of an account, written by another program.
    pub duplicates: Vec<Item>,
    /// How many items hold no token, or belong to no account.
    pub unusable: usize,
    /// What else is locked, and may be a login too. So a login that is not listed may still exist.
    pub locked: Option<Lock>,
}

impl Listing {
    /// Classifies items by what can be done with them. They come in the order of the keyring.
    ///
    /// # Errors
    /// [`Unavailable::Locked`] if there are none, and something is locked.
    fn classify(
        found: impl IntoIterator<Item = (Option<Account>, Option<Token>)>,
        locked: Option<Lock>,
    ) -> Result<Listing, Unavailable> {
        let mut listing = Listing {
            locked,
            ..Listing::default()
        };
        let mut seen = HashSet::new();
        for login in found {
            let (Some(account), Some(token)) = login else {
                listing.unusable += 1;
                continue;
            };
            let is_first = seen.insert(account.clone());
            let item = Item { account, token };
            if is_first {
                listing.items.push(item);
            } else {
                listing.duplicates.push(item);
            }
        }
        match locked {
            Some(lock) if seen.is_empty() && listing.unusable == 0 => {
                Err(Unavailable::Locked(lock))
            }
            _ => Ok(listing),
        }
    }
}

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// The keyring for new items is locked: KeePassXC's database, KWallet's wallet.
    Keyring,
    /// Another keyring is locked. The one for new items is open.
    Another,
    /// The keyring is open, but its program asks the user about each program that reads from it:
    /// KeePassXC's "Confirm when passwords are retrieved by clients".
    Confirmation,
}

/// Why the keyring could not be used. Never that an item does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// There is no keyring in this session.
    NoKeyring(Missing),
    /// The item is locked, or may be.
    Locked(Lock),
    /// The user was asked to unlock it or to confirm a change, and did not.
    PromptDismissed,
    /// The system does not let this program use the keyring.
    Refused,
    /// The keyring did not answer within this limit.
    Slow(Duration),
    /// Another program stored a token for the same account at the same time.
    Overtaken,
    /// A write was sent, and then failed with this: the token may be stored, or may still be.
    Unconfirmed(Box<Unavailable>),
    /// The D-Bus session is not a local socket, so a token would leave this machine unencrypted.
    RemoteBus,
    /// The socket of the D-Bus session belongs to another user, or it does not accept this one, as after `su` or `sudo`.
    BusOfAnotherUser,
    /// Anything else: a description for the user.
    Broken(String),
}

/// What a session without a keyring lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A D-Bus session.
    Bus,
    /// A D-Bus session at the address in the environment.
    ReachableBus,
    /// A keyring program.
    Service,
    /// A keyring for new items in the keyring program.
    Collection,
    /// An open database in KeePassXC.
    Database,
    /// A wallet in KWallet.
    Wallet,
    /// The system's own keyring.
    System,
}

impl Unavailable {
    /// This failure, of a write that was sent and may have been carried out.
    #[must_use]
    pub fn unconfirmed(self) -> Unavailable {
        Unavailable::Unconfirmed(Box::new(self))
    }

    fn is_slow(&self) -> bool {
        match self {
            Unavailable::Slow(_) => true,
            Unavailable::Unconfirmed(why) => why.is_slow(),
            _ => false,
        }
    }

    /// Whether a login may store its token in netrc instead, as the Heroku CLI does.
    pub fn allows_netrc(&self) -> bool {
        matches!(self, Unavailable::NoKeyring(missing) if missing.allows_netrc())
    }

    /// Whether this session certainly has no keyring, as on a server, so that logins are stored in netrc.
    pub fn leaves_only_netrc(&self) -> bool {
        self.allows_netrc() && self.proves_no_login()
    }

    /// Whether there is certainly no login in the keyring, since nothing could hold one. A database that is not open may
    /// hold one, and so may a keyring on a bus that cannot be reached.
    pub fn proves_no_login(&self) -> bool {
        let Unavailable::NoKeyring(missing) = self else {
            return false;
        };
        !matches!(missing, Missing::Database | Missing::ReachableBus)
    }
}

impl Missing {
    /// As [`Unavailable::allows_netrc`]. False for a keyring program without a keyring or an open database: its user
    /// does not want plain text.
    pub fn allows_netrc(self) -> bool {
        !matches!(
            self,
            Missing::Collection | Missing::Wallet | Missing::Database
        )
    }
}
