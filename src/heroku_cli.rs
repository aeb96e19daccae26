//! The files of the official Heroku CLI that we share: `login.json` and the account aliases.
//!
//! `login.json` names the active account of both programs; there is no second copy. Every `get` reads it, with
//! one open and one read. The aliases are only read.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::account::Account;
use crate::environment::Environment;
use crate::files::{self, Access, NotTrusted};
use crate::notice::{Command, Fix};

/// The largest file of the CLI that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// What `login.json` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginState {
    /// There is no such file: there was no login, or the CLI has removed the file.
    Absent,
    /// This account is active.
    Account(Account),
    /// The file names no valid account: it is not JSON, it has no `account`, or the name is not an email. It counts
    /// as absent, and `doctor` reports it.
    Unusable,
    /// Another user may have written it. It counts as absent, with a warning.
    NotTrusted(NotTrusted),
}

impl LoginState {
    /// Parses the file.
    ///
    /// The account must be an email, since the CLI passes it to a shell.
    pub fn read(bytes: &[u8]) -> LoginState {
        let account = serde_json::from_slice::<Value>(bytes)
            .ok()
            .and_then(|value| Account::parse(value.get("account")?.as_str()?))
            .filter(Account::is_email);
        account.map_or(LoginState::Unusable, LoginState::Account)
    }
}

/// The text of `login.json` with this `account`. Other members of these bytes stay, in their order.
pub fn naming(account: &Account, bytes: &[u8]) -> String {
    let members = serde_json::from_slice::<Map<String, Value>>(bytes);
    let mut members = members.unwrap_or_default();
    members.insert("account".to_owned(), account.as_str().into());
    format!("{}\n", Value::Object(members))
}

/// The path of `login.json`; none without a home.
///
/// Source: `@heroku-cli/command`, `login-state.js`.
pub fn login_file(environment: &Environment) -> Option<PathBuf> {
    Some(environment.heroku_cli_data_dir()?.join("login.json"))
}

/// The account that the CLI and this program use.
pub fn login_state(environment: &Environment) -> LoginState {
    let Some(path) = login_file(environment) else {
        return LoginState::Absent;
    };
    match files::read_trusted(&path, LARGEST) {
        Ok(file) => LoginState::read(&file.bytes),
        Err(error) => {
            NotTrusted::from_io_error(&error).map_or(LoginState::Absent, LoginState::NotTrusted)
        }
    }
}

/// How to make `login.json` trusted again.
pub fn trusting_fix(why: NotTrusted, environment: &Environment) -> Fix {
    let path = login_file(environment).unwrap_or_default();
    let command = match why {
        NotTrusted::Writable => Command::new("chmod 600"),
        NotTrusted::Foreign => Command::new("sudo chown \"$(id -u)\""),
    };
    command.path(&path, environment.home.as_deref()).into()
}

/// Makes `account` the active one. Returns whether anything changed.
///
/// Other members of the file stay. Call this only after the account's item was read: if `login.json` names an
/// account without an item, the CLI removes it, as at a logout.
///
/// # Errors
/// What the file system reports, or that there is no home.
pub fn set_login(environment: &Environment, account: &Account) -> io::Result<bool> {
    let before = login_state(environment);
    if before == LoginState::Account(account.clone()) {
        return Ok(false);
    }
    let path = login_file(environment).ok_or(io::ErrorKind::NotFound)?;
    // Nothing is kept of a file that another user may have written.
    let is_trusted = !matches!(before, LoginState::NotTrusted(_));
    files::edit(&path, Access::OwnerOnly, |bytes| {
        let before = if is_trusted { bytes } else { b"" };
        Ok(Some(naming(account, before)))
    })
}

/// Removes `login.json` if it names `account`. Returns whether it did.
///
/// # Errors
/// What the file system reports. It is no error if the file does not exist.
pub fn clear_login(environment: &Environment, account: &Account) -> io::Result<bool> {
    let named = login_state(environment) == LoginState::Account(account.clone());
    match login_file(environment) {
        Some(path) if named => fs::remove_file(path).map(|()| true),
        _ => Ok(false),
    }
}

/// The account with this `alias` in the CLI's `accounts` commands.
///
/// Source: the CLI's `accounts.js`: `~/.heroku/accounts` if `~/.heroku` is there, else
/// `~/.config/heroku/accounts`, in spite of `XDG_CONFIG_HOME`; a YAML file per alias, in the old form with the key
/// `:username`.
pub fn aliased(environment: &Environment, alias: &str) -> Option<Account> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
    if alias.starts_with('.') || !alias.chars().all(is_plain) {
        return None;
    }
    let bytes = files::read(&aliases_dir(environment)?.join(alias), LARGEST).ok()?;
    account_of_alias(&bytes)
}

