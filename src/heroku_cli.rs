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
use crate::notice::Fix;

/// The largest file of the CLI that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// The account that these bytes of `login.json` name; none if they are not JSON or name no email.
///
/// The account must be an email, since the CLI passes it to a shell.
pub fn named_in(bytes: &[u8]) -> Option<Account> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    Account::parse(value.get("account")?.as_str()?).filter(Account::is_email)
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

/// The account that `login.json` makes active, for the CLI and for this program. None if there is no such file, or if it
/// names no account.
///
/// # Errors
/// Another user may have written the file, so it is not used.
pub fn active_account(environment: &Environment) -> Result<Option<Account>, NotTrusted> {
    let Some(path) = login_file(environment) else {
        return Ok(None);
    };
    match files::read_trusted(&path, LARGEST) {
        Ok(file) => Ok(named_in(&file.bytes)),
        Err(error) => NotTrusted::from_io_error(&error).map_or(Ok(None), Err),
    }
}

/// How to make `login.json` trusted again.
pub fn trusting_fix(why: NotTrusted, environment: &Environment) -> Fix {
    let path = login_file(environment).unwrap_or_default();
    why.fix(|command| command.path(&path, environment.home.as_deref()))
}

/// Makes `account` the active one. Returns whether anything changed.
///
/// Other members of the file stay. Call this only after the account's item was read: if `login.json` names an
/// account without an item, the CLI removes it, as at a logout.
///
/// # Errors
/// What the file system reports, or that there is no home.
pub fn set_login(environment: &Environment, account: &Account) -> io::Result<bool> {
    let before = active_account(environment);
    if before == Ok(Some(account.clone())) {
        return Ok(false);
    }
    let path = login_file(environment).ok_or(files::NoHome)?;
    // Nothing is kept of a file that another user may have written.
    files::edit(&path, Access::OwnerOnly, |bytes| {
        let before = if before.is_ok() { bytes } else { b"" };
        Ok(Some(naming(account, before)))
    })
}

/// Removes `login.json` if it names `account`. Returns whether it did.
///
/// # Errors
/// What the file system reports. It is no error if the file does not exist.
pub fn clear_login(environment: &Environment, account: &Account) -> io::Result<bool> {
    let named = active_account(environment) == Ok(Some(account.clone()));
    match login_file(environment)
        .filter(|_| named)
        .map(fs::remove_file)
    {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        removed => Ok(removed.is_some_and(|removed| removed.is_ok())),
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
    fn the_files_of_the_cli_are_read() {
        let home = Home::new().with(LOGIN, "{\"account\":\"ann@example.com\"}\n");
        assert_eq!(active_account(&home.environment()), Ok(Some(ann())));
    }

    #[test]
    fn we_write_the_same_file_as_the_cli() {
        let home = Home::new();
        assert!(set_login(&home.environment(), &ann()).unwrap());
        assert_eq!(home.login_json(), "{\"account\":\"ann@example.com\"}\n");
        assert!(!set_login(&home.environment(), &ann()).unwrap());
    }

    #[test]
    fn unknown_members_stay() {
        let home = Home::new().with(LOGIN, r#"{"z":[1],"account":"bob@example.com","a":null}"#);
        set_login(&home.environment(), &ann()).unwrap();
        let expected = "{\"z\":[1],\"account\":\"ann@example.com\",\"a\":null}\n";
        assert_eq!(home.login_json(), expected);
    }

    #[test]
    fn a_name_with_shell_characters_is_not_an_account() {
        for account in [
            "$(id)@example.com",
            "a`id`@example.com",
            "heroku",
            "",
            "a\\nb@c.d",
        ] {
            let home = Home::new().with(LOGIN, &format!("{{\"account\":\"{account}\"}}"));
            assert_eq!(active_account(&home.environment()), Ok(None));
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_other_users_can_write_names_no_account() {
        use std::os::unix::fs::PermissionsExt;
        let home = Home::new().with(LOGIN, "{\"account\":\"ann@example.com\"}");
        let path = home.0.path().join(LOGIN);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let why = NotTrusted::Writable;
        assert_eq!(active_account(&home.environment()), Err(why));
        set_login(&home.environment(), &ann()).unwrap();
        assert_eq!(active_account(&home.environment()), Ok(Some(ann())));
    }

    #[test]
    fn only_the_pointer_to_this_account_is_cleared() {
        let home = Home::new().with(LOGIN, "{\"account\":\"bob@example.com\"}");
        assert!(!clear_login(&home.environment(), &ann()).unwrap());
        set_login(&home.environment(), &ann()).unwrap();
        assert!(clear_login(&home.environment(), &ann()).unwrap());
        assert_eq!(active_account(&home.environment()), Ok(None));
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
        assert_eq!(
            aliased(&home.environment(), "work"),
            None,
            "~/.heroku takes precedence"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_email_or_nothing(bytes: Vec<u8>) {
            let home = Home::new();
            let path = login_file(&home.environment()).unwrap();
            files::replace(&path, &bytes).unwrap();
            if let Ok(Some(account)) = active_account(&home.environment()) {
                prop_assert!(account.is_email());
            }
            set_login(&home.environment(), &ann()).unwrap();
            prop_assert_eq!(active_account(&home.environment()), Ok(Some(ann())));
        }
    }
}
