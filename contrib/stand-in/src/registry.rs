//! registry.heroku.com: as much of it as a login, and a look at an image's tags, ask for.

use serde_json::json;

use crate::message::{Answer, Request};
use crate::names::letters;
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/token") => token(request, state),
        ("GET", path) if path.starts_with("/v2/") => {
            let token = request.bearer();
            match token.is_some_and(|token| state.is_registry_token(token)) {
                true => resource(path),
                false => challenge(),
            }
        }
        _ => Answer::new(404),
    }
    .with("Docker-Distribution-Api-Version", "registry/2.0")
}

/// The API's root, and the tags of any image: one.
fn resource(path: &str) -> Answer {
    let below = path.strip_prefix("/v2/").unwrap_or_default();
    match below.strip_suffix("/tags/list") {
        Some(image) => Answer::json(200, &json!({"name": image, "tags": ["latest"]})),
        None if below.is_empty() => Answer::json(200, &json!({})),
        None => Answer::new(404),
    }
}

fn challenge() -> Answer {
    let realm =
        "Bearer realm=\"https://registry.heroku.com/token\",service=\"registry.heroku.com\"";
    refusal().with("WWW-Authenticate", realm)
}

/// A token of the registry's own for one of Heroku's.
fn token(request: &Request, state: &State) -> Answer {
    let password = request.basic().map(|(_, password)| password);
    if password.and_then(|token| state.owner(&token)).is_none() {
        return refusal().with("WWW-Authenticate", "Basic realm=\"Heroku\"");
    }
    let token = letters(40);
    state.add_registry_token(&token);
    Answer::json(200, &json!({"token": token, "expires_in": 300}))
}

fn refusal() -> Answer {
    let error = json!({"code": "UNAUTHORIZED", "message": "authentication required"});
    Answer::json(401, &json!({"errors": [error]}))
}
