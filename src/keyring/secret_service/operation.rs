//! One operation on the service: the order of its calls, and which answers mean "locked".
//!
//! For KeePassXC, the lock of the default collection is asked for before a search: a search of a locked database makes
//! it open a window, and does not find what is in the database.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::Failure;
use super::address::Address;
use super::bus::{Bus, Deadline};
use super::calls::{self, Found};
use super::message::{Call, Message};
use super::program;
use crate::account::Account;
use crate::hardening;
use crate::keyring::Lock;
use crate::token::Token;
use crate::trace::Trace;

type Result<T> = std::result::Result<T, Failure>;

/// How many items or collections are asked about together. A bus may limit how many calls of one client are open.
const BATCH: usize = 32;

/// If a read of no more items than these takes too long, the service is slow, and not the items too many.
const FEW: usize = 100;

/// A connection to the service.
pub(super) struct Connection {
    pub(super) bus: Bus,
    /// The session in which secrets are sent, once it is open.
    session: Option<String>,
    /// Whether a search may open a window.
    pub(super) may_search_prompt: bool,
}

/// An operation in progress.
pub(super) struct Operation<'a> {
    bus: &'a mut Bus,
    session: &'a mut Option<String>,
    trace: &'a Trace,
    /// How long the user gets to confirm a change. None if there is no user to ask.
    prompt_limit: Option<Duration>,
    may_search_prompt: bool,
    /// None until the service was asked.
    default: Option<DefaultCollection>,
    /// The time that prompts took. It does not count against the limit of the service.
    pub(super) prompted: Duration,
}

/// An item of ours that was read.
pub(super) struct Stored {
    path: String,
    /// Its `account` attribute, which need not be a valid account.
    pub(super) account: String,
    pub(super) secret: Zeroizing<Vec<u8>>,
}

impl Stored {
    /// Its token. None if it holds something else.
    pub(super) fn into_token(mut self) -> Option<Token> {
        Token::from_bytes(std::mem::take(&mut *self.secret)).ok()
    }
}

/// Connects, and makes the first calls.
pub(super) fn connect(addresses: &[Address], deadline: Deadline) -> Result<Connection> {
    let mut bus = Bus::connect(addresses, deadline)?;
    let mut answer = may_search_prompt(&mut bus);
    if answer == Err(Failure::HungUp) && bus.has_received_nothing() {
        bus = bus.connect_in_steps(addresses)?;
        answer = may_search_prompt(&mut bus);
    }
    Ok(Connection {
        bus,
        session: None,
        may_search_prompt: answer?,
    })
}

