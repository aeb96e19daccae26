//! Each fault with curl as the client. The numbers are curl's exit codes.

use std::thread;
use std::time::Duration;

use heroku_stand_in::{Fault, On, Times};
use serde_json::{Value, json};

use crate::clients::{ANN, Clients, CurlReply};

const EMPTY_REPLY: i32 = 52;
const RECEIVE_ERROR: i32 = 56;
const PARTIAL_FILE: i32 = 18;
const NOT_CONNECTED: i32 = 7;
const TIMED_OUT: i32 = 28;
const BAD_CERTIFICATE: i32 = 60;

/// The reply to `GET /account` with a fault.
fn account_with(fault: Fault, more: &[&str]) -> CurlReply {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients
        .heroku
        .fault(On::Host("api.heroku.com"), fault, Times::Always);
    clients.api(&token, "GET", "/account", more)
}

#[test]
fn the_tunnel_may_fail() {
    for fault in [Fault::NoTunnel, Fault::ProxyPassword] {
        let reply = account_with(fault, &[]);
        assert_eq!((reply.exit, reply.status), (RECEIVE_ERROR, 0));
    }
    for fault in [Fault::WrongName, Fault::UntrustedCa, Fault::Expired] {
        assert_eq!(
            account_with(fault.clone(), &[]).exit,
            BAD_CERTIFICATE,
            "{fault:?}"
        );
    }
}

#[test]
fn connections_can_be_refused_and_then_accepted_again() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let ask = || clients.api(&token, "GET", "/account", &[]);
    clients.heroku.refuse_connections();
    assert_eq!(ask().exit, NOT_CONNECTED);
    clients.heroku.accept_connections().unwrap();
    assert_eq!(ask().status, 200);
}

#[test]
fn refusing_connections_closes_the_open_ones() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let on = On::Path("GET /account");
    clients.heroku.fault(on, Fault::Hang, Times::Always);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| clients.api(&token, "GET", "/account", &[]));
        clients
            .heroku
            .wait_for(&on, Duration::from_secs(10))
            .unwrap();
        clients.heroku.refuse_connections();
        let exit = waiting.join().unwrap().exit;
        assert!([EMPTY_REPLY, RECEIVE_ERROR].contains(&exit), "{exit}");
    });
}

#[test]
fn an_answer_may_never_arrive() {
    let closed = account_with(Fault::Close, &[]);
    assert!(
        [EMPTY_REPLY, RECEIVE_ERROR].contains(&closed.exit),
        "{closed:?}"
    );
    assert_eq!(
        account_with(Fault::Hang, &["--max-time", "0.5"]).exit,
        TIMED_OUT
    );
    let cut = account_with(Fault::CutBody, &[]);
    assert!([PARTIAL_FILE, RECEIVE_ERROR].contains(&cut.exit), "{cut:?}");
}

#[test]
fn a_body_may_be_slow_endless_or_large() {
    let slow = Fault::SlowBody(Duration::from_millis(1));
    assert_eq!(account_with(slow, &[]).json()["email"], ANN);
    let slow = Fault::SlowBody(Duration::from_secs(1));
    assert_eq!(account_with(slow, &["--max-time", "0.5"]).exit, TIMED_OUT);
    let brief = ["--max-time", "0.5", "--output", "/dev/null"];
    assert_eq!(account_with(Fault::EndlessBody, &brief).exit, TIMED_OUT);
    let large = account_with(Fault::LargeBody(20_000_000), &[]);
    assert_eq!(large.body.len(), 20_000_000);
}

#[test]
fn a_body_may_be_compressed() {
    assert_eq!(account_with(Fault::Gzip, &[]).body[..2], [0x1f, 0x8b]);
    assert_eq!(
        account_with(Fault::Gzip, &["--compressed"]).json()["email"],
        ANN
    );
    let bomb = account_with(Fault::Bomb, &["--compressed"]);
    assert_eq!(bomb.body.len(), 64 << 20);
}

#[test]
fn each_status_has_its_headers_and_body() {
    let reply = account_with(Fault::api(422, "an_unknown_id", "words"), &[]);
    assert_eq!(
        (reply.status, reply.json()),
        (422, json!({"id": "an_unknown_id", "message": "words"}))
    );
    assert_eq!(
        account_with(Fault::page(502), &[]).header("Content-Type"),
        Some("text/html")
    );
    let limited = account_with(Fault::rate_limit(Some("Retry-After: 7")), &[]);
    assert_eq!(
        (limited.status, limited.header("Retry-After")),
        (429, Some("7"))
    );
    let limited = account_with(Fault::rate_limit(None), &[]);
    assert_eq!((limited.status, limited.header("Retry-After")), (429, None));
    let redirected = Fault::redirect(302, "Location: https://evil.example/account");
    let redirected = account_with(redirected, &[]);
    assert_eq!(
        (redirected.status, redirected.header("Location")),
        (302, Some("https://evil.example/account"))
    );
}

