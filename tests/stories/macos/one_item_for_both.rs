//! One login for git and for the Heroku CLI, and no dialog in either direction.

use std::fs;

use super::mac::{
    dialogs, heroku_cli, heroku_cli_reads, heroku_cli_saves, items, keychain, mac, mac_of_ann,
    no_argument_held_a_token,
};
use crate::world::{ANN, BOB, REQUEST, Version, World, heroku_line};

fn serves(world: &World, account: &str, token: &str) {
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(token)
        .stdout_is(&format!("username={account}\npassword={token}\n\n"))
        .stderr_is("");
}

/// One item, which only `security` may read, and which caused no prompt.
fn is_one_silent_item(world: &World, token: &str) {
    let items = items(world);
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].partitions, ["apple-tool:"]);
    assert_eq!(items[0].applications, ["/usr/bin/security"]);
    assert_eq!(
        heroku_cli_reads(world, &items[0].account).as_deref(),
        Some(token)
    );
    assert_eq!(dialogs(world), Vec::<String>::new());
    no_argument_held_a_token(world);
}

#[test]
fn a_login_of_the_heroku_cli_is_used() {
    let (world, token) = mac_of_ann();
    serves(&world, ANN, &token);
    is_one_silent_item(&world, &token);
}

#[test]
fn the_heroku_cli_reads_the_token_that_login_stores() {
    let (world, _) = mac_of_ann();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    is_one_silent_item(&world, &token);
    serves(&world, ANN, &token);
}

#[test]
fn the_heroku_cli_reads_a_token_typed_at_gits_prompt() {
    let world = mac();
    let token = world.heroku.issue_token(ANN);
    let stored = format!("{REQUEST}username={ANN}\npassword={token}\nstate[]=heroku-rs:asked\n");
    world.helper_with_input("store", stored).succeeds();
    is_one_silent_item(&world, &token);
}

#[test]
fn the_heroku_cli_reads_the_token_that_rotate_stores() {
    let (world, old) = mac_of_ann();
    world.helper("rotate").succeeds();
    let token = heroku_cli_reads(&world, ANN).unwrap();
    assert_ne!(token, old);
    is_one_silent_item(&world, &token);
}

#[test]
fn an_existing_item_is_updated_and_not_duplicated() {
    let world = mac();
    for _ in 0..3 {
        let token = world.heroku.issue_token(ANN);
        heroku_cli_saves(&world, ANN, &token);
        let token = world.heroku.issue_token(ANN);
        world.logs_in_with(&token);
        is_one_silent_item(&world, &token);
    }
}

/// macOS knows an unsigned program by its hash, which each build changes.
#[test]
fn another_build_of_ours_reads_the_same_item() {
    let world = mac();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    let mut program = fs::read(world.tested_program()).unwrap();
    program.extend_from_slice(b"another build");
    let other = world.bin().join("git-credential-other");
    fs::copy(world.tested_program(), &other).unwrap();
    fs::write(&other, program).unwrap();
    world
        .shell("git-credential-other get", REQUEST.as_bytes())
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"));
    assert_eq!(dialogs(&world), Vec::<String>::new());
}

#[test]
fn a_logout_removes_the_item_for_both_programs() {
    let (world, _) = mac_of_ann();
    world.helper("logout").succeeds();
    assert_eq!(items(&world), []);
    // The Heroku CLI's own line.
    let find = format!("security find-generic-password -a \"{ANN}\" -s \"heroku-cli\" -w");
    world.shell(&find, b"").exits_with(44);
    assert_eq!(world.active_account(), None);
}

#[test]
fn a_logout_removes_the_account_from_other_keychains() {
    let (world, _) = mac_of_ann();
    keychain(&world).change(|state| {
        let mut second = state.items[0].clone();
        second.keychain = "second.keychain-db".to_owned();
        state.items.push(second);
    });
    world.helper("logout").succeeds();
    assert_eq!(items(&world), []);
}

#[test]
fn an_item_that_the_heroku_cli_removes_is_removed_for_both() {
    let (world, _) = mac_of_ann();
    heroku_cli(&world, &format!("remove {ANN}"), "").succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n");
    world.helper("status --offline").exits_with(4);
}

#[test]
fn both_list_the_same_accounts() {
    let (world, _) = mac_of_ann();
    heroku_cli_saves(&world, BOB, &world.heroku.issue_token(BOB));
    heroku_cli(&world, "list", "")
        .succeeds()
        .stdout_is(&format!("{ANN} {BOB}"));
    world
        .helper("status --offline")
        .succeeds()
        .says(ANN)
        .says(BOB);
    assert_eq!(dialogs(&world), Vec::<String>::new());
}

/// The whole Heroku CLI: a read of the keychain that fails would cost it `login.json`.
#[test]
fn the_heroku_cli_stays_logged_in_after_our_login() {
    let (world, _) = mac_of_ann();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    let on_a_mac = "Object.defineProperty(process, 'platform', {value: 'darwin'})";
    let script = world.has_file("mac.cjs", on_a_mac);
    world.sets("NODE_OPTIONS", &format!("--require {}", script.display()));
    world
        .shell(&heroku_line(Version::Current, "auth:token"), b"")
        .succeeds()
        .prints_secret(&token);
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert_eq!(dialogs(&world), Vec::<String>::new());
}

#[test]
fn a_push_after_a_login_of_the_heroku_cli_needs_no_prompt() {
    let (world, token) = mac_of_ann();
    world.helper("setup").succeeds();
    world
        .shell(
            "git credential fill",
            b"protocol=https\nhost=git.heroku.com\n\n",
        )
        .succeeds()
        .prints_secret(&token)
        .says(&format!("password={token}"));
    assert_eq!(dialogs(&world), Vec::<String>::new());
}
