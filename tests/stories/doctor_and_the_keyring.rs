//! `doctor` on the keyring's items, and on `login.json`, which names the active account.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::doctor::{
    healthy, is_found, is_found_and_fixed, is_found_and_left_to_the_user, is_undone,
};
use crate::world::{ANN, BOB, World};

/// A second item, as another program would store it.
fn has_another_item(world: &World, account: &str, token: &str) {
    let line = format!("store --label=x service heroku-cli account {account} other {account}");
    world.secret_tool_with_input(&line, token).succeeds();
}

/// Logged in, with the item under another name.
fn with_the_item_under(name: &str) -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    world.stores_in_the_keyring(name, &token);
    world
}

#[test]
fn there_are_two_items_with_the_same_token() {
    let world = healthy();
    has_another_item(&world, ANN, &world.stored_in_the_keyring(ANN).unwrap());
    is_found_and_fixed(
        &world,
        "keyring.duplicates",
        "the keyring has 2 items for a…@example.com",
    );
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

/// The emails of the two accounts are the same in the report.
#[test]
fn the_duplicates_of_two_accounts_are_removed_in_one_run() {
    let world = healthy();
    let other = "amy@example.com";
    world.stores_in_the_keyring(other, &world.heroku.issue_token(other));
    for account in [ANN, other] {
        let token = world.stored_in_the_keyring(account).unwrap();
        has_another_item(&world, account, &token);
    }
    let outcome = world.helper("doctor --fix --yes --json").succeeds();
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(report["changes"].as_array().unwrap().len(), 2, "{report}");
    let shown = outcome.stdout() + &outcome.stderr();
    assert!(!shown.contains(ANN) && !shown.contains(other), "{shown}");
    let mut accounts = world.accounts_in_the_keyring();
    accounts.sort();
    assert_eq!(accounts, [other, ANN]);
}

#[test]
fn the_rejected_one_of_two_items_is_removed() {
    let world = healthy();
    let valid = world.stored_in_the_keyring(ANN).unwrap();
    let rejected = world.heroku.issue_token(ANN);
    world.heroku.revoke(&rejected);
    has_another_item(&world, ANN, &rejected);
    // Within one second the daemon decides which item is first. The valid one stays in any case.
    world.helper("doctor --fix --yes").succeeds();
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(valid));
    world.pushes();
}

#[test]
fn two_valid_tokens_of_one_account_are_left() {
    let world = healthy();
    has_another_item(&world, ANN, &world.heroku.issue_token(ANN));
    let found = is_found(&world, "keyring.duplicates", "the keyring has 2 items");
    assert_eq!(found["fixable"], false);
}

#[test]
fn a_token_without_an_account_is_found_and_status_names_its_account() {
    let world = with_the_item_under("heroku");
    let found = is_found(&world, "keyring.names", "is stored under heroku");
    assert_eq!(found["fixable"], false);
    world
        .helper("doctor")
        .says("git gets the token pasted at git's prompt from the keyring");
    world.helper("status").succeeds();
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

#[test]
fn a_pasted_token_does_not_replace_a_valid_one_of_its_account() {
    let world = healthy();
    world.stores_in_the_keyring("heroku", &world.heroku.issue_token(ANN));
    let words = "its account has another valid token";
    is_found_and_left_to_the_user(&world, "keyring.names", words);
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

#[test]
fn a_rejected_token_without_an_account_is_removed_by_the_user() {
    let world = healthy();
    let token = world.heroku.issue_token(BOB);
    world.heroku.revoke(&token);
    world.stores_in_the_keyring("heroku", &token);
    is_found_and_left_to_the_user(&world, "keyring.names", "Heroku rejects this token");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

#[test]
fn a_locked_keyring_is_not_an_empty_one() {
    let world = healthy();
    world.keyring().locks();
    let found = is_found(&world, "keyring.access", "the keyring is locked");
    assert_eq!(found["severity"], "fail");
    assert!(
        found["fix"].to_string().contains("status --unlock"),
        "{found}"
    );
    world.helper("doctor --fix --yes").exits_with(1);
    world.keyring().restarts();
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn no_keyring_and_no_other_source_is_reported() {
    let world = World::new().with_app("blue-sky");
    world.helper("setup").succeeds();
    is_found(&world, "keyring.access", "no keyring: no D-Bus session");
    is_found(&world, "push.credential", "git gets no token");
}

#[test]
fn the_heroku_cli_has_removed_login_json() {
    let world = healthy();
    fs::remove_file(world.login_json()).unwrap();
    let said = is_found_and_fixed(&world, "login.json", "the Heroku CLI sees no login");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    is_undone(&world, &said, "login.json");
}

#[test]
fn login_json_is_not_json() {
    let world = healthy();
    world.has_file(world.login_json(), "{");
    is_found_and_fixed(&world, "login.json", "login.json names no account");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn doctor_never_chooses_another_account() {
    let world = healthy();
    world.has_active_account(BOB);
    let words = "git gets no token: not logged in to Heroku as b…@example.com";
    let found = is_found(&world, "push.credential", words);
    assert_eq!(found["fixable"], false);
    world.helper("doctor --fix --yes").exits_with(1);
    assert_eq!(world.active_account().as_deref(), Some(BOB));
}

#[test]
fn with_two_accounts_none_is_made_active() {
    let world = healthy();
    world.stores_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    fs::remove_file(world.login_json()).unwrap();
    let found = is_found(
        &world,
        "push.credential",
        "several Heroku accounts are logged in and none is active",
    );
    assert_eq!(
        (&found["fixable"], &found["severity"]),
        (&false.into(), &"fail".into())
    );
}

#[test]
fn beside_a_pasted_token_no_account_is_made_active() {
    let world = healthy();
    world.stores_in_the_keyring("heroku", &world.heroku.issue_token(ANN));
    fs::remove_file(world.login_json()).unwrap();
    world.helper("doctor --fix --yes").succeeds();
    assert_eq!(world.active_account(), None);
}

#[test]
fn other_users_can_write_login_json() {
    let world = healthy();
    let file = world.login_json();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let said = is_found_and_fixed(
        &world,
        "login.permissions",
        "other users can write to ~/.local/share/heroku/login.json",
    );
    is_undone(&world, &said, "login.permissions");
}

#[test]
fn other_users_can_write_what_is_known_about_tokens() {
    let world = healthy();
    world.helper("status").succeeds();
    let file = ".local/state/git-credential-heroku-rs/authorizations.json";
    let mode = fs::Permissions::from_mode(0o666);
    fs::set_permissions(world.home().join(file), mode).unwrap();
    let words = format!("other users can write to ~/{file}");
    let said = is_found_and_fixed(&world, "login.permissions", &words);
    is_undone(&world, &said, "login.permissions");
}
