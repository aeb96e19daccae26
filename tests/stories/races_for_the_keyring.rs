//! Our program and the Heroku CLI use one keyring concurrently: nothing is lost or duplicated, and
//! every reader gets a complete token.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::world::{ANN, BOB, Outcome, REQUEST, Version, World, counted, is_thorough};

/// As the Heroku CLI spells it.
const STORES: &str = "secret-tool store '--label=Heroku CLI' service heroku-cli account";

/// Runs these command lines concurrently, each with its input, and returns the outcomes.
fn run_concurrently<'w>(world: &'w World, lines: &[(String, String)]) -> Vec<Outcome<'w>> {
    counted("parallel operations", lines.len());
    thread::scope(|scope| {
        let run = |(line, input): &(String, String)| world.shell(line, input.as_bytes());
        let threads = lines.iter().map(|line| scope.spawn(move || run(line)));
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn helper_command(line: &str, input: &str) -> (String, String) {
    let line = format!("git-credential-heroku-rs {line}");
    (line, input.to_owned())
}

fn password_request(token: &str) -> String {
    format!("{REQUEST}username={ANN}\npassword={token}\n")
}

#[test]
fn fifty_concurrent_operations_leave_one_complete_item() {
    let world = World::new().with_keyring();
    let mut tokens = vec![world.has_logged_in_with_the_heroku_cli(ANN)];
    tokens.extend((0..20).map(|_| world.heroku.issue_token(ANN)));
    let mut lines = Vec::new();
    for token in &tokens[1..] {
        lines.push(match lines.len() % 3 {
            0 => helper_command("store", &password_request(token)),
            1 => (format!("{STORES} {ANN}"), token.clone()),
            _ => helper_command("login --with-token", token),
        });
    }
    // Every token is valid, so none of these commands may remove anything.
    lines.extend(
        tokens
            .iter()
            .take(10)
            .map(|t| helper_command("erase", &password_request(t))),
    );
    lines.extend((0..20).map(|_| helper_command("get", REQUEST)));
    for (said, (line, _)) in run_concurrently(&world, &lines).into_iter().zip(&lines) {
        // A login may report that another one came after it.
        let said = if line.contains("login") {
            said.reports_at_most(2)
        } else {
            said.succeeds().reports_at_most(1)
        };
        if line.ends_with(" get") {
            let shown = said.stdout();
            let token = tokens.iter().find(|token| shown.contains(token.as_str()));
            said.prints_secret(token.unwrap()).stderr_is("").stdout();
        }
    }
    assert_eq!(world.accounts_in_the_keyring(), [ANN], "one item");
    assert!(tokens.contains(&world.stored_in_the_keyring(ANN).unwrap()));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert_eq!(world.drafts().len(), 0);
}

#[test]
fn fifty_concurrent_first_logins_of_both_programs_create_one_item() {
    let world = World::new().with_keyring();
    let tokens: Vec<String> = (0..50).map(|_| world.heroku.issue_token(ANN)).collect();
    let lines: Vec<_> = tokens
        .iter()
        .enumerate()
        .map(|(number, token)| match number % 2 {
            0 => helper_command("store", &password_request(token)),
            _ => (format!("{STORES} {ANN}"), token.clone()),
        })
        .collect();
    for said in run_concurrently(&world, &lines) {
        let _ = said.succeeds().reports_at_most(1).stdout();
    }
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert!(tokens.contains(&world.stored_in_the_keyring(ANN).unwrap()));
}

#[test]
fn erasing_a_rejected_token_never_removes_its_replacement() {
    let world = World::new().with_keyring();
    for _ in 0..5 {
        let dead = world.has_logged_in_with_the_heroku_cli(ANN);
        world.heroku.revoke(&dead);
        let new = world.heroku.issue_token(ANN);
        let mut lines: Vec<_> = (0..4)
            .map(|_| helper_command("erase", &password_request(&dead)))
            .collect();
        lines.push((format!("{STORES} {ANN}"), new.clone()));
        for said in run_concurrently(&world, &lines) {
            let _ = said.succeeds().reports_at_most(1).stdout();
        }
        assert_eq!(world.stored_in_the_keyring(ANN), Some(new));
        world.empties_the_keyring();
    }
}

#[test]
fn concurrent_login_logout_and_switch_end_in_a_valid_state() {
    let world = World::new().with_keyring();
    let of_ann = world.has_logged_in_with_the_heroku_cli(ANN);
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    let mut lines = Vec::new();
    for _ in 0..6 {
        lines.push(helper_command("login --with-token", &of_ann));
        lines.push(helper_command("login --with-token", &of_bob));
        lines.push(helper_command(&format!("logout --keep {ANN}"), ""));
        lines.push(helper_command(&format!("switch {BOB}"), ""));
        lines.push(helper_command(&format!("switch {ANN}"), ""));
        lines.push(helper_command("status --offline", ""));
    }
    for said in run_concurrently(&world, &lines) {
        let _ = said.reports_at_most(3).stdout();
    }
    let accounts = world.accounts_in_the_keyring();
    assert!(accounts == [ANN, BOB] || accounts == [BOB], "{accounts:?}");
    assert_eq!(world.stored_in_the_keyring(BOB).as_ref(), Some(&of_bob));
    // Whichever login was last: the next one restores a consistent state.
    world
        .helper_with_input("login --with-token", &of_ann)
        .succeeds();
    let reply = world.helper_with_input("get", REQUEST).succeeds();
    reply
        .prints_secret(&of_ann)
        .says("username=ann@example.com\n")
        .stderr_is("");
    assert_eq!(world.accounts_in_the_keyring(), [ANN, BOB]);
    assert_eq!(world.drafts().len(), 0);
}

/// It reads `login.json` and the item at different times, and deletes the one if the other is
/// missing.
#[test]
fn the_heroku_cli_always_finds_its_login() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let other = world.heroku.issue_token(ANN);
    let runs = if is_thorough() { 10 } else { 1 };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let cli = scope.spawn(|| {
            for _ in 0..runs {
                let said = world.heroku_cli(Version::Current, "auth:whoami").succeeds();
                said.says("ann@example.com\n").stdout();
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut rounds = 0;
        while !done.load(Ordering::SeqCst) && !cli.is_finished() {
            let new = [&token, &other][rounds % 2];
            let login = world
                .helper_with_input("login --with-token", new)
                .succeeds();
            login.says("Logged in as ann@example.com").stdout();
            rounds += 1;
        }
        counted("parallel operations", rounds + runs);
    });
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}
