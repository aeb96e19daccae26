//! Heroku on loopback: what the tests and the demo push to.
//!
//! It is reached as an HTTP proxy: a client asks it to `CONNECT` to api.heroku.com, and it terminates
//! TLS itself, with a CA created for this run. So no client needs to be changed: git,
//! curl, the Heroku CLI and this program find it by the variables that they all support.
//! A request for any other host is refused and recorded.
//!
//! ```text
//! proxy ─> tls ─> exchange ─> platform_api | login_service | registry | git_server
//!                  │             └─ they read and change `state`: accounts, authorizations, apps
//!                  └─ faults, misbehaviour, gate: which fault, its effect on the reply, held requests
//! ```

mod accounts;
mod apps;
mod authorizations;
mod browser_logins;

mod exchange;
mod faults;
mod gate;
mod git_server;
mod http;
mod login_service;
mod message;
mod misbehaviour;
mod names;
mod platform_api;
mod proxy;
mod registry;
mod request_log;
mod state;
mod tls;

pub mod control;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use accounts::AccountSetup;
pub use apps::program_on;
pub use authorizations::{Grant, Issued, Origin, Redaction};
pub use faults::{Fault, On, Times};
pub use names::Form;
pub use request_log::Recorded;

use proxy::Proxy;
use state::State;

/// A running stand-in. Dropped, it stops: it closes every connection, and waits for the git
/// processes that it started.
pub struct StandIn {
    state: Arc<State>,
    proxy: Proxy,
    ca_file: PathBuf,
}

impl StandIn {
    /// Starts on a free port of loopback. The CA certificate and the apps' repositories are written to `dir`.
    ///
    /// # Errors
    /// An error of the socket or of a file.
    pub fn start(dir: &Path) -> io::Result<StandIn> {
        let ca = tls::CertificateAuthority::new()?;
        let (ca_file, apps) = (dir.join("ca.pem"), dir.join("apps"));
        fs::create_dir_all(&apps)?;
        write(&ca_file, ca.pem())?;
        let state = Arc::new(State::new(apps));
        let proxy = Proxy::start(ca, Arc::clone(&state))?;
        Ok(StandIn {
            state,
            proxy,
            ca_file,
        })
    }

