//! A fake Secret Service on this world's bus, which misbehaves on request.
//!
//! By default it works correctly: it stores items, finds them and returns their secrets.
//! It records each call, so that a story can check what was asked and that nothing was written.
//! It can also have the quirks of keyring programs that the tests cannot install.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::{Message, Type};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::World;

const NAME: &str = "org.freedesktop.secrets";
const KEEPASSXC: &str = "org.keepassxc.KeePassXC.MainWindow";
const ANOTHER: &str = "/org/freedesktop/secrets/collection/another";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";
const SESSION: &str = "/org/freedesktop/secrets/session/s1";
const PROMPTS: &str = "/org/freedesktop/secrets/prompt/p";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const WALLET: &str = "org.kde.kwalletd5";
/// How long one that answers in reverse waits for another call.
const TOGETHER: Duration = Duration::from_millis(20);

/// What the service does with a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// It never answers.
    NeverReplies,
    /// It disconnects from the bus during the call.
    Disconnects,
    /// It replies, and disconnects before the next call.
    RepliesAndDisconnects,
    /// It replies after this time.
    Late(Duration),
    /// It answers with something of another type.
    WrongType,
    /// It replies with nested values, as deep as D-Bus allows.
    Nested,
    /// It answers with 10 MB.
    Huge,
    /// It answers with an error of its own.
    Error,
    /// It answers as gnome-keyring does for an item that was removed.
    UnknownMethod,
}

/// How a real keyring program differs from gnome-keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quirk {
    /// The output of a plain session is bytes instead of a text: KWallet, oo7.
    BytesAsSessionOutput,
    /// A prompt makes and removes each item, and shows nothing: KeePassXC.
    PromptsForChanges,
    /// A search finds nothing in a locked keyring: KeePassXC, oo7.
    HidesLockedItems,
    /// It is locked until a program unlocks it, and shows nothing for it: KWallet with an open wallet.
    LockedUntilAsked,
    /// It shows a prompt only to a program with a session: oo7.
    PromptsInASession,
    /// Its items are locked for each program until the user allows it: KeePassXC's own settings.
    ConfirmsAccess,
    /// It works on calls that come together in the reverse order, and has an error of its own for an item
    /// that is gone: pass-secret-service, which works on them at the same time.
    RepliesInReverse,
    /// A second keyring is locked, and a search does not find what is in it: KeePassXC.
    HasAnotherLocked,
    /// A search does not compare the attributes.
    SearchesLoosely,
    /// Before each answer come 40 MB of signals that were not asked for.
    Floods,
}

type Attributes = HashMap<String, String>;
type Item = (Attributes, String);

/// What a prompt does when it is shown.
enum Change {
    Unlock,
    Allow(String),
    Create(Item),
    Remove(usize),
}

#[derive(Default)]
struct State {
    /// By number; none where one was removed.
    items: Vec<Option<Item>>,
    is_locked: bool,
    has_a_user: bool,
    quirks: HashSet<Quirk>,
    /// The programs that may read.
    allowed: HashSet<String>,
    /// The programs that have opened a session.
    with_a_session: HashSet<String>,
    prompts: Vec<Option<Change>>,
    behaviours: HashMap<&'static str, Behaviour>,
    /// What another program stores in an item after so many reads of it.
    stored_after: Option<(usize, String)>,
    calls: Vec<String>,
}

/// The service: a story gives it items, sets its behaviour and reads the calls that it received.
pub(crate) struct SecretService {
    address: String,
    state: Arc<Mutex<State>>,
    running: Mutex<Option<(Connection, JoinHandle<()>)>>,
}

impl World {
    /// A bus with a fake Secret Service.
    pub(crate) fn with_a_fake_secret_service(self) -> World {
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
        service.starts();
        service
    }

    /// Takes its place on the bus, where it has left it.
    pub(crate) fn starts(&self) {
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

    /// Stores an item with these attributes.
    pub(crate) fn has_item_with(&self, attributes: &[(&str, &str)], secret: &str) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let attributes = attributes.iter().map(owned).collect();
        let item = (attributes, secret.to_owned());
        self.state.lock().unwrap().items.push(Some(item));
    }

    /// Another program stores this secret in the item, after it was read so many times.
    pub(crate) fn is_changed_after(&self, reads: usize, secret: &str) {
        self.state.lock().unwrap().stored_after = Some((reads, secret.to_owned()));
    }

