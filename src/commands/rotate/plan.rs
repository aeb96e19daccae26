//! What is known of the old authorization, and so what the new one is to be.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::cli::Lifetime;
use crate::heroku_api::{ApiError, Authorization, HerokuApi};
use crate::rotation_journal::Ending;
use crate::scope::{Scope, Scopes};
use crate::token::Token;
use crate::token_metadata::TokenMetadata;

/// How long a new token lives where nobody knows how long the old one was to: as one of the Heroku
/// CLI's logins does.
const USUAL: Lifetime = Lifetime::Limited(Duration::from_secs(30 * 86_400));

/// When a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    At(Timestamp),
    Never,
    Unknown,
}

impl End {
    /// What our own notes say.
    pub(super) fn noted(known: Option<&TokenMetadata>) -> End {
        match known {
            Some(TokenMetadata {
                expires: Some(end), ..
            }) => End::At(*end),
            // Heroku has told us of the authorization, and named no end.
            Some(known) if known.authorization.is_some() => End::Never,
            Some(_) | None => End::Unknown,
        }
    }

    /// Whether it is time for a new token; without a margin it always is.
    pub(super) fn is_due(self, margin: Option<Duration>) -> bool {
        let Some(margin) = margin else {
            return true;
        };
        match self {
            End::At(end) => {
                let left = end.duration_since(Timestamp::now());
                left.unsigned_abs() <= margin || left.is_negative()
            }
            End::Never => false,
            // Better one rotation too many: the end of the next token is known.
            End::Unknown => true,
        }
    }
}

/// The authorization whose token is to be replaced.
pub(super) struct Old {
    /// None for a login by the browser, and where Heroku shows too little of its tokens to tell.
    pub(super) found: Option<Authorization>,
    /// It is the account's API key, which others may use: never to be revoked.
    pub(super) is_api_key: bool,
    /// The session of a login by the browser.
    session: Option<String>,
    noted: Option<TokenMetadata>,
}

impl Old {
    /// Asks Heroku for the token's authorization.
    pub(super) fn of(
        api: &HerokuApi,
        token: &Token,
        noted: Option<&TokenMetadata>,
    ) -> Result<Old, ApiError> {
        let by_id = match noted.and_then(|known| known.authorization.as_deref()) {
            None => None,
            Some(id) => match api.authorization(token, id) {
                Ok(found) => Some(found),
                Err(ApiError::NotFound(_) | ApiError::Invalid(_)) => None,
                Err(failure) => return Err(failure),
            },
        };
        let found = match by_id {
            Some(found) => Some(found),
            None => api.authorization_of(token)?,
        };
        let default = match &found {
            Some(_) => api.default_authorization(token)?,
            None => None,
        };
        let is_default =
            |found: &Authorization| default.is_some_and(|default| default.id == found.id);
        let session = match &found {
            Some(_) => None,
            None => api.session_of(token),
        };
        Ok(Old {
            session,
            is_api_key: found.as_ref().is_some_and(is_default),
            found,
            noted: noted.cloned(),
        })
    }

    /// When it ends; what we noted as we made it is more exact than what Heroku says later.
    pub(super) fn end(&self) -> End {
        match (End::noted(self.noted.as_ref()), &self.found) {
            (End::Unknown, None) => End::Unknown,
            (End::Unknown, Some(found)) => found.expires.map_or(End::Never, End::At),
            (noted, _) => noted,
        }
    }

    /// What it may do. It may make authorizations, so that it is `global` where nobody says.
    pub(super) fn scope(&self) -> Scopes {
        match &self.found {
            Some(found) if !found.scope.is_empty() => found.scope.clone(),
            Some(_) | None => Scopes::from_iter([Scope::Global]),
        }
    }

    /// What the dashboard calls it.
    pub(super) fn description(&self) -> Option<&str> {
        self.found.as_ref()?.description.as_deref()
    }

    /// What there is to end once the new token is in its place.
    pub(super) fn ending(&self) -> Option<Ending> {
        match &self.found {
            Some(_) if self.is_api_key => None,
            Some(found) => Some(Ending::Authorization(found.id.clone())),
            None => self.session.clone().map(Ending::Session),
        }
    }

    /// How long it was to live when it was made.
    pub(super) fn lifetime(&self) -> Lifetime {
        let noted = self
            .noted
            .as_ref()
            .map(|known| (known.created, known.expires));
        let found = self
            .found
            .as_ref()
            .map(|found| (found.created, found.expires));
        match (noted, found) {
            (Some((Some(from), Some(to))), _) | (_, Some((Some(from), Some(to)))) => {
                whole(to.duration_since(from))
            }
            (_, Some((_, None))) => Lifetime::Endless,
            (_, Some((None, Some(_))) | None) => USUAL,
        }
    }
}

/// A lifetime as somebody once chose it. Its two ends come from two clocks, Heroku's and ours: to
/// the second, each rotation would add the difference between them.
fn whole(lifetime: SignedDuration) -> Lifetime {
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
    fn without_a_margin_it_is_always_time() {
        for end in [End::At(in_hours(1000)), End::Never, End::Unknown] {
            assert!(end.is_due(None));
        }
    }

    #[test]
    fn with_a_margin_it_is_time_when_the_end_is_near_or_past_or_not_known() {
        let margin = Some(Duration::from_secs(24 * HOUR));
        for (end, is_due) in [
            (End::At(in_hours(23)), true),
            (End::At(in_hours(25)), false),
            (End::At(in_hours(-100)), true),
            (End::Never, false),
            (End::Unknown, true),
        ] {
            assert_eq!(end.is_due(margin), is_due, "{end:?}");
        }
    }

    #[test]
    fn two_clocks_do_not_stretch_a_lifetime() {
        let days = |days: u64| Lifetime::Limited(Duration::from_secs(24 * HOUR * days));
        for drift in [-1500, -1, 0, 1, 1500] {
            assert_eq!(
                whole(SignedDuration::from_secs(30 * 86_400 + drift)),
                days(30)
            );
        }
        let minutes = |minutes: u64| Lifetime::Limited(Duration::from_secs(60 * minutes));
        assert_eq!(
            whole(SignedDuration::from_secs(8 * 3600 + 20)),
            minutes(480)
        );
        assert_eq!(whole(SignedDuration::from_secs(5)), minutes(1));
        assert_eq!(whole(SignedDuration::from_secs(-5)), minutes(1));
    }

    fn old(noted: Option<TokenMetadata>) -> Old {
        Old {
            found: None,
            is_api_key: false,
            session: None,
            noted,
        }
    }

    #[test]
    fn what_nobody_knows_is_as_usual() {
        assert_eq!(old(None).lifetime(), USUAL);
        assert_eq!(old(None).end(), End::Unknown);
        assert_eq!(old(None).scope(), Scopes::from_iter([Scope::Global]));
        assert_eq!(old(None).ending(), None);
    }

    #[test]
    fn what_was_noted_at_the_making_counts() {
        let noted = TokenMetadata {
            authorization: Some("an-id".to_owned()),
            created: Some(in_hours(-10)),
            expires: Some(in_hours(14)),
            ..TokenMetadata::default()
        };
        let expected = Lifetime::Limited(Duration::from_secs(24 * HOUR));
        assert_eq!(old(Some(noted.clone())).lifetime(), expected);
        assert_eq!(
            old(Some(noted.clone())).end(),
            End::At(noted.expires.unwrap())
        );
        let endless = TokenMetadata {
            expires: None,
            ..noted
        };
        assert_eq!(old(Some(endless)).end(), End::Never);
    }
}
