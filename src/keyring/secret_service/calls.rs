//! The calls of the Secret Service API, and how their answers are read.
//!
//! Source: Secret Service API of freedesktop.org, "D-Bus API Reference".

use super::message::{Call, Format};
use super::wire::{Reader, Writer};
use crate::account::Account;
use crate::keyring::SERVICE as CLI_SERVICE;
use crate::token::Token;

/// The label that the Heroku CLI gives a new item. An existing item keeps its label.
const LABEL: &str = "Heroku CLI";

/// The name of the Secret Service.
pub(super) const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const ITEM: &str = "org.freedesktop.Secret.Item";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const KWALLET: &str = "org.kde.KWallet";

fn bus(member: &str, signature: &str) -> Call<()> {
    const BUS: &str = "org.freedesktop.DBus";
    Call::new(BUS, "/org/freedesktop/DBus", BUS, member, signature)
}

fn service(member: &str, signature: &str) -> Call<()> {
    Call::new(SERVICE, ROOT, SERVICE_INTERFACE, member, signature)
}

fn item(path: &str, member: &str, signature: &str) -> Call<()> {
    Call::new(SERVICE, path, ITEM, member, signature)
}

fn get_property(path: &str, interface: &str, name: &str) -> Call<()> {
    Call::new(SERVICE, path, PROPERTIES, "Get", "ss").with(|body| {
        body.text(interface);
        body.text(name);
    })
}

/// The path that stands for no object.
pub(super) const NO_OBJECT: &str = "/";

fn read_path(body: &mut Reader<'_>) -> Option<String> {
    body.path().map(str::to_owned)
}

fn read_boolean(body: &mut Reader<'_>) -> Option<bool> {
    body.boolean()
}

fn read_text(body: &mut Reader<'_>) -> Option<String> {
    body.text().map(str::to_owned)
}

/// The call that the bus requires before any other.
pub(super) fn hello() -> Call<()> {
    bus("Hello", "")
}

/// Asks which connection owns a name on the bus.
pub(super) fn get_name_owner(name: &str) -> Call<String> {
    bus("GetNameOwner", "s")
        .with(|body| body.text(name))
        .answered("s", read_text)
}

/// Opens a session in which secrets are sent unencrypted, and returns its path. The bus is a local socket, and a process
/// that can listen on it as this user can also ask the service.
///
/// The rest of the answer has no meaning in a plain session: it is a text from gnome-keyring and KeePassXC, and bytes
/// from KWallet and oo7.
pub(super) fn open_session() -> Call<String> {
    let call = service("OpenSession", "sv").with(|body| {
        body.text("plain");
        body.signature("s");
        body.text("");
    });
    call.answered("vo", |body| {
        let output = body.signature()?;
        body.skip(output)?;
        read_path(body)
    })
}

/// The paths of the items that a search found.
pub(super) struct Found {
    pub(super) unlocked: Vec<String>,
    pub(super) locked: Vec<String>,
}

/// Searches the Heroku CLI's items of this account, or of every account if none is given.
pub(super) fn search_items(account: Option<&Account>) -> Call<Found> {
    let call = service("SearchItems", "a{ss}").with(|body| write_attributes(body, account));
    call.answered("aoao", |body| {
        let (unlocked, locked) = (body.paths()?, body.paths()?);
        Some(Found { unlocked, locked })
    })
}

/// Asks for the path of the collection of new items, or [`NO_OBJECT`].
pub(super) fn get_default_collection() -> Call<String> {
    service("ReadAlias", "s")
        .with(|body| body.text("default"))
        .answered("o", read_path)
}

/// Asks for the paths of all collections.
pub(super) fn get_collections() -> Call<Vec<String>> {
    get_property(ROOT, SERVICE_INTERFACE, "Collections")
        .answered("v", |body| body.variant("ao")?.paths())
}

/// Asks whether a collection is locked. This opens no window in any service.
pub(super) fn get_locked(collection: &str) -> Call<bool> {
    get_property(collection, COLLECTION, "Locked")
        .answered("v", |body| body.variant("b")?.boolean())
}

/// Asks whether the collection of new items is locked. Its alias can be used without asking for its path first.
pub(super) fn get_default_locked() -> Call<bool> {
    get_locked("/org/freedesktop/secrets/aliases/default")
}

/// Unlocks items or collections. Returns the prompt that this needs, or [`NO_OBJECT`].
pub(super) fn unlock(objects: &[String]) -> Call<String> {
    let call = service("Unlock", "ao").with(|body| {
        body.array(4, |paths| objects.iter().for_each(|path| paths.text(path)));
    });
    call.answered("aoo", |body| {
        body.paths()?;
        read_path(body)
    })
}

