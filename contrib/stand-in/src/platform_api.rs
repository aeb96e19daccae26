//! api.heroku.com, as strict as the documents say that it is.

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::state::{Authorization, Grant, State, uuid};

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    let answer = route(request, state);
    answer
        .with("Request-Id", &uuid())
        .with("ETag", "\"0\"")
        .with("RateLimit-Remaining", "4499")
}

fn route(request: &Request, state: &State) -> Answer {
    let accepts = request.header("accept").unwrap_or_default();
    if !accepts.contains("version=3") {
        return error(
            406,
            "not_acceptable",
            "Give the version of the API in the Accept header.",
        );
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    if request.method == "POST" && parts == ["oauth", "authorizations"] && !has_bearer(request) {
        return log_in(request, state);
    }
    let Some(asker) = asker(request, state) else {
        return error(401, "unauthorized", "Invalid credentials provided.");
    };
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["account"]) => account(&asker, state),
        ("GET", ["account", "rate-limits"]) => told(200, &json!({"remaining": 4500})),
        ("GET", ["apps"] | ["users", "~", "apps"]) => apps(request, &asker, state),
        ("GET", ["apps", app]) => match state.app_owner(app) {
            Some(owner) if owner == asker.owner => told(200, &app_told(app, &owner)),
            _ => not_found("app"),
        },
        ("PUT", ["apps", _, "pre-authorizations"]) => told(200, &json!({})),
        (method, ["oauth", rest @ ..]) => oauth(method, rest, request, &asker, state),
        _ => not_found("path"),
    }
}

fn oauth(
    method: &str,
    path: &[&str],
    request: &Request,
    asker: &Authorization,
    state: &State,
) -> Answer {
    if !asker.grant.scope.iter().any(|scope| scope == "global") {
        return error(403, "forbidden", "The scope is too small.");
    }
    let owner = asker.owner.as_str();
    match (method, path) {
        ("GET", ["authorizations"]) => {
            let all = state.authorizations_of(owner);
            let all: Vec<Value> = all.iter().map(|a| state.told(a, false)).collect();
            told(200, &Value::Array(all))
        }
        ("POST", ["authorizations"]) => make(request, owner, state),
        ("GET", ["authorizations", "~"]) => {
            match state.authorizations_of(owner).iter().find(|a| a.is_default) {
                Some(found) => told(200, &state.told(found, false)),
                None => not_found("authorization"),
            }
        }
        ("GET", ["authorizations", id]) => {
            match state.authorizations_of(owner).iter().find(|a| a.id == *id) {
                Some(found) => told(200, &state.told(found, false)),
                None => not_found("authorization"),
            }
        }
        ("DELETE", ["authorizations", id]) => match state.revoke_id(owner, id) {
            Some(gone) => told(200, &state.told(&gone, false)),
            None => not_found("authorization"),
        },
        ("DELETE", ["sessions", "~"]) if asker.has_session => {
            state.revoke_token(&asker.token);
            told(200, &json!({"id": uuid()}))
        }
        ("DELETE", ["sessions", "~"]) => not_found("session"),
        _ => not_found("path"),
    }
}

/// A login by password, with each of its refusals.
fn log_in(request: &Request, state: &State) -> Answer {
    let refused = || error(401, "unauthorized", "Invalid credentials provided.");
    let Some((email, password)) = request.header("authorization").and_then(basic) else {
        return refused();
    };
    let Some(account) = state.find_account(&email) else {
        return refused();
    };
    if account.federated {
        return error(
            403,
            "sso_required",
            "This account logs in through its identity provider.",
        );
    }
    if account.password.as_deref() != Some(password.as_str()) {
        return refused();
    }
    if account.suspended {
        return error(403, "suspended", "This account is suspended.");
    }
    if account.untrusted {
        return error(
            403,
            "device_trust_required",
            "Trust this device in a browser first.",
        );
    }
    let code = request.header("heroku-two-factor-code");
    if account.codes.is_some() && !code.is_some_and(|code| state.use_code(&email, code)) {
        return error(
            403,
            "two_factor",
            "A second authentication factor is required.",
        );
    }
    make(request, &email, state)
}

