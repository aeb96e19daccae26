//! Heroku's OAuth authorizations: create, list, update and revoke them.
//!
//! Source: Heroku's Platform API schema and Dev Center, "OAuth"; the login calls from the Heroku CLI.

use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use zeroize::Zeroizing;

use super::response::{lenient, secret};
use super::{AccountInfo, ApiError, Auth, HerokuApi, Pages};
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
    /// Its description in the dashboard.
    pub description: &'a str,
    /// OAuth scopes.
    pub scope: Scopes,
    /// Its lifetime in seconds; none: it never expires.
    pub expires_in: Option<u64>,
}

/// An authorization as Heroku shows it. Everything but the id may be missing.
#[derive(Debug, Clone, Deserialize)]
pub struct Authorization {
    /// The only safe way to name it in a request to revoke it.
    pub id: String,
    /// Its description in the dashboard.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
    /// OAuth scopes.
    #[serde(default, deserialize_with = "lenient")]
    pub scope: Scopes,
    /// When it was created.
    #[serde(default, rename = "created_at", deserialize_with = "lenient")]
    pub created: Option<Timestamp>,
    /// When it was last updated.
    #[serde(default, rename = "updated_at", deserialize_with = "lenient")]
    pub updated: Option<Timestamp>,
    /// None for one without a token, such as an app that has not requested one yet.
    #[serde(default, deserialize_with = "lenient")]
    access_token: Option<AccessToken>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<AccountInfo>,
}

#[derive(Debug, Clone, Deserialize)]
struct AccessToken {
    /// The token, or what Heroku shows of it: a prefix, stars and perhaps a suffix.
    #[serde(default, deserialize_with = "secret")]
    token: Option<SecretString>,
    #[serde(default, rename = "expires_in", deserialize_with = "from_now")]
    expires: Option<Timestamp>,
}

fn from_now<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let left: Option<i64> = lenient(deserializer)?;
    // Heroku counts in whole seconds too.
    let end = left.and_then(|left| Timestamp::now().as_second().checked_add(left));
    Ok(end.and_then(|end| Timestamp::from_second(end).ok()))
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
    /// Creates an authorization for the account of a token, or of an email and its password. Also returns its token.
    ///
    /// # Errors
    /// If [`ApiError::is_unclear`], it may have been created, and its token is lost. With a password
    /// [`ApiError::TwoFactor`] if a code is needed or the given one is wrong.
    pub fn create_authorization(
        &self,
        auth: Auth<'_>,
        new: &NewAuthorization<'_>,
    ) -> Result<(Authorization, Token), ApiError> {
        let mut request = self.request(Method::POST, "/oauth/authorizations", auth);
        if let Auth::Password(_) = auth {
            // A code can be used once.
            request = request.once();
        }
        let created: Authorization = self.json(&request.with_json(&json!({
            "description": new.description,
            "scope": new.scope,
            "expires_in": new.expires_in,
        })))?;
        let token = created.token().ok_or(ApiError::Garbled)?;
        Ok((created, token))
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
            let page = self.send(&request)?;
            all.append(&mut page.json::<Vec<Authorization>>(request.auth)?);
            match pages.follow(page.next_range())? {
                Some(next) => request.ask_for(&next)?,
                None => return Ok(all),
            }
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
        self.get(&path_of("authorizations", id)?, token)
    }

    /// Whether this authorization is the account's API key in the dashboard, which other programs may use. It need not
    /// be the authorization of `token`.
    ///
    /// # Errors
    /// As [`HerokuApi::authorizations`].
    pub fn is_api_key(&self, token: &Token, id: &str) -> Result<bool, ApiError> {
        match self.get::<Authorization>("/oauth/authorizations/~", token) {
            Err(ApiError::NotFound(_)) => Ok(false),
            api_key => Ok(api_key?.id == id),
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
        let path = path_of("authorizations", id)?;
        let request = self.request(Method::PATCH, &path, Auth::Bearer(token));
        self.json(&request.with_json(&json!({"description": description})))
    }

    /// Revokes an authorization: Heroku rejects its token from now on.
    ///
    /// # Errors
    /// Why it may still be valid.
    pub fn revoke(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        self.delete(token, &path_of("authorizations", id)?)
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
        // Another id could never be used, and would stop every later rotation.
        path_of("sessions", &session.id).ok()?;
        Some(session.id)
    }

    /// Ends a session of the token's account: Heroku rejects its tokens from now on.
    ///
    /// # Errors
    /// Why it may still be valid.
    pub fn end_session_named(&self, token: &Token, id: &str) -> Result<Revoked, ApiError> {
        self.delete(token, &path_of("sessions", id)?)
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
    /// Fewer, such as `HRKU-` and a few more, may match several tokens.
    const FEWEST_VISIBLE: usize = 12;
    let length = Some(token.expose().len());
    let whole = all.iter().position(|one| one.visible_of(token) == length);
    whole.or_else(|| {
        let is_likely = |one: &Authorization| one.visible_of(token) >= Some(FEWEST_VISIBLE);
        let first = all.iter().position(is_likely);
        first.filter(|_| all.iter().rposition(is_likely) == first)
    })
}

/// The path of one member of a list. `~` or a slash in the id would make it another request.
fn path_of(list: &str, id: &str) -> Result<String, ApiError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if id.is_empty() || !id.chars().all(is_plain) {
        return Err(ApiError::Invalid(format!("no id of {list}")));
    }
    Ok(format!("/oauth/{list}/{id}"))
}

