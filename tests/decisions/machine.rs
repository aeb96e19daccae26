//! The machine that a row of a table describes, and its state afterwards.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::context::Context;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::keyring::memory::MemoryKeyring;
use git_credential_heroku_rs::keyring::{Keyring, Listing, Lock, Missing, Unavailable};
use git_credential_heroku_rs::streams::Streams;
use git_credential_heroku_rs::token::Token;
use git_credential_heroku_rs::{exit_code, run};
use heroku_stand_in::StandIn;
use tempfile::TempDir;

use crate::table::Row;

/// The Heroku that the machine reaches.
pub(crate) enum Heroku<'a> {
    Unreachable,
    StandIn(&'a StandIn),
}

/// Tokens by their names in the tables: `ann-keyring`, `bob-netrc`, `key`, `offered`.
#[derive(Default)]
struct Tokens<'a> {
    heroku: Option<&'a StandIn>,
    by_name: RefCell<BTreeMap<String, String>>,
}

impl Tokens<'_> {
    /// The token of this name. One that ends in `!` is revoked.
    fn named(&self, name: &str) -> String {
        let mut tokens = self.by_name.borrow_mut();
        let next = tokens.len();
        let make = || {
            let Some(heroku) = self.heroku else {
                return format!("HRKU-01234567-89ab-cdef-0123-4567{next:08x}");
            };
            let account = name.split('-').next().unwrap_or_default();
            let token = heroku.issue_token(&format!("{account}@example.com"));
            if name.ends_with('!') {
                heroku.revoke(&token);
            }
            token
        };
        tokens.entry(name.to_owned()).or_insert_with(make).clone()
    }

    /// A text with the names of tokens in place of the tokens.
    fn hide(&self, text: &str) -> String {
        let tokens = self.by_name.borrow();
        let hide = |text: String, (name, token): (&String, &String)| text.replace(token, name);
        tokens.iter().fold(text.to_owned(), hide)
    }
}

pub(crate) struct Machine<'a> {
    home: TempDir,
    pub(crate) context: Context,
    keyring: Rc<MemoryKeyring>,
    tokens: Tokens<'a>,
}

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) output: String,
    errors: String,
}

impl Outcome {
    /// The reply to git, in a few words: the user name, the token, what `state[]` says.
    pub(crate) fn reply(&self) -> String {
        let value = |key: &str| {
            let mut lines = self.output.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        };
        let state = value("state[]").unwrap_or("no state");
        match (value("username"), value("password")) {
            (None, None) => "-".to_owned(),
            (name, None) => format!("username {} ({state})", name.unwrap_or_default()),
            (name, Some(token)) => format!("{} {token} ({state})", name.unwrap_or_default()),
        }
    }

    /// The first line of the message for the user.
    pub(crate) fn says(&self) -> String {
        let first = self.errors.lines().next().unwrap_or("-");
        first.trim_start_matches("heroku-rs: ").to_owned()
    }

    /// Both streams in one line, without the lines about git's configuration: they depend on the system's file, and
    /// the stories show them.
    pub(crate) fn says_most(&self) -> String {
        let is_about_git = |line: &&str| {
            line.starts_with("git: ")
                || line.starts_with("git has no credential helper")
                || line.starts_with("git uses `")
                || line.starts_with("git remote add")
                || line.starts_with("git push ")
                || line.starts_with("Done. ")
                || line.starts_with("Next, configure git")
                || *line == "run: git credential-heroku-rs setup"
        };
        let lines = self.output.lines().chain(self.errors.lines());
        let lines: Vec<&str> = lines
            .map(str::trim)
            .filter(|line| !line.is_empty() && !is_about_git(line))
            .collect();
        lines.join(" / ").replace('|', "¦")
    }
}

/// The keyring that the test reads afterwards.
struct Shared(Rc<MemoryKeyring>);

impl Keyring for Shared {
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        self.0.read(account)
    }
    fn read_all(&self) -> Result<Listing, Unavailable> {
        self.0.read_all()
    }
    fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        self.0.accounts()
    }
    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        self.0.write(account, token)
    }
    fn remove(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        self.0.remove(account, token)
    }
    fn unlock(&self) -> Result<(), Unavailable> {
        self.0.unlock()
    }
    fn confirms_reads(&self) -> bool {
        self.0.confirms_reads()
    }
}

