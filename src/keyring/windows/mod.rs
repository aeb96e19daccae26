//! Windows: `PasswordVault`, which the Heroku CLI uses, and Credential Manager beside it.
//!
//! Everything but the calls of Windows is portable, so that it is tested on every system.

#[cfg(windows)]
mod credential_manager;
#[cfg(windows)]
mod password_vault;
mod vault;

use std::cell::{Cell, OnceCell};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use self::vault::{Vault, VaultError};
use super::{Accounts, Keyring, Limits, Listing, Missing, Unavailable};
use crate::account::Account;
use crate::token::Token;

/// The two stores of a Windows session.
pub(super) struct WindowsKeyring {
    /// The Heroku CLI's.
    vault: Arc<dyn Vault>,
    /// Where there is no vault, and where earlier builds have stored their logins.
    manager: Arc<dyn Vault>,
    limits: Limits,
    /// When the first operation began.
    first: OnceCell<Instant>,
    /// A call did not end in time: nothing more is asked.
    gave_up: Cell<bool>,
}

/// What one operation asks, within one limit.
struct Operation<'a> {
    keyring: &'a WindowsKeyring,
    limit: Duration,
    deadline: Instant,
}

impl WindowsKeyring {
    #[cfg(windows)]
    pub(super) fn new(limits: Limits) -> WindowsKeyring {
        WindowsKeyring {
            vault: Arc::new(password_vault::WinRtVault),
            manager: Arc::new(credential_manager::CredentialManager::new()),
            limits,
            first: OnceCell::new(),
            gave_up: Cell::new(false),
        }
    }

    fn operation(&self) -> Operation<'_> {
        let now = Instant::now();
        let (start, limit) = match self.limits.total {
            Some(total) => (*self.first.get_or_init(|| now), total),
            None => (now, self.limits.operation),
        };
        Operation {
            keyring: self,
            limit,
            deadline: start + limit,
        }
    }

    /// The user names of both stores. No token is read.
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        let operation = self.operation();
        let mut names = operation.users_or_none(&self.vault)?;
        let earlier = match operation.users_or_none(&self.manager) {
            // What the vault has shown is there all the same.
            Err(Failed::Store(_)) if !names.is_empty() => Vec::new(),
            earlier => earlier?,
        };
        for name in earlier {
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

    /// The vault's token, else the one that an earlier build has stored in Credential Manager.
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
        Ok(Listing::sort(found.into_iter(), None))
    }

    /// Also removes what an earlier build has stored for the account in Credential Manager.
    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let operation = self.operation();
        match operation.replace(&self.vault, account, token) {
            Ok(()) => match operation.remove(&self.manager, account) {
                Ok(_) | Err(Failed::Store(VaultError::NoSession)) => Ok(()),
                Err(failed) => Err(failed.into()),
            },
            Err(Stored::Failed(Failed::Store(VaultError::NoSuchStore))) => operation
                .replace(&self.manager, account, token)
                .map_err(Unavailable::from),
            Err(stored) => Err(stored.into()),
        }
    }

    /// From both stores.
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
    fn unlock(&self, _: Duration) -> Result<(), Unavailable> {
        Ok(())
    }

    /// Credential Manager is not where the Heroku CLI looks.
    fn is_shared(&self) -> bool {
        let users = self.operation().users(&self.vault);
        !matches!(users, Err(Failed::Store(VaultError::NoSuchStore)))
    }
}

/// Why a call gave no answer.
enum Failed {
    /// It did not end in time.
    Slow(Duration),
    /// The store said so.
    Store(VaultError),
}

/// Why a token is not stored.
enum Stored {
    Failed(Failed),
    /// Another token is there.
    Overtaken,
}

impl From<Failed> for Stored {
    fn from(failed: Failed) -> Stored {
        Stored::Failed(failed)
    }
}

impl From<Stored> for Unavailable {
    fn from(stored: Stored) -> Unavailable {
        match stored {
            Stored::Failed(failed) => failed.into(),
            Stored::Overtaken => Unavailable::Overtaken,
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
                Unavailable::Broken("the keyring did not keep the token".to_owned())
            }
            Failed::Store(VaultError::Failed(what)) => {
                Unavailable::Broken(format!("the keyring failed: {what}"))
            }
        }
    }
}