/// Asks for an item's token. None if the item holds something else.
pub(super) fn get_token(path: &str, session: &str) -> Call<Option<Token>> {
    let call = item(path, "GetSecret", "o").with(|body| body.text(session));
    call.answered("(oayays)", |body| {
        body.path()?;
        body.bytes()?;
        Some(Token::from_bytes(body.bytes()?.to_vec()).ok())
    })
}

/// Asks for the `account` of an item, if it is an item of the Heroku CLI. A search may find other items, since some
/// services compare attributes loosely.
pub(super) fn get_account(path: &str) -> Call<Option<String>> {
    get_property(path, ITEM, "Attributes").answered("v", |body| {
        let mut entries = body.variant("a{ss}")?.array(8)?;
        let (mut is_ours, mut account) = (false, None);
        while !entries.is_at_end() {
            entries.align(8)?;
            match (entries.text()?, entries.text()?) {
                ("service", service) => is_ours = service == CLI_SERVICE,
                ("account", name) => account = Some(name.to_owned()),
                _ => {}
            }
        }
        Some(account.filter(|_| is_ours))
    })
}

/// Replaces an item's token, and keeps its label and attributes.
pub(super) fn set_token(path: &str, session: &str, token: &Token) -> Call<()> {
    item(path, "SetSecret", "(oayays)").with(|body| write_token(body, session, token))
}

/// Deletes an item. Returns the prompt that this needs, or [`NO_OBJECT`].
pub(super) fn delete(path: &str) -> Call<String> {
    item(path, "Delete", "").answered("o", read_path)
}

/// Creates an account's item. Returns the prompt that this needs, or [`NO_OBJECT`]. With `replace`, the service
/// overwrites an item that has these attributes.
///
/// The item has exactly these two attributes, by which the Heroku CLI searches. gnome-keyring replaces an item that has
/// more attributes than these too.
pub(super) fn create_item(
    collection: &str,
    account: &Account,
    session: &str,
    token: &Token,
    replace: bool,
) -> Call<String> {
    let signature = "a{sv}(oayays)b";
    let call = Call::new(SERVICE, collection, COLLECTION, "CreateItem", signature).with(|body| {
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
        write_token(body, session, token);
        body.number(u32::from(replace));
    });
    call.answered("oo", |body| {
        body.path()?;
        read_path(body)
    })
}

/// Asks the bus for the signals of a prompt.
pub(super) fn listen_to(prompt: &str) -> Call<()> {
    let rule = format!("type='signal',interface='{PROMPT}',path='{prompt}'");
    bus("AddMatch", "s").with(|body| body.text(&rule))
}

/// Shows a prompt. The signal `Completed` is sent when it ends.
pub(super) fn show_prompt(path: &str) -> Call<()> {
    Call::new(SERVICE, path, PROMPT, "Prompt", "s").with(|body| body.text(""))
}

/// The signal `Completed`: whether the user closed the prompt without an answer.
pub(super) const IS_DISMISSED: Format<bool> = Format {
    signature: "bv",
    read: read_boolean,
};

/// Asks for the wallet in which KWallet stores the secrets of programs. KWallet's own interface is on the connection of
/// the service.
pub(super) fn kwallet_network_wallet(module: &str) -> Call<String> {
    Call::new(SERVICE, module, KWALLET, "networkWallet", "").answered("s", read_text)
}

/// Asks whether a wallet is open. If it is, an unlock of its collection shows no window.
pub(super) fn kwallet_is_open(module: &str, wallet: &str) -> Call<bool> {
    Call::new(SERVICE, module, KWALLET, "isOpen", "s")
        .with(|body| body.text(wallet))
        .answered("b", read_boolean)
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
fn write_token(body: &mut Writer, session: &str, token: &Token) {
    body.align(8);
    body.text(session);
    body.bytes(&[]);
    body.bytes(token.expose().as_bytes());
    body.text("text/plain");
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::{ObjectPath, Value};

    use super::super::message::Message;
    use super::super::message::tests::answer_with;
    use super::*;

    #[test]
    fn the_session_is_read_from_a_reply_of_any_form() {
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
            let bytes = answer_with(&(output, &path));
            let (answer, _) = Message::parse(&bytes).unwrap().unwrap();
            let session = answer.content(&open_session().answer);
            assert_eq!(session.unwrap(), path.as_str(), "{output:?}");
        }
    }
}
