//! docker and similar clients, with the login that git uses.

use crate::world::{ANN, World};

mod clients;
mod protocol;

const REGISTRY: &str = "registry.heroku.com";

fn set_up() -> World {
    let world = World::new().with_keyring();
    world.sets("TERM", "dumb");
    world.helper("setup --docker").succeeds().stderr_is("");
    world
}

fn logged_in() -> (World, String) {
    let world = set_up();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}
