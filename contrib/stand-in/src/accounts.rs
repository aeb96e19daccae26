//! The accounts, and how each of them can log in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::names::uuid;
use crate::state::{State, locked};

/// How many requests an account may make before it has to wait.
///
/// Source: the Platform API's reference on rate limits.
const REQUESTS: u32 = 4500;

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) password: Option<String>,
    pub(crate) codes: Option<Vec<String>>,
    pub(crate) federated: bool,
    pub(crate) untrusted: bool,
    pub(crate) suspended: bool,
    pub(crate) requests_left: u32,
}

impl Default for Account {
    fn default() -> Account {
        Account {
            id: uuid(),
            password: None,
            codes: None,
            federated: false,
            untrusted: false,
            suspended: false,
            requests_left: REQUESTS,
        }
    }
}

#[derive(Default)]
pub(crate) struct Accounts(Mutex<BTreeMap<String, Account>>);

impl Accounts {
    pub(crate) fn find(&self, email: &str) -> Option<Account> {
        locked(&self.0).get(email).cloned()
    }

    /// Changes an account, or creates it.
    pub(crate) fn change<T>(&self, email: &str, change: impl FnOnce(&mut Account) -> T) -> T {
        change(locked(&self.0).entry(email.to_owned()).or_default())
    }

    /// Consumes one of the account's codes, and returns whether it was valid. Without MFA every code is valid.
    pub(crate) fn use_code(&self, email: &str, code: Option<&str>) -> bool {
        self.change(email, |account| {
            let Some(codes) = account.codes.as_mut() else {
                return true;
            };
            let before = codes.len();
            codes.retain(|other| Some(other.as_str()) != code);
            codes.len() < before
        })
    }

    /// Counts a request, and returns how many are left. `None` if the rate limit is reached.
    pub(crate) fn count_request(&self, email: &str) -> Option<u32> {
        self.change(email, |account| {
            account.requests_left = account.requests_left.checked_sub(1)?;
            Some(account.requests_left)
        })
    }
}

/// An account that is being created or changed.
pub struct AccountSetup<'a> {
    pub(crate) state: &'a State,
    pub(crate) email: String,
}

impl AccountSetup<'_> {
    fn change(self, change: impl FnOnce(&mut Account)) -> Self {
        self.state.accounts.change(&self.email, change);
        self
    }

    /// Its password.
    #[must_use]
    pub fn password(self, password: &str) -> Self {
        self.state.keep_secret(password);
        self.change(|account| account.password = Some(password.to_owned()))
    }

    /// It has MFA. Each of these codes is valid once.
    #[must_use]
    pub fn mfa_codes(self, codes: &[&str]) -> Self {
        let codes = codes.iter().map(ToString::to_string).collect();
        self.change(|account| account.codes = Some(codes))
    }

    /// It logs in through an identity provider.
    #[must_use]
    pub fn federated(self) -> Self {
        self.change(|account| account.federated = true)
    }

    /// It has no MFA, and this device is not trusted.
    #[must_use]
    pub fn untrusted(self) -> Self {
        self.change(|account| account.untrusted = true)
    }

    /// It is suspended.
    #[must_use]
    pub fn suspended(self) -> Self {
        self.change(|account| account.suspended = true)
    }

    /// The account may make this many more requests to the API; then it has to wait.
    #[must_use]
    pub fn requests_left(self, requests: u32) -> Self {
        self.change(|account| account.requests_left = requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_can_be_used_once() {
        let accounts = Accounts::default();
        accounts.change("ann", |ann| ann.codes = Some(vec!["123456".to_owned()]));
        assert!(!accounts.use_code("ann", None));
        assert!(!accounts.use_code("ann", Some("000000")));
        assert!(accounts.use_code("ann", Some("123456")));
        assert!(!accounts.use_code("ann", Some("123456")));
        assert!(accounts.use_code("bob", None));
    }

    #[test]
    fn the_rate_limit_is_used_up() {
        let accounts = Accounts::default();
        accounts.change("ann", |ann| ann.requests_left = 1);
        assert_eq!(accounts.count_request("ann"), Some(0));
        assert_eq!(accounts.count_request("ann"), None);
    }
}
