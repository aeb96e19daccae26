//! The program is killed at each system call that changes something, before it and after it: what is
//! left is the old or the new version, complete; the next command works, and no temporary file stays.

use std::fs;
use std::path::PathBuf;

use crate::world::{ANN, BOB, REQUEST, SystemCall, World, counted, is_thorough, sample};

const GET: &str = "git-credential-heroku-rs get";

/// Runs a command line without a kill, and then once for each call at which it can be killed.
/// Returns how often a kill left a temporary file, which the next run has to remove.
fn killed_at_every_call(
    world: &World,
    line: &str,
    input: &str,
    prepare: impl Fn(),
    then: impl Fn(&World),
) -> usize {
    prepare();
    let (sound, calls) = world.system_calls(line, input);
    let _ = sound.succeeds().stdout();
    then(world);
    let (mut kills, mut left) = (0, 0);
    for (call, signal) in kill_points(&calls) {
        prepare();
        let ended = world.signalled_at(line, input, call, signal);
        kills += usize::from(ended.was_killed());
        then(world);
        left += world.drafts().len();
    }
    assert!(kills > 3, "the kills happen");
    counted("kills", kills);
    prepare();
    world.shell(line, input.as_bytes()).succeeds().stdout();
    assert_eq!(
        world.drafts(),
        Vec::<PathBuf>::new(),
        "the next run removes temporary files"
    );
    left
}

/// The calls at which a run is killed, each with its signal: `KILL` arrives before the call, another signal after it.
/// A normal run takes a sample of the calls that change something.
fn kill_points(calls: &[SystemCall]) -> Vec<(&SystemCall, &'static str)> {
    const DAILY: usize = 6;
    const LONG: usize = 1000;
    let changing: Vec<_> = calls.iter().filter(|c| c.changes_something()).collect();
    let killed = |call| (call, "KILL");
    if !is_thorough() {
        let some = sample(changing, DAILY).into_iter();
        return some.map(killed).collect();
    }
    let signals = ["TERM", "INT", "HUP"].into_iter().cycle();
    let mut ends: Vec<_> = changing.iter().copied().zip(signals).collect();
    if calls.len() > LONG {
        ends.extend(changing.into_iter().map(killed));
    } else {
        ends.extend(calls.iter().map(killed));
    }
    ends
}

#[test]
fn store_saves_the_token_completely_or_not_at_all() {
    let world = World::new().with_keyring();
    let new = world.heroku.issue_token(ANN);
    let prepare = || world.empties_the_keyring();
    let then = |world: &World| {
        let kept = world.stored_in_the_keyring(ANN);
        assert!(kept.is_none() || kept.as_ref() == Some(&new));
        assert!(world.accounts_in_the_keyring().len() < 2);
    };
    let input = format!("{REQUEST}username={ANN}\npassword={new}\n");
    killed_at_every_call(
        &world,
        "git-credential-heroku-rs store",
        &input,
        prepare,
        then,
    );
}

#[test]
fn a_killed_login_leaves_the_old_or_the_new_login() {
    let world = World::new().with_keyring();
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    let new = world.heroku.issue_token(BOB);
    let prepare = || {
        world.empties_the_keyring();
        world.stores_in_the_keyring(ANN, &old);
        world.has_active_account(ANN);
    };
    let then = |world: &World| {
        assert_eq!(world.stored_in_the_keyring(ANN).as_ref(), Some(&old));
        let of_bob = world.stored_in_the_keyring(BOB);
        assert!(of_bob.is_none() || of_bob.as_ref() == Some(&new));
        // login.json never names an account without a token.
        let active = world.active_account().unwrap();
        assert!(active == ANN || active == BOB && of_bob.is_some());
        let token = if active == ANN { &old } else { &new };
        let reply = world
            .shell(GET, REQUEST.as_bytes())
            .succeeds()
            .stderr_is("");
        reply.prints_secret(token).stdout();
    };
    let login = "git-credential-heroku-rs login --with-token";
    killed_at_every_call(&world, login, &new, prepare, then);
}

