//! What can go wrong at this world's Heroku.

use heroku_stand_in::{Fault, On, Times};

use super::World;

/// Where Heroku's git server is.
pub(crate) const GIT_HOST: &str = "git.heroku.com";
/// Where Heroku's API is.
pub(crate) const API_HOST: &str = "api.heroku.com";

impl World {
    /// git.heroku.com asks for a password once, as ever, and answers with this status from then on.
    pub(crate) fn git_host_answers(&self, status: u16) {
        let on = || On::Host(GIT_HOST);
        self.heroku.fault(on(), challenge(401), Times::Exactly(1));
        self.always(on(), challenge(status));
    }

    /// git.heroku.com asks for a password once, and then sends everyone to this address.
    pub(crate) fn git_host_redirects_after_the_password_to(&self, location: &'static str) {
        let on = || On::Host(GIT_HOST);
        self.heroku.fault(on(), challenge(401), Times::Exactly(1));
        self.always(on(), Fault::Status(302, vec![location], String::new()));
    }

    /// git.heroku.com sends everyone to this address, without asking for a password.
    pub(crate) fn git_host_redirects_to(&self, location: &'static str) {
        let moved = Fault::Status(302, vec![location], String::new());
        self.always(On::Host(GIT_HOST), moved);
    }

    /// git.heroku.com lists the branches, and answers the upload with this status.
    pub(crate) fn git_host_answers_the_upload_with(&self, status: u16) {
        self.always(On::Path("POST /"), challenge(status));
    }

    /// api.heroku.com answers everything with this status.
    pub(crate) fn api_answers(&self, status: u16) {
        let fault = Fault::api(status, "some_id", "some message");
        self.always(On::Host(API_HOST), fault);
    }

    /// api.heroku.com accepts connections and sends nothing.
    pub(crate) fn api_hangs(&self) {
        self.always(On::Host(API_HOST), Fault::Hang);
    }

    /// api.heroku.com closes every connection before it answers.
    pub(crate) fn api_is_unreachable(&self) {
        self.always(On::Host(API_HOST), Fault::Close);
    }

    fn always(&self, on: On, fault: Fault) {
        self.heroku.fault(on, fault, Times::Always);
    }

    /// Every request works again.
    pub(crate) fn heroku_recovers(&self) {
        self.heroku.clear_faults();
    }

    /// How many requests reached the API.
    pub(crate) fn requests_to_the_api(&self) -> usize {
        self.heroku.requests_to(API_HOST).len()
    }

    /// How many requests reached the git server.
    pub(crate) fn requests_to_the_git_host(&self) -> usize {
        self.heroku.requests_to(GIT_HOST).len()
    }
}

/// An answer that asks for a password where its status is one that does.
fn challenge(status: u16) -> Fault {
    let headers = match status {
        401 => vec!["WWW-Authenticate: Basic realm=\"Heroku\""],
        _ => Vec::new(),
    };
    Fault::Status(status, headers, String::new())
}
