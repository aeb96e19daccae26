//! Windows: `PasswordVault`, which the Heroku CLI uses, or Credential Manager if there is no vault.
//!
//! Everything but the calls of Windows is portable, so that it is tested on every system.

#[cfg(windows)]
mod credential_manager;
#[cfg(windows)]
mod password_vault;
mod vault;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use self::vault::{Vault, VaultError};
use super::{Budget, Deadline, Keyring, Listing, Unavailable, check_stored};
use crate::account::Account;
#[cfg(windows)]
use crate::environment::Environment;
use crate::token::Token;

/// The keyring of a Windows session.
pub(super) struct WindowsKeyring {
    /// The vault, and Credential Manager, which is used if there is no vault.
    stores: [Arc<dyn Vault>; 2],
    budget: Budget,
}

impl WindowsKeyring {
    #[cfg(windows)]
    pub(super) fn new(environment: &Environment, may_prompt: bool) -> WindowsKeyring {
        let manager = credential_manager::CredentialManager::new();
        WindowsKeyring {
            stores: [Arc::new(password_vault::WinRtVault), Arc::new(manager)],
            budget: Budget::new(environment, may_prompt),
        }
    }

    /// Runs an operation in a thread of its own, since nothing in Windows's interface has a time limit. An operation
    /// that does not end in time is abandoned: at most the call that it is in still has an effect.
    fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Store) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.budget.run(self.budget.limit, |deadline| {
            let (sender, answer) = mpsc::channel();
            let stores = self.stores.clone();
            thread::spawn(move || {
                let store = Store::in_use(stores, deadline);
                sender.send(store.and_then(|store| operation(&store)))
            });
            let left = deadline.at.saturating_duration_since(Instant::now());
            match answer.recv_timeout(left) {
                Ok(result) => Ok(result?),
                Err(_) => Err(deadline.passed()),
            }
        })
    }
}

impl Keyring for WindowsKeyring {
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        let account = account.clone();
        self.run(move |store| store.token(&account))
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        self.run(|store| {
            let mut found = Vec::new();
            for user in &store.users {
                let account = Account::parse(user);
                let token = match &account {
                    Some(account) => store.token(account)?,
                    None => None,
                };
                found.push((account, token));
            }
            Ok(Listing::classify(found, None)?)
        })
    }

    fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        self.run(|store| {
            let names = store.users.iter().map(String::as_str);
            Ok(names.filter_map(Account::parse).collect())
        })
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let (account, token) = (account.clone(), token.clone());
        let written = self.run(move |store| store.replace(&account, &token));
        written.map_err(|why| match why {
            // Without a store nothing was written. Any other failure may come after a write.
            Unavailable::NoKeyring(_) | Unavailable::Unconfirmed(_) | Unavailable::Overtaken => why,
            why => why.unconfirmed(),
        })
    }

    fn remove(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let (account, token) = (account.clone(), token.clone());
        self.run(move |store| {
            if store.token(&account)? == Some(token) {
                store.remove(&account)?;
            }
            Ok(())
        })
    }

    /// Neither store has a lock of its own.
    fn unlock(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    /// Not shared if there is no vault: the Heroku CLI does not use Credential Manager.
    fn is_shared(&self) -> bool {
        self.run(|store| Ok(store.is_shared)).unwrap_or(true)
    }
}

/// The store of this session. It is not called after the deadline: what an abandoned operation would still do, its
/// caller does not expect.
struct Store {
    vault: Arc<dyn Vault>,
    /// Whether the Heroku CLI uses it too.
    is_shared: bool,
    /// The user names in it when the operation began.
    users: Vec<String>,
    deadline: Deadline,
}

impl Store {
    /// The vault, or Credential Manager if there is none. Reads no token.
    fn in_use(
        [vault, manager]: [Arc<dyn Vault>; 2],
        deadline: Deadline,
    ) -> Result<Store, VaultError> {
        let users = vault.users();
        let is_shared = users != Err(VaultError::NoSuchStore);
        let users = match users {
            // The vault says this also in a session that has no vault. Credential Manager knows whether there is a
            // store at all.
            Err(VaultError::NotFound) => if_found(manager.users())?.map(|_| Vec::new()),
            Err(VaultError::NoSuchStore) => if_found(manager.users())?,
            users => Some(users?),
        };
        Ok(Store {
            vault: if is_shared { vault } else { manager },
            is_shared,
            users: users.unwrap_or_default(),
            deadline,
        })
    }

    fn vault(&self) -> Result<&dyn Vault, VaultError> {
        if Instant::now() < self.deadline.at {
            Ok(&*self.vault)
        } else {
            Err(self.deadline.passed().into())
        }
    }

    /// The user name of this account in the store, which may be in another letter case.
    fn user<'a>(&'a self, account: &'a Account) -> &'a str {
        let users = self.users.iter().map(String::as_str);
        let same = users.filter(|user| user.eq_ignore_ascii_case(account.as_str()));
        same.max_by_key(|user| *user == account.as_str())
            .unwrap_or(account.as_str())
    }

    /// The token of this account. None if there is no item, or the item holds something else.
    fn token(&self, account: &Account) -> Result<Option<Token>, VaultError> {
        let secret = if_found(self.vault()?.read(self.user(account)))?;
        Ok(secret.and_then(|secret| Token::parse(&secret).ok()))
    }

    /// Stores a token and reads it back.
    ///
    /// It is not documented whether `Add` replaces an existing item. If the old token is read back, the item is removed
    /// and written again. To remove it first in every case would leave the account without a token for a moment.
    fn replace(&self, account: &Account, token: &Token) -> Result<(), VaultError> {
        let before = self.token(account)?;
        let write = || self.vault()?.write(self.user(account), token.expose());
        let read_back = || {
            let after = self.token(account);
            after.map_err(|why| Unavailable::from(why).unconfirmed())
        };
        write()?;
        let mut after = read_back()?;
        if after == before && after.as_ref() != Some(token) {
            self.remove(account)?;
            write()?;
            after = read_back()?;
        }
        Ok(check_stored(after.as_ref(), token)?)
    }

    /// Removes the item of this account, if there is one.
    fn remove(&self, account: &Account) -> Result<(), VaultError> {
        if_found(self.vault()?.remove(self.user(account))).map(drop)
    }
}

/// None if there is no such item, or no such store.
fn if_found<T>(result: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match result {
        Err(VaultError::NotFound | VaultError::NoSuchStore) => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests;
