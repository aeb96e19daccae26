//! Logins: with a password, with a second factor, in a browser.

use std::thread;

use serde_json::{Value, json};

use crate::clients::{ACCEPT, ANN, API, Clients, CurlReply, JSON};

const BODY: &str = r#"{"scope":["global"],"description":"d","expires_in":2592000}"#;
const LOGIN_SERVICE: &str = "https://cli-auth.heroku.com";

fn log_in(clients: &Clients, password: &str, code: Option<&str>) -> CurlReply {
    let (user, url) = (
        format!("{ANN}:{password}"),
        format!("{API}/oauth/authorizations"),
    );
    let code = code.map(|code| format!("Heroku-Two-Factor-Code: {code}"));
    let mut arguments = vec![
        "--user", &user, "-H", ACCEPT, "-H", JSON, "--data", BODY, &url,
    ];
    arguments.extend(code.iter().flat_map(|code| ["-H", code]));
    clients.curl(&arguments)
}

fn refusal(reply: &CurlReply) -> (u16, Value) {
    (reply.status, reply.json()["id"].clone())
}

#[test]
fn a_password_gets_a_token() {
    let clients = Clients::new();
    let _ = clients.heroku.add_account(ANN).password("secret");
    let reply = log_in(&clients, "secret", None);
    let (status, answer) = (reply.status, reply.json());
    assert_eq!((status, &answer["user"]["email"]), (201, &json!(ANN)));
    assert_eq!(answer["access_token"]["expires_in"], 2_592_000);
    let token = answer["access_token"]["token"].as_str().unwrap();
    assert!(clients.heroku.is_live(token));
    let wrong = log_in(&clients, "guess", None);
    assert_eq!(refusal(&wrong), (401, json!("unauthorized")));
}

#[test]
fn each_code_of_a_second_factor_can_be_used_once() {
    let clients = Clients::new();
    let account = clients.heroku.add_account(ANN);
    let _ = account.password("secret").mfa_codes(&["123456"]);
    let wanted = (403, json!("two_factor"));
    assert_eq!(refusal(&log_in(&clients, "secret", None)), wanted);
    assert_eq!(refusal(&log_in(&clients, "secret", Some("000000"))), wanted);
    assert_eq!(log_in(&clients, "secret", Some("123456")).status, 201);
    assert_eq!(refusal(&log_in(&clients, "secret", Some("123456"))), wanted);
}

#[test]
fn each_kind_of_account_is_rejected_with_its_own_message() {
    for (kind, id) in [
        ("federated", "sso_required"),
        ("untrusted", "device_trust_required"),
        ("suspended", "suspended"),
    ] {
        let clients = Clients::new();
        let account = clients.heroku.add_account(ANN).password("secret");
        let _ = match kind {
            "federated" => account.federated(),
            "untrusted" => account.untrusted(),
            _ => account.suspended(),
        };
        assert_eq!(refusal(&log_in(&clients, "secret", None)), (403, json!(id)));
    }
}

fn begin(clients: &Clients) -> Value {
    let url = format!("{LOGIN_SERVICE}/auth");
    let reply = clients.curl(&["-H", JSON, "--data", r#"{"description":"d"}"#, &url]);
    assert_eq!(reply.status, 200);
    reply.json()
}

fn poll(clients: &Clients, login: &Value) -> CurlReply {
    let url = format!("{LOGIN_SERVICE}{}", login["cli_url"].as_str().unwrap());
    let bearer = format!("Authorization: Bearer {}", login["token"].as_str().unwrap());
    clients.curl(&["-H", &bearer, &url])
}

#[test]
fn a_login_in_a_browser_waits_for_the_user() {
    let clients = Clients::new();
    let login = begin(&clients);
    let page = format!("{LOGIN_SERVICE}{}", login["browser_url"].as_str().unwrap());
    assert_eq!(clients.curl(&[&page]).status, 200);
    let reply = thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&clients, &login));
        let on = heroku_stand_in::On::Path("GET /auth/cli/");
        let limit = std::time::Duration::from_secs(10);
        assert!(clients.heroku.wait_for(&on, limit).is_some());
        clients.heroku.approve_browser_login(ANN);
        waiting.join().unwrap()
    });
    let answer = reply.json();
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(
        clients.api(token, "GET", "/account", &[]).json()["email"],
        ANN
    );
    assert_eq!(poll(&clients, &login).status, 401);
    let secrets = clients.heroku.secrets();
    assert!(
        secrets
            .iter()
            .any(|secret| login["token"] == secret.as_str())
    );
}

#[test]
fn a_login_in_a_browser_may_be_refused_before_it_begins() {
    let clients = Clients::new();
    clients.heroku.refuse_browser_login("IP address mismatch");
    let login = begin(&clients);
    let reply = poll(&clients, &login);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({"error": "IP address mismatch"}));
}
