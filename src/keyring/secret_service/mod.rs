//! The Secret Service of Linux desktops (gnome-keyring, KWallet, KeePassXC), over D-Bus.
//!
//! A `keyring-core` store, so that `keyring` speaks one interface on every system. It is our own
//! because the stock stores neither see nor replace the Heroku CLI's item, may prompt on a search,
//! and have no deadline; ARCHITECTURE.md has the figures.
//!
//! Source: the Secret Service API of freedesktop.org.

mod address;
mod bus;
mod calls;
mod conversation;
mod message;
mod store;
mod wire;

use std::time::Duration;

use thiserror::Error;

pub use address::{Address, addresses};
pub use conversation::Stored;
pub use store::SecretService;

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
    NoCollection,
    /// The item or its collection is locked.
    #[error("the keyring is locked")]
    Locked,
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
            "org.freedesktop.Secret.Error.IsLocked" => Failure::Locked,
            "org.freedesktop.Secret.Error.NoSuchObject"
            | "org.freedesktop.DBus.Error.UnknownObject" => Failure::Gone,
            // The bus's own word for a service that left without an answer.
            "org.freedesktop.DBus.Error.NoReply" => Failure::Left,
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

impl From<Failure> for keyring_core::Error {
    fn from(failure: Failure) -> keyring_core::Error {
        match failure {
            Failure::Gone => keyring_core::Error::NoEntry,
            Failure::Locked | Failure::Dismissed | Failure::NoCollection => {
                keyring_core::Error::NoStorageAccess(Box::new(failure))
            }
            failure => keyring_core::Error::PlatformFailure(Box::new(failure)),
        }
    }
}
