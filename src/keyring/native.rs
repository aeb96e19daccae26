//! macOS and Windows: the native store of the `keyring` crate. Linux does not link that crate,
//! since there it would bring a D-Bus runtime along.
//!
//! Neither system has been run by us yet: which program may read an item that another has made is
//! the system's decision there, and it may ask its user.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};

use super::{Accounts, Keyring, Limits, Listing, Missing, SERVICE, Unavailable};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;

/// The native store.
pub(super) struct NativeKeyring(Option<Arc<CredentialStore>>);

impl NativeKeyring {
    pub(super) fn new(_: &Environment, _: Limits) -> NativeKeyring {
        // Asking for the status sets the crate's default store up.
        let _ = keyring::Entry::store_status();
        NativeKeyring(keyring_core::get_default_store())
    }

    fn store(&self) -> Result<&CredentialStore, Unavailable> {
        self.0
            .as_deref()
            .ok_or(Unavailable::NoKeyring(Missing::System))
    }

    fn search(&self, account: Option<&Account>) -> Result<Vec<Entry>, Unavailable> {
        let mut entries = self.store()?.search(&attributes(account))?;
        entries.retain(|entry| is_of(entry, account));
        Ok(entries)
    }

    fn place(&self, account: &Account) -> Result<Entry, Unavailable> {
        Ok(self.store()?.build(SERVICE, account.as_str(), None)?)
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

    /// Removes an item that held this very token a moment ago: a login that came between is put back,
    /// unless yet another one is there by then.
    fn remove_if_still(
        &self,
        account: &Account,
        entry: &Entry,
        only: &Token,
    ) -> Result<(), Unavailable> {
        let held = token_in(entry)?;
        remove(entry)?;
        let Some(newer) = held.filter(|held| held != only) else {
            return Ok(());
        };
        if self.read(account)?.is_some() {
            return Ok(());
        }
        match self.write(account, &newer) {
            Ok(()) | Err(Unavailable::Overtaken) => Ok(()),
            Err(why) => Err(why),
        }
    }
}

impl Keyring for NativeKeyring {
    fn accounts(&self) -> Result<Accounts, Unavailable> {
        let entries = self.search(None)?;
        Ok(Accounts {
            names: entries.iter().filter_map(account_of).collect(),
            locked: None,
        })
    }

    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        for entry in self.search(Some(account))? {
            if let Some(token) = token_in(&entry)? {
                return Ok(Some(token));
            }
        }
        Ok(None)
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        let mut found = Vec::new();
        for entry in self.search(None)? {
            found.push((account_of(&entry), token_in(&entry)?));
        }
        Ok(Listing::sort(found.into_iter(), None))
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let entries = self.search(Some(account))?;
        let (first, duplicates) = match entries.split_first() {
            Some((first, duplicates)) => (first, duplicates),
            None => (&self.place(account)?, &[][..]),
        };
        let secret = token.expose().as_bytes();
        match first.set_secret(secret) {
            // Another program removed it after the search: then this is a new one.
            Err(Error::NoEntry) => self.place(account)?.set_secret(secret),
            kept => kept,
        }?;
        duplicates.iter().try_for_each(remove)?;
        match self.read(account)? {
            Some(found) if found == *token => Ok(()),
            Some(_) => Err(Unavailable::Overtaken),
            None => Err(Unavailable::Broken(
                "the keyring did not keep the token".to_owned(),
            )),
        }
    }

