//! What must hold for any bytes whatsoever that a reader of ours is given.
//!
//! A target reads its bytes as the program would, calls everything that can be asked of the
//! result, and panics where a promise does not hold. `tests/promises.rs` runs each on its corpus and
//! on mutants of it; `run` lets libFuzzer look for more, guided by coverage.

#![allow(
    clippy::missing_panics_doc,
    reason = "a target is a promise: it panics where that does not hold"
)]

mod answers;
mod bus;
mod docker;
mod files;
mod hosts;
mod keyring;
mod mutation;
mod netrc;
mod request;
mod surroundings;

pub use mutation::Mutator;

/// A token that the targets know.
const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

/// A reader of outside bytes, and what must hold for it.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its corpus.
    pub name: &'static str,
    /// Panics where a promise does not hold for these bytes.
    pub holds: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 17] = [
    target("request", request::holds),
    target("netrc", netrc::holds),
    target("docker", docker::holds),
    target("docker-config", docker::config_holds),
    target("login", files::login_holds),
    target("alias", files::alias_holds),
    target("known", files::known_holds),
    target("settings", files::settings_hold),
    target("answers", answers::hold),
    target("keyring", keyring::holds),
    target("bus-address", bus::address_holds),
    target("bus-welcome", bus::lets_in_holds),
    target("encrypted-netrc", netrc::encrypted_holds),
    target("environment", surroundings::environment_holds),
    target("arguments", surroundings::arguments_hold),
    target("headers", surroundings::headers_of_a_person_hold),
    target("hosts", hosts::hold),
];

const fn target(name: &'static str, holds: fn(&[u8])) -> Target {
    Target { name, holds }
}

fn known_token() -> git_credential_heroku_rs::token::Token {
    git_credential_heroku_rs::token::Token::parse(TOKEN).expect("it has the form of one")
}
