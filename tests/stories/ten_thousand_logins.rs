//! A keyring with ten thousand items: every command ends in time, and no account is chosen by chance.

use std::fs;
use std::time::Duration;

use crate::world::{ANN, Behaviour, REQUEST, World};

fn with_one_login() -> (World, String) {
    let world = World::new().with_a_fake_secret_service();
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.has_active_account(ANN);
    (world, token)
}

const MANY: usize = 10_000;

/// Items of other programs only cost the service time for its search.
#[test]
fn ten_thousand_items_of_other_programs_are_not_read() {
    let (world, token) = with_one_login();
    for number in 0..MANY {
        let (name, secret) = (number.to_string(), format!("a stranger's secret {number}"));
        let attributes = [("service", "stranger"), ("account", name.as_str())];
        world.secret_service().has_item_with(&attributes, &secret);
    }
    world.secret_service().received_calls();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    assert_eq!(
        world.secret_service().received_calls(),
        [
            "Collections",
            "OpenSession",
            "Locked",
            "SearchItems",
            "GetSecret",
            "Attributes"
        ]
    );
}

/// The cost per login decides whether thousands can be read: two round trips for each were too many.
#[test]
fn sixty_four_logins_are_requested_in_few_writes() {
    let (world, _) = with_one_login();
    for number in 1..64 {
        let secret = format!("HRKU-01234567-89ab-cdef-0123-{number:012}");
        let email = format!("person-{number}@example.com");
        world.secret_service().has_item(&email, &secret);
    }
    fs::remove_file(world.login_json()).unwrap();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", REQUEST);
    outcome.succeeds().says("and 59 more").stdout();
    let writes = trace.calls(&["write", "sendto", "sendmsg"]);
    let to_the_bus = writes
        .iter()
        .filter(|call| !call.contains("(1,") && !call.contains("(2,"));
    let count = to_the_bus.count();
    // `Hello`, session and search, and four for the 64 logins.
    assert!((6..=8).contains(&count), "{count} writes: {writes:?}");
    let asked = world.secret_service().received_calls();
    let secrets = asked.iter().filter(|call| *call == "GetSecret");
    assert_eq!(secrets.count(), 64);
}

/// No account is active, so each item has to be read.
fn with_ten_thousand_logins(world: &World) {
    for number in 1..MANY {
        let secret = format!("HRKU-01234567-89ab-cdef-0123-{number:012}");
        let email = format!("person-{number}@example.com");
        world.secret_service().has_item(&email, &secret);
    }
    fs::remove_file(world.login_json()).unwrap();
}

#[test]
fn with_ten_thousand_logins_none_is_chosen() {
    let (world, _) = with_one_login();
    with_ten_thousand_logins(&world);
    world.sets("HEROKU_RS_TIMEOUT", "50");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .stderr_is(
            "heroku-rs: several Heroku accounts are logged in and none is active: ann@example.com, \
             person-1000@example.com, person-1001@example.com, person-1002@example.com, \
             person-1003@example.com and 9995 more\n  \
             choose one: git credential-heroku-rs switch ann@example.com\n",
        );
}

#[test]
fn too_many_logins_for_the_limit_time_out() {
    let (world, _) = with_one_login();
    with_ten_thousand_logins(&world);
    // Reading all of them would take nearly a minute.
    let late = Behaviour::Late(Duration::from_millis(5));
    world.secret_service().sets_behaviour(&["GetSecret"], late);
    world.sets("HEROKU_RS_TIMEOUT", "3");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .ends_within(Duration::from_secs(15))
        .stdout_is("username=heroku\n\n")
        .stderr_is(
            "heroku-rs: could not read the Heroku token: \
             the keyring did not answer within 3.0 s\n  wait longer: HEROKU_RS_TIMEOUT=10, \
             or set HEROKU_API_KEY\n",
        );
}