fn make(request: &Request, owner: &str, state: &State) -> Answer {
    if !request
        .header("content-type")
        .is_some_and(|kind| kind.contains("json"))
    {
        return error(415, "unsupported", "Send JSON.");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return error(400, "bad_request", "That is not JSON.");
    };
    let Some(scope) = body.get("scope").and_then(Value::as_array) else {
        return error(422, "invalid_params", "scope is missing.");
    };
    let grant = Grant {
        description: body["description"].as_str().unwrap_or_default().to_owned(),
        scope: scope
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        expires_in: body["expires_in"].as_i64(),
        legacy: false,
    };
    let made = state.make(owner, grant, false);
    told(201, &state.told(&made, true))
}

fn account(asker: &Authorization, state: &State) -> Answer {
    let account = state.find_account(&asker.owner).unwrap_or_default();
    if account.suspended {
        return error(403, "suspended", "This account is suspended.");
    }
    let body = json!({
        "id": uuid(),
        "email": asker.owner,
        "name": null,
        "federated": account.federated,
        "two_factor_authentication": account.codes.is_some(),
        "verified": true,
        "suspended_at": null,
        "delinquent_at": null,
    });
    told(200, &body)
}

/// Two apps a page.
fn apps(request: &Request, asker: &Authorization, state: &State) -> Answer {
    const PAGE: usize = 2;
    let from = request
        .header("range")
        .and_then(|range| range.strip_prefix("name "));
    let from = from
        .and_then(|range| range.split("..").next())
        .unwrap_or_default();
    let mut apps = state.apps_of(&asker.owner);
    apps.retain(|app| app.as_str() >= from);
    let next = apps.get(PAGE).cloned();
    let page: Vec<Value> = apps
        .iter()
        .take(PAGE)
        .map(|app| app_told(app, &asker.owner))
        .collect();
    match next {
        None => told(200, &Value::Array(page)),
        Some(next) => told(206, &Value::Array(page)).with("Next-Range", &format!("name {next}..")),
    }
}

fn app_told(app: &str, owner: &str) -> Value {
    json!({
        "id": uuid(),
        "name": app,
        "owner": {"id": uuid(), "email": owner},
        "git_url": format!("https://git.heroku.com/{app}.git"),
        "web_url": format!("https://{app}.herokuapp.com/"),
        "region": {"id": uuid(), "name": "us"},
        "stack": {"id": uuid(), "name": "heroku-24"},
        "team": null,
        "space": null,
        "internal_routing": null,
    })
}

fn has_bearer(request: &Request) -> bool {
    request
        .header("authorization")
        .is_some_and(|value| value.starts_with("Bearer "))
}

/// Whoever asks: by Bearer, or by Basic with the token as password, as curl does from netrc.
fn asker(request: &Request, state: &State) -> Option<Authorization> {
    let value = request.header("authorization")?;
    match value.strip_prefix("Bearer ") {
        Some(token) => state.authorization(token),
        None => state.authorization(&basic(value)?.1),
    }
}

/// User and password of a Basic header.
pub(crate) fn basic(value: &str) -> Option<(String, String)> {
    let encoded = value.strip_prefix("Basic ")?;
    let text = String::from_utf8(base64(encoded)?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|&letter| letter == byte)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn told(status: u16, body: &Value) -> Answer {
    Answer::new(status)
        .with("Content-Type", "application/json")
        .body(body.to_string())
}

fn error(status: u16, id: &str, message: &str) -> Answer {
    told(status, &json!({"id": id, "message": message}))
}

fn not_found(resource: &str) -> Answer {
    let message = format!("Couldn't find that {resource}.");
    told(
        404,
        &json!({"id": "not_found", "message": message, "resource": resource}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_gives_user_and_password() {
        let read = basic("Basic aGVyb2t1OkhSS1UtYTpi").unwrap();
        assert_eq!(read, ("heroku".to_owned(), "HRKU-a:b".to_owned()));
        assert_eq!(basic("Basic Og=="), Some((String::new(), String::new())));
        assert_eq!(basic("Bearer x"), None);
    }
}
