//! Held requests, so that a client can be killed in the middle.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use heroku_stand_in::{Fault, On, Times};

use crate::clients::{ACCEPT, ANN, API, Clients};

const LIMIT: Duration = Duration::from_secs(10);
const NO_WAIT: Duration = Duration::ZERO;
const DELETION: On = On::HostPath("api.heroku.com", "DELETE /oauth");

/// Sends a deletion with a client that is killed while its request is held. Returns whether the token is still valid.
fn is_live_after_kill(fault: Fault, then: impl FnOnce(&Clients)) -> bool {
    let clients = Clients::new();
    let issued = clients.heroku.issue(ANN, heroku_stand_in::Grant::default());
    clients.heroku.fault(DELETION, fault, Times::Always);
    let bearer = format!("Authorization: Bearer {}", issued.token);
    let url = format!("{API}/oauth/authorizations/{}", issued.id);
    let mut client = clients
        .command("curl")
        .args([
            "--silent",
            "--request",
            "DELETE",
            "-H",
            ACCEPT,
            "-H",
            &bearer,
            &url,
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let held = clients.heroku.wait_for_pause(LIMIT).unwrap();
    assert_eq!((held.method.as_str(), held.status), ("DELETE", 0));
    client.kill().unwrap();
    client.wait().unwrap();
    then(&clients);
    clients.heroku.is_live(&issued.token)
}

#[test]
fn a_request_that_is_held_has_had_no_effect() {
    assert!(is_live_after_kill(Fault::Pause, |_| {}));
}

#[test]
fn a_request_whose_answer_is_held_has_had_its_effect() {
    assert!(!is_live_after_kill(Fault::PauseAnswer, |_| {}));
}

#[test]
fn a_released_request_has_its_effect_although_the_client_has_gone() {
    let is_live = is_live_after_kill(Fault::Pause, |clients| {
        clients.heroku.release();
        assert!(clients.heroku.wait_for_answer(&DELETION, LIMIT).is_some());
    });
    assert!(!is_live);
}

#[test]
fn a_released_request_is_answered() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let on = On::Path("GET /account");
    clients.heroku.fault(on, Fault::Pause, Times::Exactly(1));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| clients.api(&token, "GET", "/account", &[]));
        clients.heroku.wait_for_pause(LIMIT).unwrap();
        assert!(clients.heroku.wait_for(&on, NO_WAIT).is_some());
        assert!(clients.heroku.wait_for_answer(&on, NO_WAIT).is_none());
        clients.heroku.release();
        assert_eq!(waiting.join().unwrap().status, 200);
    });
    assert!(clients.heroku.wait_for_answer(&on, NO_WAIT).is_some());
    assert!(clients.heroku.wait_for_pause(NO_WAIT).is_none());
    clients.heroku.forget_requests();
    assert!(clients.heroku.wait_for(&on, NO_WAIT).is_none());
}

#[test]
fn stopping_the_stand_in_releases_every_request() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.fault(On::Any, Fault::Pause, Times::Always);
    let bearer = format!("Authorization: Bearer {token}");
    let mut client = clients
        .command("curl")
        .args([
            "--silent",
            "-H",
            ACCEPT,
            "-H",
            &bearer,
            &format!("{API}/account"),
        ])
        .spawn()
        .unwrap();
    clients.heroku.wait_for_pause(LIMIT).unwrap();
    drop(clients);
    assert!(!client.wait().unwrap().success());
}