    fn remove(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
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

    /// The system asks its user if it has to.
    fn unlock(&self, _: Duration) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// The token in an item; none if it holds something else, or went away meanwhile.
fn token_in(entry: &Entry) -> Result<Option<Token>, Unavailable> {
    match entry.get_secret() {
        Ok(bytes) => Ok(Token::from_bytes(bytes).ok()),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn account_of(entry: &Entry) -> Option<Account> {
    let (_, user) = entry.get_specifiers()?;
    Account::parse(&user)
}

fn remove(entry: &Entry) -> Result<(), Unavailable> {
    match entry.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

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

/// What the stores search by: macOS by service and user, Windows by a pattern on its own name of
/// the item, which holds both.
fn attributes(account: Option<&Account>) -> HashMap<&str, &str> {
    if cfg!(windows) {
        return HashMap::from([("pattern", SERVICE)]);
    }
    let mut attributes = HashMap::from([("service", SERVICE)]);
    attributes.extend(account.map(|account| ("user", account.as_str())));
    attributes
}

/// Whether an entry is the item of this account; of any account where none is given.
fn is_of(entry: &Entry, account: Option<&Account>) -> bool {
    entry.get_specifiers().is_some_and(|(service, user)| {
        service == SERVICE && account.is_none_or(|account| account.as_str() == user)
    })
}

/// What an error of the native store means. Their own sorting is coarse: to macOS's store a locked
/// keyring is a failure, and an item that is there already is one that may not be read.
impl From<Error> for Unavailable {
    fn from(error: Error) -> Unavailable {
        code(&error)
            .and_then(meaning)
            .unwrap_or_else(|| Unavailable::Broken(named(&error)))
    }
}

#[cfg(target_os = "macos")]
use super::Lock;

#[cfg(target_os = "macos")]
fn code(error: &Error) -> Option<i32> {
    let (Error::PlatformFailure(inner) | Error::NoStorageAccess(inner)) = error else {
        return None;
    };
    let inner = inner.downcast_ref::<security_framework::base::Error>();
    inner.map(|inner| inner.code())
}

/// Source: Apple's `SecBase.h`, the result codes of the keyring.
#[cfg(target_os = "macos")]
fn meaning(code: i32) -> Option<Unavailable> {
    const USER_CANCELED: i32 = -128;
    const NOT_AVAILABLE: i32 = -25291;
    const AUTH_FAILED: i32 = -25293;
    const NO_SUCH_KEYRING: i32 = -25294;
    const NO_DEFAULT_KEYRING: i32 = -25307;
    // Without a screen, over SSH mostly, nobody can be asked.
    const INTERACTION_NOT_ALLOWED: i32 = -25308;
    match code {
        INTERACTION_NOT_ALLOWED => Some(Unavailable::Locked(Lock::Keyring)),
        USER_CANCELED | AUTH_FAILED => Some(Unavailable::PromptDismissed),
        NOT_AVAILABLE | NO_SUCH_KEYRING | NO_DEFAULT_KEYRING => {
            Some(Unavailable::NoKeyring(Missing::System))
        }
        _ => None,
    }
}

/// Windows has no locked store: a session without a profile, a service's or one over SSH, has none.
#[cfg(windows)]
fn code(error: &Error) -> Option<()> {
    matches!(error, Error::NoStorageAccess(_)).then_some(())
}

#[cfg(windows)]
fn meaning((): ()) -> Option<Unavailable> {
    Some(Unavailable::NoKeyring(Missing::System))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> NativeKeyring {
        let environment = Environment::read(|_| None);
        NativeKeyring::new(&environment, Limits::for_git(&environment))
    }

    #[cfg(target_os = "macos")]
    #[test]
    fn a_keyring_that_may_not_ask_is_locked_and_not_broken() {
        let told = |code| {
            let inner = security_framework::base::Error::from_code(code);
            Unavailable::from(Error::PlatformFailure(Box::new(inner)))
        };
        assert_eq!(told(-25308), Unavailable::Locked(Lock::Keyring));
        assert_eq!(told(-128), Unavailable::PromptDismissed);
        assert_eq!(told(-25307), Unavailable::NoKeyring(Missing::System));
        assert!(matches!(told(-50), Unavailable::Broken(_)));
    }

    #[test]
    fn an_entry_is_of_the_account_that_it_names() {
        let keyring = keyring();
        let entry = keyring
            .store()
            .unwrap()
            .build(SERVICE, "ann@example.com", None);
        let (ann, bob) = (
            Account::parse("ann@example.com"),
            Account::parse("bob@example.com"),
        );
        let entry = entry.unwrap();
        assert!(is_of(&entry, ann.as_ref()) && is_of(&entry, None));
        assert!(!is_of(&entry, bob.as_ref()));
    }

    #[test]
    fn a_search_for_somebody_unknown_finds_nothing_and_asks_nobody() {
        let keyring = keyring();
        let nobody = Account::parse("nobody@example.com");
        let found = keyring
            .store()
            .unwrap()
            .search(&attributes(nobody.as_ref()));
        let mut found = found.unwrap();
        found.retain(|entry| is_of(entry, nobody.as_ref()));
        assert!(found.is_empty());
    }
}