    /// The accounts of its items, with their secrets, in the order in which it finds them.
    pub(crate) fn items(&self) -> Vec<(String, String)> {
        let state = self.state.lock().unwrap();
        let items = state.items.iter().flatten();
        items
            .map(|(attributes, secret)| (attributes["account"].clone(), secret.clone()))
            .collect()
    }

    /// Has these quirks from here on.
    pub(crate) fn has_quirks(&self, quirks: &[Quirk]) {
        let mut state = self.state.lock().unwrap();
        state.quirks.extend(quirks);
        state.is_locked |= quirks.contains(&Quirk::LockedUntilAsked);
        let names = [
            (Quirk::LockedUntilAsked, WALLET),
            (Quirk::HidesLockedItems, KEEPASSXC),
        ];
        for (_, name) in names.iter().filter(|(quirk, _)| quirks.contains(quirk)) {
            let running = self.running.lock().unwrap();
            running.as_ref().unwrap().0.request_name(*name).unwrap();
        }
    }

    /// Locks everything. A prompt would unlock it, but no one answers.
    pub(crate) fn is_locked(&self) {
        self.state.lock().unwrap().is_locked = true;
    }

    /// The user answers the prompt, and unlocks it.
    pub(crate) fn has_a_user_who_answers(&self) {
        self.state.lock().unwrap().has_a_user = true;
    }

    /// Behaves like this on these calls from here on, and works correctly on all others. A property is
    /// called by its name.
    pub(crate) fn sets_behaviour(&self, calls: &[&'static str], behaviour: Behaviour) {
        let behaviours = calls.iter().map(|call| (*call, behaviour)).collect();
        self.state.lock().unwrap().behaviours = behaviours;
    }

    /// The calls since the last call of this function.
    pub(crate) fn received_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        if let Some((connection, thread)) = self.running.lock().unwrap().take() {
            // It has disconnected already if a story requested that.
            let _ = connection.close();
            thread.join().unwrap();
        }
    }
}

fn serve(line: &Connection, messages: MessageIterator, state: &Mutex<State>) {
    let (sender, calls) = mpsc::channel();
    thread::spawn(move || {
        let calls = messages
            .map_while(Result::ok)
            .filter(|message| message.message_type() == Type::MethodCall);
        calls.map_while(|call| sender.send(call).ok()).count()
    });
    'serving: while let Some(calls) = next(&calls, state) {
        for call in calls {
            if !handle(&call, line, state) {
                break 'serving;
            }
        }
    }
    let _ = line.clone().close();
}

/// The next call, or those that come together with it.
fn next(calls: &Receiver<Message>, state: &Mutex<State>) -> Option<Vec<Message>> {
    let mut next = vec![calls.recv().ok()?];
    if state
        .lock()
        .unwrap()
        .quirks
        .contains(&Quirk::RepliesInReverse)
    {
        next.extend(std::iter::from_fn(|| calls.recv_timeout(TOGETHER).ok()));
        next.reverse();
    }
    Some(next)
}

/// Whether it goes on after this call.
fn handle(call: &Message, line: &Connection, state: &Mutex<State>) -> bool {
    let (name, behaviour) = state.lock().unwrap().records(call);
    if state.lock().unwrap().has_quirk(Quirk::Floods) {
        floods(line, call);
    }
    let taken = match behaviour {
        Some(behaviour) => misbehaves(behaviour, &name, line, call, state),
        None => answers(&name, line, call, state),
    };
    let leaves = matches!(
        behaviour,
        Some(Behaviour::Disconnects | Behaviour::RepliesAndDisconnects)
    );
    // The tested program may have given up: then there is no one to answer.
    taken.is_ok() && !leaves
}

impl State {
    /// What another program stores now, if this is the read after which it does.
    fn stored_by_another_program(&mut self) -> Option<String> {
        let (reads, _) = self.stored_after.as_mut()?;
        *reads -= 1;
        self.stored_after
            .take_if(|(reads, _)| *reads == 0)
            .map(|(_, secret)| secret)
    }

    fn records(&mut self, call: &Message) -> (String, Option<Behaviour>) {
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
        let behaviour = self.behaviours.get(name.as_str()).copied();
        (name, behaviour)
    }

    fn found(&self, wanted: &Attributes) -> Vec<OwnedObjectPath> {
        let has = |item: &Attributes| {
            wanted
                .iter()
                .all(|(name, value)| item.get(name) == Some(value))
        };
        let is_loose = self.has_quirk(Quirk::SearchesLoosely);
        let is_found = |item: &Item| is_loose || has(&item.0);
        let items = self.items.iter().enumerate();
        items
            .filter(|(_, item)| item.as_ref().is_some_and(is_found))
            .map(|(number, _)| item_path(number))
            .collect()
    }

