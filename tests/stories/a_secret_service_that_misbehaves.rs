//! A keyring program that hangs, exits or sends invalid replies: one warning, in time, and nothing is lost.

use std::fs;
use std::time::Duration;

use crate::world::{ANN, Behaviour, BusConnection, REQUEST, World};

/// The time limit of one session, and the time that a busy machine may take in addition.
const LIMIT: &str = "0.5";
const GENEROUS: Duration = Duration::from_secs(10);

const SLOW: &str = "the keyring did not answer within 0.5 s";
const EXITED: &str = "the keyring program exited before it answered";
const GARBLED: &str = "the keyring sent an invalid reply";
const HUNG_UP: &str = "the D-Bus session closed the connection before it answered";
const NOT_OURS: &str = "the D-Bus session belongs to another user";
const ERROR: &str = "the keyring reported the error org.example.Error.Odd";

const WAIT: &str = "wait longer: HEROKU_RS_TIMEOUT=10, or set HEROKU_API_KEY";
const RESTART: &str = "try again, or set HEROKU_API_KEY";

/// A store with a lost key can find its items, and not read them.
#[test]
fn a_login_replaces_an_item_that_the_keyring_cannot_read() {
    let world = World::new().with_a_fake_secret_service();
    let (old, new) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.secret_service().has_item(ANN, &old);
    world
        .secret_service()
        .sets_behaviour(&["GetSecret"], Behaviour::Error);
    let _ = world.helper_with_input("login --with-token", &new);
    assert!(
        world
            .secret_service()
            .received_calls()
            .contains(&"SetSecret".to_owned())
    );
}

/// A login in the keyring, and an older one in netrc to fall back to.
struct Scene {
    world: World,
    in_the_keyring: String,
    in_netrc: String,
    netrc: String,
}

fn scene() -> Scene {
    let world = World::new().with_a_fake_secret_service();
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.has_active_account(ANN);
    let in_netrc = world.heroku.issue_token(ANN);
    let netrc = format!("machine git.heroku.com login {ANN} password {in_netrc}\n");
    world.has_netrc(&netrc);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    Scene {
        world,
        in_the_keyring: token,
        in_netrc,
        netrc,
    }
}

impl Scene {
    /// `get` serves netrc in time, with one warning.
    fn falls_back_to_netrc(&self, what: &str, fix: &str) {
        let world = &self.world;
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .ends_within(GENEROUS)
            .prints_secret(&self.in_netrc)
            .stdout_is(&format!("username={ANN}\npassword={}\n\n", self.in_netrc))
            .stderr_is(&format!(
                "heroku-rs: {what}; using the token from netrc\n  {fix}\n"
            ));
    }

    /// Nothing was deleted, and nothing written anywhere.
    fn nothing_was_changed(&self) {
        let world = &self.world;
        let asked = world.secret_service().received_calls();
        assert!(asked.contains(&"Collections".to_owned()), "{asked:?}");
        for write in ["CreateItem", "SetSecret", "Delete", "Unlock"] {
            assert!(!asked.contains(&write.to_owned()), "{asked:?}");
        }
        let netrc = fs::read_to_string(world.home().join(".netrc")).unwrap();
        assert_eq!(netrc, self.netrc);
        assert_eq!(world.active_account().as_deref(), Some(ANN));
        assert_eq!(world.requests_to_the_api(), 0);
    }
}

/// The calls of a `get`, in their order.
const CALLS: [&str; 5] = [
    "Collections",
    "OpenSession",
    "SearchItems",
    "GetSecret",
    "Attributes",
];

#[test]
fn a_service_that_stops_replying_at_any_call_times_out() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", LIMIT);
    for call in CALLS {
        scene
            .world
            .secret_service()
            .sets_behaviour(&[call], Behaviour::NeverReplies);
        scene.falls_back_to_netrc(SLOW, WAIT);
    }
    scene.nothing_was_changed();
}

#[test]
fn a_service_that_is_slow_at_every_call_times_out() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", LIMIT);
    let late = Behaviour::Late(Duration::from_millis(200));
    scene.world.secret_service().sets_behaviour(&CALLS, late);
    scene.falls_back_to_netrc(SLOW, WAIT);
    scene.nothing_was_changed();
}

#[test]
fn a_service_that_exits_during_a_call_is_reported() {
    let scene = scene();
    for call in CALLS {
        scene
            .world
            .secret_service()
            .sets_behaviour(&[call], Behaviour::Disconnects);
        scene.falls_back_to_netrc(EXITED, RESTART);
        scene.world.secret_service().starts();
    }
    scene.nothing_was_changed();
}

#[test]
fn a_service_that_exits_between_two_calls_is_absent() {
    let scene = scene();
    for call in ["Collections", "SearchItems"] {
        let service = scene.world.secret_service();
        service.sets_behaviour(&[call], Behaviour::RepliesAndDisconnects);
        // As on a machine without a keyring, netrc is used without a message.
        scene
            .world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&scene.in_netrc)
            .stderr_is("");
        service.starts();
    }
    scene.nothing_was_changed();
}

#[test]
fn an_invalid_reply_is_an_error() {
    let scene = scene();
    for call in &CALLS[1..] {
        for behaviour in [Behaviour::WrongType, Behaviour::Nested, Behaviour::Huge] {
            scene
                .world
                .secret_service()
                .sets_behaviour(&[call], behaviour);
            scene.falls_back_to_netrc(GARBLED, RESTART);
        }
        scene
            .world
            .secret_service()
            .sets_behaviour(&[call], Behaviour::Error);
        scene.falls_back_to_netrc(ERROR, RESTART);
    }
    scene.nothing_was_changed();
}

