//! Small files of the Heroku CLI and of this program, and the output of `git config`.

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::git;
use git_credential_heroku_rs::heroku_cli;
use git_credential_heroku_rs::state_file;
use git_credential_heroku_rs::token_metadata::Contents;
use serde_json::{Map, Value};

pub(crate) fn check_login(bytes: &[u8]) {
    if let Some(account) = heroku_cli::named_in(bytes) {
        check_harmless(&account);
        assert!(account.is_email());
    }
    let ann = Account::parse("ann@example.com").expect("a valid account");
    let text = heroku_cli::naming(&ann, bytes);
    assert_eq!(heroku_cli::named_in(text.as_bytes()), Some(ann));
    let members = |bytes: &[u8]| -> Vec<(String, Value)> {
        let all: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
        all.into_iter()
            .filter(|(key, _)| key != "account")
            .collect()
    };
    assert_eq!(
        members(text.as_bytes()),
        members(bytes),
        "members in their order"
    );
}

pub(crate) fn check_alias(bytes: &[u8]) {
    if let Some(account) = heroku_cli::account_of_alias(bytes) {
        check_harmless(&account);
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains(account.as_str()));
    }
}

/// The Heroku CLI puts the name between double quotes in a shell command.
fn check_harmless(account: &Account) {
    let name = account.as_str();
    assert!(!name.starts_with('-') && !name.is_empty() && name.len() <= 254);
    let is_special = |c: char| "\"`$\\".contains(c) || c.is_whitespace() || c.is_control();
    assert!(!name.contains(is_special));
}

pub(crate) fn check_token_metadata(bytes: &[u8]) {
    let Ok(contents) = state_file::from_bytes::<Contents>(bytes) else {
        return;
    };
    let text = state_file::to_bytes(&contents).expect("every value can be written as JSON");
    assert_eq!(
        state_file::from_bytes::<Contents>(&text).ok(),
        Some(contents)
    );
}

pub(crate) fn check_settings(bytes: &[u8]) {
    let settings = git::listed(bytes);
    assert!(settings.len() <= bytes.len() / 2 + 1);
    for setting in settings {
        if setting.starts_us() {
            let words = setting.words();
            assert!(words.iter().any(|word| word.contains("heroku-rs")));
        }
        assert!(!setting.key.contains(['\n', '\0']) && !setting.value.contains('\0'));
    }
}
