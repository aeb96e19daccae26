//! docker's credential protocol: what docker writes to a helper, and the replies that docker recognizes.
//!
//! As with git, the request is on stdin and the reply on stdout, but they are JSON, and errors are printed to
//! stdout too. docker compares their text, so the three errors that it recognizes have its exact words.
//!
//! Source: docker's credential helpers, `credentials.go`, `error.go` and `client.go`.

use std::io::Read;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::secret_buf::SecretBuf;
use crate::token::{NotAToken, Token};

/// The name under which docker starts us: `docker-credential-` and the value in `credHelpers`.
pub const PROGRAM: &str = "docker-credential-heroku-rs";

/// The user name that goes to Heroku's registry with a token.
///
/// Source: Heroku's Dev Center, "Container Registry & Runtime", logging in.
pub const USERNAME: &str = "_";

/// The largest request that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// A failure that docker recognizes by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no credential: docker continues without one.
    #[error("credentials not found in native keychain")]
    NotFound,
    /// The request names no server.
    #[error("no credentials server URL")]
    NoServer,
    /// The request to store a credential names no user.
    #[error("no credentials username")]
    NoUsername,
    /// The request cannot be read. The error contains none of it, since it may contain a secret.
    #[error("the request is not valid")]
    Unreadable,
}

/// A credential that docker wants to store.
#[derive(Debug)]
pub struct Offered {
    /// The registry's name, as docker calls it.
    pub server: String,
    /// The user name that was typed.
    pub username: String,
    /// The password, or why it is not a Heroku token.
    pub token: Result<Token, NotAToken>,
}

/// Reads the name of a server: `get` and `erase` have nothing else on stdin.
///
/// # Errors
/// [`Refusal::NoServer`] if it is empty, [`Refusal::Unreadable`] if it is not text.
pub fn server(input: &mut dyn Read) -> Result<String, Refusal> {
    let bytes = SecretBuf::read_all(input, LARGEST).map_err(|_| Refusal::Unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::Unreadable)?;
    match text.trim() {
        "" => Err(Refusal::NoServer),
        server => Ok(server.to_owned()),
    }
}

/// Reads a credential to store.
///
/// # Errors
/// [`Refusal`]. It never contains a part of the request.
pub fn offered(input: &mut dyn Read) -> Result<Offered, Refusal> {
    #[derive(Deserialize)]
    struct Written {
        #[serde(rename = "ServerURL", default)]
        server: String,
        #[serde(rename = "Username", default)]
        username: String,
        #[serde(rename = "Secret", default)]
        secret: String,
    }
    let bytes = SecretBuf::read_all(input, LARGEST).map_err(|_| Refusal::Unreadable)?;
    let written: Written = serde_json::from_slice(&bytes).map_err(|_| Refusal::Unreadable)?;
    let secret = Zeroizing::new(written.secret);
    if written.server.is_empty() {
        return Err(Refusal::NoServer);
    }
    if written.username.is_empty() {
        return Err(Refusal::NoUsername);
    }
    Ok(Offered {
        server: written.server,
        username: written.username,
        token: Token::parse(&secret),
    })
}

/// The reply to `get`. It names the server as docker did.
pub fn credential(server: &str, token: &Token) -> Zeroizing<Vec<u8>> {
    let quoted = |text: &str| Zeroizing::new(serde_json::Value::from(text).to_string());
    let parts = [
        r#"{"ServerURL":"#,
        &quoted(server),
        r#","Username":"#,
        &quoted(USERNAME),
        // A token is printable and has no blank; it may have a quote or a backslash.
        r#","Secret":"#,
        &quoted(token.expose()),
        "}\n",
    ];
    let mut reply = Zeroizing::new(Vec::with_capacity(
        parts.iter().map(|part| part.len()).sum(),
    ));
    for part in parts {
        reply.extend_from_slice(part.as_bytes());
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn read(json: &str) -> Result<Offered, Refusal> {
        offered(&mut json.as_bytes())
    }

    #[test]
    fn the_whole_of_stdin_is_the_server() {
        let read = |text: &str| server(&mut text.as_bytes());
        assert_eq!(read("registry.heroku.com").unwrap(), "registry.heroku.com");
        assert_eq!(
            read(" registry.heroku.com\n").unwrap(),
            "registry.heroku.com"
        );
        assert_eq!(read("\n").unwrap_err(), Refusal::NoServer);
        assert_eq!(server(&mut &b"\xff"[..]).unwrap_err(), Refusal::Unreadable);
    }

    #[test]
    fn a_credential_needs_a_server_and_a_user() {
        let refusal = |json| read(json).unwrap_err();
        assert_eq!(
            refusal(r#"{"Username":"_","Secret":"x"}"#),
            Refusal::NoServer
        );
        let no_user = r#"{"ServerURL":"r","Username":"","Secret":"x"}"#;
        assert_eq!(refusal(no_user), Refusal::NoUsername);
        let offered = read(r#"{"ServerURL":"r","Username":"_","Secret":"x"}"#).unwrap();
        assert_eq!(offered.token, Err(NotAToken::Length));
    }

    #[test]
    fn an_error_contains_nothing_of_the_input() {
        for json in [
            TOKEN.to_owned(),
            format!("{{\"ServerURL\":\"r\",\"Username\":\"_\",\"Secret\":\"{TOKEN}"),
            format!("{{\"ServerURL\":\"r\",\"Username\":\"_\",\"Secret\":[\"{TOKEN}\"]}}"),
            format!("{{\"ServerURL\":7,\"Secret\":\"{TOKEN}\"}}"),
            "x".repeat(70_000),
        ] {
            let refusal = read(&json).unwrap_err();
            assert_eq!(refusal, Refusal::Unreadable);
            assert!(!refusal.to_string().contains("HRKU"));
        }
    }

    proptest! {
        #[test]
        fn our_reply_can_be_read_back_as_docker_reads_it(
            server in "[ -~]{1,40}",
            token in "[!-~]{20,80}",
        ) {
            let token = Token::parse(&token).unwrap();
            let offered = offered(&mut credential(&server, &token).as_slice()).unwrap();
            prop_assert_eq!(offered.server, server);
            prop_assert_eq!(offered.username, USERNAME);
            prop_assert_eq!(offered.token.unwrap(), token);
        }

        #[test]
        fn no_request_causes_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = server(&mut bytes.as_slice());
            let _ = offered(&mut bytes.as_slice());
        }
    }
}
