//! The store and its items, as `keyring-core` wants them: one conversation, opened by the first
//! question and bounded by one deadline.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyring_core::api::{Credential, CredentialApi, CredentialStoreApi};
use keyring_core::{Entry, Error, Result};

use super::bus::Bus;
use super::calls::{self, Attributes, Found};
use super::message::{Call, Message};
use super::{Failure, address};
use crate::environment::Environment;

/// The Secret Service of this session, for items of one label.
pub struct SecretService {
    talk: Arc<Talk>,
}

/// What the store and its items share.
struct Talk {
    environment: Environment,
    label: &'static str,
    open: Mutex<Option<Open>>,
}

/// An open conversation.
struct Open {
    bus: Bus,
    session: String,
}

impl SecretService {
    /// A store whose new items get this label. Nothing is opened yet.
    pub fn new(environment: &Environment, label: &'static str) -> SecretService {
        let talk = Talk {
            environment: environment.clone(),
            label,
            open: Mutex::new(None),
        };
        SecretService {
            talk: Arc::new(talk),
        }
    }

    /// Unlocks the default collection, or the items with these attributes where those alone are
    /// locked; a prompt gets `limit` for a person to answer it.
    ///
    /// # Errors
    /// [`Failure::Dismissed`] where the person closed it, or why there was nothing to unlock.
    pub fn unlock(
        &self,
        attributes: &HashMap<&str, &str>,
        limit: Duration,
    ) -> std::result::Result<(), Failure> {
        self.talk.with(|open| {
            let locked = calls::found(&open.bus.call(&calls::search_items(attributes))?)?.locked;
            let objects = match open.default_collection() {
                Ok(collection) if open.is_locked(&collection)? => vec![collection],
                Err(Failure::NoCollection) if !locked.is_empty() => locked,
                Ok(_) => locked,
                Err(failure) => return Err(failure),
            };
            open.unlock(&objects, limit)
        })?;
        // Some services take a wrong password for an answer.
        self.talk.search(attributes).map(drop)
    }

    fn entries(&self, attributes: &Attributes<'_>) -> std::result::Result<Vec<Entry>, Failure> {
        let paths = self.talk.search(attributes)?;
        let entry = |path| {
            let item = Item {
                talk: Arc::clone(&self.talk),
                path,
            };
            Entry::new_with_credential(Arc::new(item))
        };
        Ok(paths.into_iter().map(entry).collect())
    }
}

impl Talk {
    /// Asks something in the open conversation, or opens one. Its one deadline covers all that is
    /// asked, also what is asked after a failure.
    fn with<T>(
        &self,
        ask: impl FnOnce(&mut Open) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
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

    /// The unlocked items with these attributes, the last changed first.
    ///
    /// # Errors
    /// [`Failure::Locked`] where there are only locked ones, or where one could hide in a locked
    /// default collection.
    fn search(&self, attributes: &Attributes<'_>) -> std::result::Result<Vec<String>, Failure> {
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
        if unlocked.is_empty() && (!locked.is_empty() || open.may_hide_items()?) {
            return Err(Failure::Locked);
        }
        Ok(unlocked)
    }
}

impl Open {
    /// Opens a conversation. A first question goes out together with the wish for a session.
    ///
    /// gnome-keyring does not always know a client by its first call, and does not bear one that
    /// asks for a session too early (measured under load). So a harmless question goes first and is
    /// waited for, as with libsecret.
    fn new(
        environment: &Environment,
        first: Option<&Call<'_>>,
    ) -> std::result::Result<(Open, Option<Message>), Failure> {
        let addresses = address::addresses(environment)?;
        let mut bus = Bus::connect(&addresses, environment.keyring_limit)?;
        match bus.call(&calls::get_collections()) {
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
        Ok((Open { bus, session }, answer))
    }

    /// Where new items go.
    fn default_collection(&mut self) -> std::result::Result<String, Failure> {
        let answer = self.bus.call(&calls::default_collection())?;
        calls::object(&answer)?.ok_or(Failure::NoCollection)
    }

    fn is_locked(&mut self, collection: &str) -> std::result::Result<bool, Failure> {
        calls::yes(&self.bus.call(&calls::get_locked(collection))?)
    }

    /// Some services show nothing at all of a locked collection.
    fn may_hide_items(&mut self) -> std::result::Result<bool, Failure> {
        match self.default_collection() {
            Err(Failure::NoCollection) => Ok(false),
            collection => self.is_locked(&collection?),
        }
    }

    fn unlock(&mut self, objects: &[String], limit: Duration) -> std::result::Result<(), Failure> {
        if objects.is_empty() {
            return Ok(());
        }
        let answer = self.bus.call(&calls::unlock(objects))?;
        match calls::prompt_of_unlock(&answer)? {
            None => Ok(()),
            Some(prompt) => self.prompt(&prompt, limit),
        }
    }

    fn prompt(&mut self, path: &str, limit: Duration) -> std::result::Result<(), Failure> {
        let limit_of_the_rest = self.bus.extend(limit);
        self.bus.call(&calls::listen_to(path))?;
        self.bus.call(&calls::show_prompt(path))?;
        let completed = self
            .bus
            .next(|message| message.is_signal(path, "Completed"))?;
        // A person's time is not the service's: what follows has the usual limit again.
        self.bus.extend(limit_of_the_rest);
        match calls::dismissed(&completed)? {
            true => Err(Failure::Dismissed),
            false => Ok(()),
        }
    }

    /// A change that the service wants to prompt for is one that it does not allow as things are.
    fn done(prompt: Option<String>) -> std::result::Result<(), Failure> {
        prompt.map_or(Ok(()), |_| Err(Failure::Locked))
    }
}

impl CredentialStoreApi for SecretService {
    fn vendor(&self) -> String {
        "Secret Service, https://specifications.freedesktop.org/secret-service".to_owned()
    }

