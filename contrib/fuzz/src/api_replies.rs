//! Replies of Heroku's API, and the messages to the user.

use git_credential_heroku_rs::heroku_api::{
    AccountInfo, ApiError, Auth, Authorization, ErrorBody, PasswordLogin,
};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::known_token;

/// The first three bytes are the status and the kind of authentication; the rest is the body.
pub(crate) fn check(bytes: &[u8]) {
    let Some(([high, low, auth], body)) = bytes.split_first_chunk() else {
        return;
    };
    let status = u16::from_be_bytes([*high, *low]) % 1000;
    if let Ok(account) = serde_json::from_slice::<AccountInfo>(body) {
        assert!(account.email.is_email());
    }
    if let Ok(authorization) = serde_json::from_slice::<Authorization>(body) {
        let shown = format!("{authorization:?}");
        if let Some(token) = authorization.token() {
            assert!(!token.expose().contains('*'));
            let elsewhere = [
                &authorization.id,
                &authorization.description.unwrap_or_default(),
            ]
            .iter()
            .any(|text| text.contains(token.expose()))
                || authorization.scope.to_string().contains(token.expose());
            assert!(elsewhere || !shown.contains(token.expose()));
        }
    }
    check_error(status, body, *auth);
}

fn check_error(status: u16, body: &[u8], auth: u8) {
    let token = known_token();
    let secret = Zeroizing::new("open sesame".to_owned());
    let login = PasswordLogin {
        email: "ann@example.com",
        password: &secret,
        code: (auth > 127).then(|| Zeroizing::new("123456".to_owned())),
    };
    let auth = match auth % 4 {
        0 => Auth::Anonymous,
        1 => Auth::Bearer(&token),
        2 => Auth::Password(&login),
        _ => Auth::Poll(&secret),
    };
    let error_body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let failure = ApiError::from_answer(status, &error_body, None, auth);
    if failure == ApiError::TokenRejected {
        assert_eq!(status, 401, "only a 401 means that a token is invalid");
        // The parser of the error ignores the texts of other members, which may be invalid.
        let answer = serde_json::from_str(&String::from_utf8_lossy(body));
        let answer: Value = answer.unwrap_or_default();
        assert!(answer.get("id").is_some(), "and only in the API's own form");
    }
    let message = failure.notice().to_string();
    assert!(
        message.lines().count() <= 2 && message.len() <= 2000,
        "{message}"
    );
    assert!(
        !message.chars().any(|c| c.is_control() && c != '\n'),
        "{message:?}"
    );
    // The prefix may be in a message about tokens. With more characters after it, it is a token.
    let is_token = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    assert!(!message.split("HRKU-").skip(1).any(is_token), "{message}");
    let _ = failure.is_unclear();
}
