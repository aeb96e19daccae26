//! The bus closes the connection or hangs at each message in turn: no command crashes, waits without
//! end, loses a token, or reports a success that did not happen.

use std::time::Duration;

use crate::world::{ANN, BOB, BusFault, Failure, Outcome, REQUEST, Side, World, counted, sample};

const GET: &str = "git-credential-heroku-rs get";
/// Failure many of the faults of each side a daily run has.
const DAILY: usize = 4;
const FAILURES: [Failure; 3] = [
    Failure::ClosesBefore,
    Failure::ClosesWithin,
    Failure::HangsWithin,
];

/// Runs a command line without a fault, and then once for each possible fault; a normal run takes a sample.
fn with_every_fault(
    world: &World,
    line: &str,
    input: &str,
    given: impl Fn(),
    then: impl Fn(Outcome<'_>),
) {
    given();
    let sound = world.bus_with(None);
    then(world.runs_over(&sound, line, input));
    let mut faults = 0;
    for side in [Side::Program, Side::Bus] {
        let messages = sound.messages_from(side);
        assert!(messages > 3, "the proxy counts the messages");
        let all = (0..messages).flat_map(|m| FAILURES.map(|how| (m, how)));
        let tried = sample(all.collect(), DAILY);
        let least = tried.len() / 2;
        let mut struck = 0;
        for (message, how) in tried {
            given();
            let bus = world.bus_with(Some(BusFault { side, message, how }));
            let outcome = world.runs_over(&bus, line, input);
            then(outcome.ends_within(Duration::from_secs(20)));
            struck += usize::from(bus.has_happened());
        }
        assert!(struck >= least, "the faults happen");
        faults += struck;
    }
    counted("faults on the bus", faults);
}

#[test]
fn get_returns_the_token_from_the_keyring_or_from_netrc_with_the_reason() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let in_netrc = world.heroku.issue_token(ANN);
    let entry = format!("machine git.heroku.com\n  login {ANN}\n  password {in_netrc}\n");
    world.has_netrc(&entry);
    let then = |reply: Outcome<'_>| {
        let reply = reply.succeeds().reports_at_most(1);
        if reply.stdout().contains(&token) {
            reply.prints_secret(&token).stderr_is("")
        } else {
            let reply = reply.prints_secret(&in_netrc).says("heroku-rs: the ");
            reply.says("; using the token from netrc")
        };
        assert_eq!(world.stored_in_the_keyring(ANN).as_ref(), Some(&token));
    };
    with_every_fault(&world, GET, REQUEST, || {}, then);
}

#[test]
fn store_never_changes_an_existing_login() {
    let world = World::new().with_keyring();
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    let new = world.heroku.issue_token(ANN);
    let then = |said: Outcome<'_>| {
        drop(said.succeeds().reports_at_most(1).stdout_is("").stdout());
        assert_eq!(world.accounts_in_the_keyring(), [ANN]);
        assert_eq!(world.stored_in_the_keyring(ANN).as_ref(), Some(&old));
    };
    let input = format!("{REQUEST}username={ANN}\npassword={new}\n");
    with_every_fault(
        &world,
        "git-credential-heroku-rs store",
        &input,
        || {},
        then,
    );
}

#[test]
fn a_first_token_is_stored_completely_or_not_at_all() {
    let world = World::new().with_keyring();
    let new = world.heroku.issue_token(ANN);
    let given = || world.empties_the_keyring();
    let then = |said: Outcome<'_>| {
        let said = said.succeeds().reports_at_most(1).stdout_is("");
        match world.stored_in_the_keyring("heroku") {
            Some(kept) => assert_eq!(kept, new),
            None => drop(said.says("the token was not stored (").stdout()),
        }
        assert!(world.accounts_in_the_keyring().len() < 2);
    };
    let input = format!("{REQUEST}username=heroku\npassword={new}\n");
    with_every_fault(
        &world,
        "git-credential-heroku-rs store",
        &input,
        given,
        then,
    );
}

