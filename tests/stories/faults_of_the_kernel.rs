//! Each system call on the way to the keyring fails or is interrupted: the same promises hold as for a bus
//! that fails.

use crate::world::{ANN, Outcome, REQUEST, SystemCall, World, counted, sample};

/// How many of the faults a normal run tests.
const DAILY: usize = 8;

fn errors(call: &SystemCall) -> &'static [&'static str] {
    let on_a_socket = call.shows("socket:[");
    match call {
        call if call.is_one_of(&["socket"]) => &["EMFILE", "EACCES", "ENOMEM"],
        call if call.is_one_of(&["connect"]) => &["EAGAIN", "ECONNREFUSED", "EACCES"],
        call if call.is_one_of(&["poll", "ppoll"]) => &["EINTR", "ENOMEM"],
        call if call.is_one_of(&["read", "recvfrom"]) && on_a_socket => {
            &["EINTR", "EAGAIN", "ECONNRESET"]
        }
        call if call.is_one_of(&["write", "sendto"]) && on_a_socket => {
            &["EINTR", "EAGAIN", "EPIPE"]
        }
        _ => &[],
    }
}

fn with_every_fault(world: &World, line: &str, input: &str, then: impl Fn(Outcome<'_>)) {
    let (sound, calls) = world.system_calls(line, input);
    then(sound);
    let each = |call| errors(call).iter().map(move |error| (call, error));
    let all: Vec<_> = calls.iter().flat_map(each).collect();
    assert!(all.len() > 20, "{} faults are known", all.len());
    let faults = sample(all, DAILY);
    for (call, error) in &faults {
        then(world.failing_at(line, input, call, error));
    }
    counted("faults of the kernel", faults.len());
}

#[test]
fn get_returns_the_token_from_the_keyring_or_from_netrc() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let in_netrc = world.heroku.issue_token(ANN);
    let entry = format!("machine git.heroku.com\n  login {ANN}\n  password {in_netrc}\n");
    world.has_netrc(&entry);
    with_every_fault(&world, "git-credential-heroku-rs get", REQUEST, |reply| {
        let reply = reply.succeeds().reports_at_most(1);
        let _ = if reply.stdout().contains(&token) {
            reply.prints_secret(&token).stderr_is("")
        } else {
            reply
                .prints_secret(&in_netrc)
                .says("; using the token from netrc")
        };
    });
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn store_saves_the_token_or_reports_that_it_did_not() {
    let world = World::new().with_keyring();
    let new = world.heroku.issue_token(ANN);
    let input = format!("{REQUEST}username={ANN}\npassword={new}\n");
    with_every_fault(&world, "git-credential-heroku-rs store", &input, |said| {
        let said = said.succeeds().reports_at_most(1).stdout_is("");
        match world.stored_in_the_keyring(ANN) {
            Some(kept) => assert_eq!(kept, new),
            None => drop(said.says("the token was not stored (").stdout()),
        }
        world.empties_the_keyring();
    });
}
