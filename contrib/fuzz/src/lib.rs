//! Fuzz targets: for each parser of bytes from outside, the promises that hold for any bytes.
//!
//! A target parses its bytes as the program would, calls every method of the result, and panics if a
//! promise is broken. `tests/promises.rs` runs each target on its corpus and on mutants of it; `run`
//! searches for more inputs with libFuzzer, guided by coverage.

#![allow(
    clippy::missing_panics_doc,
    reason = "a target panics if a promise is broken"
)]

mod api_replies;
mod bus;
mod docker;
mod files;
mod hosts;
mod keyring;
mod mutation;
mod netrc;
mod process;
mod request;

pub use mutation::Mutator;

/// A token that the targets know.
const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

/// A parser of bytes from outside, and the check of its promises.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its corpus.
    pub name: &'static str,
    /// Panics if these bytes break a promise.
    pub check: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 17] = [
    target("request", request::check),
    target("netrc", netrc::check),
    target("docker", docker::check),
    target("docker-config", docker::check_config),
    target("login", files::check_login),
    target("alias", files::check_alias),
    target("token-metadata", files::check_token_metadata),
    target("settings", files::check_settings),
    target("api-replies", api_replies::check),
    target("keyring", keyring::check),
    target("bus-address", bus::check_address),
    target("bus-authentication", bus::check_authentication),
    target("encrypted-netrc", netrc::check_encrypted),
    target("environment", process::check_environment),
    target("arguments", process::check_arguments),
    target("headers", process::check_user_headers),
    target("hosts", hosts::check),
];

const fn target(name: &'static str, check: fn(&[u8])) -> Target {
    Target { name, check }
}

fn known_token() -> git_credential_heroku_rs::token::Token {
    git_credential_heroku_rs::token::Token::parse(TOKEN).expect("a valid token")
}
