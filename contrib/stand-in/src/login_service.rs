//! cli-auth.heroku.com: the browser login of the Heroku CLI. A test makes the user's decision.

use serde_json::{Value, json};

use crate::authorizations::{Grant, Origin};
use crate::browser_logins::Poll;
use crate::message::{Answer, Request};
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["auth"]) => begin(request, state),
        ("GET", ["auth", "browser", id]) if state.logins.is_pending(id) => Answer::new(200)
            .with("Content-Type", "text/html")
            .body("<html><body>Log in to Heroku</body></html>"),
        ("GET", ["auth", "cli", id]) => poll(id, request, state),
        _ => Answer::new(404),
    }
}

fn begin(request: &Request, state: &State) -> Answer {
    let body = serde_json::from_slice::<Value>(&request.body);
    if !body.is_ok_and(|body| body["description"].is_string()) {
        return Answer::new(400);
    }
    let login = state.logins.begin();
    state.keep_secret(&login.poll_token);
    let body = json!({
        "browser_url": format!("/auth/browser/{}", login.id),
        "cli_url": format!("/auth/cli/{}", login.id),
        "token": login.poll_token,
    });
    Answer::json(200, &body)
}

fn poll(id: &str, request: &Request, state: &State) -> Answer {
    match state.logins.poll(id, request.bearer().unwrap_or_default()) {
        Poll::Decided(Ok(email)) => {
            let grant = Grant {
                description: "browser login".to_owned(),
                origin: Origin::Browser,
                ..Grant::default()
            };
            let token = state.authorize(&email, grant).token;
            Answer::json(200, &json!({"access_token": token}))
        }
        Poll::Decided(Err(error)) => Answer::json(200, &json!({"error": error})),
        Poll::TimedOut => Answer::new(503),
        Poll::Unknown => Answer::new(401),
    }
}
