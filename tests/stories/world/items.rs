//! A look of the tests' own into the keyring, over the bus, by neither the tested program's client
//! nor secret-tool's.

use std::collections::HashMap;

use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::World;

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const INTERFACE: &str = "org.freedesktop.Secret";

type Paths = Vec<OwnedObjectPath>;

/// Session, parameters, the bytes, their kind.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// An open conversation with this world's keyring.
pub(crate) struct Items {
    bus: Connection,
    session: OwnedObjectPath,
}

impl World {
    /// Opens a conversation of the tests' own with the keyring.
    pub(crate) fn looks_into_the_keyring(&self) -> Items {
        let address = format!("unix:path={}", super::keyring::socket(self.root.path()));
        let bus = Builder::address(address.as_str()).unwrap().build().unwrap();
        let arguments = ("plain", Value::from(""));
        let opened = call(&bus, PATH, "Service", "OpenSession", &arguments);
        let (_, session): (OwnedValue, _) = opened.body().deserialize().unwrap();
        Items { bus, session }
    }
}

impl Items {
    /// Account and secret of every item that is the Heroku CLI's, sorted; two of one account are two.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let wanted = HashMap::from([("service", "heroku-cli")]);
        let found = call(&self.bus, PATH, "Service", "SearchItems", &(wanted,));
        let (open, locked): (Paths, Paths) = found.body().deserialize().unwrap();
        assert!(locked.is_empty(), "{locked:?}");
        let mut all: Vec<_> = open.iter().map(|item| self.item(item)).collect();
        all.sort();
        all
    }

    fn item(&self, path: &OwnedObjectPath) -> (String, String) {
        let secret = call(&self.bus, path, "Item", "GetSecret", &(&self.session,));
        let (_, _, bytes, _): Secret = secret.body().deserialize().unwrap();
        let properties = "org.freedesktop.DBus.Properties";
        let named = (format!("{INTERFACE}.Item"), "Attributes");
        let attributes = self
            .bus
            .call_method(Some(SERVICE), path, Some(properties), "Get", &named);
        let attributes: OwnedValue = attributes.unwrap().body().deserialize().unwrap();
        let mut attributes: HashMap<String, String> = attributes.try_into().unwrap();
        let account = attributes.remove("account").unwrap();
        (account, String::from_utf8(bytes).unwrap())
    }
}

fn call<A>(
    bus: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    arguments: &A,
) -> zbus::Message
where
    A: serde::Serialize + zbus::zvariant::DynamicType,
{
    let interface = format!("{INTERFACE}.{interface}");
    let interface = Some(interface.as_str());
    let answer = bus.call_method(Some(SERVICE), path, interface, method, arguments);
    answer.unwrap()
}
