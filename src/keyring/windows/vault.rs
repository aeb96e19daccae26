//! What both credential stores of Windows can do, and the error codes that they report.

use std::fmt::Display;

use zeroize::Zeroizing;

use super::super::{Missing, Unavailable};

/// A store of one token per user name, all under our service.
///
/// A call may hang, since it has no time limit of its own.
pub(super) trait Vault: Send + Sync {
    /// The user names. Reads no token.
    fn users(&self) -> Result<Vec<String>, VaultError>;
    /// What is stored for this user.
    fn read(&self, user: &str) -> Result<Zeroizing<String>, VaultError>;
    /// Stores a token for this user.
    fn write(&self, user: &str, token: &str) -> Result<(), VaultError>;
    /// Removes what is stored for this user.
    fn remove(&self, user: &str) -> Result<(), VaultError>;
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VaultError {
    /// There is no such item. `PasswordVault` may also mean that this session has no vault.
    NotFound,
    /// This Windows has no such store: Nano Server, Wine.
    NoSuchStore,
    /// Anything else.
    Unavailable(Unavailable),
}

impl VaultError {
    /// This session has no store: a service, or a login over SSH.
    pub(super) const NO_SESSION: VaultError =
        VaultError::Unavailable(Unavailable::NoKeyring(Missing::System));

    /// A failure with a description for the user.
    pub(super) fn failed(what: impl Display) -> VaultError {
        Unavailable::Broken(format!("the keyring reported an error: {what}")).into()
    }

    /// The meaning of a result code. Source: Microsoft's "System Error Codes" and "COM Error Codes".
    pub(super) fn from_code(code: u32) -> VaultError {
        const ELEMENT_NOT_FOUND: u32 = 0x8007_0490;
        const CLASS_NOT_REGISTERED: u32 = 0x8004_0154;
        const NO_SUCH_LOGON_SESSION: u32 = 0x8007_0520;
        const SERVICE_DISABLED: u32 = 0x8007_0422;
        const RPC_SERVER_UNAVAILABLE: u32 = 0x8007_06ba;
        match code {
            ELEMENT_NOT_FOUND => VaultError::NotFound,
            CLASS_NOT_REGISTERED => VaultError::NoSuchStore,
            // The vault is a separate service, which can be disabled.
            NO_SUCH_LOGON_SESSION | SERVICE_DISABLED | RPC_SERVER_UNAVAILABLE => {
                VaultError::NO_SESSION
            }
            code => VaultError::failed(format_args!("0x{code:08x}")),
        }
    }
}

impl From<Unavailable> for VaultError {
    fn from(why: Unavailable) -> VaultError {
        VaultError::Unavailable(why)
    }
}

impl From<VaultError> for Unavailable {
    fn from(error: VaultError) -> Unavailable {
        match error {
            // A write finds nothing only in a session that has no vault.
            VaultError::NotFound | VaultError::NoSuchStore => {
                Unavailable::NoKeyring(Missing::System)
            }
            VaultError::Unavailable(why) => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_grouped_by_their_fix() {
        for (code, error) in [
            (0x8007_0490, VaultError::NotFound),
            (0x8004_0154, VaultError::NoSuchStore),
            (0x8007_0520, VaultError::NO_SESSION),
            (0x8007_0422, VaultError::NO_SESSION),
            (0x8007_06ba, VaultError::NO_SESSION),
            (0x8007_0005, VaultError::failed("0x80070005")),
        ] {
            assert_eq!(VaultError::from_code(code), error);
        }
    }
}
