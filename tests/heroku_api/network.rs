//! The network between this program and Heroku: proxies, certificates, lost connections.

use std::io::Write;
use std::time::{Duration, Instant};

use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::heroku_api::{ApiError, HerokuApi, NetworkError};
use heroku_stand_in::{Fault, On, Times};

use crate::{LIMIT, World};

fn unreachable(host: &str, why: NetworkError) -> ApiError {
    let host = host.to_owned();
    ApiError::Unreachable { host, why }
}

fn asked_in(world: &World, environment: &Environment) -> Result<(), ApiError> {
    let api = HerokuApi::new(environment, LIMIT)?;
    api.account(&world.token()).map(|_| ())
}

#[test]
fn a_server_with_another_certificate_gets_no_token() {
    let world = World::new();
    for (fault, words) in [
        (Fault::Expired, "it has expired"),
        (Fault::WrongName, "another host"),
        (Fault::UntrustedCa, "no CA that this computer trusts"),
    ] {
        let failure = world.failure(fault);
        let ApiError::Certificate { host, why } = &failure else {
            panic!("{failure:?}");
        };
        assert!(host == "api.heroku.com" && why.contains(words), "{why}");
    }
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn only_the_named_ca_certificates_are_trusted() {
    let (world, other) = (World::new(), World::new());
    let theirs = other.heroku.ca_file().to_str().unwrap();
    let environment = world.environment(&[("SSL_CERT_FILE", theirs)]);
    let failure = asked_in(&world, &environment).unwrap_err();
    assert!(
        matches!(failure, ApiError::Certificate { .. }),
        "{failure:?}"
    );

    let dir = world.dir.path().join("authorities");
    std::fs::create_dir(&dir).unwrap();
    std::fs::copy(world.heroku.ca_file(), dir.join("ours.pem")).unwrap();
    let dirs = format!("/nowhere:{}", dir.display());
    let environment = world.environment(&[("SSL_CERT_FILE", theirs), ("SSL_CERT_DIR", &dirs)]);
    assert_eq!(asked_in(&world, &environment), Ok(()));
    let environment = world.environment(&[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", &dirs)]);
    assert_eq!(asked_in(&world, &environment), Ok(()));
}

#[test]
fn an_invalid_certificate_among_valid_ones_is_skipped() {
    let world = World::new();
    let bundle = world.dir.path().join("bundle.pem");
    let good = std::fs::read_to_string(world.heroku.ca_file()).unwrap();
    let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let mut file = std::fs::File::create_new(&bundle).unwrap();
    write!(file, "# of the company\n{bad}{good}").unwrap();
    let environment = world.environment(&[("SSL_CERT_FILE", bundle.to_str().unwrap())]);
    assert_eq!(asked_in(&world, &environment), Ok(()));
}

#[test]
fn a_proxy_that_accepts_no_request_is_named() {
    let world = World::new();
    let proxy = world.heroku.proxy().replace("http://", "");
    let proxy = format!("api.heroku.com through the proxy {proxy}");
    assert_eq!(
        world.failure(Fault::ProxyPassword),
        unreachable(&proxy, NetworkError::ProxyLogin)
    );
    assert_eq!(
        world.failure(Fault::NoTunnel),
        unreachable(&proxy, NetworkError::ProxyRefusal)
    );
    world.heroku.refuse_connections();
    let refused = world.api().account(&world.token()).unwrap_err();
    let why = NetworkError::NotConnected("connection refused".to_owned());
    assert_eq!(refused, unreachable(&proxy, why));
}

#[test]
fn a_proxy_is_used_unless_no_proxy_names_the_host() {
    let world = World::new();
    let host = "nowhere.herokudev.com";
    let environment = world.environment(&[("HEROKU_HOST", host), ("no_proxy", "herokudev.com")]);
    let error = asked_in(&world, &environment).unwrap_err();
    // The name does not exist, and the proxy was not used: it would have rejected the request.
    let ApiError::Unreachable { host, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(host, "api.nowhere.herokudev.com");

    let environment = world.environment(&[("no_proxy", "example.com,git.heroku.com")]);
    assert_eq!(asked_in(&world, &environment), Ok(()));
}

#[test]
fn a_lost_connection_is_not_a_rejection() {
    let world = World::new();
    for fault in [Fault::Close, Fault::CutBody, Fault::LoseAnswer] {
        let failure = world.failure(fault.clone());
        assert_eq!(
            failure,
            unreachable(
                "api.heroku.com",
                NetworkError::NoReply("connection closed".to_owned())
            ),
            "{fault:?}"
        );
        assert!(failure.is_unclear());
    }
}

#[test]
fn a_failure_before_the_request_is_clear() {
    let world = World::new();
    for (fault, why) in [
        (Fault::CloseTunnel, "connection closed"),
        (
            Fault::PlainHttp,
            "TLS failed, perhaps because of a captive portal or firewall \
             (received corrupt message of type InvalidContentType)",
        ),
    ] {
        let failure = world.failure(fault);
        let why = NetworkError::NotConnected(why.to_owned());
        assert_eq!(failure, unreachable("api.heroku.com", why));
        assert!(!failure.is_unclear());
    }
    let environment = world.environment(&[("https_proxy", "socks5h://127.0.0.1:1")]);
    let failure = asked_in(&world, &environment).unwrap_err();
    let is_down = NetworkError::NotConnected("no connection to the proxy".to_owned());
    let expected = unreachable("api.heroku.com through the proxy 127.0.0.1:1", is_down);
    assert_eq!(failure, expected);
}

#[test]
fn a_connection_that_fails_once_is_tried_again() {
    let world = World::new();
    for fault in [Fault::CloseTunnel, Fault::PlainHttp] {
        world.heroku.fault(On::Any, fault, Times::Exactly(1));
        assert!(world.api().revoke(&world.token(), "0-1").is_ok());
    }
    assert_eq!(world.paths(), ["DELETE /oauth/authorizations/0-1"; 2]);
}

#[test]
fn no_request_takes_longer_than_the_limit() {
    let world = World::new();
    let token = world.token();
    for fault in [Fault::Hang, Fault::SlowBody(Duration::from_millis(50))] {
        world.goes_wrong(fault);
        let start = Instant::now();
        let api = world.api_within(Duration::from_millis(400));
        let failure = api.account(&token).unwrap_err();
        assert_eq!(
            failure,
            unreachable(
                "api.heroku.com",
                NetworkError::NoReply("no reply in time".to_owned())
            )
        );
        assert!(
            start.elapsed() < Duration::from_millis(1500),
            "{:?}",
            start.elapsed()
        );
        world.heroku.clear_faults();
    }
}

#[test]
fn a_body_that_is_too_large_is_an_error() {
    let world = World::new();
    for fault in [
        Fault::EndlessBody,
        Fault::Bomb,
        Fault::LargeBody(3 * 1024 * 1024),
    ] {
        assert_eq!(world.failure(fault), ApiError::TooLarge);
    }
}

#[test]
fn a_compressed_response_is_read() {
    let world = World::new();
    world.goes_wrong(Fault::Gzip);
    assert!(world.api().account(&world.token()).is_ok());
}

#[test]
fn a_request_is_retried_while_heroku_recovers() {
    let world = World::new();
    let token = world.token();
    world
        .heroku
        .fault(On::Path("/account"), Fault::page(503), Times::Exactly(3));
    assert!(world.api().account(&token).is_ok());
    assert_eq!(world.paths(), ["GET /account"; 4]);

    world.heroku.forget_requests();
    world.goes_wrong(Fault::page(502));
    assert_eq!(
        world.api().account(&token).unwrap_err(),
        ApiError::Server(502)
    );
    assert_eq!(world.heroku.requests().len(), 4);
}

#[test]
fn a_retry_waits_as_long_as_heroku_says() {
    let world = World::new();
    let busy = Fault::rate_limit(Some("Retry-After: 1"));
    world.heroku.fault(On::Any, busy, Times::Exactly(1));
    let start = Instant::now();
    assert!(world.api().account(&world.token()).is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_request_that_changes_something_is_sent_once() {
    let world = World::new();
    let token = world.token();
    world.goes_wrong(Fault::page(503));
    let api = world.api();
    assert_eq!(api.end_session(&token).unwrap_err(), ApiError::Server(503));
    assert_eq!(
        api.revoke(&token, "0-1").unwrap_err(),
        ApiError::Server(503)
    );
    let failure = api.start_browser_login("x").err().unwrap();
    assert_eq!(failure, ApiError::Server(503));
    assert_eq!(
        world.paths(),
        [
            "DELETE /oauth/sessions/~",
            "DELETE /oauth/authorizations/0-1",
            "POST /auth"
        ]
    );
}
