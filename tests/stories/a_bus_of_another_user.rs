//! A stale variable leads to the D-Bus session of another local user: nothing is sent there,
//! and no reply from there is used.

use crate::world::{ANN, Place, REQUEST, World, skipped};

const REFUSED: &str = "the D-Bus session belongs to another user";

fn nothing_is_sent(place: Place, operation: &str, request: impl Fn(&World) -> String) {
    let world = World::new();
    let Some(bus) = world.finds_a_bus_of_another_user(place) else {
        return skipped("only root can start a bus of another user");
    };
    world.sets("HEROKU_RS_TIMEOUT", "1");
    world.has_active_account(ANN);
    world
        .helper_with_input(operation, request(&world))
        .succeeds()
        .says(REFUSED)
        .says_nothing_about("password=");
    assert_eq!(
        bus.received(),
        "connected\nclosed\n",
        "{place:?} {operation}"
    );
}

#[test]
fn a_pasted_token_is_not_sent_to_the_bus_of_another_user() {
    let pasted = |world: &World| {
        let token = world.heroku.issue_token(ANN);
        format!("{REQUEST}username={ANN}\npassword={token}\n")
    };
    for place in [Place::Path, Place::Abstract] {
        nothing_is_sent(place, "store", pasted);
    }
}

#[test]
fn the_bus_of_another_user_is_not_asked_for_a_token() {
    for place in [Place::Path, Place::Abstract] {
        nothing_is_sent(place, "get", |_| REQUEST.to_owned());
    }
}
