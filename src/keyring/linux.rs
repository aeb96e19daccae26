//! Linux and the BSDs: the Secret Service.

use std::collections::HashMap;
use std::time::Duration;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};

use super::{Login, Missing, SERVICE, Unavailable, named};
use crate::account::Account;
use crate::environment::Environment;
use crate::keyring::secret_service::{Failure, SecretService, Stored};
use crate::token::Token;

/// The label that the Heroku CLI gives an item; one that is there keeps the label it has.
const LABEL: &str = "Heroku CLI";

pub(super) struct Keyring(SecretService);

impl Keyring {
    pub(super) fn new(environment: &Environment) -> Keyring {
        Keyring(SecretService::new(environment, LABEL))
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "other systems may have no store at all"
    )]
    pub(super) fn store(&self) -> Result<&dyn CredentialStoreApi, Unavailable> {
        Ok(&self.0)
    }

    /// Every login, the last changed first: the name it lies under, and its token.
    pub(super) fn logins(&self) -> Result<Vec<Login>, Unavailable> {
        let stored = self.0.read(&attributes(None));
        let stored = stored.map_err(|failure| meaning(&failure))?;
        let login = |mut item: Stored| Login {
            account: item
                .attributes
                .get("account")
                .and_then(|name| Account::parse(name)),
            token: Token::from_bytes(std::mem::take(&mut *item.secret)).ok(),
        };
        Ok(stored.into_iter().map(login).collect())
    }

    /// Removes an item; gives the token that it held in that moment.
    pub(super) fn take(&self, entry: &Entry) -> Result<Option<Token>, Unavailable> {
        match self.0.take(entry) {
            Ok(mut held) => Ok(Token::from_bytes(std::mem::take(&mut *held)).ok()),
            Err(Failure::Gone) => Ok(None),
            Err(failure) => Err(meaning(&failure)),
        }
    }

    pub(super) fn unlock(&self, limit: Duration) -> Result<(), Unavailable> {
        let unlocked = self.0.unlock(&attributes(None), limit);
        unlocked.map_err(|failure| meaning(&failure))
    }
}

/// What the Heroku CLI searches by: these two and nothing else. `xdg:schema` comes and goes with
/// the daemon's restarts.
pub(super) fn attributes(account: Option<&Account>) -> HashMap<&str, &str> {
    let mut attributes = HashMap::from([("service", SERVICE)]);
    attributes.extend(account.map(|account| ("account", account.as_str())));
    attributes
}

/// The service has compared the attributes already.
pub(super) fn is_of(_: &Entry, _: Option<&Account>) -> bool {
    true
}

/// What an error means, whatever the store has wrapped it into.
pub(super) fn unavailable(error: &Error) -> Unavailable {
    let inner = match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner,
        other => return Unavailable::Broken(named(other)),
    };
    match inner.downcast_ref::<Failure>() {
        Some(failure) => meaning(failure),
        None => Unavailable::Broken(named(error)),
    }
}

fn meaning(failure: &Failure) -> Unavailable {
    let why = failure.to_string();
    match failure {
        Failure::NoBus => Unavailable::NoKeyring(Missing::Bus),
        Failure::Unreachable => Unavailable::NoKeyring(Missing::ReachableBus),
        Failure::NoService => Unavailable::NoKeyring(Missing::Service),
        Failure::NoCollection => Unavailable::NoKeyring(Missing::Collection),
        Failure::Locked => Unavailable::Locked,
        Failure::Dismissed => Unavailable::PromptDismissed,
        Failure::TimedOut(_) | Failure::TooMany { .. } => Unavailable::Slow(why),
        Failure::NotLocal
        | Failure::NotLetIn
        | Failure::HungUp
        | Failure::Left
        | Failure::Garbled
        | Failure::Gone
        | Failure::Refused(_) => Unavailable::Broken(why),
    }
}