#[test]
fn logout_removes_the_token_first_and_can_be_run_again() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let prepare = || {
        world.stores_in_the_keyring(ANN, &token);
        world.has_active_account(ANN);
    };
    let then = |world: &World| {
        let kept = world.stored_in_the_keyring(ANN);
        assert!(kept.is_none() || world.active_account().is_some());
    };
    let logout = "git-credential-heroku-rs logout --keep";
    killed_at_every_call(&world, logout, "", prepare, then);
}

#[test]
fn switch_leaves_one_of_the_two_accounts_active() {
    let world = World::new().with_keyring();
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    let of_ann = world.has_logged_in_with_the_heroku_cli(ANN);
    let then = |world: &World| {
        let active = world.active_account().unwrap();
        let token = if active == ANN { &of_ann } else { &of_bob };
        let reply = world.shell(GET, REQUEST.as_bytes()).succeeds();
        reply.prints_secret(token).stderr_is("").stdout();
    };
    let line = format!("git-credential-heroku-rs switch {BOB}");
    killed_at_every_call(&world, &line, "", || world.has_active_account(ANN), then);
}

#[test]
fn a_login_in_netrc_leaves_every_other_entry_as_it_was() {
    let world = World::new();
    let (old, new) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    let others = "# mine\nmachine example.com\n  login x\n  password y\n";
    let entries = |token: &str| {
        ["api", "git"]
            .map(|host| format!("machine {host}.heroku.com\n  login {ANN}\n  password {token}\n"))
    };
    let before = format!("{others}{}", entries(&old).concat());
    let after = format!("{others}{}", entries(&new).concat());
    let then = |world: &World| {
        let text = fs::read_to_string(world.home().join(".netrc")).unwrap();
        assert!(
            text == before || text == after,
            "netrc is the old or the new one"
        );
    };
    let login = "git-credential-heroku-rs login --with-token --store netrc";
    let left = killed_at_every_call(&world, login, &new, || world.has_netrc(&before), then);
    assert!(
        left > 0,
        "a kill leaves a draft, and the next run sweeps it"
    );
}

const OTHERS: &str = "# mine\nmachine example.com\n  login x\n  password y\n";

#[test]
fn a_clean_leaves_the_old_netrc_or_the_new_one() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let before = format!("machine git.heroku.com login {ANN} password {token}\n{OTHERS}");
    let then = |world: &World| {
        let text = fs::read_to_string(world.home().join(".netrc")).unwrap();
        assert!(
            text == before || text == OTHERS,
            "the file is the old or the new one"
        );
    };
    let clean = "git-credential-heroku-rs netrc clean";
    killed_at_every_call(&world, clean, "", || world.has_netrc(&before), then);
}

#[test]
fn an_import_keeps_the_token_in_at_least_one_place() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    let before = format!("machine git.heroku.com login {ANN} password {token}\n{OTHERS}");
    let prepare = || {
        world.empties_the_keyring();
        world.has_netrc(&before);
        // Each run makes the same calls.
        for directory in [".local/share/heroku", ".local/state"] {
            let _ = fs::remove_dir_all(world.home().join(directory));
        }
    };
    let then = |world: &World| {
        let netrc = fs::read_to_string(world.home().join(".netrc")).unwrap();
        let kept = world.stored_in_the_keyring(ANN);
        if netrc == before {
            assert!(kept.is_none() || kept.as_ref() == Some(&token));
        } else {
            assert_eq!((netrc.as_str(), kept.as_ref()), (OTHERS, Some(&token)));
        }
        let reply = world.shell(GET, REQUEST.as_bytes()).succeeds();
        reply.prints_secret(&token).stderr_is("").stdout();
    };
    // A second run does what was left to do, or says that there is nothing to move.
    let import = "git-credential-heroku-rs netrc import --yes";
    killed_at_every_call(&world, import, "", prepare, then);
}

