//! This program and others find the items of each other: there is one item, whichever program wrote it last.

use std::collections::HashMap;
use std::fs;
use std::thread;

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::token::Token;
use keyring_core::api::CredentialStoreApi;

use crate::session::Session;
use crate::{ANN, ann, token};

const FRESH: [&str; 3] = [
    "attribute.account = ann@example.com",
    "attribute.service = heroku-cli",
    "label = Heroku CLI",
];

#[test]
fn a_read_finds_the_item_of_its_account_or_none() {
    let session = Session::new();
    assert!(session.keyring().read(&ann()).unwrap().is_none());
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    assert_eq!(session.keyring().read(&ann()), Ok(Some(token(1))));
    let in_capitals = Account::parse("Ann@example.com").unwrap();
    assert!(session.keyring().read(&in_capitals).unwrap().is_none());
}

#[test]
fn the_cli_finds_the_item_that_we_store() {
    let session = Session::new();
    session.keyring().write(&ann(), &token(1)).unwrap();
    assert_eq!(session.the_cli_finds(ANN), token(1).expose());
    assert_eq!(session.items(), FRESH);
    session.the_cli_keeps("Heroku CLI", ANN, token(2).expose());
    assert_eq!(session.items(), FRESH, "the CLI replaces ours");
    assert_eq!(session.keyring().read(&ann()), Ok(Some(token(2))));
}

#[test]
fn an_existing_item_keeps_its_label_and_attributes() {
    let session = Session::new();
    let more = ["service", "heroku-cli", "account", ANN, "note", "mine"];
    let stored = session.output(
        "secret-tool",
        &[&["store", "--label=My own"], &more[..]].concat(),
        token(1).expose(),
    );
    assert!(stored.status.success());
    let before = session.items();
    assert_eq!(before.len(), 4);
    session.keyring().write(&ann(), &token(2)).unwrap();
    assert_eq!(session.items(), before);
    assert_eq!(session.the_cli_finds(ANN), token(2).expose());
}

/// The daemon adds `xdg:schema` when it reads its file back.
#[test]
fn after_the_next_login_there_is_still_one_item() {
    let mut session = Session::new();
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    session.restarts();
    let schema = "schema = org.freedesktop.Secret.Generic";
    assert!(session.printed_items().contains(schema));
    session.keyring().write(&ann(), &token(2)).unwrap();
    assert_eq!(session.the_cli_finds(ANN), token(2).expose());
    let accounts = session.items();
    let accounts = accounts.iter().filter(|line| line.contains("account"));
    assert_eq!(accounts.count(), 1);
}

fn keeps_a_duplicate(session: &Session, copy: u32, token: &Token) {
    let copy = copy.to_string();
    let more = ["service", "heroku-cli", "account", ANN, "copy", &copy];
    let stored = session.output(
        "secret-tool",
        &[&["store", "--label=Copy"], &more[..]].concat(),
        token.expose(),
    );
    assert!(stored.status.success());
}

#[test]
fn several_items_of_one_account_become_one() {
    let session = Session::new();
    (1..=3).for_each(|copy| keeps_a_duplicate(&session, copy, &token(copy)));
    let listing = session.keyring().read_all().unwrap();
    assert_eq!((listing.items.len(), listing.duplicates.len()), (1, 2));
    session.keyring().write(&ann(), &token(9)).unwrap();
    let listing = session.keyring().read_all().unwrap();
    assert_eq!((listing.items.len(), listing.duplicates.len()), (1, 0));
    assert_eq!(session.the_cli_finds(ANN), token(9).expose());
}

#[test]
fn a_removal_removes_every_item_with_the_token() {
    let session = Session::new();
    for (copy, number) in [(1, 2), (2, 1), (3, 2)] {
        keeps_a_duplicate(&session, copy, &token(number));
    }
    let keyring = session.keyring();
    let left = || keyring.read_all().unwrap().duplicates.len() + 1;
    keyring.remove(&ann(), &token(7)).unwrap();
    assert_eq!(left(), 3);
    keyring.remove(&ann(), &token(2)).unwrap();
    assert_eq!(left(), 1);
    keyring.remove(&ann(), &token(2)).unwrap();
    assert_eq!(session.the_cli_finds(ANN), token(1).expose());
    keyring.remove(&ann(), &token(1)).unwrap();
    assert_eq!(session.items(), [""; 0]);
}

#[test]
fn an_unusable_item_is_counted_and_kept() {
    let session = Session::new();
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    session.the_cli_keeps("Heroku CLI", "bob@example.com", "");
    session.the_cli_keeps(
        "Heroku CLI",
        "eve@example.com",
        "two\nlines of a secret that is long",
    );
    session.the_cli_keeps("Heroku CLI", "$(id)", token(2).expose());
    let listing = session.keyring().read_all().unwrap();
    let accounts: Vec<_> = listing
        .items
        .iter()
        .map(|item| item.account.as_str())
        .collect();
    assert_eq!(
        (accounts, listing.unusable, listing.duplicates.len()),
        (vec![ANN], 3, 0)
    );
    let bob = Account::parse("bob@example.com").unwrap();
    assert!(session.keyring().read(&bob).unwrap().is_none());
}

#[test]
fn twenty_writes_at_the_same_time_leave_one_item() {
    let session = Session::new();
    thread::scope(|scope| {
        for number in 0..20 {
            let session = &session;
            scope.spawn(move || {
                // Another writer's token may be there when it is read back.
                let _ = session.keyring().write(&ann(), &token(number));
            });
        }
    });
    let listing = session.keyring().read_all().unwrap();
    assert_eq!((listing.items.len(), listing.duplicates.len()), (1, 0));
    assert!((0..20).any(|number| listing.items[0].token == token(number)));
}

/// The stock store connects to the session of its process, so this one runs in a process of its
/// own: the test program again, with the session's variables.
#[test]
fn the_stock_store_and_ours_read_each_other() {
    let session = Session::new();
    session.keyring().write(&ann(), &token(1)).unwrap();
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "shared_items::stock_store", "--ignored"];
    session.run(program.to_str().unwrap(), &arguments);
    let seen = fs::read_to_string(session.dir.path().join("home/seen")).unwrap();
    assert_eq!(seen, token(1).expose());
    assert_eq!(session.keyring().read(&ann()), Ok(Some(token(2))));
    assert_eq!(session.items(), FRESH);
}

#[test]
#[ignore = "a part of the_stock_store_and_ours_read_each_other, which runs it"]
fn stock_store() {
    let store = zbus_secret_service_keyring_store::Store::new().unwrap();
    let wanted = HashMap::from([("service", "heroku-cli"), ("account", ANN)]);
    let found = store.search(&wanted).unwrap();
    assert_eq!(found.len(), 1);
    fs::write("seen", found[0].get_password().unwrap()).unwrap();
    found[0].set_password(token(2).expose()).unwrap();
}