fn aliases_dir(environment: &Environment) -> Option<PathBuf> {
    let home = environment.home.as_ref()?;
    let base = match home.join(".heroku") {
        old if old.is_dir() => old,
        _ => home.join(".config/heroku"),
    };
    Some(base.join("accounts"))
}

/// The account in an alias file.
pub fn account_of_alias(bytes: &[u8]) -> Option<Account> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    lines.find_map(|line| {
        let value = line
            .trim()
            .trim_start_matches(':')
            .strip_prefix("username:")?;
        Account::parse(value.trim().trim_matches(['"', '\'']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Home {
            Home(tempfile::tempdir().unwrap())
        }

        fn with(self, path: &str, text: &str) -> Home {
            files::replace(&self.0.path().join(path), text.as_bytes()).unwrap();
            self
        }

        fn environment(&self) -> Environment {
            Environment {
                home: Some(self.0.path().to_owned()),
                ..Environment::default()
            }
        }

        fn login_json(&self) -> String {
            fs::read_to_string(login_file(&self.environment()).unwrap()).unwrap()
        }
    }

    const LOGIN: &str = ".local/share/heroku/login.json";

    fn ann() -> Account {
        Account::parse("ann@example.com").unwrap()
    }

    #[test]
    fn what_the_cli_writes_is_read() {
        let home = Home::new().with(LOGIN, "{\"account\":\"ann@example.com\"}\n");
        assert_eq!(login_state(&home.environment()), LoginState::Account(ann()));
    }

    #[test]
    fn we_write_what_the_cli_writes() {
        let home = Home::new();
        assert!(set_login(&home.environment(), &ann()).unwrap());
        assert_eq!(home.login_json(), "{\"account\":\"ann@example.com\"}\n");
        assert!(!set_login(&home.environment(), &ann()).unwrap());
    }

    #[test]
    fn members_that_we_do_not_know_stay() {
        let home = Home::new().with(LOGIN, r#"{"z":[1],"account":"bob@example.com","a":null}"#);
        set_login(&home.environment(), &ann()).unwrap();
        let expected = "{\"z\":[1],\"account\":\"ann@example.com\",\"a\":null}\n";
        assert_eq!(home.login_json(), expected);
    }

    #[test]
    fn a_name_that_a_shell_would_act_on_is_no_account() {
        for account in [
            "$(id)@example.com",
            "a`id`@example.com",
            "heroku",
            "",
            "a\\nb@c.d",
        ] {
            let home = Home::new().with(LOGIN, &format!("{{\"account\":\"{account}\"}}"));
            assert_eq!(login_state(&home.environment()), LoginState::Unusable);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_other_users_can_write_names_no_account() {
        use std::os::unix::fs::PermissionsExt;
        let home = Home::new().with(LOGIN, "{\"account\":\"ann@example.com\"}");
        let path = home.0.path().join(LOGIN);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let state = LoginState::NotTrusted(NotTrusted::Writable);
        assert_eq!(login_state(&home.environment()), state);
        set_login(&home.environment(), &ann()).unwrap();
        assert_eq!(login_state(&home.environment()), LoginState::Account(ann()));
    }

    #[test]
    fn only_the_pointer_to_this_account_is_cleared() {
        let home = Home::new().with(LOGIN, "{\"account\":\"bob@example.com\"}");
        assert!(!clear_login(&home.environment(), &ann()).unwrap());
        set_login(&home.environment(), &ann()).unwrap();
        assert!(clear_login(&home.environment(), &ann()).unwrap());
        assert_eq!(login_state(&home.environment()), LoginState::Absent);
        assert!(!clear_login(&home.environment(), &ann()).unwrap());
    }

    #[test]
    fn an_alias_of_the_cli_names_its_account() {
        let home = Home::new().with(
            ".config/heroku/accounts/work",
            "username: ann@example.com\n",
        );
        assert_eq!(aliased(&home.environment(), "work"), Some(ann()));
        assert_eq!(aliased(&home.environment(), "play"), None);
        assert_eq!(aliased(&home.environment(), "../accounts/work"), None);
        let old = "---\n:username: ann@example.com\n:password: x\n";
        let home = home.with(".heroku/accounts/old", old);
        assert_eq!(aliased(&home.environment(), "old"), Some(ann()));
        assert_eq!(aliased(&home.environment(), "work"), None, "~/.heroku wins");
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_state(bytes: Vec<u8>) {
            let home = Home::new();
            let path = login_file(&home.environment()).unwrap();
            files::replace(&path, &bytes).unwrap();
            if let LoginState::Account(account) = login_state(&home.environment()) {
                prop_assert!(account.is_email());
            }
            set_login(&home.environment(), &ann()).unwrap();
            prop_assert_eq!(login_state(&home.environment()), LoginState::Account(ann()));
        }
    }
}
