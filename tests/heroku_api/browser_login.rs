//! The Heroku CLI's browser login, with a test for the browser.

use std::time::{Duration, Instant};

use git_credential_heroku_rs::heroku_api::ApiError;
use git_credential_heroku_rs::token::Token;
use heroku_stand_in::{Fault, On, Times};
use serde_json::json;

use crate::{ANN, LIMIT, World};

fn log_in(world: &World, within: Duration) -> Result<Token, ApiError> {
    let api = world.api();
    let login = api.start_browser_login("a login of the test")?;
    assert!(
        login
            .page()
            .starts_with("https://cli-auth.heroku.com/auth/browser/")
    );
    let done = api.await_browser_login(&login, Instant::now() + within);
    if let Err(failure) = &done {
        world.message(failure);
    }
    done
}

#[test]
fn a_login_in_the_browser_gives_a_token() {
    let world = World::new();
    world.heroku.approve_browser_login(ANN);
    let token = log_in(&world, LIMIT).unwrap();
    assert_eq!(world.api().account(&token).unwrap().as_str(), ANN);
    for request in world.heroku.requests_to("api.heroku.com") {
        let bearer = request.header("authorization").unwrap();
        assert_eq!(bearer, format!("Bearer {}", token.expose()));
    }
}

#[test]
fn the_message_of_the_service_is_shown() {
    let world = World::new();
    world.heroku.refuse_browser_login("IP address mismatch");
    let failure = log_in(&world, LIMIT).unwrap_err();
    assert_eq!(
        failure,
        ApiError::BrowserLogin("IP address mismatch".to_owned())
    );
    assert!(world.message(&failure).contains("with a token"));
}

#[test]
fn an_interrupted_poll_is_repeated() {
    let busy = Fault::rate_limit(Some("Retry-After: 1"));
    for fault in [Fault::page(503), Fault::Close, busy] {
        let world = World::new();
        world.heroku.approve_browser_login(ANN);
        world
            .heroku
            .fault(On::Path("GET /auth/cli"), fault, Times::Exactly(1));
        assert!(log_in(&world, LIMIT).is_ok());
    }
}

#[test]
fn a_rejected_poll_ends_the_login() {
    let world = World::new();
    for (status, expected) in [
        (500, ApiError::Server(500)),
        (401, ApiError::Foreign(401)),
        (302, ApiError::Redirected),
    ] {
        world.heroku.fault(
            On::Path("GET /auth/cli"),
            Fault::page(status),
            Times::Exactly(1),
        );
        assert_eq!(log_in(&world, LIMIT).unwrap_err(), expected);
    }
}

#[test]
fn an_unfinished_browser_login_times_out() {
    let world = World::new();
    world
        .heroku
        .fault(On::Path("GET /auth/cli"), Fault::Hang, Times::Always);
    let start = Instant::now();
    let failure = log_in(&world, Duration::from_millis(400)).unwrap_err();
    assert_eq!(failure, ApiError::BrowserLoginExpired);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn only_a_path_on_the_service_is_opened_or_asked() {
    for member in ["cli_url", "browser_url"] {
        for value in [
            json!("https://evil.example/auth"),
            json!("//evil.example/auth"),
            json!("@evil.example/auth"),
            json!(".evil.example/auth"),
            json!(""),
            json!(null),
            json!(7),
        ] {
            let world = World::new();
            world.goes_wrong(Fault::Member(member, value.clone()));
            let failure = world.api().start_browser_login("x").err();
            assert_eq!(failure, Some(ApiError::Garbled), "{member} {value}");
            assert_eq!(world.paths(), ["POST /auth"]);
        }
    }
}

#[test]
fn a_response_without_a_token_is_an_error() {
    let world = World::new();
    for body in [
        json!({}),
        json!({"access_token": null}),
        json!({"access_token": "a b"}),
        json!([]),
    ] {
        let answer = Fault::json(200, &body);
        world
            .heroku
            .fault(On::Path("GET /auth/cli"), answer, Times::Exactly(1));
        assert_eq!(log_in(&world, LIMIT).unwrap_err(), ApiError::Garbled);
    }
}
