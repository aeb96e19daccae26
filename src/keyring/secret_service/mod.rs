//! The Secret Service of Linux desktops (gnome-keyring, KWallet, KeePassXC), over D-Bus.
//!
//! This is a client of our own, since the stores of the `keyring` crates neither find nor replace the Heroku CLI's
//! item, may prompt on a search, and have no deadline. ARCHITECTURE.md has the figures.
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

use super::{
    Accounts, Keyring, Limits, Listing, Lock, Missing, RejectedBus, Unavailable, check_stored,
};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;
use bus::Deadline;
use operation::{Connection, Operation};

pub use address::{Address, addresses};
pub use program::Program;

/// Why the Secret Service could not be used. That it has no item of an account is not a failure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// There is neither a `DBUS_SESSION_BUS_ADDRESS` nor a `bus` in the runtime directory.
    #[error("no D-Bus session")]
    NoBus,
    /// No bus listens at the address.
    #[error("the D-Bus session cannot be reached")]
    Unreachable,
    /// The bus is not a local socket, so a token would leave this machine unencrypted.
    #[error("the D-Bus session is not a local socket")]
    NotLocal,
    /// The socket belongs to another user, or the bus does not accept this one.
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
    /// The prompt was closed, was not answered in time, or could not be shown.
    #[error("the keyring's prompt was closed")]
    Dismissed,
    /// There was no answer within the limit.
    #[error("the keyring did not answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// There are too many items to read within the limit.
    #[error("the keyring has {count} logins for Heroku, too many to read within {:.1} s", .limit.as_secs_f64())]
    TooMany {
        /// How many.
        count: usize,
        /// The limit.
        limit: Duration,
    },
    /// The bus closed the connection before it answered.
    #[error("the D-Bus session closed the connection before it answered")]
    HungUp,
    /// The service exited before it answered.
    #[error("the keyring program exited before it answered")]
    Left,
    /// An answer is not valid.
    #[error("the keyring sent an invalid reply")]
    Garbled,
    /// The bus sent more than the answers to our calls can be.
    #[error("the D-Bus session sent too much data, {0} unexpected messages")]
    Flooded(usize),
    /// The bus does not let this program talk to the service.
    #[error("the D-Bus session does not allow this program to use the keyring")]
    Denied,
    /// An item is still there after it was removed.
    #[error("the keyring did not remove the token")]
    NotRemoved,
    /// The item was removed between two calls.
    #[error("the keyring's item was removed meanwhile")]
    Gone,
    /// Any other error, by its D-Bus name.
    #[error("the keyring reported the error {0}")]
    Refused(String),
}

impl Failure {
    /// The meaning of a D-Bus error, by its name.
    fn from_error_name(name: &str) -> Failure {
        match name {
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner" => Failure::NoService,
            "org.freedesktop.Secret.Error.IsLocked" => Failure::Locked(Lock::Keyring),
            "org.freedesktop.DBus.Error.AccessDenied" => Failure::Denied,
            "org.freedesktop.Secret.Error.NoSuchObject"
            | "org.freedesktop.DBus.Error.UnknownObject" => Failure::Gone,
            // `NoReply` comes from the bus if the service exits before it answers. `NoSession` comes from a new
            // process of the service, which does not know our session.
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
    /// The meaning of a failure of a call to an item. If the item was removed, gnome-keyring answers that there is no
    /// such method.
    fn for_item(self) -> Failure {
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
        let message = failure.to_string();
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
            Failure::NotLocal => Unavailable::RejectedBus(RejectedBus::NotLocal),
            Failure::NotLetIn => Unavailable::RejectedBus(RejectedBus::OfAnotherUser),
            Failure::HungUp
            | Failure::Left
            | Failure::Garbled
            | Failure::Flooded(_)
            | Failure::Gone
            | Failure::NotRemoved
            | Failure::Refused(_) => Unavailable::Broken(message),
        }
    }
}

/// The Secret Service of this session.
pub struct SecretService {
    environment: Environment,
    limits: Limits,
    state: Mutex<State>,
}

/// What the operations of this process share.
#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// How long all operations have waited for the service so far.
    waited: Duration,
    /// The timeout of an earlier operation, after which the service is not used again.
    given_up: Option<Failure>,
}

impl SecretService {
    /// The service that the environment names. Nothing is opened yet.
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
            at: start + self.limits.left(state.waited),
            limit: self.limits.keyring,
        };
        let mut prompted = Duration::ZERO;
        let result = self.begin(&mut state, deadline).and_then(|mut operation| {
            let result = run(&mut operation);
            prompted = operation.prompted;
            result
        });
        state.waited += start.elapsed().saturating_sub(prompted);
        match &result {
            Err(failure @ (Failure::TimedOut(_) | Failure::TooMany { .. })) => {
                state.given_up = Some(failure.clone());
                state.connection = None;
            }
            // The next operation connects again. On this connection, answers to earlier calls may still come, and
            // so may the end of a prompt that was not answered.
            Err(failure) if !matches!(failure, Failure::Locked(_)) => state.connection = None,
            // A locked keyring has answered every call. The session stays open for an unlock: a service that looks up
            // which program opens one cannot do so again, once this process is closed to others.
            Ok(_) | Err(_) => {}
        }
        result
    }

    fn begin<'a>(
        &'a self,
        state: &'a mut State,
        deadline: Deadline,
    ) -> Result<Operation<'a>, Failure> {
        if let Some(connection) = &mut state.connection {
            connection.bus.begin(deadline);
            // The bus may have exited while the user typed. This operation has changed nothing yet, so it can
            // connect again.
            match operation::may_search_prompt(&mut connection.bus) {
                Err(Failure::HungUp | Failure::Left) => state.connection = None,
                answer => connection.may_search_prompt = answer?,
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
        Ok(Listing::classify(found, locked))
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        let found = self.run(|operation| {
            operation.write(account, token)?;
            operation.find(account)
        })?;
        check_stored(found.as_ref(), token)
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
        check_stored(self.read(account)?.as_ref(), token)
    }

    fn unlock(&self) -> Result<(), Unavailable> {
        Ok(self.run(|operation| operation.unlock())?)
    }
}
