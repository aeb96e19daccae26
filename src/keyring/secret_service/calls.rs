//! The calls of the Secret Service API, and the values in their answers.
//!
//! Source: Secret Service API of freedesktop.org, "D-Bus API Reference".

use std::collections::HashMap;

use zeroize::Zeroizing;

use crate::account::Account;
use crate::keyring::{LABEL, SERVICE as CLI_SERVICE};

use super::Failure;
use super::message::{Call, Message};
use super::wire::Writer;

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const ITEM: &str = "org.freedesktop.Secret.Item";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const KWALLET: &str = "org.kde.KWallet";

/// The bus's own name, and the name of its interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// The path that means "no object".
const NO_OBJECT: &str = "/";

fn object_path(path: &str) -> Option<String> {
    (path != NO_OBJECT).then(|| path.to_owned())
}

fn service(member: &'static str) -> Call<'static> {
    Call::new(SERVICE, ROOT, SERVICE_INTERFACE, member)
}

/// The call that the bus requires before any other.
pub(super) fn hello() -> Call<'static> {
    Call::new(BUS, "/org/freedesktop/DBus", BUS, "Hello")
}

/// Opens a session in which secrets are sent unencrypted. The bus is a local socket, and a process that can listen on
/// it as this user can also ask the service.
pub(super) fn open_session() -> Call<'static> {
    service("OpenSession").with("sv", |body| {
        body.text("plain");
        body.signature("s");
        body.text("");
    })
}

/// The session that was opened. The rest of the answer has no meaning in a plain session: it is a text from
/// gnome-keyring and KeePassXC, and bytes from KWallet and oo7.
pub(super) fn session(answer: &Message) -> Result<String, Failure> {
    let mut body = answer.body("vo")?;
    body.skip_variant()?;
    Ok(body.path()?.to_owned())
}

/// Searches the Heroku CLI's items of this account, or of every account if none is given.
pub(super) fn search_items(account: Option<&Account>) -> Call<'static> {
    service("SearchItems").with("a{ss}", |body| write_attributes(body, account))
}

/// The paths of the items that a search found.
pub(super) struct Found {
    pub(super) unlocked: Vec<String>,
    pub(super) locked: Vec<String>,
}

/// The result of a search.
pub(super) fn found(answer: &Message) -> Result<Found, Failure> {
    let owned = |paths: Vec<&str>| paths.into_iter().map(str::to_owned).collect();
    let mut body = answer.body("aoao")?;
    Ok(Found {
        unlocked: owned(body.paths()?),
        locked: owned(body.paths()?),
    })
}

/// An alias for the collection of new items: it can be used without asking for the path of that collection first.
const DEFAULT_COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";

/// Asks whether the default collection is locked. This opens no window in any service.
pub(super) fn get_default_locked() -> Call<'static> {
    get_locked(DEFAULT_COLLECTION)
}

/// Asks for the collection of new items.
pub(super) fn default_collection() -> Call<'static> {
    service("ReadAlias").with("s", |body| body.text("default"))
}

/// The path of an object, if there is one.
pub(super) fn object(answer: &Message) -> Result<Option<String>, Failure> {
    Ok(object_path(answer.body("o")?.path()?))
}

/// Unlocks items or collections, which may need a prompt.
pub(super) fn unlock(objects: &[String]) -> Call<'static> {
    service("Unlock").with("ao", |body| {
        body.array(4, |paths| objects.iter().for_each(|path| paths.text(path)));
    })
}

/// The prompt that the unlock needs, if any.
pub(super) fn prompt_of_unlock(answer: &Message) -> Result<Option<String>, Failure> {
    let mut body = answer.body("aoo")?;
    body.paths()?;
    Ok(object_path(body.path()?))
}

/// Asks for an item's secret.
pub(super) fn get_secret<'a>(item: &'a str, session: &str) -> Call<'a> {
    Call::new(SERVICE, item, ITEM, "GetSecret").with("o", |body| body.text(session))
}

/// The bytes of the secret.
pub(super) fn secret(answer: &Message) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut body = answer.body("(oayays)")?;
    body.path()?;
    body.bytes()?;
    Ok(Zeroizing::new(body.bytes()?.to_vec()))
}

/// Replaces an item's secret, and keeps its label and attributes.
pub(super) fn set_secret<'a>(item: &'a str, session: &str, secret: &[u8]) -> Call<'a> {
    Call::new(SERVICE, item, ITEM, "SetSecret")
        .with("(oayays)", |body| write_secret(body, session, secret))
}

/// Deletes an item, which may need a prompt.
pub(super) fn delete(item: &str) -> Call<'_> {
    Call::new(SERVICE, item, ITEM, "Delete")
}

/// Asks for an item's attributes.
pub(super) fn get_attributes(item: &str) -> Call<'_> {
    get_property(item, ITEM, "Attributes")
}

/// The `account` of an item, if it is an item of the Heroku CLI. A search may find other items, since some services
/// compare attributes loosely.
pub(super) fn account_of_ours(answer: &Message) -> Result<Option<String>, Failure> {
    let mut body = answer.body("v")?;
    body.variant("a{ss}")?;
    let mut entries = body.array(8)?;
    let mut attributes = HashMap::new();
    while !entries.is_at_end() {
        entries.align(8)?;
        attributes.insert(entries.text()?, entries.text()?);
    }
    let is_ours = attributes.get("service") == Some(&CLI_SERVICE);
    let account = attributes.get("account").filter(|_| is_ours);
    Ok(account.map(|account| (*account).to_owned()))
}

/// Asks whether a collection is locked.
pub(super) fn get_locked(collection: &str) -> Call<'_> {
    get_property(collection, COLLECTION, "Locked")
}

