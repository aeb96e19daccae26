//! A keyring program that hangs, exits or sends invalid replies: one warning, in time, and nothing is lost.

use std::fs;
use std::time::Duration;

use crate::world::{ANN, Line, Manner, REQUEST, World};

/// The time limit of one session, and the time that a busy machine may take in addition.
const LIMIT: &str = "0.5";
const GENEROUS: Duration = Duration::from_secs(10);

const SLOW: &str = "the keyring did not answer within 0.5 s";
const LEFT: &str = "the keyring program exited before it answered";
const GARBLED: &str = "the keyring sent an invalid reply";
const HUNG_UP: &str = "the D-Bus session closed the connection before it answered";
const NOT_LET_IN: &str = "the D-Bus session belongs to another user";
const ERROR: &str = "the keyring reported the error org.example.Error.Odd";

const WAIT: &str = "wait longer: HEROKU_RS_TIMEOUT=10, or set HEROKU_API_KEY";
const RESTART: &str = "try again, or set HEROKU_API_KEY";

/// A login in the keyring, and an older one in netrc to fall back to.
struct Scene {
    world: World,
    in_the_keyring: String,
    in_netrc: String,
    netrc: String,
}

fn scene() -> Scene {
    let world = World::new().with_a_secret_service_under_orders();
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.is_the_active_account(ANN);
    let in_netrc = world.heroku.issue_token(ANN);
    let netrc = format!("machine git.heroku.com login {ANN} password {in_netrc}\n");
    world.has_netrc(&netrc);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
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
    fn holds_out(&self, what: &str, fix: &str) {
        let world = &self.world;
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .ends_within(GENEROUS)
            .hands_out(&self.in_netrc)
            .stdout_is(&format!("username={ANN}\npassword={}\n\n", self.in_netrc))
            .stderr_is(&format!(
                "heroku-rs: {what}; using the token from netrc\n  {fix}\n"
            ));
    }

    /// Nothing was deleted, and nothing written anywhere.
    fn has_lost_nothing(&self) {
        let world = &self.world;
        let asked = world.secret_service().was_asked();
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
        scene.world.secret_service().takes(&[call], Manner::Silent);
        scene.holds_out(SLOW, WAIT);
    }
    scene.has_lost_nothing();
}

#[test]
fn a_service_that_is_slow_at_every_call_times_out() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", LIMIT);
    let late = Manner::Late(Duration::from_millis(200));
    scene.world.secret_service().takes(&CALLS, late);
    scene.holds_out(SLOW, WAIT);
    scene.has_lost_nothing();
}

#[test]
fn a_service_that_exits_during_a_call_is_reported() {
    let scene = scene();
    for call in CALLS {
        scene.world.secret_service().takes(&[call], Manner::Leaves);
        scene.holds_out(LEFT, RESTART);
        scene.world.secret_service().comes();
    }
    scene.has_lost_nothing();
}

#[test]
fn a_service_that_exits_between_two_calls_is_absent() {
    let scene = scene();
    for call in ["Collections", "SearchItems"] {
        let service = scene.world.secret_service();
        service.takes(&[call], Manner::AnswersAndLeaves);
        // As on a machine without a keyring, netrc is used without a message.
        scene
            .world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .hands_out(&scene.in_netrc)
            .stderr_is("");
        service.comes();
    }
    scene.has_lost_nothing();
}

#[test]
fn an_invalid_reply_is_an_error() {
    let scene = scene();
    for call in &CALLS[1..] {
        for manner in [Manner::WrongType, Manner::Nested, Manner::Endless] {
            scene.world.secret_service().takes(&[call], manner);
            scene.holds_out(GARBLED, RESTART);
        }
        scene.world.secret_service().takes(&[call], Manner::Error);
        scene.holds_out(ERROR, RESTART);
    }
    scene.has_lost_nothing();
}

/// If a service does not say whether it is locked, its search results show it.
#[test]
fn an_invalid_reply_about_the_lock_is_ignored() {
    let scene = scene();
    for manner in [Manner::WrongType, Manner::Nested, Manner::Error] {
        let service = scene.world.secret_service();
        service.takes(&["Locked"], manner);
        scene
            .world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .hands_out(&scene.in_the_keyring)
            .stderr_is("");
    }
    scene.has_lost_nothing();
}

/// gnome-keyring's answer for an item that another program removed between the search and this call.
#[test]
fn an_item_that_was_just_removed_is_absent() {
    let scene = scene();
    let world = &scene.world;
    world
        .secret_service()
        .takes(&["GetSecret"], Manner::NoMethod);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&scene.in_netrc)
        .stderr_is("");
    scene.has_lost_nothing();
}

#[test]
fn a_service_without_a_method_is_not_an_empty_one() {
    let scene = scene();
    let service = scene.world.secret_service();
    service.takes(&["SearchItems"], Manner::NoMethod);
    scene.holds_out(
        "the keyring reported the error org.freedesktop.DBus.Error.UnknownMethod",
        RESTART,
    );
}

#[test]
fn a_slow_connection_times_out() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", LIMIT);
    let pause = Duration::from_millis(10);
    scene.world.reaches_the_bus_over(Line::Drips(pause));
    scene.holds_out(SLOW, WAIT);
}

/// A `get` reads about a thousand bytes: these positions cover all of its messages.
const PLACES: [usize; 7] = [0, 3, 40, 120, 300, 450, 600];

#[test]
fn a_connection_closed_at_any_byte_is_reported_as_closed() {
    let scene = scene();
    for place in PLACES {
        scene.world.reaches_the_bus_over(Line::Breaks(place));
        scene.holds_out(HUNG_UP, RESTART);
    }
}

/// With a corrupted length, the rest of the message never arrives, so the call ends at the time limit.
#[test]
fn corrupted_bytes_are_an_error() {
    let scene = scene();
    scene.world.sets("HEROKU_RS_TIMEOUT", "3");
    for place in PLACES {
        scene.world.reaches_the_bus_over(Line::Garbles(place));
        let world = &scene.world;
        let get = world.helper_with_input("get", REQUEST);
        let message = get.stderr();
        get.succeeds()
            .ends_within(GENEROUS)
            .hands_out(&scene.in_netrc);
        let reasons = [
            GARBLED,
            NOT_LET_IN,
            "the keyring did not answer within 3.0 s",
        ];
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
        world.secret_service().takes(&[call], Manner::Silent);
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
    scene.has_lost_nothing();
}

#[test]
fn a_login_times_out_and_writes_nothing_elsewhere() {
    let scene = scene();
    let world = &scene.world;
    let token = world.heroku.issue_token(ANN);
    for (manner, limit, why, fix) in [
        (Manner::Silent, LIMIT, SLOW, WAIT),
        (Manner::Error, "30", ERROR, RESTART),
    ] {
        world.sets("HEROKU_RS_TIMEOUT", limit);
        world.secret_service().takes(&["SearchItems"], manner);
        world
            .helper_with_input("login --with-token", &token)
            .exits_with(1)
            .ends_within(GENEROUS)
            .stdout_is("")
            .stderr_is(&format!("heroku-rs: {why}\n  {fix}\n"));
    }
    scene.has_lost_nothing();
}

#[test]
fn a_new_token_that_the_service_may_still_store_is_not_revoked() {
    for manner in [Manner::Late(Duration::from_secs(1)), Manner::Leaves] {
        // A slow service does not reply to the next program either.
        let scene = scene();
        let world = &scene.world;
        world.sets("HEROKU_RS_TIMEOUT", LIMIT);
        world.secret_service().takes(&["SetSecret"], manner);
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
