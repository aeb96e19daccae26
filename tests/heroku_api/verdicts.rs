//! Heroku's verdict on a token, which decides whether the token is deleted.

use std::time::{Duration, Instant};

use git_credential_heroku_rs::account::{Account, Verdict};
use heroku_stand_in::{Fault, Grant, On, Times};

use crate::{ANN, World};

fn is_unknown(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown(why) if !why.what().is_empty())
}

fn accepted() -> Verdict {
    Verdict::Accepted(Ok(Account::parse(ANN).unwrap()))
}

#[test]
fn a_revoked_token_is_rejected() {
    let world = World::new();
    let token = world.token();
    assert_eq!(world.api().verdict(&token), accepted());
    world.heroku.revoke(token.expose());
    assert_eq!(world.api().verdict(&token), Verdict::Rejected);
}

#[test]
fn an_expired_token_is_rejected() {
    let world = World::new();
    let grant = Grant {
        expires_in: Some(60),
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    let token = git_credential_heroku_rs::token::Token::parse(&issued.token).unwrap();
    assert_eq!(world.api().verdict(&token), accepted());
    world.heroku.advance(Duration::from_secs(61));
    assert_eq!(world.api().verdict(&token), Verdict::Rejected);
}

#[test]
fn a_token_is_accepted_if_something_else_is_rejected() {
    let world = World::new();
    let token = world.token();
    for (status, id) in [
        (403, "forbidden"),
        (403, "suspended"),
        (402, "delinquent"),
        (401, "odd"),
    ] {
        world.goes_wrong(Fault::api(status, id, "No."));
        let verdict = world.api().verdict(&token);
        let is_accepted = matches!(verdict, Verdict::Accepted(Err(_)));
        assert!(is_accepted, "{status} {id}: {verdict:?}");
        world.heroku.clear_faults();
    }
}

#[test]
fn any_other_response_is_not_a_verdict() {
    let world = World::new();
    let token = world.token();
    for fault in [
        Fault::page(401),
        Fault::page(403),
        Fault::page(200),
        Fault::api(404, "not_found", "No."),
        Fault::api(429, "rate_limit", "No."),
        Fault::api(503, "unauthorized", "No."),
        Fault::redirect(302, "Location: https://api.heroku.com/login"),
        Fault::Close,
        Fault::CutBody,
        Fault::EndlessBody,
        Fault::Bomb,
        Fault::UntrustedCa,
        Fault::Expired,
        Fault::WrongName,
        Fault::NoTunnel,
        Fault::ProxyPassword,
    ] {
        world.goes_wrong(fault.clone());
        let verdict = world.api().verdict(&token);
        assert!(is_unknown(&verdict), "{fault:?}: {verdict:?}");
        world.heroku.clear_faults();
    }
}

#[test]
fn a_verdict_takes_one_request() {
    let world = World::new();
    let token = world.token();
    world.goes_wrong(Fault::api(503, "odd", "No."));
    assert!(is_unknown(&world.api().verdict(&token)));
    assert_eq!(world.paths(), ["GET /account"]);
}

#[test]
fn a_verdict_is_reached_within_the_limit_or_not_at_all() {
    let world = World::new();
    let token = world.token();
    for fault in [Fault::Hang, Fault::SlowBody(Duration::from_millis(50))] {
        world.heroku.fault(On::Any, fault, Times::Always);
        let start = Instant::now();
        let verdict = world.api_within(Duration::from_millis(400)).verdict(&token);
        assert!(is_unknown(&verdict), "{verdict:?}");
        assert!(
            start.elapsed() < Duration::from_millis(1500),
            "{:?}",
            start.elapsed()
        );
        world.heroku.clear_faults();
    }
}
