//! Heroku itself: whether its API can be reached, its time, and whether it accepts the tokens.

use jiff::{SignedDuration, Timestamp};

use super::{Facts, Finding, Severity, TokenStatus, span};
use crate::heroku_api::HerokuApi;
use crate::logins::lookup::{Found, Outcome, Source};
use crate::token_metadata;

/// If the clock differs by more than this, tokens seem to expire at another time, and MFA codes are wrong.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn reachable(facts: &Facts<'_>) -> Vec<Finding> {
    let api = match &facts.api {
        None => {
            return vec![Finding::pass(
                "heroku.connection",
                "Heroku was not asked (--offline)",
            )];
        }
        Some(Ok(api)) => api,
        Some(Err(failure)) => {
            return vec![Finding::from_notice(
                "heroku.connection",
                Severity::Fail,
                &failure.notice(),
            )];
        }
    };
    match clock(api) {
        Ok(finding) => vec![
            Finding::pass("heroku.connection", "Heroku's API can be reached"),
            finding,
        ],
        Err(notice) => vec![Finding::from_notice(
            "heroku.connection",
            Severity::Fail,
            &notice,
        )],
    }
}

fn clock(api: &HerokuApi) -> Result<Finding, crate::notice::Notice> {
    let there = api.clock()?;
    let Some(there) = there else {
        return Ok(Finding::pass(
            "heroku.clock",
            "Heroku's API does not report its time",
        ));
    };
    let ahead = Timestamp::now().duration_since(there);
    if ahead.abs() <= SKEW {
        return Ok(Finding::pass(
            "heroku.clock",
            "the clock agrees with Heroku's",
        ));
    }
    let way = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let what = format!(
        "the clock is {} minutes {way} Heroku's",
        ahead.abs().as_mins()
    );
    Ok(Finding::warn("heroku.clock", what)
        .with_details("tokens seem to expire at another time, and MFA codes are rejected")
        .with_fix("timedatectl set-ntp true"))
}

/// The token that git gets.
pub(super) fn token_in_use(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(found) = &facts.answer.found else {
        return expired(facts);
    };
    let of_account = found
        .account
        .as_ref()
        .map(|account| format!(" of {account}"))
        .unwrap_or_default();
    match facts.status_of(&found.token) {
        TokenStatus::Valid(info) => {
            let mut findings = vec![Finding::pass(
                "heroku.token",
                format!("the token of {} is valid{}", info.email, until(found)),
            )];
            findings.extend(expires_soon(found));
            findings.extend(without_push_scope(found));
            findings
        }
        TokenStatus::Rejected => vec![rejected(
            Finding::fail(
                "heroku.token-rejected",
                format!("Heroku rejects the token{of_account} in {}", found.source),
            ),
            found.source,
        )],
        TokenStatus::Unknown(notice) => {
            let what = format!("the token could not be checked: {}", notice.what());
            vec![Finding::warn("heroku.token", what).with_fix(notice.fix())]
        }
        TokenStatus::NotAsked => Vec::new(),
    }
}

fn until(found: &Found) -> String {
    let expires = found.known.as_ref().and_then(|known| known.expires);
    expires.map_or_else(String::new, |end| {
        let left = end.duration_since(Timestamp::now());
        format!(", and expires {}", span(left))
    })
}

fn expires_soon(found: &Found) -> Option<Finding> {
    let known = found.known.as_ref()?;
    let left = known.left_if_near_its_end(Timestamp::now())?;
    let finding = Finding::warn(
        "heroku.token-expires-soon",
        format!("the token expires {}", span(left)),
    );
    Some(finding.with_fix("git credential-heroku-rs rotate"))
}

fn without_push_scope(found: &Found) -> Option<Finding> {
    let scope = &found.known.as_ref()?.scope;
    (!scope.may_push()).then(|| {
        Finding::fail(
            "heroku.token-scope",
            format!("the token cannot push (scope: {scope})"),
        )
        .with_fix("create a token with the scope global: git credential-heroku-rs login")
    })
}

fn rejected(finding: Finding, source: Source) -> Finding {
    let finding = finding.with_details("the token is revoked or expired");
    match source {
        Source::ApiKey => finding.with_fix("set HEROKU_API_KEY to a valid token, or unset it"),
        Source::Netrc | Source::Keyring => finding.with_fix("git credential-heroku-rs login"),
    }
}

/// The active token has expired, so git does not get it any more.
fn expired(facts: &Facts<'_>) -> Vec<Finding> {
    let expired = facts
        .answer
        .trail
        .iter()
        .find_map(|(source, outcome)| match outcome {
            Outcome::Expired(_, end) => Some((*source, *end)),
            _ => None,
        });
    let Some((source, end)) = expired else {
        return Vec::new();
    };
    let what = format!(
        "the token in {source} expired on {}",
        end.strftime("%Y-%m-%d")
    );
    vec![Finding::fail("heroku.token-expired", what).with_fix("git credential-heroku-rs login")]
}

/// The tokens of other accounts in the keyring, before a switch makes one active.
pub(super) fn other_tokens(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(listing) = &facts.listing else {
        return Vec::new();
    };
    let used = facts.answer.found.as_ref().map(|found| &found.token);
    let mut found = Vec::new();
    for item in listing
        .items
        .iter()
        .filter(|item| used != Some(&item.token))
    {
        let is_reported = used.is_none()
            && token_metadata::about(&facts.context.environment, &item.token)
                .and_then(|known| known.expires)
                .is_some_and(|end| end <= Timestamp::now());
        if !is_reported && matches!(facts.status_of(&item.token), TokenStatus::Rejected) {
            let what = format!(
                "Heroku rejects the token of {}, which is not the active account",
                item.account
            );
            let finding = Finding::warn("heroku.other-token-rejected", what);
            found.push(rejected(finding, Source::Keyring));
        }
    }
    found
}
