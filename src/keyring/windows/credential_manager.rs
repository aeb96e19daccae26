//! Windows's Credential Manager, by the native store of the `keyring` crate.
//!
//! The Heroku CLI does not read its items. It is used on a Windows that has no `PasswordVault`, and to find out whether
//! this session has a store at all.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::super::SERVICE;
use super::vault::{Vault, VaultError};

/// Credential Manager of this user.
pub(super) struct CredentialManager(Option<Arc<CredentialStore>>);

impl CredentialManager {
    pub(super) fn new() -> CredentialManager {
        // This call sets up the default store of the crate.
        let _ = keyring::Entry::store_status();
        CredentialManager(keyring_core::get_default_store())
    }

    fn store(&self) -> Result<&CredentialStore, VaultError> {
        self.0.as_deref().ok_or(VaultError::NO_SESSION)
    }

    fn entry(&self, user: &str) -> Result<Entry, VaultError> {
        Ok(self.store()?.build(SERVICE, user, None)?)
    }
}

impl Vault for CredentialManager {
    fn users(&self) -> Result<Vec<String>, VaultError> {
        // A regular expression for the names of all items. Our names end with the service.
        let pattern = HashMap::from([("pattern", r"\.heroku-cli$")]);
        let entries = self.store()?.search(&pattern)?;
        let specifiers = entries.iter().filter_map(Entry::get_specifiers);
        let ours = specifiers.filter(|(service, _)| service == SERVICE);
        Ok(ours.map(|(_, user)| user).collect())
    }

    fn read(&self, user: &str) -> Result<Zeroizing<String>, VaultError> {
        let bytes = Zeroizing::new(self.entry(user)?.get_secret()?);
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn write(&self, user: &str, token: &str) -> Result<(), VaultError> {
        Ok(self.entry(user)?.set_secret(token.as_bytes())?)
    }

    fn remove(&self, user: &str) -> Result<(), VaultError> {
        Ok(self.entry(user)?.delete_credential()?)
    }
}

impl From<Error> for VaultError {
    fn from(error: Error) -> VaultError {
        match error {
            Error::NoEntry => VaultError::NotFound,
            Error::NoStorageAccess(_) => VaultError::NO_SESSION,
            Error::PlatformFailure(inner) => VaultError::failed(inner),
            // Without the text of the error, which may hold what is stored.
            _ => VaultError::failed("the item does not contain a token"),
        }
    }
}
