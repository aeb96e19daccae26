//! What Heroku knows: accounts, authorizations, apps; and what it saw: requests and strangers.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::faults::Faults;
use crate::http::Request;

/// The hosts that are played from the start.
const HOSTS: [&str; 4] = [
    "api.heroku.com",
    "git.heroku.com",
    "cli-auth.heroku.com",
    "particleboard.heroku.com",
];

/// A request that was seen.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The host that was meant.
    pub host: String,
    /// The path, without the query.
    pub path: String,
    /// The query.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: Vec<u8>,
    /// The status that it was answered with.
    pub status: u16,
}

impl Recorded {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a new authorization is to be.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its description.
    pub description: String,
    /// Its scope.
    pub scope: Vec<String>,
    /// Seconds until it ends; none: never.
    pub expires_in: Option<i64>,
    /// The token's form.
    pub legacy: bool,
}

impl Default for Grant {
    fn default() -> Grant {
        Grant {
            description: "made in the dashboard".to_owned(),
            scope: vec!["global".to_owned()],
            expires_in: None,
            legacy: false,
        }
    }
}

/// An authorization that was made.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: String,
}

/// How much of a token is shown when authorizations are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redaction {
    /// All of it.
    Whole,
    /// Nine characters, stars, six characters.
    #[default]
    Ends,
    /// `HRKU-` and stars: fits every token.
    Short,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) password: Option<String>,
    pub(crate) codes: Option<Vec<String>>,
    pub(crate) federated: bool,
    pub(crate) untrusted: bool,
    pub(crate) suspended: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) token: String,
    pub(crate) grant: Grant,
    pub(crate) created: Timestamp,
    pub(crate) is_default: bool,
    pub(crate) has_session: bool,
}

#[derive(Default)]
struct Inner {
    accounts: BTreeMap<String, Account>,
    authorizations: Vec<Authorization>,
    apps: BTreeMap<String, String>,
    requests: Vec<Recorded>,
    strangers: Vec<String>,
    also_played: Vec<String>,
    secrets: Vec<String>,
    redaction: Redaction,
    passed: Duration,
    poll_tokens: Vec<String>,
    decision: Option<Result<String, String>>,
}

pub(crate) struct State {
    pub(crate) faults: Faults,
    apps: PathBuf,
    stopped: AtomicBool,
    inner: Mutex<Inner>,
    decided: Condvar,
}

/// An account that is being made or changed.
pub struct AccountSetup<'a> {
    state: &'a State,
    email: String,
}

impl AccountSetup<'_> {
    fn change(self, change: impl FnOnce(&mut Account)) -> Self {
        let mut inner = self.state.inner();
        change(inner.accounts.entry(self.email.clone()).or_default());
        drop(inner);
        self
    }

    /// Its password.
    #[must_use]
    pub fn password(self, password: &str) -> Self {
        self.state.inner().secrets.push(password.to_owned());
        self.change(|account| account.password = Some(password.to_owned()))
    }

    /// It has MFA; each of these codes is good once.
    #[must_use]
    pub fn mfa_codes(self, codes: &[&str]) -> Self {
        let codes = codes.iter().map(ToString::to_string).collect();
        self.change(|account| account.codes = Some(codes))
    }

    /// It logs in through its company.
    #[must_use]
    pub fn federated(self) -> Self {
        self.change(|account| account.federated = true)
    }

    /// It has no MFA, and this device is not trusted.
    #[must_use]
    pub fn untrusted(self) -> Self {
        self.change(|account| account.untrusted = true)
    }

    /// It is suspended.
    #[must_use]
    pub fn suspended(self) -> Self {
        self.change(|account| account.suspended = true)
    }
}

