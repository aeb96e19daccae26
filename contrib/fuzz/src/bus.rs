//! The address of the session bus, and its authentication.

use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::keyring::secret_service::addresses;
use git_credential_heroku_rs::keyring::{Missing, Unavailable};
use rustix::net::SocketAddrUnix;

use crate::keyring;

/// `DBUS_SESSION_BUS_ADDRESS`: only sockets of this machine are tried, with exactly these names.
pub(crate) fn check_address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let expected: Vec<SocketAddrUnix> = text.split(';').filter_map(first_socket).collect();
    match read(text) {
        Ok(found) => assert_eq!(found, expected),
        Err(Unavailable::RemoteBus) => assert!(expected.is_empty()),
        Err(why) => {
            assert_eq!(why, Unavailable::NoKeyring(Missing::Bus));
            assert!(expected.is_empty() && names_no_bus(text));
        }
    }
    for address in expected {
        let (key, name) = if let Some(name) = address.abstract_name() {
            ("abstract", name)
        } else {
            let path = address.path_bytes().unwrap_or_default();
            // rustix counts the NUL after a path of the greatest length.
            ("path", path.strip_suffix(b"\0").unwrap_or(path))
        };
        let escape = |text: String, byte: &u8| format!("{text}%{byte:02x}");
        let escaped = name.iter().fold(String::new(), escape);
        assert_eq!(
            read(&format!("unix:{key}={escaped}")),
            Ok(vec![address.clone()])
        );
    }
}

fn read(text: &str) -> Result<Vec<SocketAddrUnix>, Unavailable> {
    addresses(&Environment {
        bus_address: Some(text.to_owned()),
        ..Environment::default()
    })
}

/// Whether libdbus takes every address to mean "no bus".
fn names_no_bus(text: &str) -> bool {
    let none = ["disabled:", "autolaunch:"];
    text.split(';').all(|address| {
        ["", "/dev/null"].contains(&address) || none.iter().any(|none| address.starts_with(none))
    })
}

/// The first socket that an address names, found without the program's own parser.
///
/// Source: D-Bus specification, "Server Addresses".
fn first_socket(address: &str) -> Option<SocketAddrUnix> {
    let mut first = None;
    for pair in address.strip_prefix("unix:")?.split(',') {
        let (key, value) = pair.split_once('=')?;
        let name = decoded(value.as_bytes());
        let socket = match key {
            "path" => SocketAddrUnix::new(name),
            "abstract" => SocketAddrUnix::new_abstract_name(&name),
            _ => continue,
        };
        first = first.or(socket.ok());
    }
    first
}

/// A `%` without two hex digits after it is kept.
fn decoded(value: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        let digits = value.get(at + 1..at + 3).filter(|_| byte == b'%');
        let decoded = digits.and_then(|two| Some(digit(two[0])? * 16 + digit(two[1])?));
        at += if decoded.is_some() { 3 } else { 1 };
        bytes.push(decoded.unwrap_or(byte));
    }
    bytes
}

/// The bus's side of the authentication: nothing is read before its `OK`. It may send `DATA` before that.
pub(crate) fn check_authentication(bytes: &[u8]) {
    // The maximum length of a line.
    const LONGEST: usize = 512;
    let mut line = bytes;
    while let Some(rest) = line.strip_prefix(b"DATA\r\n") {
        line = rest;
    }
    let found = keyring::search(bytes);
    let has_ended = line.windows(2).any(|pair| pair == b"\r\n");
    if has_ended && line.starts_with(b"OK ") {
        return;
    }
    let why = found.expect_err("the bus did not accept us");
    if has_ended || line.len() <= LONGEST {
        let is_rejected = matches!(why, Unavailable::Broken(_) | Unavailable::BusOfAnotherUser);
        assert!(is_rejected, "{why:?}");
    }
}
