//! Heroku's OAuth authorizations: made, listed, revoked.
//!
//! Source: Heroku's Platform API schema and Dev Center, "OAuth"; the login calls from the Heroku CLI.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::{HeaderValue, RANGE};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use zeroize::Zeroizing;

use super::lenient::{SecretText, lenient};
use super::masked_token::{MaskMatch, MaskedToken};
use super::{ApiError, Auth, HerokuApi, Pages};
use crate::account::Account;
use crate::token::Token;

/// A login by password. It is forgotten as soon as this is dropped.
pub struct PasswordLogin<'a> {
    /// As typed; the account's name is what Heroku answers.
    pub email: &'a str,
    /// As typed.
    pub password: &'a Zeroizing<String>,
    /// The second factor, passed on as it is: a hardware key's is longer than six digits.
    pub code: Option<Zeroizing<String>>,
}

/// An authorization to be made.
#[derive(Debug, Clone)]
pub struct NewAuthorization<'a> {
    /// How the dashboard is to call it.
    pub description: &'a str,
    /// OAuth scopes by Heroku's names.
    pub scope: Vec<&'a str>,
    /// Seconds; none: it does not end.
    pub expires_in: Option<u64>,
}

/// An authorization, as Heroku shows it. Everything but the id may be missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "AuthorizationAnswer")]
pub struct Authorization {
    /// The one safe handle to revoke it by.
    pub id: String,
    /// What the dashboard calls it.
    pub description: Option<String>,
    /// OAuth scopes.
    pub scope: Vec<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was changed.
    pub updated: Option<Timestamp>,
    /// When it ends, reckoned from the time of the answer: exact for one that was just made.
    ///
    /// Whether Heroku tells the seconds that are left, or those there were at first, is not
    /// documented: for one that is older this is the latest possible end.
    pub expires: Option<Timestamp>,
    /// The token, where Heroku shows it whole.
    pub token: Option<Token>,
    /// Whose it is.
    pub account: Option<Account>,
    masked: Option<MaskedToken>,
}

/// What came of a wish to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It is gone by this request.
    Done,
    /// It was gone already.
    AlreadyGone,
}

impl HerokuApi {
    /// Makes an authorization with email and password, and the code where one is needed.
    ///
    /// # Errors
    /// [`ApiError::TwoFactor`] where a code is needed or the given one is wrong. Never repeated by
    /// itself: a code is good once.
    pub fn log_in(
        &self,
        login: &PasswordLogin<'_>,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, ApiError> {
        self.create(Auth::Password(login), new)
    }

