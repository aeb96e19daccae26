//! `Windows.Security.Credentials.PasswordVault`, in which the Heroku CLI stores its token.
//!
//! The class is agile, so any thread may use it. The `windows` crate sets up COM.

use windows::Security::Credentials::{PasswordCredential, PasswordVault};
use windows::core::HSTRING;
use zeroize::Zeroizing;

use super::super::SERVICE;
use super::vault::{Vault, VaultError};

/// The vault of this user.
pub(super) struct WinRtVault;

impl Vault for WinRtVault {
    fn users(&self) -> Result<Vec<String>, VaultError> {
        // The credentials in this list have no password.
        let found = PasswordVault::new()?.FindAllByResource(&HSTRING::from(SERVICE))?;
        // Without its iterator, which panics if the list lacks a second interface.
        (0..found.Size()?)
            .map(|at| Ok(found.GetAt(at)?.UserName()?.to_string_lossy()))
            .collect()
    }

    fn read(&self, user: &str) -> Result<Zeroizing<String>, VaultError> {
        let found = retrieve(&PasswordVault::new()?, user)?;
        found.RetrievePassword()?;
        Ok(Zeroizing::new(found.Password()?.to_string_lossy()))
    }

    fn write(&self, user: &str, token: &str) -> Result<(), VaultError> {
        let credential = PasswordCredential::CreatePasswordCredential(
            &HSTRING::from(SERVICE),
            &HSTRING::from(user),
            &HSTRING::from(token),
        )?;
        Ok(PasswordVault::new()?.Add(&credential)?)
    }

    fn remove(&self, user: &str) -> Result<(), VaultError> {
        let vault = PasswordVault::new()?;
        Ok(vault.Remove(&retrieve(&vault, user)?)?)
    }
}

fn retrieve(vault: &PasswordVault, user: &str) -> Result<PasswordCredential, VaultError> {
    Ok(vault.Retrieve(&HSTRING::from(SERVICE), &HSTRING::from(user))?)
}

impl From<windows::core::Error> for VaultError {
    fn from(error: windows::core::Error) -> VaultError {
        VaultError::from_code(error.code().0.cast_unsigned())
    }
}
