//! A rotation that is killed, wherever that may be: the next push works, and the next rotation
//! leaves one authorization and no more.

use heroku_stand_in::{Fault, On};

use crate::world::{ANN, World};

fn logged_in() -> World {
    let world = World::new()
        .with_keychain()
        .with_app("blue-sky")
        .with_helper();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// What every cut has to leave: a push that works, and a rotation that clears up.
fn is_whole(world: &World, cut: &str) {
    world.commits(cut);
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
    assert!(world.is_pushed(), "{cut}");
    world
        .helper("rotate")
        .succeeds()
        .says("The old one is revoked");
    let kept = world.kept_in_the_keychain(ANN).unwrap();
    assert_eq!(world.live_tokens(), [kept], "{cut}");
    world
        .helper("status")
        .succeeds()
        .says_nothing_about("(rotation ");
}

#[test]
fn a_kill_at_any_question_to_heroku_leaves_a_token_that_works() {
    let world = logged_in();
    for step in [
        "GET /oauth/authorizations",
        "POST /oauth/authorizations",
        "GET /account",
        "DELETE /oauth/authorizations",
        "PATCH /oauth/authorizations",
    ] {
        for at in [Fault::Pause, Fault::PauseAnswer] {
            let cut = format!("{at:?} of {step}");
            world.kills_the_helper("rotate", On::Path(step), at);
            is_whole(&world, &cut);
        }
    }
}
