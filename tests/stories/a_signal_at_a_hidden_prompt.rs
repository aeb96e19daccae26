//! A signal that ends the program at a hidden prompt leaves a terminal that shows what is typed.

use std::fs;

use heroku_stand_in::{Fault, On, Times};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{ANN, API_HOST, World};

/// The signals of `kill`, of a terminal that is closed, and of a program that stops another one.
const SIGNALS: [(Signal, i32); 4] = [
    (Signal::TERM, 143),
    (Signal::HUP, 129),
    (Signal::INT, 130),
    (Signal::QUIT, 131),
];

/// A command line that writes the number of its process to a file, and then shows its exit code and the echo.
fn line(command: &str) -> String {
    format!(
        "sh -c 'echo $$ >\"$HOME/pid\"; exec git-credential-heroku-rs {command}'; \
         echo \"exit code $?\"; stty -a | grep -o ' -*echo '"
    )
}

fn send(world: &World, signal: Signal) {
    let pid = fs::read_to_string(world.home().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn the_echo_is_turned_on_again() {
    let world = World::ready_to_push();
    for (signal, code) in SIGNALS {
        let terminal = world
            .on_a_terminal(&line("login"))
            .shows("Token: ")
            .types_without_enter("HRKU-half");
        send(&world, signal);
        let shown = terminal.exits_with(0);
        assert!(shown.contains(&format!("exit code {code}\n")), "{shown}");
        assert!(shown.ends_with(" echo \n"), "{signal:?}: {shown}");
        assert!(!shown.contains("HRKU"), "{signal:?}: {shown}");
    }
    assert_eq!(world.accounts_in_the_keyring(), [""; 0]);
}

#[test]
fn the_echo_is_turned_on_again_after_the_second_prompt_of_a_login() {
    let world = World::ready_to_push();
    let terminal = world
        .on_a_terminal(&line("login --interactive"))
        .shows("Email: ")
        .types(ANN)
        .shows("Password: ");
    send(&world, Signal::TERM);
    let shown = terminal.exits_with(0);
    assert!(shown.contains("exit code 143\n"), "{shown}");
    assert!(shown.ends_with(" echo \n"), "{shown}");
}

#[test]
fn the_echo_is_turned_on_again_at_the_second_hidden_prompt() {
    let world = World::ready_to_push();
    let account = world.heroku.add_account(ANN);
    let _ = account.password("a good passphrase").mfa_codes(&["123456"]);
    let terminal = world
        .on_a_terminal(&line("login --interactive"))
        .shows("Email: ")
        .types(ANN)
        .shows("Password: ")
        .types("a good passphrase")
        .shows("MFA code: ");
    send(&world, Signal::TERM);
    let shown = terminal.exits_with(0);
    assert!(shown.contains("exit code 143\n"), "{shown}");
    assert!(shown.ends_with(" echo \n"), "{shown}");
}

#[test]
fn a_signal_after_the_prompt_ends_the_program_as_usual() {
    for (signal, code) in SIGNALS {
        let world = World::ready_to_push();
        let token = world.heroku.issue_token(ANN);
        let api = On::Host(API_HOST);
        world.heroku.fault(api, Fault::Pause, Times::Exactly(1));
        let terminal = world
            .on_a_terminal(&line("login"))
            .shows("Token: ")
            .types(&token);
        world.waits_until_heroku_holds_a_request();
        send(&world, signal);
        let shown = terminal.exits_with(0);
        assert!(shown.contains(&format!("exit code {code}\n")), "{shown}");
        assert!(shown.ends_with(" echo \n"), "{signal:?}: {shown}");
    }
}
