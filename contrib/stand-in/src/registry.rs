//! registry.heroku.com: as much of it as `docker login` asks for.

use serde_json::json;

use crate::message::{Answer, Request};
use crate::names::letters;
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v2/") => {
            let token = request.bearer();
            match token.is_some_and(|token| state.is_registry_token(token)) {
                true => Answer::json(200, &json!({})),
                false => challenge(),
            }
        }
        ("GET", "/token") => token(request, state),
        _ => Answer::new(404),
    }
    .with("Docker-Distribution-Api-Version", "registry/2.0")
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
