//! Heroku itself: whether it can be reached, what time it is there, and what it says of the tokens.

use jiff::{SignedDuration, Timestamp};

use super::{Facts, Finding, Severity, TokenStatus, span};
use crate::commands::may_push;
use crate::heroku_api::HerokuApi;
use crate::logins::lookup::{Found, Outcome, Source};
use crate::token_metadata;

/// A clock that is further off than this tells the end of a token wrongly, and the codes of an
/// authenticator too.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn reachable(facts: &Facts<'_>) -> Vec<Finding> {
    let api = match &facts.api {
        None => return vec![Finding::pass("heroku.connection", "it was not asked")],
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
            Finding::pass("heroku.connection", "it can be reached"),
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
            "it does not say what time it is",
        ));
    };
    let ahead = Timestamp::now().duration_since(there);
    if ahead.abs() <= SKEW {
        return Ok(Finding::pass("heroku.clock", "its clock and yours agree"));
    }
    let way = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let what = format!(
        "your clock is {} minutes {way} Heroku's",
        ahead.abs().as_mins()
    );
    Ok(Finding::warn("heroku.clock", what)
        .because("tokens seem to end at another time, and an authenticator's codes are refused")
        .with_advice("timedatectl set-ntp true"))
}

/// The token that git gets.
pub(super) fn token_in_use(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(found) = &facts.answer.found else {
        return ended(facts);
    };
    let whose = found
        .account
        .as_ref()
        .map(|account| format!(" of {account}"))
        .unwrap_or_default();
    match facts.status_of(&found.token) {
        TokenStatus::Valid(info) => {
            let mut findings = vec![Finding::pass(
                "heroku.token",
                format!("it takes the token of {}{}", info.email, until(found)),
            )];
            findings.extend(ends_soon(found));
            findings.extend(weak(found));
            findings
        }
        TokenStatus::Rejected => vec![refused(
            Finding::fail(
                "heroku.token-rejected",
                format!("it refuses the token{whose} in {}", found.source),
            ),
            found.source,
        )],
        TokenStatus::Unknown(notice) => {
            let what = format!("whether it takes the token is not known: {}", notice.what());
            vec![Finding::warn("heroku.token", what).with_advice(notice.fix())]
        }
        TokenStatus::NotAsked => Vec::new(),
    }
}

fn until(found: &Found) -> String {
    let expires = found.known.as_ref().and_then(|known| known.expires);
    expires.map_or_else(String::new, |end| {
        let left = end.duration_since(Timestamp::now());
        format!(", which ends {}", span(left))
    })
}

fn ends_soon(found: &Found) -> Option<Finding> {
    let known = found.known.as_ref()?;
    let left = known.left_if_near_its_end(Timestamp::now())?;
    let finding = Finding::warn(
        "heroku.token-expires-soon",
        format!("the token ends {}", span(left)),
    );
    Some(finding.with_advice("git credential-heroku-rs rotate"))
}

fn weak(found: &Found) -> Option<Finding> {
    let scope = &found.known.as_ref()?.scope;
    (!may_push(scope)).then(|| {
        Finding::fail(
            "heroku.token-scope",
            format!("the token may not push: its scope is {}", scope.join(", ")),
        )
        .with_advice("make one with the scope global: git credential-heroku-rs login")
    })
}

fn refused(finding: Finding, source: Source) -> Finding {
    let finding = finding.because("it is revoked or expired");
    match source {
        Source::ApiKey => finding.with_advice("set HEROKU_API_KEY to a valid token, or unset it"),
        Source::Netrc | Source::Keyring => finding.with_advice("git credential-heroku-rs login"),
    }
}

/// The token in use has come to its end, and is not served any more.
fn ended(facts: &Facts<'_>) -> Vec<Finding> {
    let ended = facts
        .answer
        .trail
        .iter()
        .find_map(|(source, outcome)| match outcome {
            Outcome::Expired(_, end) => Some((*source, *end)),
            _ => None,
        });
    let Some((source, end)) = ended else {
        return Vec::new();
    };
    let what = format!(
        "the token in {source} ended on {}",
        end.strftime("%Y-%m-%d")
    );
    vec![Finding::fail("heroku.token-expired", what).with_advice("git credential-heroku-rs login")]
}

/// The tokens of other accounts in the keyring: a switch should not be a surprise.
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
        let is_told = used.is_none()
            && token_metadata::about(&facts.context.environment, &item.token)
                .and_then(|known| known.expires)
                .is_some_and(|end| end <= Timestamp::now());
        if !is_told && matches!(facts.status_of(&item.token), TokenStatus::Rejected) {
            let what = format!(
                "it refuses the token of {}, which is not in use",
                item.account
            );
            let finding = Finding::warn("heroku.other-token-rejected", what);
            found.push(refused(finding, Source::Keyring));
        }
    }
    found
}
