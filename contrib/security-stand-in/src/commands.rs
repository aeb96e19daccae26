//! The commands of `security` that deal with generic passwords.

use super::keychain::{Item, Keychain, State};
use super::options::Options;
use super::output;
use super::{Status, terminal};

/// Which items a command uses.
struct Query {
    service: Option<String>,
    account: Option<String>,
}

impl Query {
    fn from_options(options: &Options) -> Query {
        Query {
            service: options.value('s').map(str::to_owned),
            account: options.value('a').map(str::to_owned),
        }
    }

    fn matches(&self, item: &Item) -> bool {
        let matches =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        matches(&self.service, &item.service) && matches(&self.account, &item.account)
    }

    /// The first item that matches. A search that fails finds nothing, and prints a line on stderr.
    fn first(&self, state: &State) -> Option<Item> {
        if !state.can_search {
            output::error(
                "SecKeychainSearchCreateFromAttributes: A Module Directory Service error has occurred.",
            );
            return None;
        }
        state.items.iter().find(|item| self.matches(item)).cloned()
    }
}

pub(crate) fn run(keychain: &Keychain, words: &[String]) -> Status {
    let Some((name, arguments)) = words.split_first() else {
        return Status::Done;
    };
    match name.as_str() {
        "find-generic-password" => find(keychain, arguments),
        "add-generic-password" => add(keychain, arguments),
        "delete-generic-password" => delete(keychain, arguments),
        "dump-keychain" => dump(keychain, arguments),
        "list-accounts-for-tests" => list_accounts(keychain, arguments),
        "unlock-keychain" => unlock(keychain, arguments),
        "show-keychain-info" => show_info(keychain),
        "lock-keychain" => {
            keychain.change(|state| state.is_locked = true);
            Status::Done
        }
        _ => {
            output::error(&format!("unknown command \"{name}\""));
            Status::Failed
        }
    }
}

fn find(keychain: &Keychain, arguments: &[String]) -> Status {
    let Some(options) = Options::read("a:s:l:D:G:j:c:C:wgh", arguments) else {
        return Status::Usage;
    };
    if !options.without_argument.is_empty() {
        return Status::Usage;
    }
    let Some(item) = Query::from_options(&options).first(&keychain.state()) else {
        output::failed_call("SecKeychainSearchCopyNext", Status::NOT_FOUND);
        return Status::NOT_FOUND;
    };
    if !options.has('w') && !options.has('g') {
        output::print(&output::attributes(&item));
        return Status::Done;
    }
    match keychain.decrypt(&item) {
        Ok(secret) => {
            output::print(&output::secret(&secret));
            Status::Done
        }
        // The real tool prints nothing here: the exit code is the whole answer.
        Err(status) => status,
    }
}

fn add(keychain: &Keychain, arguments: &[String]) -> Status {
    let Some(options) = Options::read("a:c:C:D:G:j:l:s:p:w:X:UAT:h", arguments) else {
        return Status::Usage;
    };
    let secret = match options.value('w').or_else(|| options.value('p')) {
        Some(secret) => secret.to_owned(),
        // Without its argument the option asks on the terminal, and does not read stdin.
        None if options
            .without_argument
            .iter()
            .any(|letter| "wp".contains(*letter)) =>
        {
            match terminal::password("password data for new item: ") {
                Some(secret) => secret,
                None => return Status::Failed,
            }
        }
        None if !options.without_argument.is_empty() => return Status::Usage,
        // Without either option the password is empty.
        None => String::new(),
    };
    let (Some(service), Some(account)) = (options.value('s'), options.value('a')) else {
        return Status::Usage;
    };
    let new = Item {
        label: options.value('l').map(str::to_owned),
        ..Item::created_by_the_tool(service, account, secret.as_bytes())
    };
    let changes_access = options.has('T') || options.has('A');
    if options.has('U') && update(keychain, &new, changes_access) == Status::Done {
        return Status::Done;
    }
    let created = create(keychain, &new);
    if created != Status::Done {
        output::failed_call("SecKeychainItemCreateFromContent (<default>)", created);
    }
    created
}

