//! Windows: `PasswordVault`, which the Heroku CLI uses, and Credential Manager beside it.
//!
//! Everything but the calls of Windows is portable, so that it is tested on every system.

#[cfg(windows)]
mod credential_manager;
#[cfg(windows)]
mod password_vault;
mod vault;

use std::cell::Cell;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use self::vault::{Vault, VaultError};
use super::{Accounts, Deadline, Keyring, Limits, Listing, Unavailable};
use crate::account::Account;
use crate::token::Token;

/// The two stores of a Windows session.
pub(super) struct WindowsKeyring {
    /// The store of the Heroku CLI.
    vault: Arc<dyn Vault>,
    /// The store if there is no vault, and the one in which earlier builds stored their logins.
    manager: Arc<dyn Vault>,
    limits: Limits,
    /// How long all calls have taken so far.
    waited: Cell<Duration>,
    /// Whether a call did not end in time. No more calls are made after one.
    gave_up: Cell<bool>,
}

/// One of the stores, during one operation.
struct Store<'a> {
    vault: &'a Arc<dyn Vault>,
    keyring: &'a WindowsKeyring,
    deadline: Deadline,
}

impl WindowsKeyring {
    #[cfg(windows)]
    pub(super) fn new(limits: Limits) -> WindowsKeyring {
        WindowsKeyring {
            vault: Arc::new(password_vault::WinRtVault),
            manager: Arc::new(credential_manager::CredentialManager::new()),
            limits,
            waited: Cell::default(),
            gave_up: Cell::new(false),
        }
    }

    /// The vault and Credential Manager, for one operation. Their calls have one limit together.
    fn begin(&self) -> [Store<'_>; 2] {
        let deadline = self.limits.deadline(self.waited.get());
        [&self.vault, &self.manager].map(|vault| Store {
            vault,
            keyring: self,
            deadline,
        })
    }

