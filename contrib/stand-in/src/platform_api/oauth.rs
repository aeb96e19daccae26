//! Authorizations, sessions, and the login with a password.

use serde_json::{Value, json};

use super::ranges::Listed;
use super::{error, not_found, ranges, scope_too_small, two_factor, unauthorized};
use crate::authorizations::{Authorization, Grant, Origin, Redaction};
use crate::message::{Answer, Request};
use crate::state::State;

const SCOPES: [&str; 6] = [
    "global",
    "identity",
    "read",
    "write",
    "read-protected",
    "write-protected",
];

pub(super) fn answer(
    method: &str,
    path: &[&str],
    request: &Request,
    caller: &Authorization,
    state: &State,
) -> Answer {
    if !caller.has_scope(&["global"]) {
        return scope_too_small();
    }
    match path {
        ["authorizations"] => match method {
            "GET" => list(request, caller, state),
            "POST" => create(request, &caller.owner, state),
            _ => not_found("path"),
        },
        ["authorizations", id, rest @ ..] => {
            let all = state.authorizations.listed(&caller.owner, state.now());
            let is_meant = |one: &&Authorization| match *id {
                "~" => one.grant.origin == Origin::Default,
                id => one.id == id,
            };
            match all.iter().find(is_meant) {
                None => not_found("authorization"),
                Some(found) => one_authorization(method, rest, found, request, state),
            }
        }
        ["sessions", rest @ ..] => sessions(method, rest, caller, state),
        _ => not_found("path"),
    }
}

fn list(request: &Request, caller: &Authorization, state: &State) -> Answer {
    let all = state.authorizations.listed(&caller.owner, state.now());
    let all: Vec<Value> = all.iter().map(|one| to_json(one, state)).collect();
    ranges::page(all, request, state)
}

/// An authorization as JSON.
impl Listed for Value {
    const FIELDS: &'static [&'static str] = &["id", "description"];

    fn key(&self, field: &str) -> &str {
        self[field].as_str().unwrap_or_default()
    }

    fn to_json(&self) -> Value {
        self.clone()
    }
}

fn one_authorization(
    method: &str,
    rest: &[&str],
    found: &Authorization,
    request: &Request,
    state: &State,
) -> Answer {
    match (method, rest) {
        ("GET", []) => Answer::json(200, &to_json(found, state)),
        ("DELETE", []) => {
            state.authorizations.revoke(&found.token);
            Answer::json(200, &to_json(found, state))
        }
        ("PATCH", []) => describe(found, request, state),
        ("POST", ["actions", "regenerate-tokens"]) => {
            match state.authorizations.regenerate(&found.id, state.now()) {
                None => not_found("authorization"),
                Some(fresh) => {
                    state.keep_secret(&fresh.token);
                    Answer::json(200, &to_json_with_token(&fresh, state))
                }
            }
        }
        _ => not_found("path"),
    }
}

fn describe(found: &Authorization, request: &Request, state: &State) -> Answer {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return error(400, "bad_request", "That is not JSON.");
    };
    let Some(description) = body["description"].as_str() else {
        return error(422, "invalid_params", "description has to be a text.");
    };
    let now = state.now();
    state.authorizations.describe(&found.id, description, now);
    match state.authorizations.live(&found.token, now) {
        Some(changed) => Answer::json(200, &to_json(&changed, state)),
        None => not_found("authorization"),
    }
}

