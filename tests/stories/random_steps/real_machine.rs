//! Runs the steps with real processes and a real keyring, and reads the resulting files and items.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::machine::{End, Machine};
use super::step::{Name, Revoke, Step, Token, User};
use crate::world::{Items, Outcome, REQUEST, World};

/// An entry that is in netrc before the steps, and must stay.
const OTHER_ENTRY: &str = "machine example.com\n  login ann\n  password not-ours\n";

/// It has the format of a token, and Heroku does not know it.
const UNKNOWN_TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

/// A world in which sequences of steps are run, one after another.
pub(super) struct RealMachine {
    pub(super) world: World,
    items: Items,
    tokens: BTreeMap<Token, String>,
    sender: Sender,
    pub(super) uses_netrc: bool,
}

/// What sends git's requests to the tested program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// The test itself.
    Direct,
    /// `git credential`.
    ThroughGit,
}

/// The result of a step, with the tokens by their numbers.
#[derive(Debug, Default)]
pub(super) struct Seen {
    code: i32,
    stdout: String,
    stderr: String,
}

impl RealMachine {
    pub(super) fn new(sender: Sender) -> RealMachine {
        let world = World::new().with_keyring().with_helper();
        let items = world.opens_the_keyring();
        let mut real = RealMachine {
            world,
            items,
            tokens: BTreeMap::new(),
            sender,
            uses_netrc: false,
        };
        real.reset();
        real
    }

    /// The Heroku CLI is configured to store its token in netrc.
    pub(super) fn uses_netrc(&mut self) {
        self.world.sets("HEROKU_NETRC_WRITE", "true");
        self.uses_netrc = true;
    }

    /// A machine without logins, and valid tokens.
    pub(super) fn reset(&mut self) {
        if !self.items.all().is_empty() {
            self.world.empties_the_keyring();
        }
        for file in [self.world.login_json(), self.metadata_file()] {
            // They do not exist if the last sequence created none.
            let _ = fs::remove_file(file);
        }
        self.world.has_netrc(OTHER_ENTRY);
        let heroku = &self.world.heroku;
        self.tokens.retain(|token, text| {
            let is_made = token.0 >= Token::COUNT;
            if is_made {
                heroku.revoke(text);
            }
            !is_made && heroku.is_live(text)
        });
        for token in (0..Token::COUNT).map(Token) {
            // A revoked token stays invalid, so it is replaced.
            self.tokens
                .entry(token)
                .or_insert_with(|| match token.owner() {
                    Some(owner) => heroku.issue_token(owner),
                    None => UNKNOWN_TOKEN.to_owned(),
                });
        }
    }

    /// Gives a token that was created since the last call this number, and returns other new tokens.
    pub(super) fn add_new_tokens(&mut self, expected: Option<Token>) -> Result<(), String> {
        let mut made = self.world.valid_tokens();
        made.retain(|text| self.tokens.values().all(|known| known != text));
        if made.len() != expected.iter().len() {
            return Err(format!("{} tokens were created", made.len()));
        }
        self.tokens.extend(expected.into_iter().zip(made));
        Ok(())
    }

    fn metadata_file(&self) -> PathBuf {
        let home = self.world.home();
        home.join(".local/state/git-credential-heroku-rs/authorizations.json")
    }

    /// Runs a step, and returns its result.
    pub(super) fn runs(&self, step: Step) -> Seen {
        let world = &self.world;
        if self.sender == Sender::ThroughGit {
            match step {
                Step::Get(user) => return self.fill_with_git(user),
                Step::Store(user, token) => return self.send_to_git("approve", user, Some(token)),
                Step::Erase(user, token) => return self.send_to_git("reject", user, Some(token)),
                Step::EraseBare(user) => return self.send_to_git("reject", user, None),
                _ => {}
            }
        }
        let helper = |line: &str, input: &str| self.result(world.helper_with_input(line, input));
        match step {
            Step::Get(user) => helper("get", &request(user, None)),
            Step::Store(user, token) => helper("store", &request(user, Some(self.text(token)))),
            Step::StoreTyped(user, token) => {
                let request = request(user, Some(self.text(token)));
                helper("store", &format!("{request}state[]=heroku-rs:asked\n"))
            }
            Step::StoreOurs(user, token) => {
                let request = request(user, Some(self.text(token)));
                helper("store", &format!("{request}state[]=heroku-rs:keyring\n"))
            }
            Step::Erase(user, token) => helper("erase", &request(user, Some(self.text(token)))),
            Step::EraseBare(user) => helper("erase", &request(user, None)),
            Step::Login(token) => helper("login --with-token", self.text(token)),
            Step::LoginToNetrc(token) => {
                helper("login --with-token --store netrc", self.text(token))
            }
            Step::Logout(name, revoke) => {
                let keep = if revoke == Revoke::No { " --keep" } else { "" };
                helper(&format!("logout{keep} {}", name.unwrap_or_default()), "")
            }
            Step::Switch(name) => helper(&format!("switch {name}"), ""),
            Step::Rotate => helper("rotate", ""),
            Step::Status => helper("status", ""),
            Step::StatusOffline => helper("status --offline", ""),
            others => self.run_another_program(others),
        }
    }