impl Authorization {
    /// When it expires, counted from the time of the reply: exact for one that was just created.
    ///
    /// Heroku does not document whether `expires_in` is the time that is left or the whole
    /// lifetime: for an older authorization this is the latest possible time.
    pub fn expires(&self) -> Option<Timestamp> {
        self.access_token.as_ref()?.expires
    }

    /// Whether Heroku shows when it expires, or that it never does.
    pub fn has_known_expiry(&self) -> bool {
        self.access_token.is_some()
    }

    /// The token, if Heroku shows all of it.
    pub fn token(&self) -> Option<Token> {
        let shown = self.shown_token()?.expose_secret();
        Token::parse(shown).ok().filter(|_| !shown.contains('*'))
    }

    fn shown_token(&self) -> Option<&SecretString> {
        self.access_token.as_ref()?.token.as_ref()
    }

    /// Its account.
    pub fn account(&self) -> Option<&Account> {
        Some(&self.user.as_ref()?.email)
    }

    /// Whether what Heroku shows of this authorization's token could be part of `token`.
    pub fn may_be_of(&self, token: &Token) -> bool {
        self.visible_of(token).is_some()
    }

    /// How many characters it shows of this token; none if it shows another token.
    fn visible_of(&self, token: &Token) -> Option<usize> {
        let Some(shown) = self.shown_token() else {
            return Some(0);
        };
        let (shown, token) = (shown.expose_secret(), token.expose());
        if shown == token {
            return Some(token.len());
        }
        let (prefix, rest) = shown.split_once('*')?;
        let suffix = rest.rsplit('*').next().unwrap_or_default();
        let visible = prefix.len() + suffix.len();
        let fits = token.starts_with(prefix) && token.ends_with(suffix) && visible < token.len();
        fits.then_some(visible)
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
        assert!(read.token().is_none() && read.scope.is_empty() && read.expires().is_none());
        assert!(!read.has_known_expiry());
        assert!(parsed(&json!({"description": "no id"})).is_none());
        assert!(parsed(&Value::Null).is_none());
    }

    #[test]
    fn the_expiry_is_counted_from_the_reply() {
        let answer = json!({"id": "a", "access_token": {"token": TOKEN, "expires_in": 3600}});
        let read = parsed(&answer).unwrap();
        let left = read.expires().unwrap().duration_since(Timestamp::now());
        assert!((3590..=3600).contains(&left.as_secs()));
        assert_eq!(read.expires().unwrap().subsec_nanosecond(), 0);
        assert_eq!(read.token().unwrap().expose(), TOKEN);
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
            assert!(parsed(&answer).unwrap().expires().is_none(), "{end}");
        }
        let over = json!({"id": "a", "access_token": {"expires_in": -1}});
        assert!(parsed(&over).unwrap().expires().unwrap() < Timestamp::now());
    }

    #[test]
    fn debug_output_contains_no_part_of_a_token() {
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
    fn an_id_cannot_change_the_path() {
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(path_of("sessions", id), Ok(format!("/oauth/sessions/{id}")));
        for other in ["", "~", "../account", "a/b", "a?b", "a%2fb", "a b"] {
            assert!(path_of("sessions", other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_token_that_is_not_shown_may_be_any_token() {
        let token = Token::parse(TOKEN).unwrap();
        let hidden = parsed(&json!({"id": "a", "access_token": null})).unwrap();
        assert!(hidden.may_be_of(&token));
        assert_eq!(position_of(&token, &[hidden]), None);
    }

    #[test]
    fn a_short_prefix_identifies_no_token() {
        let token = Token::parse(TOKEN).unwrap();
        for (text, visible, is_identified) in [
            (TOKEN, Some(41), true),
            ("HRKU-0123**********abcdef", Some(15), true),
            ("HRKU-012**********cdef", Some(12), true),
            ("HRKU-012**********def", Some(11), false),
            ("HRKU-**********", Some(5), false),
            ("**********", Some(0), false),
            ("HRKU-9999**********abcdef", None, false),
            ("HRKU-0123", None, false),
        ] {
            let one = parsed(&json!({"id": "a", "access_token": {"token": text}})).unwrap();
            assert_eq!(one.visible_of(&token), visible, "{text}");
            let position = position_of(&token, &[one]);
            assert_eq!(position.is_some(), is_identified, "{text}");
        }
    }
}
