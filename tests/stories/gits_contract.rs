//! git's own contract for helpers (`t/lib-credential.sh`), as far as it applies to one that keeps
//! Heroku's tokens and no others. Tests have the names of their models; where we do otherwise on
//! purpose, a line names the model. `contrib/git-testsuite` runs the models themselves.

use crate::world::{ANN, REQUEST, World};

/// A helper that knows of no login.
fn empty() -> World {
    World::new().with_keyring()
}

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

/// `check fill` of the suite: what git itself makes of the helper's answer.
fn fill<'w>(world: &'w World, request: &str) -> crate::world::Outcome<'w> {
    world.git_with_input(
        "-c credential.helper= -c credential.helper=heroku-rs credential fill",
        request,
    )
}

#[test]
fn helper_has_no_existing_data() {
    let world = empty();
    fill(&world, "protocol=https\nhost=example.com\n\n")
        .exits_with(128)
        .stdout_is("")
        .stderr_is(
            "fatal: could not read Username for 'https://example.com': terminal prompts disabled\n",
        );
    world
        .helper_with_input("get", "protocol=https\nhost=example.com\n")
        .succeeds()
        .says_nothing();
}

#[test]
fn helper_stores_password() {
    let world = empty();
    for request in [
        "protocol=https\nhost=example.com\nusername=store-user\npassword=store-pass\n",
        "protocol=https\nhost=git.heroku.com\nusername=store-user\npassword=store-pass\n",
    ] {
        world
            .helper_with_input("store", request)
            .succeeds()
            .says_nothing();
    }
    assert_eq!(
        world.accounts_in_the_keyring(),
        Vec::<String>::new(),
        "neither is a Heroku token"
    );
}

#[test]
fn helper_can_retrieve_password() {
    let world = empty();
    let token = world.heroku.issue_token(ANN);
    let request =
        format!("protocol=https\nhost=git.heroku.com\nusername=heroku\npassword={token}\n");
    world
        .git_with_input(
            "-c credential.helper=heroku-rs credential approve",
            &format!("{request}\n"),
        )
        .succeeds()
        .says_nothing();
    fill(&world, "protocol=https\nhost=git.heroku.com\n\n")
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&request)
        .stderr_is("");
}

#[test]
fn helper_requires_matching_protocol() {
    let (world, token) = logged_in();
    for protocol in ["http", "ftp", "httpss", ""] {
        world
            .helper_with_input("get", format!("protocol={protocol}\nhost=git.heroku.com\n"))
            .succeeds()
            .says_nothing();
    }
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
}

#[test]
fn helper_requires_matching_host() {
    let (world, token) = logged_in();
    for host in ["other.tld", "heroku.com", "git.heroku.com.other.tld"] {
        world
            .helper_with_input("get", format!("protocol=https\nhost={host}\n"))
            .succeeds()
            .says_nothing();
    }
    world
        .helper_with_input("get", "protocol=https\nhost=api.heroku.com\n")
        .succeeds()
        .prints_secret(&token);
}

#[test]
fn helper_does_not_erase_a_password_distinct_from_input() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(ANN);
    world.heroku.revoke(&other);
    let request =
        format!("protocol=https\nhost=git.heroku.com\nusername={ANN}\npassword={other}\n\n");
    world
        .git_with_input("-c credential.helper=heroku-rs credential reject", &request)
        .succeeds()
        .says_nothing();
    fill(&world, "protocol=https\nhost=git.heroku.com\n\n")
        .succeeds()
        .prints_secret(&token);
}

#[test]
fn helper_not_confused_by_long_header() {
    let (world, token) = logged_in();
    for size in [1_000, 4_096, 65_535] {
        let challenge = "x".repeat(size);
        for (host, other) in [
            ("evil.example", "git.heroku.com"),
            ("git.heroku.com", "evil.example"),
        ] {
            let request =
                format!("protocol=https\nhost={host}\nwwwauth[]={challenge}host={other}\n");
            let outcome = world.helper_with_input("get", request).succeeds();
            if host == "git.heroku.com" {
                outcome.prints_secret(&token);
            } else {
                outcome.says_nothing();
            }
        }
    }
}

/// Not git's `requires matching username`: Heroku looks at the password alone.
#[test]
fn helper_answers_any_user_name_with_the_login() {
    let (world, token) = logged_in();
    fill(&world, &format!("{REQUEST}username=other\n\n"))
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("{REQUEST}username=other\npassword={token}\n"));
}

#[test]
fn helper_requires_matching_path() {
    let (world, _) = logged_in();
    let path = "-c credential.useHttpPath=true";
    let request = "protocol=http\nhost=git.heroku.com\npath=bar.git\n\n";
    let line = format!("{path} -c credential.helper= -c credential.helper=heroku-rs credential");
    world
        .git_with_input(&format!("{line} fill"), request)
        .exits_with(128)
        .says("could not read Username for 'http://git.heroku.com/bar.git'")
        .says_nothing_about("heroku-rs:");
}

/// Where it is asked for over https, the token is the same for every path.
#[test]
fn helper_ignores_the_path() {
    let (world, token) = logged_in();
    fill(
        &world,
        "protocol=https\nhost=git.heroku.com\npath=blue-sky.git\n\n",
    )
    .succeeds()
    .prints_secret(&token);
}

#[test]
fn helper_never_answers_with_an_empty_user_name() {
    let (world, token) = logged_in();
    world
        .helper_with_input("get", "protocol=https\nhost=git.heroku.com\nusername=\n")
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"));
}
