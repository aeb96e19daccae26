//! The item that we share with the Heroku CLI, in the keyring of every system.
//!
//! One item per account: service `heroku-cli`, account the email, the bare token as the secret. A
//! login by either program serves both. Locked, slow and broken are [`Unavailable`], never "not
//! there": nobody may conclude from them that a token is gone.
//!
//! Source: the Heroku CLI's `credential-manager-core`; what it leaves in each keyring was measured.

#[cfg(all(unix, not(target_os = "macos")))]
pub mod secret_service;

use std::collections::HashSet;
use std::time::Duration;

use keyring_core::{Entry, Error};

use crate::account::Account;
use crate::environment::Environment;
use crate::notice::{Fix, Notice};
use crate::token::Token;

const SERVICE: &str = "heroku-cli";

/// A login in the keyring.
#[derive(Debug)]
pub struct Item {
    /// The email, or the name under which git handed the token over.
    pub account: Account,
    /// The token.
    pub token: Token,
}

/// All logins in the keyring.
#[derive(Debug, Default)]
pub struct Listing {
    /// One for each account, the last changed first.
    pub items: Vec<Item>,
    /// The items of an account beyond its first: another program's doing.
    pub duplicates: Vec<Item>,
    /// How many items hold no token, or belong to no account.
    pub unusable: usize,
}

/// What lies in the keyring under our service, whatever it is.
struct Login {
    /// None where the name is not one of an account.
    account: Option<Account>,
    /// None where the secret is no token.
    token: Option<Token>,
}

/// Why the keyring could not be asked. Never that an item is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// There is none in this session.
    NoKeyring(Missing),
    /// It is locked, and only its owner can open it.
    Locked,
    /// Its owner was asked to open it, and did not.
    PromptDismissed,
    /// It gave no answer in time.
    Slow(String),
    /// Somebody else kept a token for the same account at the same moment.
    Overtaken,
    /// Anything else. Says what.
    Broken(String),
}

/// What a session without a keyring lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A D-Bus session.
    Bus,
    /// A D-Bus session where the environment says that one is.
    ReachableBus,
    /// A keyring program.
    Service,
    /// A keyring that the keyring program puts new items into.
    Collection,
    /// The system's own keyring.
    System,
}

impl Unavailable {
    /// What happened, and what mends it.
    pub fn notice(&self) -> Notice {
        match self {
            Unavailable::NoKeyring(missing) => missing.notice(),
            Unavailable::Locked => Notice::new(
                "the keyring is locked",
                match cfg!(target_os = "macos") {
                    true => {
                        "unlock it: security unlock-keychain \
                         (or for this push only: HEROKU_API_KEY=… git push heroku main)"
                    }
                    false => {
                        "unlock it: git credential-heroku-rs status --unlock \
                         (or for this push only: HEROKU_API_KEY=… git push heroku main)"
                    }
                },
            ),
            Unavailable::PromptDismissed => Notice::new(
                "the keyring is locked: its prompt was closed, not answered in time, or could not be shown",
                "unlock it in your keyring program (or for this push only: HEROKU_API_KEY=…)",
            ),
            Unavailable::Slow(why) => Notice::new(
                why.clone(),
                "wait longer: HEROKU_RS_TIMEOUT=10 (or for this push only: HEROKU_API_KEY=…)",
            ),
            Unavailable::Overtaken => Notice::new(
                "another login of this account was kept at the same moment",
                "see which token is there: git credential-heroku-rs status",
            ),
            Unavailable::Broken(why) => Notice::new(
                why.clone(),
                "restart your keyring program (or for this push only: HEROKU_API_KEY=…)",
            ),
        }
    }
}

impl Missing {
    fn notice(self) -> Notice {
        const WITHOUT: &str =
            "put a token into HEROKU_API_KEY, or run: git credential-heroku-rs login --store netrc";
        match self {
            Missing::Bus => Notice::new("there is no D-Bus session here", WITHOUT),
            Missing::ReachableBus => Notice::new(
                "the D-Bus session cannot be reached",
                Fix::advice(format!(
                    "DBUS_SESSION_BUS_ADDRESS is stale: log out of the desktop and in again, or {WITHOUT}"
                )),
            ),
            Missing::Service => Notice::new(
                "no keyring program runs in this D-Bus session",
                Fix::advice(format!("start one, such as gnome-keyring, or {WITHOUT}")),
            ),
            Missing::Collection => Notice::new(
                "the keyring program has no default keyring",
                Fix::advice(format!("create one in your keyring program, or {WITHOUT}")),
            ),
            Missing::System => Notice::new("this system's keyring cannot be opened", WITHOUT),
        }
    }
}

/// The keyring of this session. Nothing is opened before the first question.
pub struct Keyring {
    system: system::Keyring,
}

// Where it differs by system: what a keyring is, how an item is found, what an error means.
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "linux.rs"]
mod system;
#[cfg(any(target_os = "macos", target_os = "windows"))]
#[path = "native.rs"]
mod system;

/// An error of the keyring's, without the secret that some of them carry.
fn named(error: &Error) -> String {
    let what = match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => return inner.to_string(),
        Error::NoEntry => "the item has gone",
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => {
            "it holds something that is not a token"
        }
        Error::TooLong(..) | Error::Invalid(..) => "it does not take this token",
        Error::Ambiguous(_) => "it holds several items for this account",
        _ => "it cannot do this",
    };
    format!("the keyring failed: {what}")
}

impl Keyring {
    /// The keyring that this environment leads to.
    pub fn new(environment: &Environment) -> Keyring {
        Keyring {
            system: system::Keyring::new(environment),
        }
    }

