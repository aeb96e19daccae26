//! Heroku's OAuth authorizations: create, list, update and revoke them.
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
use crate::scope::Scopes;
use crate::token::Token;

/// A login by password. The secrets are wiped when this is dropped.
pub struct PasswordLogin<'a> {
    /// As typed; the account's name is the one in Heroku's reply.
    pub email: &'a str,
    /// As typed.
    pub password: &'a Zeroizing<String>,
    /// The second factor, sent as it is: a hardware key's is longer than six digits.
    pub code: Option<Zeroizing<String>>,
}

/// An authorization to create.
#[derive(Debug, Clone)]
pub struct NewAuthorization<'a> {
    /// Its name in the dashboard.
    pub description: &'a str,
    /// OAuth scopes.
    pub scope: Scopes,
    /// Its lifetime in seconds; none: it never expires.
    pub expires_in: Option<u64>,
}

/// An authorization as Heroku shows it. Everything but the id may be missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "AuthorizationAnswer")]
pub struct Authorization {
    /// The only safe way to name it in a request to revoke it.
    pub id: String,
    /// Its name in the dashboard.
    pub description: Option<String>,
    /// OAuth scopes.
    pub scope: Scopes,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it was last updated.
    pub updated: Option<Timestamp>,
    /// When it expires, counted from the time of the reply: exact for one that was just created.
    ///
    /// Heroku does not document whether `expires_in` is the time that is left or the whole
    /// lifetime: for an older authorization this is the latest possible time.
    pub expires: Option<Timestamp>,
    /// The token, if Heroku shows all of it.
    pub token: Option<Token>,
    /// Its account.
    pub account: Option<Account>,
    masked: Option<MaskedToken>,
}

/// The result of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// This request revoked it.
    Done,
    /// It did not exist any more.
    AlreadyGone,
}

impl HerokuApi {
    /// Creates an authorization with email and password, and the code if one is needed.
    ///
    /// # Errors
    /// [`ApiError::TwoFactor`] if a code is needed or the given one is wrong. The request is never
    /// repeated, since a code can be used once.
    pub fn log_in(
        &self,
        login: &PasswordLogin<'_>,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, ApiError> {
        self.create(Auth::Password(login), new)
    }

    /// Creates another authorization for the token's account.
    ///
    /// # Errors
    /// If [`ApiError::is_unclear`], it may have been created, and its token is lost.
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
    /// [`ApiError::Forbidden`] if the token's scope is too small to list them.
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

    /// The authorization of a token that we did not create, if Heroku's list identifies it: the
    /// list shows parts of tokens, and if two of them match, neither is returned.
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
    /// [`ApiError::NotFound`] if it does not exist or belongs to another account.
    pub fn authorization(&self, token: &Token, id: &str) -> Result<Authorization, ApiError> {
        self.get(&path_of(id)?, token)
    }

