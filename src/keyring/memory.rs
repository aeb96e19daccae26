//! A keyring in memory, for tests of the code that uses one: it can have each state of a real keyring, without a
//! process.

use std::cell::RefCell;

use super::{Keyring, Listing, Lock, Unavailable};
use crate::account::Account;
use crate::token::Token;

/// A keyring in memory. A new one is open and empty. No one answers its prompts.
#[derive(Debug, Default)]
pub struct MemoryKeyring {
    /// Names and secrets.
    items: RefCell<Vec<(String, String)>>,
    lock: Option<Lock>,
    failure: Option<Unavailable>,
    write_failure: Option<Unavailable>,
}

impl MemoryKeyring {
    /// An open keyring without items.
    pub fn new() -> MemoryKeyring {
        MemoryKeyring::default()
    }

    /// Adds an item of this account. If an account has several, the first one counts and the others are duplicates.
    #[must_use]
    pub fn with(mut self, account: &str, secret: &str) -> MemoryKeyring {
        let item = (account.to_owned(), secret.to_owned());
        self.items.get_mut().push(item);
        self
    }

    /// Locks everything; [`Lock::Another`] locks only another part of the keyring, in which further items may be.
    #[must_use]
    pub fn locked(mut self, lock: Lock) -> MemoryKeyring {
        self.lock = Some(lock);
        self
    }

    /// Makes every operation fail with this: slow, broken, no keyring at all.
    #[must_use]
    pub fn failing(mut self, why: Unavailable) -> MemoryKeyring {
        self.failure = Some(why);
        self
    }

    /// Makes every write and removal fail with this. Reads work.
    #[must_use]
    pub fn refusing_writes(mut self, why: Unavailable) -> MemoryKeyring {
        self.write_failure = Some(why);
        self
    }

    /// The names and secrets of all items, also of locked ones.
    pub fn items(&self) -> Vec<(String, String)> {
        self.items.borrow().clone()
    }

    fn open_items(&self) -> Result<Vec<(String, String)>, Unavailable> {
        match (&self.failure, self.lock) {
            (Some(why), _) => Err(why.clone()),
            (None, None | Some(Lock::Another)) => Ok(self.items()),
            (None, Some(Lock::Keyring | Lock::Confirmation)) => Ok(Vec::new()),
        }
    }

    fn check_that_writes_work(&self) -> Result<(), Unavailable> {
        let failure = self.failure.as_ref().or(self.write_failure.as_ref());
        match (failure, self.lock) {
            (Some(why), _) => Err(why.clone()),
            (None, None | Some(Lock::Another)) => Ok(()),
            (None, Some(lock)) => Err(Unavailable::Locked(lock)),
        }
    }
}

