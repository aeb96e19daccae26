//! A keyring program or a bus that returns too much, hides items or sends data without end.

use crate::world::{ANN, BOB, Quirk, REQUEST, World};

fn logged_in(quirk: Quirk) -> (World, String) {
    let world = World::new().with_a_fake_secret_service();
    world.secret_service().has_quirks(&[quirk]);
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.has_active_account(ANN);
    (world, token)
}

fn secrets(world: &World) -> Vec<String> {
    let items = world.secret_service().items().into_iter();
    items.map(|(_, secret)| secret).collect()
}

/// Another program's secret is neither served nor overwritten nor removed.
#[test]
fn other_items_found_by_a_loose_search_are_ignored() {
    let world = World::new().with_a_fake_secret_service();
    let service = world.secret_service();
    service.has_quirks(&[Quirk::SearchesLoosely]);
    let of_another = world.heroku.issue_token(BOB);
    let attributes = [("service", "other"), ("account", ANN)];
    service.has_item_with(&attributes, &of_another);
    service.has_item(BOB, &of_another);
    world.has_active_account(ANN);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .says("not logged in to Heroku as ann@example.com");
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    let all = [of_another.as_str(), of_another.as_str(), token.as_str()];
    assert_eq!(secrets(&world), all);
    world.helper(&format!("logout {ANN}")).succeeds();
    assert_eq!(secrets(&world), all[..2]);
}

#[test]
fn an_item_that_another_keyring_may_hide_is_not_absent() {
    let (world, token) = logged_in(Quirk::HasAnotherLocked);
    let get = world.helper_with_input("get", REQUEST).succeeds();
    get.prints_secret(&token).stderr_is("");
    world
        .helper_with_input("get", format!("{REQUEST}username={BOB}\n"))
        .succeeds()
        .stdout_is("username=bob@example.com\n\n")
        .says("a part of the keyring is locked");
    world
        .helper("logout --all --keep")
        .exits_with(1)
        .says("other accounts may still be logged in: a part of the keyring is locked");
    assert_eq!(secrets(&world), [""; 0]);
}

/// Signals that were not requested are neither kept nor read without a limit.
#[test]
fn a_flood_of_signals_is_an_error_and_takes_little_memory() {
    const MOST_KIB: u64 = 64 * 1024;
    let (world, token) = logged_in(Quirk::Floods);
    let in_netrc = world.heroku.issue_token(ANN);
    let netrc = format!("machine git.heroku.com login {ANN} password {in_netrc}\n");
    world.has_netrc(&netrc);
    let (said, peak) = world.peak_memory_of("status", &["--offline"]);
    let why = "the D-Bus session sent too much data";
    assert!(said.contains(why), "{said}");
    assert!(peak < MOST_KIB, "{peak} KiB");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&in_netrc)
        .says(why);
    assert_eq!(secrets(&world), [token]);
}

/// One process asks over one connection.
#[test]
fn each_command_opens_one_connection() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    let token = world.heroku.issue_token(ANN);
    let store = format!("{REQUEST}username={ANN}\npassword={token}\n");
    for (command, input) in [
        ("store", store.as_str()),
        ("status", ""),
        ("rotate", ""),
        ("logout", ""),
    ] {
        let (outcome, trace) = world.traced(&format!("git-credential-heroku-rs {command}"), input);
        drop(outcome.succeeds().stdout());
        let connects = trace.calls(&["connect"]);
        let to_a_bus = connects.iter().filter(|call| call.contains("/run/bus"));
        assert_eq!(to_a_bus.count(), 1, "{command}: {connects:?}");
    }
}
