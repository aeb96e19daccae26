//! The store and its items, as `keyring-core` wants them. They share one conversation.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::api::{Credential, CredentialApi, CredentialStoreApi};
use keyring_core::{Entry, Error, Result};
use zeroize::Zeroizing;

use super::Failure;
use super::calls::{self, Attributes};
use super::conversation::{Open, Stored, Talk};
use crate::environment::Environment;

/// The Secret Service of this session, for items of one label.
pub struct SecretService {
    talk: Arc<Talk>,
    label: &'static str,
}

impl SecretService {
    /// A store whose new items get this label. Nothing is opened yet.
    pub fn new(environment: &Environment, label: &'static str) -> SecretService {
        SecretService {
            talk: Arc::new(Talk::new(environment)),
            label,
        }
    }

    /// The unlocked items with these attributes and all that they hold, the last changed first.
    /// However many there are, it takes a few waits. Never prompts.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::TooMany`] where the time limit was not enough for all of them.
    pub fn read(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> std::result::Result<Vec<Stored>, Failure> {
        self.talk.read(attributes)
    }

    /// Removes an item that a search of this store has found, and gives what it held in that moment.
    ///
    /// # Errors
    /// [`Failure::Gone`] where it went away meanwhile.
    pub fn take(&self, entry: &Entry) -> std::result::Result<Zeroizing<Vec<u8>>, Failure> {
        let item = entry.as_any().downcast_ref::<Item>();
        let item = item.ok_or(Failure::Gone)?;
        self.talk.with(|open| open.take(&item.path))
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
        let unlocked = self.talk.with(|open| {
            let locked = calls::found(&open.bus.call(&calls::search_items(attributes))?)?.locked;
            let objects = match open.default_collection() {
                Ok(collection) if open.is_locked(&collection)? => vec![collection],
                Err(Failure::NoCollection) if !locked.is_empty() => locked,
                Ok(_) => locked,
                Err(failure) => return Err(failure),
            };
            open.unlock(&objects, limit)
        });
        if unlocked == Err(Failure::Dismissed) {
            // Not by Prompt.Dismiss: that ends gnome-keyring 42 and 48 by an assertion while the
            // prompt is shown, and closes the window of no program. Answered later, it unlocks.
            self.talk.hang_up();
        }
        unlocked?;
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
            label: self.label,
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
        write!(f, "SecretService({})", self.label)
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
            open.call_item(&call).map(drop)
        });
        Ok(set?)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        let secret = self.talk.with(|open| {
            let call = calls::get_secret(&self.path, &open.session);
            calls::secret(&open.call_item(&call)?)
        });
        // The interface wants bare bytes; whoever asked wipes them.
        Ok(std::mem::take(&mut *secret?))
    }

    fn get_attributes(&self) -> Result<HashMap<String, String>> {
        let attributes = self
            .talk
            .with(|open| calls::attributes(&open.call_item(&calls::get_attributes(&self.path))?));
        Ok(attributes?)
    }

    fn delete_credential(&self) -> Result<()> {
        let deleted = self
            .talk
            .with(|open| Open::done(calls::object(&open.call_item(&calls::delete(&self.path))?)?));
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
    label: &'static str,
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
            let (label, attributes) = (self.label, self.attributes());
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
