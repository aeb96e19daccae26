//! A login that fails because of Heroku, the network or a proxy: the error is reported, and nothing is stored.

use std::time::Duration;

use heroku_stand_in::{Fault, On, Times};

use crate::world::{ANN, World};

/// The login fails with these words, keeps nothing, and sends the token nowhere else.
fn login_fails(fault: Fault, words: &str) {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    let context = format!("{fault:?}");
    world
        .heroku
        .fault(On::Host("api.heroku.com"), fault, Times::Always);
    let outcome = world.helper_with_input("login --with-token", &token);
    assert!(
        outcome.stderr().contains(words),
        "{context}: {}",
        outcome.stderr()
    );
    outcome
        .exits_with(1)
        .stdout_is("")
        .ends_within(Duration::from_secs(30));
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    assert_eq!(world.active_account(), None);
}

#[test]
fn an_error_of_the_api_is_reported() {
    login_fails(
        Fault::api(401, "unauthorized", "no"),
        "Heroku rejected the token",
    );
    login_fails(
        Fault::api(403, "forbidden", "too small a scope"),
        "too small a scope",
    );
    login_fails(
        Fault::api(402, "delinquent", "pay"),
        "a payment for this Heroku account is overdue",
    );
    login_fails(
        Fault::api(500, "internal", "oh"),
        "Heroku had a server error (500)",
    );
    login_fails(
        Fault::api(418, "teapot", "short"),
        "Heroku rejected the request: short",
    );
}

#[test]
fn an_invalid_reply_is_reported() {
    login_fails(Fault::page(503), "Heroku had a server error (503)");
    login_fails(Fault::page(200), "a proxy answered instead of Heroku (200)");
    login_fails(Fault::WrongTypes, "invalid reply from Heroku");
    login_fails(Fault::page(401), "a proxy answered instead of Heroku (401)");
}

#[test]
fn a_body_has_a_limit_compressed_or_not() {
    login_fails(Fault::EndlessBody, "the reply from Heroku is too large");
    login_fails(Fault::Bomb, "the reply from Heroku is too large");
}

#[test]
fn a_closed_connection_is_reported() {
    login_fails(Fault::Close, "cannot reach api.heroku.com");
    login_fails(Fault::CutBody, "connection closed");
    login_fails(Fault::NoTunnel, "connection not allowed");
}

#[test]
fn an_untrusted_certificate_gets_no_token() {
    for fault in [Fault::WrongName, Fault::UntrustedCa, Fault::Expired] {
        login_fails(fault, "cannot verify the certificate of api.heroku.com");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = vec!["Location: https://evil.example/account"];
    let fault = Fault::Status(302, elsewhere, String::new());
    login_fails(
        fault,
        "Heroku replied with a redirect, which was not followed",
    );
}

#[test]
fn the_retry_time_of_heroku_is_kept_and_reported() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    let limit = Fault::Status(
        429,
        vec!["Retry-After: 2", "Content-Type: application/json"],
        r#"{"id":"rate_limit","message":"slow down"}"#.to_owned(),
    );
    world
        .heroku
        .fault(On::Path("/account"), limit, Times::Exactly(1));
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .says("Heroku asks to wait; trying again in 2 s\n");
    login_fails(
        Fault::api(429, "rate_limit", "slow down"),
        "too many requests to Heroku",
    );
}

#[test]
fn heroku_host_selects_a_heroku_or_nothing() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.sets("HEROKU_HOST", "evil.example");
    world
        .helper_with_input("login --with-token", &token)
        .exits_with(1)
        .says("HEROKU_HOST is not a domain of Heroku, such as herokudev.com");
    assert_eq!(world.heroku.requests().len(), 0);
}
