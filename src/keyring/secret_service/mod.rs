//! The Secret Service of Linux desktops (gnome-keyring, KWallet, KeePassXC), over D-Bus.
//!
//! It is our own because the stock stores neither see nor replace the Heroku CLI's item, may prompt on a search,
//! and have no deadline; ARCHITECTURE.md has the figures.
//!
//! Source: the Secret Service API of freedesktop.org.

mod address;
mod bus;
mod calls;
mod message;
mod operation;
mod program;
mod wire;

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::{Accounts, Keyring, Limits, Listing, Lock, Missing, Unavailable};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;
use bus::Deadline;
use operation::{Connection, Operation};

pub use address::{Address, addresses};
pub use program::Program;

/// Why the Secret Service could not be asked. "It has no such item" is not among these.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// Neither `DBUS_SESSION_BUS_ADDRESS` nor a `bus` in the runtime directory.
    #[error("there is no D-Bus session here")]
    NoBus,
    /// The address leads nowhere.
    #[error("the D-Bus session cannot be reached")]
    Unreachable,
    /// The bus is not a socket of this machine, and a token would leave it in clear.
    #[error("the D-Bus session is not a local socket")]
    NotLocal,
    /// The bus takes us for somebody else.
    #[error("the D-Bus session belongs to another user")]
    NotLetIn,
    /// The bus has no Secret Service, and none can be started on it.
    #[error("no keyring program runs in this D-Bus session")]
    NoService,
    /// The service has no collection to put an item into.
    #[error("the keyring program has no default keyring")]
    NoCollection(Program),
    /// The item or its collection is locked.
    #[error("the keyring is locked")]
    Locked(Lock),
    /// A person closed the prompt.
    #[error("the keyring's prompt was closed")]
    Dismissed,
    /// No answer within the limit.
    #[error("the keyring gave no answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// So many items that the limit was not enough to read them.
    #[error("the keyring has {count} logins for Heroku, too many to read within {:.1} s", .limit.as_secs_f64())]
    TooMany {
        /// How many.
        count: usize,
        /// The limit.
        limit: Duration,
    },
    /// The bus cut the connection in the middle.
    #[error("the D-Bus session hung up in the middle of the conversation")]
    HungUp,
    /// The service went away in the middle, as the bus tells.
    #[error("the keyring program went away in the middle of the conversation")]
    Left,
    /// An answer that makes no sense.
    #[error("the keyring's answer made no sense")]
    Garbled,
    /// More than any answer to us can be.
    #[error("the D-Bus session sent far too much, {0} messages of it unasked")]
    Flooded(usize),
    /// The bus does not let this program talk to the service.
    #[error("the D-Bus session does not let this program use the keyring")]
    Denied,
    /// What was removed is still there.
    #[error("the keyring did not remove the token")]
    NotRemoved,
    /// The item went away between two questions.
    #[error("the keyring's item has gone")]
    Gone,
    /// Any other error, by its D-Bus name.
    #[error("the keyring answered {0}")]
    Refused(String),
}

impl Failure {
    /// What a D-Bus error's name means.
    fn named(name: &str) -> Failure {
        match name {
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner" => Failure::NoService,
            "org.freedesktop.Secret.Error.IsLocked" => Failure::Locked(Lock::Keyring),
            "org.freedesktop.DBus.Error.AccessDenied" => Failure::Denied,
            "org.freedesktop.Secret.Error.NoSuchObject"
            | "org.freedesktop.DBus.Error.UnknownObject" => Failure::Gone,
            // The bus's own word for a service that left without an answer, and the answer of another
            // process of the program, which knows no session of ours.
            "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.Secret.Error.NoSession" => {
                Failure::Left
            }
            spawn if spawn.starts_with("org.freedesktop.DBus.Error.Spawn.") => Failure::NoService,
            _ => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
                Failure::Refused(name.chars().filter(|c| plain(*c)).take(100).collect())
            }
        }
    }
}

impl Failure {
    /// What a failure means if an item was asked: gnome-keyring answers for one that was removed
    /// that it has no such method.
    fn of_an_item(self) -> Failure {
        match self {
            Failure::Refused(name) if name == "org.freedesktop.DBus.Error.UnknownMethod" => {
                Failure::Gone
            }
            failure => failure,
        }
    }
}

impl From<Failure> for Unavailable {
    fn from(failure: Failure) -> Unavailable {
        let what = failure.to_string();
        match failure {
            Failure::NoBus => Unavailable::NoKeyring(Missing::Bus),
            Failure::Unreachable => Unavailable::NoKeyring(Missing::ReachableBus),
            Failure::NoService => Unavailable::NoKeyring(Missing::Service),
            Failure::NoCollection(program) => Unavailable::NoKeyring(match program {
                Program::KeePassXc => Missing::Database,
                Program::KWallet(_) => Missing::Wallet,
                Program::GnomeKeyring | Program::Other => Missing::Collection,
            }),
            Failure::Locked(lock) => Unavailable::Locked(lock),
            Failure::Dismissed => Unavailable::PromptDismissed,
            Failure::TimedOut(limit) => Unavailable::Slow {
                limit,
                logins: None,
            },
            Failure::TooMany { count, limit } => Unavailable::Slow {
                limit,
                logins: Some(count),
            },
            Failure::Denied => Unavailable::Refused,
            Failure::NotLocal
            | Failure::NotLetIn
            | Failure::HungUp
            | Failure::Left
            | Failure::Garbled
            | Failure::Flooded(_)
            | Failure::Gone
            | Failure::NotRemoved
            | Failure::Refused(_) => Unavailable::Broken(what),
        }
    }
}

