//! Requests of the `api` command: how long they may take, and what is read of a response.

use std::time::{Duration, Instant};

use git_credential_heroku_rs::heroku_api::{
    ApiError, Call, Headers, HerokuApi, NetworkError, Retry,
};
use git_credential_heroku_rs::token::Token;
use heroku_stand_in::{Fault, On, Times};

use crate::World;

fn call(api: &HerokuApi, method: &'static str) -> Call {
    Call {
        method,
        address: api.address("account", &[]).unwrap(),
        headers: Headers::default(),
        body: None,
        range: None,
    }
}

/// The status and the whole body.
fn answer(api: &HerokuApi, token: &Token) -> Result<(u16, Vec<u8>), ApiError> {
    let response = api.call(token, &call(api, "GET"), &mut |_| {})?;
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
fn each_retry_is_reported_before_its_pause() {
    let world = World::new();
    let (token, api) = (world.token(), world.api());
    let busy = Fault::rate_limit(Some("Retry-After: 1"));
    world.heroku.fault(On::Any, busy, Times::Exactly(1));
    world
        .heroku
        .fault(On::Any, Fault::page(503), Times::Exactly(1));
    let mut retries = Vec::new();
    let mut on_retry = |retry: &Retry| retries.push((retry.why.clone(), retry.pause));
    let page = api.call(&token, &call(&api, "GET"), &mut on_retry).unwrap();
    assert_eq!(page.status(), 200);
    let second = Duration::from_secs(1);
    assert_eq!(retries[0], (ApiError::RateLimited(Some(second)), second));
    assert_eq!(
        retries[1],
        (ApiError::Server(503), Duration::from_millis(500))
    );
    assert_eq!(retries.len(), 2);
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
        let page = api.call(&token, &call(&api, method), &mut |_| {}).unwrap();
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
    let mut waited = 0;
    let failure = api.call(&token, &call(&api, "POST"), &mut |_| waited += 1);
    assert!(failure.err().unwrap().is_unclear());
    assert_eq!((waited, world.heroku.requests().len()), (0, 1));
}
