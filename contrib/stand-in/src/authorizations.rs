//! Tokens: their accounts, scopes and expiry.

use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::names::{Form, token, uuid};
use crate::state::locked;

/// A new authorization.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its description.
    pub description: String,
    /// Its scope.
    pub scope: Vec<String>,
    /// Seconds until it expires. `None` if it does not expire.
    pub expires_in: Option<i64>,
    /// How its token looks.
    pub form: Form,
    /// How it was created.
    pub origin: Origin,
}

/// How an authorization was created. This decides where it is listed and how it is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// By the user, or by a login with a password. It is in the list.
    #[default]
    Listed,
    /// With the account, as its API key, which the API calls `~`. It is in the list, too.
    Default,
    /// By a browser login. It has a session, and is not in the list.
    Browser,
}

impl Default for Grant {
    fn default() -> Grant {
        Grant {
            description: "made in the dashboard".to_owned(),
            scope: vec!["global".to_owned()],
            expires_in: None,
            form: Form::default(),
            origin: Origin::default(),
        }
    }
}

/// An authorization that was created.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: String,
}

/// How much of a token is shown when authorizations are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redaction {
    /// All of it.
    Whole,
    /// Nine characters, stars, six characters.
    #[default]
    Ends,
    /// Five characters, for most tokens `HRKU-`, and stars: the same text for most tokens.
    Short,
}

#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) token: String,
    pub(crate) grant: Grant,
    token_id: String,
    session: Option<String>,
    created: Timestamp,
    updated: Timestamp,
}

impl Authorization {
    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    pub(crate) fn has_scope(&self, scopes: &[&str]) -> bool {
        let mut own = self.grant.scope.iter();
        own.any(|own| scopes.contains(&own.as_str()))
    }

    fn seconds_left(&self, now: Timestamp) -> Option<i64> {
        let passed = now.duration_since(self.updated).as_secs();
        self.grant.expires_in.map(|seconds| seconds - passed)
    }

    fn is_live(&self, now: Timestamp) -> bool {
        self.seconds_left(now).is_none_or(|left| left > 0)
    }

    /// The API's JSON; `user_id` is the id of its account.
    pub(crate) fn to_json(&self, user_id: &str, shown: Redaction, now: Timestamp) -> Value {
        json!({
            "id": self.id,
            "description": self.grant.description,
            "scope": self.grant.scope,
            "created_at": self.created.to_string(),
            "updated_at": self.updated.to_string(),
            "user": {"id": user_id, "email": self.owner, "full_name": null},
            "access_token": {
                "id": self.token_id,
                "token": redacted(&self.token, shown),
                "expires_in": self.seconds_left(now),
            },
            "refresh_token": null,
            "grant": null,
            "client": null,
            "session": self.session.as_ref().map(|id| json!({"id": id})),
        })
    }
}

fn redacted(token: &str, shown: Redaction) -> String {
    match shown {
        Redaction::Whole => token.to_owned(),
        Redaction::Short => format!("{}**********", &token[..5]),
        Redaction::Ends => format!("{}**********{}", &token[..9], &token[token.len() - 6..]),
    }
}

#[derive(Default)]
pub(crate) struct Authorizations {
    all: Mutex<Vec<Authorization>>,
    redaction: Mutex<Redaction>,
}

impl Authorizations {
    pub(crate) fn create(&self, email: &str, grant: Grant, now: Timestamp) -> Authorization {
        let created = Authorization {
            id: uuid(),
            owner: email.to_owned(),
            token: token(grant.form),
            token_id: uuid(),
            session: (grant.origin == Origin::Browser).then(uuid),
            grant,
            created: now,
            updated: now,
        };
        self.all().push(created.clone());
        created
    }

    pub(crate) fn live(&self, token: &str, now: Timestamp) -> Option<Authorization> {
        let all = self.all();
        let mut live = all.iter().filter(|one| one.is_live(now));
        live.find(|one| one.token == token).cloned()
    }

