//! What is known about the old token, and so what the new one should have: scope, description, lifetime.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::cli::Lifetime;
use crate::heroku_api::{ApiError, Authorization, HerokuApi};
use crate::rotation_journal::Revocable;
use crate::scope::{Scope, Scopes};
use crate::token::Token;
use crate::token_metadata::TokenMetadata;

/// The lifetime of a new token if that of the old one is not known: the same as for a login of the Heroku CLI.
const DEFAULT_LIFETIME: Lifetime = Lifetime::Limited(Duration::from_secs(30 * 86_400));

/// When a token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    At(Timestamp),
    Never,
    Unknown,
}

impl Expiry {
    /// As far as the token's metadata says.
    pub(super) fn from_metadata(metadata: Option<&TokenMetadata>) -> Expiry {
        match metadata {
            Some(TokenMetadata {
                expires: Some(time),
                ..
            }) => Expiry::At(*time),
            // Heroku has shown the authorization, without an expiry.
            Some(metadata) if metadata.authorization.is_some() => Expiry::Never,
            Some(_) | None => Expiry::Unknown,
        }
    }

    /// Whether the token expires within this margin; without a margin, a rotation is always due.
    pub(super) fn is_due(self, margin: Option<Duration>) -> bool {
        let Some(margin) = margin else {
            return true;
        };
        match self {
            Expiry::At(time) => {
                let left = time.duration_since(Timestamp::now());
                left.unsigned_abs() <= margin || left.is_negative()
            }
            Expiry::Never => false,
            // One rotation too many is harmless: the expiry of the next token is known.
            Expiry::Unknown => true,
        }
    }
}

/// The token that is replaced.
pub(super) struct OldToken {
    /// Its authorization. None for a browser login, and if Heroku does not show enough of its tokens.
    pub(super) authorization: Option<Authorization>,
    /// Whether it is the account's API key, which other programs may use: we never revoke it.
    pub(super) is_api_key: bool,
    /// The session of a browser login.
    session: Option<String>,
    metadata: Option<TokenMetadata>,
}

impl OldToken {
    /// Looks up the token's authorization at Heroku.
    pub(super) fn look_up(
        api: &HerokuApi,
        token: &Token,
        metadata: Option<&TokenMetadata>,
    ) -> Result<OldToken, ApiError> {
        let id = metadata.and_then(|metadata| metadata.authorization.as_deref());
        let authorization = match id.map(|id| api.authorization(token, id)) {
            Some(Ok(found)) => Some(found),
            None | Some(Err(ApiError::NotFound(_) | ApiError::Invalid(_))) => {
                api.authorization_of(token)?
            }
            Some(Err(failure)) => return Err(failure),
        };
        let (is_api_key, session) = match &authorization {
            Some(found) => (api.is_api_key(token, &found.id)?, None),
            None => (false, api.session_of(token)),
        };
        Ok(OldToken {
            authorization,
            is_api_key,
            session,
            metadata: metadata.cloned(),
        })
    }

    /// When it expires. The metadata from its creation is more exact than what Heroku shows later.
    pub(super) fn expiry(&self) -> Expiry {
        match (
            Expiry::from_metadata(self.metadata.as_ref()),
            &self.authorization,
        ) {
            (Expiry::Unknown, Some(found)) => found.expires().map_or(Expiry::Never, Expiry::At),
            (expiry, _) => expiry,
        }
    }

    /// Its scope. If the scope is not known it is `global`, since the token can create authorizations.
    pub(super) fn scope(&self) -> Scopes {
        match &self.authorization {
            Some(found) if !found.scope.is_empty() => found.scope.clone(),
            Some(_) | None => Scopes::from_iter([Scope::Global]),
        }
    }

    /// Its description in the dashboard.
    pub(super) fn description(&self) -> Option<&str> {
        self.authorization.as_ref()?.description.as_deref()
    }

    /// What has to be revoked once the new token is stored.
    pub(super) fn revocable(&self) -> Option<Revocable> {
        match &self.authorization {
            Some(_) if self.is_api_key => None,
            Some(found) => Some(Revocable::Authorization(found.id.clone())),
            None => self.session.clone().map(Revocable::Session),
        }
    }

