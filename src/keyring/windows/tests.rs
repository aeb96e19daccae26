//! The decisions, with two stores in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::super::Missing;
use super::*;
use crate::environment::Environment;

const ANN: &str = "ann@example.com";

/// A store in memory, and how it behaves.
#[derive(Default)]
struct Fake {
    items: Mutex<BTreeMap<String, String>>,
    calls: AtomicUsize,
    behaviour: Mutex<Behaviour>,
}

#[derive(Clone, Default, PartialEq)]
enum Behaviour {
    #[default]
    Works,
    /// Every call fails with this.
    Fails(VaultError),
    /// Every call hangs.
    Hangs,
    /// Every call takes this long.
    Takes(Duration),
    /// A write does not change an existing item.
    DoesNotReplace,
    /// Another program stores its own token right after each write.
    IsOvertaken,
    /// The vault's service stops after a write.
    StopsAfterAWrite,
}

impl Fake {
    fn with(items: &[(&str, &str)]) -> Arc<Fake> {
        let fake = Fake::default();
        for (user, token) in items {
            let mut stored = fake.items.lock().unwrap();
            stored.insert((*user).to_owned(), (*token).to_owned());
        }
        Arc::new(fake)
    }

    fn with_behaviour(behaviour: Behaviour) -> Arc<Fake> {
        let fake = Fake::with(&[]);
        fake.set_behaviour(behaviour);
        fake
    }