    fn send_to_git(&self, command: &str, user: User, token: Option<Token>) -> Seen {
        let request = request(user, token.map(|token| self.text(token)));
        let line = format!("credential {command}");
        self.result(self.world.git_with_input(&line, &request))
    }

    /// The result of `git credential fill`, in the form of our reply. With only a user name, git asks for the
    /// password, and that fails.
    fn fill_with_git(&self, user: User) -> Seen {
        let said = self
            .world
            .git_with_input("credential fill", &request(user, None));
        let mut seen = self.result(said);
        let question = "fatal: could not read Password for 'https://";
        if let Some((words, asked)) = seen.stderr.split_once(question) {
            let name = asked.split_once("@git.heroku.com'").unwrap().0;
            seen.stdout = format!("username={}\n\n", name.replace("%40", "@"));
            seen.stderr = words.to_owned();
            seen.code -= 128;
        } else if let Some(answer) = seen.stdout.strip_prefix(REQUEST) {
            seen.stdout = format!("{answer}\n");
        }
        seen
    }

    /// Runs a step of the Heroku CLI or of Heroku's dashboard.
    fn run_another_program(&self, step: Step) -> Seen {
        let world = &self.world;
        match step {
            Step::HerokuLogin(token) => {
                let owner = token.owner().unwrap();
                world.stores_in_the_keyring(owner, self.text(token));
                world.has_active_account(owner);
            }
            Step::HerokuSwitch(name) => world.has_active_account(name),
            Step::HerokuLogout => {
                if let Some(name) = self.active_account() {
                    let line = format!("clear service heroku-cli account {name}");
                    // It fails if there is no item.
                    let _ = world.secret_tool(&line);
                    self.remove_login_json();
                }
            }
            Step::HerokuForgets => self.remove_login_json(),
            Step::Revoked(token) => world.heroku.revoke(self.text(token)),
            ours => panic!("{ours:?} is a step of the tested program"),
        }
        Seen::default()
    }

    /// The account in `login.json`. `None` while another program writes the file.
    fn active_account(&self) -> Option<String> {
        let bytes = fs::read(self.world.login_json()).ok()?;
        let login: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        Some(login["account"].as_str()?.to_owned())
    }

    /// Removes `login.json`, as the Heroku CLI does, if it exists.
    fn remove_login_json(&self) {
        let _ = fs::remove_file(self.world.login_json());
    }

    fn text(&self, token: Token) -> &str {
        &self.tokens[&token]
    }

    /// The result of a command, with the numbers of tokens. A token on stdout is allowed.
    fn result(&self, mut said: Outcome<'_>) -> Seen {
        for token in self.tokens.values() {
            if said.raw_stdout().contains(token) {
                said = said.prints_secret(token);
            }
        }
        Seen {
            code: said.code(),
            stdout: self.with_token_numbers(&said.raw_stdout()),
            stderr: self.with_token_numbers(&said.stderr()),
        }
    }

    fn with_token_numbers(&self, text: &str) -> String {
        let tokens = self.tokens.iter();
        tokens.fold(text.to_owned(), |text, (token, secret)| {
            text.replace(secret, &format!("{token:?}"))
        })
    }

