//! `api` when Heroku, the network or a proxy fails.

use heroku_stand_in::{Fault, On, Times};
use serde_json::json;

use crate::world::{ANN, API_HOST, World};

fn with_ann() -> World {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// The output of `api` with this fault; no other host gets a request, and no token is printed.
fn output_with(fault: Fault) -> (String, String) {
    let world = with_ann();
    world.heroku.fault(On::Host(API_HOST), fault, Times::Always);
    let outcome = world.helper("api account").exits_with(1);
    let message = outcome.stderr();
    assert_eq!(message.lines().count(), 2, "two lines: {message}");
    (outcome.stdout(), message)
}

#[test]
fn an_error_is_printed_for_programs_and_for_users() {
    let world = with_ann();
    let outcome = world.helper("api apps/nowhere").exits_with(1);
    assert_eq!(
        outcome.stderr(),
        "heroku-rs: Heroku replied 404 not_found: Couldn't find that app\n"
    );
    let body: serde_json::Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(body["resource"], "app");
    world
        .helper("api apps/nowhere --silent")
        .exits_with(1)
        .stdout_is("")
        .says("404 not_found");
}

#[test]
fn each_error_says_how_to_fix_it() {
    for (status, id, fix) in [
        (401, "unauthorized", "git credential-heroku-rs login"),
        (402, "delinquent", "https://dashboard.heroku.com/account"),
        (
            403,
            "forbidden",
            "use an account that may do this, and a token with scope global",
        ),
        (500, "internal", "https://status.heroku.com"),
    ] {
        let (body, message) = output_with(Fault::api(status, id, "No."));
        let first = format!("heroku-rs: Heroku replied {status} {id}: No\n  ");
        assert!(
            message.starts_with(&first) && message.contains(fix),
            "{message}"
        );
        assert!(body.contains(id), "{body}");
    }
}

#[test]
fn an_error_of_the_server_has_no_control_characters_and_no_secret() {
    let world = with_ann();
    let token = world.heroku.issue_token(ANN);
    let words = format!("a\u{1b}[2J\u{9b}b\r\nc\u{202e} Bearer {token}");
    let fault = Fault::api(422, "odd\u{1b}]0;x\u{7}", &words);
    world.heroku.fault(On::Host(API_HOST), fault, Times::Always);
    // The body is data: what is in it is the server's.
    world
        .helper("api account")
        .exits_with(1)
        .prints_secret(&token)
        .stderr_is("heroku-rs: Heroku replied 422 odd ]0;x: a [2J b c Bearer …\n");
}

#[test]
fn a_proxys_page_is_not_mistaken_for_herokus_reply() {
    let (body, message) = output_with(Fault::page(403));
    assert!(body.contains("an error page"), "{body}");
    assert!(
        message.contains("a proxy answered instead of Heroku (403)"),
        "{message}"
    );
}

#[test]
fn a_token_is_not_sent_after_a_redirect() {
    for (status, location) in [
        (301, "Location: https://evil.example/account"),
        (302, "Location: https://git.heroku.com/account"),
        (307, "Location: https://api.heroku.com/apps"),
        (308, "Location: http://api.heroku.com/account"),
    ] {
        let world = with_ann();
        let fault = Fault::redirect(status, location);
        world
            .heroku
            .fault(On::Path("/account"), fault, Times::Always);
        world
            .helper("api account")
            .exits_with(1)
            .stdout_is("")
            .says("Heroku replied with a redirect, which was not followed");
        assert_eq!(world.heroku.requests().len(), 1);
    }
}

#[test]
fn a_certificate_error_is_reported_as_one() {
    for (fault, why) in [
        (
            Fault::Expired,
            "it has expired, or this computer's clock is wrong",
        ),
        (Fault::WrongName, "it was issued for another host"),
        (
            Fault::UntrustedCa,
            "no CA that this computer trusts has signed it",
        ),
    ] {
        let (body, message) = output_with(fault);
        let what = "heroku-rs: cannot verify the certificate of api.heroku.com: ";
        assert!(
            message.starts_with(&format!("{what}{why}\n  ")),
            "{message}"
        );
        assert_eq!(body, "");
    }
}

#[test]
fn network_and_proxy_errors_are_not_herokus() {
    let (_, message) = output_with(Fault::ProxyPassword);
    assert!(
        message.contains("cannot reach api.heroku.com through the proxy 127.0.0.1:"),
        "{message}"
    );
    assert!(
        message.contains("user name and password required"),
        "{message}"
    );
    assert!(
        message.contains("https_proxy=http://USER:PASSWORD@"),
        "{message}"
    );
    let (_, message) = output_with(Fault::NoTunnel);
    assert!(message.contains("connection not allowed"), "{message}");
    for fault in [Fault::Close, Fault::CutBody, Fault::LoseAnswer] {
        let (_, message) = output_with(fault);
        assert!(
            message.starts_with("heroku-rs: cannot reach api.heroku.com: connection closed\n"),
            "{message}"
        );
    }
}

#[test]
fn an_endless_body_times_out() {
    for fault in [
        Fault::EndlessBody,
        Fault::Bomb,
        Fault::LargeBody(17 * 1024 * 1024),
    ] {
        let world = with_ann();
        world.heroku.fault(On::Host(API_HOST), fault, Times::Always);
        world
            .shell("git-credential-heroku-rs api account >/dev/null", b"")
            .exits_with(1)
            .stderr_is(
                "heroku-rs: the reply from Heroku is too large\n  \
                 see: https://status.heroku.com\n",
            );
    }
}

#[test]
fn a_compressed_response_is_decompressed() {
    let world = with_ann();
    world.heroku.fault(On::Any, Fault::Gzip, Times::Always);
    world
        .helper("api account")
        .succeeds()
        .says("\"email\":\"ann@example.com\"");
}

#[test]
fn every_request_waits_for_the_rate_limit() {
    let world = with_ann();
    for line in [
        "account",
        "oauth/authorizations -f 'scope[]=identity' --silent",
    ] {
        let busy = Fault::rate_limit(Some("Retry-After: 1"));
        world
            .heroku
            .fault(On::Host(API_HOST), busy, Times::Exactly(1));
        world
            .helper(&format!("api {line}"))
            .succeeds()
            .stderr_is("Heroku asks to wait; trying again in 1 s\n");
    }
    assert_eq!(world.heroku.requests().len(), 4);
}

#[test]
fn a_long_rate_limit_is_reported_and_not_waited_for() {
    for (header, fix) in [
        (
            Some("Retry-After: 3600"),
            "wait 3600 s, then run the command again",
        ),
        (None, "wait a minute, then run the command again"),
        (
            Some("Retry-After: Wed, 21 Oct 2015 08:00:00 GMT"),
            "wait a minute, then run the command again",
        ),
    ] {
        let world = with_ann();
        world
            .heroku
            .fault(On::Any, Fault::rate_limit(header), Times::Always);
        world
            .helper("api account")
            .exits_with(1)
            .says("Heroku replied 429 rate_limit")
            .says(fix);
        assert_eq!(world.heroku.requests().len(), 1);
    }
}

#[test]
fn a_read_request_is_retried_while_heroku_recovers() {
    let world = with_ann();
    world
        .heroku
        .fault(On::Any, Fault::page(503), Times::Exactly(2));
    world.helper("api account").succeeds().stderr_is("");
    assert_eq!(world.heroku.requests().len(), 3);

    world.heroku.forget_requests();
    world.heroku.fault(On::Any, Fault::page(503), Times::Always);
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        world
            .helper(&format!("api account -X {method} -f a=1"))
            .exits_with(1);
    }
    assert_eq!(world.heroku.requests().len(), 4);
}