impl Keyring for MemoryKeyring {
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        let mut items = self.open_items()?;
        items.retain(|(name, _)| name == account.as_str());
        let token = items.iter().find_map(|(_, text)| Token::parse(text).ok());
        match self.lock {
            Some(lock) if token.is_none() => Err(Unavailable::Locked(lock)),
            _ => Ok(token),
        }
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        let items = self.open_items()?;
        let found = items
            .iter()
            .map(|(name, text)| (Account::parse(name), Token::parse(text).ok()));
        Listing::classify(found, self.lock)
    }

    fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        let items = self.open_items()?;
        let names = items.iter().map(|(name, _)| name.as_str());
        Ok(names.filter_map(Account::parse).collect())
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        self.check_that_writes_work()?;
        let mut items = self.items.borrow_mut();
        let first = items.iter().position(|(name, _)| name == account.as_str());
        items.retain(|(name, _)| name != account.as_str());
        let index = first.unwrap_or(items.len());
        items.insert(index, (account.to_string(), token.expose().to_owned()));
        Ok(())
    }

    fn remove(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        self.check_that_writes_work()?;
        let mut items = self.items.borrow_mut();
        items.retain(|(name, text)| name != account.as_str() || text.trim() != token.expose());
        Ok(())
    }

    fn unlock(&self) -> Result<(), Unavailable> {
        match self.lock {
            Some(_) => Err(Unavailable::PromptDismissed),
            None => Ok(()),
        }
    }

    fn confirms_reads(&self) -> bool {
        self.lock == Some(Lock::Confirmation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "ann@example.com";
    const BOB: &str = "bob@example.com";
    const OLD: &str = "HRKU-01234567-89ab-cdef-0123-456789abcde0";
    const NEW: &str = "HRKU-01234567-89ab-cdef-0123-456789abcde1";

    fn account(name: &str) -> Account {
        Account::parse(name).unwrap()
    }

    fn token(text: &str) -> Token {
        Token::parse(text).unwrap()
    }

    #[test]
    fn a_write_replaces_every_item_of_the_account() {
        let keyring = MemoryKeyring::new()
            .with(ANN, OLD)
            .with(BOB, OLD)
            .with(ANN, OLD);
        assert_eq!(keyring.read_all().unwrap().duplicates.len(), 1);
        keyring.write(&account(ANN), &token(NEW)).unwrap();
        let items = [(ANN, NEW), (BOB, OLD)].map(|(a, t)| (a.to_owned(), t.to_owned()));
        assert_eq!(keyring.items(), items);
        assert_eq!(keyring.read(&account(ANN)), Ok(Some(token(NEW))));
    }

    #[test]
    fn a_removal_removes_every_item_with_the_token() {
        let keyring = MemoryKeyring::new()
            .with(ANN, NEW)
            .with(ANN, OLD)
            .with(ANN, NEW);
        keyring.remove(&account(BOB), &token(NEW)).unwrap();
        assert_eq!(keyring.items().len(), 3);
        keyring.remove(&account(ANN), &token(NEW)).unwrap();
        assert_eq!(keyring.items(), [(ANN.to_owned(), OLD.to_owned())]);
    }

    #[test]
    fn a_locked_keyring_is_not_an_absent_item() {
        for lock in [Lock::Keyring, Lock::Confirmation] {
            let locked = || MemoryKeyring::new().with(ANN, OLD).locked(lock);
            let why = Unavailable::Locked(lock);
            assert_eq!(locked().read(&account(ANN)), Err(why.clone()));
            assert_eq!(locked().read(&account(BOB)), Err(why.clone()));
            assert_eq!(locked().read_all(), Err(why.clone()));
            assert_eq!(locked().write(&account(BOB), &token(NEW)), Err(why.clone()));
            assert_eq!(locked().remove(&account(ANN), &token(OLD)), Err(why));
            assert_eq!(locked().unlock(), Err(Unavailable::PromptDismissed));
            assert_eq!(locked().confirms_reads(), lock == Lock::Confirmation);
        }
    }

    #[test]
    fn a_locked_keyring_beside_an_open_one_is_reported() {
        let keyring = MemoryKeyring::new().with(ANN, OLD).locked(Lock::Another);
        let why = Unavailable::Locked(Lock::Another);
        assert_eq!(keyring.read(&account(ANN)), Ok(Some(token(OLD))));
        assert_eq!(keyring.read(&account(BOB)), Err(why));
        assert_eq!(keyring.read_all().unwrap().locked, Some(Lock::Another));
    }

    #[test]
    fn a_failing_keyring_fails_at_every_call() {
        let why = Unavailable::Broken("for a test".to_owned());
        let keyring = MemoryKeyring::new().failing(why.clone());
        assert_eq!(keyring.read(&account(ANN)), Err(why.clone()));
        assert_eq!(keyring.write(&account(ANN), &token(NEW)), Err(why.clone()));
        let keyring = MemoryKeyring::new().refusing_writes(why.clone());
        assert_eq!(keyring.read(&account(ANN)), Ok(None));
        assert_eq!(keyring.write(&account(ANN), &token(NEW)), Err(why));
    }
}