    /// Everything that is stored on this machine; each file has to be complete.
    pub(super) fn read(&self) -> Result<Machine, String> {
        let mut items = BTreeMap::new();
        for (account, secret) in self.items.all() {
            let token = self.token(&secret)?;
            if items.insert(known(&account)?, token).is_some() {
                return Err(format!("two items of {account}"));
            }
        }
        self.check_metadata()?;
        let in_use = self.world.active_account();
        Ok(Machine {
            items,
            in_use: in_use.as_deref().map(known).transpose()?,
            netrc: self.netrc()?,
            revoked: self
                .tokens
                .iter()
                .filter(|(token, text)| token.owner().is_some() && !self.world.heroku.is_live(text))
                .map(|(token, _)| *token)
                .collect(),
            created: self
                .tokens
                .range(Token(Token::COUNT)..)
                .map(|(token, _)| *token)
                .collect(),
            uses_netrc: self.uses_netrc,
        })
    }

    fn token(&self, secret: &str) -> Result<Token, String> {
        let mut tokens = self.tokens.iter();
        let token = tokens.find(|(_, text)| *text == secret);
        let token = token.map(|(token, _)| *token);
        token.ok_or_else(|| "an unknown token".to_owned())
    }

    /// Heroku's entries, which must be two with the same login. All others must be unchanged.
    fn netrc(&self) -> Result<Option<(Name, Token)>, String> {
        let text = fs::read_to_string(self.world.home().join(".netrc")).unwrap();
        let shown = || format!("netrc is\n{}", self.with_token_numbers(&text));
        let ours = text.strip_prefix(OTHER_ENTRY).ok_or_else(shown)?;
        if ours.is_empty() {
            return Ok(None);
        }
        let words: Vec<&str> = ours.split_whitespace().collect();
        let [_, _, _, login, _, password, ..] = words[..] else {
            return Err(shown());
        };
        let entry = |host| format!("machine {host}\n  login {login}\n  password {password}\n");
        if ours == entry("api.heroku.com") + &entry("git.heroku.com") {
            Ok(Some((known(login)?, self.token(password)?)))
        } else {
            Err(shown())
        }
    }

    /// Checks the token metadata: the file is complete, and no token has two entries.
    fn check_metadata(&self) -> Result<(), String> {
        let Ok(bytes) = fs::read(self.metadata_file()) else {
            return Ok(());
        };
        let notes: serde_json::Value = serde_json::from_slice(&bytes)
            .map_err(|error| format!("authorizations.json: {error}"))?;
        let notes = notes["authorizations"]
            .as_array()
            .ok_or("no list of notes")?;
        let mut tokens: Vec<&str> = notes
            .iter()
            .filter_map(|note| note["fingerprint"].as_str())
            .collect();
        tokens.sort_unstable();
        tokens.dedup();
        if tokens.len() != notes.len() {
            return Err("two entries for the same token".to_owned());
        }
        Ok(())
    }
}

impl Seen {
    /// Whether the step had this result, apart from the state of the machine.
    pub(super) fn is(&self, end: &End) -> bool {
        let silent = end.stderr.is_empty() == self.stderr.is_empty();
        let is_reported = end.stderr.iter().all(|part| self.stderr.contains(part));
        let same = end
            .stdout
            .as_ref()
            .is_none_or(|stdout| *stdout == self.stdout);
        self.code == end.code && same && silent && is_reported
    }
}

impl Seen {
    /// Whether a concurrent step ended without an error, and with a complete reply: git gets one of the tokens
    /// that were stored, or none.
    pub(super) fn is_complete(&self, step: Step, stored: &BTreeSet<(Name, Token)>) -> bool {
        let ended = [0, 1, 4].contains(&self.code) && !self.stderr.contains("panicked");
        let brief = self.stderr.lines().count() <= 2 * 3;
        let answered = match (step, self.stdout.strip_prefix("username=")) {
            (Step::Get(_), Some(answer)) => match answer.split_once("\npassword=") {
                Some((_, token)) => stored
                    .iter()
                    .any(|(_, stored)| token == format!("{stored:?}\n\n")),
                None => answer.ends_with("\n\n") && answer.lines().count() == 2,
            },
            (Step::Get(_), None) => false,
            _ => true,
        };
        ended && brief && answered
    }
}

fn known(name: &str) -> Result<Name, String> {
    let names = super::step::NAMES;
    let name = names.into_iter().find(|known| *known == name);
    name.ok_or_else(|| "an unknown name".to_owned())
}

fn request(user: User, password: Option<&str>) -> String {
    let line = |key: &str, value: Option<&str>| {
        let value = value.map(|value| format!("{key}={value}\n"));
        value.unwrap_or_default()
    };
    let (user, password) = (line("username", user), line("password", password));
    format!("protocol=https\nhost=git.heroku.com\n{user}{password}")
}