/// The value of a boolean property.
pub(super) fn boolean_property(answer: &Message) -> Result<bool, Failure> {
    let mut body = answer.body("v")?;
    body.variant("b")?;
    body.boolean()
}

/// Asks for the service's collections.
pub(super) fn get_collections() -> Call<'static> {
    get_property(ROOT, SERVICE_INTERFACE, "Collections")
}

/// The paths of the collections.
pub(super) fn collections(answer: &Message) -> Result<Vec<String>, Failure> {
    let mut body = answer.body("v")?;
    body.variant("ao")?;
    Ok(body.paths()?.into_iter().map(str::to_owned).collect())
}

fn get_property<'a>(path: &'a str, interface: &'static str, name: &'static str) -> Call<'a> {
    Call::new(SERVICE, path, PROPERTIES, "Get").with("ss", |body| {
        body.text(interface);
        body.text(name);
    })
}

/// Creates an account's item, which may need a prompt. With `replace`, the service overwrites an item that has these
/// attributes.
///
/// The item has exactly these two attributes, by which the Heroku CLI searches. gnome-keyring replaces an item that has
/// more attributes than these too.
pub(super) fn create_item<'a>(
    collection: &'a str,
    account: &Account,
    session: &str,
    secret: &[u8],
    replace: bool,
) -> Call<'a> {
    Call::new(SERVICE, collection, COLLECTION, "CreateItem").with("a{sv}(oayays)b", |body| {
        body.array(8, |properties| {
            properties.align(8);
            properties.text("org.freedesktop.Secret.Item.Label");
            properties.signature("s");
            properties.text(LABEL);
            properties.align(8);
            properties.text("org.freedesktop.Secret.Item.Attributes");
            properties.signature("a{ss}");
            write_attributes(properties, Some(account));
        });
        write_secret(body, session, secret);
        body.number(u32::from(replace));
    })
}

/// The prompt that the creation of an item needs, if any.
pub(super) fn prompt_of_create(answer: &Message) -> Result<Option<String>, Failure> {
    let mut body = answer.body("oo")?;
    body.path()?;
    Ok(object_path(body.path()?))
}

const PROMPT: &str = "org.freedesktop.Secret.Prompt";

/// Shows a prompt. The signal `Completed` is sent when it ends.
pub(super) fn show_prompt(path: &str) -> Call<'_> {
    Call::new(SERVICE, path, PROMPT, "Prompt").with("s", |body| body.text(""))
}

/// Whether the user closed the prompt without an answer.
pub(super) fn is_dismissed(completed: &Message) -> Result<bool, Failure> {
    completed.body("bv")?.boolean()
}

/// Asks the bus for the signals of a prompt.
pub(super) fn listen_to(path: &str) -> Call<'static> {
    let rule = format!("type='signal',interface='{PROMPT}',path='{path}'");
    Call::new(BUS, "/org/freedesktop/DBus", BUS, "AddMatch").with("s", |body| body.text(&rule))
}

/// Asks which connection owns a name on the bus.
pub(super) fn get_name_owner(name: &'static str) -> Call<'static> {
    Call::new(BUS, "/org/freedesktop/DBus", BUS, "GetNameOwner").with("s", |body| body.text(name))
}

/// The name of the Secret Service.
pub(super) const SERVICE_NAME: &str = SERVICE;

/// An answer that is one text.
pub(super) fn text(answer: &Message) -> Result<String, Failure> {
    Ok(answer.body("s")?.text()?.to_owned())
}

/// An answer that is one boolean.
pub(super) fn boolean(answer: &Message) -> Result<bool, Failure> {
    answer.body("b")?.boolean()
}

/// Asks for the wallet in which KWallet stores the secrets of programs. KWallet's own interface is on the connection of
/// the service.
pub(super) fn kwallet_network_wallet(module: &'static str) -> Call<'static> {
    Call::new(SERVICE, module, KWALLET, "networkWallet")
}

/// Asks whether a wallet is open. If it is, an unlock of its collection shows no window.
pub(super) fn kwallet_is_open(module: &'static str, wallet: &str) -> Call<'static> {
    Call::new(SERVICE, module, KWALLET, "isOpen").with("s", |body| body.text(wallet))
}

fn write_attributes(body: &mut Writer, account: Option<&Account>) {
    body.array(8, |entries| {
        let mut entry = |name, value| {
            entries.align(8);
            entries.text(name);
            entries.text(value);
        };
        entry("service", CLI_SERVICE);
        if let Some(account) = account {
            entry("account", account.as_str());
        }
    });
}

/// A secret in a plain session: the session, no parameters, the bytes, their content type.
fn write_secret(body: &mut Writer, session: &str, secret: &[u8]) {
    body.align(8);
    body.text(session);
    body.bytes(&[]);
    body.bytes(secret);
    body.text("text/plain");
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::{ObjectPath, Value};

    use super::super::message::tests::answer_with;
    use super::*;

    #[test]
    fn the_session_is_read_whatever_else_the_answer_holds() {
        let path = ObjectPath::try_from("/org/freedesktop/secrets/session/1").unwrap();
        let outputs = [
            Value::from(""),
            Value::from(Vec::<u8>::new()),
            Value::from(vec![1_u8, 2, 3]),
            Value::from(vec![7_u64]),
            Value::from(vec!["text"]),
            Value::from(false),
            Value::from(0_u32),
        ];
        for output in &outputs {
            for big in [false, true] {
                let bytes = answer_with(&(output, &path), big);
                let (answer, _) = Message::parse(&bytes).unwrap().unwrap();
                assert_eq!(session(&answer).unwrap(), path.as_str(), "{output:?}");
            }
        }
    }
}
