//! A rotation in which one step fails at Heroku, in the network or at a proxy: a push works after
//! it, and the next rotation leaves exactly one authorization.

use heroku_stand_in::{Fault, On, Times};
use serde_json::Value;

use crate::world::{ANN, World, is_thorough};

fn logged_in() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// One fault of each kind; in a thorough run, all of them.
fn every_fault() -> Vec<Fault> {
    let mut faults = vec![
        Fault::api(403, "forbidden", "You do not have access."),
        Fault::page(200),
        Fault::LoseAnswer,
        Fault::Member("access_token.token", Value::Null),
    ];
    if is_thorough() {
        faults.extend(more_faults());
    }
    faults
}

fn more_faults() -> Vec<Fault> {
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

/// Which token is in the keyring afterwards.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Old,
    New,
}

/// Rotates with each fault at this step, and checks the exit code of `rotate` and the stored token.
fn rotate_with_fault_at(
    step: &'static str,
    faults: Vec<Fault>,
    expected: impl Fn(&Fault) -> (i32, Token),
) {
    let world = logged_in();
    for fault in faults {
        let context = format!("{fault:?} at {step}");
        let (code, token) = expected(&fault);
        let before = world.stored_in_the_keyring(ANN);
        world.heroku.fault(On::Path(step), fault, Times::Always);
        world.helper("rotate").exits_with(code);
        world.heroku_recovers();
        let after = world.stored_in_the_keyring(ANN);
        assert_eq!(after == before, token == Token::Old, "{context}");
        world.commits("one more");
        world.pushes();
        assert!(world.is_pushed(), "{context}");
        world.helper("rotate").succeeds();
        let kept = world.stored_in_the_keyring(ANN).unwrap();
        assert_eq!(world.valid_tokens(), [kept], "{context}");
    }
}

#[test]
fn while_the_old_token_is_looked_up() {
    // If no token is shown, description, scope and expiry are enough here.
    let is_enough = |fault: &Fault| matches!(fault, Fault::Member(..));
    rotate_with_fault_at("GET /oauth/authorizations", every_fault(), |fault| {
        if is_enough(fault) {
            (0, Token::New)
        } else {
            (1, Token::Old)
        }
    });
}

#[test]
fn while_the_new_token_is_created() {
    rotate_with_fault_at("POST /oauth/authorizations", every_fault(), |_| {
        (1, Token::Old)
    });
}

#[test]
fn while_the_new_token_is_checked() {
    let may_not = Fault::api(403, "forbidden", "You do not have access.");
    rotate_with_fault_at("GET /account", every_fault(), |fault| match fault {
        // A token is valid even if its scope does not allow this request.
        Fault::Member(..) => (0, Token::New),
        fault if *fault == may_not => (0, Token::New),
        _ => (1, Token::Old),
    });
}

#[test]
fn while_the_old_token_is_revoked() {
    let mut faults = every_fault();
    // An authorization that does not exist need not be revoked.
    faults.retain(|fault| !matches!(fault, Fault::Status(404, ..)));
    rotate_with_fault_at(
        "DELETE /oauth/authorizations",
        faults,
        |fault| match fault {
            Fault::Member(..) | Fault::WrongTypes => (0, Token::New),
            _ => (1, Token::New),
        },
    );
}

/// A session can also be ended by its id, with the new token.
#[test]
fn while_the_old_token_ends_its_session() {
    let mut faults = every_fault();
    // It says that the session is over already.
    faults.retain(|fault| !matches!(fault, Fault::Status(401, ..)));
    for fault in faults {
        let world = World::ready_to_push();
        world.heroku.approve_browser_login(ANN);
        world.helper("login --browser --no-open").succeeds();
        let own = On::Path("DELETE /oauth/sessions/~");
        world.heroku.fault(own, fault.clone(), Times::Always);
        world
            .helper("rotate")
            .succeeds()
            .says("Revoked the old token")
            .stderr_is("");
        let kept = world.stored_in_the_keyring(ANN).unwrap();
        assert_eq!(world.valid_tokens(), [kept], "{fault:?}");
    }
}

#[test]
fn while_the_new_token_gets_its_description() {
    rotate_with_fault_at("PATCH /oauth/authorizations", every_fault(), |_| {
        (0, Token::New)
    });
}