    /// Makes one more authorization for the token's account.
    ///
    /// # Errors
    /// Where [`ApiError::is_unclear`], it may have been made: its token is known to nobody.
    pub fn create_authorization(
        &self,
        token: &Token,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, ApiError> {
        self.create(Auth::Bearer(token), new)
    }

    /// Every authorization of the token's account.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where the token's scope is too small to list them.
    pub fn authorizations(&self, token: &Token) -> Result<Vec<Authorization>, ApiError> {
        let mut request = self.request(Method::GET, "/oauth/authorizations", Auth::Bearer(token));
        let mut all = Vec::new();
        let mut pages = Pages::default();
        loop {
            let answer = self.send(&request)?;
            all.append(&mut answer.json::<Vec<Authorization>>(request.auth)?);
            let Some(next) = pages.follow(answer.next_range())? else {
                return Ok(all);
            };
            let range = HeaderValue::from_str(&next).map_err(|_| ApiError::Garbled)?;
            request.headers.insert(RANGE, range);
        }
    }

    /// The authorization of a token that we did not make ourselves, where Heroku's list tells it
    /// for sure: the list shows tokens in part, and of two that fit neither is it.
    ///
    /// # Errors
    /// As [`HerokuApi::authorizations`].
    pub fn authorization_of(&self, token: &Token) -> Result<Option<Authorization>, ApiError> {
        let mut all = self.authorizations(token)?;
        Ok(position_of(token, &all).map(|at| all.swap_remove(at)))
    }

    /// One authorization of the token's account.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where it is gone or another's.
    pub fn authorization(&self, token: &Token, id: &str) -> Result<Authorization, ApiError> {
        self.get(&path_of(id)?, token)
    }

    /// The account's default authorization, the API key of the dashboard: never to be revoked by
    /// us, and not the one of the token that asks. None where the account has none.
    ///
    /// # Errors
    /// As [`HerokuApi::authorizations`].
    pub fn default_authorization(&self, token: &Token) -> Result<Option<Authorization>, ApiError> {
        match self.get("/oauth/authorizations/~", token) {
            Err(ApiError::NotFound(_)) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Gives an authorization another description: the one thing that can be changed in one.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where it is gone or another's.
    pub fn describe(
        &self,
        token: &Token,
        id: &str,
        description: &str,
    ) -> Result<Authorization, ApiError> {
        let request = self.request(Method::PATCH, &path_of(id)?, Auth::Bearer(token));
        self.json(&request.with_json(&json!({"description": description})))
    }

    /// Revokes an authorization: its token is dead from now on.
    ///
    /// # Errors
    /// Why it may still be there.
    pub fn revoke(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        self.delete(token, &path_of(id)?)
    }

    /// Ends the session that the token belongs to, which is how tokens of a browser login die.
    ///
    /// # Errors
    /// Why it may still be there. A token without a session is gone before.
    pub fn end_session(&self, token: &Token) -> Result<Revoked, ApiError> {
        self.delete(token, "/oauth/sessions/~")
    }

    /// The id of the session that the token belongs to, where it has one and Heroku tells it.
    pub fn session_of(&self, token: &Token) -> Option<String> {
        #[derive(Deserialize)]
        struct Session {
            id: String,
        }
        let session: Session = self.get("/oauth/sessions/~", token).ok()?;
        is_id(&session.id).then_some(session.id)
    }

    /// Ends a session of the token's account: the tokens in it are dead from now on.
    ///
    /// # Errors
    /// Why it may still be there.
    pub fn end_session_named(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        if is_id(id) {
            self.delete(token, &format!("/oauth/sessions/{id}"))
        } else {
            Err(ApiError::Invalid("that is not a session's id".to_owned()))
        }
    }

    fn create(
        &self,
        auth: Auth<'_>,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, ApiError> {
        let mut request = self.request(Method::POST, "/oauth/authorizations", auth);
        if let Auth::Password(_) = auth {
            // A code is good once, and not for long.
            request = request.once();
        }
        self.json(&request.with_json(&json!({
            "description": new.description,
            "scope": new.scope,
            "expires_in": new.expires_in,
        })))
    }

    fn delete(&self, token: &Token, path: &str) -> Result<Revoked, ApiError> {
        let request = self.request(Method::DELETE, path, Auth::Bearer(token));
        match self.json::<IgnoredAny>(&request) {
            Ok(_) => Ok(Revoked::Done),
            Err(ApiError::NotFound(_)) => Ok(Revoked::AlreadyGone),
            Err(error) => Err(error),
        }
    }
}

/// Which of these authorizations is the token's, where that can be told for sure: tokens are shown
/// in part, and of two that fit neither is it.
pub fn position_of(token: &Token, all: &[Authorization]) -> Option<usize> {
    if let Some(whole) = all
        .iter()
        .position(|one| one.fit(token) == MaskMatch::Whole)
    {
        return Some(whole);
    }
    let numbered = all.iter().enumerate();
    let mut fitting = numbered.filter(|(_, one)| one.fit(token) == MaskMatch::Likely);
    match (fitting.next(), fitting.next()) {
        (Some((only, _)), None) => Some(only),
        _ => None,
    }
}

/// An id becomes a part of a path: `~` or a slash in it would be another request.
fn path_of(id: &str) -> Result<String, ApiError> {
    if is_id(id) {
        Ok(format!("/oauth/authorizations/{id}"))
    } else {
        let what = "that is not an authorization's id".to_owned();
        Err(ApiError::Invalid(what))
    }
}

fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !id.is_empty() && id.chars().all(plain)
}

impl Authorization {
    /// Whether nothing that Heroku shows of this authorization's token speaks against `token`.
    pub fn may_be_of(&self, token: &Token) -> bool {
        self.fit(token) != MaskMatch::No
    }

    /// How well what Heroku shows of this authorization's token fits `token`.
    fn fit(&self, token: &Token) -> MaskMatch {
        let masked = self.masked.as_ref();
        masked.map_or(MaskMatch::Possible, |masked| masked.fit(token))
    }
}

/// An authorization as Heroku writes it.
#[derive(Deserialize)]
struct AuthorizationAnswer {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    scope: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    access_token: Option<AccessTokenAnswer>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<UserAnswer>,
}

#[derive(Deserialize)]
struct AccessTokenAnswer {
    #[serde(default, deserialize_with = "lenient")]
    token: Option<SecretText>,
    #[serde(default, deserialize_with = "lenient")]
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct UserAnswer {
    #[serde(default, deserialize_with = "lenient")]
    email: Option<String>,
}

impl From<AuthorizationAnswer> for Authorization {
    fn from(answer: AuthorizationAnswer) -> Authorization {
        let (masked, expires_in) = match answer.access_token {
            Some(access) => (access.token, access.expires_in),
            None => (None, None),
        };
        let masked = masked.map(|SecretText(token)| token);
        let whole = masked.as_ref().filter(|token| !token.contains('*'));
        let email = answer.user.and_then(|user| user.email);
        let expires = expires_in.map(SignedDuration::from_secs);
        Authorization {
            id: answer.id,
            description: answer.description,
            scope: answer.scope.unwrap_or_default(),
            created: answer.created_at,
            updated: answer.updated_at,
            expires: expires.and_then(|left| Timestamp::now().checked_add(left).ok()),
            token: whole.and_then(|token| Token::parse(token).ok()),
            account: email
                .and_then(|email| Account::parse(&email))
                .filter(Account::is_email),
            masked: masked.map(MaskedToken::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn parsed(answer: &Value) -> Option<Authorization> {
        serde_json::from_slice(&serde_json::to_vec(answer).unwrap()).ok()
    }

    #[test]
    fn an_authorization_is_read_whatever_is_missing() {
        let read = parsed(&json!({"id": "a", "access_token": null, "scope": "x"}));
        let read = read.unwrap();
        assert_eq!(read.id, "a");
        assert!(read.token.is_none() && read.scope.is_empty() && read.expires.is_none());
        assert!(parsed(&json!({"description": "no id"})).is_none());
        assert!(parsed(&Value::Null).is_none());
    }

    #[test]
    fn the_end_is_reckoned_from_the_answer() {
        let answer = json!({"id": "a", "access_token": {"token": TOKEN, "expires_in": 3600}});
        let read = parsed(&answer).unwrap();
        let left = read.expires.unwrap().duration_since(Timestamp::now());
        assert!((3590..=3600).contains(&left.as_secs()));
        assert_eq!(read.token.unwrap().expose(), TOKEN);
    }

    #[test]
    fn an_end_that_makes_no_sense_is_no_end() {
        for end in [
            json!("3600"),
            json!(null),
            json!(1e99),
            json!(i64::MAX),
            json!([]),
        ] {
            let answer = json!({"id": "a", "access_token": {"token": TOKEN, "expires_in": end}});
            assert!(parsed(&answer).unwrap().expires.is_none(), "{end}");
        }
        let over = json!({"id": "a", "access_token": {"expires_in": -1}});
        assert!(parsed(&over).unwrap().expires.unwrap() < Timestamp::now());
    }

    #[test]
    fn debug_shows_nothing_of_a_token() {
        for token in [TOKEN, "HRKU-01234567**********89abcdef"] {
            let read = parsed(&json!({"id": "a", "access_token": {"token": token}}));
            let shown = format!("{:?}", read.unwrap());
            assert!(
                !shown.contains("HRKU") && !shown.contains("89ab"),
                "{shown}"
            );
        }
    }

    #[test]
    fn an_id_names_an_authorization_and_no_other_path() {
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(path_of(id).unwrap(), format!("/oauth/authorizations/{id}"));
        for other in ["", "~", "../account", "a/b", "a?b", "a%2fb", "a b"] {
            assert!(path_of(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_token_that_is_not_shown_may_be_any() {
        let token = Token::parse(TOKEN).unwrap();
        let hidden = parsed(&json!({"id": "a", "access_token": null})).unwrap();
        assert!(hidden.may_be_of(&token));
        assert_eq!(position_of(&token, &[hidden]), None);
    }
}
