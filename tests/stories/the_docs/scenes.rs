//! The test environments that the pages use, by their names on the pages.

use crate::world::{ANN, BOB, World};

/// The password, and the code of the second factor, of everyone.
const PASSWORD: &str = "a good passphrase";
const CODE: &str = "123456";

/// A test environment, and the answers of its user.
pub(super) struct Scene {
    pub(super) world: World,
    token: String,
}

impl Scene {
    /// The world of this name.
    pub(super) fn named(name: &str) -> Option<Scene> {
        let world = match name {
            "a new machine" => new_machine(),
            "after heroku login" => {
                let world = new_machine();
                world.has_logged_in_with_the_heroku_cli(ANN);
                world
            }
            "set up" => set_up(),
            "logged in" => logged_in(),
            "two accounts" => two_accounts(),
            "a Codespace" => codespace(),
            "a Codespace with a secret" => {
                let world = codespace();
                world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
                world
            }
            "a Codespace with a login" => {
                let world = codespace();
                let token = world.heroku.issue_token(ANN);
                world.logs_in_with(&token);
                world
            }
            "netrc" => netrc(),
            "a locked keyring" => {
                let world = logged_in();
                world.keyring().locks();
                world
            }
            "a revoked token" => {
                let world = set_up();
                let token = world.has_logged_in_with_the_heroku_cli(ANN);
                world.heroku.revoke(&token);
                world
            }
            _ => return None,
        };
        let token = world.heroku.issue_token(ANN);
        world.sets("TOKEN", &token);
        let _ = world
            .heroku
            .add_account(ANN)
            .password(PASSWORD)
            .mfa_codes(&[CODE]);
        Some(Scene { world, token })
    }

    /// The value of a placeholder that a user types on a page.
    pub(super) fn answer<'a>(&'a self, word: &'a str) -> &'a str {
        match word {
            "TOKEN" => &self.token,
            "PASSWORD" => PASSWORD,
            "CODE" => CODE,
            word => word,
        }
    }
}

fn new_machine() -> World {
    World::new().with_keyring().with_app("blue-sky")
}

fn set_up() -> World {
    let world = new_machine();
    world.helper("setup").succeeds();
    world
}

fn logged_in() -> World {
    let world = set_up();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.add_image("blue-sky/web", "latest");
    world
}

fn two_accounts() -> World {
    let world = set_up();
    world.has_logged_in_with_the_heroku_cli(BOB);
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// No bus, no keyring, and a browser that is somewhere else.
fn codespace() -> World {
    let world = World::new().with_app("blue-sky");
    world.sets("CODESPACES", "true");
    world.is_not_searched(&world.home().join(".netrc"));
    world
}

fn netrc() -> World {
    let world = set_up();
    let token = world.heroku.issue_token(ANN);
    let entry = |host| format!("machine {host}\n  login {ANN}\n  password {token}\n");
    let (api, git) = (entry("api.heroku.com"), entry("git.heroku.com"));
    world.has_netrc(&format!(
        "machine example.com login me password x\n{api}{git}"
    ));
    world
}