#[test]
fn a_failed_connection_is_retried() {
    let world = with_ann();
    world.heroku.refuse_connections();
    world.sets("GIT_CREDENTIAL_HEROKU_RS_TRACE", "1");
    let outcome = world.helper("api account -f a=1").exits_with(1);
    let trace = outcome.stderr();
    let tries = trace.matches("POST https://api.heroku.com/account: cannot reach");
    assert_eq!(tries.count(), 4, "{trace}");
    world.heroku.accept_connections().unwrap();
    world.helper("api account").succeeds();
}

#[test]
fn a_second_factor_is_asked_for_on_a_terminal() {
    let world = with_ann().with_app("locked");
    let _ = world
        .heroku
        .add_account(ANN)
        .mfa_codes(&["123456", "654321"]);
    world.heroku.lock_app("locked");
    world
        .helper("api apps/locked")
        .exits_with(1)
        .says("Heroku replied 403 two_factor")
        .says("run the command again on a terminal, and enter a new code");
    world
        .helper("api apps/locked -H 'Heroku-Two-Factor-Code: 654321'")
        .succeeds();
    let message = world
        .on_a_terminal("git-credential-heroku-rs api apps/locked")
        .shows("a code from your authenticator")
        .types("123 456")
        .exits_with(0);
    assert!(
        message.contains("locked.git") && !message.contains("123 456"),
        "{message}"
    );
}

#[test]
fn a_second_factor_is_sent_once() {
    let world = with_ann();
    world.heroku.fault(On::Any, Fault::page(503), Times::Always);
    world
        .helper("api account -H 'Heroku-Two-Factor-Code: 654321'")
        .exits_with(1);
    assert_eq!(world.heroku.requests().len(), 1);
}

#[test]
fn the_next_page_is_requested_without_the_code_of_the_last() {
    let world = with_ann();
    world.heroku.add_listed_apps(ANN, 3);
    world.heroku.set_page_size(2);
    let wants_code = Fault::api(403, "two_factor", "A second factor is required.");
    world
        .heroku
        .fault(On::Path("/apps"), wants_code, Times::Exactly(1));
    world
        .on_a_terminal("git-credential-heroku-rs api apps --paginate --silent")
        .shows("a code from your authenticator")
        .types("123456")
        .exits_with(0);
    let requests = world.heroku.requests();
    let codes = requests
        .iter()
        .map(|one| one.header("heroku-two-factor-code"));
    assert_eq!(codes.collect::<Vec<_>>(), [None, Some("123456"), None]);
}

#[test]
fn a_reader_that_stops_early_is_not_an_error() {
    let world = with_ann();
    world.heroku.add_listed_apps(ANN, 3000);
    world.heroku.set_page_size(1000);
    world
        .shell(
            "git-credential-heroku-rs api apps --paginate | head -c 20",
            b"",
        )
        .succeeds()
        .stderr_is("");
    let broken = json!({"id": "a"});
    world
        .heroku
        .fault(On::Any, Fault::json(200, &broken), Times::Always);
    world
        .helper("api account")
        .succeeds()
        .stdout_is("{\"id\":\"a\"}");
}

#[test]
fn headers_are_printed_without_control_characters() {
    let world = with_ann();
    let tricks = vec!["X-Odd: a\u{9b}31m\u{202e}b\u{200b}c"];
    let fault = Fault::Status(200, tricks, String::new());
    world.heroku.fault(On::Any, fault, Times::Always);
    world
        .helper("api account -i")
        .succeeds()
        .says("x-odd: a31mbc\r\n");
}
