//! The search of macOS, by the native store of the `keyring` crate. It reads only attributes, which needs neither
//! consent nor an unlocked keychain.

use std::collections::HashMap;

use keyring_core::{Entry, Error};

use super::super::{Lock, Missing, SERVICE, Unavailable};

/// The accounts of our items.
pub(super) fn accounts() -> Result<Vec<String>, Unavailable> {
    // This call sets up the default store of the crate.
    let _ = keyring::Entry::store_status();
    let store = keyring_core::get_default_store();
    let store = store.ok_or(Unavailable::NoKeyring(Missing::System))?;
    let found = store.search(&HashMap::from([("service", SERVICE)]));
    let entries = found.map_err(|error| unavailable(&error))?;
    let specifiers = entries.iter().filter_map(Entry::get_specifiers);
    let ours = specifiers.filter(|(service, _)| service == SERVICE);
    Ok(ours.map(|(_, account)| account).collect())
}

/// The meaning of an error of the store. The crate sorts errors into its own kinds, and wraps the code of macOS.
fn unavailable(error: &Error) -> Unavailable {
    let (Error::PlatformFailure(inner) | Error::NoStorageAccess(inner)) = error else {
        return Unavailable::Broken("macOS could not search the keychain".to_owned());
    };
    match inner.downcast_ref::<security_framework::base::Error>() {
        Some(error) => from_result_code(error.code()),
        None => Unavailable::Broken(format!("macOS could not search the keychain: {inner}")),
    }
}

/// Source: Apple's `SecBase.h`, the result codes of the keychain.
fn from_result_code(code: i32) -> Unavailable {
    const USER_CANCELED: i32 = -128;
    const NOT_AVAILABLE: i32 = -25291;
    const AUTH_FAILED: i32 = -25293;
    const NO_SUCH_KEYCHAIN: i32 = -25294;
    const NO_DEFAULT_KEYCHAIN: i32 = -25307;
    const INTERACTION_NOT_ALLOWED: i32 = -25308;
    match code {
        INTERACTION_NOT_ALLOWED => Unavailable::Locked(Lock::Keyring),
        USER_CANCELED | AUTH_FAILED => Unavailable::Refused,
        NOT_AVAILABLE | NO_SUCH_KEYCHAIN | NO_DEFAULT_KEYCHAIN => {
            Unavailable::NoKeyring(Missing::System)
        }
        code => Unavailable::Broken(format!("macOS could not search the keychain: {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_existing_items_without_a_dialog() {
        assert!(accounts().is_ok());
    }

    #[test]
    fn error_codes_are_grouped_by_their_fix() {
        let result = |code| {
            let inner = security_framework::base::Error::from_code(code);
            unavailable(&Error::PlatformFailure(Box::new(inner)))
        };
        assert_eq!(result(-25308), Unavailable::Locked(Lock::Keyring));
        assert_eq!(result(-128), Unavailable::Refused);
        assert_eq!(result(-25307), Unavailable::NoKeyring(Missing::System));
        assert!(matches!(result(-50), Unavailable::Broken(_)));
    }
}
