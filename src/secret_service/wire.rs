//! The calls of the Secret Service API, and the shapes of their arguments.

use std::collections::HashMap;

use rustbus::Signature;
use rustbus::signature::{Base, Container, StructTypes, Type};
use rustbus::wire::ObjectPath;
use rustbus::wire::errors::MarshalError;
use rustbus::wire::marshal::MarshalContext;
use rustbus::wire::marshal::traits::Marshal;

use super::Failure;
use super::bus::BUS;
use super::message::Call;

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const ITEM: &str = "org.freedesktop.Secret.Item";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Names and values by which an item is found.
pub(super) type Attributes<'a> = HashMap<&'a str, &'a str>;

fn service(member: &str) -> Call {
    Call::new(SERVICE, ROOT, SERVICE_INTERFACE, member)
}

/// Secrets will cross the bus as they are: it is a socket of this machine, and whoever can listen
/// on it as this user can ask the service just as well. Answer: `vo`.
pub(super) fn open_session() -> Result<Call, Failure> {
    service("OpenSession")
        .with(&"plain")?
        .with(&Value::Text(""))
}

/// The items with these attributes, locked ones apart. Answer: `aoao`.
pub(super) fn search_items(attributes: &Attributes<'_>) -> Result<Call, Failure> {
    service("SearchItems").with(attributes)
}

/// The collection that new items go to. Answer: `o`, `/` for none.
pub(super) fn default_collection() -> Result<Call, Failure> {
    service("ReadAlias").with(&"default")
}

/// Unlocks, perhaps by a prompt. Answer: `aoo`.
pub(super) fn unlock(path: &str) -> Result<Call, Failure> {
    service("Unlock").with(&vec![object(path)?])
}

/// An item's secret. Answer: `(oayays)`.
pub(super) fn get_secret(item: &str, session: &str) -> Result<Call, Failure> {
    Call::new(SERVICE, item, ITEM, "GetSecret").with(&object(session)?)
}

/// Replaces an item's secret; label and attributes stay. Answer: nothing.
pub(super) fn set_secret(item: &str, session: &str, secret: &[u8]) -> Result<Call, Failure> {
    Call::new(SERVICE, item, ITEM, "SetSecret").with(&Secret(object(session)?, secret))
}

/// Deletes an item, perhaps by a prompt. Answer: `o`, `/` for no prompt.
pub(super) fn delete(item: &str) -> Call {
    Call::new(SERVICE, item, ITEM, "Delete")
}

/// An item's attributes. Answer: `v` of `a{ss}`.
pub(super) fn attributes_of(item: &str) -> Result<Call, Failure> {
    property(item, ITEM, "Attributes")
}

/// Whether a collection is locked. Answer: `v` of `b`.
pub(super) fn is_locked(collection: &str) -> Result<Call, Failure> {
    property(collection, COLLECTION, "Locked")
}

/// The service's collections: a question that any client may ask first. Answer: `v` of `ao`.
pub(super) fn collections() -> Result<Call, Failure> {
    property(ROOT, SERVICE_INTERFACE, "Collections")
}

fn property(path: &str, interface: &str, name: &str) -> Result<Call, Failure> {
    Call::new(SERVICE, path, PROPERTIES, "Get")
        .with(&interface)?
        .with(&name)
}

/// Makes an item, or replaces the secret of one with these attributes. Answer: `oo`, item and
/// prompt.
pub(super) fn create_item(
    collection: &str,
    label: &str,
    attributes: Attributes<'_>,
    session: &str,
    secret: &[u8],
) -> Result<Call, Failure> {
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::Text(label)),
        (
            "org.freedesktop.Secret.Item.Attributes",
            Value::Map(attributes),
        ),
    ]);
    Call::new(SERVICE, collection, COLLECTION, "CreateItem")
        .with(&properties)?
        .with(&Secret(object(session)?, secret))?
        .with(&true)
}

/// Shows a prompt. Its end is told by the signal `Completed`, `bv`.
pub(super) fn prompt(path: &str) -> Result<Call, Failure> {
    Call::new(SERVICE, path, "org.freedesktop.Secret.Prompt", "Prompt").with(&"")
}

/// Asks the bus for the signals of a prompt.
pub(super) fn listen_to(path: &str) -> Result<Call, Failure> {
    let rule = format!("type='signal',interface='org.freedesktop.Secret.Prompt',path='{path}'");
    Call::new(BUS, "/org/freedesktop/DBus", BUS, "AddMatch").with(&rule.as_str())
}

fn object(path: &str) -> Result<ObjectPath<&str>, Failure> {
    ObjectPath::new(path).map_err(|_| Failure::Garbled)
}

/// A variant.
enum Value<'a> {
    Text(&'a str),
    Map(Attributes<'a>),
}

impl Signature for Value<'_> {
    fn signature() -> Type {
        Type::Container(Container::Variant)
    }

    fn alignment() -> usize {
        1
    }
}

impl Marshal for Value<'_> {
    fn marshal(&self, context: &mut MarshalContext<'_, '_>) -> Result<(), MarshalError> {
        match self {
            Value::Text(text) => text.marshal_as_variant(context),
            Value::Map(map) => map.marshal_as_variant(context),
        }
    }
}

/// A secret in a plain session: session, no parameters, the bytes, their kind.
struct Secret<'a>(ObjectPath<&'a str>, &'a [u8]);

impl Signature for Secret<'_> {
    fn signature() -> Type {
        let bytes = || Type::Container(Container::Array(Box::new(Type::Base(Base::Byte))));
        let (path, text) = (Type::Base(Base::ObjectPath), Type::Base(Base::String));
        let parts = StructTypes::new(vec![path, bytes(), bytes(), text]);
        parts.map_or(text_type(), |parts| {
            Type::Container(Container::Struct(parts))
        })
    }

    fn alignment() -> usize {
        8
    }
}

fn text_type() -> Type {
    Type::Base(Base::String)
}

impl Marshal for Secret<'_> {
    fn marshal(&self, context: &mut MarshalContext<'_, '_>) -> Result<(), MarshalError> {
        let Secret(session, bytes) = self;
        context.align_to(8);
        session.marshal(context)?;
        let none: &[u8] = &[];
        none.marshal(context)?;
        bytes.marshal(context)?;
        "text/plain".marshal(context)
    }
}
