//! Heroku itself: whether its API can be reached, its time, and whether it accepts the tokens.

use jiff::{SignedDuration, Timestamp};

use super::{Facts, Finding, Severity, TokenStatus, connection, span};
use crate::heroku_api::ApiError;
use crate::logins::lookup::{Miss, Source, StoredToken};
use crate::notice::Fix;
use crate::token_metadata;

/// If the clock differs by more than this, tokens seem to expire at another time, and MFA codes are wrong.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn reachable(facts: &Facts<'_>) -> Vec<Finding> {
    let there = match &facts.api {
        None => {
            let what = "Heroku was not asked (--offline)";
            return vec![Finding::pass("heroku.connection", what)];
        }
        Some(Ok(api)) => api.clock(),
        Some(Err(why)) => return vec![unreachable(why, facts)],
    };
    match there {
        Ok(there) => vec![
            Finding::pass("heroku.connection", "Heroku's API can be reached"),
            clock(there),
        ],
        Err(why) => vec![unreachable(&why, facts)],
    }
}

/// git connects to another host of Heroku's, mostly in the same way.
fn unreachable(why: &ApiError, facts: &Facts<'_>) -> Finding {
    let stops_git = match why {
        ApiError::Unreachable { .. } | ApiError::Foreign(_) => !connection::has_own_proxy(facts),
        ApiError::Certificate { .. } => !connection::has_own_certificates(facts),
        _ => false,
    };
    let severity = if stops_git {
        Severity::Fail
    } else {
        Severity::Warn
    };
    Finding::from_notice("heroku.connection", severity, &why.notice())
}

fn clock(there: Option<Timestamp>) -> Finding {
    const ID: &str = "heroku.clock";
    let Some(there) = there else {
        return Finding::pass(ID, "Heroku's API does not report its time");
    };
    let ahead = Timestamp::now().duration_since(there);
    if ahead.abs() <= SKEW {
        return Finding::pass(ID, "the clock agrees with Heroku's");
    }
    let way = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let minutes = ahead.abs().as_mins();
    Finding::warn(ID, format!("the clock is {minutes} minutes {way} Heroku's"))
        .with_details("tokens seem to expire at another time, and MFA codes are rejected")
        .with_command("timedatectl set-ntp true")
}

/// The active token.
pub(super) fn active_token(facts: &Facts<'_>) -> Vec<Finding> {
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
            findings.extend(without_push_scope(found, facts));
            findings
        }
        TokenStatus::Rejected => vec![rejected(
            Finding::new(
                "heroku.token-rejected",
                severity_if_sent(found, facts),
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

/// A token that Heroku does not accept for a push only matters if git sends it.
fn severity_if_sent(found: &StoredToken, facts: &Facts<'_>) -> Severity {
    if facts.is_sent(&found.token) {
        Severity::Fail
    } else {
        Severity::Warn
    }
}

fn until(found: &StoredToken) -> String {
    let expires = found
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.expires);
    expires.map_or_else(String::new, |end| {
        let left = end.duration_since(Timestamp::now());
        format!(", and expires {}", span(left))
    })
}

fn expires_soon(found: &StoredToken) -> Option<Finding> {
    let metadata = found.metadata.as_ref()?;
    let left = metadata.left_if_near_its_end(Timestamp::now())?;
    let finding = Finding::warn(
        "heroku.token-expires-soon",
        format!("the token expires {}", span(left)),
    );
    Some(finding.with_command("git credential-heroku-rs rotate"))
}

fn without_push_scope(found: &StoredToken, facts: &Facts<'_>) -> Option<Finding> {
    let scope = &found.metadata.as_ref()?.scope;
    (!scope.may_push()).then(|| {
        Finding::new(
            "heroku.token-scope",
            severity_if_sent(found, facts),
            format!("the token cannot push (scope: {scope})"),
        )
        .with_fix(Fix::command(
            "create a token with the scope global",
            "git credential-heroku-rs login",
        ))
    })
}

fn rejected(finding: Finding, source: Source) -> Finding {
    let finding = finding.with_details("the token is revoked or expired");
    match source {
        Source::ApiKey => finding.with_fix("set HEROKU_API_KEY to a valid token, or unset it"),
        Source::Netrc | Source::Keyring => finding.with_command("git credential-heroku-rs login"),
    }
}

/// The active token has expired, so git does not get it any more.
fn expired(facts: &Facts<'_>) -> Vec<Finding> {
    let expired = facts
        .answer
        .misses
        .iter()
        .find_map(|(source, miss)| match miss {
            Miss::Expired(_, end) => Some((*source, *end)),
            _ => None,
        });
    let Some((source, end)) = expired else {
        return Vec::new();
    };
    let what = format!(
        "the token in {source} expired on {}",
        end.strftime("%Y-%m-%d")
    );
    vec![
        Finding::new(
            "heroku.token-expired",
            facts.severity_without_helper(),
            what,
        )
        .with_command("git credential-heroku-rs login"),
    ]
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
                .and_then(|metadata| metadata.expires)
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
