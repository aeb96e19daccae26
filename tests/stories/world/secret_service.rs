//! A Secret Service on this world's bus that misbehaves to order, where a real one would not.
//!
//! Where a story orders nothing it is honest: it keeps items, finds them, hands out their secrets.
//! It notes each call, so that a story can tell what was asked and that nothing was written.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::{Message, Type};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::World;

const NAME: &str = "org.freedesktop.secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";
const SESSION: &str = "/org/freedesktop/secrets/session/s1";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/p1";

/// How the service takes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// It never answers.
    Silent,
    /// It leaves the bus in the middle of the call.
    Leaves,
    /// It answers, and has left the bus before the next call.
    AnswersAndLeaves,
    /// It takes its time.
    Late(Duration),
    /// It answers with something of another type.
    WrongType,
    /// It answers with values in values, as deep as D-Bus allows.
    Nested,
    /// It answers with 10 MB.
    Endless,
    /// It answers with an error of its own.
    Error,
    /// It answers as gnome-keyring does for an item that was removed.
    NoMethod,
}

type Attributes = HashMap<String, String>;

#[derive(Default)]
struct State {
    items: Vec<(Attributes, String)>,
    is_locked: bool,
    has_an_owner: bool,
    manners: HashMap<&'static str, Manner>,
    calls: Vec<String>,
}

/// The service, to give it items and orders, and to ask what it was asked.
pub(crate) struct SecretService {
    address: String,
    state: Arc<Mutex<State>>,
    running: Mutex<Option<(Connection, JoinHandle<()>)>>,
}

impl World {
    /// A bus with a Secret Service on it that takes orders.
    pub(crate) fn with_a_secret_service_under_orders(self) -> World {
        let mut world = self.with_a_bus_alone();
        world.secret_service = Some(SecretService::on_the_bus_at(world.root.path()));
        world
    }

    /// That service.
    pub(crate) fn secret_service(&self) -> &SecretService {
        self.secret_service.as_ref().unwrap()
    }
}

impl SecretService {
    fn on_the_bus_at(root: &Path) -> SecretService {
        let service = SecretService {
            address: format!("unix:path={}", super::keyring::socket(root)),
            state: Arc::default(),
            running: Mutex::default(),
        };
        service.comes();
        service
    }

    /// Takes its place on the bus, where it has left it.
    pub(crate) fn comes(&self) {
        let builder = Builder::address(self.address.as_str()).unwrap();
        let connection = builder.build().unwrap();
        let messages = MessageIterator::from(&connection);
        connection.request_name(NAME).unwrap();
        let (state, line) = (Arc::clone(&self.state), connection.clone());
        let thread = thread::spawn(move || serve(&line, messages, &state));
        *self.running.lock().unwrap() = Some((connection, thread));
    }

    /// Keeps an item as the Heroku CLI does.
    pub(crate) fn has_item(&self, account: &str, secret: &str) {
        let attributes = [("service", "heroku-cli"), ("account", account)];
        self.has_item_with(&attributes, secret);
    }

    /// Keeps an item of anybody's.
    pub(crate) fn has_item_with(&self, attributes: &[(&str, &str)], secret: &str) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let attributes = attributes.iter().map(owned).collect();
        let item = (attributes, secret.to_owned());
        self.state.lock().unwrap().items.push(item);
    }

    /// Locks everything. What unlocks it is a prompt, and nobody answers that.
    pub(crate) fn is_locked(&self) {
        self.state.lock().unwrap().is_locked = true;
    }

    /// Whoever owns it answers its prompt, and unlocks it.
    pub(crate) fn has_an_owner_who_answers(&self) {
        self.state.lock().unwrap().has_an_owner = true;
    }

    /// Takes these calls in this manner from here on, and is honest in all others. A property is
    /// called by its name.
    pub(crate) fn takes(&self, calls: &[&'static str], manner: Manner) {
        let manners = calls.iter().map(|call| (*call, manner)).collect();
        self.state.lock().unwrap().manners = manners;
    }

    /// The calls since this was last asked.
    pub(crate) fn was_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        if let Some((connection, thread)) = self.running.lock().unwrap().take() {
            // It has left already where a story ordered that.
            let _ = connection.close();
            thread.join().unwrap();
        }
    }
}

fn serve(line: &Connection, messages: MessageIterator, state: &Mutex<State>) {
    let calls = messages
        .map_while(Result::ok)
        .filter(|message| message.message_type() == Type::MethodCall);
    for call in calls {
        let (name, manner) = state.lock().unwrap().notes(&call);
        let taken = match manner {
            Some(manner) => misbehaves(manner, &name, line, &call, state),
            None => answers(&name, line, &call, state),
        };
        let leaves = matches!(manner, Some(Manner::Leaves | Manner::AnswersAndLeaves));
        // Who has been given up by the tested program has nobody to answer to.
        if taken.is_err() || leaves {
            break;
        }
    }
    let _ = line.clone().close();
}

