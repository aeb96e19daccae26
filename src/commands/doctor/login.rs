//! The login: `login.json`, and the variables that take precedence over it.

use super::{Facts, Findings, Repair, Severity};
use crate::heroku_api::ApiError;
use crate::heroku_cli;
use crate::hosts::Service;
use crate::logins;
use crate::logins::lookup::Source;
use crate::notice::{Command, Fix};

/// `login.json` names no account, but there is only one.
pub(super) fn login_json(facts: &Facts<'_>, found: &mut Findings) {
    let environment = &facts.context.environment;
    // HEROKU_API_KEY takes precedence over login.json.
    if facts.login_json != Ok(None) || environment.api_key.is_some() {
        return;
    }
    let only = logins::account_to_restore(facts.context, || facts.answer.found.clone());
    let Some((only, file)) = only.zip(heroku_cli::login_file(environment)) else {
        return;
    };
    found
        .warn("login.json names no account, so the Heroku CLI sees no login")
        .details("the Heroku CLI removes the file if it cannot read the keyring once")
        .fix(Command::new("git credential-heroku-rs status"))
        .repair(Repair {
            change: format!(
                "write login.json: {only} becomes active, the only account with a token in the keyring"
            ),
            undo: format!("rm {}", file.display()),
            apply: Box::new(move |context| logins::switch(context, &only).map(drop)),
        });
}

/// Environment variables that take precedence over the login.
pub(super) fn variables(facts: &Facts<'_>, found: &mut Findings) {
    let environment = &facts.context.environment;
    let mut items = facts.listing.iter().flat_map(|listing| &listing.items);
    if let Some(why) = facts.answer.unavailable(Source::ApiKey) {
        found
            .notice(Severity::Warn, &why)
            .details("the Heroku CLI uses the variable anyway, and no other login");
    } else if let Some(Ok(token)) = &environment.api_key
        && items.any(|item| item.token != *token)
    {
        found
            .warn("HEROKU_API_KEY takes precedence over the keyring, which has another token")
            .details("git and the Heroku CLI use the variable, whichever account is active")
            .fix(Fix::unset("HEROKU_API_KEY"));
    }
    let what = match environment.heroku.host(Service::Api) {
        Some(host) if host.is_production() => return,
        Some(host) => format!("HEROKU_HOST selects {host}, for heroku-rs and for the Heroku CLI"),
        None => ApiError::NotHeroku.to_string(),
    };
    found
        .warn(what)
        .details("the checks of git here are about git.heroku.com")
        .fix(Fix::unset("HEROKU_HOST"));
}
