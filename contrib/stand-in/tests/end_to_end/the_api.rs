//! The Platform API and its conventions.

use std::time::Duration;

use heroku_stand_in::{Form, Grant, Origin, Redaction};
use serde_json::{Value, json};

use crate::clients::{ACCEPT, ANN, API, Clients, CurlReply, JSON};

const AUTHORIZATIONS: &str = "/oauth/authorizations";

fn scoped(scope: &str) -> Grant {
    Grant {
        scope: vec![scope.to_owned()],
        ..Grant::default()
    }
}

/// Reads every page of a list. Returns the number of pages, and their entries.
fn all_pages(clients: &Clients, token: &str, path: &str) -> (usize, Vec<Value>) {
    let (mut pages, mut entries, mut range) = (0, Vec::new(), None);
    loop {
        let header = range.map(|range| format!("Range: {range}"));
        let more: Vec<&str> = header.iter().flat_map(|header| ["-H", header]).collect();
        let reply = clients.api(token, "GET", path, &more);
        pages += 1;
        entries.extend(reply.json().as_array().unwrap().clone());
        match reply.status {
            206 => range = Some(reply.header("Next-Range").unwrap().to_owned()),
            _ => return (pages, entries),
        }
    }
}

fn id(reply: &CurlReply) -> Value {
    reply.json()["id"].clone()
}

#[test]
fn every_answer_has_its_three_headers() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    for reply in [
        clients.api(&token, "GET", "/account", &[]),
        clients.api("HRKU-not-a-token-of-anybody", "GET", "/account", &[]),
        clients.curl(&[&format!("{API}/account")]),
        clients.api(&token, "GET", "/nowhere", &[]),
    ] {
        for header in ["Request-Id", "ETag", "RateLimit-Remaining"] {
            assert!(reply.header(header).is_some(), "{header}: {reply:?}");
        }
    }
}

#[test]
fn an_invalid_request_is_rejected() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let bearer = format!("Authorization: Bearer {token}");
    let account = format!("{API}/account");
    let unversioned = clients.curl(&["-H", &bearer, &account]);
    assert_eq!(
        (unversioned.status, id(&unversioned)),
        (406, json!("not_acceptable"))
    );
    assert_eq!(clients.curl(&["-H", ACCEPT, &account]).status, 401);

    let post = |more: &[&str]| clients.api(&token, "POST", AUTHORIZATIONS, more);
    let status = |more: &[&str]| post(more).status;
    assert_eq!(status(&["--data", "{\"scope\":[\"global\"]}"]), 415);
    assert_eq!(status(&["-H", JSON, "--data", "{"]), 400);
    assert_eq!(
        status(&["-H", JSON, "--data", "{\"description\":\"d\"}"]),
        422
    );
    assert_eq!(
        status(&["-H", JSON, "--data", "{\"scope\":[\"global\"]}"]),
        201
    );
}

#[test]
fn a_token_is_valid_as_bearer_and_as_basic_until_it_is_revoked() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let basic = || {
        let (user, url) = (format!("anything:{token}"), format!("{API}/account"));
        clients.curl(&["-H", ACCEPT, "--user", &user, &url])
    };
    assert_eq!(basic().json()["email"], ANN);
    assert_eq!(
        clients.api(&token, "GET", "/account", &[]).json()["email"],
        ANN
    );
    assert!(clients.heroku.is_live(&token));
    clients.heroku.revoke(&token);
    assert_eq!(basic().status, 401);
    assert!(!clients.heroku.is_live(&token));
}

#[test]
fn an_unchanged_answer_is_not_sent_again() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let first = clients.api(&token, "GET", "/account", &[]);
    let condition = format!("If-None-Match: {}", first.header("ETag").unwrap());
    let second = clients.api(&token, "GET", "/account", &["-H", &condition]);
    assert_eq!((second.status, second.body.len()), (304, 0));
}

#[test]
fn an_expired_token_is_rejected() {
    let clients = Clients::new();
    let grant = Grant {
        expires_in: Some(3600),
        ..Grant::default()
    };
    let issued = clients.heroku.issue(ANN, grant);
    let path = format!("{AUTHORIZATIONS}/{}", issued.id);
    clients.heroku.advance(Duration::from_secs(3500));
    let reply = clients.api(&issued.token, "GET", &path, &[]).json();
    let left = reply["access_token"]["expires_in"].as_i64().unwrap();
    assert!((90..=100).contains(&left), "{left}");
    clients.heroku.advance(Duration::from_secs(101));
    assert_eq!(clients.api(&issued.token, "GET", &path, &[]).status, 401);
}