#[test]
fn erase_of_a_valid_token_removes_nothing() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let then = |said: Outcome<'_>| {
        said.succeeds()
            .reports_at_most(1)
            .stdout_is("")
            .says("git was rejected");
        assert_eq!(world.stored_in_the_keyring(ANN).as_ref(), Some(&token));
        assert_eq!(world.active_account().as_deref(), Some(ANN));
    };
    let input = format!("{REQUEST}username={ANN}\npassword={token}\n");
    with_every_fault(
        &world,
        "git-credential-heroku-rs erase",
        &input,
        || {},
        then,
    );
}

#[test]
fn erase_of_a_rejected_token_removes_only_that_one_or_reports_an_error() {
    let world = World::new().with_keyring();
    let dead = world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.revoke(&dead);
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    let given = || world.stores_in_the_keyring(ANN, &dead);
    let then = |said: Outcome<'_>| {
        let said = said.succeeds().reports_at_most(1).stdout_is("");
        match world.stored_in_the_keyring(ANN) {
            Some(kept) => {
                assert_eq!(kept, dead);
                said.says_nothing_about("it was removed")
            }
            None => said.says("Heroku rejected the token of ann@example.com"),
        };
        assert_eq!(world.stored_in_the_keyring(BOB).as_ref(), Some(&of_bob));
        assert_eq!(world.active_account().as_deref(), Some(ANN));
    };
    let input = format!("{REQUEST}username={ANN}\npassword={dead}\n");
    with_every_fault(
        &world,
        "git-credential-heroku-rs erase",
        &input,
        given,
        then,
    );
}

#[test]
fn login_stores_the_new_token_or_fails_and_keeps_the_old_one() {
    let world = World::new().with_keyring();
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    let new = world.heroku.issue_token(ANN);
    let given = || world.stores_in_the_keyring(ANN, &old);
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(2);
        assert_eq!(world.accounts_in_the_keyring(), [ANN]);
        let kept = world.stored_in_the_keyring(ANN).unwrap();
        assert!(kept == new || kept == old && !said.is_success());
        assert_eq!(world.active_account().as_deref(), Some(ANN));
        assert!(
            !world.home().join(".netrc").exists(),
            "never into plain text"
        );
    };
    let login = "git-credential-heroku-rs login --with-token";
    with_every_fault(&world, login, &new, given, then);
}

#[test]
fn logout_succeeds_or_reports_an_error() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    let given = || {
        world.stores_in_the_keyring(ANN, &token);
        world.has_active_account(ANN);
    };
    let then = |said: Outcome<'_>| {
        // The second one names the account that is active now.
        let said = said.reports_at_most(2);
        let is_active = world.active_account().as_deref() == Some(ANN);
        let gone = world.stored_in_the_keyring(ANN).is_none() && !is_active;
        assert!(gone || !said.is_success());
        assert_eq!(world.stored_in_the_keyring(BOB).as_ref(), Some(&of_bob));
    };
    let logout = "git-credential-heroku-rs logout --keep";
    with_every_fault(&world, logout, "", given, then);
}

#[test]
fn status_moves_a_pasted_token_to_its_account_without_losing_it() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    let given = || {
        world.empties_the_keyring();
        world.stores_in_the_keyring("heroku", &token);
    };
    let then = |said: Outcome<'_>| {
        let _ = said.reports_at_most(3).stdout();
        let kept = [ANN, "heroku"].map(|account| world.stored_in_the_keyring(account));
        assert!(kept.contains(&Some(token.clone())));
    };
    with_every_fault(&world, "git-credential-heroku-rs status", "", given, then);
}

#[test]
fn netrc_import_leaves_the_token_in_at_least_one_place() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    let entry = format!("machine git.heroku.com\n  login {ANN}\n  password {token}\n");
    let given = || {
        world.empties_the_keyring();
        world.has_netrc(&entry);
    };
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(2);
        let in_netrc = std::fs::read_to_string(world.home().join(".netrc")).unwrap() == entry;
        let kept = world.stored_in_the_keyring(ANN).as_ref() == Some(&token);
        assert!(in_netrc || kept);
        assert!(kept && !in_netrc || !said.is_success());
    };
    let import = "git-credential-heroku-rs netrc import --yes";
    with_every_fault(&world, import, "", given, then);
}
