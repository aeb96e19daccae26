//! Heroku on loopback: what the tests and the demo push to.
//!
//! It is reached as an HTTP proxy: a client asks it to `CONNECT` to api.heroku.com, and it ends the
//! TLS connection itself, with a certificate authority made for this run. So no client needs a
//! hook: git, curl, the Heroku CLI and we are pointed at it by the variables that they all honour.
//! A wish to reach any host that it does not play is refused and remembered.
//!
//! ```text
//! proxy ──> tls ──> http ──> platform_api | login_service | git_server   (they ask and change `state`)
//!             └────────┴── faults: what is to go wrong, and how often
//! ```

mod faults;
mod git_server;
mod http;
mod login_service;
mod platform_api;
mod proxy;
mod state;
mod tls;

pub mod control;

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use faults::{Fault, On, Times};
use state::State;
pub use state::{AccountSetup, Grant, Issued, Recorded, Redaction};

/// A running stand-in. It stops taking connections when it is dropped.
pub struct StandIn {
    state: Arc<State>,
    port: u16,
    ca_file: PathBuf,
}

impl StandIn {
    /// Starts on a free port of loopback; the authority's certificate and the apps' repositories go
    /// to `dir`.
    ///
    /// # Errors
    /// What the system says to a socket or a file.
    pub fn start(dir: &Path) -> io::Result<StandIn> {
        let authority = tls::Authority::new()?;
        let ca_file = dir.join("ca.pem");
        std::fs::create_dir_all(dir.join("apps"))?;
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&ca_file)
            .and_then(|mut file| io::Write::write_all(&mut file, authority.pem().as_bytes()))?;
        let state = Arc::new(State::new(dir.join("apps")));
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        proxy::serve(listener, Arc::new(authority), Arc::clone(&state));
        Ok(StandIn {
            state,
            port,
            ca_file,
        })
    }

    /// The proxy's address, for `https_proxy`.
    pub fn proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The authority's certificate, for `SSL_CERT_FILE`, `GIT_SSL_CAINFO` and their like.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Makes an account, or changes one.
    pub fn has_account(&self, email: &str) -> AccountSetup<'_> {
        self.state.account(email)
    }

    /// A new token that may do everything and does not end.
    pub fn issue_token(&self, email: &str) -> String {
        self.issue(email, Grant::default()).token
    }

    /// A new authorization.
    pub fn issue(&self, email: &str, grant: Grant) -> Issued {
        self.state.issue(email, grant)
    }

    /// Revokes a token, as the dashboard does.
    pub fn revoke(&self, token: &str) {
        self.state.revoke_token(token);
    }

    /// Whether a token is neither revoked nor expired.
    pub fn is_live(&self, token: &str) -> bool {
        self.state.owner(token).is_some()
    }

    /// Makes an app with an empty repository; gives the repository's path.
    ///
    /// # Errors
    /// What git or the file system says.
    pub fn has_app(&self, email: &str, app: &str) -> io::Result<PathBuf> {
        self.state.make_app(email, app)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.requests()
    }

    /// The requests to one host so far.
    pub fn requests_to(&self, host: &str) -> Vec<Recorded> {
        let mut requests = self.requests();
        requests.retain(|request| request.host == host);
        requests
    }

    /// Every attempt to reach a host that is not played here.
    pub fn strangers(&self) -> Vec<String> {
        self.state.strangers()
    }

    /// Plays one more host: a foreign git server, with the repositories of all apps and the same
    /// tokens for passwords.
    pub fn also_plays(&self, host: &str) {
        self.state.also_plays(host);
    }

    /// Every secret ever issued or set: what a test searches output and files for.
    pub fn secrets(&self) -> Vec<String> {
        self.state.secrets()
    }

    /// Makes something go wrong.
    pub fn fault(&self, on: On, fault: Fault, times: Times) {
        self.state.faults.add(on, fault, times);
    }

    /// All goes well again.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// How tokens are shown when authorizations are read.
    pub fn redaction(&self, mode: Redaction) {
        self.state.set_redaction(mode);
    }

    /// Lets time pass, so that tokens expire.
    pub fn advance(&self, by: Duration) {
        self.state.advance(by);
    }

    /// The person in the browser logs in, now or when the next login comes.
    pub fn approve_browser_login(&self, email: &str) {
        self.state.decide_browser_login(Ok(email.to_owned()));
    }

    /// The login service refuses, now or when the next login comes.
    pub fn refuse_browser_login(&self, error: &str) {
        self.state.decide_browser_login(Err(error.to_owned()));
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.state.stop();
        // A last connection wakes the listener, which then sees that it is over.
        let _ = std::net::TcpStream::connect(("127.0.0.1", self.port));
    }
}
