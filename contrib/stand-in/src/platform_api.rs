//! api.heroku.com, as strict as its documentation.
//!
//! This module has the conventions, the account and the apps. Authorizations are in `oauth`, paginated
//! lists in `ranges`.

mod oauth;
mod ranges;

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use self::ranges::Listed;
use crate::apps::App;
use crate::authorizations::Authorization;
use crate::message::{Answer, Request};
use crate::names::uuid;
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    let mut caller = None;
    let mut answer = route(request, state, &mut caller);
    let mut hasher = DefaultHasher::new();
    (answer.status, &answer.body).hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    if answer.status == 200
        && request.method == "GET"
        && request.header_contains("if-none-match", &etag)
    {
        answer = Answer::new(304);
    }
    let account = caller.and_then(|caller: Authorization| state.accounts.find(&caller.owner));
    let left = account.unwrap_or_default().requests_left;
    answer
        .with("Request-Id", &uuid())
        .with("ETag", &etag)
        .with("RateLimit-Remaining", &left.to_string())
}

fn route(request: &Request, state: &State, caller: &mut Option<Authorization>) -> Answer {
    if !request.header_contains("accept", "application/vnd.heroku+json")
        || !request.header_contains("accept", "version=3")
    {
        let message = "Give the version of the API in the Accept header.";
        return error(406, "not_acceptable", message);
    }
    if !request.body.is_empty() && !request.header_contains("content-type", "application/json") {
        return error(415, "unsupported_media_type", "Send JSON.");
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    *caller = authenticate(request, state);
    let Some(caller) = caller else {
        return match (request.method.as_str(), parts.as_slice(), request.basic()) {
            ("POST", ["oauth", "authorizations"], Some((email, password))) => {
                oauth::log_in(request, &email, &password, state)
            }
            _ => unauthorized(),
        };
    };
    let account = state.accounts.find(&caller.owner).unwrap_or_default();
    if account.suspended {
        return error(403, "suspended", "This account is suspended.");
    }
    if parts == ["account", "rate-limits"] {
        return Answer::json(200, &json!({"remaining": account.requests_left}));
    }
    if state.accounts.count_request(&caller.owner).is_none() {
        let message = "Your account reached the API rate limit.";
        return error(429, "rate_limit", message);
    }
    // The answer to HEAD is the same as to GET. The body is removed before it is sent.
    let method = match request.method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    match (method, parts.as_slice()) {
        ("GET", ["account"]) => account_json(caller, state),
        (method, ["apps", path @ ..]) => apps(method, path, request, caller, state),
        ("GET", ["users", "~", "apps"]) => apps("GET", &[], request, caller, state),
        (method, ["oauth", path @ ..]) => oauth::answer(method, path, request, caller, state),
        _ => not_found("path"),
    }
}

/// The client's account: by Bearer, or by Basic with the token as password, as curl does from netrc.
fn authenticate(request: &Request, state: &State) -> Option<Authorization> {
    match request.bearer() {
        Some(token) => state.authorization(token),
        None => state.authorization(&request.basic()?.1),
    }
}

fn account_json(caller: &Authorization, state: &State) -> Answer {
    if !caller.has_scope(&["global", "identity"]) {
        return scope_too_small();
    }
    let account = state.accounts.find(&caller.owner).unwrap_or_default();
    let body = json!({
        "id": account.id,
        "email": caller.owner,
        "name": null,
        "federated": account.federated,
        "identity_provider": null,
        "two_factor_authentication": account.codes.is_some(),
        "verified": true,
        "suspended_at": null,
        "delinquent_at": null,
    });
    Answer::json(200, &body)
}

fn apps(
    method: &str,
    path: &[&str],
    request: &Request,
    caller: &Authorization,
    state: &State,
) -> Answer {
    if !caller.has_scope(&[
        "global",
        "read",
        "write",
        "read-protected",
        "write-protected",
    ]) {
        return scope_too_small();
    }
    let own = |name: &str| {
        state
            .apps
            .find(name)
            .filter(|app| app.owner == caller.owner)
    };
    match (method, path) {
        ("GET", []) => ranges::page(state.apps.owned_by(&caller.owner), request, state),
        ("GET", [name]) => match own(name) {
            None => not_found("app"),
            Some(app) if app.is_locked && !has_valid_code(request, caller, state) => {
                let mut body = error_json("two_factor", "A second factor is required.");
                body["app"] = json!({"name": name});
                Answer::json(403, &body)
            }
            Some(app) => Answer::json(200, &app_json(name, &app)),
        },
        ("PUT", [name, "pre-authorizations"]) => match own(name) {
            None => not_found("app"),
            Some(_) if !has_valid_code(request, caller, state) => two_factor(),
            Some(_) => {
                state.apps.change(name, |app| app.is_locked = false);
                Answer::json(200, &json!({}))
            }
        },
        _ => not_found("path"),
    }
}

impl Listed for (String, App) {
    const FIELDS: &'static [&'static str] = &["name", "id"];

    fn key(&self, field: &str) -> &str {
        match field {
            "id" => &self.1.id,
            _ => &self.0,
        }
    }

    fn to_json(&self) -> Value {
        app_json(&self.0, &self.1)
    }
}

fn app_json(name: &str, app: &App) -> Value {
    json!({
        "id": app.id,
        "name": name,
        "owner": {"id": app.id, "email": app.owner},
        "git_url": format!("https://git.heroku.com/{name}.git"),
        "web_url": format!("https://{name}.herokuapp.com/"),
        "region": {"id": app.id, "name": "us"},
        "stack": {"id": app.id, "name": "heroku-24"},
        "team": null,
        "space": null,
        "internal_routing": null,
    })
}

fn has_valid_code(request: &Request, caller: &Authorization, state: &State) -> bool {
    let code = request.header("heroku-two-factor-code");
    state.accounts.use_code(&caller.owner, code)
}

fn error_json(id: &str, message: &str) -> Value {
    json!({"id": id, "message": message})
}

fn error(status: u16, id: &str, message: &str) -> Answer {
    Answer::json(status, &error_json(id, message))
}

pub(crate) fn unauthorized() -> Answer {
    error(401, "unauthorized", "Invalid credentials provided.")
}

fn scope_too_small() -> Answer {
    error(403, "forbidden", "The scope of this token is too small.")
}

fn two_factor() -> Answer {
    let message = "A second authentication factor is required.";
    error(403, "two_factor", message)
}

fn not_found(resource: &str) -> Answer {
    let mut body = error_json("not_found", &format!("Couldn't find that {resource}."));
    body["resource"] = json!(resource);
    Answer::json(404, &body)
}
