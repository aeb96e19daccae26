//! Windows: `PasswordVault`, which the Heroku CLI uses, and Credential Manager beside it.
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

use zeroize::Zeroizing;

use self::vault::{Vault, VaultError};
use super::{Budget, Deadline, Keyring, Listing, Unavailable, check_stored};
use crate::account::Account;
#[cfg(windows)]
use crate::environment::Environment;
use crate::token::Token;

/// The two stores of a Windows session.
pub(super) struct WindowsKeyring {
    /// The vault, and Credential Manager: the store if there is no vault, and the one in which earlier builds stored
    /// their logins.
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
        operation: impl FnOnce([&dyn Vault; 2]) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.budget.run(|deadline| {
            let (sender, answer) = mpsc::channel();
            let [vault, manager] = self.stores.clone().map(|store| Until { store, deadline });
            thread::spawn(move || sender.send(operation([&vault, &manager])));
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
        self.run(move |stores| token(stores, &account))
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        self.run(|stores| {
            let mut found = Vec::new();
            for name in names(stores)? {
                let account = Account::parse(&name);
                let token = match &account {
                    Some(account) => token(stores, account)?,
                    None => None,
                };
                found.push((account, token));
            }
            Ok(Listing::classify(found.into_iter(), None))
        })
    }

    /// Also removes what an earlier build stored for the account in Credential Manager.
    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let (account, token) = (account.clone(), token.clone());
        self.run(move |[vault, manager]| {
            match vault.replace(&account, &token) {
                Err(VaultError::NoSuchStore) => return manager.replace(&account, &token),
                stored => stored?,
            }
            match manager.remove_account(&account) {
                Ok(_) | Err(VaultError::NO_SESSION) => Ok(()),
                Err(error) => Err(error),
            }
        })
        .map_err(|why| match why {
            // Any other failure may come after a store was written to.
            Unavailable::NoKeyring(_) | Unavailable::Overtaken => why,
            why => why.unconfirmed(),
        })
    }

    /// Removes the token from both stores.
    fn remove(&self, account: &Account, token: &Token) -> Result<usize, Unavailable> {
        let (account, token) = (account.clone(), token.clone());
        self.run(move |stores| {
            let mut count = 0;
            for store in stores {
                let secret = match store.secret(&account) {
                    // The vault had the token, and so it is the only store of this session.
                    Err(VaultError::NO_SESSION) if count > 0 => break,
                    secret => secret?,
                };
                let has_it =
                    secret.is_some_and(|secret| Token::parse(&secret).as_ref() == Ok(&token));
                count += usize::from(has_it && store.remove_account(&account)?);
            }
            Ok(count)
        })
    }

    /// Neither store has a lock of its own.
    fn unlock(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    /// Not shared if there is no vault: the Heroku CLI does not use Credential Manager.
    fn is_shared(&self) -> bool {
        let has_vault = self.run(|[vault, _]| Ok(vault.users() != Err(VaultError::NoSuchStore)));
        has_vault.unwrap_or(true)
    }
}

/// A store that is not called after a deadline: what an abandoned operation would still do, its caller does not expect.
struct Until {
    store: Arc<dyn Vault>,
    deadline: Deadline,
}

impl Until {
    fn in_time(&self) -> Result<&dyn Vault, VaultError> {
        if Instant::now() < self.deadline.at {
            Ok(&*self.store)
        } else {
            Err(self.deadline.passed().into())
        }
    }
}

impl Vault for Until {
    fn users(&self) -> Result<Vec<String>, VaultError> {
        self.in_time()?.users()
    }

    fn read(&self, user: &str) -> Result<Zeroizing<String>, VaultError> {
        self.in_time()?.read(user)
    }

    fn write(&self, user: &str, token: &str) -> Result<(), VaultError> {
        self.in_time()?.write(user, token)
    }

    fn remove(&self, user: &str) -> Result<(), VaultError> {
        self.in_time()?.remove(user)
    }
}

/// The user names in both stores. Reads no token.
fn names([vault, manager]: [&dyn Vault; 2]) -> Result<Vec<String>, VaultError> {
    let mut names = vault.names()?;
    let in_manager = match manager.names() {
        // The names from the vault are valid all the same.
        Err(_) if !names.is_empty() => Vec::new(),
        names => names?,
    };
    for name in in_manager {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The token in the vault, else the one that an earlier build stored in Credential Manager, which also knows whether
/// this session has a store at all.
fn token(stores: [&dyn Vault; 2], account: &Account) -> Result<Option<Token>, VaultError> {
    for store in stores {
        if let Some(secret) = store.secret(account)? {
            return Ok(Token::parse(&secret).ok());
        }
    }
    Ok(None)
}

/// None if there is no such item, or no such store.
fn if_found<T>(result: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match result {
        Err(VaultError::NotFound | VaultError::NoSuchStore) => Ok(None),
        result => result.map(Some),
    }
}

impl dyn Vault + '_ {
    /// The user names. The vault throws an error instead of an empty list.
    fn names(&self) -> Result<Vec<String>, VaultError> {
        Ok(if_found(self.users())?.unwrap_or_default())
    }

    /// The name that this account has in the store: the same one, else one in another letter case.
    fn stored_name(&self, account: &Account) -> Result<Option<String>, VaultError> {
        let mut names = self.names()?;
        names.retain(|name| name.eq_ignore_ascii_case(account.as_str()));
        Ok(names
            .into_iter()
            .max_by_key(|name| name == account.as_str()))
    }

    /// What is stored for an account.
    fn secret(&self, account: &Account) -> Result<Option<Zeroizing<String>>, VaultError> {
        match self.stored_name(account)? {
            Some(user) => if_found(self.read(&user)),
            None => Ok(None),
        }
    }

    /// Stores a token and reads it back.
    ///
    /// It is not documented whether `Add` replaces an existing item. If the old token is read back, the item is removed
    /// and written again. To remove it first in every case would leave the account without a token for a moment.
    fn replace(&self, account: &Account, token: &Token) -> Result<(), VaultError> {
        // In another letter case there would be a second item.
        let user = self.stored_name(account)?;
        let user = user.unwrap_or_else(|| account.to_string());
        let before = if_found(self.read(&user))?;
        self.write(&user, token.expose())?;
        let mut after = self.read(&user)?;
        if before.is_some_and(|before| before == after) && after.trim() != token.expose() {
            if_found(self.remove(&user))?;
            self.write(&user, token.expose())?;
            after = self.read(&user)?;
        }
        Ok(check_stored(Token::parse(&after).ok().as_ref(), token)?)
    }

    /// Removes what is stored for an account. Returns whether anything was stored.
    fn remove_account(&self, account: &Account) -> Result<bool, VaultError> {
        match self.stored_name(account)? {
            Some(user) => Ok(if_found(self.remove(&user))?.is_some()),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