/// Makes the first calls. They show whether the service may prompt its user to unlock before it answers a search, as
/// KeePassXC does.
///
/// gnome-keyring does not always know a client when its first call comes. Until it does, it fails if the client opens a
/// session, and aborts on an assertion if the client reads a property of a collection or an item (measured under load).
/// So its collections are asked for, and their answer is awaited, before any other call.
pub(super) fn may_search_prompt(bus: &mut Bus) -> Result<bool> {
    let keepassxc = calls::get_name_owner(program::KEEPASSXC);
    let [collections, keepassxc] = bus.send([&calls::get_collections(), &keepassxc])?;
    match bus.answer(collections) {
        // Only the answer matters here. The collections are asked for again when they are needed.
        Ok(_) | Err(Failure::Refused(_) | Failure::Gone) => {}
        Err(failure) => return Err(failure),
    }
    match bus.answer(keepassxc) {
        Ok(_) => Ok(true),
        Err(Failure::NoService | Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// The state of the collection for new items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefaultCollection {
    Open,
    Locked,
    /// There is none: KeePassXC without an open database, KWallet without a wallet.
    Missing,
}

/// What the answer says about the default collection. After an unexpected answer the collection counts as open: the
/// next calls will show what is wrong.
fn read_default(answer: Result<Message>) -> Result<DefaultCollection> {
    match answer.map_err(Failure::for_item) {
        Ok(answer) if calls::boolean_property(&answer) == Ok(true) => Ok(DefaultCollection::Locked),
        Ok(_) | Err(Failure::Refused(_)) => Ok(DefaultCollection::Open),
        Err(Failure::Gone) => Ok(DefaultCollection::Missing),
        Err(failure) => Err(failure),
    }
}

impl<'a> Operation<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        prompt_limit: Option<Duration>,
        trace: &'a Trace,
    ) -> Operation<'a> {
        Operation {
            bus: &mut connection.bus,
            session: &mut connection.session,
            trace,
            prompt_limit,
            may_search_prompt: connection.may_search_prompt,
            default: None,
            prompted: Duration::ZERO,
        }
    }

    /// The token of this account. If several items hold one, the first in the list counts, as for `secret-tool`.
    ///
    /// # Errors
    /// [`Failure::Locked`] if no token was found and a locked item may exist.
    pub(super) fn find(&mut self, account: &Account) -> Result<Option<Token>> {
        let found = self.search(Some(account))?;
        for path in &found.unlocked {
            let stored = self.read(std::slice::from_ref(path), Some(account))?;
            let token = stored.into_iter().next().and_then(Stored::into_token);
            if token.is_some() {
                return Ok(token);
            }
        }
        match self.find_lock(&found)? {
            Some(lock) => Err(Failure::Locked(lock)),
            None => Ok(None),
        }
    }

    /// Every open item, and what is locked.
    ///
    /// # Errors
    /// [`Failure::Locked`] if there is no open item and a locked one may exist.
    pub(super) fn read_all(&mut self) -> Result<(Vec<Stored>, Option<Lock>)> {
        let found = self.search(None)?;
        let stored = self.read(&found.unlocked, None)?;
        let lock = self.find_lock(&found)?;
        match lock {
            Some(lock) if found.unlocked.is_empty() => Err(Failure::Locked(lock)),
            lock => Ok((stored, lock)),
        }
    }

    /// The names of the accounts that have an open item, and what is locked. Reads no secret.
    pub(super) fn accounts(&mut self) -> Result<(Vec<String>, Option<Lock>)> {
        let found = self.search(None)?;
        let named = self.account_names(&found.unlocked)?;
        let lock = self.find_lock(&found)?;
        Ok((named.into_iter().map(|(_, name)| name).collect(), lock))
    }

    /// Writes an account's token into its first item and removes the others, or creates an item if there is none.
    ///
    /// # Errors
    /// [`Failure::Locked`] if the item is locked, or the collection for a new one.
    pub(super) fn write(&mut self, account: &Account, token: &Token) -> Result<()> {
        let found = self.search(Some(account))?;
        let ours = self.items_of_account(&found.unlocked, account)?;
        // A service that finds items of other programs could also replace one of them.
        let is_exact = ours.len() == found.unlocked.len();
        let secret = token.expose().as_bytes();
        match ours.split_first() {
            Some((first, duplicates)) => {
                let session = self.session()?;
                let set = calls::set_secret(first, &session, secret);
                match self.call_item(&set) {
                    // Another program removed it after the search.
                    Err(Failure::Gone) => self.create(account, secret, is_exact)?,
                    answer => drop(answer?),
                }
                for duplicate in duplicates {
                    self.delete(duplicate)?;
                }
                Ok(())
            }
            None if !found.locked.is_empty() => Err(self.locked_failure(&found)),
            None => self.create(account, secret, is_exact),
        }
    }

    /// Removes the account's items. Returns how many there were.
    ///
    /// # Errors
    /// [`Failure::Locked`], before anything is removed, if one of them is locked.
    pub(super) fn remove(&mut self, account: &Account) -> Result<usize> {
        let found = self.search(Some(account))?;
        let ours = self.items_of_account(&found.unlocked, account)?;
        if !found.locked.is_empty() || self.is_default_locked() {
            return Err(self.locked_failure(&found));
        }
        let mut count = 0;
        for path in &ours {
            count += usize::from(self.delete(path)?);
        }
        if count > 0 {
            let left = self.search(Some(account))?;
            if !self.items_of_account(&left.unlocked, account)?.is_empty() {
                return Err(Failure::NotRemoved);
            }
        }
        Ok(count)
    }

    /// Removes the account's items that hold exactly this token. Returns how many there were.
    ///
    /// No service can remove an item on the condition that it still holds a token. So if another program stored a newer
    /// token in between, that is written back, unless the account has a token again by then.
    ///
    /// # Errors
    /// [`Failure::Locked`] if no open item holds the token and a locked one may.
    pub(super) fn remove_token(&mut self, account: &Account, token: &Token) -> Result<usize> {
        let found = self.search(Some(account))?;
        let holders = self.holders(&found, account, token)?;
        if holders.is_empty() && (!found.locked.is_empty() || self.is_default_locked()) {
            return Err(self.locked_failure(&found));
        }
        let mut count = 0;
        for path in &holders {
            match self.read_and_delete(path)? {
                Deleted::Absent => {}
                Deleted::Held(held) if held.as_ref().is_none_or(|held| held == token) => count += 1,
                Deleted::Held(newer) => {
                    let is_replaced = self.find(account)?.is_some();
                    if let Some(newer) = newer.filter(|_| !is_replaced) {
                        self.write(account, &newer)?;
                    }
                }
            }
        }
        if count > 0 {
            let left = self.search(Some(account))?;
            if !self.holders(&left, account, token)?.is_empty() {
                return Err(Failure::NotRemoved);
            }
        }
        Ok(count)
    }

    /// How long the service may keep a change only in memory.
    pub(super) fn write_delay(&mut self) -> Result<Duration> {
        Ok(program::identify(self.bus)?.write_delay())
    }

    /// Unlocks the default collection, then our items that are still locked, or else other collections that may hide
    /// some.
    pub(super) fn unlock(&mut self) -> Result<()> {
        if self.ask_for_default()? == DefaultCollection::Locked {
            let default = self.default_collection()?;
            self.unlock_objects(&[default])?;
            self.default = None;
            self.ask_for_default()?;
        }
        if self.is_default_locked() {
            // Some services complete the prompt also after a wrong password.
            return Err(Failure::Locked(Lock::Keyring));
        }
        let found = self.search(None)?;
        if !found.locked.is_empty() {
            self.unlock_objects(&found.locked)?;
        } else if self.find_lock(&found)?.is_some() {
            let locked = self.locked_collections()?;
            self.unlock_objects(&locked)?;
        }
        Ok(())
    }

    /// The items of this account, of every account if none is given.
    ///
    /// # Errors
    /// [`Failure::Locked`] or [`Failure::NoCollection`] if no collection is open. A search would then make KeePassXC
    /// open a window.
    fn search(&mut self, account: Option<&Account>) -> Result<Found> {
        if self.default.is_none() && !self.may_search_prompt {
            // Both are sent together, which saves the usual operation one round trip.
            let locked = calls::get_default_locked();
            let [locked, found] = self.send_in_session([locked, calls::search_items(account)])?;
            let default = read_default(self.bus.answer(locked))?;
            let found = self.bus.answer(found);
            self.default = Some(default);
            if default == DefaultCollection::Open {
                return self.read_found(&found?);
            }
        }
        if self.ask_for_default()? == DefaultCollection::Locked {
            self.unlock_without_a_window()?;
        }
        if self.default != Some(DefaultCollection::Open) {
            self.check_that_one_is_open()?;
        }
        let [found] = self.send_in_session([calls::search_items(account)])?;
        let found = self.bus.answer(found)?;
        self.read_found(&found)
    }

    fn read_found(&self, answer: &Message) -> Result<Found> {
        let found = calls::found(answer)?;
        self.trace.log(|| {
            let (open, locked) = (found.unlocked.len(), found.locked.len());
            format!("the Secret Service finds {open} items, and {locked} locked ones")
        });
        Ok(found)
    }

    /// Sends calls, together with the one that opens the session if none is open yet.
    fn send_in_session<const N: usize>(&mut self, calls: [Call<'static>; N]) -> Result<[u32; N]> {
        if self.session.is_some() {
            return self.bus.send(calls.each_ref());
        }
        let since = self.trace.clock();
        let all: Vec<_> = [calls::open_session()].into_iter().chain(calls).collect();
        let sent = self.bus.send_all(&all)?;
        let mut serials = [0; N];
        serials.copy_from_slice(&sent[1..]);
        let session = calls::session(&self.bus.answer(sent[0])?)?;
        self.keep_session(session);
        self.trace
            .log_since(since, || "a session with the Secret Service is open");
        Ok(serials)
    }

    fn ask_for_default(&mut self) -> Result<DefaultCollection> {
        if let Some(default) = self.default {
            return Ok(default);
        }
        let answer = self.bus.call(&calls::get_default_locked());
        let default = read_default(answer)?;
        self.default = Some(default);
        Ok(default)
    }

    fn keep_session(&mut self, session: String) {
        *self.session = Some(session);
        // The next answers may hold a secret. It cannot be done earlier: some services look up which program asks, and
        // this prevents that.
        hardening::close_to_others();
    }

    fn session(&mut self) -> Result<String> {
        if let Some(session) = self.session.as_ref() {
            return Ok(session.clone());
        }
        let answer = self.bus.call(&calls::open_session())?;
        let session = calls::session(&answer)?;
        self.keep_session(session.clone());
        Ok(session)
    }

    /// Reads those of the items that are ours, and skips those that were removed meanwhile. The calls do not depend on
    /// each other, so they are sent in batches.
    fn read(&mut self, paths: &[String], account: Option<&Account>) -> Result<Vec<Stored>> {
        self.read_in_time(paths, account)
            .map_err(|failure| match failure {
                Failure::TimedOut(limit) if paths.len() > FEW => Failure::TooMany {
                    count: paths.len(),
                    limit,
                },
                failure => failure,
            })
    }

    fn read_in_time(&mut self, paths: &[String], account: Option<&Account>) -> Result<Vec<Stored>> {
        let session = self.session()?;
        let mut stored = Vec::with_capacity(paths.len());
        for paths in paths.chunks(BATCH) {
            let mut calls = Vec::with_capacity(paths.len() * 2);
            for path in paths {
                calls.push(calls::get_secret(path, &session));
                calls.push(calls::get_attributes(path));
            }
            let serials = self.bus.send_all(&calls)?;
            for (path, serials) in paths.iter().zip(serials.chunks(2)) {
                let secret = self.answer_of_item(serials[0]);
                let attributes = self.answer_of_item(serials[1]);
                let (attributes, secret) = match (attributes, secret) {
                    (Ok(attributes), Ok(secret)) => (attributes, secret),
                    (Err(Failure::Gone), _) | (_, Err(Failure::Gone)) => continue,
                    (Err(failure), _) | (_, Err(failure)) => return Err(failure),
                };
                let Some(name) = calls::account_of_ours(&attributes)? else {
                    continue;
                };
                if account.is_none_or(|account| account.as_str() == name) {
                    stored.push(Stored {
                        path: path.clone(),
                        account: name,
                        secret: calls::secret(&secret)?,
                    });
                }
            }
        }
        Ok(stored)
    }

    /// The paths of those items that are ours, with their account names.
    fn account_names(&mut self, paths: &[String]) -> Result<Vec<(String, String)>> {
        let mut named = Vec::with_capacity(paths.len());
        for paths in paths.chunks(BATCH) {
            let calls: Vec<_> = paths
                .iter()
                .map(|path| calls::get_attributes(path))
                .collect();
            let serials = self.bus.send_all(&calls)?;
            for (path, serial) in paths.iter().zip(serials) {
                let answer = match self.answer_of_item(serial) {
                    Err(Failure::Gone) => continue,
                    answer => answer?,
                };
                let name = calls::account_of_ours(&answer)?;
                named.extend(name.map(|name| (path.clone(), name)));
            }
        }
        Ok(named)
    }

    fn items_of_account(&mut self, paths: &[String], account: &Account) -> Result<Vec<String>> {
        let mut named = self.account_names(paths)?;
        named.retain(|(_, name)| name == account.as_str());
        Ok(named.into_iter().map(|(path, _)| path).collect())
    }

    fn holders(&mut self, found: &Found, account: &Account, token: &Token) -> Result<Vec<String>> {
        let stored = self.read(&found.unlocked, Some(account))?;
        let mut holders = Vec::new();
        for stored in stored {
            let path = stored.path.clone();
            if stored.into_token().as_ref() == Some(token) {
                holders.push(path);
            }
        }
        Ok(holders)
    }

    fn create(&mut self, account: &Account, secret: &[u8], replace: bool) -> Result<()> {
        if self.is_default_locked() {
            return Err(Failure::Locked(Lock::Keyring));
        }
        let collection = self.default_collection()?;
        let session = self.session()?;
        let create = calls::create_item(&collection, account, &session, secret, replace);
        let answer = self.bus.call(&create)?;
        self.confirm(calls::prompt_of_create(&answer)?)
    }

    /// Removes an item. Returns whether it was still there.
    fn delete(&mut self, path: &str) -> Result<bool> {
        match self.call_item(&calls::delete(path)) {
            Err(Failure::Gone) => Ok(false),
            answer => {
                self.confirm(calls::object(&answer?)?)?;
                Ok(true)
            }
        }
    }

    /// Removes an item, and returns what it held at that moment: both calls are sent in one piece. A service may handle
    /// both at the same time, and then has no secret for an item that it has removed.
    fn read_and_delete(&mut self, path: &str) -> Result<Deleted> {
        let session = self.session()?;
        let calls = [&calls::get_secret(path, &session), &calls::delete(path)];
        let [held, deleted] = self.bus.send(calls)?;
        let held = self.answer_of_item(held);
        match self.answer_of_item(deleted) {
            Err(Failure::Gone) => return Ok(Deleted::Absent),
            answer => self.confirm(calls::object(&answer?)?)?,
        }
        let mut secret = match held {
            Ok(answer) => calls::secret(&answer)?,
            Err(Failure::Refused(_) | Failure::Gone) => return Ok(Deleted::Held(None)),
            Err(failure) => return Err(failure),
        };
        Ok(Deleted::Held(
            Token::from_bytes(std::mem::take(&mut *secret)).ok(),
        ))
    }

    fn call_item(&mut self, call: &Call<'_>) -> Result<Message> {
        self.bus.call(call).map_err(Failure::for_item)
    }

    fn answer_of_item(&mut self, serial: u32) -> Result<Message> {
        self.bus.answer(serial).map_err(Failure::for_item)
    }

    fn default_collection(&mut self) -> Result<String> {
        let answer = self.bus.call(&calls::default_collection())?;
        match calls::object(&answer)? {
            Some(collection) => Ok(collection),
            None => Err(Failure::NoCollection(program::identify(self.bus)?)),
        }
    }

    fn is_default_locked(&self) -> bool {
        self.default == Some(DefaultCollection::Locked)
    }

    /// What is locked and has or may have an item of ours. None if no item can be locked.
    fn find_lock(&mut self, found: &Found) -> Result<Option<Lock>> {
        if !found.locked.is_empty() || self.is_default_locked() {
            return self.lock_of_found(found).map(Some);
        }
        let is_hidden = !self.locked_collections()?.is_empty()
            && program::identify(self.bus)?.hides_what_is_locked();
        Ok(is_hidden.then_some(Lock::Another))
    }

    fn locked_failure(&mut self, found: &Found) -> Failure {
        self.lock_of_found(found)
            .map_or_else(|failure| failure, Failure::Locked)
    }

    /// What keeps the items locked that a search found.
    fn lock_of_found(&mut self, found: &Found) -> Result<Lock> {
        let collection = found.locked.first().and_then(|item| item.rsplit_once('/'));
        let Some((collection, _)) = collection.filter(|_| !self.is_default_locked()) else {
            return Ok(Lock::Keyring);
        };
        let answer = self.bus.call(&calls::get_locked(collection))?;
        // An open collection with locked items: the service asks its user about each program.
        Ok(if calls::boolean_property(&answer)? {
            Lock::Another
        } else {
            Lock::Confirmation
        })
    }

    fn check_that_one_is_open(&mut self) -> Result<()> {
        let collections = self.collections()?;
        if collections.is_empty() {
            return Err(Failure::NoCollection(program::identify(self.bus)?));
        }
        if self.filter_locked(&collections)?.len() == collections.len() {
            return Err(Failure::Locked(Lock::Keyring));
        }
        Ok(())
    }

    fn collections(&mut self) -> Result<Vec<String>> {
        let answer = self.bus.call(&calls::get_collections())?;
        let mut collections = calls::collections(&answer)?;
        collections.truncate(BATCH);
        Ok(collections)
    }

    fn locked_collections(&mut self) -> Result<Vec<String>> {
        let collections = self.collections()?;
        self.filter_locked(&collections)
    }

    fn filter_locked(&mut self, collections: &[String]) -> Result<Vec<String>> {
        let calls: Vec<_> = collections
            .iter()
            .map(|path| calls::get_locked(path))
            .collect();
        let serials = self.bus.send_all(&calls)?;
        let mut locked = Vec::new();
        for (collection, serial) in collections.iter().zip(serials) {
            match self.bus.answer(serial) {
                Ok(answer) if calls::boolean_property(&answer)? => locked.push(collection.clone()),
                Ok(_) | Err(Failure::Refused(_) | Failure::Gone) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(locked)
    }

    /// Unlocks the default collection if its wallet is open. KWallet says that its collection is locked until it is
    /// asked to unlock it, even if the wallet is open. If it is open, the prompt ends immediately and shows nothing.
    fn unlock_without_a_window(&mut self) -> Result<()> {
        let program = program::identify(self.bus)?;
        if !program::is_wallet_open(self.bus, program)? {
            return Ok(());
        }
        let default = self.default_collection()?;
        let answer = self.bus.call(&calls::unlock(&[default]))?;
        if let Some(prompt) = calls::prompt_of_unlock(&answer)? {
            self.perform(&prompt)?;
        }
        self.default = None;
        self.ask_for_default()?;
        Ok(())
    }

    /// Unlocks objects, by a prompt if the service wants one.
    ///
    /// A session is open by then. oo7 looks up, when a client opens one, whether the client runs on a screen, and shows
    /// no window to a client without a session.
    fn unlock_objects(&mut self, objects: &[String]) -> Result<()> {
        self.session()?;
        let answer = self.bus.call(&calls::unlock(objects))?;
        self.confirm(calls::prompt_of_unlock(&answer)?)
    }

    /// Performs the prompt of a change, if the service wants one. KeePassXC wants one for each change,
    /// and shows nothing if there is nothing to confirm.
    fn confirm(&mut self, prompt: Option<String>) -> Result<()> {
        let Some(prompt) = prompt else {
            return Ok(());
        };
        let Some(limit) = self.prompt_limit else {
            return self.perform(&prompt);
        };
        let start = Instant::now();
        let deadline = self.bus.deadline();
        self.bus.set_deadline(Deadline::after(limit));
        let result = self.perform(&prompt);
        let took = start.elapsed();
        self.prompted += took;
        self.bus.set_deadline(deadline.later_by(took));
        result
    }

    /// Shows a prompt, and waits for its end.
    fn perform(&mut self, prompt: &str) -> Result<()> {
        self.bus.call(&calls::listen_to(prompt))?;
        self.bus.expect_end_of_prompt(prompt);
        match self.bus.call(&calls::show_prompt(prompt)) {
            // oo7 refuses a prompt that it has no window for.
            Err(Failure::Refused(_)) => return Err(Failure::Dismissed),
            shown => shown?,
        };
        match self.bus.end_of_prompt() {
            // The prompt is left open. `Prompt.Dismiss` makes gnome-keyring 42 and 48 abort on an assertion while the
            // prompt is shown, and closes the window in no program. If the user answers later, the service does what
            // it was asked to do.
            Err(Failure::TimedOut(_)) => Err(Failure::Dismissed),
            Ok(completed) if calls::is_dismissed(&completed)? => Err(Failure::Dismissed),
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

/// The result of removing an item.
enum Deleted {
    /// The item was not there any more.
    Absent,
    /// The item held this token. None if it held something else, or if that is not known.
    Held(Option<Token>),
}