/// Stores new data in an existing item. Its application list stays; the partition becomes that of the writer.
fn update(keychain: &Keychain, new: &Item, changes_access: bool) -> Status {
    let query = Query {
        service: Some(new.service.clone()),
        account: Some(new.account.clone()),
    };
    let Some(item) = query.first(&keychain.state()) else {
        return Status::NOT_FOUND;
    };
    if let Err(status) = keychain.unlock_to_change(&item) {
        output::failed_call("SecKeychainItemModifyContent", status);
        return status;
    }
    keychain.change(|state| {
        if let Some(item) = state.items.iter_mut().find(|item| query.matches(item)) {
            item.secret.clone_from(&new.secret);
            item.partitions.clone_from(&new.partitions);
        }
    });
    if changes_access && let Err(status) = keychain.show_dialog("change access") {
        output::failed_call("SecKeychainItemSetAccess", status);
        return status;
    }
    Status::Done
}

fn create(keychain: &Keychain, new: &Item) -> Status {
    let state = keychain.state();
    if !state.has_default_keychain {
        // With a screen the system shows "Keychain Not Found".
        return match keychain.show_dialog("keychain not found") {
            Err(Status::NO_INTERACTION) | Ok(_) => Status::NO_DEFAULT_KEYCHAIN,
            Err(status) => status,
        };
    }
    if let Err(status) = keychain.unlock_if_locked() {
        return status;
    }
    keychain.change(|state| {
        let is_there = state.items.iter().any(|item| {
            (&item.keychain, &item.service, &item.account)
                == (&new.keychain, &new.service, &new.account)
        });
        if is_there {
            return Status::DUPLICATE;
        }
        state.items.push(new.clone());
        Status::Done
    })
}

fn delete(keychain: &Keychain, arguments: &[String]) -> Status {
    let Some(options) = Options::read("a:s:l:D:G:j:c:C:h", arguments) else {
        return Status::Usage;
    };
    let query = Query::from_options(&options);
    if query.service.is_none() && query.account.is_none() {
        return Status::Usage;
    }
    let Some(item) = query.first(&keychain.state()) else {
        output::failed_call("SecKeychainSearchCopyNext", Status::NOT_FOUND);
        return Status::NOT_FOUND;
    };
    output::print(&output::attributes(&item));
    let deleted = keychain.unlock_to_change(&item);
    if deleted.is_ok() {
        keychain.change(|state| {
            let index = state.items.iter().position(|item| query.matches(item));
            index.map(|index| state.items.remove(index))
        });
    }
    // The real tool prints this whether the item was deleted or not.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"password has been deleted.\n");
    deleted.err().unwrap_or(Status::Done)
}

/// Every item of every keychain; with `-a` the access lists too.
fn dump(keychain: &Keychain, arguments: &[String]) -> Status {
    let Some(options) = Options::read("adhir", arguments) else {
        return Status::Usage;
    };
    for item in keychain.state().items {
        output::print(&output::attributes(&item));
        if options.has('a') {
            output::print(&output::access(&item));
        }
        if options.has('d') {
            match keychain.decrypt(&item) {
                Ok(secret) => output::print(&format!("data:\n{}", output::secret(&secret))),
                Err(status) => output::failed_call("SecKeychainItemCopyAttributesAndData", status),
            }
        }
    }
    Status::Done
}

/// The accounts of a service. The real tool does not have this command: it is in place of the search of macOS, which a
/// program on another system cannot call.
fn list_accounts(keychain: &Keychain, services: &[String]) -> Status {
    for item in keychain.state().items {
        if services.contains(&item.service) {
            output::print(&format!("{}\n", item.account));
        }
    }
    Status::Done
}

fn unlock(keychain: &Keychain, arguments: &[String]) -> Status {
    let Some(options) = Options::read("hp:u", arguments) else {
        return Status::Usage;
    };
    let password = match options.value('p') {
        Some(password) => password.to_owned(),
        None => match terminal::password("password to unlock default: ") {
            Some(password) => password,
            None => return Status::NoPassword,
        },
    };
    let is_right = keychain.change(|state| {
        let is_right = password.as_bytes() == state.password;
        if is_right {
            state.is_locked = false;
        }
        is_right
    });
    if is_right {
        return Status::Done;
    }
    output::failed_call("SecKeychainUnlock <NULL>", Status::AUTH_FAILED);
    Status::AUTH_FAILED
}

/// The settings are in the encrypted part of the file, so the keychain has to be open.
fn show_info(keychain: &Keychain) -> Status {
    let opened = if keychain.state().has_default_keychain {
        keychain.unlock_if_locked()
    } else {
        Err(Status::NO_DEFAULT_KEYCHAIN)
    };
    match opened {
        Ok(()) => {
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                b"Keychain \"<NULL>\" no-timeout\n",
            );
            Status::Done
        }
        Err(status) => {
            output::failed_call("SecKeychainCopySettings <NULL>", status);
            status
        }
    }
}
