//! The container registry, as `docker login` asks for it.

use crate::clients::{ANN, Clients};

const V2: &str = "https://registry.heroku.com/v2/";
const TOKENS: &str = "https://registry.heroku.com/token?service=registry.heroku.com";

#[test]
fn a_heroku_token_gets_a_registry_token() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let challenged = clients.curl(&[V2]);
    assert_eq!(challenged.status, 401);
    let challenge = challenged.header("WWW-Authenticate").unwrap();
    assert!(challenge.starts_with("Bearer realm=\"https://registry.heroku.com/token\""));

    let answer = clients.curl(&["--user", &format!("_:{token}"), TOKENS]);
    let answer = answer.json();
    let bearer = answer["token"].as_str().unwrap();
    let header = format!("Authorization: Bearer {bearer}");
    assert_eq!(clients.curl(&["-H", &header, V2]).status, 200);
    assert!(
        clients
            .heroku
            .secrets()
            .iter()
            .any(|secret| secret == bearer)
    );
}

#[test]
fn a_revoked_token_gets_no_registry_token() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.revoke(&token);
    assert_eq!(
        clients
            .curl(&["--user", &format!("_:{token}"), TOKENS])
            .status,
        401
    );
    assert_eq!(
        clients
            .curl(&["-H", &format!("Authorization: Bearer {token}"), V2])
            .status,
        401
    );
}
