//! One conversation with the service, opened by the first question and bounded by one deadline.
//!
//! It knows the order in which the service is to be asked, and which answers mean "locked". The
//! store and its items share it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::bus::Bus;
use super::calls::{self, Attributes, Found};
use super::message::{Call, Message};
use super::{Failure, address};
use crate::environment::Environment;
use crate::hardening;

type Result<T> = std::result::Result<T, Failure>;

/// An item with all that it holds.
pub struct Stored {
    /// Its attributes.
    pub attributes: HashMap<String, String>,
    /// Its secret.
    pub secret: Zeroizing<Vec<u8>>,
}

/// What the store and its items share.
pub(super) struct Talk {
    environment: Environment,
    open: Mutex<Option<Open>>,
}

/// An open conversation.
pub(super) struct Open {
    pub(super) bus: Bus,
    pub(super) session: String,
}

impl Talk {
    /// Nothing is opened yet.
    pub(super) fn new(environment: &Environment) -> Talk {
        Talk {
            environment: environment.clone(),
            open: Mutex::new(None),
        }
    }

    /// Asks something in the open conversation, or opens one. Its one deadline covers all that is
    /// asked, also what is asked after a failure.
    pub(super) fn with<T>(&self, ask: impl FnOnce(&mut Open) -> Result<T>) -> Result<T> {
        let mut slot = self.slot();
        let open = match slot.as_mut() {
            Some(open) => open,
            None => slot.insert(Open::new(&self.environment, None)?.0),
        };
        ask(open)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the conversation: the next question opens another one.
    pub(super) fn hang_up(&self) {
        *self.slot() = None;
    }

    /// The unlocked items with these attributes, the last changed first.
    ///
    /// # Errors
    /// [`Failure::Locked`] where there are only locked ones, or where one could hide in a locked
    /// default collection.
    pub(super) fn search(&self, attributes: &Attributes<'_>) -> Result<Vec<String>> {
        let mut slot = self.slot();
        let search = calls::search_items(attributes);
        let (open, answer) = if let Some(open) = slot.as_mut() {
            let answer = open.bus.call(&search)?;
            (open, answer)
        } else {
            let (open, answer) = Open::new(&self.environment, Some(&search))?;
            (slot.insert(open), answer.ok_or(Failure::Garbled)?)
        };
        let Found { unlocked, locked } = calls::found(&answer)?;
        self.environment.trace.tell(|| {
            let (open, locked) = (unlocked.len(), locked.len());
            format!("the Secret Service finds {open} items, and {locked} locked ones")
        });
        if unlocked.is_empty() && (!locked.is_empty() || open.may_hide_items()?) {
            return Err(Failure::Locked);
        }
        Ok(unlocked)
    }

    /// The items with these attributes and all that they hold, the last changed first; what went
    /// away meanwhile is left out.
    ///
    /// However many there are, it takes a few waits: their questions do not depend on each other.
    ///
    /// # Errors
    /// As [`Talk::search`]; [`Failure::TooMany`] where the time limit was not enough for them.
    pub(super) fn read(&self, attributes: &Attributes<'_>) -> Result<Vec<Stored>> {
        // So few are read at once: then it is the service that is slow.
        const FEW: usize = 100;
        let paths = self.search(attributes)?;
        self.with(|open| {
            let read = open.read(&paths);
            read.map_err(|failure| match failure {
                Failure::TimedOut(limit) if paths.len() > FEW => {
                    let count = paths.len();
                    Failure::TooMany { count, limit }
                }
                failure => failure,
            })
        })
    }
}

impl Open {
    /// Opens a conversation. A first question goes out together with the wish for a session.
    ///
    /// gnome-keyring does not always know a client by its first call, and does not bear one that
    /// asks for a session too early (measured under load). So a harmless question goes first and is
    /// waited for, as with libsecret.
    fn new(environment: &Environment, first: Option<&Call<'_>>) -> Result<(Open, Option<Message>)> {
        let addresses = address::addresses(environment)?;
        let since = environment.trace.clock();
        let mut bus = Bus::connect(&addresses, environment.keyring_limit)?;
        let mut asked = bus.call(&calls::get_collections());
        if matches!(asked, Err(Failure::HungUp)) && bus.has_heard_nothing() {
            bus = bus.connect_in_steps(&addresses)?;
            asked = bus.call(&calls::get_collections());
        }
        match asked {
            // The answer itself is of no use here.
            Ok(_) | Err(Failure::Refused(_) | Failure::Gone) => {}
            Err(failure) => return Err(failure),
        }
        let session = calls::open_session();
        let (session, answer) = match first {
            Some(first) => {
                let [session, answer] = bus.send([&session, first])?;
                (bus.answer(session)?, Some(bus.answer(answer)?))
            }
            None => (bus.call(&session)?, None),
        };
        let session = calls::session(&session)?;
        let trace = &environment.trace;
        trace.tell_since(since, || "a session with the Secret Service is open");
        // What comes next may be a secret, and the service knows by now who asks.
        hardening::close_to_others();
        Ok((Open { bus, session }, answer))
    }

