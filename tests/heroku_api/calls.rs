//! Requests of the `api` command: how long they may take, and what is read of a response.

use std::time::{Duration, Instant};

use git_credential_heroku_rs::heroku_api::{ApiError, HerokuApi, NetworkError, Response};
use git_credential_heroku_rs::token::Token;
use heroku_stand_in::Fault;

use crate::World;

fn send(api: &HerokuApi, token: &Token, method: &str) -> Result<Response, ApiError> {
    let request = api.compose(method, "account", &[], &[], None).unwrap();
    api.send(&request.with_token(token))
}

/// The status and the whole body.
fn answer(api: &HerokuApi, token: &Token) -> Result<(u16, Vec<u8>), ApiError> {
    let response = send(api, token, "GET")?;
    Ok((response.status(), response.body().to_vec()))
}

#[test]
fn a_slow_body_is_read_while_data_arrives() {
    let world = World::new();
    let token = world.token();
    let (_, quickly) = answer(&world.api(), &token).unwrap();
    let pause = Duration::from_millis(20);
    world.goes_wrong(Fault::SlowBody(pause));
    let limit = Duration::from_secs(2);
    let start = Instant::now();
    let (_, slowly) = answer(&world.api_within(limit), &token).unwrap();
    assert!(start.elapsed() > limit, "{:?}", start.elapsed());
    assert_eq!(slowly, quickly);
}

#[test]
fn a_body_that_stops_arriving_times_out() {
    let world = World::new();
    let token = world.token();
    let api = world.api_within(Duration::from_millis(400));
    for fault in [Fault::SlowBody(Duration::from_secs(60)), Fault::Hang] {
        world.goes_wrong(fault);
        let start = Instant::now();
        let host = "api.heroku.com".to_owned();
        let why = NetworkError::NoReply("no reply in time".to_owned());
        assert_eq!(
            answer(&api, &token),
            Err(ApiError::Unreachable { host, why })
        );
        assert!(start.elapsed() < Duration::from_secs(20));
        world.heroku.clear_faults();
    }
}

#[test]
fn a_body_has_a_limit() {
    let world = World::new();
    let token = world.token();
    world.goes_wrong(Fault::LargeBody(15 * 1024 * 1024));
    let (status, body) = answer(&world.api(), &token).unwrap();
    assert_eq!((status, body.len()), (200, 15 * 1024 * 1024));
    world.heroku.clear_faults();
    world.goes_wrong(Fault::Bomb);
    assert_eq!(answer(&world.api(), &token), Err(ApiError::TooLarge));
}

#[test]
fn only_an_idempotent_request_is_retried_after_a_server_error() {
    let world = World::new();
    let (token, api) = (world.token(), world.api());
    world.goes_wrong(Fault::page(503));
    for (method, times) in [
        ("GET", 4),
        ("HEAD", 4),
        ("POST", 1),
        ("PATCH", 1),
        ("PUT", 1),
        ("DELETE", 1),
    ] {
        world.heroku.forget_requests();
        let page = send(&api, &token, method).unwrap();
        assert_eq!(
            (page.status(), world.heroku.requests().len()),
            (503, times),
            "{method}"
        );
    }
}

#[test]
fn a_request_that_may_have_arrived_is_not_retried() {
    let world = World::new();
    let (token, api) = (world.token(), world.api());
    world.goes_wrong(Fault::LoseAnswer);
    let failure = send(&api, &token, "POST");
    assert!(failure.err().unwrap().is_unclear());
    assert_eq!(world.heroku.requests().len(), 1);
}
