//! `doctor` on netrc, which git reads before it asks any helper.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::doctor::{finding, healthy, is_found, is_found_and_mended, is_undone};
use crate::world::{ANN, World};

const OTHERS: &str = "machine x.example login me password \"a b\" # mine\n";

fn entry(host: &str, email: &str, token: &str) -> String {
    format!("machine {host}\n  login {email}\n  password {token}\n")
}

fn entries(email: &str, token: &str) -> String {
    entry("api.heroku.com", email, token) + &entry("git.heroku.com", email, token)
}

fn text(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap()
}

/// No keyring: the token lives in netrc, in this form.
fn on_netrc(entries: impl Fn(&str) -> String) -> World {
    let world = World::new().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(&token));
    world
}

fn has_the_rights(world: &World, mode: u32) {
    let path = world.home().join(".netrc");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_copy_of_the_token_is_sent_before_the_helper_is_asked() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    world.has_netrc(&(OTHERS.to_owned() + &entries(ANN, &token)));
    let words = "lines 2, 5: git sends this token before it asks any helper";
    let said = is_found_and_mended(&world, "netrc.first", words);
    assert_eq!(text(&world), OTHERS);
    is_undone(&world, &said, "netrc.first");
    assert!(text(&world).starts_with(OTHERS) && text(&world).contains(&token));
}

#[test]
fn another_good_token_of_the_same_account_goes_before_the_keyrings() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(ANN, &token));
    is_found_and_mended(
        &world,
        "netrc.first",
        "the keyring has another one of a…@example.com",
    );
    assert_eq!(text(&world), "");
}

#[test]
fn a_login_from_before_the_keyring_is_moved_there() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(ANN, &token));
    is_found_and_mended(
        &world,
        "netrc.first",
        "goes to the keyring as the login of a…@example.com",
    );
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
    assert_eq!(text(&world), "");
}

#[test]
fn a_good_token_is_worth_more_than_the_keyrings_dead_one() {
    let world = healthy();
    world
        .heroku
        .revoke(&world.kept_in_the_keyring(ANN).unwrap());
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(ANN, &token));
    is_found_and_mended(&world, "netrc.first", "goes to the keyring");
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_dead_token_costs_each_push_a_round_trip() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    world.has_netrc(&entries(ANN, &token));
    is_found_and_mended(&world, "netrc.first", "costs each push a round trip");
    assert_eq!(text(&world), "");
}

#[test]
fn an_entry_for_the_api_alone_is_a_leftover() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    world.has_netrc(&entry("api.heroku.com", ANN, &token));
    is_found_and_mended(
        &world,
        "netrc.leftover",
        "line 1: a token lies there in plain text",
    );
}

#[test]
fn while_heroku_cannot_say_netrc_stays() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(ANN, &token));
    world.api_answers(503);
    assert_eq!(
        is_found(&world, "netrc.first", "it stays")["fixable"],
        false
    );
    world.helper("doctor --fix --yes").succeeds();
    assert_eq!(text(&world), entries(ANN, &token));
}

#[test]
fn others_can_read_it() {
    let world = on_netrc(|token| entries(ANN, token));
    has_the_rights(&world, 0o644);
    let said = is_found_and_mended(&world, "netrc.rights", "others can read it");
    assert!(said.contains("undo:  chmod 644 ~/.netrc"), "{said}");
    is_undone(&world, &said, "netrc.rights");
}

#[test]
fn others_can_write_it() {
    let world = on_netrc(|token| entries(ANN, token));
    has_the_rights(&world, 0o666);
    is_found_and_mended(
        &world,
        "netrc.rights",
        "whoever can write it decides in whose name you push",
    );
}

#[test]
fn there_are_two_entries_for_one_host() {
    let world = on_netrc(|token| {
        OTHERS.to_owned() + &entries(ANN, token) + &entry("git.heroku.com", ANN, token)
    });
    is_found_and_mended(
        &world,
        "netrc.duplicates",
        "lines 2, 5, 8: there are several entries",
    );
    assert_eq!(text(&world).matches("git.heroku.com").count(), 1);
    assert!(text(&world).starts_with(OTHERS));
}

#[test]
fn the_heroku_cli_sees_no_login_since_the_apis_entry_is_missing() {
    let world = on_netrc(|token| entry("git.heroku.com", ANN, token));
    is_found_and_mended(&world, "netrc.half", "there is no entry for api.heroku.com");
    assert!(text(&world).contains("api.heroku.com"));
}

#[test]
fn git_and_the_heroku_cli_take_different_tokens() {
    let world = World::new().with_app("blue-sky");
    world.helper("setup").succeeds();
    let (one, other) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.has_netrc(&(entry("git.heroku.com", ANN, &one) + &entry("api.heroku.com", ANN, &other)));
    let found = is_found(&world, "netrc.two-tokens", "lines 1, 4");
    assert_eq!(
        found["fixable"], false,
        "nobody decides between two good tokens"
    );
}

#[test]
fn a_quote_that_is_never_closed_stops_git_before_it_asks_anybody() {
    let world = healthy();
    world.has_netrc("machine x.example login me password \"open\n");
    world.git("push heroku main").fails().says("netrc");
    let found = is_found(
        &world,
        "netrc.doubt",
        "line 1: a quote is not closed on its line",
    );
    assert_eq!(found["severity"], "fail");
    assert_eq!(found["fixable"], false, "it is another program's password");
    assert!(!found.to_string().contains("open\\n"), "{found}");
}

#[test]
fn a_default_entry_is_sent_to_heroku_too() {
    let world = healthy();
    world.has_netrc("default login me password sesame-open\n");
    let found = is_found(
        &world,
        "netrc.default",
        "line 1: git sends the password of the `default` entry",
    );
    assert!(!found.to_string().contains("sesame"), "{found}");
}

#[test]
fn without_a_keyring_netrc_is_where_the_token_belongs() {
    let world = on_netrc(|token| entries(ANN, token));
    for id in ["netrc.first", "netrc.leftover", "keyring.open"] {
        assert_eq!(finding(&world, id), None);
    }
}
