//! The account's authorizations, in the terminal.

use heroku_stand_in::{Grant, Issued};

use crate::world::{ANN, World};

mod changed;
mod listed;

fn issues(world: &World, description: &str, days: Option<i64>) -> Issued {
    let grant = Grant {
        description: description.to_owned(),
        expires_in: days.map(|days| days * 86_400 + 3_600),
        ..Grant::default()
    };
    world.heroku.issue(ANN, grant)
}

/// Ann is logged in with `laptop`, and has an authorization for `CI` too, which expires in 90 days.
fn logged_in() -> (World, Issued, Issued) {
    let world = World::new().with_keyring();
    let laptop = issues(&world, "laptop", None);
    let ci = issues(&world, "CI", Some(90));
    world.logs_in_with(&laptop.token);
    (world, laptop, ci)
}