    /// The proxy's address, for `https_proxy`.
    pub fn proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.proxy.port())
    }

    /// The CA certificate, for `SSL_CERT_FILE`, `GIT_SSL_CAINFO` and similar variables.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Creates an account, or changes an existing one.
    pub fn add_account(&self, email: &str) -> AccountSetup<'_> {
        self.state.accounts.change(email, |_| {});
        AccountSetup {
            state: &self.state,
            email: email.to_owned(),
        }
    }

    /// A new token with the scope `global` and no expiration.
    pub fn issue_token(&self, email: &str) -> String {
        self.issue(email, Grant::default()).token
    }

    /// A new authorization.
    pub fn issue(&self, email: &str, grant: Grant) -> Issued {
        let created = self.state.authorize(email, grant);
        Issued {
            id: created.id,
            token: created.token,
        }
    }

    /// Revokes a token, as the dashboard does.
    pub fn revoke(&self, token: &str) {
        self.state.authorizations.revoke(token);
    }

    /// Whether a token is neither revoked nor expired.
    pub fn is_live(&self, token: &str) -> bool {
        self.state.owner(token).is_some()
    }

    /// Creates an app with an empty repository, or makes this account the owner of an existing app. Returns the path of
    /// the repository.
    ///
    /// # Errors
    /// An error of the file system.
    pub fn add_app(&self, email: &str, app: &str) -> io::Result<PathBuf> {
        self.state.accounts.change(email, |_| {});
        self.state.apps.create(email, app)
    }

    /// Adds this number of apps to the list of apps: `app-000000` and so on, without repositories.
    pub fn add_listed_apps(&self, email: &str, count: usize) {
        self.state.accounts.change(email, |_| {});
        for number in 0..count {
            self.state
                .apps
                .add_to_list(email, &format!("app-{number:06}"));
        }
    }

    /// Adds an image to the container registry, as if it had been pushed.
    pub fn add_image(&self, image: &str, tag: &str) {
        self.state.add_image(image, tag);
    }

    /// The tags of an image in the container registry.
    pub fn tags_of_image(&self, image: &str) -> Vec<String> {
        self.state.tags(image)
    }

    /// Makes the app require a second factor.
    pub fn lock_app(&self, app: &str) {
        self.state.apps.change(app, |app| app.is_locked = true);
    }

    /// Lists the app's refs without a password. Every other request still needs one.
    pub fn make_refs_public(&self, app: &str) {
        self.state
            .apps
            .change(app, |app| app.has_public_refs = true);
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.log.requests()
    }

    /// Empties the list of requests, except those to other hosts.
    pub fn forget_requests(&self) {
        self.state.log.forget_requests();
    }

    /// Waits for the first request that matches, with its body except for a pack. `None` after `timeout`.
    pub fn wait_for(&self, on: &On, timeout: Duration) -> Option<Recorded> {
        let log = &self.state.log;
        log.wait_for(|request| on.matches(request), timeout)
    }

    /// As [`StandIn::wait_for`], for a request that has been answered or is being answered.
    pub fn wait_for_answer(&self, on: &On, timeout: Duration) -> Option<Recorded> {
        let answered = |request: &Recorded| request.status != 0 && on.matches(request);
        self.state.log.wait_for(answered, timeout)
    }

    /// Waits for a request that [`Fault::Pause`] or [`Fault::PauseAnswer`] holds. `None` after `timeout`.
    pub fn wait_for_pause(&self, timeout: Duration) -> Option<Recorded> {
        let held = self.state.gate.wait_for_one(timeout)?;
        self.state.log.request(held)
    }

    /// Releases every held request.
    pub fn release(&self) {
        self.state.gate.release();
    }

    /// Refuses new connections, and closes the open ones.
    pub fn refuse_connections(&self) {
        self.proxy.close();
    }

    /// Accepts connections again, on the same port.
    ///
    /// # Errors
    /// Another program uses the port now.
    pub fn accept_connections(&self) -> io::Result<()> {
        self.proxy.open()
    }

    /// The requests to one host so far.
    pub fn requests_to(&self, host: &str) -> Vec<Recorded> {
        let mut requests = self.requests();
        requests.retain(|request| request.host == host);
        requests
    }

    /// Every attempt to reach a host that is not simulated here.
    pub fn requests_to_other_hosts(&self) -> Vec<String> {
        self.state.log.other_hosts()
    }

    /// Simulates one more host: another Heroku's API, which accepts no token, if the name begins with `api.`; otherwise
    /// a git server with the repositories of all apps and the same tokens as passwords.
    pub fn add_host(&self, host: &str) {
        self.state.add_host(host);
    }

    /// Every secret that was issued or set. A test searches output and files for them.
    pub fn secrets(&self) -> Vec<String> {
        self.state.secrets()
    }

    /// Adds a fault.
    pub fn fault(&self, on: On, fault: Fault, times: Times) {
        self.state.faults.add(on, fault, times);
    }

    /// Removes every fault, and releases every held request.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
        self.state.gate.release();
    }

    /// Sets the number of entries in a page if the client does not name one. The default is two.
    pub fn set_page_size(&self, entries: usize) {
        self.state.set_page_size(entries);
    }

    /// Sets how tokens are redacted when authorizations are read.
    pub fn set_redaction(&self, mode: Redaction) {
        self.state.authorizations.set_redaction(mode);
    }

    /// Moves the clock forward, so that tokens expire.
    pub fn advance(&self, by: Duration) {
        self.state.advance(by);
    }

    /// The user approves the newest browser login that waits, or the next one.
    pub fn approve_browser_login(&self, email: &str) {
        self.state.logins.decide(Ok(email.to_owned()));
    }

    /// The login service refuses the newest browser login that waits, or the next one. The error is
    /// `IP address mismatch` if the browser and the program have different IP addresses.
    pub fn refuse_browser_login(&self, error: &str) {
        self.state.logins.decide(Err(error.to_owned()));
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.state.stop();
        self.proxy.close();
        self.proxy.wait_for_connections();
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}
