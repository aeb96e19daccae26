//! A keyring in memory, for tests of the code that uses one: it can have each state of a real keyring, without a
//! process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Accounts, Keyring, Listing, Lock, Unavailable};
use crate::account::Account;
use crate::token::Token;

/// A keyring in memory. A new one is open and empty.
#[derive(Debug, Default)]
pub struct MemoryKeyring {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    items: Vec<StoredItem>,
    lock: Option<Lock>,
    failure: Option<Unavailable>,
    write_failure: Option<Unavailable>,
    prompt: Prompt,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct StoredItem {
    name: String,
    secret: String,
    is_locked: bool,
}

/// What the user does with a prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prompt {
    /// The user closes it, or does not answer.
    #[default]
    Dismissed,
    /// The user answers it, and everything is unlocked.
    Answered,
}

/// What the keyring was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`Keyring::accounts`].
    Accounts,
    /// [`Keyring::read`].
    Read,
    /// [`Keyring::read_all`].
    ReadAll,
    /// [`Keyring::write`].
    Write,
    /// [`Keyring::remove`].
    Remove,
    /// [`Keyring::unlock`].
    Unlock,
}

impl MemoryKeyring {
    /// An open keyring without items.
    pub fn new() -> MemoryKeyring {
        MemoryKeyring::default()
    }

    /// Adds an item of this account. If an account has several, the first one counts and the others are duplicates.
    #[must_use]
    pub fn with(self, account: &str, secret: &str) -> MemoryKeyring {
        self.with_item(account, secret, false)
    }

    /// Adds a locked item of this account. Other items stay open.
    #[must_use]
    pub fn with_locked(self, account: &str, secret: &str) -> MemoryKeyring {
        self.with_item(account, secret, true)
    }

    fn with_item(self, account: &str, secret: &str, is_locked: bool) -> MemoryKeyring {
        self.state().items.push(StoredItem {
            name: account.to_owned(),
            secret: secret.to_owned(),
            is_locked,
        });
        self
    }

    /// Locks everything; [`Lock::Another`] locks only another part of the keyring, in which further items may be.
    #[must_use]
    pub fn locked(self, lock: Lock) -> MemoryKeyring {
        let mut state = self.state();
        state.lock = Some(lock);
        if lock != Lock::Another {
            state
                .items
                .iter_mut()
                .for_each(|item| item.is_locked = true);
        }
        drop(state);
        self
    }

    /// Makes every operation fail with this: slow, broken, no keyring at all.
    #[must_use]
    pub fn failing(self, why: Unavailable) -> MemoryKeyring {
        self.state().failure = Some(why);
        self
    }

    /// Makes every write and removal fail with this. Reads work.
    #[must_use]
    pub fn refusing_writes(self, why: Unavailable) -> MemoryKeyring {
        self.state().write_failure = Some(why);
        self
    }

    /// Sets what the user does with a prompt.
    #[must_use]
    pub fn with_prompt(self, prompt: Prompt) -> MemoryKeyring {
        self.state().prompt = prompt;
        self
    }

    /// The names and secrets of all items, also of locked ones.
    pub fn items(&self) -> Vec<(String, String)> {
        let items = self.state().items.clone().into_iter();
        items.map(|item| (item.name, item.secret)).collect()
    }

    /// The operations so far, in order.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, operation: Operation) -> Result<MutexGuard<'_, State>, Unavailable> {
        let mut state = self.state();
        state.operations.push(operation);
        match &state.failure {
            Some(why) => Err(why.clone()),
            None => Ok(state),
        }
    }

    fn begin_change(&self, operation: Operation) -> Result<MutexGuard<'_, State>, Unavailable> {
        let state = self.begin(operation)?;
        match &state.write_failure {
            Some(why) => Err(why.clone()),
            None => Ok(state),
        }
    }
}

impl State {
    /// What is locked, apart from what can be read.
    fn find_lock(&self) -> Option<Lock> {
        let has_locked_item = self.items.iter().any(|item| item.is_locked);
        self.lock.or(has_locked_item.then_some(Lock::Another))
    }

    /// What is locked if something else can be read.
    ///
    /// # Errors
    /// [`Unavailable::Locked`] if nothing can be read.
    fn partly_locked(&self) -> Result<Option<Lock>, Unavailable> {
        match self.find_lock() {
            Some(lock) if self.items.iter().all(|item| item.is_locked) => {
                Err(Unavailable::Locked(lock))
            }
            lock => Ok(lock),
        }
    }

    /// Whether everything is locked, not only another part.
    fn is_all_locked(&self) -> bool {
        self.lock.is_some_and(|lock| lock != Lock::Another)
    }

    fn has_locked(&self, account: &Account) -> bool {
        let mut items = self.items.iter();
        items.any(|item| item.is_locked && item.name == account.as_str())
    }

    fn token(&self, account: &Account) -> Option<Token> {
        let mut items = self.items.iter().filter(|item| !item.is_locked);
        items.find_map(|item| {
            let token = Token::parse(&item.secret).ok();
            token.filter(|_| item.name == account.as_str())
        })
    }
}