    /// Its lifetime when it was created.
    pub(super) fn lifetime(&self) -> Lifetime {
        let metadata = self.metadata.as_ref();
        let metadata = metadata.map(|metadata| (metadata.created, metadata.expires));
        let found = self.authorization.as_ref();
        let found = found.map(|found| (found.created, found.expires()));
        match (metadata, found) {
            (Some((Some(from), Some(to))), _) | (_, Some((Some(from), Some(to)))) => {
                rounded(to.duration_since(from))
            }
            (_, Some((_, None))) => Lifetime::Endless,
            (_, Some((None, Some(_))) | None) => DEFAULT_LIFETIME,
        }
    }
}

/// A lifetime, rounded to hours or minutes. Its two times come from two clocks, Heroku's and ours:
/// without rounding, each rotation would add the difference between them.
fn rounded(lifetime: SignedDuration) -> Lifetime {
    const DAY: i64 = 86_400;
    let seconds = lifetime.as_secs();
    let step = if seconds >= DAY / 2 { 3_600 } else { 60 };
    let steps = ((seconds + step / 2) / step).max(1);
    Lifetime::Limited(Duration::from_secs((steps * step).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn in_hours(hours: i64) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(hours)
    }

    #[test]
    fn without_a_margin_a_rotation_is_always_due() {
        for expiry in [Expiry::At(in_hours(1000)), Expiry::Never, Expiry::Unknown] {
            assert!(expiry.is_due(None));
        }
    }

    #[test]
    fn with_a_margin_a_rotation_is_due_if_the_expiry_is_near_past_or_unknown() {
        let margin = Some(Duration::from_secs(24 * HOUR));
        for (expiry, is_due) in [
            (Expiry::At(in_hours(23)), true),
            (Expiry::At(in_hours(25)), false),
            (Expiry::At(in_hours(-100)), true),
            (Expiry::Never, false),
            (Expiry::Unknown, true),
        ] {
            assert_eq!(expiry.is_due(margin), is_due, "{expiry:?}");
        }
    }

    #[test]
    fn two_clocks_do_not_stretch_a_lifetime() {
        let days = |days: u64| Lifetime::Limited(Duration::from_secs(24 * HOUR * days));
        for drift in [-1500, -1, 0, 1, 1500] {
            assert_eq!(
                rounded(SignedDuration::from_secs(30 * 86_400 + drift)),
                days(30)
            );
        }
        let minutes = |minutes: u64| Lifetime::Limited(Duration::from_secs(60 * minutes));
        assert_eq!(
            rounded(SignedDuration::from_secs(8 * 3600 + 20)),
            minutes(480)
        );
        assert_eq!(rounded(SignedDuration::from_secs(5)), minutes(1));
        assert_eq!(rounded(SignedDuration::from_secs(-5)), minutes(1));
    }

    fn old(metadata: Option<TokenMetadata>) -> OldToken {
        OldToken {
            authorization: None,
            is_api_key: false,
            session: None,
            metadata,
        }
    }

    #[test]
    fn what_is_not_known_has_a_default() {
        assert_eq!(old(None).lifetime(), DEFAULT_LIFETIME);
        assert_eq!(old(None).expiry(), Expiry::Unknown);
        assert_eq!(old(None).scope(), Scopes::from_iter([Scope::Global]));
        assert_eq!(old(None).revocable(), None);
    }

    #[test]
    fn the_metadata_of_the_creation_is_used() {
        let metadata = TokenMetadata {
            authorization: Some("an-id".to_owned()),
            created: Some(in_hours(-10)),
            expires: Some(in_hours(14)),
            ..TokenMetadata::default()
        };
        let expected = Lifetime::Limited(Duration::from_secs(24 * HOUR));
        assert_eq!(old(Some(metadata.clone())).lifetime(), expected);
        assert_eq!(
            old(Some(metadata.clone())).expiry(),
            Expiry::At(metadata.expires.unwrap())
        );
        let endless = TokenMetadata {
            expires: None,
            ..metadata
        };
        assert_eq!(old(Some(endless)).expiry(), Expiry::Never);
    }
}