    /// The item that is called; none if it was removed.
    fn item(&mut self, call: &Message) -> Option<&mut Item> {
        self.items[number(call)].as_mut()
    }

    fn has_quirk(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Whether this program has to ask before it may read.
    fn is_locked_for(&self, call: &Message) -> bool {
        self.is_locked
            || self.has_quirk(Quirk::ConfirmsAccess) && !self.allowed.contains(&sender(call))
    }

    /// The path of a prompt that makes this change.
    fn prompts_for(&mut self, change: Change) -> OwnedObjectPath {
        self.prompts.push(Some(change));
        path(&format!("{PROMPTS}{}", self.prompts.len() - 1))
    }

    /// Makes a change, and gives what a prompt says of it; none as long as the user does not answer.
    fn makes(&mut self, change: Change) -> Option<Value<'static>> {
        let is_answered = self.has_a_user || self.has_quirk(Quirk::LockedUntilAsked);
        match change {
            Change::Unlock if is_answered => self.is_locked = false,
            Change::Allow(program) if is_answered => drop(self.allowed.insert(program)),
            Change::Unlock | Change::Allow(_) => return None,
            Change::Create(item) => {
                self.items.push(Some(item));
                return Some(Value::from(item_path(self.items.len() - 1)));
            }
            Change::Remove(number) => self.items[number] = None,
        }
        Some(Value::from(""))
    }
}

