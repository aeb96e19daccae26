//! The apps that the remotes lead to, and whether the account that git sends may push to them.

use super::facts::{ASK_LIMIT, Facts};
use super::{Findings, Severity};
use crate::commands::other_heroku;
use crate::git::HerokuUrl;
use crate::heroku_api::{ApiError, HerokuApi};
use crate::hosts::{HerokuHost, Service};
use crate::notice::Fix;
use crate::token_metadata;

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    let environment = &facts.context.environment;
    // The apps are then at the other Heroku, and so may be the token.
    if other_heroku(facts.context).is_some() {
        return;
    }
    let mut remotes = facts.git.remotes.iter();
    if !remotes.any(|remote| HerokuUrl::parse(&remote.url).is_some()) {
        return no_remote(facts, found);
    }
    let host = HerokuHost::production(Service::Api);
    let Ok(api) = HerokuApi::of(&host, environment, ASK_LIMIT) else {
        return;
    };
    for push in facts.pushes() {
        let token = push.sent.as_ref().ok().and_then(|sent| sent.token.as_ref());
        let url = HerokuUrl::parse(&push.url);
        let (Some(token), Some(app)) = (token, url.as_ref().and_then(HerokuUrl::app)) else {
            continue;
        };
        // Other checks report a token that Heroku rejects, or whose scope may hide the app.
        let known = token_metadata::about(environment, token);
        if !token_metadata::may_belong_to(known.as_ref(), &host) {
            continue;
        }
        let may_push = known.is_none_or(|known| known.scope.may_push());
        let (Some(account), true) = (facts.valid_account(token), may_push) else {
            continue;
        };
        match api.check_app(token, app) {
            Ok(()) => found.pass(format!("{account} has access to the app {app}")),
            Err(ApiError::NotFound(_) | ApiError::Forbidden(_)) => {
                let what = format!("there is no app {app}, or {account} has no access to it");
                found
                    .add(Severity::Fail, push.named(&what))
                    .fix(Fix::command(
                        "check the app's name and the account",
                        "git credential-heroku-rs status",
                    ));
            }
            Err(_) => {}
        }
    }
}

fn no_remote(facts: &Facts<'_>, found: &mut Findings) {
    if facts.context.git().is_in_repository() == Ok(true) {
        let add = "add it: git remote add heroku https://git.heroku.com/APP.git";
        found
            .warn("this repository has no remote for Heroku")
            .fix(Fix::advice(add));
    }
}
