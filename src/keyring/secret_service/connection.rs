//! The operations on the service: the order of their calls, and which answers mean "locked".
//!
//! For KeePassXC, the lock of the default collection is asked for before a search: a search of a locked database makes
//! it open a window, and does not find what is in the database.

use std::time::{Duration, Instant};

use rustix::net::SocketAddrUnix;

use super::bus::{Bus, Pending};
use super::calls::{self, Found};
use super::message::Event;
use super::{Failure, program, unless_gone, unless_refused};
use crate::account::Account;
use crate::hardening;
use crate::keyring::{Deadline, Lock, Unavailable};
use crate::token::Token;
use crate::trace::Trace;

type Result<T> = std::result::Result<T, Failure>;

/// How many items or collections are asked about together. A bus may limit how many calls of one client are open.
const BATCH: usize = 32;

/// A connection to the service, and what is known about it.
pub(super) struct Connection {
    bus: Bus,
    trace: Trace,
    /// How long the user gets to confirm a change. None if there is no user to ask.
    prompt_limit: Option<Duration>,
    /// The session in which secrets are sent, once it is open.
    session: Option<String>,
    /// The owner of the service's name, if it was known. Another process of the service does not know our session.
    service: Option<String>,
    /// Whether a search may open a window.
    may_search_prompt: bool,
    /// None until the service was asked in this operation.
    default: Option<DefaultCollection>,
}

/// The state of the collection for new items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DefaultCollection {
    Open,
    Locked,
    /// There is none: KeePassXC without an open database, KWallet without a wallet.
    Missing,
}

/// An item of ours.
pub(super) struct Item {
    path: String,
    /// Its `account` attribute, which need not be a valid account.
    pub(super) account: String,
    /// None if it was not read, or if the item holds something else.
    pub(super) token: Option<Token>,
}

/// What to read of an item.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Account,
    AccountAndToken,
}

impl Connection {
    /// Connects, and makes the first calls.
    pub(super) fn open(
        addresses: &[SocketAddrUnix],
        deadline: Deadline,
        prompt_limit: Option<Duration>,
        trace: &Trace,
    ) -> Result<Connection> {
        let mut bus = Bus::connect(addresses, deadline, false)?;
        let mut answers = make_first_calls(&mut bus);
        if matches!(answers, Err(Failure::Lost(_))) && bus.has_received_nothing() {
            // Before the next one is opened: a proxy may serve one connection after the other.
            drop(bus);
            bus = Bus::connect(addresses, deadline, true)?;
            answers = make_first_calls(&mut bus);
        }
        let answers = answers.map_err(|failure| bus.explained(failure));
        let (service, may_search_prompt) = answers?;
        Ok(Connection {
            bus,
            trace: trace.clone(),
            prompt_limit,
            session: None,
            service,
            may_search_prompt,
            default: None,
        })
    }

    /// Begins another operation.
    ///
    /// # Errors
    /// [`Failure::Lost`] also if the service was restarted since the last operation.
    pub(super) fn begin(&mut self, deadline: Deadline) -> Result<()> {
        self.bus.begin(deadline);
        self.default = None;
        let (service, may_search_prompt) = make_first_calls(&mut self.bus)?;
        if self.service.is_some() && self.service != service {
            return Err(Failure::HUNG_UP);
        }
        self.service = service;
        self.may_search_prompt = may_search_prompt;
        Ok(())
    }

    /// The token of this account. If several items hold one, the first in the list counts, as for `secret-tool`.
    ///
    /// # Errors
    /// [`Unavailable::Locked`] if no token was found and a locked item may exist.
    pub(super) fn find(&mut self, account: &Account) -> Result<Option<Token>> {
        let found = self.search(Some(account))?;
        for path in &found.unlocked {
            let path = std::slice::from_ref(path);
            let items = self.items(path, Some(account), Content::AccountAndToken)?;
            if let Some(token) = items.into_iter().find_map(|item| item.token) {
                return Ok(Some(token));
            }
        }
        check_that_none_is_locked(self.find_lock(&found)?)?;
        Ok(None)
    }