    fn read(&mut self, paths: &[String]) -> Result<Vec<Stored>> {
        // More than a bus may allow one client to wait for are never asked at once.
        const AT_ONCE: usize = 32;
        let session = self.session.clone();
        let mut stored = Vec::with_capacity(paths.len());
        for paths in paths.chunks(AT_ONCE) {
            let attributes: Vec<_> = paths.iter().map(|p| calls::get_attributes(p)).collect();
            let secrets = paths.iter().map(|p| calls::get_secret(p, &session));
            let attributes = self.bus.send_all(&attributes)?;
            let secrets = self.bus.send_all(&secrets.collect::<Vec<_>>())?;
            for (attributes, secret) in attributes.into_iter().zip(secrets) {
                match (self.item_answer(attributes), self.item_answer(secret)) {
                    (Ok(attributes), Ok(secret)) => stored.push(Stored {
                        attributes: calls::attributes(&attributes)?,
                        secret: calls::secret(&secret)?,
                    }),
                    (Err(Failure::Gone), _) | (_, Err(Failure::Gone)) => {}
                    (Err(failure), _) | (_, Err(failure)) => return Err(failure),
                }
            }
        }
        Ok(stored)
    }

    /// A call to an item, and its answer.
    pub(super) fn call_item(&mut self, call: &Call<'_>) -> Result<Message> {
        self.bus.call(call).map_err(Failure::of_an_item)
    }

    /// The answer to a call to an item.
    fn item_answer(&mut self, serial: u32) -> Result<Message> {
        self.bus.answer(serial).map_err(Failure::of_an_item)
    }

    /// Removes an item, and gives what it held in that moment: both questions go out in one piece.
    pub(super) fn take(&mut self, path: &str) -> Result<Zeroizing<Vec<u8>>> {
        let held = calls::get_secret(path, &self.session);
        let [held, deleted] = self.bus.send([&held, &calls::delete(path)])?;
        let held = calls::secret(&self.item_answer(held)?)?;
        Open::done(calls::object(&self.item_answer(deleted)?)?)?;
        Ok(held)
    }

    /// Where new items go.
    pub(super) fn default_collection(&mut self) -> Result<String> {
        let answer = self.bus.call(&calls::default_collection())?;
        calls::object(&answer)?.ok_or(Failure::NoCollection)
    }

    pub(super) fn is_locked(&mut self, collection: &str) -> Result<bool> {
        calls::yes(&self.bus.call(&calls::get_locked(collection))?)
    }

    /// Some services show nothing at all of a locked collection.
    fn may_hide_items(&mut self) -> Result<bool> {
        match self.default_collection() {
            Err(Failure::NoCollection) => Ok(false),
            collection => self.is_locked(&collection?),
        }
    }

    pub(super) fn unlock(&mut self, objects: &[String], limit: Duration) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let answer = self.bus.call(&calls::unlock(objects))?;
        match calls::prompt_of_unlock(&answer)? {
            None => Ok(()),
            Some(prompt) => self.prompt(&prompt, limit),
        }
    }

    fn prompt(&mut self, path: &str, limit: Duration) -> Result<()> {
        let limit_of_the_rest = self.bus.extend(limit);
        self.bus.call(&calls::listen_to(path))?;
        self.bus.call(&calls::show_prompt(path))?;
        let completed = self
            .bus
            .next(|message| message.is_signal(path, "Completed"));
        // A person's time is not the service's: what follows has the usual limit again.
        self.bus.extend(limit_of_the_rest);
        match completed {
            Err(Failure::TimedOut(_)) => Err(Failure::Dismissed),
            Ok(completed) if calls::dismissed(&completed)? => Err(Failure::Dismissed),
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// A change that the service wants to prompt for is one that it does not allow as things are.
    pub(super) fn done(prompt: Option<String>) -> Result<()> {
        prompt.map_or(Ok(()), |_| Err(Failure::Locked))
    }
}
