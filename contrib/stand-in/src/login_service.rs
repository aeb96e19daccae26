//! cli-auth.heroku.com: the browser login of the Heroku CLI, with a test for the browser.

use serde_json::json;

use crate::http::{Answer, Request};
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/auth") => {
            let (id, token) = state.start_browser_login();
            let body = json!({
                "browser_url": format!("/auth/browser/{id}"),
                "cli_url": format!("/auth/cli/{id}"),
                "token": token,
            });
            json_answer(&body)
        }
        ("GET", path) if path.starts_with("/auth/cli/") => poll(request, state),
        _ => Answer::new(404),
    }
}

fn poll(request: &Request, state: &State) -> Answer {
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    if !token.is_some_and(|token| state.is_poll_token(token)) {
        return Answer::new(401);
    }
    match state.await_browser_login() {
        Some(Ok(token)) => json_answer(&json!({"access_token": token})),
        Some(Err(error)) => json_answer(&json!({"error": error})),
        None => Answer::new(503),
    }
}

fn json_answer(body: &serde_json::Value) -> Answer {
    Answer::new(200)
        .with("Content-Type", "application/json")
        .body(body.to_string())
}
