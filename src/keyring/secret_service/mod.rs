//! The Secret Service of Linux desktops (gnome-keyring, KWallet, KeePassXC), over D-Bus.
//!
//! This is a client of our own, since the stores of the `keyring` crates neither find nor replace the Heroku CLI's
//! item, may prompt on a search, and have no deadline. ARCHITECTURE.md has the figures.
//!
//! Source: the Secret Service API of freedesktop.org.

mod address;
mod bus;
mod calls;
mod connection;
mod message;
mod program;
mod wire;

use std::cell::RefCell;
use std::thread;

use self::connection::{Connection, Content};
use super::{Budget, Deadline, Keyring, Listing, Lock, Missing, Unavailable, check_stored};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;

pub use address::addresses;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    /// There is no such object any more. Contains the name of the D-Bus error.
    Gone(String),
    /// The call was refused for another reason, by the name of the D-Bus error.
    Refused(String),
    /// The bus or the service exited before it answered. Another connection may work.
    Lost(&'static str),
    /// An answer is not valid.
    Garbled,
    /// No call can succeed.
    Unavailable(Unavailable),
}

impl Failure {
    const HUNG_UP: Failure =
        Failure::Lost("the D-Bus session closed the connection before it answered");

    /// The meaning of a D-Bus error, by its name.
    fn from_error_name(name: &str) -> Failure {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '.' || *c == '_';
        let plain = || name.chars().filter(is_plain).take(100).collect();
        let prefixes = [
            "org.freedesktop.DBus.Error.",
            "org.freedesktop.Secret.Error.",
        ];
        let short = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
        match short.unwrap_or(name) {
            // `ExecFailed`: the program was removed, and the file that tells the bus to start it was left.
            "ServiceUnknown" | "NameHasNoOwner" | "Spawn.ServiceNotFound" | "Spawn.ExecFailed" => {
                Unavailable::NoKeyring(Missing::Service).into()
            }
            // The program is there and may have a login: KWallet does not start without a screen, for example.
            spawn if spawn.starts_with("Spawn.") => {
                Unavailable::Broken("the keyring program did not start".to_owned()).into()
            }
            "IsLocked" => Unavailable::Locked(Lock::Keyring).into(),
            "AccessDenied" => Unavailable::Refused.into(),
            // gnome-keyring answers for a removed item that there is no such method.
            "NoSuchObject" | "UnknownObject" | "UnknownMethod" => Failure::Gone(plain()),
            // `NoReply` comes from the bus if the service exits before it answers. `NoSession` comes from a new
            // process of the service, which does not know our session.
            "NoReply" | "NoSession" => {
                Failure::Lost("the keyring program exited before it answered")
            }
            _ => Failure::Refused(plain()),
        }
    }

    /// This failure, after a write was sent.
    fn unconfirmed(self) -> Failure {
        Unavailable::from(self).unconfirmed().into()
    }
}

impl From<Unavailable> for Failure {
    fn from(why: Unavailable) -> Failure {
        Failure::Unavailable(why)
    }
}

impl From<Failure> for Unavailable {
    fn from(failure: Failure) -> Unavailable {
        match failure {
            Failure::Gone(name) | Failure::Refused(name) => {
                Unavailable::Broken(format!("the keyring reported the error {name}"))
            }
            Failure::Lost(why) => Unavailable::Broken(why.to_owned()),
            Failure::Garbled => Unavailable::Broken("the keyring sent an invalid reply".to_owned()),
            Failure::Unavailable(why) => why,
        }
    }
}

/// None if the object of a call does not exist any more.
fn unless_gone<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(Failure::Gone(_)) => Ok(None),
        answer => answer.map(Some),
    }
}

/// None if a call that not every program knows was refused.
fn unless_refused<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(Failure::Gone(_) | Failure::Refused(_)) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The Secret Service of this session.
pub struct SecretService {
    environment: Environment,
    budget: Budget,
    /// The connection that the operations of this process share.
    connection: RefCell<Option<Connection>>,
}

impl SecretService {
    /// The service that the environment names. Nothing is opened yet.
    pub fn new(environment: &Environment, may_prompt: bool) -> SecretService {
        SecretService {
            environment: environment.clone(),
            budget: Budget::new(environment, may_prompt),
            connection: RefCell::default(),
        }
    }

    /// Runs one operation over the connection of this process, within its limit.
    fn run<T>(
        &self,
        operation: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, Unavailable> {
        self.budget.run(self.budget.limit, |deadline| {
            let mut connection = self.connect(deadline)?;
            let result = operation(&mut connection);
            // After any other failure the next operation connects again. On this connection, answers to earlier calls
            // may still come, and so may the end of a prompt that was not answered.
            //
            // A locked keyring has answered every call. The session stays open for an unlock: a service that looks up
            // which program opens one cannot do so again, once this process is closed to others.
            if let Ok(_) | Err(Failure::Unavailable(Unavailable::Locked(_))) = &result {
                self.connection.replace(Some(connection));
            }
            Ok(result?)
        })
    }

    fn connect(&self, deadline: Deadline) -> Result<Connection, Failure> {
        if let Some(mut connection) = self.connection.take() {
            // The bus or the service may have exited while the user typed. This operation has changed nothing yet, so
            // it can connect again.
            match connection.begin(deadline) {
                Err(Failure::Lost(_)) => {}
                begun => return begun.map(|()| connection),
            }
        }
        let addresses = addresses(&self.environment)?;
        let trace = &self.environment.trace;
        Connection::open(&addresses, deadline, self.budget.prompt, trace)
    }
}

impl Keyring for SecretService {
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        self.run(|connection| connection.find(account))
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        let (items, locked) = self.run(|connection| connection.list(Content::AccountAndToken))?;
        let found = items
            .into_iter()
            .map(|item| (Account::parse(&item.account), item.token));
        Listing::classify(found, locked)
    }

    fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        let (items, _) = self.run(|connection| connection.list(Content::Account))?;
        let names = items.iter().map(|item| item.account.as_str());
        Ok(names.filter_map(Account::parse).collect())
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let found = self.run(|connection| {
            connection.write(account, token)?;
            connection.find(account).map_err(Failure::unconfirmed)
        })?;
        check_stored(found.as_ref(), token)
    }

    fn remove(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        self.run(|connection| connection.remove(account, token))
    }

    fn settle(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let delay = self.run(Connection::write_delay)?;
        if delay.is_zero() {
            return Ok(());
        }
        thread::sleep(delay);
        check_stored(self.read(account)?.as_ref(), token)
    }

    fn unlock(&self) -> Result<(), Unavailable> {
        self.run(Connection::unlock)
    }

    fn confirms_reads(&self) -> bool {
        self.run(Connection::what_is_locked) == Ok(Some(Lock::Confirmation))
    }
}