    /// The authorizations that the API lists.
    pub(crate) fn listed(&self, owner: &str, now: Timestamp) -> Vec<Authorization> {
        let mut all = self.valid_of(owner, now);
        all.retain(|one| one.session.is_none());
        all
    }

    /// The authorizations with a session.
    pub(crate) fn with_session(&self, owner: &str, now: Timestamp) -> Vec<Authorization> {
        let mut all = self.valid_of(owner, now);
        all.retain(|one| one.session.is_some());
        all
    }

    fn valid_of(&self, owner: &str, now: Timestamp) -> Vec<Authorization> {
        let mut all = self.all().clone();
        all.retain(|one| one.owner == owner && one.is_live(now));
        all
    }

    pub(crate) fn revoke(&self, token: &str) {
        self.all().retain(|one| one.token != token);
    }

    pub(crate) fn describe(&self, id: &str, description: &str, now: Timestamp) {
        if let Some(one) = self.all().iter_mut().find(|one| one.id == id) {
            description.clone_into(&mut one.grant.description);
            // The lifetime is counted from `updated`, so it is reduced by the time that has passed.
            one.grant.expires_in = one.seconds_left(now);
            one.updated = now;
        }
    }

    /// Gives an authorization a new token in the current format. The old one is invalid immediately.
    pub(crate) fn regenerate(&self, id: &str, now: Timestamp) -> Option<Authorization> {
        let mut all = self.all();
        let one = all.iter_mut().find(|one| one.id == id)?;
        one.token = token(Form::Current);
        one.token_id = uuid();
        one.updated = now;
        Some(one.clone())
    }

    pub(crate) fn redaction(&self) -> Redaction {
        *locked(&self.redaction)
    }

    pub(crate) fn set_redaction(&self, redaction: Redaction) {
        *locked(&self.redaction) = redaction;
    }

    fn all(&self) -> MutexGuard<'_, Vec<Authorization>> {
        locked(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn expires_in(seconds: i64) -> Grant {
        Grant {
            expires_in: Some(seconds),
            ..Grant::default()
        }
    }

    #[test]
    fn a_token_expires_after_its_lifetime() {
        let (all, now) = (Authorizations::default(), Timestamp::now());
        let created = all.create("ann", expires_in(60), now);
        let then = |seconds| now + Duration::from_secs(seconds);
        assert!(all.live(&created.token, then(59)).is_some());
        assert!(all.live(&created.token, then(60)).is_none());
        assert_eq!(all.listed("ann", then(60)).len(), 0);
    }

    #[test]
    fn a_new_description_does_not_change_the_expiry() {
        let (all, now) = (Authorizations::default(), Timestamp::now());
        let created = all.create("ann", expires_in(60), now);
        let then = now + Duration::from_secs(50);
        all.describe(&created.id, "renamed", then);
        let renamed = all.live(&created.token, then).unwrap();
        assert_eq!(renamed.seconds_left(then), Some(10));
        assert_eq!(renamed.grant.description, "renamed");
    }

    #[test]
    fn a_regenerated_token_replaces_the_old_one() {
        let (all, now) = (Authorizations::default(), Timestamp::now());
        let created = all.create("ann", Grant::default(), now);
        let token = all.regenerate(&created.id, now).unwrap().token;
        assert!(all.live(&created.token, now).is_none());
        assert_eq!(all.live(&token, now).unwrap().id, created.id);
    }

    #[test]
    fn a_token_is_redacted_according_to_the_mode() {
        let token = "HRKU-AAbcdefghijklmnopqrstuvwxyz";
        assert_eq!(redacted(token, Redaction::Whole), token);
        assert_eq!(redacted(token, Redaction::Short), "HRKU-**********");
        assert_eq!(
            redacted(token, Redaction::Ends),
            "HRKU-AAbc**********uvwxyz"
        );
    }
}
