//! What is known about the old token, and so what the new one should have: scope, description, lifetime.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::account::Account;
use crate::cli::Lifetime;
use crate::commands::metadata_of;
use crate::heroku_api::{ApiError, HerokuApi};
use crate::rotation_journal::Revocable;
use crate::scope::{Scope, Scopes};
use crate::token::Token;
use crate::token_metadata::TokenMetadata;

/// The lifetime of a new token if that of the old one is not known: the same as for a login of the Heroku CLI.
const DEFAULT_LIFETIME: Lifetime = Lifetime(Some(30 * 86_400));

/// Whether a token expires within this margin; without a margin, a rotation is always due.
pub(super) fn is_due(token: &TokenMetadata, margin: Option<Duration>) -> bool {
    let Some(margin) = margin else {
        return true;
    };
    match token.expires {
        Some(time) => {
            let left = time.duration_since(Timestamp::now());
            left.unsigned_abs() <= margin || left.is_negative()
        }
        // If Heroku has shown the authorization, the token never expires. If not, its expiry is unknown, and one
        // rotation too many is harmless: the expiry of the next token is known.
        None => token.authorization.is_none(),
    }
}

/// The token that is replaced.
pub(super) struct OldToken {
    /// Without an authorization for a browser login, and if Heroku does not show enough of its tokens.
    pub(super) metadata: TokenMetadata,
    /// Whether it is the account's API key, which other programs may use: we never revoke it.
    pub(super) is_api_key: bool,
    /// What has to be revoked once the new token is stored.
    pub(super) revocable: Option<Revocable>,
}

impl OldToken {
    /// Looks up the token's authorization at Heroku. The times in `known`, from its creation, are more exact than what
    /// Heroku shows later.
    pub(super) fn look_up(
        api: &HerokuApi,
        account: &Account,
        token: &Token,
        known: &TokenMetadata,
    ) -> Result<OldToken, ApiError> {
        let id = known.authorization.as_deref();
        let authorization = match id.map(|id| api.authorization(token, id)) {
            Some(Ok(found)) => Some(found),
            None | Some(Err(ApiError::NotFound(_) | ApiError::Invalid(_))) => {
                api.authorization_of(token)?
            }
            Some(Err(failure)) => return Err(failure),
        };
        let mut metadata = metadata_of(token, account, authorization.as_ref(), api);
        if known.created.is_some() {
            metadata.created = known.created;
            metadata.expires = known.expires;
        }
        let (is_api_key, revocable) = match authorization {
            Some(found) if api.is_api_key(token, &found.id)? => (true, None),
            Some(found) => (false, Some(Revocable::Authorization(found.id))),
            None => (false, api.session_of(token).map(Revocable::Session)),
        };
        Ok(OldToken {
            metadata,
            is_api_key,
            revocable,
        })
    }

    /// Its scope. If the scope is not known it is `global`, since the token can create authorizations.
    pub(super) fn scope(&self) -> Scopes {
        if self.metadata.scope.is_empty() {
            Scopes::from_iter([Scope::Global])
        } else {
            self.metadata.scope.clone()
        }
    }

    /// Its lifetime when it was created.
    pub(super) fn lifetime(&self) -> Lifetime {
        let TokenMetadata {
            authorization,
            created,
            expires,
            ..
        } = &self.metadata;
        match (authorization, created, expires) {
            (_, Some(from), Some(to)) => rounded(to.duration_since(*from)),
            (Some(_), _, None) => Lifetime(None),
            _ => DEFAULT_LIFETIME,
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
    Lifetime(Some((steps * step).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn in_hours(hours: i64) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(hours)
    }

    fn token(authorization: Option<&str>, expires: Option<Timestamp>) -> TokenMetadata {
        TokenMetadata {
            authorization: authorization.map(str::to_owned),
            expires,
            ..TokenMetadata::default()
        }
    }

    #[test]
    fn without_a_margin_a_rotation_is_always_due() {
        let endless = token(Some("an-id"), None);
        for token in [
            token(Some("an-id"), Some(in_hours(1000))),
            endless,
            token(None, None),
        ] {
            assert!(is_due(&token, None));
        }
    }

    #[test]
    fn with_a_margin_a_rotation_is_due_if_the_expiry_is_near_past_or_unknown() {
        let margin = Some(Duration::from_secs(24 * HOUR));
        for (token, due) in [
            (token(Some("an-id"), Some(in_hours(23))), true),
            (token(Some("an-id"), Some(in_hours(25))), false),
            (token(Some("an-id"), Some(in_hours(-100))), true),
            (token(Some("an-id"), None), false),
            (token(None, None), true),
        ] {
            assert_eq!(is_due(&token, margin), due, "{token:?}");
        }
    }

    #[test]
    fn a_difference_between_two_clocks_does_not_extend_a_lifetime() {
        let days = |days: u64| Lifetime(Some(24 * HOUR * days));
        for drift in [-1500, -1, 0, 1, 1500] {
            assert_eq!(
                rounded(SignedDuration::from_secs(30 * 86_400 + drift)),
                days(30)
            );
        }
        let minutes = |minutes: u64| Lifetime(Some(60 * minutes));
        assert_eq!(
            rounded(SignedDuration::from_secs(8 * 3600 + 20)),
            minutes(480)
        );
        assert_eq!(rounded(SignedDuration::from_secs(5)), minutes(1));
        assert_eq!(rounded(SignedDuration::from_secs(-5)), minutes(1));
    }

    fn old(metadata: TokenMetadata) -> OldToken {
        OldToken {
            metadata,
            is_api_key: false,
            revocable: None,
        }
    }

    #[test]
    fn unknown_metadata_has_a_default() {
        let unknown = old(TokenMetadata::default());
        assert_eq!(unknown.lifetime(), DEFAULT_LIFETIME);
        assert_eq!(unknown.scope(), Scopes::from_iter([Scope::Global]));
        let without_creation = old(token(Some("an-id"), Some(in_hours(1))));
        assert_eq!(without_creation.lifetime(), DEFAULT_LIFETIME);
    }

    #[test]
    fn the_new_token_lives_as_long_as_the_old_one() {
        let limited = TokenMetadata {
            created: Some(in_hours(-10)),
            ..token(Some("an-id"), Some(in_hours(14)))
        };
        let expected = Lifetime(Some(24 * HOUR));
        assert_eq!(old(limited).lifetime(), expected);
        let endless = token(Some("an-id"), None);
        assert_eq!(old(endless).lifetime(), Lifetime(None));
    }
}