impl<'a> Machine<'a> {
    /// The machine of a row.
    pub(crate) fn new(row: &Row<'_>, heroku: &Heroku<'a>) -> Machine<'a> {
        let home = tempfile::tempdir().unwrap();
        let tokens = Tokens {
            heroku: match heroku {
                Heroku::Unreachable => None,
                Heroku::StandIn(heroku) => Some(heroku),
            },
            ..Tokens::default()
        };
        let keyring = Rc::new(keyring(row.cell("keyring"), home.path(), &tokens));
        has_login_json(row.cell("login.json"), home.path());
        let is_netrc_first = has_netrc(row.cell("netrc"), home.path(), &tokens);
        let api_key = match row.cell("HEROKU_API_KEY") {
            "-" => None,
            "bad" => Some("short".to_owned()),
            "empty" => Some(String::new()),
            "quoted" => Some(format!("\"{}\"", tokens.named("key"))),
            name => Some(tokens.named(name)),
        };
        #[expect(clippy::disallowed_methods, reason = "git is where the system has it")]
        let path = std::env::var_os("PATH");
        let variable = |name: &str| -> Option<OsString> {
            match (name, heroku) {
                ("HOME", _) => Some(home.path().into()),
                ("PATH", _) => path.clone(),
                ("HEROKU_API_KEY", _) => api_key.clone().map(Into::into),
                ("HEROKU_NETRC_WRITE", _) => is_netrc_first.then(|| "true".into()),
                // Nothing listens there, so that no test reaches the network.
                ("https_proxy", Heroku::Unreachable) => Some("http://127.0.0.1:1".into()),
                ("https_proxy", Heroku::StandIn(heroku)) => Some(heroku.proxy().into()),
                ("SSL_CERT_FILE", Heroku::StandIn(heroku)) => Some(heroku.ca_file().into()),
                _ => None,
            }
        };
        let shared = Shared(Rc::clone(&keyring));
        let context = Context::new(Environment::read(variable)).with_keyring(Box::new(shared));
        Machine {
            home,
            context,
            keyring,
            tokens,
        }
    }

    /// The token of this name.
    pub(crate) fn token(&self, name: &str) -> String {
        self.tokens.named(name)
    }

    /// Runs a command line.
    pub(crate) fn runs(&self, line: &str, input: &str) -> Outcome {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut streams = Streams {
            input: Box::new(std::io::Cursor::new(input.to_owned().into_bytes())),
            output: &mut output,
            errors: &mut errors,
        };
        let done = run(&arguments, &self.context, &mut streams);
        let code = exit_code(done, &mut streams);
        let text = |bytes: Vec<u8>| {
            let text = self.tokens.hide(&String::from_utf8(bytes).unwrap());
            text.replace(self.home.path().to_str().unwrap(), "~")
        };
        Outcome {
            // An exit code cannot be read back: it can be compared.
            code: (0..=255).find(|n| code == (*n).into()).unwrap(),
            output: text(output),
            errors: text(errors),
        }
    }

    /// The account in `login.json`.
    pub(crate) fn active_account(&self) -> String {
        let text = fs::read_to_string(self.home.path().join(LOGIN_JSON));
        let Ok(text) = text else {
            return "-".to_owned();
        };
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let account = json["account"].as_str().unwrap_or("junk");
        account.split('@').next().unwrap_or_default().to_owned()
    }

    /// Every token on the machine: where it is, under which name, and which one.
    pub(crate) fn holds(&self) -> Vec<String> {
        let items = self.keyring.items().into_iter();
        let mut held: Vec<String> = items
            .map(|(account, token)| format!("{}={token}", account.trim_end_matches("@example.com")))
            .collect();
        let netrc = fs::read_to_string(self.home.path().join(".netrc")).unwrap_or_default();
        for entry in netrc.split("machine ").skip(1) {
            let words: Vec<&str> = entry.split_whitespace().collect();
            let after = |key: &str| {
                let at = words.iter().position(|word| *word == key);
                at.and_then(|at| words.get(at + 1))
                    .copied()
                    .unwrap_or_default()
            };
            let login = after("login").trim_end_matches("@example.com");
            held.push(format!("netrc:{login}={}", after("password")));
        }
        // The same login is there for both hosts.
        held.dedup();
        held.iter().map(|held| self.tokens.hide(held)).collect()
    }
}

const LOGIN_JSON: &str = ".local/share/heroku/login.json";

