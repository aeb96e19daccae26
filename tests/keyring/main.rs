//! The keyring against a real gnome-keyring, in every state that one can be in.

#![cfg(all(unix, not(target_os = "macos")))]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts programs, writes files and fails loudly on purpose"
)]

mod bus;
mod session;
mod shared_items;
mod unavailability;

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::token::Token;

const ANN: &str = "ann@example.com";

fn ann() -> Account {
    Account::parse(ANN).unwrap()
}

/// A token of its own for each number.
fn token(number: u32) -> Token {
    Token::parse(&format!("HRKU-01234567-89ab-cdef-0123-{number:012x}")).unwrap()
}