impl State {
    pub(crate) fn new(apps: PathBuf) -> State {
        State {
            faults: Faults::default(),
            apps,
            stopped: AtomicBool::new(false),
            inner: Mutex::default(),
            decided: Condvar::new(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    pub(crate) fn apps(&self) -> &Path {
        &self.apps
    }

    pub(crate) fn plays(&self, host: &str) -> bool {
        HOSTS.contains(&host) || self.inner().also_played.iter().any(|played| played == host)
    }

    pub(crate) fn also_plays(&self, host: &str) {
        self.inner().also_played.push(host.to_owned());
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.inner().passed
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.inner().passed += by;
    }

    pub(crate) fn account(&self, email: &str) -> AccountSetup<'_> {
        let setup = AccountSetup {
            state: self,
            email: email.to_owned(),
        };
        setup.change(|_| {})
    }

    pub(crate) fn find_account(&self, email: &str) -> Option<Account> {
        self.inner().accounts.get(email).cloned()
    }

    /// Uses a code of the account's up; whether it was good.
    pub(crate) fn use_code(&self, email: &str, code: &str) -> bool {
        let mut inner = self.inner();
        let account = inner.accounts.get_mut(email);
        let Some(codes) = account.and_then(|account| account.codes.as_mut()) else {
            return true;
        };
        let before = codes.len();
        codes.retain(|other| other != code);
        codes.len() < before
    }

    pub(crate) fn issue(&self, email: &str, grant: Grant) -> Issued {
        let authorization = self.make(email, grant, false);
        Issued {
            id: authorization.id,
            token: authorization.token,
        }
    }

    pub(crate) fn make(&self, email: &str, grant: Grant, has_session: bool) -> Authorization {
        let authorization = Authorization {
            id: uuid(),
            owner: email.to_owned(),
            token: token(grant.legacy),
            grant,
            created: self.now(),
            is_default: false,
            has_session,
        };
        let mut inner = self.inner();
        inner.accounts.entry(email.to_owned()).or_default();
        inner.secrets.push(authorization.token.clone());
        inner.authorizations.push(authorization.clone());
        authorization
    }

    pub(crate) fn revoke_token(&self, token: &str) {
        self.inner()
            .authorizations
            .retain(|authorization| authorization.token != token);
    }

    pub(crate) fn revoke_id(&self, owner: &str, id: &str) -> Option<Authorization> {
        let mut inner = self.inner();
        let found = inner
            .authorizations
            .iter()
            .position(|a| a.id == id && a.owner == owner)?;
        Some(inner.authorizations.remove(found))
    }

    pub(crate) fn authorization(&self, token: &str) -> Option<Authorization> {
        let now = self.now();
        let inner = self.inner();
        let found = inner.authorizations.iter().find(|a| a.token == token)?;
        let live = seconds_left(found, now).is_none_or(|left| left > 0);
        live.then(|| found.clone())
    }

    pub(crate) fn owner(&self, token: &str) -> Option<String> {
        self.authorization(token)
            .map(|authorization| authorization.owner)
    }

    pub(crate) fn authorizations_of(&self, owner: &str) -> Vec<Authorization> {
        let mut all = self.inner().authorizations.clone();
        // Tokens of a browser login have a session and are in no list.
        all.retain(|a| a.owner == owner && !a.has_session);
        all
    }

    /// An authorization as the API tells it; the token whole only where it has just been made.
    pub(crate) fn told(&self, authorization: &Authorization, whole: bool) -> Value {
        let redaction = self.inner().redaction;
        let token = match (whole, redaction) {
            (true, _) | (_, Redaction::Whole) => authorization.token.clone(),
            (_, Redaction::Short) => format!("{}**********", &authorization.token[..5]),
            (_, Redaction::Ends) => {
                let token = &authorization.token;
                format!("{}**********{}", &token[..9], &token[token.len() - 6..])
            }
        };
        json!({
            "id": authorization.id,
            "description": authorization.grant.description,
            "scope": authorization.grant.scope,
            "created_at": authorization.created.to_string(),
            "updated_at": authorization.created.to_string(),
            "user": {"id": uuid(), "email": authorization.owner, "full_name": null},
            "access_token": {
                "id": uuid(),
                "token": token,
                "expires_in": seconds_left(authorization, self.now()),
            },
            "refresh_token": null,
            "grant": null,
            "client": null,
            "session": null,
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "an app's repository is made by git"
    )]
    pub(crate) fn make_app(&self, email: &str, app: &str) -> io::Result<PathBuf> {
        let path = self.apps.join(format!("{app}.git"));
        let made = Command::new("git")
            .args(["init", "--quiet", "--bare", "--initial-branch=main"])
            .arg(&path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()?;
        let configured = Command::new("git")
            .args(["config", "http.receivepack", "true"])
            .current_dir(&path)
            .output()?;
        if !made.status.success() || !configured.status.success() {
            return Err(io::Error::other(
                String::from_utf8_lossy(&made.stderr).into_owned(),
            ));
        }
        self.inner().apps.insert(app.to_owned(), email.to_owned());
        Ok(path)
    }

    pub(crate) fn app_owner(&self, app: &str) -> Option<String> {
        self.inner().apps.get(app).cloned()
    }

    pub(crate) fn apps_of(&self, owner: &str) -> Vec<String> {
        let inner = self.inner();
        let apps = inner.apps.iter().filter(|(_, email)| *email == owner);
        apps.map(|(app, _)| app.clone()).collect()
    }

    pub(crate) fn remember(&self, host: &str, request: &Request, status: u16) {
        let recorded = Recorded {
            method: request.method.clone(),
            host: host.to_owned(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            status,
        };
        self.inner().requests.push(recorded);
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.inner().requests.clone()
    }

    pub(crate) fn remember_stranger(&self, what: &str) {
        self.inner().strangers.push(what.to_owned());
    }

    pub(crate) fn strangers(&self) -> Vec<String> {
        self.inner().strangers.clone()
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        self.inner().secrets.clone()
    }

    pub(crate) fn set_redaction(&self, mode: Redaction) {
        self.inner().redaction = mode;
    }

    /// A new browser login: its id, and the token to poll with.
    pub(crate) fn start_browser_login(&self) -> (String, String) {
        let (id, poll) = (uuid(), token(false));
        let mut inner = self.inner();
        inner.poll_tokens.push(poll.clone());
        inner.secrets.push(poll.clone());
        (id, poll)
    }

    pub(crate) fn is_poll_token(&self, token: &str) -> bool {
        self.inner().poll_tokens.iter().any(|other| other == token)
    }

    pub(crate) fn decide_browser_login(&self, decision: Result<String, String>) {
        self.inner().decision = Some(decision);
        self.decided.notify_all();
    }

    /// Waits for the person in the browser; none where nobody comes.
    pub(crate) fn await_browser_login(&self) -> Option<Result<String, String>> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let inner = self.inner();
        let (mut inner, _) = self
            .decided
            .wait_timeout_while(inner, PATIENCE, |inner| inner.decision.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let decision = inner.decision.take()?;
        drop(inner);
        Some(decision.map(|email| self.make(&email, Grant::default(), true).token))
    }
}

fn seconds_left(authorization: &Authorization, now: Timestamp) -> Option<i64> {
    let passed = now.duration_since(authorization.created).as_secs();
    authorization
        .grant
        .expires_in
        .map(|seconds| seconds - passed)
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// A token in the form that Heroku issues now, or in the oldest one.
fn token(legacy: bool) -> String {
    if legacy {
        return uuid();
    }
    let letter = |_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())]);
    let letters: String = (0..58).map(letter).collect();
    format!("HRKU-AA{letters}")
}

pub(crate) fn uuid() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