/// `~` is the session of the request's own token. Only a token of a browser login has one.
fn sessions(method: &str, path: &[&str], caller: &Authorization, state: &State) -> Answer {
    let all = state
        .authorizations
        .with_session(&caller.owner, state.now());
    let session_json =
        |one: &Authorization| json!({"id": one.session(), "description": one.grant.description});
    let Some((id, [])) = path.split_first() else {
        return match (method, path) {
            ("GET", []) => {
                let all = all.iter().map(session_json).collect();
                Answer::json(200, &Value::Array(all))
            }
            _ => not_found("path"),
        };
    };
    let is_meant = |one: &&Authorization| match *id {
        "~" => one.token == caller.token,
        id => one.session() == Some(id),
    };
    match (method, all.iter().find(is_meant)) {
        ("GET", Some(found)) => Answer::json(200, &session_json(found)),
        ("DELETE", Some(found)) => {
            state.authorizations.revoke(&found.token);
            Answer::json(200, &session_json(found))
        }
        _ => not_found("session"),
    }
}

/// A login with a password, and each of its errors.
pub(super) fn log_in(request: &Request, email: &str, password: &str, state: &State) -> Answer {
    let Some(account) = state.accounts.find(email) else {
        return unauthorized();
    };
    if account.federated {
        let message = "This account logs in through its identity provider.";
        return error(403, "sso_required", message);
    }
    if account.password.as_deref() != Some(password) {
        return unauthorized();
    }
    if account.suspended {
        return error(403, "suspended", "This account is suspended.");
    }
    if account.untrusted {
        let message = "Trust this device in a browser first.";
        return error(403, "device_trust_required", message);
    }
    let code = request.header("heroku-two-factor-code");
    if !state.accounts.use_code(email, code) {
        return two_factor();
    }
    create(request, email, state)
}

fn create(request: &Request, owner: &str, state: &State) -> Answer {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return error(400, "bad_request", "That is not JSON.");
    };
    match grant(&body) {
        Err(message) => error(422, "invalid_params", message),
        Ok(grant) => Answer::json(
            201,
            &to_json_with_token(&state.authorize(owner, grant), state),
        ),
    }
}

fn grant(body: &Value) -> Result<Grant, &'static str> {
    let scope = body["scope"].as_array().ok_or("scope is missing.")?;
    let scope: Option<Vec<&str>> = scope.iter().map(Value::as_str).collect();
    let scope = scope.filter(|all| !all.is_empty() && all.iter().all(|one| SCOPES.contains(one)));
    let scope = scope.ok_or("scope names none that there is.")?;
    let expires_in = match &body["expires_in"] {
        Value::Null => None,
        seconds => {
            let seconds = seconds.as_i64().filter(|seconds| *seconds > 0);
            Some(seconds.ok_or("expires_in has to be a number of seconds.")?)
        }
    };
    let description = match &body["description"] {
        Value::Null => "",
        text => text.as_str().ok_or("description has to be a text.")?,
    };
    Ok(Grant {
        description: description.to_owned(),
        scope: scope.into_iter().map(str::to_owned).collect(),
        expires_in,
        ..Grant::default()
    })
}

fn to_json(one: &Authorization, state: &State) -> Value {
    to_json_as(one, state.authorizations.redaction(), state)
}

/// With the complete token: only in the answer that creates it.
fn to_json_with_token(one: &Authorization, state: &State) -> Value {
    to_json_as(one, Redaction::Whole, state)
}

fn to_json_as(one: &Authorization, shown: Redaction, state: &State) -> Value {
    let owner = state.accounts.find(&one.owner).unwrap_or_default();
    one.to_json(&owner.id, shown, state.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_needs_a_known_scope_and_a_valid_expiry() {
        for body in [
            json!({}),
            json!({"scope": []}),
            json!({"scope": ["everything"]}),
            json!({"scope": "global"}),
            json!({"scope": ["global"], "expires_in": 0}),
            json!({"scope": ["global"], "expires_in": "60"}),
            json!({"scope": ["global"], "description": 7}),
        ] {
            assert!(grant(&body).is_err(), "{body}");
        }
        let body = json!({"scope": ["global"], "expires_in": 60, "description": "d"});
        assert_eq!(grant(&body).unwrap().expires_in, Some(60));
        let body = json!({"scope": ["global"], "expires_in": null});
        assert_eq!(grant(&body).unwrap().expires_in, None);
    }
}