#[test]
fn doctor_killed_during_a_fix_loses_nothing() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    let dead = world.heroku.issue_token(ANN);
    world.heroku.revoke(&dead);
    let others = "machine example.com\n  login x\n  password y\n";
    let entry = format!("machine git.heroku.com\n  login {ANN}\n  password {dead}\n");
    let prepare = || {
        world.empties_the_keyring();
        world.stores_in_the_keyring("heroku", &token);
        world.has_netrc(&format!("{others}{entry}"));
        world.has_file(".gitconfig", CONFIG);
        let _ = fs::remove_file(world.login_json());
    };
    let then = |world: &World| {
        let kept = [ANN, "heroku"].map(|account| world.stored_in_the_keyring(account));
        assert!(kept.contains(&Some(token.clone())));
        let netrc = fs::read_to_string(world.home().join(".netrc")).unwrap();
        assert!(
            netrc == others || netrc == format!("{others}{entry}"),
            "{netrc}"
        );
        let config = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
        assert!(
            config == CONFIG || config.ends_with("\thelper = heroku-rs\n"),
            "{config}"
        );
        assert!(config.contains("username = ann") && config.contains("st = status"));
        remove_gits_lock(world);
    };
    let doctor = "git-credential-heroku-rs doctor --fix --yes";
    killed_at_every_call(&world, doctor, "", prepare, then);
}

/// git may close its end at any time. If the program died of it, a change could be incomplete.
#[test]
fn the_signal_of_a_broken_pipe_does_not_end_the_program() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    let new = world.heroku.issue_token(ANN);
    let input = format!("{REQUEST}username={ANN}\npassword={new}\n");
    for (line, input) in [
        ("git-credential-heroku-rs store", input.as_str()),
        ("git-credential-heroku-rs login --with-token", new.as_str()),
    ] {
        let (sound, mut calls) = world.system_calls(line, input);
        let _ = sound.succeeds().stdout();
        // The first of them come before the program has set its signals.
        calls.retain(|call| call.shows("socket") && call.changes_something());
        assert!(!calls.is_empty());
        for call in &calls {
            let said = world.signalled_at(line, input, call, "PIPE").succeeds();
            let _ = said.reports_at_most(1).stdout();
        }
        counted("broken streams", calls.len());
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(new));
}

const CONFIG: &str = "[user]\n\tname = Ann\n\
    [credential \"https://git.heroku.com\"]\n\tusername = ann\n\thelper = theirs\n\
    [credential]\n\thelper = store\n\
    [alias]\n\tst = status\n";

#[test]
fn setup_leaves_the_old_configuration_or_the_new_one() {
    let world = World::new();
    let prepare = || drop(world.has_file(".gitconfig", CONFIG));
    let line = "git-credential-heroku-rs setup";
    prepare();
    world
        .shell(line, b"")
        .succeeds()
        .says("git now uses only heroku-rs")
        .stdout();
    let new = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
    let then = |world: &World| {
        let text = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
        assert!(text == CONFIG || text == new, "{text}");
        remove_gits_lock(world);
    };
    killed_at_every_call(&world, line, "", prepare, then);
}

#[test]
fn unsetup_leaves_the_old_configuration_or_the_new_one() {
    let world = World::new();
    let set_up = CONFIG.replace("theirs", "\n\thelper = heroku-rs\n\thelper = theirs");
    let prepare = || drop(world.has_file(".gitconfig", &set_up));
    let then = |world: &World| {
        let text = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
        assert!(text == CONFIG || text == set_up, "{text}");
        remove_gits_lock(world);
    };
    let line = "git-credential-heroku-rs unsetup";
    killed_at_every_call(&world, line, "", prepare, then);
}

/// A kill between git's lock and its rename leaves the lock file.
fn remove_gits_lock(world: &World) {
    let lock = world.home().join(".gitconfig.lock");
    if lock.exists() {
        fs::remove_file(lock).unwrap();
    }
}

#[test]
fn a_leftover_lock_is_reported_with_its_fix() {
    let world = World::new();
    world.has_file(".gitconfig", CONFIG);
    world.has_file(".gitconfig.lock", "");
    world.helper("setup").exits_with(1).stdout_is("").stderr_is(
        "heroku-rs: your git configuration is locked: another git is changing it, or one was \
         killed\n  if no git is running: rm ~/.gitconfig.lock\n",
    );
    let text = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
    assert_eq!(text, CONFIG);
    fs::remove_file(world.home().join(".gitconfig.lock")).unwrap();
    world.helper("setup").succeeds().stderr_is("");
}