    fn id(&self) -> String {
        format!("git-credential-heroku-rs {}", env!("CARGO_PKG_VERSION"))
    }

    /// An entry for the item with exactly the attributes `service` and `account`.
    fn build(
        &self,
        service: &str,
        account: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> Result<Entry> {
        if modifiers.is_some_and(|modifiers| !modifiers.is_empty()) {
            let why = "this store has none".to_owned();
            return Err(Error::Invalid("modifiers".to_owned(), why));
        }
        let place = Place {
            talk: Arc::clone(&self.talk),
            service: service.to_owned(),
            account: account.to_owned(),
        };
        Ok(Entry::new_with_credential(Arc::new(place)))
    }

    /// The unlocked items with at least these attributes, the last changed first. Never prompts.
    fn search(&self, attributes: &HashMap<&str, &str>) -> Result<Vec<Entry>> {
        Ok(self.entries(attributes)?)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for SecretService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretService({})", self.talk.label)
    }
}

/// An item that a search has found.
struct Item {
    talk: Arc<Talk>,
    path: String,
}

impl CredentialApi for Item {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let set = self.talk.with(|open| {
            let call = calls::set_secret(&self.path, &open.session, secret);
            open.bus.call(&call).map(drop)
        });
        Ok(set?)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        let secret = self.talk.with(|open| {
            let call = calls::get_secret(&self.path, &open.session);
            calls::secret(&open.bus.call(&call)?)
        });
        // The interface wants bare bytes; whoever asked wipes them.
        Ok(std::mem::take(&mut *secret?))
    }

    fn get_attributes(&self) -> Result<HashMap<String, String>> {
        let attributes = self
            .talk
            .with(|open| calls::attributes(&open.bus.call(&calls::get_attributes(&self.path))?));
        Ok(attributes?)
    }

    fn delete_credential(&self) -> Result<()> {
        let deleted = self
            .talk
            .with(|open| Open::done(calls::object(&open.bus.call(&calls::delete(&self.path))?)?));
        Ok(deleted?)
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({})", self.path)
    }
}

/// The place of an item that may not be there yet.
struct Place {
    talk: Arc<Talk>,
    service: String,
    account: String,
}

impl Place {
    fn attributes(&self) -> Attributes<'_> {
        HashMap::from([
            ("service", self.service.as_str()),
            ("account", self.account.as_str()),
        ])
    }

    fn item(&self) -> Result<Option<Item>> {
        let found = self.talk.search(&self.attributes())?;
        Ok(found.into_iter().next().map(|path| Item {
            talk: Arc::clone(&self.talk),
            path,
        }))
    }
}

impl CredentialApi for Place {
    /// Updates the item in place, so that its label and other attributes stay; else makes it.
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        if let Some(item) = self.item()? {
            return item.set_secret(secret);
        }
        let made = self.talk.with(|open| {
            let collection = open.default_collection()?;
            let (label, attributes) = (self.talk.label, self.attributes());
            let call = calls::create_item(&collection, label, &attributes, &open.session, secret);
            Open::done(calls::prompt_of_create(&open.bus.call(&call)?)?)
        });
        Ok(made?)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.item()?.ok_or(Error::NoEntry)?.get_secret()
    }

    fn delete_credential(&self) -> Result<()> {
        self.item()?.ok_or(Error::NoEntry)?.delete_credential()
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        let item = self.item()?.ok_or(Error::NoEntry)?;
        Ok(Some(Arc::new(item)))
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.service.clone(), self.account.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({}, {})", self.service, self.account)
    }
}
