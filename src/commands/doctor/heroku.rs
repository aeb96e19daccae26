//! Heroku itself: whether its API can be reached, and whether it accepts the active token.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::connection::{deciding_settings, has_own_certificates};
use super::facts::{ASK_LIMIT, Facts};
use super::{Findings, Severity};
use crate::account::Verdict;
use crate::commands::rejected;
use crate::commands::report::span;
use crate::git::Setting;
use crate::heroku_api::{ApiError, NetworkError};
use crate::notice::{Command, Fix};

pub(super) fn reachable(facts: &Facts<'_>, found: &mut Findings) {
    if facts.is_offline {
        return found.pass("Heroku was not asked (--offline)");
    }
    let api = facts.context.api(ASK_LIMIT);
    match api.and_then(|api| api.reach()) {
        Ok(()) => found.pass("Heroku's API can be reached"),
        Err(why) => unreachable(&why, facts, found),
    }
}

/// git connects to another host of Heroku's, mostly in the same way.
fn unreachable(why: &ApiError, facts: &Facts<'_>, found: &mut Findings) {
    let is_network = matches!(why, ApiError::Unreachable { .. } | ApiError::Foreign(_));
    // With a proxy of its own, git may reach Heroku.
    let ours = facts.context.environment.https_proxy.as_ref();
    let ours = ours.map_or("", ExposeSecret::expose_secret);
    let is_own = |proxy: &&Setting| is_network && proxy.value != ours;
    let proxy = deciding_settings("proxy", facts).find(is_own);
    let stops_git = match why {
        ApiError::Certificate { .. } => !has_own_certificates(facts),
        _ => is_network && proxy.is_none(),
    };
    let is_answer_of_proxy = matches!(
        why,
        ApiError::Unreachable {
            why: NetworkError::ProxyLogin | NetworkError::ProxyRefusal,
            ..
        }
    );
    let finding = found.notice(Severity::fail_if(stops_git), &why.notice());
    // The fix of what our own proxy answered is for that proxy.
    let proxy = proxy.filter(|proxy| !is_answer_of_proxy && !proxy.value.is_empty());
    if let Some(Setting { key, origin, .. }) = proxy {
        let other = "but heroku-rs reads only https_proxy";
        let show = Command::new("git config").arg(key);
        finding
            .details(format!("git uses the proxy in {key} ({origin}), {other}"))
            .fix(Fix::command("set https_proxy to the same value", show));
    }
}

/// What Heroku says about the active token.
pub(super) fn token(facts: &Facts<'_>, found: &mut Findings) {
    let Some(active) = &facts.answer.found else {
        return;
    };
    // A token that cannot push only matters if git sends it.
    let severity = Severity::fail_if(facts.is_sent(&active.token));
    match facts.verdict(&active.token) {
        Some(Verdict::Accepted(Ok(account))) => {
            let metadata = active.metadata.clone().unwrap_or_default();
            let now = Timestamp::now();
            let left = metadata.expires.map(|end| span(end.duration_since(now)));
            let until = left.map_or_else(String::new, |left| format!(", and expires {left}"));
            let what = format!("the token of {account} is valid{until}");
            if !metadata.scope.may_push() {
                let what = format!("{what}, but cannot push (scope: {})", metadata.scope);
                let purpose = "create a token with the scope global";
                found
                    .add(severity, what)
                    .fix(Fix::command(purpose, "git credential-heroku-rs login"));
            } else if metadata.left_if_near_its_end(now).is_some() {
                found
                    .warn(what)
                    .fix(Fix::command("renew it", "git credential-heroku-rs rotate"));
            } else {
                found.pass(what);
            }
        }
        Some(Verdict::Rejected) => {
            found.notice(severity, &rejected(active.source, active.account.as_ref()));
        }
        Some(Verdict::Accepted(Err(why))) => {
            let why = why.as_cause_of("the token is valid, but Heroku does not show its account");
            found.notice(Severity::Warn, &why);
        }
        Some(Verdict::Unknown(why)) => {
            let why = why.as_cause_of("the token could not be checked");
            found.notice(Severity::Warn, &why);
        }
        None => {}
    }
}
