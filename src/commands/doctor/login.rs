//! The active account: `login.json`, and the variables that take precedence over it.

use super::{Facts, Finding, Repair};
use crate::account::Account;
use crate::heroku_cli::{self, LoginState};
use crate::hosts::{HerokuHost, Service};
use crate::logins;
use crate::logins::lookup::Source;
use crate::notice::Fix;

/// Whether the account in `login.json` is the one that git gets. It is not if another source takes precedence over the
/// keyring.
fn login_json_decides(facts: &Facts<'_>) -> bool {
    let environment = &facts.context.environment;
    !environment.netrc_before_keyring && environment.api_key.is_none()
}

pub(super) fn login_json(facts: &Facts<'_>) -> Vec<Finding> {
    let Ok(listing) = &facts.listing else {
        return Vec::new();
    };
    if !login_json_decides(facts) {
        return Vec::new();
    }
    let items = listing.items.iter().map(|item| item.account.clone());
    let named: Vec<Account> = items.filter(Account::is_email).collect();
    match (&facts.login, named.as_slice()) {
        (LoginState::Account(account), _) if facts.item_of(account).is_some() => {
            vec![Finding::pass(
                "login.active-account",
                format!("the active account is {account}, and its token is in the keyring"),
            )]
        }
        // The locked part may contain the account's token, or another account.
        _ if listing.locked.is_some() => Vec::new(),
        (LoginState::Account(account), named) => {
            vec![without_token(account, !named.is_empty(), facts)]
        }
        (LoginState::NotTrusted(why), _) => vec![
            Finding::new(
                "login.not-trusted",
                facts.severity_without_helper(),
                format!("login.json is not used: {why}"),
            )
            .with_details("another user could change the account that you push with")
            .with_fix(heroku_cli::trusting_fix(*why, &facts.context.environment)),
        ],
        (LoginState::Absent | LoginState::Unusable, []) => Vec::new(),
        (LoginState::Absent, [only]) => vec![
            Finding::warn(
                "login.json-missing",
                "login.json does not exist, so the Heroku CLI sees no login",
            )
            .with_details("the Heroku CLI removes the file if it cannot read the keyring once")
            .with_command("git credential-heroku-rs status")
            .with_repair(pointing_to(only, facts)),
        ],
        (LoginState::Unusable, [only]) => vec![
            Finding::warn(
                "login.json-invalid",
                "login.json names no account, so the Heroku CLI sees no login",
            )
            .with_details("the file is not JSON, or the name in it is not an email")
            .with_command("git credential-heroku-rs status")
            .with_repair(pointing_to(only, facts)),
        ],
        (LoginState::Absent | LoginState::Unusable, several) => vec![
            Finding::new(
                "login.no-active-account",
                facts.severity_without_helper(),
                format!(
                    "{} accounts have a token in the keyring, and none is active",
                    several.len()
                ),
            )
            .with_details("login.json names none of them")
            .with_fix("git credential-heroku-rs switch EMAIL"),
        ],
    }
}

/// `login.json` names an account that has no token.
fn without_token(account: &Account, has_others: bool, facts: &Facts<'_>) -> Finding {
    let what = format!("the active account {account} has no token in the keyring");
    let finding = match &facts.answer.found {
        Some(_) => Finding::warn("login.no-token", what).with_details("another source has a token"),
        None => Finding::new("login.no-token", facts.severity_without_helper(), what)
            .with_details("git gets no token of another account instead"),
    };
    if has_others {
        finding.with_fix(Fix::command(
            "switch to another account, or log in again",
            "git credential-heroku-rs login",
        ))
    } else {
        finding.with_command("git credential-heroku-rs login")
    }
}