#[test]
fn a_scope_only_allows_its_own_requests() {
    let clients = Clients::new();
    let identity = clients.heroku.issue(ANN, scoped("identity")).token;
    let read = clients.heroku.issue(ANN, scoped("read")).token;
    let status = |token: &str, path: &str| clients.api(token, "GET", path, &[]).status;
    assert_eq!(status(&identity, "/account"), 200);
    assert_eq!(status(&identity, "/apps"), 403);
    assert_eq!(status(&read, "/apps"), 200);
    assert_eq!(status(&read, AUTHORIZATIONS), 403);
}

#[test]
fn lists_come_in_pages() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    for name in ["one", "two", "three", "four", "five"] {
        clients.heroku.add_app(ANN, name).unwrap();
    }
    let (pages, apps) = all_pages(&clients, &token, "/apps");
    let names: Vec<_> = apps
        .iter()
        .map(|app| app["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        (pages, names),
        (3, vec!["five", "four", "one", "three", "two"])
    );

    for _ in 0..4 {
        clients.heroku.issue_token(ANN);
    }
    assert_eq!(all_pages(&clients, &token, AUTHORIZATIONS).1.len(), 5);
    clients.heroku.set_page_size(200);
    assert_eq!(all_pages(&clients, &token, AUTHORIZATIONS).0, 1);
    let bad = clients.api(&token, "GET", "/apps", &["-H", "Range: size .."]);
    assert_eq!(bad.status, 416);
}

#[test]
fn an_authorization_is_created_by_post_and_removed_by_delete() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let body = r#"{"scope":["read"],"description":"d","expires_in":60}"#;
    let made = clients.api(
        &token,
        "POST",
        AUTHORIZATIONS,
        &["-H", JSON, "--data", body],
    );
    assert_eq!(made.status, 201);
    let made = made.json();
    let fresh = made["access_token"]["token"].as_str().unwrap().to_owned();
    assert!(clients.heroku.is_live(&fresh) && clients.heroku.secrets().contains(&fresh));
    let path = format!("{AUTHORIZATIONS}/{}", made["id"].as_str().unwrap());

    let body = r#"{"description":"renamed"}"#;
    let renamed = clients.api(&token, "PATCH", &path, &["-H", JSON, "--data", body]);
    assert_eq!(renamed.json()["description"], "renamed");
    let found = clients.api(&token, "GET", &path, &[]).json();
    assert_eq!(
        (&found["description"], &found["scope"]),
        (&json!("renamed"), &json!(["read"]))
    );

    let regenerate = format!("{path}/actions/regenerate-tokens");
    let again = clients.api(&token, "POST", &regenerate, &[]).json();
    let again = again["access_token"]["token"].as_str().unwrap().to_owned();
    assert!(clients.heroku.is_live(&again) && !clients.heroku.is_live(&fresh));

    assert_eq!(clients.api(&token, "DELETE", &path, &[]).status, 200);
    assert!(!clients.heroku.is_live(&again));
    let gone = clients.api(&token, "DELETE", &path, &[]);
    assert_eq!(
        (gone.status, &gone.json()["resource"]),
        (404, &json!("authorization"))
    );
}

#[test]
fn the_default_authorization_is_not_the_one_in_use() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let path = format!("{AUTHORIZATIONS}/~");
    let none = clients.api(&token, "GET", &path, &[]);
    assert_eq!(
        (none.status, &none.json()["resource"]),
        (404, &json!("authorization"))
    );
    let origin = Origin::Default;
    let default = clients.heroku.issue(
        ANN,
        Grant {
            origin,
            ..Grant::default()
        },
    );
    let found = clients.api(&token, "GET", &path, &[]);
    assert_eq!(id(&found), default.id.as_str());
}

