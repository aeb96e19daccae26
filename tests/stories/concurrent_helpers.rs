//! git starts helpers concurrently, without a lock: each of them gets its reply.

use std::thread;

use crate::world::{ANN, REQUEST, World, counted, is_thorough};

#[test]
fn twenty_concurrent_pushes_succeed() {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    thread::scope(|scope| {
        for number in 0..20 {
            let line = format!("push --quiet heroku main:branch-{number}");
            let world = &world;
            scope.spawn(move || world.git(&line).succeeds().says_nothing().stdout());
        }
    });
    counted("parallel operations", 20);
    assert!((0..20).all(|number| world.is_pushed_to(&format!("branch-{number}"))));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_concurrent_reader_gets_the_old_or_the_new_token() {
    let world = World::new().with_keyring();
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    let new = world.heroku.issue_token(ANN);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let reply = world.helper_with_input("get", REQUEST).succeeds();
                let token = [&old, &new]
                    .into_iter()
                    .find(|token| reply.stdout().contains(token.as_str()));
                reply.prints_secret(token.unwrap()).stderr_is("").stdout()
            });
            scope.spawn(|| {
                world
                    .helper_with_input("login --with-token", &new)
                    .succeeds()
                    .stdout()
            });
        }
    });
    counted("parallel operations", 20);
    assert_eq!(world.accounts_in_the_keyring(), [ANN], "one item");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(new));
}

#[test]
fn concurrent_logins_leave_one_item_and_one_success() {
    let world = World::new().with_keyring();
    let tokens: Vec<String> = (0..8).map(|_| world.heroku.issue_token(ANN)).collect();
    let results = thread::scope(|scope| {
        let login = |token| {
            let login = world.helper_with_input("login --with-token", token);
            login.stdout().contains("Logged in as ann@example.com")
        };
        let threads = tokens.iter().map(|token| scope.spawn(move || login(token)));
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<bool>>()
    });
    counted("parallel operations", tokens.len());
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    let kept = world.stored_in_the_keyring(ANN).unwrap();
    let last = tokens.iter().position(|token| *token == kept);
    assert!(last.is_some_and(|last| results[last]), "{results:?}");
}

/// gnome-keyring sometimes crashed if a client opened a session in its first call.
#[test]
fn the_keyring_survives_many_concurrent_sessions() {
    let each = if is_thorough() { 300 } else { 15 };
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let request = "printf 'protocol=https\\nhost=git.heroku.com\\n' | git-credential-heroku-rs get";
    let line = format!("for i in $(seq {each}); do {request} >/dev/null || exit 1; done");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| world.shell(&line, b"").succeeds().says_nothing().stdout());
        }
    });
    counted("parallel operations", 4 * each);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}
