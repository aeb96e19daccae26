//! `doctor` on netrc, which git reads before it asks any helper.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::doctor::{finding, fix_leaves, healthy, is_found, is_found_and_fixed, is_undone};
use crate::world::{ANN, BOB, World};

const OTHERS: &str = "machine x.example login me password \"a b\" # mine\n";

fn entry(host: &str, email: &str, token: &str) -> String {
    format!("machine {host}\n  login {email}\n  password {token}\n")
}

fn entries(email: &str, token: &str) -> String {
    entry("api.heroku.com", email, token) + &entry("git.heroku.com", email, token)
}

/// Whether git, through curl, reads quotes in netrc. Before 7.84, as in Ubuntu 22.04, they are part of the password.
pub(crate) fn git_reads_quotes() -> bool {
    curl_version() >= (7, 84)
}

/// Whether git, through curl, reads the file in `NETRC`.
pub(crate) fn git_reads_netrc_variable() -> bool {
    curl_version() >= (8, 16)
}

fn curl_version() -> (u32, u32) {
    let output = Command::new("curl").arg("--version").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let version = printed.split(' ').nth(1).unwrap();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

fn netrc_text(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap()
}

/// No keyring: the token is in netrc, with these entries.
fn with_login_in_netrc(entries: impl Fn(&str) -> String) -> World {
    let world = World::new().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(&token));
    world
}

fn has_the_mode(world: &World, mode: u32) {
    let path = world.home().join(".netrc");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Doctor finds the problem and does not change netrc.
fn is_found_and_left(world: &World, id: &str, words: &str) {
    let before = netrc_text(world);
    let found = is_found(world, id, words);
    assert_eq!(found["fixable"], false, "{id}");
    fix_leaves(world, &found);
    assert_eq!(netrc_text(world), before);
}

#[test]
fn a_token_beside_the_keyring_is_found_and_import_moves_it() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&(OTHERS.to_owned() + &entries(ANN, &token)));
    let words = "netrc lines 2, 5: git sends this token before it asks any helper";
    is_found_and_left(&world, "netrc.entries", words);
    world
        .helper("netrc import --yes")
        .succeeds()
        .says("this replaced another token of ann@example.com, which may still be valid\n");
    assert_eq!(netrc_text(&world), OTHERS);
    assert_eq!(finding(&world, "netrc.entries"), None);
}

/// An import would make its account the active one.
#[test]
fn a_copy_of_a_token_in_the_keyring_is_found_and_clean_removes_it() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.has_netrc(&(OTHERS.to_owned() + &entries(ANN, &token)));
    world
        .helper("doctor")
        .succeeds()
        .says("this is the token of a…@example.com\n")
        .says("remove the copy: git credential-heroku-rs netrc clean\n");
    world.helper("netrc clean").succeeds();
    assert_eq!(netrc_text(&world), OTHERS);
    assert_eq!(finding(&world, "netrc.entries"), None);
}

/// git sends it, even if this program does not trust the file.
#[test]
fn a_token_of_another_account_in_netrc_is_what_git_sends() {
    let world = healthy();
    world.has_netrc(&entry(
        "git.heroku.com",
        BOB,
        &world.heroku.issue_token(BOB),
    ));
    for mode in [0o600, 0o666] {
        has_the_mode(&world, mode);
        let words = "git gets a valid token of b…@example.com from netrc, and asks no helper";
        is_found(&world, "push.credential", words);
    }
}

#[test]
fn a_rejected_token_in_netrc_is_found_and_clean_removes_it() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    world.has_netrc(&entries(ANN, &token));
    is_found_and_left(&world, "netrc.entries", "Heroku rejects this token");
    world.helper("netrc clean").succeeds();
    assert_eq!(finding(&world, "netrc.entries"), None);
}

#[test]
fn an_entry_only_for_the_api_is_reported_as_unused() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.has_netrc(&entry("api.heroku.com", ANN, &token));
    is_found_and_left(
        &world,
        "netrc.entries",
        "netrc line 1: a token is stored in plain text",
    );
}