    /// Every open item, and what is locked.
    pub(super) fn list(&mut self, content: Content) -> Result<(Vec<Item>, Option<Lock>)> {
        let found = self.search(None)?;
        let items = self.items(&found.unlocked, None, content)?;
        Ok((items, self.find_lock(&found)?))
    }

    /// What is locked. Reads no item.
    pub(super) fn what_is_locked(&mut self) -> Result<Option<Lock>> {
        let found = self.search(None)?;
        self.find_lock(&found)
    }

    /// Writes an account's token into its first item and removes the others, or creates an item if there is none.
    ///
    /// # Errors
    /// [`Unavailable::Locked`] if the item is locked, or the collection for a new one. [`Unavailable::Unconfirmed`] after
    /// the token was sent.
    pub(super) fn write(&mut self, account: &Account, token: &Token) -> Result<()> {
        let found = self.search(Some(account))?;
        let items = self.items(&found.unlocked, Some(account), Content::Account)?;
        // A service that finds items of other programs could also replace one of them.
        let may_replace = items.len() == found.unlocked.len();
        let Some((first, duplicates)) = items.split_first() else {
            check_that_none_is_locked(self.lock_of(&found)?)?;
            return self.create(account, token, may_replace);
        };
        let session = self.session()?;
        let stored = self
            .bus
            .call(calls::set_token(&first.path, &session, token));
        if unless_gone(stored).map_err(Failure::unconfirmed)?.is_none() {
            // Another program removed it after the search.
            self.create(account, token, may_replace)?;
        }
        for duplicate in duplicates {
            self.delete(&duplicate.path).map_err(Failure::unconfirmed)?;
        }
        Ok(())
    }

    fn create(&mut self, account: &Account, token: &Token, may_replace: bool) -> Result<()> {
        let collection = self.default_collection()?;
        let session = self.session()?;
        let create = calls::create_item(&collection, account, &session, token, may_replace);
        let prompt = self.bus.call(create).map_err(Failure::unconfirmed)?;
        self.confirm(&prompt).map_err(Failure::unconfirmed)
    }

    /// Removes the account's items that hold exactly this token.
    ///
    /// # Errors
    /// [`Unavailable::Locked`] if there is none that can be read, and one is locked.
    pub(super) fn remove(&mut self, account: &Account, token: &Token) -> Result<()> {
        let found = self.search(Some(account))?;
        let items = self.items_with(token, account, &found)?;
        if items.is_empty() {
            return check_that_none_is_locked(self.lock_of(&found)?);
        }
        for item in &items {
            self.delete_token(&item.path, account, token)?;
        }
        let left = self.search(Some(account))?;
        if !self.items_with(token, account, &left)?.is_empty() {
            let why = "the keyring did not remove the token".to_owned();
            return Err(Unavailable::Broken(why).into());
        }
        Ok(())
    }

    fn items_with(&mut self, token: &Token, account: &Account, found: &Found) -> Result<Vec<Item>> {
        let mut items = self.items(&found.unlocked, Some(account), Content::AccountAndToken)?;
        items.retain(|item| item.token.as_ref() == Some(token));
        Ok(items)
    }

    /// Removes an item, if it still exists.
    fn delete(&mut self, path: &str) -> Result<()> {
        let deleted = self.bus.send(calls::delete(path));
        self.wait_for_removal(deleted).map(drop)
    }

    /// Returns whether the item still existed.
    fn wait_for_removal(&mut self, deleted: Pending<String>) -> Result<bool> {
        let Some(prompt) = unless_gone(self.bus.wait(deleted))? else {
            return Ok(false);
        };
        self.confirm(&prompt)?;
        Ok(true)
    }

