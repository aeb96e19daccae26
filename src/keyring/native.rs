//! macOS and Windows: the native store of the `keyring` crate. Linux does not link that crate,
//! since there it would bring a D-Bus runtime along.
//!
//! Neither system has been run by us yet: which program may read an item that another has made is
//! the system's decision there, and it may ask its user.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};

use super::{Login, Missing, SERVICE, Unavailable, named, remove, token_in};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;

pub(super) struct Keyring(Option<Arc<CredentialStore>>);

impl Keyring {
    pub(super) fn new(_: &Environment) -> Keyring {
        // Asking for the status sets the crate's default store up.
        let _ = keyring::Entry::store_status();
        Keyring(keyring_core::get_default_store())
    }

    pub(super) fn store(&self) -> Result<&CredentialStore, Unavailable> {
        self.0
            .as_deref()
            .ok_or(Unavailable::NoKeyring(Missing::System))
    }

    /// Every login: the name it lies under, and its token.
    pub(super) fn logins(&self) -> Result<Vec<Login>, Unavailable> {
        let found = self.store()?.search(&attributes(None));
        let mut entries = found.map_err(|error| unavailable(&error))?;
        entries.retain(|entry| is_of(entry, None));
        let login = |entry: &Entry| {
            Ok(Login {
                account: entry
                    .get_specifiers()
                    .and_then(|(_, user)| Account::parse(&user)),
                token: token_in(entry)?,
            })
        };
        entries.iter().map(login).collect()
    }

    /// Removes an item; gives the token that it held right before.
    #[expect(clippy::unused_self, reason = "Linux needs it")]
    pub(super) fn take(&self, entry: &Entry) -> Result<Option<Token>, Unavailable> {
        let held = token_in(entry)?;
        remove(entry).map(|()| held)
    }

    /// The system asks by itself where it has to.
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "Linux needs both"
    )]
    pub(super) fn unlock(&self, _: Duration) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// What the stores search by: macOS by service and user, Windows by a pattern on its own name of
/// the item, which holds both.
pub(super) fn attributes(account: Option<&Account>) -> HashMap<&str, &str> {
    if cfg!(windows) {
        return HashMap::from([("pattern", SERVICE)]);
    }
    let mut attributes = HashMap::from([("service", SERVICE)]);
    attributes.extend(account.map(|account| ("user", account.as_str())));
    attributes
}

/// Whether an entry is the item of this account; of any account where none is given.
pub(super) fn is_of(entry: &Entry, account: Option<&Account>) -> bool {
    entry.get_specifiers().is_some_and(|(service, user)| {
        service == SERVICE && account.is_none_or(|account| account.as_str() == user)
    })
}

/// What an error of the native store means. Their own sorting is coarse: to macOS's store a locked
/// keyring is a failure, and an item that is there already is one that may not be read.
pub(super) fn unavailable(error: &Error) -> Unavailable {
    code(error)
        .and_then(meaning)
        .unwrap_or_else(|| Unavailable::Broken(named(error)))
}

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
        INTERACTION_NOT_ALLOWED => Some(Unavailable::Locked),
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

    #[cfg(target_os = "macos")]
    #[test]
    fn a_keyring_that_may_not_ask_is_locked_and_not_broken() {
        let told = |code| {
            let inner = security_framework::base::Error::from_code(code);
            unavailable(&Error::PlatformFailure(Box::new(inner)))
        };
        assert_eq!(told(-25308), Unavailable::Locked);
        assert_eq!(told(-128), Unavailable::PromptDismissed);
        assert_eq!(told(-25307), Unavailable::NoKeyring(Missing::System));
        assert!(matches!(told(-50), Unavailable::Broken(_)));
    }

    #[test]
    fn an_entry_is_of_the_account_that_it_names() {
        let keyring = Keyring::new(&Environment::read(|_| None));
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
        let keyring = Keyring::new(&Environment::read(|_| None));
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