/// If a service does not say whether it is locked, its search results show it.
#[test]
fn an_invalid_reply_about_the_lock_is_ignored() {
    let scene = scene();
    for behaviour in [Behaviour::WrongType, Behaviour::Nested, Behaviour::Error] {
        let service = scene.world.secret_service();
        service.sets_behaviour(&["Locked"], behaviour);
        scene
            .world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&scene.in_the_keyring)
            .stderr_is("");
    }
    scene.nothing_was_changed();
}

/// gnome-keyring's answer for an item that another program removed between the search and this call.
#[test]
fn an_item_that_was_just_removed_is_absent() {
    let scene = scene();
    let world = &scene.world;
    world
        .secret_service()
        .sets_behaviour(&["GetSecret"], Behaviour::UnknownMethod);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&scene.in_netrc)
        .stderr_is("");
    scene.nothing_was_changed();
}

#[test]
fn a_service_without_a_method_is_not_an_empty_one() {
    let scene = scene();
    let service = scene.world.secret_service();
    service.sets_behaviour(&["SearchItems"], Behaviour::UnknownMethod);
    scene.falls_back_to_netrc(
        "the keyring reported the error org.freedesktop.DBus.Error.UnknownMethod",
        RESTART,
    );
}

#[test]
fn a_slow_connection_times_out() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", LIMIT);
    let pause = Duration::from_millis(10);
    scene
        .world
        .connects_to_the_bus_over(BusConnection::Slow(pause));
    scene.falls_back_to_netrc(SLOW, WAIT);
}

/// A `get` reads about a thousand bytes: these positions cover all of its messages.
const PLACES: [usize; 7] = [0, 3, 40, 120, 300, 450, 600];

#[test]
fn a_connection_closed_at_any_byte_is_reported_as_closed() {
    let scene = scene();
    for place in PLACES {
        scene
            .world
            .connects_to_the_bus_over(BusConnection::ClosesAfter(place));
        scene.falls_back_to_netrc(HUNG_UP, RESTART);
    }
}

/// With a corrupted length, the rest of the message never arrives, so the call ends at the time limit.
#[test]
fn corrupted_bytes_are_an_error() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", "3");
    for place in PLACES {
        scene
            .world
            .connects_to_the_bus_over(BusConnection::CorruptsFrom(place));
        let world = &scene.world;
        let get = world.helper_with_input("get", REQUEST);
        let message = get.stderr();
        get.succeeds()
            .ends_within(GENEROUS)
            .prints_secret(&scene.in_netrc);
        let reasons = [GARBLED, NOT_OURS, "the keyring did not answer within 3.0 s"];
        let named = reasons.iter().filter(|why| message.contains(*why));
        assert_eq!(named.count(), 1, "{place}: {message}");
        assert_eq!(message.lines().count(), 2, "{place}: {message}");
    }
}

#[test]
fn store_and_erase_time_out_and_write_nothing_elsewhere() {
    let scene = scene();
    let world = &scene.world;
    world.sets("HEROKU_RS_TIMEOUT", LIMIT);
    let pasted = world.heroku.issue_token(ANN);
    let with = |token: &str| format!("{REQUEST}username={ANN}\npassword={token}\n");
    for call in CALLS {
        world
            .secret_service()
            .sets_behaviour(&[call], Behaviour::NeverReplies);
        world
            .helper_with_input("store", with(&pasted))
            .succeeds()
            .ends_within(GENEROUS)
            .stdout_is("")
            .stderr_is("");
        world
            .helper_with_input("erase", with(&scene.in_the_keyring))
            .succeeds()
            .ends_within(GENEROUS)
            .stdout_is("")
            .stderr_is(&format!(
                "heroku-rs: git was rejected, and nothing was removed: {SLOW}\n  {WAIT}\n"
            ));
    }
    scene.nothing_was_changed();
}

#[test]
fn a_login_times_out_and_writes_nothing_elsewhere() {
    let scene = scene();
    let world = &scene.world;
    let token = world.heroku.issue_token(ANN);
    for (behaviour, limit, why, fix) in [
        (Behaviour::NeverReplies, LIMIT, SLOW, WAIT),
        (Behaviour::Error, "30", ERROR, RESTART),
    ] {
        world.sets("HEROKU_RS_TIMEOUT", limit);
        world
            .secret_service()
            .sets_behaviour(&["SearchItems"], behaviour);
        world
            .helper_with_input("login --with-token", &token)
            .exits_with(1)
            .ends_within(GENEROUS)
            .stdout_is("")
            .stderr_is(&format!("heroku-rs: {why}\n  {fix}\n"));
    }
    scene.nothing_was_changed();
}

#[test]
fn a_new_token_that_the_service_may_still_store_is_not_revoked() {
    for behaviour in [
        Behaviour::Late(Duration::from_secs(1)),
        Behaviour::Disconnects,
    ] {
        // A slow service does not reply to the next program either.
        let scene = scene();
        let world = &scene.world;
        world.sets("HEROKU_RS_TIMEOUT", LIMIT);
        world
            .secret_service()
            .sets_behaviour(&["SetSecret"], behaviour);
        world
            .helper("authorizations create --description x --login")
            .exits_with(1)
            .ends_within(GENEROUS)
            .says("heroku-rs: the new token may have been stored, so it was not revoked: the keyring ")
            .says("; then run: git credential-heroku-rs status\n");
        let new = world.heroku.secrets().pop().unwrap();
        assert!(world.heroku.is_live(&new));
    }
}