impl Keyring for MemoryKeyring {
    fn accounts(&self) -> Result<Accounts, Unavailable> {
        let state = self.begin(Operation::Accounts)?;
        let open = state.items.iter().filter(|item| !item.is_locked);
        let names = open.map(|item| item.name.as_str());
        Ok(Accounts::among(names, state.find_lock()))
    }

    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        let state = self.begin(Operation::Read)?;
        match (state.token(account), state.find_lock()) {
            (None, Some(lock)) => Err(Unavailable::Locked(lock)),
            (token, _) => Ok(token),
        }
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        let state = self.begin(Operation::ReadAll)?;
        let lock = state.partly_locked()?;
        let open = state.items.iter().filter(|item| !item.is_locked);
        let found = open.map(|item| (Account::parse(&item.name), Token::parse(&item.secret).ok()));
        Ok(Listing::classify(found, lock))
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let mut state = self.begin_change(Operation::Write)?;
        if state.is_all_locked() || (state.token(account).is_none() && state.has_locked(account)) {
            return Err(Unavailable::Locked(
                state.find_lock().unwrap_or(Lock::Another),
            ));
        }
        let new = StoredItem {
            name: account.to_string(),
            secret: token.expose().to_owned(),
            is_locked: false,
        };
        let is_replaced = |item: &StoredItem| !item.is_locked && item.name == account.as_str();
        let first = state.items.iter().position(is_replaced);
        state.items.retain(|item| !is_replaced(item));
        let index = first.unwrap_or(state.items.len());
        state.items.insert(index, new);
        Ok(())
    }

    fn remove(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
        let mut state = self.begin_change(Operation::Remove)?;
        let is_meant = |item: &StoredItem| {
            let has_token = only.is_none_or(|only| item.secret.trim() == only.expose());
            !item.is_locked && item.name == account.as_str() && has_token
        };
        let count = state.items.iter().filter(|item| is_meant(item)).count();
        let is_locked = state.is_all_locked() || state.has_locked(account);
        if is_locked && (only.is_none() || count == 0) {
            return Err(Unavailable::Locked(
                state.find_lock().unwrap_or(Lock::Another),
            ));
        }
        state.items.retain(|item| !is_meant(item));
        Ok(count)
    }

    fn unlock(&self, _: Duration) -> Result<(), Unavailable> {
        let mut state = self.begin(Operation::Unlock)?;
        if state.find_lock().is_none() {
            return Ok(());
        }
        if state.prompt == Prompt::Dismissed {
            return Err(Unavailable::PromptDismissed);
        }
        state.lock = None;
        state
            .items
            .iter_mut()
            .for_each(|item| item.is_locked = false);
        Ok(())
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
    fn a_write_leaves_one_item_in_its_place() {
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
    fn a_removal_removes_every_item_or_those_with_one_token() {
        let keyring = MemoryKeyring::new().with(ANN, OLD).with(ANN, NEW);
        assert_eq!(keyring.remove(&account(ANN), Some(&token(NEW))), Ok(1));
        assert_eq!(keyring.remove(&account(BOB), None), Ok(0));
        assert_eq!(keyring.remove(&account(ANN), None), Ok(1));
        assert_eq!(keyring.items(), []);
    }

    #[test]
    fn locked_is_never_absent() {
        for lock in [Lock::Keyring, Lock::Confirmation] {
            let locked = || MemoryKeyring::new().with(ANN, OLD).locked(lock);
            let why = Unavailable::Locked(lock);
            assert_eq!(locked().read(&account(ANN)), Err(why.clone()));
            assert_eq!(locked().read(&account(BOB)), Err(why.clone()));
            assert_eq!(locked().read_all(), Err(why.clone()));
            assert_eq!(locked().write(&account(BOB), &token(NEW)), Err(why.clone()));
            assert_eq!(locked().remove(&account(ANN), None), Err(why));
            let dismissed = locked().unlock(Duration::ZERO);
            assert_eq!(dismissed, Err(Unavailable::PromptDismissed));
            let answered = locked().with_prompt(Prompt::Answered);
            answered.unlock(Duration::ZERO).unwrap();
            assert_eq!(answered.read(&account(ANN)), Ok(Some(token(OLD))));
        }
    }

    #[test]
    fn what_is_locked_beside_something_open_is_reported() {
        let keyring = MemoryKeyring::new().with(ANN, OLD).with_locked(BOB, NEW);
        let why = Unavailable::Locked(Lock::Another);
        assert_eq!(keyring.read(&account(ANN)), Ok(Some(token(OLD))));
        assert_eq!(keyring.read(&account(BOB)), Err(why.clone()));
        assert_eq!(keyring.read_all().unwrap().locked, Some(Lock::Another));
        assert_eq!(keyring.accounts().unwrap().locked, Some(Lock::Another));
        assert_eq!(keyring.remove(&account(BOB), None), Err(why.clone()));
        assert_eq!(keyring.write(&account(BOB), &token(OLD)), Err(why));
    }

    #[test]
    fn a_keyring_that_fails_fails_everywhere() {
        let why = Unavailable::Broken("for a test".to_owned());
        let keyring = MemoryKeyring::new().failing(why.clone());
        assert_eq!(keyring.read(&account(ANN)), Err(why.clone()));
        assert_eq!(keyring.write(&account(ANN), &token(NEW)), Err(why.clone()));
        let keyring = MemoryKeyring::new().refusing_writes(why.clone());
        assert_eq!(keyring.read(&account(ANN)), Ok(None));
        assert_eq!(keyring.write(&account(ANN), &token(NEW)), Err(why));
        let asked = [Operation::Read, Operation::Write];
        assert_eq!(keyring.operations(), asked);
    }
}