/// The Secret Service of this session.
pub struct SecretService {
    environment: Environment,
    limits: Limits,
    state: Mutex<State>,
}

/// What one operation leaves to the next.
#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// The time that was spent waiting for the service.
    waited: Duration,
    /// The service let an operation time out: it is not asked again.
    given_up: Option<Failure>,
}

impl SecretService {
    /// The service that this environment leads to. Nothing is opened yet.
    pub fn new(environment: &Environment, limits: Limits) -> SecretService {
        SecretService {
            environment: environment.clone(),
            limits,
            state: Mutex::default(),
        }
    }

    /// Runs one operation over the connection of this process, within its limit.
    fn run<T>(
        &self,
        run: impl FnOnce(&mut Operation<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = &state.given_up {
            return Err(failure.clone());
        }
        let start = Instant::now();
        let deadline = Deadline {
            at: match self.limits.total {
                Some(total) => start + total.saturating_sub(state.waited),
                None => start + self.limits.operation,
            },
            limit: self.limits.total.unwrap_or(self.limits.operation),
        };
        let mut prompted = Duration::ZERO;
        let done = self.begin(&mut state, deadline).and_then(|mut operation| {
            let done = run(&mut operation);
            prompted = operation.prompted;
            done
        });
        state.waited += start.elapsed().saturating_sub(prompted);
        match &done {
            Err(failure @ (Failure::TimedOut(_) | Failure::TooMany { .. })) => {
                state.given_up = Some(failure.clone());
                state.connection = None;
            }
            // Answers to what was asked before would be in the way, and a prompt that nobody answered is
            // not to be waited for.
            Err(_) => state.connection = None,
            Ok(_) => {}
        }
        done
    }

    fn begin<'a>(
        &'a self,
        state: &'a mut State,
        deadline: Deadline,
    ) -> Result<Operation<'a>, Failure> {
        if let Some(connection) = &mut state.connection {
            connection.bus.begin(deadline);
            // A bus may have ended while the user typed, and nothing has been asked of it yet.
            match operation::is_search_a_question(&mut connection.bus) {
                Err(Failure::HungUp | Failure::Left) => state.connection = None,
                asked => connection.is_search_a_question = asked?,
            }
        }
        if state.connection.is_none() {
            let addresses = address::addresses(&self.environment)?;
            state.connection = Some(operation::connect(&addresses, deadline)?);
        }
        let connection = state.connection.as_mut().ok_or(Failure::HungUp)?;
        let trace = &self.environment.trace;
        Ok(Operation::new(connection, self.limits.prompt, trace))
    }
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method alone is not general enough in its lifetime"
)]
impl Keyring for SecretService {
    fn accounts(&self) -> Result<Accounts, Unavailable> {
        let (names, locked) = self.run(|operation| operation.accounts())?;
        Ok(Accounts::among(names.iter().map(String::as_str), locked))
    }

    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        Ok(self.run(|operation| operation.find(account))?)
    }

    fn read_all(&self) -> Result<Listing, Unavailable> {
        let (stored, locked) = self.run(|operation| operation.read_all())?;
        let found = stored
            .into_iter()
            .map(|stored| (Account::parse(&stored.account), stored.into_token()));
        Ok(Listing::sort(found, locked))
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let found = self.run(|operation| {
            operation.write(account, token)?;
            operation.find(account)
        })?;
        match found {
            Some(found) if found == *token => Ok(()),
            Some(_) => Err(Unavailable::Overtaken),
            None => Err(Unavailable::Broken(
                "the keyring did not keep the token".to_owned(),
            )),
        }
    }

    fn remove(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
        Ok(self.run(|operation| match only {
            Some(token) => operation.remove_token(account, token),
            None => operation.remove(account),
        })?)
    }

    fn settle(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let delay = self.run(|operation| operation.write_delay())?;
        if delay.is_zero() {
            return Ok(());
        }
        thread::sleep(delay);
        match self.read(account)? {
            Some(held) if held == *token => Ok(()),
            Some(_) => Err(Unavailable::Overtaken),
            None => Err(Unavailable::Broken(
                "the keyring did not keep the token".to_owned(),
            )),
        }
    }

    fn unlock(&self, limit: Duration) -> Result<(), Unavailable> {
        Ok(self.run(|operation| operation.unlock(limit))?)
    }
}
