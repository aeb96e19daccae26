//! Whether `store` saves a token, as a table, without a keyring or a process.

use super::*;
use std::fs;

use crate::environment::Environment;
use crate::files;
use crate::keyring::memory::MemoryKeyring;
use crate::keyring::{Missing, Unavailable};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const REQUEST: &str = "protocol=https\nhost=git.heroku.com\n";

/// The file in the home that a netrc is in.
const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };

/// A machine without a keyring, on which the Heroku CLI uses netrc.
struct Machine {
    home: tempfile::TempDir,
    context: Context,
}

fn token(last: u8) -> String {
    format!("HRKU-01234567-89ab-cdef-0123-456789abcd{last:02x}")
}

impl Machine {
    fn new() -> Machine {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment {
            home: Some(home.path().to_owned()),
            netrc_before_keyring: true,
            ..Environment::default()
        };
        let none = MemoryKeyring::new().failing(Unavailable::NoKeyring(Missing::Bus));
        Machine {
            home,
            context: Context::new(environment).with_keyring(Box::new(none)),
        }
    }

    fn with_login(self, email: &str) -> Machine {
        let account = Account::parse(email).unwrap();
        let token = Token::parse(&token(0)).unwrap();
        logins::save_unchecked(&self.context, &account, &token).unwrap();
        self
    }

    fn with_account_in_use(self, email: &str) -> Machine {
        let dir = self.home.path().join(".local/share/heroku");
        let text = format!("{{\"account\":\"{email}\"}}");
        files::replace(&dir.join("login.json"), text.as_bytes()).unwrap();
        self
    }

    fn with_netrc(self, text: &str) -> Machine {
        files::replace(&self.home.path().join(NETRC), text.as_bytes()).unwrap();
        self
    }

    /// Sends a request as git does; returns the reply and the message for the user.
    fn answers(&self, operation: Operation, request: &str) -> (String, Option<Notice>) {
        let mut reply = Vec::new();
        let mut input = request.as_bytes();
        let check = |_: &HerokuHost, _: &Token| -> Verdict { panic!("Heroku is not asked") };
        let notice = answer(operation, &mut input, &mut reply, &self.context, check);
        (String::from_utf8(reply).unwrap(), notice)
    }

    /// Sends a token to `store` as git does; returns the message for the user.
    fn stores(&self, fields: &str) -> Option<String> {
        let request = format!("{REQUEST}{fields}password={}\n", token(1));
        let (_, notice) = self.answers(Operation::Store, &request);
        notice.map(|notice| notice.what().to_owned())
    }

    /// The login under which the token was stored.
    fn stored_as(&self) -> Option<String> {
        let text = fs::read_to_string(self.home.path().join(NETRC)).unwrap_or_default();
        let mut logins = text
            .split("machine ")
            .filter(|entry| entry.contains(&token(1)));
        let login = logins.next()?.split("login ").nth(1)?;
        Some(login.split_whitespace().next()?.to_owned())
    }
}

const ASKED: &str = "state[]=heroku-rs:asked\n";

/// What is on a machine before a token is offered.
#[derive(Clone, Copy)]
enum Here {
    Nothing,
    /// `login.json` names Ann, and she has no token.
    AnnInUse,
    AnnsLogin,
}

impl Here {
    fn machine(self) -> Machine {
        match self {
            Here::Nothing => Machine::new(),
            Here::AnnInUse => Machine::new().with_account_in_use(ANN),
            Here::AnnsLogin => Machine::new().with_login(ANN),
        }
    }
}

/// What is on the machine × user name × mark, and the login under which the token is stored.
#[test]
fn a_token_is_stored_only_if_there_is_no_login_for_the_request() {
    use Here::{AnnInUse, AnnsLogin, Nothing};
    for (here, user, mark, expected) in [
        (Nothing, "", "", Some("heroku")),
        (Nothing, "deploy", "", Some("heroku")),
        (Nothing, BOB, "", Some(BOB)),
        (Nothing, token(1).as_str(), "", Some("heroku")),
        (Nothing, token(1).as_str(), ASKED, Some("heroku")),
        (Nothing, "", ASKED, Some("heroku")),
        (Nothing, "deploy", ASKED, Some("heroku")),
        (Nothing, BOB, ASKED, Some(BOB)),
        (Nothing, BOB, "state[]=heroku-rs:keyring\n", None),
        (Nothing, BOB, "state[]=heroku-rs:asked\nephemeral=1\n", None),
        (Nothing, BOB, "state[]=other:asked\n", Some(BOB)),
        (AnnInUse, "", "", Some("heroku")),
        (AnnInUse, "", ASKED, Some("heroku")),
        (AnnsLogin, "", "", None),
        (AnnsLogin, BOB, "", None),
        (AnnsLogin, "", ASKED, None),
        (AnnsLogin, ANN, ASKED, None),
        (AnnsLogin, BOB, ASKED, None),
    ] {
        let machine = here.machine();
        machine.stores(&format!("username={user}\n{mark}"));
        let case = format!("{user:?} {mark:?}");
        assert_eq!(machine.stored_as().as_deref(), expected, "{case}");
    }
}