impl Operation<'_> {
    /// Makes a call in a thread of its own: nothing in Windows's interface has a time limit. A call
    /// that does not end is left behind; it ends with the process.
    fn ask<T: Send + 'static>(
        &self,
        store: &Arc<dyn Vault>,
        call: impl FnOnce(&dyn Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Failed> {
        let slow = || Failed::Slow(self.limit);
        if self.keyring.gave_up.get() {
            return Err(slow());
        }
        let (sender, answer) = mpsc::channel();
        let store = Arc::clone(store);
        thread::spawn(move || sender.send(call(&*store)));
        let left = self.deadline.saturating_duration_since(Instant::now());
        match answer.recv_timeout(left) {
            Ok(answer) => answer.map_err(Failed::Store),
            Err(_) => {
                self.keyring.gave_up.set(true);
                Err(slow())
            }
        }
    }

    fn users(&self, store: &Arc<dyn Vault>) -> Result<Vec<String>, Failed> {
        self.ask(store, |store| store.users())
    }

    /// The vault throws where its list would be empty.
    fn users_or_none(&self, store: &Arc<dyn Vault>) -> Result<Vec<String>, Failed> {
        match self.users(store) {
            Err(Failed::Store(VaultError::NotFound | VaultError::NoSuchStore)) => Ok(Vec::new()),
            users => users,
        }
    }

    fn read(&self, store: &Arc<dyn Vault>, user: &str) -> Result<Zeroizing<String>, Failed> {
        let user = user.to_owned();
        self.ask(store, move |store| store.read(&user))
    }

    /// The name that this account has in the store, if it is stored in other letter case only.
    fn other_case(
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
        match self.other_case(store, account)? {
            Some(user) => match self.read(store, &user) {
                Err(Failed::Store(VaultError::NotFound)) => Ok(None),
                secret => secret.map(Some),
            },
            None => Ok(None),
        }
    }

    /// Stores a token and reads it back.
    ///
    /// Whether `Add` replaces what is there is not documented. If the old token comes back, it is
    /// removed first; to do so always would leave a moment without any.
    fn replace(
        &self,
        store: &Arc<dyn Vault>,
        account: &Account,
        token: &Token,
    ) -> Result<(), Stored> {
        let before = self.secret(store, account)?;
        let other_case = match before {
            Some(_) => self.other_case(store, account)?,
            None => None,
        };
        let user = other_case.unwrap_or_else(|| account.as_str().to_owned());
        self.write(store, &user, token)?;
        let mut after = self.read(store, &user)?;
        if before.is_some_and(|before| before == after) && after.trim() != token.expose() {
            self.remove_user(store, &user)?;
            self.write(store, &user, token)?;
            after = self.read(store, &user)?;
        }
        match after.trim() == token.expose() {
            true => Ok(()),
            false => Err(Stored::Overtaken),
        }
    }

    fn write(&self, store: &Arc<dyn Vault>, user: &str, token: &Token) -> Result<(), Failed> {
        let (user, token) = (user.to_owned(), token.clone());
        self.ask(store, move |store| store.write(&user, token.expose()))
    }

    /// Removes what is stored for an account; says whether there was anything.
    fn remove(&self, store: &Arc<dyn Vault>, account: &Account) -> Result<bool, Failed> {
        if self.remove_user(store, account.as_str())? {
            return Ok(true);
        }
        match self.other_case(store, account)? {
            Some(user) => self.remove_user(store, &user),
            None => Ok(false),
        }
    }

    fn remove_user(&self, store: &Arc<dyn Vault>, user: &str) -> Result<bool, Failed> {
        let user = user.to_owned();
        match self.ask(store, move |store| store.remove(&user)) {
            Ok(()) => Ok(true),
            Err(Failed::Store(VaultError::NotFound | VaultError::NoSuchStore)) => Ok(false),
            Err(failed) => Err(failed),
        }
    }
}

#[cfg(test)]
mod tests;
