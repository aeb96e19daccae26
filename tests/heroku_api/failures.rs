//! What each response of Heroku means.

use std::time::Duration;

use git_credential_heroku_rs::heroku_api::ApiError;
use heroku_stand_in::Fault;
use serde_json::json;

use crate::{ANN, World};

#[test]
fn a_request_for_the_account_has_our_user_agent() {
    let world = World::new();
    let token = world.token();
    assert_eq!(world.api().account(&token).unwrap().as_str(), ANN);

    let requests = world.heroku.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(
        (request.host.as_str(), request.path.as_str()),
        ("api.heroku.com", "/account")
    );
    let header = |name| request.header(name).unwrap_or_default();
    assert_eq!(header("accept"), "application/vnd.heroku+json; version=3");
    let agent = concat!("git-credential-heroku-rs/", env!("CARGO_PKG_VERSION"));
    assert_eq!(header("user-agent"), agent);
    assert_eq!(
        header("authorization"),
        format!("Bearer {}", token.expose())
    );
}

#[test]
fn each_rejection_says_what_to_do_next() {
    let world = World::new();
    let api = |status, id| world.failure(Fault::api(status, id, "No way."));
    let said = || "No way".to_owned();
    for (status, id, expected) in [
        (401, "unauthorized", ApiError::TokenRejected),
        (402, "delinquent", ApiError::Delinquent),
        (403, "delinquent", ApiError::Delinquent),
        (403, "suspended", ApiError::Suspended),
        (403, "two_factor", ApiError::TwoFactor),
        (403, "forbidden", ApiError::Forbidden(said())),
        (404, "not_found", ApiError::NotFound(said())),
        (410, "gone", ApiError::NotFound(said())),
        (400, "bad_request", ApiError::Invalid(said())),
        (422, "invalid_params", ApiError::Invalid(said())),
        (418, "an_id_of_tomorrow", ApiError::Invalid(said())),
        (500, "internal_server_error", ApiError::Server(500)),
    ] {
        assert_eq!(api(status, id), expected, "{status} {id}");
    }
}

#[test]
fn an_error_page_is_not_herokus() {
    let world = World::new();
    for status in [200, 400, 401, 403, 404, 407] {
        let failure = world.failure(Fault::page(status));
        assert_eq!(failure, ApiError::Foreign(status));
        assert_eq!(failure.is_unclear(), status == 200);
    }
    assert_eq!(world.failure(Fault::page(500)), ApiError::Server(500));
}

#[test]
fn an_invalid_response_is_an_error_and_no_crash() {
    let world = World::new();
    let json = |body: String| Fault::Status(200, vec!["Content-Type: application/json"], body);
    for fault in [
        Fault::WrongTypes,
        Fault::Member("email", json!(null)),
        Fault::Member("email", json!("$(id)@example.com")),
        Fault::json(200, &json!([])),
        json("[".repeat(100_000)),
        json(String::new()),
    ] {
        assert_eq!(world.failure(fault.clone()), ApiError::Garbled, "{fault:?}");
    }
}

#[test]
fn herokus_message_is_shown_without_the_secrets_that_it_repeats() {
    let world = World::new();
    let token = world.token();
    let words = format!("bad header: Bearer {}\u{1b}[31m", token.expose());
    let failure = world.failure(Fault::api(422, "invalid_params", &words));
    assert_eq!(
        world.message(&failure),
        "Heroku rejected the request: bad header: Bearer … [31m"
    );
}

#[test]
fn a_rate_limit_says_how_long_to_wait() {
    let world = World::new();
    let unknown = world.failure(Fault::rate_limit(None));
    assert_eq!(unknown, ApiError::RateLimited(None));
    let hour = world.failure(Fault::rate_limit(Some("Retry-After: 3600")));
    assert_eq!(hour, ApiError::RateLimited(Some(Duration::from_secs(3600))));
    assert!(world.message(&hour).contains("wait 3600 s"));
    let date = world.failure(Fault::rate_limit(Some("Retry-After: tomorrow")));
    assert_eq!(date, ApiError::RateLimited(None));
    assert_eq!(world.heroku.requests().len(), 3);
}

#[test]
fn a_token_is_not_sent_to_another_host_after_a_redirect() {
    let world = World::new();
    for (status, location) in [
        (301, "Location: https://evil.example/account"),
        (302, "Location: https://git.heroku.com/account"),
        (307, "Location: https://api.heroku.com/account"),
        (308, "Location: http://api.heroku.com/account"),
    ] {
        let failure = world.failure(Fault::redirect(status, location));
        assert_eq!(failure, ApiError::Redirected);
    }
    assert_eq!(world.paths(), ["GET /account"; 4]);
    assert_eq!(world.heroku.requests_to("git.heroku.com").len(), 0);
}

#[test]
fn an_invalid_heroku_host_gets_nothing() {
    use git_credential_heroku_rs::heroku_api::HerokuApi;
    let world = World::new();
    for host in [
        "evil.example",
        "http://api.heroku.com",
        "https://heroku.com.evil.example",
    ] {
        let environment = world.environment(&[("HEROKU_HOST", host)]);
        let failure = HerokuApi::new(&environment, crate::LIMIT).err().unwrap();
        assert_eq!(failure, ApiError::NotHeroku);
    }
    assert_eq!(world.heroku.requests().len(), 0);
}
