//! netrc written by several programs concurrently: each login is complete, and no other entry is lost.

use std::fs;
use std::thread;

use crate::world::{ANN, BOB, Version, World, counted, is_thorough};

const OTHERS: &str = "machine one.example\n  login x\n  password y\n\
                      machine two.example\n  login z\n  password w\n";

fn world() -> World {
    let world = World::new();
    world.has_netrc(OTHERS);
    world
}

fn netrc(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap()
}

fn entries(email: &str, token: &str) -> String {
    ["api", "git"]
        .map(|host| format!("machine {host}.heroku.com\n  login {email}\n  password {token}\n"))
        .concat()
}

#[test]
fn concurrent_logins_leave_one_complete_login_and_every_other_entry() {
    let world = world();
    let rounds = if is_thorough() { 20 } else { 3 };
    let logins: Vec<(&str, String)> = [ANN, BOB, ANN, BOB, ANN, BOB]
        .map(|email| (email, world.heroku.issue_token(email)))
        .into();
    for _ in 0..rounds {
        thread::scope(|scope| {
            for (email, token) in &logins {
                let world = &world;
                scope.spawn(move || {
                    world
                        .helper_with_input("login --with-token --store netrc", token)
                        .succeeds()
                        .says(&format!("Logged in as {email}"))
                        .stdout()
                });
            }
        });
        let left = netrc(&world);
        let whole =
            |(email, token): &(&str, String)| left == format!("{OTHERS}{}", entries(email, token));
        assert_eq!(
            logins.iter().filter(|login| whole(login)).count(),
            1,
            "{left}"
        );
    }
    counted("races", rounds * logins.len());
}

#[test]
fn a_concurrent_clean_and_login_leave_the_login_or_none() {
    let world = world();
    let token = world.heroku.issue_token(ANN);
    let rounds = if is_thorough() { 30 } else { 5 };
    for _ in 0..rounds {
        thread::scope(|scope| {
            scope.spawn(|| {
                world
                    .helper("netrc clean")
                    .succeeds()
                    .stderr_is("")
                    .stdout()
            });
            scope.spawn(|| {
                world
                    .helper_with_input("login --with-token --store netrc", &token)
                    .succeeds()
                    .stdout()
            });
        });
        let left = netrc(&world);
        let with = format!("{OTHERS}{}", entries(ANN, &token));
        assert!(left == OTHERS || left == with, "{left}");
    }
    counted("races", rounds * 2);
}

/// It reads the file, empties it and writes it without a lock: which login is
/// left depends on timing, but every other entry stays.
#[test]
fn a_concurrent_write_of_the_heroku_cli_loses_no_other_entry() {
    let world = world();
    world.sets("HEROKU_NETRC_WRITE", "true");
    let rounds = if is_thorough() { 5 } else { 1 };
    for _ in 0..rounds {
        let token = world.heroku.issue_token(ANN);
        world
            .helper_with_input("login --with-token", &token)
            .succeeds()
            .stdout();
        thread::scope(|scope| {
            let logout = scope.spawn(|| {
                world
                    .heroku_cli(Version::Current, "auth:logout")
                    .succeeds()
                    .stdout()
            });
            while !logout.is_finished() {
                let store = format!(
                    "protocol=https\nhost=git.heroku.com\nusername={ANN}\npassword={token}\n"
                );
                world.helper("netrc clean").succeeds().stdout();
                world.helper_with_input("store", store).succeeds().stdout();
            }
        });
        let left = netrc(&world);
        assert!(left.starts_with(OTHERS), "{left}");
        let rest = &left[OTHERS.len()..];
        assert!(rest.is_empty() || rest == entries(ANN, &token), "{left}");
    }
    counted("races", rounds);
}