#[test]
fn other_users_can_read_netrc() {
    let world = with_login_in_netrc(|token| entries(ANN, token));
    has_the_mode(&world, 0o644);
    let said = is_found_and_fixed(&world, "login.permissions", "other users can read ~/.netrc");
    assert!(said.contains("undo: chmod 644 ~/.netrc"), "{said}");
    is_undone(&world, &said, "login.permissions");
}

#[test]
fn other_users_can_write_netrc() {
    let world = with_login_in_netrc(|token| entries(ANN, token));
    has_the_mode(&world, 0o666);
    is_found_and_fixed(
        &world,
        "login.permissions",
        "can change the account that you push with",
    );
}

#[test]
fn entries_that_programs_read_differently_are_found() {
    let world = with_login_in_netrc(|token| {
        OTHERS.to_owned() + &entries(ANN, token) + &entry("git.heroku.com", ANN, token)
    });
    is_found_and_left(
        &world,
        "netrc.entries",
        "netrc lines 2, 5, 8: several entries",
    );
    let world = with_login_in_netrc(|token| entry("git.heroku.com", ANN, token));
    is_found_and_left(
        &world,
        "netrc.entries",
        "netrc line 1: no entry is for api.heroku.com",
    );
}

#[test]
fn git_and_the_heroku_cli_use_different_tokens() {
    let world = World::new().with_app("blue-sky");
    world.helper("setup").succeeds();
    let (one, other) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.has_netrc(&(entry("git.heroku.com", ANN, &one) + &entry("api.heroku.com", ANN, &other)));
    let words = "netrc lines 1, 4: git and the Heroku CLI use different tokens";
    let found = is_found(&world, "netrc.entries", words);
    assert_eq!(
        found["fixable"], false,
        "the user decides between two valid tokens"
    );
}

#[test]
fn without_a_keyring_netrc_is_not_imported_even_beside_an_api_key() {
    let world = with_login_in_netrc(|token| {
        entry("git.heroku.com", ANN, token) + &entry("api.heroku.com", ANN, token)
    });
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    assert_eq!(finding(&world, "netrc.entries"), None);
}

#[test]
fn a_quote_that_is_not_closed_stops_git() {
    let world = healthy();
    world.has_netrc("machine x.example login me password \"open\n");
    if git_reads_quotes() {
        world.git("push heroku main").fails().says("netrc");
    }
    let found = is_found(
        &world,
        "netrc.entries",
        "line 1: a quote is not closed on its line",
    );
    assert_eq!(found["severity"], "fail");
    assert_eq!(found["fixable"], false, "it is another program's password");
    assert!(!found.to_string().contains("open\\n"), "{found}");
}

/// All programs read this line alike, so its password is the problem.
#[test]
fn git_sends_a_password_that_is_not_a_token() {
    let world = healthy();
    world.has_netrc(&entry("git.heroku.com", ANN, "hunter2"));
    let words = "line 1: the password is not a Heroku token";
    let found = is_found(&world, "netrc.entries", words);
    let details = "git sends the password of an entry for git.heroku.com before it asks any helper";
    assert_eq!(found["details"], details);
    assert_eq!(found["command"], "${EDITOR:-vi} +1 ~/.netrc");
    let other = world.home().join("other-netrc");
    fs::rename(world.home().join(".netrc"), &other).unwrap();
    world.sets("NETRC", other.to_str().unwrap());
    let found = is_found(&world, "netrc.entries", words);
    assert_eq!(found["command"], "${EDITOR:-vi} +1 \"$NETRC\"");
}

#[test]
fn without_a_keyring_a_token_in_netrc_is_not_a_problem() {
    let world = with_login_in_netrc(|token| entries(ANN, token));
    for id in ["netrc.entries", "keyring.access"] {
        assert_eq!(finding(&world, id), None);
    }
}
