//! The keyring as the tests fill it and look into it, over the bus: by neither the tested program's client nor
//! secret-tool, which takes ten times as long.

use std::collections::HashMap;

use zbus::Message;
use zbus::blocking::Connection;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};

use super::World;

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const DEFAULT_COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";
const INTERFACE: &str = "org.freedesktop.Secret";
const BUS: &str = "org.freedesktop.DBus";

type Paths = Vec<OwnedObjectPath>;

/// Session, parameters, the bytes, their kind.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// A session of the tests' own with this world's keyring.
pub(crate) struct Items {
    bus: Connection,
    session: OwnedObjectPath,
}

impl World {
    /// Opens a session of the tests' own with the keyring.
    pub(crate) fn opens_the_keyring(&self) -> Items {
        Items::open(self.keyring().bus())
    }
}

/// Whether a program offers the keyring on this bus.
pub(super) fn is_offered(bus: &Connection) -> bool {
    let answer = bus.call_method(
        Some(BUS),
        "/org/freedesktop/DBus",
        Some(BUS),
        "NameHasOwner",
        &SERVICE,
    );
    answer.unwrap().body().deserialize().unwrap()
}

/// Whether this collection is locked; an error if the keyring program ended before it answered.
pub(super) fn is_locked(bus: &Connection, collection: &str) -> zbus::Result<bool> {
    let named = ("org.freedesktop.Secret.Collection", "Locked");
    let locked = try_property(bus, collection, &named)?;
    Ok(locked.try_into().unwrap())
}

/// Locks this collection.
pub(super) fn lock(bus: &Connection, collection: &str) {
    let collection = OwnedObjectPath::try_from(collection).unwrap();
    call(bus, PATH, "Service", "Lock", &(vec![collection],));
}

impl Items {
    fn open(bus: &Connection) -> Items {
        let arguments = ("plain", Value::from(""));
        let opened = call(bus, PATH, "Service", "OpenSession", &arguments);
        let (_, session): (OwnedValue, _) = opened.body().deserialize().unwrap();
        let bus = bus.clone();
        Items { bus, session }
    }

    /// Account and secret of every item that is the Heroku CLI's, sorted; two of one account are two.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let (open, locked) = self.found(&[]);
        assert!(locked.is_empty(), "{locked:?}");
        let item = |path| (self.account(path), self.secret(path));
        let mut all: Vec<_> = open.iter().map(item).collect();
        all.sort();
        all
    }

    /// The accounts of all items that the Heroku CLI would list, one for each item, sorted.
    pub(super) fn accounts(&self) -> Vec<String> {
        let (open, locked) = self.found(&[]);
        let items = open.iter().chain(&locked);
        let mut accounts: Vec<_> = items.map(|path| self.account(path)).collect();
        accounts.sort();
        accounts
    }

    /// The secret of the first item of an account, if it is not locked.
    pub(super) fn secret_of(&self, account: &str) -> Option<String> {
        let (open, _) = self.found(&[("account", account)]);
        open.first().map(|path| self.secret(path))
    }

    /// Stores an item as `secret-tool store` does, in place of one with the same attributes.
    pub(super) fn store(&self, account: &str, secret: &str) {
        let attributes = HashMap::from([("service", "heroku-cli"), ("account", account)]);
        let properties = HashMap::from([
            (format!("{INTERFACE}.Item.Label"), Value::from("Heroku CLI")),
            (
                format!("{INTERFACE}.Item.Attributes"),
                Value::from(attributes),
            ),
        ]);
        let bytes = secret.as_bytes().to_vec();
        let secret: Secret = (
            self.session.clone(),
            Vec::new(),
            bytes,
            "text/plain".to_owned(),
        );
        let arguments = (properties, secret, true);
        let made = call(
            &self.bus,
            DEFAULT_COLLECTION,
            "Collection",
            "CreateItem",
            &arguments,
        );
        let (item, prompt): (OwnedObjectPath, OwnedObjectPath) = made.body().deserialize().unwrap();
        assert_eq!(prompt.as_str(), "/", "{item} was not stored");
    }

    /// Removes every item that is the Heroku CLI's and not locked.
    pub(super) fn remove_all(&self) {
        for path in self.found(&[]).0 {
            call(&self.bus, &path, "Item", "Delete", &());
        }
    }

    /// The items that are the Heroku CLI's and have this attribute, those that are locked behind the others.
    fn found(&self, attribute: &[(&str, &str)]) -> (Paths, Paths) {
        let attributes = attribute.iter().copied();
        let wanted: HashMap<&str, &str> = attributes.chain([("service", "heroku-cli")]).collect();
        let found = call(&self.bus, PATH, "Service", "SearchItems", &(wanted,));
        found.body().deserialize().unwrap()
    }

    fn secret(&self, path: &OwnedObjectPath) -> String {
        let secret = call(&self.bus, path, "Item", "GetSecret", &(&self.session,));
        let (_, _, bytes, _): Secret = secret.body().deserialize().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn account(&self, path: &OwnedObjectPath) -> String {
        let named = ("org.freedesktop.Secret.Item", "Attributes");
        let attributes = property(&self.bus, path, &named);
        let mut attributes: HashMap<String, String> = attributes.try_into().unwrap();
        attributes.remove("account").unwrap()
    }
}

fn property(bus: &Connection, path: &str, named: &(&str, &str)) -> OwnedValue {
    try_property(bus, path, named).unwrap()
}

fn try_property(bus: &Connection, path: &str, named: &(&str, &str)) -> zbus::Result<OwnedValue> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let answer = bus.call_method(Some(SERVICE), path, properties, "Get", named)?;
    answer.body().deserialize()
}

fn call<A>(bus: &Connection, path: &str, interface: &str, method: &str, arguments: &A) -> Message
where
    A: serde::Serialize + DynamicType,
{
    let interface = format!("{INTERFACE}.{interface}");
    let interface = Some(interface.as_str());
    let answer = bus.call_method(Some(SERVICE), path, interface, method, arguments);
    answer.unwrap()
}
