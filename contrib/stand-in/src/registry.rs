//! registry.heroku.com: the requests of a login, of a push and of a list of an image's tags.
//!
//! An image's first part names an app, and only its owner may push there. Layers are accepted and
//! discarded: only the tag of a pushed image is stored.

use serde_json::json;

use crate::message::{Answer, Request};
use crate::names::{letters, uuid};
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    match (request.method.as_str(), request.path.strip_prefix("/v2/")) {
        ("GET", None) if request.path == "/token" => token(request, state),
        (_, Some(path)) => match request
            .bearer()
            .and_then(|token| state.registry_user(token))
        {
            Some(user) => resource(request, path, &user, state),
            None => challenge(),
        },
        _ => Answer::new(404),
    }
    .with("Docker-Distribution-Api-Version", "registry/2.0")
}

/// A path below `/v2/`: empty, or an image and one of its resources.
fn resource(request: &Request, path: &str, user: &str, state: &State) -> Answer {
    const PARTS: [&str; 4] = ["/tags/list", "/blobs/uploads/", "/manifests/", "/blobs/"];
    if path.is_empty() {
        return Answer::json(200, &json!({}));
    }
    let split = |part| Some((path.split_once(part)?, part));
    let Some(((image, rest), part)) = PARTS.into_iter().find_map(split) else {
        return error(404, "NAME_UNKNOWN");
    };
    let app = image.split('/').next().unwrap_or_default();
    if state.apps.find(app).is_none_or(|app| app.owner != user) {
        return error(403, "DENIED");
    }
    match (request.method.as_str(), part) {
        ("GET", "/tags/list") => match state.tags(image) {
            tags if tags.is_empty() => error(404, "NAME_UNKNOWN"),
            tags => Answer::json(200, &json!({"name": image, "tags": tags})),
        },
        ("POST" | "PATCH", "/blobs/uploads/") => {
            let upload = if rest.is_empty() {
                uuid()
            } else {
                rest.to_owned()
            };
            Answer::new(202).with("Location", &format!("/v2/{image}/blobs/uploads/{upload}"))
        }
        ("PUT", "/blobs/uploads/") => match request.query("digest") {
            Some(digest) => Answer::new(201).with("Docker-Content-Digest", &digest),
            None => error(400, "DIGEST_INVALID"),
        },
        ("PUT", "/manifests/") => {
            state.add_image(image, rest);
            Answer::new(201).with("Location", &format!("/v2/{image}/manifests/{rest}"))
        }
        _ => error(404, "UNKNOWN"),
    }
}

fn challenge() -> Answer {
    let realm =
        "Bearer realm=\"https://registry.heroku.com/token\",service=\"registry.heroku.com\"";
    error(401, "UNAUTHORIZED").with("WWW-Authenticate", realm)
}

/// Exchanges a Heroku token for one of the registry.
fn token(request: &Request, state: &State) -> Answer {
    let password = request.basic().map(|(_, password)| password);
    let Some(owner) = password.and_then(|token| state.owner(&token)) else {
        return error(401, "UNAUTHORIZED").with("WWW-Authenticate", "Basic realm=\"Heroku\"");
    };
    let token = letters(40);
    state.add_registry_token(&token, &owner);
    Answer::json(200, &json!({"token": token, "expires_in": 300}))
}

fn error(status: u16, code: &str) -> Answer {
    let error = json!({"code": code, "message": "see the code"});
    Answer::json(status, &json!({"errors": [error]}))
}