#[test]
fn a_token_that_is_not_stored_is_reported_only_if_the_request_has_no_login() {
    let ann = Machine::new().with_login(ANN);
    assert_eq!(ann.stores(""), None);
    assert_eq!(ann.stores(&format!("username={ANN}\n")), None);
    let said = ann.stores(&format!("username={BOB}\n"));
    let expected = "the token was not stored (other Heroku accounts are logged in)";
    assert_eq!(said.as_deref(), Some(expected));
}

#[test]
fn a_source_that_cannot_be_read_may_have_a_login() {
    let doubtful = "machine git.heroku.com login a password b password c\n";
    let machine = Machine::new().with_netrc(doubtful);
    let said = machine.stores("").unwrap_or_default();
    assert!(said.starts_with("the token was not stored ("), "{said}");
    assert_eq!(machine.stored_as(), None);
}

#[test]
fn without_a_keyring_nothing_is_written_in_plain_text_unasked() {
    let mut machine = Machine::new();
    machine.context.environment.netrc_before_keyring = false;
    for fields in ["", ASKED] {
        let said = machine.stores(fields);
        let expected = "the token was not stored (no keyring: no D-Bus session)";
        assert_eq!(said.as_deref(), Some(expected));
    }
    assert!(!machine.home.path().join(NETRC).exists());
}

#[test]
fn a_token_stored_for_a_request_is_returned_for_it() {
    for (fields, username) in [
        ("", "heroku"),
        ("username=deploy\n", "deploy"),
        ("username=bob@example.com\n", BOB),
    ] {
        let machine = Machine::new().with_account_in_use(ANN);
        machine.stores(&format!("{fields}{ASKED}"));
        let (reply, said) = machine.answers(Operation::Get, &format!("{REQUEST}{fields}"));
        assert_eq!(said, None);
        assert_eq!(
            reply,
            format!("username={username}\npassword={}\n\n", token(1))
        );
    }
}

/// The message of `get` for the user, on a machine without a keyring.
fn said_by_get(machine: &Machine) -> String {
    let (_, said) = machine.answers(Operation::Get, REQUEST);
    said.map(|notice| notice.to_string()).unwrap_or_default()
}

/// "no keyring: no D-Bus session" is normal on a server, and hid the reason that helps.
#[test]
fn the_source_that_may_have_a_token_is_reported_first() {
    let on_a_server = |text: &str| {
        let mut machine = Machine::new();
        machine.context.environment.netrc_before_keyring = false;
        if !text.is_empty() {
            machine = machine.with_netrc(text);
        }
        machine
    };
    let entry = format!("machine git.heroku.com login {ANN} password {}\n", token(0));
    assert_eq!(said_by_get(&on_a_server(&entry)), "");
    let said = said_by_get(&on_a_server(""));
    assert_eq!(
        said,
        "not logged in to Heroku (no keyring: no D-Bus session)\n  \
         log in: git credential-heroku-rs login, or set HEROKU_API_KEY, or paste a token as the password"
    );
    let doubtful = format!("{entry}password twice\n");
    let said = said_by_get(&on_a_server(&doubtful));
    let expected = format!("could not read the Heroku token: ~/{NETRC}: line 2");
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn the_remaining_lifetime_of_a_token_is_shown_in_hours() {
    const NOW: i64 = 1_800_000_000;
    let clock = || Timestamp::from_second(NOW).unwrap();
    for (left, named) in [
        (7_200, "2 hours"),
        (7_199, "1 hour"),
        (3_599, "less than an hour"),
    ] {
        let Machine {
            home: _home,
            context,
        } = Machine::new();
        let context = context.with_clock(clock);
        let (account, token) = (
            Account::parse(ANN).unwrap(),
            Token::parse(&token(0)).unwrap(),
        );
        let metadata = token_metadata::TokenMetadata {
            expires: Timestamp::from_second(NOW + left).ok(),
            ..token_metadata::TokenMetadata::new(&account, &token)
        };
        let stored = StoredToken {
            token,
            account: Some(account),
            source: lookup::Source::Netrc,
            metadata: Some(metadata),
        };
        let said = expires_soon(&stored, &context).unwrap();
        let expected = format!("the Heroku token of {ANN} expires in {named}");
        assert_eq!(said.what(), expected);
    }
}