    /// The account's default authorization, the API key in the dashboard, which we never revoke. It
    /// need not be the one of `token`. None if the account has none.
    ///
    /// # Errors
    /// As [`HerokuApi::authorizations`].
    pub fn default_authorization(&self, token: &Token) -> Result<Option<Authorization>, ApiError> {
        match self.get("/oauth/authorizations/~", token) {
            Err(ApiError::NotFound(_)) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Changes the description of an authorization, the only thing in it that can be changed.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it does not exist or belongs to another account.
    pub fn describe(
        &self,
        token: &Token,
        id: &str,
        description: &str,
    ) -> Result<Authorization, ApiError> {
        let request = self.request(Method::PATCH, &path_of(id)?, Auth::Bearer(token));
        self.json(&request.with_json(&json!({"description": description})))
    }

    /// Revokes an authorization: Heroku rejects its token from now on.
    ///
    /// # Errors
    /// Why it may still be valid.
    pub fn revoke(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        self.delete(token, &path_of(id)?)
    }

    /// Ends the session that the token belongs to, which revokes the token of a browser login.
    ///
    /// # Errors
    /// Why it may still be valid. For a token without a session, the result is
    /// [`Revoked::AlreadyGone`].
    pub fn end_session(&self, token: &Token) -> Result<Revoked, ApiError> {
        self.delete(token, "/oauth/sessions/~")
    }

    /// The id of the session that the token belongs to, if it has one and Heroku shows it.
    pub fn session_of(&self, token: &Token) -> Option<String> {
        #[derive(Deserialize)]
        struct Session {
            id: String,
        }
        let session: Session = self.get("/oauth/sessions/~", token).ok()?;
        is_id(&session.id).then_some(session.id)
    }

    /// Ends a session of the token's account: Heroku rejects its tokens from now on.
    ///
    /// # Errors
    /// Why it may still be valid.
    pub fn end_session_named(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        if is_id(id) {
            self.delete(token, &format!("/oauth/sessions/{id}"))
        } else {
            Err(ApiError::Invalid("not a session id".to_owned()))
        }
    }

    fn create(
        &self,
        auth: Auth<'_>,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, ApiError> {
        let mut request = self.request(Method::POST, "/oauth/authorizations", auth);
        if let Auth::Password(_) = auth {
            // A code can be used once.
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

/// Which of these authorizations is the token's, if that is certain: Heroku shows parts of tokens,
/// and if two of them match, neither is returned.
pub fn position_of(token: &Token, all: &[Authorization]) -> Option<usize> {
    if let Some(whole) = all
        .iter()
        .position(|one| one.matches(token) == MaskMatch::Whole)
    {
        return Some(whole);
    }
    let numbered = all.iter().enumerate();
    let mut fitting = numbered.filter(|(_, one)| one.matches(token) == MaskMatch::Likely);
    match (fitting.next(), fitting.next()) {
        (Some((only, _)), None) => Some(only),
        _ => None,
    }
}

/// The path of an authorization. `~` or a slash in the id would make it another request.
fn path_of(id: &str) -> Result<String, ApiError> {
    if is_id(id) {
        Ok(format!("/oauth/authorizations/{id}"))
    } else {
        let what = "not an authorization id".to_owned();
        Err(ApiError::Invalid(what))
    }
}

fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !id.is_empty() && id.chars().all(plain)
}

impl Authorization {
    /// Whether what Heroku shows of this authorization's token could be part of `token`.
    pub fn may_be_of(&self, token: &Token) -> bool {
        self.matches(token) != MaskMatch::No
    }

    /// How well what Heroku shows of this authorization's token matches `token`.
    fn matches(&self, token: &Token) -> MaskMatch {
        let masked = self.masked.as_ref();
        masked.map_or(MaskMatch::Possible, |masked| masked.matches(token))
    }
}

/// An authorization as Heroku writes it.
#[derive(Deserialize)]
struct AuthorizationAnswer {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    scope: Option<Scopes>,
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
    fn only_the_id_of_an_authorization_is_required() {
        let read = parsed(&json!({"id": "a", "access_token": null, "scope": "x"}));
        let read = read.unwrap();
        assert_eq!(read.id, "a");
        assert!(read.token.is_none() && read.scope.is_empty() && read.expires.is_none());
        assert!(parsed(&json!({"description": "no id"})).is_none());
        assert!(parsed(&Value::Null).is_none());
    }

    #[test]
    fn the_expiry_is_counted_from_the_reply() {
        let answer = json!({"id": "a", "access_token": {"token": TOKEN, "expires_in": 3600}});
        let read = parsed(&answer).unwrap();
        let left = read.expires.unwrap().duration_since(Timestamp::now());
        assert!((3590..=3600).contains(&left.as_secs()));
        assert_eq!(read.token.unwrap().expose(), TOKEN);
    }

    #[test]
    fn an_invalid_expiry_is_ignored() {
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
    fn an_id_makes_no_other_path() {
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(path_of(id).unwrap(), format!("/oauth/authorizations/{id}"));
        for other in ["", "~", "../account", "a/b", "a?b", "a%2fb", "a b"] {
            assert!(path_of(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_token_that_is_not_shown_may_be_any_token() {
        let token = Token::parse(TOKEN).unwrap();
        let hidden = parsed(&json!({"id": "a", "access_token": null})).unwrap();
        assert!(hidden.may_be_of(&token));
        assert_eq!(position_of(&token, &[hidden]), None);
    }
}