fn pointing_to(account: &Account, facts: &Facts<'_>) -> Repair {
    let does = format!(
        "write login.json: {account} becomes active, the only account with a token in the keyring"
    );
    let file = heroku_cli::login_file(&facts.context.environment).unwrap_or_default();
    let undo = match &facts.login {
        LoginState::Account(before) => {
            format!("write {{\"account\":\"{before}\"}} to {}", file.display())
        }
        LoginState::Absent | LoginState::Unusable | LoginState::NotTrusted(_) => {
            format!("rm {}", file.display())
        }
    };
    let account = account.clone();
    Repair::new(does, undo, move |context| {
        logins::switch(context, &account).map(drop)
    })
}

/// Environment variables that take precedence over the login, or change what the Heroku CLI does.
pub(super) fn variables(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let context = facts.context;
    match &context.environment.api_key {
        None => {}
        Some(Err(why)) => found.push(
            Finding::new(
                "login.api-key",
                facts.severity_without_helper(),
                format!("HEROKU_API_KEY is not used: {why}"),
            )
            .with_details("the Heroku CLI uses the variable anyway, and no other login")
            .with_fix("set HEROKU_API_KEY to a valid token, or unset it"),
        ),
        Some(Ok(token)) => found.push(api_key(token, facts)),
    }
    if facts.is_set("HEROKU_API_TOKEN") && context.environment.api_key.is_none() {
        let finding = Finding::warn(
            "login.api-token",
            "HEROKU_API_TOKEN is set, but no program reads this variable",
        );
        found.push(
            finding.with_command(
                "export HEROKU_API_KEY=\"$HEROKU_API_TOKEN\"; unset HEROKU_API_TOKEN",
            ),
        );
    }
    if facts.is_set("HEROKU_DEBUG") {
        let finding = Finding::warn("login.heroku-debug", "HEROKU_DEBUG is set").with_details(
            "the Heroku CLI prints whole API responses then, and the new token at a login",
        );
        found.push(finding.with_command("unset HEROKU_DEBUG"));
    }
    if facts.is_set("HEROKU_GIT_HOST") {
        let finding = Finding::warn("login.heroku-git-host", "HEROKU_GIT_HOST is set")
            .with_details(
                "the Heroku CLI sends the token to the server in this variable; heroku-rs does not",
            );
        found.push(finding.with_command("unset HEROKU_GIT_HOST"));
    }
    found.extend(other_heroku(facts));
    found
}

/// `HEROKU_HOST`, if it names another host than heroku.com.
fn other_heroku(facts: &Facts<'_>) -> Option<Finding> {
    let heroku_host = facts.context.environment.heroku_host.as_deref();
    let finding = match HerokuHost::in_use(Service::Api, heroku_host) {
        None => Finding::new(
            "login.heroku-host",
            facts.severity_without_helper(),
            "HEROKU_HOST does not name a Heroku host",
        ),
        Some(host) if host.is_production() => return None,
        Some(host) => Finding::warn(
            "login.heroku-host",
            format!("HEROKU_HOST selects {host}, for heroku-rs and for the Heroku CLI"),
        )
        .with_details("the checks of git here are about git.heroku.com"),
    };
    Some(finding.with_command("unset HEROKU_HOST"))
}

fn api_key(token: &crate::token::Token, facts: &Facts<'_>) -> Finding {
    let items = facts.listing.as_ref().map(|listing| listing.items.len());
    match items {
        Ok(1..) if !facts.is_in_keyring(token) => Finding::warn(
            "login.api-key",
            "HEROKU_API_KEY takes precedence over the keyring, which has another token",
        )
        .with_details("git and the Heroku CLI use the variable, whichever account is active")
        .with_command("unset HEROKU_API_KEY"),
        _ => Finding::pass("login.api-key", "the token comes from HEROKU_API_KEY"),
    }
}

/// Where the token comes from, if that is neither the keyring nor a variable.
pub(super) fn source(facts: &Facts<'_>) -> Vec<Finding> {
    match &facts.answer.found {
        Some(found) if found.source == Source::Netrc => {
            vec![Finding::pass(
                "login.source",
                "the token comes from netrc, where it is stored in plain text",
            )]
        }
        _ => Vec::new(),
    }
}
