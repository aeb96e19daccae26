//! Authorizations: listed in pages, with shortened tokens, and revoked.

use git_credential_heroku_rs::heroku_api::{ApiError, Auth, NewAuthorization, Revoked};
use git_credential_heroku_rs::scope::{Scope, Scopes};
use git_credential_heroku_rs::token::Token;
use heroku_stand_in::{Fault, Grant, Issued, On, Origin, Redaction, Times};
use serde_json::json;

use crate::{ANN, World};

fn issued(world: &World, origin: Origin) -> (Issued, Token) {
    let grant = Grant {
        origin,
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    let token = Token::parse(&issued.token).unwrap();
    (issued, token)
}

#[test]
fn a_list_is_read_to_its_last_page() {
    let world = World::new();
    world.heroku.set_page_size(2);
    let all: Vec<_> = (0..5).map(|_| issued(&world, Origin::Listed)).collect();
    let (_, token) = all.first().unwrap();
    let mut listed: Vec<String> = world
        .api()
        .authorizations(token)
        .unwrap()
        .into_iter()
        .map(|a| a.id)
        .collect();
    let mut made: Vec<String> = all.iter().map(|(issued, _)| issued.id.clone()).collect();
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
    assert_eq!(world.heroku.requests().len(), 3);
}

#[test]
fn an_endless_list_is_an_error() {
    let world = World::new();
    let token = world.token();
    world.goes_wrong(Fault::SamePage);
    assert_eq!(
        world.api().authorizations(&token).unwrap_err(),
        ApiError::Garbled
    );
    assert_eq!(world.heroku.requests().len(), 2);

    world.heroku.clear_faults();
    world.heroku.forget_requests();
    world.goes_wrong(Fault::EndlessPages);
    assert_eq!(
        world.api().authorizations(&token).unwrap_err(),
        ApiError::Garbled
    );
    assert_eq!(world.heroku.requests().len(), 1000);
}

#[test]
fn an_interrupted_list_is_an_error() {
    let world = World::new();
    world.heroku.set_page_size(1);
    let (_, token) = issued(&world, Origin::Listed);
    issued(&world, Origin::Listed);
    let refusal = Fault::api(401, "unauthorized", "No.");
    world.heroku.fault(On::Any, refusal, Times::After(1));
    assert_eq!(
        world.api().authorizations(&token).unwrap_err(),
        ApiError::TokenRejected
    );
    world.heroku.clear_faults();
    world.goes_wrong(Fault::Member("id", json!(7)));
    assert_eq!(
        world.api().authorizations(&token).unwrap_err(),
        ApiError::Garbled
    );
}

#[test]
fn a_token_is_recognized_by_the_part_that_is_shown() {
    for (mode, is_found) in [
        (Redaction::Whole, true),
        (Redaction::Ends, true),
        (Redaction::Short, false),
    ] {
        let world = World::new();
        world.heroku.set_redaction(mode);
        let (ours, token) = issued(&world, Origin::Listed);
        issued(&world, Origin::Listed);
        let found = world.api().authorization_of(&token).unwrap();
        let expected = is_found.then_some(ours.id);
        assert_eq!(found.as_ref().map(|found| found.id.clone()), expected);
        let shown = found.is_some_and(|found| found.token().is_some());
        assert_eq!(shown, mode == Redaction::Whole);
    }
}

#[test]
fn a_token_of_a_browser_login_is_not_listed() {
    let world = World::new();
    issued(&world, Origin::Listed);
    let (_, token) = issued(&world, Origin::Browser);
    assert!(world.api().authorization_of(&token).unwrap().is_none());
}

#[test]
fn the_api_key_is_not_the_authorization_in_use() {
    let world = World::new();
    let (ours, token) = issued(&world, Origin::Listed);
    let is_api_key = |id: &str| world.api().is_api_key(&token, id).unwrap();
    assert!(!is_api_key(&ours.id));
    let (default, _) = issued(&world, Origin::Default);
    assert!(is_api_key(&default.id));
    assert!(!is_api_key(&ours.id));
}

#[test]
fn one_authorization_is_found_by_its_id() {
    let world = World::new();
    let (ours, token) = issued(&world, Origin::Listed);
    let found = world.api().authorization(&token, &ours.id).unwrap();
    assert_eq!(found.id, ours.id);
    let gone = "01234567-89ab-cdef-0123-456789abcdef";
    let failure = world.api().authorization(&token, gone).unwrap_err();
    assert!(matches!(failure, ApiError::NotFound(_)));
    let failure = world.api().authorization(&token, "../account").unwrap_err();
    assert!(matches!(failure, ApiError::Invalid(_)));
    assert_eq!(world.heroku.requests().len(), 2);
}

#[test]
fn a_new_authorization_comes_with_its_token() {
    let world = World::new();
    let token = world.token();
    let new = NewAuthorization {
        description: "rotated",
        scope: Scopes::from_iter([Scope::Read, Scope::Write]),
        expires_in: None,
    };
    let made = world.api().create_authorization(Auth::Bearer(&token), &new);
    let (made, token) = made.unwrap();
    assert!(world.heroku.is_live(token.expose()));
    assert_eq!(
        (made.scope.clone(), made.expires()),
        (Scopes::from_iter([Scope::Read, Scope::Write]), None)
    );
}

#[test]
fn a_description_is_changed_and_nothing_else() {
    let world = World::new();
    let (ours, token) = issued(&world, Origin::Listed);
    let changed = world.api().describe(&token, &ours.id, "renamed").unwrap();
    assert_eq!(changed.description.as_deref(), Some("renamed"));
    assert_eq!(
        (changed.id, changed.scope),
        (ours.id, Scopes::from_iter([Scope::Global]))
    );
    assert!(world.heroku.is_live(&ours.token));
    let gone = "01234567-89ab-cdef-0123-456789abcdef";
    let failure = world.api().describe(&token, gone, "x").unwrap_err();
    assert!(matches!(failure, ApiError::NotFound(_)));
    for id in ["~", "", "a/../~"] {
        assert!(world.api().describe(&token, id, "x").is_err());
    }
    assert_eq!(world.heroku.requests().len(), 2);
}

#[test]
fn a_revoked_authorization_is_reported_as_such() {
    let world = World::new();
    let (ours, token) = issued(&world, Origin::Listed);
    let (other, _) = issued(&world, Origin::Listed);
    let api = world.api();
    assert_eq!(api.revoke(&token, &other.id), Ok(Revoked::Done));
    assert_eq!(api.revoke(&token, &other.id), Ok(Revoked::AlreadyGone));
    assert!(!world.heroku.is_live(&other.token));
    assert_eq!(api.revoke(&token, &ours.id), Ok(Revoked::Done));
    assert_eq!(api.revoke(&token, &ours.id), Err(ApiError::TokenRejected));
    for id in ["~", "", "a/../~"] {
        assert!(api.revoke(&token, id).is_err());
    }
    assert_eq!(world.heroku.requests().len(), 4);
}

#[test]
fn a_session_ends_with_its_token() {
    let world = World::new();
    let (browser, token) = issued(&world, Origin::Browser);
    assert_eq!(world.api().end_session(&token), Ok(Revoked::Done));
    assert!(!world.heroku.is_live(&browser.token));
    let (listed, token) = issued(&world, Origin::Listed);
    assert_eq!(world.api().end_session(&token), Ok(Revoked::AlreadyGone));
    assert!(world.heroku.is_live(&listed.token));
}

#[test]
fn a_session_is_ended_by_its_name_with_another_token() {
    let world = World::new();
    let (browser, old) = issued(&world, Origin::Browser);
    let (_, token) = issued(&world, Origin::Listed);
    let id = world.api().session_of(&old).unwrap();
    assert_eq!(world.api().session_of(&token), None);
    let end = |id: &str| world.api().end_session_named(&token, id);
    assert_eq!(end(&id), Ok(Revoked::Done));
    assert!(!world.heroku.is_live(&browser.token));
    assert_eq!(end(&id), Ok(Revoked::AlreadyGone));
    for id in ["~", "", "a/../~"] {
        assert!(end(id).is_err(), "{id:?}");
    }
    assert_eq!(world.heroku.requests().len(), 4);
}

#[test]
fn a_session_without_a_plain_id_has_no_name() {
    let world = World::new();
    let (_, token) = issued(&world, Origin::Browser);
    for id in ["", "~", "a/../b", "a\nb"] {
        let answer = Fault::json(200, &json!({ "id": id }));
        world.heroku.fault(On::Any, answer, Times::Always);
        assert_eq!(world.api().session_of(&token), None, "{id:?}");
        world.heroku.clear_faults();
    }
}

#[test]
fn a_scope_that_is_too_small_is_reported() {
    let world = World::new();
    let grant = Grant {
        scope: vec!["read".to_owned()],
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    let token = Token::parse(&issued.token).unwrap();
    let failure = world.api().authorizations(&token).unwrap_err();
    assert!(matches!(failure, ApiError::Forbidden(_)));
    assert!(world.message(&failure).contains("global"));
}