impl State {
    fn notes(&mut self, call: &Message) -> (String, Option<Manner>) {
        let member = call.header().member().unwrap().to_string();
        let name = match member.as_str() {
            "Get" => call
                .body()
                .deserialize::<(&str, &str)>()
                .unwrap()
                .1
                .to_owned(),
            _ => member,
        };
        self.calls.push(name.clone());
        let manner = self.manners.get(name.as_str()).copied();
        (name, manner)
    }

    fn found(&self, wanted: &Attributes) -> Vec<OwnedObjectPath> {
        let has = |item: &Attributes| {
            wanted
                .iter()
                .all(|(name, value)| item.get(name) == Some(value))
        };
        let items = self.items.iter().enumerate();
        items
            .filter(|(_, (attributes, _))| has(attributes))
            .map(|(number, _)| path(&format!("{COLLECTION}/{number}")))
            .collect()
    }

    fn item(&mut self, call: &Message) -> &mut (Attributes, String) {
        let path = call.header().path().unwrap().to_string();
        let number = path.rsplit('/').next().unwrap().parse::<usize>().unwrap();
        &mut self.items[number]
    }
}

fn answers(
    name: &str,
    line: &Connection,
    call: &Message,
    state: &Mutex<State>,
) -> zbus::Result<()> {
    let (header, body) = (call.header(), call.body());
    let mut state = state.lock().unwrap();
    match name {
        "Collections" => line.reply(&header, &Value::from(vec![path(COLLECTION)])),
        "Locked" => line.reply(&header, &Value::from(state.is_locked)),
        "Attributes" => line.reply(&header, &Value::from(state.item(call).0.clone())),
        "OpenSession" => line.reply(&header, &(Value::from(""), path(SESSION))),
        "ReadAlias" => line.reply(&header, &path(COLLECTION)),
        "SearchItems" => {
            let (found, none) = (
                state.found(&body.deserialize()?),
                Vec::<OwnedObjectPath>::new(),
            );
            match state.is_locked {
                true => line.reply(&header, &(none, found)),
                false => line.reply(&header, &(found, none)),
            }
        }
        "GetSecret" => line.reply(&header, &(secret(&state.item(call).1),)),
        "SetSecret" => {
            state.item(call).1 = text(body.deserialize()?);
            line.reply(&header, &())
        }
        "CreateItem" => {
            type Item = (HashMap<String, OwnedValue>, Secret, bool);
            let (properties, given, _): Item = body.deserialize()?;
            let attributes = properties["org.freedesktop.Secret.Item.Attributes"].clone();
            state.items.push((attributes.try_into()?, text(given)));
            line.reply(
                &header,
                &(
                    path(&format!("{COLLECTION}/{}", state.items.len() - 1)),
                    path("/"),
                ),
            )
        }
        "Unlock" => line.reply(&header, &(Vec::<OwnedObjectPath>::new(), path(PROMPT))),
        "Prompt" if state.has_an_owner => {
            state.is_locked = false;
            line.reply(&header, &())?;
            completed(line, call)
        }
        "Prompt" => line.reply(&header, &()),
        other => panic!("the tested program calls {other}"),
    }
}

/// Tells the end of a prompt.
fn completed(line: &Connection, call: &Message) -> zbus::Result<()> {
    let (client, interface) = (
        call.header().sender().cloned(),
        "org.freedesktop.Secret.Prompt",
    );
    let end = (false, Value::from(""));
    line.emit_signal(client, PROMPT, interface, "Completed", &end)
}

fn misbehaves(
    manner: Manner,
    name: &str,
    line: &Connection,
    call: &Message,
    state: &Mutex<State>,
) -> zbus::Result<()> {
    let header = call.header();
    match manner {
        Manner::Silent | Manner::Leaves => Ok(()),
        Manner::AnswersAndLeaves => {
            // Before the answer, or the next call might still reach it.
            line.release_name(NAME)?;
            answers(name, line, call, state)
        }
        Manner::Late(pause) => {
            thread::sleep(pause);
            answers(name, line, call, state)
        }
        Manner::WrongType => line.reply(&header, &("no", 7_u64)),
        Manner::Nested => {
            let deepest = (0..60).fold(Value::from("in"), |value, _| Value::Value(Box::new(value)));
            line.reply(&header, &deepest)
        }
        Manner::Endless => line.reply(&header, &"x".repeat(10_000_000)),
        Manner::Error => line.reply_error(&header, "org.example.Error.Odd", &"no"),
        Manner::NoMethod => {
            line.reply_error(&header, "org.freedesktop.DBus.Error.UnknownMethod", &"no")
        }
    }
}

/// Session, no parameters, the bytes, their kind.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

fn secret(text: &str) -> Secret {
    let bytes = text.as_bytes().to_vec();
    (path(SESSION), Vec::new(), bytes, "text/plain".to_owned())
}

fn text((_, _, bytes, _): Secret) -> String {
    String::from_utf8(bytes).unwrap()
}

fn path(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path).unwrap()
}
