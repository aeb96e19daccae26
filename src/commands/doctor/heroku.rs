//! Heroku itself: whether its API can be reached, its time, and whether it accepts the active token.

use jiff::{SignedDuration, Timestamp};

use super::{Facts, Findings, Severity, TokenStatus, connection};
use crate::commands::report::span;
use crate::heroku_api::ApiError;
use crate::logins::lookup::{Source, of_account};
use crate::notice::Fix;

pub(super) fn reachable(facts: &Facts<'_>, found: &mut Findings) {
    let asked = match &facts.api {
        None => return found.pass("Heroku was not asked (--offline)"),
        Some(Ok(api)) => api.clock(),
        Some(Err(why)) => Err(why.clone()),
    };
    let there = match asked {
        Ok(there) => there,
        Err(why) => {
            // git connects to another host of Heroku's, mostly in the same way.
            let stops_git = match why {
                ApiError::Unreachable { .. } | ApiError::Foreign(_) => {
                    !connection::has_own_proxy(facts)
                }
                ApiError::Certificate { .. } => !connection::has_own_certificates(facts),
                _ => false,
            };
            found.notice(Severity::fail_if(stops_git), &why.notice());
            return;
        }
    };
    found.pass("Heroku's API can be reached");
    let skew = there.map(|there| Timestamp::now().duration_since(there).abs());
    if let Some(skew) = skew.filter(|skew| *skew > SignedDuration::from_mins(2)) {
        let minutes = skew.as_mins();
        found
            .warn(format!(
                "the clock differs from Heroku's by {minutes} minutes"
            ))
            .details("tokens seem to expire at another time, and MFA codes are rejected")
            .command("timedatectl set-ntp true");
    }
}

/// What Heroku says about the active token.
pub(super) fn token(facts: &Facts<'_>, found: &mut Findings) {
    let Some(active) = &facts.answer.found else {
        return;
    };
    // A token that cannot push only matters if git sends it.
    let severity = Severity::fail_if(facts.is_sent(&active.token));
    match facts.status_of(&active.token) {
        TokenStatus::Valid(info) => {
            let metadata = active.metadata.clone().unwrap_or_default();
            let now = Timestamp::now();
            let until = metadata.expires.map(|end| span(end.duration_since(now)));
            let until = until.map_or_else(String::new, |span| format!(", and expires {span}"));
            let what = format!("the token of {} is valid{until}", info.email);
            if !metadata.scope.may_push() {
                let scope = metadata.scope;
                found
                    .add(
                        severity,
                        format!("{what}, but cannot push (scope: {scope})"),
                    )
                    .fix(Fix::command(
                        "create a token with the scope global",
                        "git credential-heroku-rs login",
                    ));
            } else if metadata.left_if_near_its_end(now).is_some() {
                let rotate = "git credential-heroku-rs rotate";
                found.warn(what).fix(Fix::command("renew it", rotate));
            } else {
                found.pass(what);
            }
        }
        TokenStatus::Rejected => {
            let of_account = of_account(active.account.as_ref());
            let what = format!("Heroku rejects the token{of_account} in {}", active.source);
            let finding = found.add(severity, what);
            finding.details("the token is revoked or expired");
            match active.source {
                Source::ApiKey => finding.fix("set HEROKU_API_KEY to a valid token, or unset it"),
                Source::Netrc | Source::Keyring => {
                    finding.command("git credential-heroku-rs login")
                }
            };
        }
        TokenStatus::Unknown(notice) => {
            let what = format!("the token could not be checked: {}", notice.what());
            found.warn(what).fix(notice.fix());
        }
        TokenStatus::NotAsked => {}
    }
}
