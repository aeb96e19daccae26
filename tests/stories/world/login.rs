//! The files and items of the Heroku CLI, created and read as the Heroku CLI does it.

use std::fs;
use std::path::PathBuf;

use heroku_stand_in::Grant;

use super::{ANN, World};

impl World {
    /// `heroku login`: an item in the keyring, and `login.json` that names its account.
    pub(crate) fn has_logged_in_with_the_heroku_cli(&self, email: &str) -> String {
        let token = self.heroku.issue_token(email);
        self.stores_in_the_keyring(email, &token);
        self.has_active_account(email);
        token
    }

    /// Ready to push after our own login, and the token of that login.
    pub(crate) fn after_our_login() -> (World, String) {
        World::after_a_login_by(Grant::default())
    }

    /// The same by the token of an authorization `laptop` that ends in so many days.
    pub(crate) fn after_our_login_for_days(days: i64) -> (World, String) {
        World::after_a_login_by(Grant {
            expires_in: Some(days * 86_400),
            description: "laptop".to_owned(),
            ..Grant::default()
        })
    }

    fn after_a_login_by(grant: Grant) -> (World, String) {
        let world = World::ready_to_push();
        let token = world.heroku.issue(ANN, grant).token;
        world.logs_in_with(&token);
        (world, token)
    }

    /// Our own login, by a token.
    pub(crate) fn logs_in_with(&self, token: &str) {
        self.helper_with_input("login --with-token", token)
            .succeeds();
    }

    /// The item alone, stored as the Heroku CLI stores it.
    pub(crate) fn stores_in_the_keyring(&self, account: &str, token: &str) {
        self.opens_the_keyring().store(account, token);
    }

    /// Removes the Heroku CLI's items of all accounts.
    pub(crate) fn empties_the_keyring(&self) {
        self.opens_the_keyring().remove_all();
    }

    /// `login.json` alone.
    pub(crate) fn has_active_account(&self, email: &str) {
        self.has_file(self.login_json(), &format!("{{\"account\":\"{email}\"}}\n"));
    }

    /// Where the Heroku CLI says who is logged in.
    pub(crate) fn login_json(&self) -> PathBuf {
        self.home().join(".local/share/heroku/login.json")
    }

    /// The account that `login.json` names.
    pub(crate) fn active_account(&self) -> Option<String> {
        let text = fs::read_to_string(self.login_json()).ok()?;
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        Some(json["account"].as_str().unwrap().to_owned())
    }

    /// A netrc with these entries, as the Heroku CLI or a user writes it.
    pub(crate) fn has_netrc(&self, contents: &str) {
        let path = self.has_file(".netrc", contents);
        super::make_private(&path);
        self.is_not_searched(&path);
    }

    /// What the keyring holds for an account, as the Heroku CLI reads it; nothing without a keyring.
    pub(crate) fn stored_in_the_keyring(&self, account: &str) -> Option<String> {
        let bus = self.keyring.as_ref()?.bus();
        let is_there = super::items::is_offered(bus);
        is_there.then(|| self.opens_the_keyring().secret_of(account))?
    }

    /// Every token that Heroku accepts now, sorted.
    pub(crate) fn valid_tokens(&self) -> Vec<String> {
        let mut live = self.heroku.secrets();
        live.retain(|secret| self.heroku.is_live(secret));
        live.sort();
        live
    }

    /// The accounts of all items that the Heroku CLI would list, one for each item.
    pub(crate) fn accounts_in_the_keyring(&self) -> Vec<String> {
        self.opens_the_keyring().accounts()
    }
}