fn writes(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Items in order, and states: `locked`, `+locked` (something beside it), `slow`, `broken`, `none`, `read-only`, `unclear` (a write may have been
/// carried out).
fn keyring(cell: &str, home: &Path, tokens: &Tokens<'_>) -> MemoryKeyring {
    let mut keyring = MemoryKeyring::new();
    let mut expired = Vec::new();
    for word in cell.split_whitespace() {
        keyring = match word {
            "-" => keyring,
            "locked" => keyring.locked(Lock::Keyring),
            "+locked" => keyring.locked(Lock::Another),
            "confirms" => keyring.locked(Lock::Confirmation),
            "slow" => keyring.failing(Unavailable::Slow(Duration::from_secs(2))),
            "broken" => keyring.failing(Unavailable::Broken("the keyring is broken".to_owned())),
            "none" => keyring.failing(Unavailable::NoKeyring(Missing::Bus)),
            "stale" => keyring.failing(Unavailable::NoKeyring(Missing::ReachableBus)),
            "read-only" => keyring.refusing_writes(Unavailable::PromptDismissed),
            "unclear" => {
                let slow = Unavailable::Slow(Duration::from_secs(2));
                keyring.refusing_writes(slow.unconfirmed())
            }
            "junk" => keyring.with("carol@example.com", "no token"),
            name => {
                let account = name.trim_end_matches(['!', '~', '2']);
                let is_dead = if name.ends_with('!') { "!" } else { "" };
                let is_second = if name.ends_with('2') { "2" } else { "" };
                let token = tokens.named(&format!("{account}-keyring{is_second}{is_dead}"));
                if name.ends_with('~') {
                    expired.push((account.to_owned(), token.clone()));
                }
                let email = match account {
                    "heroku" | "deploy" => account.to_owned(),
                    name => format!("{name}@example.com"),
                };
                keyring.with(&email, &token)
            }
        };
    }
    are_expired(&expired, home);
    keyring
}

/// Records that these tokens expired in November 2023.
fn are_expired(tokens: &[(String, String)], home: &Path) {
    let noted: Vec<serde_json::Value> = tokens
        .iter()
        .map(|(account, token)| {
            serde_json::json!({
                "account": format!("{account}@example.com"),
                "fingerprint": Token::parse(token).unwrap().fingerprint(),
                "expires": 1_700_000_000,
            })
        })
        .collect();
    if !noted.is_empty() {
        let file = home.join(".local/state/git-credential-heroku-rs/authorizations.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let json = serde_json::json!({ "version": 1, "authorizations": noted });
        writes(&file, &json.to_string(), 0o600);
        fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    }
}

fn has_login_json(cell: &str, home: &Path) {
    let text = match cell {
        "-" => return,
        "junk" => "{".to_owned(),
        name => format!("{{\"account\":\"{name}@example.com\"}}"),
    };
    writes(&home.join(LOGIN_JSON), &text, 0o600);
}

/// Says whether netrc comes before the keyring. A name that ends in `2` has another token for the API; `copy` is ann with
/// the token in the keyring.
fn has_netrc(cell: &str, home: &Path, tokens: &Tokens<'_>) -> bool {
    let (is_first, cell) = match cell.strip_prefix("first") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, cell),
    };
    let (text, mode) = match cell {
        "-" | "" => return is_first,
        "junk" => ("machine git.heroku.com password \"open".to_owned(), 0o600),
        "unnamed" => {
            let token = tokens.named("unnamed-netrc");
            (format!("machine git.heroku.com password {token}\n"), 0o600)
        }
        name => {
            let mode = match name.split_once(' ') {
                Some((_, "0644")) => 0o644,
                Some((_, "0666")) => 0o666,
                Some((_, other)) => panic!("no such mode: {other}"),
                None => 0o600,
            };
            let name = name.split(' ').next().unwrap_or_default();
            let is_dead = if name.ends_with('!') { "!" } else { "" };
            let (is_expired, has_second) = (name.ends_with('~'), name.ends_with('2'));
            let name = name.trim_end_matches(['!', '~', '2']);
            let (name, token) = match name {
                "copy" => ("ann", "ann-keyring".to_owned()),
                name => (name, format!("{name}-netrc{is_dead}")),
            };
            let token = tokens.named(&token);
            let of_the_api = if has_second {
                tokens.named(&format!("{name}-netrc2"))
            } else {
                token.clone()
            };
            if is_expired {
                are_expired(&[(name.to_owned(), token.clone())], home);
            }
            let entry = |host: &str, token: &str| {
                format!("machine {host}\n  login {name}@example.com\n  password {token}\n")
            };
            let entries = entry("api.heroku.com", &of_the_api) + &entry("git.heroku.com", &token);
            (entries, mode)
        }
    };
    writes(&home.join(".netrc"), &text, mode);
    is_first
}