    fn set_behaviour(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn stored(&self) -> Vec<(String, String)> {
        self.items.lock().unwrap().clone().into_iter().collect()
    }

    fn begin_call(&self) -> Result<(), VaultError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let behaviour = self.behaviour.lock().unwrap().clone();
        match behaviour {
            Behaviour::Fails(error) => Err(error),
            Behaviour::Hangs => loop {
                thread::park();
            },
            Behaviour::Takes(time) => {
                thread::sleep(time);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Vault for Fake {
    fn users(&self) -> Result<Vec<String>, VaultError> {
        self.begin_call()?;
        let users: Vec<String> = self.items.lock().unwrap().keys().cloned().collect();
        if users.is_empty() {
            Err(VaultError::NotFound)
        } else {
            Ok(users)
        }
    }

    fn read(&self, user: &str) -> Result<Zeroizing<String>, VaultError> {
        self.begin_call()?;
        let items = self.items.lock().unwrap();
        let found = items.get(user).cloned().ok_or(VaultError::NotFound)?;
        Ok(Zeroizing::new(found))
    }

    fn write(&self, user: &str, token: &str) -> Result<(), VaultError> {
        self.begin_call()?;
        let mut items = self.items.lock().unwrap();
        let behaviour = self.behaviour.lock().unwrap().clone();
        let stored = match behaviour {
            Behaviour::IsOvertaken => "HRKU-of-another-program-0000",
            _ => token,
        };
        if behaviour == Behaviour::StopsAfterAWrite {
            self.set_behaviour(Behaviour::Fails(VaultError::NO_SESSION));
        }
        if behaviour != Behaviour::DoesNotReplace || !items.contains_key(user) {
            items.insert(user.to_owned(), stored.to_owned());
        }
        Ok(())
    }

    fn remove(&self, user: &str) -> Result<(), VaultError> {
        self.begin_call()?;
        let removed = self.items.lock().unwrap().remove(user);
        removed.map(drop).ok_or(VaultError::NotFound)
    }
}

fn keyring(vault: &Arc<Fake>, manager: &Arc<Fake>) -> WindowsKeyring {
    let environment = Environment {
        keyring_limit: Duration::from_secs(60),
        ..Environment::default()
    };
    WindowsKeyring {
        stores: [Arc::<Fake>::clone(vault), Arc::<Fake>::clone(manager)],
        budget: Budget::new(&environment, false),
    }
}

fn ann() -> Account {
    Account::parse(ANN).unwrap()
}

fn token(number: usize) -> Token {
    Token::parse(&text(number)).unwrap()
}

fn text(number: usize) -> String {
    format!("HRKU-01234567-89ab-cdef-0123-{number:012}")
}

#[test]
fn an_item_of_the_heroku_cli_is_found() {
    let vault = Fake::with(&[(ANN, &text(1))]);
    let keyring = keyring(&vault, &Fake::with(&[]));
    assert_eq!(keyring.read(&ann()).unwrap(), Some(token(1)));
    assert!(keyring.is_shared());
}

#[test]
fn a_token_is_stored_only_in_the_vault() {
    let (vault, manager) = (Fake::with(&[]), Fake::with(&[]));
    keyring(&vault, &manager).write(&ann(), &token(1)).unwrap();
    assert_eq!(vault.stored(), [(ANN.to_owned(), text(1))]);
    assert_eq!(manager.stored(), []);
}

#[test]
fn a_login_in_neither_store_is_absent() {
    let keyring = keyring(&Fake::with(&[]), &Fake::with(&[]));
    assert_eq!(keyring.read(&ann()), Ok(None));
    assert_eq!(keyring.read_all(), Ok(Listing::default()));
    assert_eq!(keyring.remove(&ann(), &token(1)), Ok(()));
}

/// The vault reports "not found" also in a session that has no vault.
#[test]
fn not_found_in_a_session_without_a_store_is_not_absent() {
    let manager = Fake::with_behaviour(Behaviour::Fails(VaultError::NO_SESSION));
    let keyring = keyring(&Fake::with(&[]), &manager);
    let none = Unavailable::NoKeyring(Missing::System);
    assert_eq!(keyring.read(&ann()), Err(none.clone()));
    assert_eq!(keyring.read_all(), Err(none));
}

#[test]
fn a_token_in_the_vault_is_found_whatever_credential_manager_returns() {
    let manager = Fake::with_behaviour(Behaviour::Fails(VaultError::NO_SESSION));
    let keyring = keyring(&Fake::with(&[(ANN, &text(1))]), &manager);
    assert_eq!(keyring.read(&ann()), Ok(Some(token(1))));
    assert_eq!(keyring.read_all().unwrap().items.len(), 1);
    assert_eq!(keyring.remove(&ann(), &token(1)), Ok(()));
    assert_eq!(keyring.read(&ann()), Err(VaultError::NO_SESSION.into()));
}

#[test]
fn without_password_vault_only_credential_manager_is_used() {
    let vault = Fake::with_behaviour(Behaviour::Fails(VaultError::NoSuchStore));
    let manager = Fake::with(&[]);
    let keyring = keyring(&vault, &manager);
    assert!(!keyring.is_shared());
    keyring.write(&ann(), &token(1)).unwrap();
    assert_eq!(manager.stored(), [(ANN.to_owned(), text(1))]);
    assert_eq!(keyring.read(&ann()), Ok(Some(token(1))));
    keyring.write(&ann(), &token(2)).unwrap();
    assert_eq!(keyring.remove(&ann(), &token(1)), Ok(()));
    assert_eq!(keyring.remove(&ann(), &token(2)), Ok(()));
    assert_eq!(manager.stored(), []);
}

#[test]
fn a_removal_of_one_token_leaves_another() {
    let vault = Fake::with(&[(ANN, &text(1))]);
    let keyring = keyring(&vault, &Fake::with(&[]));
    assert_eq!(keyring.remove(&ann(), &token(2)), Ok(()));
    assert_eq!(vault.stored(), [(ANN.to_owned(), text(1))]);
    assert_eq!(keyring.remove(&ann(), &token(1)), Ok(()));
    assert_eq!(vault.stored(), []);
}

#[test]
fn if_adding_does_not_replace_the_old_item_is_removed_first() {
    for old in [&text(1), "not a token"] {
        let vault = Fake::with(&[(ANN, old)]);
        vault.set_behaviour(Behaviour::DoesNotReplace);
        keyring(&vault, &Fake::with(&[]))
            .write(&ann(), &token(2))
            .unwrap();
        assert_eq!(vault.stored(), [(ANN.to_owned(), text(2))]);
    }
}

#[test]
fn another_login_at_the_same_time_is_reported() {
    let vault = Fake::with(&[(ANN, &text(1))]);
    vault.set_behaviour(Behaviour::IsOvertaken);
    let stored = keyring(&vault, &Fake::with(&[])).write(&ann(), &token(2));
    assert_eq!(stored, Err(Unavailable::Overtaken));
}

#[test]
fn a_token_that_cannot_be_read_back_may_be_stored() {
    let vault = Fake::with(&[(ANN, &text(1))]);
    vault.set_behaviour(Behaviour::StopsAfterAWrite);
    let stored = keyring(&vault, &Fake::with(&[])).write(&ann(), &token(2));
    let none = Unavailable::NoKeyring(Missing::System);
    assert_eq!(stored, Err(none.unconfirmed()));
    assert_eq!(vault.stored(), [(ANN.to_owned(), text(2))]);
}

#[test]
fn the_letter_case_of_an_email_makes_no_second_item() {
    let vault = Fake::with(&[("Ann@Example.com", &text(1))]);
    let keyring = keyring(&vault, &Fake::with(&[]));
    assert_eq!(keyring.read(&ann()), Ok(Some(token(1))));
    keyring.write(&ann(), &token(2)).unwrap();
    assert_eq!(vault.stored(), [("Ann@Example.com".to_owned(), text(2))]);
    assert_eq!(keyring.remove(&ann(), &token(2)), Ok(()));
}

#[test]
fn a_vault_that_hangs_is_reported_as_slow_and_not_called_again() {
    let vault = Fake::with_behaviour(Behaviour::Hangs);
    let mut keyring = keyring(&vault, &Fake::with(&[(ANN, &text(1))]));
    keyring.budget.limit = Duration::from_millis(10);
    assert!(matches!(keyring.read(&ann()), Err(Unavailable::Slow(_))));
    let slow = Unavailable::Slow(keyring.budget.limit);
    let stored = keyring.write(&ann(), &token(1));
    assert_eq!(stored, Err(slow.unconfirmed()));
    assert_eq!(vault.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_token_reported_as_not_stored_is_not_stored_later() {
    let vault = Fake::with_behaviour(Behaviour::Takes(Duration::from_millis(50)));
    let mut keyring = keyring(&vault, &Fake::with(&[]));
    keyring.budget.limit = Duration::from_millis(10);
    let stored = keyring.write(&ann(), &token(1));
    let slow = Unavailable::Slow(keyring.budget.limit);
    assert_eq!(stored, Err(slow.unconfirmed()));
    drop(keyring);
    // The abandoned thread has ended once it no longer holds the store.
    let late = Instant::now() + Duration::from_secs(10);
    while Arc::strong_count(&vault) > 1 {
        assert!(Instant::now() < late, "the thread is still there");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(vault.stored(), []);
    assert_eq!(vault.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_failing_vault_is_reported_with_its_error() {
    let vault = Fake::with_behaviour(Behaviour::Fails(VaultError::from_code(0x8007_0005)));
    let found = keyring(&vault, &Fake::with(&[(ANN, &text(1))])).read(&ann());
    let why = Unavailable::Broken("the keyring reported an error: 0x80070005".to_owned());
    assert_eq!(found, Err(why));
}

#[test]
fn white_space_around_a_token_is_removed_as_in_the_heroku_cli() {
    let vault = Fake::with(&[(ANN, &format!("{}\r\n", text(1)))]);
    assert_eq!(
        keyring(&vault, &Fake::with(&[])).read(&ann()),
        Ok(Some(token(1)))
    );
}
