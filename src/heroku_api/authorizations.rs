//! Heroku's OAuth authorizations: made, listed, revoked.
//!
//! Source: Heroku's Platform API schema and Dev Center, "OAuth"; the login calls from the Heroku CLI.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::masked_token::{MaskMatch, MaskedToken};
use super::transport::Method;
use super::{ApiError, Auth, HerokuApi};
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

/// An authorization, as Heroku tells it. Everything but the id may be missing.
#[derive(Debug, Clone)]
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
    shown: Option<MaskedToken>,
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
        const MOST_PAGES: usize = 1000;
        let mut request = self.request(Method::Get, "/oauth/authorizations", Auth::Bearer(token));
        let mut all = Vec::new();
        let mut asked = HashSet::new();
        while asked.len() < MOST_PAGES {
            let answer = self.transport.send(&request)?;
            for entry in answer.body().as_array().ok_or(ApiError::Garbled)? {
                all.push(Authorization::read(entry).ok_or(ApiError::Garbled)?);
            }
            let Some(next) = answer.next.clone() else {
                return Ok(all);
            };
            if !asked.insert(next.clone()) {
                break;
            }
            request.range = Some(next);
        }
        Err(ApiError::Garbled)
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
        let answer = self.get(&path_of(id)?, token)?;
        Authorization::read(answer.body()).ok_or(ApiError::Garbled)
    }

    /// The account's default authorization, the API key of the dashboard: never to be revoked by
    /// us, and not the one of the token that asks. None where the account has none.
    ///
    /// # Errors
    /// As [`HerokuApi::authorizations`].
    pub fn default_authorization(&self, token: &Token) -> Result<Option<Authorization>, ApiError> {
        match self.get("/oauth/authorizations/~", token) {
            Ok(answer) => Authorization::read(answer.body())
                .map(Some)
                .ok_or(ApiError::Garbled),
            Err(ApiError::NotFound(_)) => Ok(None),
            Err(failure) => Err(failure),
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
        let mut request = self.request(Method::Patch, &path_of(id)?, Auth::Bearer(token));
        request.body = Some(json!({"description": description}));
        let answer = self.transport.send_once(&request)?;
        Authorization::read(answer.body()).ok_or(ApiError::Garbled)
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
        let answer = self.get("/oauth/sessions/~", token).ok()?;
        let id = answer.body().get("id")?.as_str()?;
        is_id(id).then(|| id.to_owned())
    }

    /// Ends a session of the token's account: the tokens in it are dead from now on.
    ///
    /// # Errors
    /// Why it may still be there.
    pub fn end_session_named(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        match is_id(id) {
            true => self.delete(token, &format!("/oauth/sessions/{id}")),
            false => Err(ApiError::Invalid("that is not a session's id".to_owned())),
        }
    }

    fn create(
        &self,
        asker: Auth<'_>,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, ApiError> {
        let mut request = self.request(Method::Post, "/oauth/authorizations", asker);
        request.body = Some(json!({
            "description": new.description,
            "scope": new.scope,
            "expires_in": new.expires_in,
        }));
        let answer = self.transport.send_once(&request)?;
        Authorization::read(answer.body()).ok_or(ApiError::Garbled)
    }

    fn delete(&self, token: &Token, path: &str) -> Result<Revoked, ApiError> {
        let request = self.request(Method::Delete, path, Auth::Bearer(token));
        match self.transport.send_once(&request) {
            Ok(_) => Ok(Revoked::Done),
            Err(ApiError::NotFound(_)) => Ok(Revoked::AlreadyGone),
            Err(failure) => Err(failure),
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
    match is_id(id) {
        true => Ok(format!("/oauth/authorizations/{id}")),
        false => Err(ApiError::Invalid(
            "that is not an authorization's id".to_owned(),
        )),
    }
}

fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !id.is_empty() && id.chars().all(plain)
}

impl Authorization {
    /// Reads an authorization as Heroku tells it; none without an id.
    pub fn read(answer: &Value) -> Option<Authorization> {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let time = |key| text(answer, key).and_then(|time| time.parse().ok());
        let access = answer.get("access_token").unwrap_or(&Value::Null);
        let shown = text(access, "token").map(Zeroizing::new);
        let whole = shown.as_ref().filter(|shown| !shown.contains('*'));
        let scope = answer.get("scope").and_then(Value::as_array);
        let owner = answer.get("user").and_then(|user| text(user, "email"));
        Some(Authorization {
            id: text(answer, "id")?,
            description: text(answer, "description"),
            scope: scope
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            created: time("created_at"),
            updated: time("updated_at"),
            expires: access.get("expires_in").and_then(end),
            token: whole.and_then(|shown| Token::parse(shown).ok()),
            account: owner
                .and_then(|email| Account::parse(&email))
                .filter(Account::is_email),
            shown: shown.map(MaskedToken::new),
        })
    }

    /// Whether nothing that Heroku shows of this authorization's token speaks against `token`.
    pub fn may_be_of(&self, token: &Token) -> bool {
        self.fit(token) != MaskMatch::No
    }

    /// How well what Heroku shows of this authorization's token fits `token`.
    fn fit(&self, token: &Token) -> MaskMatch {
        let shown = self.shown.as_ref();
        shown.map_or(MaskMatch::Possible, |shown| shown.fit(token))
    }
}

fn end(seconds: &Value) -> Option<Timestamp> {
    let left = SignedDuration::from_secs(seconds.as_i64()?);
    Timestamp::now().checked_add(left).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn an_authorization_is_read_whatever_is_missing() {
        let read = Authorization::read(&json!({"id": "a", "access_token": null, "scope": "x"}));
        let read = read.unwrap();
        assert_eq!(read.id, "a");
        assert!(read.token.is_none() && read.scope.is_empty() && read.expires.is_none());
        assert!(Authorization::read(&json!({"description": "no id"})).is_none());
        assert!(Authorization::read(&Value::Null).is_none());
    }

    #[test]
    fn the_end_is_reckoned_from_the_answer() {
        let answer = json!({"id": "a", "access_token": {"token": TOKEN, "expires_in": 3600}});
        let read = Authorization::read(&answer).unwrap();
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
            assert!(
                Authorization::read(&answer).unwrap().expires.is_none(),
                "{end}"
            );
        }
        let over = json!({"id": "a", "access_token": {"expires_in": -1}});
        assert!(Authorization::read(&over).unwrap().expires.unwrap() < Timestamp::now());
    }

    #[test]
    fn debug_shows_nothing_of_a_token() {
        for token in [TOKEN, "HRKU-01234567**********89abcdef"] {
            let read = Authorization::read(&json!({"id": "a", "access_token": {"token": token}}));
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
        let hidden = Authorization::read(&json!({"id": "a", "access_token": null})).unwrap();
        assert!(hidden.may_be_of(&token));
        assert_eq!(position_of(&token, &[hidden]), None);
    }
}