    /// The user names in both stores. Reads no token.
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        let [vault, manager] = self.begin();
        let mut names = vault.users()?;
        let in_manager = match manager.users() {
            // The names from the vault are valid all the same.
            Err(_) if !names.is_empty() => Vec::new(),
            users => users?,
        };
        for name in in_manager {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

impl Keyring for WindowsKeyring {
    fn accounts(&self) -> Result<Accounts, Unavailable> {
        Ok(Accounts::among(self.names()?, None))
    }

    /// The token in the vault, else the one that an earlier build stored in Credential Manager, which also knows whether
    /// this session has a store at all.
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        for store in self.begin() {
            if let Some(secret) = store.secret(account)? {
                return Ok(Token::parse(&secret).ok());
            }
        }
        Ok(None)
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        let mut found = Vec::new();
        for name in self.names()? {
            let account = Account::parse(&name);
            let token = match &account {
                Some(account) => self.read(account)?,
                None => None,
            };
            found.push((account, token));
        }
        Ok(Listing::classify(found.into_iter(), None))
    }

    /// Also removes what an earlier build stored for the account in Credential Manager.
    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let [vault, manager] = self.begin();
        match vault.replace(account, token) {
            Err(VaultError::NoSuchStore) => return Ok(manager.replace(account, token)?),
            stored => stored?,
        }
        match manager.remove(account) {
            Ok(_) | Err(VaultError::NO_SESSION) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the items from both stores.
    fn remove(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
        let mut count = 0;
        for store in self.begin() {
            let is_meant = match only {
                None => true,
                Some(only) => {
                    let secret = store.secret(account)?;
                    secret.is_some_and(|secret| Token::parse(&secret).as_ref() == Ok(only))
                }
            };
            count += usize::from(is_meant && store.remove(account)?);
        }
        Ok(count)
    }

    /// Neither store has a lock of its own.
    fn unlock(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    /// Not shared if there is no vault: the Heroku CLI does not use Credential Manager.
    fn is_shared(&self) -> bool {
        let [vault, _] = self.begin();
        vault.call(|vault| vault.users()) != Err(VaultError::NoSuchStore)
    }
}

/// None if there is no such item, or no such store.
fn if_found<T>(result: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match result {
        Err(VaultError::NotFound | VaultError::NoSuchStore) => Ok(None),
        result => result.map(Some),
    }
}

impl Store<'_> {
    /// Makes a call in a thread of its own, since nothing in Windows's interface has a time limit. A call that does not
    /// end in time is abandoned, and its thread ends with the process.
    fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        if self.keyring.gave_up.get() {
            return Err(self.deadline.passed().into());
        }
        let start = Instant::now();
        let (sender, answer) = mpsc::channel();
        let vault = Arc::clone(self.vault);
        thread::spawn(move || sender.send(call(&*vault)));
        let answer = answer.recv_timeout(self.deadline.at.saturating_duration_since(start));
        let waited = &self.keyring.waited;
        waited.set(waited.get() + start.elapsed());
        answer.unwrap_or_else(|_| {
            self.keyring.gave_up.set(true);
            Err(self.deadline.passed().into())
        })
    }

    /// The user names. The vault throws an error instead of an empty list.
    fn users(&self) -> Result<Vec<String>, VaultError> {
        Ok(if_found(self.call(|vault| vault.users()))?.unwrap_or_default())
    }

    fn read_user(&self, user: &str) -> Result<Zeroizing<String>, VaultError> {
        let user = user.to_owned();
        self.call(move |vault| vault.read(&user))
    }

    fn write_user(&self, user: &str, token: &Token) -> Result<(), VaultError> {
        let (user, token) = (user.to_owned(), token.clone());
        self.call(move |vault| vault.write(&user, token.expose()))
    }

    /// Returns whether anything was stored for this user.
    fn remove_user(&self, user: &str) -> Result<bool, VaultError> {
        let user = user.to_owned();
        let removed = self.call(move |vault| vault.remove(&user));
        Ok(if_found(removed)?.is_some())
    }

    /// The name that this account has in the store, in whatever letter case.
    fn stored_name(&self, account: &Account) -> Result<Option<String>, VaultError> {
        let is_same = |user: &String| user.eq_ignore_ascii_case(account.as_str());
        Ok(self.users()?.into_iter().find(is_same))
    }

    /// What is stored for an account.
    fn secret(&self, account: &Account) -> Result<Option<Zeroizing<String>>, VaultError> {
        let secret = if_found(self.read_user(account.as_str()))?;
        if secret.is_some() {
            return Ok(secret);
        }
        match self.stored_name(account)? {
            Some(user) => if_found(self.read_user(&user)),
            None => Ok(None),
        }
    }

    /// Stores a token and reads it back.
    ///
    /// It is not documented whether `Add` replaces an existing item. If the old token is read back, the item is removed
    /// and written again. To remove it first in every case would leave the account without a token for a moment.
    fn replace(&self, account: &Account, token: &Token) -> Result<(), VaultError> {
        let before = self.secret(account)?;
        // The store may have read it whatever its letter case. Under another one there would be a second item.
        let user = self.stored_name(account)?;
        let user = user.unwrap_or_else(|| account.to_string());
        self.write_user(&user, token)?;
        let mut after = self.read_user(&user)?;
        if before.is_some_and(|before| before == after) && after.trim() != token.expose() {
            self.remove_user(&user)?;
            self.write_user(&user, token)?;
            after = self.read_user(&user)?;
        }
        if after.trim() == token.expose() {
            Ok(())
        } else {
            Err(Unavailable::Overtaken.into())
        }
    }

    /// Removes what is stored for an account. Returns whether anything was stored.
    fn remove(&self, account: &Account) -> Result<bool, VaultError> {
        if self.remove_user(account.as_str())? {
            return Ok(true);
        }
        match self.stored_name(account)? {
            Some(user) => self.remove_user(&user),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