/// The tested program may have closed the connection.
fn floods(line: &Connection, call: &Message) {
    let (client, megabyte) = (call.header().sender().cloned(), "x".repeat(1_000_000));
    for _ in 0..40 {
        let _ = line.emit_signal(
            client.clone(),
            "/flood",
            "org.example.Flood",
            "More",
            &megabyte,
        );
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
    if name == "OpenSession" {
        state.with_a_session.insert(sender(call));
    }
    match name {
        "Collections" => {
            let mut collections = vec![path(COLLECTION)];
            if state.has_quirk(Quirk::HasAnotherLocked) {
                collections.push(path(ANOTHER));
            }
            line.reply(&header, &Value::from(collections))
        }
        "Locked" => {
            let is_another = header.path().unwrap().as_str() == ANOTHER;
            line.reply(&header, &Value::from(is_another || state.is_locked))
        }
        "OpenSession" if state.has_quirk(Quirk::BytesAsSessionOutput) => {
            line.reply(&header, &(Value::from(Vec::<u8>::new()), path(SESSION)))
        }
        "OpenSession" => line.reply(&header, &(Value::from(""), path(SESSION))),
        "ReadAlias" => line.reply(&header, &path(COLLECTION)),
        "SearchItems" => {
            let found = state.found(&body.deserialize()?);
            let none = Vec::<OwnedObjectPath>::new();
            if !state.is_locked_for(call) {
                line.reply(&header, &(found, none))
            } else if state.is_locked && state.has_quirk(Quirk::HidesLockedItems) {
                line.reply(&header, &(&none, &none))
            } else {
                line.reply(&header, &(none, found))
            }
        }
        "CreateItem" => {
            type Given = (HashMap<String, OwnedValue>, Secret, bool);
            let (properties, given, _): Given = body.deserialize()?;
            let attributes = properties["org.freedesktop.Secret.Item.Attributes"].clone();
            let item = (attributes.try_into()?, text(given));
            if state.has_quirk(Quirk::PromptsForChanges) {
                let prompt = state.prompts_for(Change::Create(item));
                return line.reply(&header, &(path("/"), prompt));
            }
            state.items.push(Some(item));
            let made = item_path(state.items.len() - 1);
            line.reply(&header, &(made, path("/")))
        }
        "networkWallet" => line.reply(&header, &"kdewallet"),
        "isOpen" => line.reply(&header, &state.has_quirk(Quirk::LockedUntilAsked)),
        "Unlock" | "Prompt" | "Dismiss" => prompts(name, line, call, &mut state),
        _ => answers_for_an_item(name, line, call, &mut state),
    }
}

fn answers_for_an_item(
    name: &str,
    line: &Connection,
    call: &Message,
    state: &mut State,
) -> zbus::Result<()> {
    let (header, body) = (call.header(), call.body());
    let is_odd = state.has_quirk(Quirk::RepliesInReverse);
    let gone = || {
        if is_odd {
            line.reply_error(&header, "org.example.Error.Odd", &"'NoneType' object")
        } else {
            line.reply_error(&header, "org.freedesktop.Secret.Error.NoSuchObject", &"")
        }
    };
    match name {
        "Attributes" => match state.item(call) {
            Some((attributes, _)) => line.reply(&header, &Value::from(attributes.clone())),
            None => gone(),
        },
        "GetSecret" if state.is_locked_for(call) => {
            line.reply_error(&header, "org.freedesktop.Secret.Error.IsLocked", &"")
        }
        "GetSecret" => {
            let stored = state.stored_by_another_program();
            match state.item(call) {
                Some((_, text)) => {
                    let read = secret(text);
                    *text = stored.unwrap_or(text.clone());
                    line.reply(&header, &(read,))
                }
                None => gone(),
            }
        }
        "SetSecret" => match state.item(call) {
            Some(item) => {
                item.1 = text(body.deserialize()?);
                line.reply(&header, &())
            }
            None => gone(),
        },
        "Delete" if state.item(call).is_none() => gone(),
        "Delete" => {
            let change = Change::Remove(number(call));
            if state.has_quirk(Quirk::PromptsForChanges) {
                let prompt = state.prompts_for(change);
                return line.reply(&header, &prompt);
            }
            state.makes(change);
            line.reply(&header, &path("/"))
        }
        other => panic!("the tested program calls {other}"),
    }
}

fn prompts(name: &str, line: &Connection, call: &Message, state: &mut State) -> zbus::Result<()> {
    let header = call.header();
    match name {
        "Unlock" => {
            let change = if state.is_locked {
                Change::Unlock
            } else {
                Change::Allow(sender(call))
            };
            let prompt = state.prompts_for(change);
            line.reply(&header, &(Vec::<OwnedObjectPath>::new(), prompt))
        }
        "Prompt"
            if state.has_quirk(Quirk::PromptsInASession)
                && !state.with_a_session.contains(&sender(call)) =>
        {
            line.reply_error(&header, "org.freedesktop.zbus.Error", &"no prompter")
        }
        "Prompt" => {
            line.reply(&header, &())?;
            let change = state.prompts[number(call)].take();
            match change.and_then(|change| state.makes(change)) {
                Some(result) => completed(line, call, false, result),
                None => Ok(()),
            }
        }
        _ => {
            line.reply(&header, &())?;
            completed(line, call, true, Value::from(""))
        }
    }
}

/// Reports the end of a prompt.
fn completed(
    line: &Connection,
    call: &Message,
    dismissed: bool,
    result: Value<'_>,
) -> zbus::Result<()> {
    let header = call.header();
    let (client, prompt) = (header.sender().cloned(), header.path().unwrap());
    line.emit_signal(client, prompt, PROMPT, "Completed", &(dismissed, result))
}

/// The number at the end of the path that is called.
fn number(call: &Message) -> usize {
    let path = call.header().path().unwrap().to_string();
    let end = path.rfind(|letter: char| !letter.is_ascii_digit()).unwrap();
    path[end + 1..].parse().unwrap()
}

fn sender(call: &Message) -> String {
    call.header().sender().unwrap().to_string()
}

fn item_path(number: usize) -> OwnedObjectPath {
    path(&format!("{COLLECTION}/{number}"))
}

fn misbehaves(
    behaviour: Behaviour,
    name: &str,
    line: &Connection,
    call: &Message,
    state: &Mutex<State>,
) -> zbus::Result<()> {
    let header = call.header();
    match behaviour {
        Behaviour::NeverReplies | Behaviour::Disconnects => Ok(()),
        Behaviour::RepliesAndDisconnects => {
            // Before the answer, or the next call might still reach it.
            line.release_name(NAME)?;
            answers(name, line, call, state)
        }
        Behaviour::Late(pause) => {
            thread::sleep(pause);
            answers(name, line, call, state)
        }
        Behaviour::WrongType => line.reply(&header, &("no", 7_u64)),
        Behaviour::Nested => {
            let deepest = (0..60).fold(Value::from("in"), |value, _| Value::Value(Box::new(value)));
            line.reply(&header, &deepest)
        }
        Behaviour::Huge => line.reply(&header, &"x".repeat(10_000_000)),
        Behaviour::Error => line.reply_error(&header, "org.example.Error.Odd", &"no"),
        Behaviour::UnknownMethod => {
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
