//! Logging in with email, password and a code.

use git_credential_heroku_rs::heroku_api::{
    ApiError, Auth, Authorization, NetworkError, NewAuthorization, PasswordLogin,
};
use git_credential_heroku_rs::scope::{Scope, Scopes};
use git_credential_heroku_rs::token::Token;
use heroku_stand_in::{Fault, On, Times};
use zeroize::Zeroizing;

use crate::{ANN, World};

const PASSWORD: &str = "open:sesame ü";

fn log_in(
    world: &World,
    password: &str,
    code: Option<&str>,
) -> Result<(Authorization, Token), ApiError> {
    let login = PasswordLogin {
        email: ANN,
        password: &Zeroizing::new(password.to_owned()),
        code: code.map(|code| Zeroizing::new(code.to_owned())),
    };
    let new = NewAuthorization {
        description: "a login of the test",
        scope: Scopes::from_iter([Scope::Global]),
        expires_in: Some(3600),
    };
    let done = world
        .api()
        .create_authorization(Auth::Password(&login), &new);
    if let Err(failure) = &done {
        let message = world.message(failure);
        assert!(
            !message.contains(password) && !message.contains("3a73"),
            "{message}"
        );
    }
    done
}

#[test]
fn a_password_creates_a_token_with_all_its_metadata() {
    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD);
    let (made, token) = log_in(&world, PASSWORD, None).unwrap();
    assert!(world.heroku.is_live(token.expose()));
    assert_eq!(made.description.as_deref(), Some("a login of the test"));
    assert_eq!(made.scope, Scopes::from_iter([Scope::Global]));
    let left = made
        .expires()
        .unwrap()
        .duration_since(jiff::Timestamp::now());
    assert!((3590..=3600).contains(&left.as_secs()), "{left}");
    assert_eq!(made.account().unwrap().as_str(), ANN);
    assert!(made.created.is_some());
    assert!(!format!("{made:?}").contains(token.expose()));
}

#[test]
fn a_wrong_password_is_not_a_rejected_token() {
    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD);
    assert_eq!(
        log_in(&world, "guess", None).unwrap_err(),
        ApiError::WrongPassword
    );
}

#[test]
fn a_code_is_asked_for_and_works_once() {
    let world = World::new();
    let account = world.heroku.add_account(ANN).password(PASSWORD);
    let _ = account.mfa_codes(&["123456"]);
    assert_eq!(
        log_in(&world, PASSWORD, None).unwrap_err(),
        ApiError::TwoFactor
    );
    assert_eq!(
        log_in(&world, PASSWORD, Some("000000")).unwrap_err(),
        ApiError::TwoFactor
    );
    assert!(log_in(&world, PASSWORD, Some("123456")).is_ok());
    assert_eq!(
        log_in(&world, PASSWORD, Some("123456")).unwrap_err(),
        ApiError::TwoFactor
    );
    assert_eq!(world.heroku.requests().len(), 4);
}

#[test]
fn a_code_that_is_no_valid_header_is_not_sent() {
    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD);
    let failure = log_in(&world, PASSWORD, Some("1\r\nX-Evil: 1")).unwrap_err();
    assert_eq!(failure, ApiError::TwoFactor);
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn each_account_without_password_login_gets_another_way() {
    let off = |message: &str| Err(ApiError::PasswordLoginOff(message.to_owned()));
    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD).untrusted();
    let done = log_in(&world, PASSWORD, None).map(|_| ());
    assert_eq!(done, off("Trust this device in a browser first"));

    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD).federated();
    let done = log_in(&world, PASSWORD, None).map(|_| ());
    assert_eq!(
        done,
        off("This account logs in through its identity provider")
    );

    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD).suspended();
    let done = log_in(&world, PASSWORD, None).map(|_| ());
    assert_eq!(done, Err(ApiError::Suspended));

    let world = World::new();
    let words = "Basic authentication has been disabled for this account.";
    world.goes_wrong(Fault::api(401, "unauthorized", words));
    let done = log_in(&world, PASSWORD, None).map(|_| ());
    assert_eq!(
        done,
        off("Basic authentication has been disabled for this account")
    );
}

#[test]
fn a_login_with_a_lost_response_is_not_retried() {
    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD);
    world
        .heroku
        .fault(On::Any, Fault::LoseAnswer, Times::Always);
    let failure = log_in(&world, PASSWORD, None).unwrap_err();
    assert!(matches!(
        failure,
        ApiError::Unreachable {
            why: NetworkError::NoReply(_),
            ..
        }
    ));
    assert!(failure.is_unclear());
    assert_eq!(world.paths(), ["POST /oauth/authorizations"]);
}

#[test]
fn a_response_without_a_token_is_an_error() {
    use serde_json::json;
    let world = World::new();
    let _ = world.heroku.add_account(ANN).password(PASSWORD);
    for value in [
        json!(null),
        json!({}),
        json!({"token": 7}),
        json!({"token": "x y"}),
    ] {
        world.goes_wrong(Fault::Member("access_token", value));
        let failure = log_in(&world, PASSWORD, None).unwrap_err();
        assert_eq!(failure, ApiError::Garbled);
        world.heroku.clear_faults();
    }
    for value in [json!(null), json!("3600"), json!([])] {
        world.goes_wrong(Fault::Member("access_token.expires_in", value));
        let (made, _) = log_in(&world, PASSWORD, None).unwrap();
        assert!(made.expires().is_none());
        world.heroku.clear_faults();
    }
}