#[test]
fn the_token_of_a_browser_login_is_not_listed_and_ends_with_its_session() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let origin = Origin::Browser;
    let browser = clients
        .heroku
        .issue(
            ANN,
            Grant {
                origin,
                ..Grant::default()
            },
        )
        .token;
    assert_eq!(all_pages(&clients, &token, AUTHORIZATIONS).1.len(), 1);
    let sessions = clients.api(&token, "GET", "/oauth/sessions", &[]).json();
    assert_eq!(sessions.as_array().unwrap().len(), 1);

    let own = |token: &str| clients.api(token, "DELETE", "/oauth/sessions/~", &[]);
    let none = own(&token);
    assert_eq!(
        (none.status, &none.json()["resource"]),
        (404, &json!("session"))
    );
    assert_eq!(own(&browser).status, 200);
    assert!(!clients.heroku.is_live(&browser));
}

#[test]
fn tokens_are_redacted_according_to_the_mode() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let shown = || {
        let list = clients.api(&token, "GET", AUTHORIZATIONS, &[]).json();
        list[0]["access_token"]["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let ends = format!("{}**********{}", &token[..9], &token[token.len() - 6..]);
    assert_eq!(shown(), ends);
    clients.heroku.set_redaction(Redaction::Short);
    assert_eq!(shown(), "HRKU-**********");
    clients.heroku.set_redaction(Redaction::Whole);
    assert_eq!(shown(), token);
}

#[test]
fn tokens_of_every_format_are_valid() {
    let clients = Clients::new();
    for form in [Form::Current, Form::Prefixed, Form::Bare, Form::Hex] {
        let token = clients
            .heroku
            .issue(
                ANN,
                Grant {
                    form,
                    ..Grant::default()
                },
            )
            .token;
        assert_eq!(
            clients.api(&token, "GET", "/account", &[]).status,
            200,
            "{form:?}"
        );
    }
}

#[test]
fn a_locked_app_opens_to_a_second_factor() {
    let clients = Clients::new();
    let _ = clients
        .heroku
        .add_account(ANN)
        .mfa_codes(&["111111", "222222"]);
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    clients.heroku.lock_app("app");
    let locked = clients.api(&token, "GET", "/apps/app", &[]);
    assert_eq!((locked.status, id(&locked)), (403, json!("two_factor")));
    assert_eq!(locked.json()["app"]["name"], "app");

    let code = ["-H", "Heroku-Two-Factor-Code: 111111"];
    assert_eq!(clients.api(&token, "GET", "/apps/app", &code).status, 200);
    let path = "/apps/app/pre-authorizations";
    assert_eq!(clients.api(&token, "PUT", path, &code).status, 403);
    let code = ["-H", "Heroku-Two-Factor-Code: 222222"];
    assert_eq!(clients.api(&token, "PUT", path, &code).status, 200);
    assert_eq!(clients.api(&token, "GET", "/apps/app", &[]).status, 200);
}

#[test]
fn requests_are_counted_up_to_the_rate_limit() {
    let clients = Clients::new();
    let _ = clients.heroku.add_account(ANN).requests_left(1);
    let token = clients.heroku.issue_token(ANN);
    let left = || {
        clients
            .api(&token, "GET", "/account/rate-limits", &[])
            .json()
    };
    assert_eq!(left(), json!({"remaining": 1}));
    let last = clients.api(&token, "GET", "/account", &[]);
    assert_eq!(
        (last.status, last.header("RateLimit-Remaining")),
        (200, Some("0"))
    );
    let more = clients.api(&token, "GET", "/account", &[]);
    assert_eq!((more.status, id(&more)), (429, json!("rate_limit")));
    assert_eq!(left(), json!({"remaining": 0}));
}

#[test]
fn apps_can_exist_only_in_the_list() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_listed_apps(ANN, 5);
    let (pages, apps) = all_pages(&clients, &token, "/apps");
    assert_eq!((pages, apps.len()), (3, 5));
    assert_eq!(apps[4]["name"], json!("app-000004"));
}

#[test]
fn a_head_response_has_the_headers_of_a_get_and_no_body() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let reply = clients.api(&token, "HEAD", "/account", &["--head"]);
    assert_eq!(reply.status, 200);
    assert!(reply.header("ETag").is_some(), "{reply:?}");
    // With --head, curl prints the headers as the body.
    let reply = String::from_utf8(reply.body).unwrap();
    assert!(reply.trim_end().ends_with("Content-Length: 0"), "{reply}");
}