    /// Removes an item that held this token.
    ///
    /// No service can remove an item on the condition that it still holds a token. So the token is read again, in one
    /// piece with the removal. If another program stored a newer token in between, that is written back, unless the
    /// account has a token again by then.
    fn delete_token(&mut self, path: &str, account: &Account, token: &Token) -> Result<()> {
        let session = self.session()?;
        let held = self.bus.send(calls::get_token(path, &session));
        let deleted = self.bus.send(calls::delete(path));
        let held = self.bus.wait(held);
        if !self.wait_for_removal(deleted)? {
            return Ok(());
        }
        // A service may handle both calls at the same time, and then has no secret for an item that it has removed.
        match unless_refused(held)?.flatten() {
            // That something else is locked is an error of `find`, but no reason to lose the token.
            Some(newer) if newer != *token && !matches!(self.find(account), Ok(Some(_))) => {
                self.write(account, &newer)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// How long the service may keep a change only in memory.
    pub(super) fn write_delay(&mut self) -> Result<Duration> {
        Ok(program::identify(&mut self.bus)?.write_delay())
    }

    /// Unlocks the default collection, then our items that are still locked, or else other collections that may hide
    /// some.
    pub(super) fn unlock(&mut self) -> Result<()> {
        if self.ask_for_default()? == DefaultCollection::Locked
            && self.unlock_default()? == DefaultCollection::Locked
        {
            // Some services complete the prompt also after a wrong password.
            return Err(Unavailable::Locked(Lock::Keyring).into());
        }
        let found = self.search(None)?;
        if !found.locked.is_empty() {
            self.unlock_objects(&found.locked)?;
        } else if self.find_lock(&found)?.is_some() {
            let (_, locked) = self.collections()?;
            self.unlock_objects(&locked)?;
        }
        Ok(())
    }

    /// The items of this account, of every account if none is given.
    ///
    /// # Errors
    /// [`Unavailable::Locked`] or [`Unavailable::NoKeyring`] if no collection is open. A search would then make
    /// KeePassXC open a window.
    fn search(&mut self, account: Option<&Account>) -> Result<Found> {
        // All calls are sent together, which saves the usual operation a round trip.
        let asks_for_default = self.default.is_none() && !self.may_search_prompt;
        if !asks_for_default {
            self.check_that_one_is_open()?;
        }
        let no_session = self.session.is_none();
        let session = no_session.then(|| self.bus.send(calls::open_session()));
        let locked = asks_for_default.then(|| self.bus.send(calls::get_default_locked()));
        let found = self.bus.send(calls::search_items(account));
        if let Some(session) = session {
            self.keep_session(session)?;
        }
        if let Some(locked) = locked
            && self.keep_default(locked)? != DefaultCollection::Open
        {
            return self.search(account);
        }
        let found = self.bus.wait(found)?;
        self.trace.log(|| {
            let (open, locked) = (found.unlocked.len(), found.locked.len());
            format!("the Secret Service finds {open} items, and {locked} locked ones")
        });
        Ok(found)
    }

    /// Checks that a collection is open.
    fn check_that_one_is_open(&mut self) -> Result<()> {
        let mut default = self.ask_for_default()?;
        // KWallet says that its collection is locked until it is asked to unlock it, even if the wallet is open. If it
        // is open, the prompt ends immediately and shows nothing.
        if default == DefaultCollection::Locked && program::is_wallet_open(&mut self.bus)? {
            default = self.unlock_default()?;
        }
        if default == DefaultCollection::Open {
            return Ok(());
        }
        let (count, locked) = self.collections()?;
        if count == 0 {
            return Err(self.no_collection());
        }
        if locked.len() == count {
            return Err(Unavailable::Locked(Lock::Keyring).into());
        }
        Ok(())
    }

    fn session(&mut self) -> Result<String> {
        if let Some(session) = &self.session {
            return Ok(session.clone());
        }
        let session = self.bus.send(calls::open_session());
        self.keep_session(session)
    }

    fn keep_session(&mut self, session: Pending<String>) -> Result<String> {
        let since = self.trace.clock();
        let session = self.bus.wait(session)?;
        self.session = Some(session.clone());
        // The next answers may hold a secret. It cannot be done earlier: some services look up which program asks, and
        // this prevents that.
        hardening::close_to_others();
        self.trace
            .log_since(since, || "a session with the Secret Service is open");
        Ok(session)
    }

    /// Reads those of the items that are ours, of one account or of all, and skips those that were removed meanwhile.
    /// The calls do not depend on each other, so they are sent in batches.
    fn items(
        &mut self,
        paths: &[String],
        account: Option<&Account>,
        content: Content,
    ) -> Result<Vec<Item>> {
        let session = match content {
            Content::Account => None,
            Content::AccountAndToken => Some(self.session()?),
        };
        let mut items = Vec::with_capacity(paths.len());
        for paths in paths.chunks(BATCH) {
            let mut sent = Vec::with_capacity(paths.len());
            for path in paths {
                let session = session.as_ref();
                let token = session.map(|session| self.bus.send(calls::get_token(path, session)));
                sent.push((path, token, self.bus.send(calls::get_account(path))));
            }
            for (path, token, name) in sent {
                let token = token.map(|token| self.bus.wait(token)).transpose();
                let name = unless_gone(self.bus.wait(name))?;
                let (Some(name), Some(token)) = (name, unless_gone(token)?) else {
                    continue;
                };
                let is_wanted = |name: &String| account.is_none_or(|a| a.as_str() == name);
                items.extend(name.filter(is_wanted).map(|account| Item {
                    path: path.clone(),
                    account,
                    token: token.flatten(),
                }));
            }
        }
        Ok(items)
    }

    fn ask_for_default(&mut self) -> Result<DefaultCollection> {
        if let Some(default) = self.default {
            return Ok(default);
        }
        let locked = self.bus.send(calls::get_default_locked());
        self.keep_default(locked)
    }

    /// What the answer says about the default collection. After an unexpected answer the collection counts as open: the
    /// next calls will show what is wrong.
    fn keep_default(&mut self, is_locked: Pending<bool>) -> Result<DefaultCollection> {
        let default = match self.bus.wait(is_locked) {
            Ok(true) => DefaultCollection::Locked,
            Ok(false) | Err(Failure::Refused(_) | Failure::Garbled) => DefaultCollection::Open,
            Err(Failure::Gone(_)) => DefaultCollection::Missing,
            Err(failure) => return Err(failure),
        };
        self.default = Some(default);
        Ok(default)
    }

    fn default_collection(&mut self) -> Result<String> {
        let collection = self.bus.call(calls::get_default_collection())?;
        if collection == calls::NO_OBJECT {
            return Err(self.no_collection());
        }
        Ok(collection)
    }

    fn no_collection(&mut self) -> Failure {
        match program::identify(&mut self.bus) {
            Ok(program) => Unavailable::NoKeyring(program.missing_collection()).into(),
            Err(failure) => failure,
        }
    }

    /// What is locked and has or may have an item of ours. None if no item can be locked.
    fn find_lock(&mut self, found: &Found) -> Result<Option<Lock>> {
        if let Some(lock) = self.lock_of(found)? {
            return Ok(Some(lock));
        }
        let (_, locked) = self.collections()?;
        let is_hidden =
            !locked.is_empty() && program::identify(&mut self.bus)?.hides_what_is_locked();
        Ok(is_hidden.then_some(Lock::Another))
    }

    /// What keeps items locked that a search found, or would find in the default collection.
    fn lock_of(&mut self, found: &Found) -> Result<Option<Lock>> {
        if self.default == Some(DefaultCollection::Locked) {
            return Ok(Some(Lock::Keyring));
        }
        let Some((collection, _)) = found.locked.first().and_then(|item| item.rsplit_once('/'))
        else {
            return Ok(None);
        };
        // An open collection with locked items: the service asks its user about each program.
        let is_locked = self.bus.call(calls::get_locked(collection))?;
        Ok(Some(if is_locked {
            Lock::Another
        } else {
            Lock::Confirmation
        }))
    }

    /// The number of collections, and those that are locked.
    fn collections(&mut self) -> Result<(usize, Vec<String>)> {
        let mut paths = self.bus.call(calls::get_collections())?;
        paths.truncate(BATCH);
        let count = paths.len();
        let ask = |path: String| (self.bus.send(calls::get_locked(&path)), path);
        let asked: Vec<_> = paths.into_iter().map(ask).collect();
        let mut locked = Vec::new();
        for (is_locked, path) in asked {
            if unless_refused(self.bus.wait(is_locked))? == Some(true) {
                locked.push(path);
            }
        }
        Ok((count, locked))
    }

    fn unlock_default(&mut self) -> Result<DefaultCollection> {
        let default = self.default_collection()?;
        self.unlock_objects(&[default])?;
        self.default = None;
        self.ask_for_default()
    }

    /// Unlocks objects, by a prompt if the service wants one.
    ///
    /// A session is open by then. oo7 looks up, when a client opens one, whether the client runs on a screen, and shows
    /// no window to a client without a session.
    fn unlock_objects(&mut self, objects: &[String]) -> Result<()> {
        self.session()?;
        let prompt = self.bus.call(calls::unlock(objects))?;
        self.confirm(&prompt)
    }

    /// Performs the prompt of a change, if the service wants one. KeePassXC wants one for each change, and shows nothing
    /// if there is nothing to confirm. The time that the prompt takes does not count against the limit of the service.
    fn confirm(&mut self, prompt: &str) -> Result<()> {
        if prompt == calls::NO_OBJECT {
            return Ok(());
        }
        let Some(limit) = self.prompt_limit else {
            return self.perform(prompt);
        };
        let start = Instant::now();
        let deadline = std::mem::replace(&mut self.bus.deadline, Deadline::after(limit));
        let result = self.perform(prompt);
        self.bus.deadline = Deadline {
            at: deadline.at + start.elapsed(),
            ..deadline
        };
        result
    }

    /// Shows a prompt, and waits for its end.
    fn perform(&mut self, prompt: &str) -> Result<()> {
        self.bus.call(calls::listen_to(prompt))?;
        let end = Event::EndOfPrompt(prompt.to_owned());
        let is_dismissed = self.bus.expect(end, calls::IS_DISMISSED);
        let shown = self.bus.call(calls::show_prompt(prompt));
        if unless_refused(shown)?.is_none() {
            // oo7 refuses a prompt that it has no window for.
            return Err(Unavailable::PromptDismissed.into());
        }
        match self.bus.wait(is_dismissed) {
            Ok(false) => Ok(()),
            // The prompt is left open. `Prompt.Dismiss` makes gnome-keyring 42 and 48 abort on an assertion while the
            // prompt is shown, and closes the window in no program. If the user answers later, the service does what
            // it was asked to do.
            Ok(true) | Err(Failure::Unavailable(Unavailable::Slow(_))) => {
                Err(Unavailable::PromptDismissed.into())
            }
            Err(failure) => Err(failure),
        }
    }
}

fn check_that_none_is_locked(lock: Option<Lock>) -> Result<()> {
    match lock {
        Some(lock) => Err(Unavailable::Locked(lock).into()),
        None => Ok(()),
    }
}

/// Makes the first calls. They show which process is the service, unless this starts it, and whether it may prompt its
/// user to unlock before it answers a search, as KeePassXC does.
///
/// gnome-keyring does not always know a client when its first call comes. Until it does, it fails if the client opens a
/// session, and aborts on an assertion if the client reads a property of a collection or an item (measured under load).
/// So its collections are asked for, and their answer is awaited, before any other call.
fn make_first_calls(bus: &mut Bus) -> Result<(Option<String>, bool)> {
    let collections = bus.send(calls::get_collections());
    let service = bus.send(calls::get_name_owner(calls::SERVICE));
    let keepassxc = bus.send(calls::get_name_owner(program::KEEPASSXC));
    // Only that there is an answer matters here. The collections are asked for again when they are needed.
    unless_refused(bus.wait(collections))?;
    let service = program::owner(bus, service)?;
    Ok((service, program::owner(bus, keepassxc)?.is_some()))
}
