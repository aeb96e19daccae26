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
use super::{Accounts, Deadline, Keyring, Limits, Listing, Missing, Unavailable};
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

/// The calls of one operation, which have one limit together.
struct Operation<'a> {
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

    fn operation(&self) -> Operation<'_> {
        Operation {
            keyring: self,
            deadline: self.limits.deadline(self.waited.get()),
        }
    }

    /// The user names in both stores. Reads no token.
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        let operation = self.operation();
        let mut names = operation.users_or_none(&self.vault)?;
        let in_manager = match operation.users_or_none(&self.manager) {
            // The names from the vault are valid all the same.
            Err(Failed::Store(_)) if !names.is_empty() => Vec::new(),
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
        let names = self.names()?;
        Ok(Accounts::among(names.iter().map(String::as_str), None))
    }

    /// The token in the vault, else the one that an earlier build stored in Credential Manager.
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        let operation = self.operation();
        let found = match operation.secret(&self.vault, account)? {
            Some(secret) => Some(secret),
            // Credential Manager also knows whether this session has a store at all.
            None => operation.secret(&self.manager, account)?,
        };
        Ok(found.and_then(|secret| Token::parse(&secret).ok()))
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
        let operation = self.operation();
        match operation.replace(&self.vault, account, token) {
            Ok(()) => match operation.remove(&self.manager, account) {
                Ok(_) | Err(Failed::Store(VaultError::NoSession)) => Ok(()),
                Err(failed) => Err(failed.into()),
            },
            Err(NotStored::Failed(Failed::Store(VaultError::NoSuchStore))) => operation
                .replace(&self.manager, account, token)
                .map_err(Unavailable::from),
            Err(why) => Err(why.into()),
        }
    }

    /// Removes the items from both stores.
    fn remove(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
        let operation = self.operation();
        let mut count = 0;
        for store in [&self.vault, &self.manager] {
            let is_meant = match only {
                None => true,
                Some(only) => {
                    let secret = operation.secret(store, account)?;
                    let token = secret.and_then(|secret| Token::parse(&secret).ok());
                    token.as_ref() == Some(only)
                }
            };
            if is_meant && operation.remove(store, account)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Neither store has a lock of its own.
    fn unlock(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    /// Not shared if there is no vault: the Heroku CLI does not use Credential Manager.
    fn is_shared(&self) -> bool {
        let users = self.operation().users(&self.vault);
        !matches!(users, Err(Failed::Store(VaultError::NoSuchStore)))
    }
}

/// Why a call failed.
enum Failed {
    /// It did not end in time.
    Slow(Duration),
    /// The store reported an error.
    Store(VaultError),
}

/// Why a token was not stored.
enum NotStored {
    Failed(Failed),
    /// Another token is in the store.
    Overtaken,
}

impl From<Failed> for NotStored {
    fn from(failed: Failed) -> NotStored {
        NotStored::Failed(failed)
    }
}

impl From<NotStored> for Unavailable {
    fn from(why: NotStored) -> Unavailable {
        match why {
            NotStored::Failed(failed) => failed.into(),
            NotStored::Overtaken => Unavailable::Overtaken,
        }
    }
}

impl From<Failed> for Unavailable {
    fn from(failed: Failed) -> Unavailable {
        match failed {
            Failed::Slow(limit) => Unavailable::Slow {
                limit,
                logins: None,
            },
            Failed::Store(VaultError::NoSuchStore | VaultError::NoSession) => {
                Unavailable::NoKeyring(Missing::System)
            }
            Failed::Store(VaultError::NotFound) => {
                Unavailable::Broken("the keyring did not store the token".to_owned())
            }
            Failed::Store(VaultError::Failed(what)) => {
                Unavailable::Broken(format!("the keyring reported an error: {what}"))
            }
        }
    }
}

impl Operation<'_> {
    /// Makes a call in a thread of its own, since nothing in Windows's interface has a time limit. A call that does not
    /// end in time is abandoned, and its thread ends with the process.
    fn call<T: Send + 'static>(
        &self,
        store: &Arc<dyn Vault>,
        function: impl FnOnce(&dyn Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Failed> {
        let slow = || Failed::Slow(self.deadline.limit);
        if self.keyring.gave_up.get() {
            return Err(slow());
        }
        let (sender, answer) = mpsc::channel();
        let store = Arc::clone(store);
        thread::spawn(move || sender.send(function(&*store)));
        let start = Instant::now();
        let answer = answer.recv_timeout(self.deadline.at.saturating_duration_since(start));
        let waited = &self.keyring.waited;
        waited.set(waited.get() + start.elapsed());
        match answer {
            Ok(answer) => answer.map_err(Failed::Store),
            Err(_) => {
                self.keyring.gave_up.set(true);
                Err(slow())
            }
        }
    }

    fn users(&self, store: &Arc<dyn Vault>) -> Result<Vec<String>, Failed> {
        self.call(store, |store| store.users())
    }

    /// As [`Operation::users`]; the vault throws an error instead of an empty list.
    fn users_or_none(&self, store: &Arc<dyn Vault>) -> Result<Vec<String>, Failed> {
        match self.users(store) {
            Err(Failed::Store(VaultError::NotFound | VaultError::NoSuchStore)) => Ok(Vec::new()),
            users => users,
        }
    }

    fn read(&self, store: &Arc<dyn Vault>, user: &str) -> Result<Zeroizing<String>, Failed> {
        let user = user.to_owned();
        self.call(store, move |store| store.read(&user))
    }

    /// The name that this account has in the store, in whatever letter case.
    fn stored_name(
        &self,
        store: &Arc<dyn Vault>,
        account: &Account,
    ) -> Result<Option<String>, Failed> {
        let users = self.users_or_none(store)?;
        let is_same = |user: &String| user.eq_ignore_ascii_case(account.as_str());
        Ok(users.into_iter().find(is_same))
    }

    /// What is stored for an account.
    fn secret(
        &self,
        store: &Arc<dyn Vault>,
        account: &Account,
    ) -> Result<Option<Zeroizing<String>>, Failed> {
        match self.read(store, account.as_str()) {
            Ok(secret) => return Ok(Some(secret)),
            Err(Failed::Store(VaultError::NoSuchStore)) => return Ok(None),
            Err(Failed::Store(VaultError::NotFound)) => {}
            Err(failed) => return Err(failed),
        }
        match self.stored_name(store, account)? {
            Some(user) => match self.read(store, &user) {
                Err(Failed::Store(VaultError::NotFound)) => Ok(None),
                secret => secret.map(Some),
            },
            None => Ok(None),
        }
    }

    /// Stores a token and reads it back.
    ///
    /// It is not documented whether `Add` replaces an existing item. If the old token is read back, the item is removed
    /// and written again. To remove it first in every case would leave the account without a token for a moment.
    fn replace(
        &self,
        store: &Arc<dyn Vault>,
        account: &Account,
        token: &Token,
    ) -> Result<(), NotStored> {
        let before = self.secret(store, account)?;
        let stored_name = match before {
            Some(_) => self.stored_name(store, account)?,
            None => None,
        };
        let user = stored_name.unwrap_or_else(|| account.as_str().to_owned());
        self.write(store, &user, token)?;
        let mut after = self.read(store, &user)?;
        if before.is_some_and(|before| before == after) && after.trim() != token.expose() {
            self.remove_user(store, &user)?;
            self.write(store, &user, token)?;
            after = self.read(store, &user)?;
        }
        if after.trim() == token.expose() {
            Ok(())
        } else {
            Err(NotStored::Overtaken)
        }
    }

    fn write(&self, store: &Arc<dyn Vault>, user: &str, token: &Token) -> Result<(), Failed> {
        let (user, token) = (user.to_owned(), token.clone());
        self.call(store, move |store| store.write(&user, token.expose()))
    }

    /// Removes what is stored for an account. Returns whether anything was stored.
    fn remove(&self, store: &Arc<dyn Vault>, account: &Account) -> Result<bool, Failed> {
        if self.remove_user(store, account.as_str())? {
            return Ok(true);
        }
        match self.stored_name(store, account)? {
            Some(user) => self.remove_user(store, &user),
            None => Ok(false),
        }
    }

    fn remove_user(&self, store: &Arc<dyn Vault>, user: &str) -> Result<bool, Failed> {
        let user = user.to_owned();
        match self.call(store, move |store| store.remove(&user)) {
            Ok(()) => Ok(true),
            Err(Failed::Store(VaultError::NotFound | VaultError::NoSuchStore)) => Ok(false),
            Err(failed) => Err(failed),
        }
    }
}

#[cfg(test)]
mod tests;