#[test]
fn an_answer_may_contain_wrong_types() {
    let reply = account_with(Fault::WrongTypes, &[]).json();
    assert_eq!(
        (&reply["email"], &reply["federated"]),
        (&json!(7), &json!("text"))
    );
    let reply = account_with(Fault::Member("email", Value::Null), &[]).json();
    assert_eq!(
        (&reply["email"], &reply["verified"]),
        (&Value::Null, &json!(true))
    );
}

#[test]
fn a_member_of_an_entry_may_be_anything() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let access_token_with = |member, value| {
        let fault = Fault::Member(member, value);
        clients.heroku.fault(On::Any, fault, Times::Exactly(1));
        let list = clients
            .api(&token, "GET", "/oauth/authorizations", &[])
            .json();
        list[0]["access_token"].clone()
    };
    assert_eq!(access_token_with("access_token", Value::Null), Value::Null);
    for end in [json!(null), json!(0), json!(-1), json!("soon")] {
        let reply = access_token_with("access_token.expires_in", end.clone());
        assert_eq!(reply["expires_in"], end);
    }
}

#[test]
fn a_list_may_never_end() {
    let next_of = |fault: Fault| {
        let clients = Clients::new();
        let token = clients.heroku.issue_token(ANN);
        clients
            .heroku
            .fault(On::Path("GET /apps"), fault, Times::Always);
        let next = || {
            let reply = clients.api(&token, "GET", "/apps", &[]);
            assert_eq!(reply.status, 206);
            reply.header("Next-Range").unwrap().to_owned()
        };
        (next(), next())
    };
    let (first, second) = next_of(Fault::EndlessPages);
    assert_ne!(first, second);
    let (first, second) = next_of(Fault::SamePage);
    assert_eq!(first, second);
}

#[test]
fn a_token_may_be_revoked_between_two_pages() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let refusal = Fault::api(401, "unauthorized", "Invalid credentials provided.");
    clients
        .heroku
        .fault(On::Path("GET /apps"), refusal, Times::After(1));
    let ask = || clients.api(&token, "GET", "/apps", &[]).status;
    assert_eq!([ask(), ask(), ask()], [200, 401, 401]);
    clients.heroku.clear_faults();
    assert_eq!(ask(), 200);
}

#[test]
fn only_a_request_with_a_lost_answer_has_an_effect() {
    let clients = Clients::new();
    for (fault, lives) in [(Fault::Close, true), (Fault::LoseAnswer, false)] {
        let issued = clients.heroku.issue(ANN, heroku_stand_in::Grant::default());
        let path = format!("/oauth/authorizations/{}", issued.id);
        let on = On::Path("DELETE /oauth");
        clients.heroku.fault(on, fault.clone(), Times::Exactly(1));
        assert_ne!(clients.api(&issued.token, "DELETE", &path, &[]).exit, 0);
        assert_eq!(clients.heroku.is_live(&issued.token), lives, "{fault:?}");
        assert_eq!(clients.heroku.requests().last().unwrap().status, 0);
    }
}

#[test]
fn an_upload_may_be_rejected_after_the_list_of_branches() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    let upload = On::HostPath("git.heroku.com", "POST /");
    for status in [401, 403, 404, 429, 500, 503] {
        clients.heroku.forget_requests();
        clients
            .heroku
            .fault(upload, Fault::git(status), Times::Always);
        assert!(
            !clients
                .git(&tree, &["push", "heroku", "main"])
                .status
                .success()
        );
        let seen: Vec<u16> = clients
            .heroku
            .requests()
            .iter()
            .map(|seen| seen.status)
            .collect();
        assert_eq!(seen[..2], [401, 200], "{seen:?}");
        assert!(seen[2..].iter().all(|other| *other == status), "{seen:?}");
        clients.heroku.clear_faults();
    }
    clients.git_prints(&tree, &["push", "-q", "heroku", "main"]);
}

#[test]
fn a_valid_token_can_be_rejected_by_git_once() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    let list = On::HostPath("git.heroku.com", "GET /app.git/info/refs");
    clients
        .heroku
        .fault(list, Fault::git(401), Times::Exactly(2));
    assert!(
        !clients
            .git(&tree, &["push", "heroku", "main"])
            .status
            .success()
    );
    clients.git_prints(&tree, &["push", "-q", "heroku", "main"]);
}

#[test]
fn a_download_of_git_may_be_cut_off() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    clients.git_prints(&tree, &["push", "-q", "heroku", "main"]);
    let download = On::HostPath("git.heroku.com", "POST /app.git/git-upload-pack");
    clients
        .heroku
        .fault(download, Fault::CutBody, Times::Always);
    assert!(!clients.git(&tree, &["fetch", "heroku"]).status.success());
    clients.heroku.clear_faults();
    clients.git_prints(&tree, &["fetch", "-q", "heroku"]);
}
