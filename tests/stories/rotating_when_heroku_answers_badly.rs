//! A rotation that Heroku, the network or somebody in between spoils at one of its steps: a push
//! works after it, and the next rotation leaves one authorization and no more.

use heroku_stand_in::{Fault, On, Times};
use serde_json::Value;

use crate::world::{ANN, World, is_thorough};

fn logged_in() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// Each kind of accident; in a thorough run, all of each kind.
fn every_fault() -> Vec<Fault> {
    let mut faults = vec![
        Fault::api(403, "forbidden", "You do not have access."),
        Fault::page(200),
        Fault::LoseAnswer,
        Fault::Member("access_token.token", Value::Null),
    ];
    if is_thorough() {
        faults.extend(the_rest());
    }
    faults
}

fn the_rest() -> Vec<Fault> {
    vec![
        Fault::api(401, "unauthorized", "Invalid credentials provided."),
        Fault::api(404, "not_found", "Couldn't find that."),
        Fault::api(422, "invalid_params", "That cannot be."),
        Fault::rate_limit(None),
        Fault::api(500, "internal", "Oh."),
        Fault::page(401),
        Fault::page(502),
        Fault::Close,
        Fault::CutBody,
        Fault::WrongTypes,
    ]
}

/// Whether the token in the keyring is another one afterwards.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Old,
    New,
}

/// Each fault at this step, one after the other: what `rotate` ends with and what it leaves.
fn at(step: &'static str, faults: Vec<Fault>, expected: impl Fn(&Fault) -> (i32, Token)) {
    let world = logged_in();
    for fault in faults {
        let told = format!("{fault:?} at {step}");
        let (code, token) = expected(&fault);
        let before = world.kept_in_the_keyring(ANN);
        world.heroku.fault(On::Path(step), fault, Times::Always);
        world.helper("rotate").exits_with(code);
        world.heroku_recovers();
        let after = world.kept_in_the_keyring(ANN);
        assert_eq!(after == before, token == Token::Old, "{told}");
        world.commits("one more");
        world
            .git("push --quiet heroku main")
            .succeeds()
            .says_nothing();
        assert!(world.is_pushed(), "{told}");
        world.helper("rotate").succeeds();
        let kept = world.kept_in_the_keyring(ANN).unwrap();
        assert_eq!(world.live_tokens(), [kept], "{told}");
    }
}

#[test]
fn while_the_old_one_is_looked_up() {
    // Of a token that is not shown only its description, scope and end count here.
    let is_enough = |fault: &Fault| matches!(fault, Fault::Member(..));
    at("GET /oauth/authorizations", every_fault(), |fault| {
        if is_enough(fault) {
            (0, Token::New)
        } else {
            (1, Token::Old)
        }
    });
}

#[test]
fn while_the_new_one_is_made() {
    at("POST /oauth/authorizations", every_fault(), |_| {
        (1, Token::Old)
    });
}

#[test]
fn while_the_new_one_is_proven() {
    let may_not = Fault::api(403, "forbidden", "You do not have access.");
    at("GET /account", every_fault(), |fault| match fault {
        // A token that may not ask for its account is a token all the same.
        Fault::Member(..) => (0, Token::New),
        fault if *fault == may_not => (0, Token::New),
        _ => (1, Token::Old),
    });
}

#[test]
fn while_the_old_one_is_revoked() {
    let mut faults = every_fault();
    // What Heroku says is not there needs no revoking.
    faults.retain(|fault| !matches!(fault, Fault::Status(404, ..)));
    at(
        "DELETE /oauth/authorizations",
        faults,
        |fault| match fault {
            Fault::Member(..) | Fault::WrongTypes => (0, Token::New),
            _ => (1, Token::New),
        },
    );
}

#[test]
fn while_the_new_one_is_given_its_name() {
    at("PATCH /oauth/authorizations", every_fault(), |_| {
        (0, Token::New)
    });
}
