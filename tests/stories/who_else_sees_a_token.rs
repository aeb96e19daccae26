//! While this program has a token in memory, no other program of the same user can read that memory or attach
//! a debugger, and a crash leaves no core file. The stories try each of these.

use std::fs;
use std::io::ErrorKind;

use heroku_stand_in::Grant;
use rustix::process::Signal;

use crate::world::{ANN, REQUEST, StopAt, Stopped, World, without_capabilities};

type Holder = fn() -> (World, Stopped);

/// Each program stops while it has a token in memory, in a world of its own.
const HOLDERS: [(&str, Holder); 9] = [
    ("get", || {
        let (world, _) = logged_in();
        let stopped = world.stops_the_helper("get", REQUEST, StopAt::Reply);
        (world, stopped)
    }),
    ("store", || {
        let world = World::new().with_a_fake_secret_service();
        let request = with_password(&world.heroku.issue_token(ANN));
        let stopped = world.stops_the_helper_at_the_keyring(("store", &request), "CreateItem");
        (world, stopped)
    }),
    ("erase", || {
        let (world, token) = logged_in();
        let request = with_password(&token);
        let stopped = world.stops_the_helper_at_heroku("erase", &request);
        (world, stopped)
    }),
    ("login --with-token", || {
        let world = World::new().with_keyring();
        let token = world.heroku.issue_token(ANN);
        let stopped = world.stops_the_helper_at_heroku("login --with-token", &token);
        (world, stopped)
    }),
    ("login --with-token --store netrc", || {
        let world = World::new();
        let token = world.heroku.issue_token(ANN);
        let line = "login --with-token --store netrc";
        let stopped = world.stops_the_helper_at_heroku(line, &token);
        (world, stopped)
    }),
    ("token", || {
        let (world, _) = logged_in();
        let stopped = world.stops_the_helper("token", "", StopAt::Reply);
        (world, stopped)
    }),
    ("api", || {
        let (world, _) = logged_in();
        let stopped = world.stops_the_helper_at_heroku("api /account", "");
        (world, stopped)
    }),
    ("api with HEROKU_API_KEY", || {
        let world = World::new();
        world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
        let stopped = world.stops_the_helper_at_heroku("api /account", "");
        (world, stopped)
    }),
    ("rotate", || {
        let world = World::new().with_keyring();
        let token = world.heroku.issue(ANN, Grant::default()).token;
        world.stores_in_the_keyring(ANN, &token);
        world.has_active_account(ANN);
        let stopped = world.stops_the_helper_at_heroku("rotate", "");
        (world, stopped)
    }),
];

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

fn with_password(token: &str) -> String {
    format!("{REQUEST}username={ANN}\npassword={token}\n")
}

/// Whether this machine lets a debugger attach only to programs that it has started.
fn keeps_debuggers_off() -> bool {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    scope.is_ok_and(|scope| scope.trim() != "0")
}

/// Whether this machine writes core files.
fn writes_core_files() -> bool {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let hard = line.unwrap().split_whitespace().nth(5);
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    hard != Some("0") && !pattern.trim().is_empty()
}

#[test]
fn the_search_reads_an_unprotected_program() {
    without_capabilities(|| {
        let world = World::new();
        let stopped = world.stops_another_program();
        for file in ["mem", "environ", "maps"] {
            assert_eq!(stopped.gives(file), Ok(()), "{file}");
        }
        let said = stopped.says_to_a_debugger();
        assert_ne!(said.contains("attached"), keeps_debuggers_off(), "{said}");
        for signal in [Signal::SEGV, Signal::ABORT] {
            let stopped = world.stops_another_program();
            assert_eq!(stopped.leaves_a_core_file_by(signal), writes_core_files());
        }
    });
}

#[test]
fn no_other_process_reads_the_memory_of_a_program_with_a_token() {
    without_capabilities(|| {
        for (name, holder) in HOLDERS {
            let (_world, stopped) = holder();
            for file in ["mem", "environ", "maps"] {
                let given = stopped.gives(file);
                assert_eq!(given, Err(ErrorKind::PermissionDenied), "{name}: {file}");
            }
            let said = stopped.says_to_a_debugger();
            assert!(said.contains("Operation not permitted"), "{name}: {said}");
        }
    });
}

#[test]
fn a_crash_leaves_no_core_file_of_a_program_with_a_token() {
    without_capabilities(|| {
        for (name, holder) in HOLDERS {
            for signal in [Signal::SEGV, Signal::ABORT, Signal::QUIT] {
                let (_world, stopped) = holder();
                assert!(!stopped.leaves_a_core_file_by(signal), "{name}: {signal:?}");
            }
        }
    });
}

#[test]
fn a_program_under_exec_can_dump_its_core() {
    without_capabilities(|| {
        let (world, token) = logged_in();
        world.is_public(&token);
        let crash = "sh -c 'ulimit -c $(ulimit -H -c); kill -SEGV $$'";
        let ask = "import os, subprocess, sys\n\
                       child = subprocess.Popen(sys.argv[1:])\n\
                       print(os.WCOREDUMP(os.waitpid(child.pid, 0)[1]))";
        let dumped = if writes_core_files() {
            "True\n"
        } else {
            "False\n"
        };
        for before in ["", "git-credential-heroku-rs exec -- "] {
            let line = format!("python3 -c '{ask}' {before}{crash}");
            world.shell(&line, b"").succeeds().stdout_is(dumped);
        }
    });
}
