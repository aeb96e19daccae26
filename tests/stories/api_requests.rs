//! `api`: the request, its account and its host.

use heroku_stand_in::Recorded;
use serde_json::{Value, json};

use crate::world::{ANN, BOB, World};

const ACCOUNT: &str = "https://api.heroku.com/account";

fn with_ann() -> World {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// The only request there was, which is forgotten now.
fn request(world: &World) -> Recorded {
    let mut requests = world.heroku.requests();
    world.heroku.forget_requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

fn line(request: &Recorded) -> String {
    let query = match request.query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    format!("{} {}{query}", request.method, request.path)
}

fn body(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn the_body_is_written_to_a_pipe_unchanged() {
    let world = with_ann();
    let outcome = world.helper("api /account").succeeds().stderr_is("");
    let account: Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(account["email"], ANN);
    let request = request(&world);
    assert_eq!(line(&request), "GET /account");
    let header = |name| request.header(name).unwrap_or_default();
    assert_eq!(header("accept"), "application/vnd.heroku+json; version=3");
    let agent = concat!("git-credential-heroku-rs/", env!("CARGO_PKG_VERSION"));
    assert_eq!(header("user-agent"), agent);
    assert_eq!(header("content-type"), "");
}

#[test]
fn a_path_may_start_with_a_slash_or_the_host() {
    let world = with_ann();
    for path in ["account", "/account", ACCOUNT] {
        world
            .helper(&format!("api {path} --silent"))
            .succeeds()
            .says_nothing();
        assert_eq!(line(&request(&world)), "GET /account", "{path}");
    }
}

#[test]
fn no_other_host_gets_a_request() {
    let world = with_ann();
    for path in [
        "https://evil.example/account",
        "http://api.heroku.com/account",
        "https://git.heroku.com/account",
        "https://api.heroku.com@evil.example/account",
        "https://api.heroku.com:8443/account",
    ] {
        world
            .helper(&format!("api {path}"))
            .exits_with(2)
            .stdout_is("")
            .says("the token is not sent to other hosts");
    }
    world.sets("HEROKU_HOST", "evil-localhost.example.com");
    world
        .helper("api account")
        .exits_with(1)
        .says("HEROKU_HOST is not a domain of Heroku, such as herokudev.com");
    world.sets("HEROKU_HOST", "staging.herokudev.com");
    world
        .helper(&format!("api {ACCOUNT}"))
        .exits_with(2)
        .says("the token is not sent to other hosts");
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn fields_are_the_body_of_a_post() {
    let world = with_ann();
    let fields = "-f description=007 -f 'scope[]=identity' -F expires_in=3600 -F a.b=null \
                  -F 'client[id]=x' -F 'client[secret]=true'";
    world
        .helper(&format!("api --silent oauth/authorizations {fields}"))
        .succeeds()
        .says_nothing();
    let request = request(&world);
    assert_eq!(line(&request), "POST /oauth/authorizations");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        body(&request),
        json!({
            "description": "007",
            "scope": ["identity"],
            "expires_in": 3600,
            "a.b": null,
            "client": {"id": "x", "secret": true},
        })
    );
}

#[test]
fn fields_are_the_query_of_a_get_or_of_a_request_with_a_body() {
    let world = with_ann();
    world
        .helper("api account -X get -f 'q=a b&c' -F n=7 --silent")
        .succeeds();
    assert_eq!(line(&request(&world)), "GET /account?q=a+b%26c&n=7");
    let json = r#"{"scope": ["identity"]}"#;
    world
        .helper_with_input(
            "api 'oauth/authorizations?x=1' --input - -f y=2 --silent",
            json,
        )
        .succeeds();
    let request = request(&world);
    assert_eq!(line(&request), "POST /oauth/authorizations?x=1&y=2");
    assert_eq!(request.body, json.as_bytes());
}

#[test]
fn a_value_and_a_body_come_from_a_file_or_from_stdin() {
    let world = with_ann();
    world.has_file(
        "body.json",
        r#"{"scope":["identity"],"description":"from a file"}"#,
    );
    world
        .helper("api oauth/authorizations --input ~/body.json --silent")
        .succeeds();
    assert_eq!(body(&request(&world))["description"], "from a file");
    let post = "api oauth/authorizations -f 'scope[]=identity' --silent -F description=@";
    world.helper(&format!("{post}$HOME/body.json")).succeeds();
    assert_eq!(body(&request(&world))["scope"], json!(["identity"]));
    world
        .helper_with_input(&format!("{post}-"), "several\nlines")
        .succeeds();
    assert_eq!(body(&request(&world))["description"], "several\nlines");
    world
        .helper(&format!("{post}/nowhere"))
        .exits_with(1)
        .says("cannot read /nowhere");
    world
        .helper(&format!("{post}- --input -"))
        .exits_with(2)
        .says("stdin can be read only once");
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn a_contradictory_command_line_sends_nothing() {
    let world = with_ann();
    for line in [
        "account -f open-sesame",
        "account -f a=1 -f a=2",
        "account -X CONNECT",
        "account --paginate -f a=open-sesame",
        "account --paginate --include",
        "apps/../account",
        "apps/%2e%2e/account",
        "'an account'",
        "account -H open-sesame",
        "account -H 'Authorization: Bearer open-sesame'",
        "account -H 'Host: evil.example'",
    ] {
        world
            .helper(&format!("api {line}"))
            .exits_with(2)
            .stdout_is("")
            .says_nothing_about("sesame");
    }
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn a_header_can_only_select_another_variant() {
    let world = with_ann();
    let variant = "application/vnd.heroku+json; version=3.webhooks";
    world
        .helper(&format!(
            "api account --silent -H 'accept: {variant}' -H 'X-One:  1 '"
        ))
        .succeeds();
    let request = request(&world);
    assert_eq!(request.header("accept"), Some(variant));
    assert_eq!(request.header("x-one"), Some("1"));
    for line in [
        "X: a\r\nAuthorization: Basic eA==",
        "X: a\nHost: evil.example",
    ] {
        world
            .helper(&format!("api account -H '{line}'"))
            .exits_with(2)
            .says("the value of the header x has an invalid character");
    }
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn the_named_account_is_used() {
    let world = with_ann();
    let bobs = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &bobs);
    world
        .helper(&format!("api account --account {BOB}"))
        .succeeds()
        .says(BOB);
    world.helper("api account").succeeds().says(ANN);
}

#[test]
fn without_a_login_nothing_is_sent() {
    let world = World::new().with_keyring();
    world
        .helper("api account")
        .exits_with(4)
        .stdout_is("")
        .says("not logged in to Heroku");
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn a_reply_can_be_printed_with_its_headers() {
    let world = with_ann();
    let outcome = world.helper("api account -i").succeeds().stderr_is("");
    let output = outcome.stdout();
    let (head, body) = output.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nratelimit-remaining: "), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["email"], ANN);
    world
        .helper("api account -X HEAD -i")
        .succeeds()
        .says("200 OK");
}

#[test]
fn an_unchanged_resource_is_not_an_error() {
    let world = with_ann();
    let output = world.helper("api account -i").succeeds().stdout();
    let etag = output.lines().find_map(|line| line.strip_prefix("etag: "));
    world
        .helper(&format!(
            "api account -i -H 'If-None-Match: {}'",
            etag.unwrap()
        ))
        .succeeds()
        .says("304 Not Modified")
        .says_nothing_about(ANN);
}

#[test]
fn a_trace_has_the_path_and_nothing_of_the_body() {
    let world = with_ann();
    world.sets("GIT_CREDENTIAL_HEROKU_RS_TRACE", "1");
    let sent = "-f key=open-sesame -H 'X-Key: open-sesame' --silent";
    for (line, output) in [
        ("account -X GET", "GET https://api.heroku.com/account: 200"),
        (
            "apps/nowhere",
            "POST https://api.heroku.com/apps/nowhere: 404",
        ),
    ] {
        let outcome = world.helper(&format!("api {line} {sent}"));
        outcome.says(output).says_nothing_about("sesame");
    }
}