    /// Unlocks the keyring; a person gets this long to answer its prompt.
    ///
    /// # Errors
    /// That it stayed locked, or why there was none to unlock.
    pub fn unlock(&self, limit: Duration) -> Result<(), Unavailable> {
        self.system.unlock(limit)
    }

    /// The login of this account; of several items the one that was changed last.
    ///
    /// # Errors
    /// [`Unavailable`]; never for an item that is not there, or that holds no token.
    pub fn item(&self, account: &Account) -> Result<Option<Item>, Unavailable> {
        for entry in self.search(Some(account))? {
            if let Some(token) = token_in(&entry)? {
                let account = account.clone();
                return Ok(Some(Item { account, token }));
            }
        }
        Ok(None)
    }

    /// Every login.
    ///
    /// # Errors
    /// As [`Keyring::item`].
    pub fn items(&self) -> Result<Listing, Unavailable> {
        let mut listing = Listing::default();
        let mut seen = HashSet::new();
        for Login { account, token } in self.system.logins()? {
            match (account, token) {
                (Some(account), Some(token)) => match seen.insert(account.clone()) {
                    true => listing.items.push(Item { account, token }),
                    false => listing.duplicates.push(Item { account, token }),
                },
                (None, _) | (_, None) => listing.unusable += 1,
            }
        }
        Ok(listing)
    }

    /// Whose logins there are, without a look at any token: where that is asked for at every key that
    /// is pressed, nobody is to be asked for leave.
    ///
    /// # Errors
    /// As [`Keyring::item`].
    pub fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        let name = |entry: &Entry| {
            let attributes = entry.get_attributes().unwrap_or_default();
            let name = attributes.get("account").cloned();
            name.or_else(|| Some(entry.get_specifiers()?.1))
        };
        let entries = self.search(None)?;
        let names = entries.iter().filter_map(name);
        Ok(names.filter_map(|name| Account::parse(&name)).collect())
    }

    /// Keeps a token for this account, and reads it back before it says so.
    ///
    /// An item that is there is updated in place; further ones of the same account go, since an
    /// older token would come to light as soon as this one is removed.
    ///
    /// # Errors
    /// [`Unavailable`]: the token is not kept.
    pub fn keep(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let entries = self.search(Some(account))?;
        let (first, duplicates) = match entries.split_first() {
            Some((first, duplicates)) => (first, duplicates),
            None => (&self.place(account)?, &[][..]),
        };
        let secret = token.expose().as_bytes();
        match first.set_secret(secret) {
            // Somebody removed it after the search: then this is a new one.
            Err(Error::NoEntry) => self.place(account)?.set_secret(secret),
            kept => kept,
        }
        .map_err(|error| system::unavailable(&error))?;
        duplicates.iter().try_for_each(remove)?;
        match self.item(account)? {
            Some(item) if item.token == *token => Ok(()),
            Some(_) => Err(Unavailable::Overtaken),
            None => Err(Unavailable::Broken(
                "the keyring did not keep the token".to_owned(),
            )),
        }
    }

    /// Removes this account's items, or those alone that hold this very token; says how many.
    ///
    /// # Errors
    /// [`Unavailable`]: some may still be there.
    pub fn forget(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
        let meant = self.holding(account, only)?;
        let removed = |entry| match only {
            Some(only) => self.remove_if_still(account, entry, only),
            None => remove(entry),
        };
        meant.iter().try_for_each(removed)?;
        if meant.is_empty() || self.holding(account, only)?.is_empty() {
            return Ok(meant.len());
        }
        let why = "the keyring did not remove the token";
        Err(Unavailable::Broken(why.to_owned()))
    }

    /// Removes an item that held this very token a moment ago. No keyring knows "if it still does":
    /// a login that came between is put back, unless yet another one lies there by then.
    fn remove_if_still(
        &self,
        account: &Account,
        entry: &Entry,
        only: &Token,
    ) -> Result<(), Unavailable> {
        let taken = self.system.take(entry)?;
        let Some(newer) = taken.filter(|taken| taken != only) else {
            return Ok(());
        };
        if self.item(account)?.is_some() {
            return Ok(());
        }
        match self.keep(account, &newer) {
            Ok(()) | Err(Unavailable::Overtaken) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// The account's items, or those alone that hold this very token.
    fn holding(&self, account: &Account, only: Option<&Token>) -> Result<Vec<Entry>, Unavailable> {
        let mut entries = self.search(Some(account))?;
        if let Some(only) = only {
            let mut meant = Vec::new();
            for entry in entries {
                if token_in(&entry)?.as_ref() == Some(only) {
                    meant.push(entry);
                }
            }
            entries = meant;
        }
        Ok(entries)
    }

    fn search(&self, account: Option<&Account>) -> Result<Vec<Entry>, Unavailable> {
        let found = self.system.store()?.search(&system::attributes(account));
        let mut entries = found.map_err(|error| system::unavailable(&error))?;
        entries.retain(|entry| system::is_of(entry, account));
        Ok(entries)
    }

    fn place(&self, account: &Account) -> Result<Entry, Unavailable> {
        let place = self.system.store()?.build(SERVICE, account.as_str(), None);
        place.map_err(|error| system::unavailable(&error))
    }
}

/// The token in an item; none where it holds something else, or went away meanwhile.
fn token_in(entry: &Entry) -> Result<Option<Token>, Unavailable> {
    match entry.get_secret() {
        Ok(bytes) => Ok(Token::from_bytes(bytes).ok()),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(system::unavailable(&error)),
    }
}

fn remove(entry: &Entry) -> Result<(), Unavailable> {
    match entry.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(system::unavailable(&error)),
    }
}
