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
use crate::credential::{Account, Token};
use crate::environment::Environment;

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

/// The native stores report a locked keychain, and a dismissed dialog, as no access.
pub(super) fn unavailable(error: &Error) -> Unavailable {
    match error {
        Error::NoStorageAccess(_) => Unavailable::Locked,
        other => Unavailable::Broken(named(other)),
    }
}
