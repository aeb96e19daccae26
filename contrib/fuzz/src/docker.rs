//! docker's requests to a helper, and its configuration file: the token is only sent for Heroku's registry, and only our
//! member of the file is changed.

use git_credential_heroku_rs::context::Context;
use git_credential_heroku_rs::docker_config::{self, SetUp};
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::helper::docker;
use serde_json::{Map, Value};

use crate::{TOKEN, known_token};

const REGISTRY: &str = "registry.heroku.com";

pub(crate) fn check(bytes: &[u8]) {
    let context = Context::new(Environment {
        api_key: Some(Ok(known_token())),
        ..Environment::default()
    });
    for action in ["get", "store", "erase", "list", "version", "unheard-of"] {
        let reply = docker::answer(&[action.into()], &mut &*bytes, &context);
        let answer = String::from_utf8(reply.answer.to_vec()).expect("an answer is text");
        let serves = answer.contains(TOKEN);
        assert!(
            !serves || action == "get" && names_the_registry(bytes),
            "a token for another registry"
        );
        assert_eq!(serves, action == "get" && !reply.is_failure);
        let notice = reply
            .notice
            .map(|notice| notice.to_string())
            .unwrap_or_default();
        assert!(!notice.contains(TOKEN) && notice.lines().count() <= 2);
        assert!(
            answer.is_empty() || answer.ends_with('\n'),
            "an incomplete answer"
        );
    }
    for action in ["get", "store", "erase"] {
        let _ = docker::answer(
            &[action.into()],
            &mut &*bytes,
            &Context::new(Environment::default()),
        );
    }
}

/// Whether this is the registry's name, decided without the program's own parser.
fn names_the_registry(bytes: &[u8]) -> bool {
    let name = String::from_utf8_lossy(bytes).trim().to_ascii_lowercase();
    let name = name.strip_prefix("https://").unwrap_or(&name).to_owned();
    let name = name.split('/').next().unwrap_or_default().to_owned();
    name == REGISTRY || name == format!("{REGISTRY}:443")
}

pub(crate) fn check_config(bytes: &[u8]) {
    let Ok((changed, done)) = docker_config::with_us(bytes) else {
        return;
    };
    let before = object(bytes).expect("an edited file is an object");
    let Some(changed) = changed else {
        assert_eq!(done, SetUp::AsItWas);
        assert_eq!(helper_of(&before), Some("heroku-rs"));
        return;
    };
    let after = object(&changed).expect("a written file is an object");
    assert_eq!(helper_of(&after), Some("heroku-rs"));
    assert_eq!(
        others(&after),
        others(&before),
        "another member has changed"
    );
    let again = docker_config::with_us(&changed).expect("our own output is valid");
    assert_eq!(again, (None, SetUp::AsItWas));
    let undone = docker_config::without_us(&changed).expect("our own output is valid");
    let undone = object(&undone.expect("our name was in the file")).expect("an object");
    assert_eq!(helper_of(&undone), None);
    assert_eq!(
        others(&undone),
        others(&before),
        "another member has changed"
    );
}

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match bytes.trim_ascii() {
        [] => Some(Map::new()),
        text => serde_json::from_slice(text).ok(),
    }
}

fn helper_of(config: &Map<String, Value>) -> Option<&str> {
    config.get("credHelpers")?.get(REGISTRY)?.as_str()
}

/// Every member but ours, in its order, as text.
fn others(config: &Map<String, Value>) -> String {
    let mut config = config.clone();
    // To docker, null is no helper.
    if config.get("credHelpers") == Some(&Value::Null) {
        config.shift_remove("credHelpers");
    }
    if let Some(Value::Object(helpers)) = config.get_mut("credHelpers") {
        helpers.shift_remove(REGISTRY);
        if helpers.is_empty() {
            config.shift_remove("credHelpers");
        }
    }
    Value::Object(config).to_string()
}
