//! git's credential protocol: the request that git writes to us, the reply that we write to git.
//!
//! The reader and the writer are inverses of each other. The reader accepts bytes from anyone, so it limits
//! what it keeps, and its errors never contain a value that it read.
//!
//! Source: git's `git-credential` and `gitcredentials` pages, and `credential.c`.

mod lines;

use std::io::Read;

use jiff::Timestamp;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::token::Token;

use lines::Line;

/// What git asks a helper to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Answer with a credential.
    Get,
    /// A credential worked: keep it, if it is worth keeping.
    Store,
    /// A credential was rejected: remove it, if it is really dead.
    Erase,
    /// Say which parts of the protocol are spoken here.
    Capability,
}

impl Operation {
    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Operation> {
        match name {
            "get" => Some(Operation::Get),
            "store" => Some(Operation::Store),
            "erase" => Some(Operation::Erase),
            "capability" => Some(Operation::Capability),
            _ => None,
        }
    }
}

/// What a program answers to `capability`: the version of that answer, and `state`, by which we recognize our
/// own token when git hands it back.
///
/// Source: git's `git-credential` page, "CAPABILITY INPUT/OUTPUT FORMAT".
pub const CAPABILITIES: &[u8] = b"version 0\ncapability state\n";

/// The prefix that marks a `state[]` of ours; helpers must leave the state of others alone.
const STATE: &str = "heroku-rs:";

/// The `state[]` of a reply without a token.
pub const ASKED: &str = "asked";

/// What a `state[]` of ours says: how we answered the `get` to which this credential belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// We had no token, so that git went on to ask for one.
    Asked,
    /// We served the token.
    Served,
}

/// A request as git writes it. Only the fields that we use are kept; the rest is skipped.
#[derive(Debug, Default)]
pub struct Request {
    /// git's `protocol`: the scheme of the URL.
    pub scheme: Option<String>,
    /// The host as written in the URL, in any letter case, with its port if that was given.
    pub host: Option<String>,
    /// The user name; an empty one is none.
    pub username: Option<String>,
    /// The password, if it has the form of a Heroku token. Another password is of no use to us: it cannot
    /// be stored, and no token of ours is equal to it.
    pub password: Option<Token>,
    /// git announced that it hands `state[]` back.
    pub speaks_state: bool,
    /// What we said in `state[]` when we answered, if git hands that back.
    pub state: Option<State>,
    /// The credential is useful for a short time only, and must not be stored.
    pub is_ephemeral: bool,
}

impl Request {
    /// The largest request that is read, in bytes. git's own are below 1 kB plus the server's
    /// challenges, of which each may have 64 kB.
    pub const LARGEST: usize = 1024 * 1024;

    /// Reads a request, up to a blank line or the end of the stream.
    ///
    /// # Errors
    /// [`Malformed`]: nothing of the request may be acted on.
    pub fn read(input: &mut dyn Read) -> Result<Request, Malformed> {
        let bytes = lines::read(input, Request::LARGEST).map_err(|fault| Malformed {
            fault,
            line: 1,
            target: None,
        })?;
        Request::parse(&bytes)
    }

    /// Reads a request from its bytes.
    ///
    /// All lines end with LF, or all with CRLF: a reader that also ends them at a CR can be made to see a
    /// second `host` line. If a password's line has no end, the request was cut off, and a part of a
    /// password is ignored.
    ///
    /// # Errors
    /// As [`Request::read`].
    pub fn parse(bytes: &[u8]) -> Result<Request, Malformed> {
        let mut request = Request::default();
        for (index, line) in lines::split(bytes).enumerate() {
            line.and_then(|line| request.set_field(&line))
                .map_err(|fault| Malformed {
                    fault,
                    line: index + 1,
                    target: request.scheme.clone().zip(request.host.clone()),
                })?;
        }
        Ok(request)
    }

    fn set_field(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let equals = line.text.iter().position(|&byte| byte == b'=');
        let equals = equals.ok_or(Fault::NoEquals)?;
        let (key, value) = (&line.text[..equals], &line.text[equals + 1..]);
        match key {
            b"protocol" => once(&mut self.scheme, text(value)?)?,
            b"host" => once(&mut self.host, text(value)?)?,
            b"username" => {
                self.username = Some(text(value)?.to_owned()).filter(|name| !name.is_empty());
            }
            b"password" => {
                let token = Token::parse(text(value)?).ok();
                self.password = token.filter(|_| line.is_whole);
            }
            b"capability[]" => {
                self.speaks_state = value == b"state" || (self.speaks_state && !value.is_empty());
            }
            b"state[]" => match value.strip_prefix(STATE.as_bytes()) {
                Some(state) if state == ASKED.as_bytes() => self.state = Some(State::Asked),
                Some(_) => self.state = Some(State::Served),
                // An empty value resets the list; the state of another helper is ignored.
                None if value.is_empty() => self.state = None,
                None => {}
            },
            b"ephemeral" => {
                let no: [&[u8]; 5] = [b"", b"0", b"false", b"no", b"off"];
                self.is_ephemeral = !no.contains(&value.to_ascii_lowercase().as_slice());
            }
            _ => {}
        }
        Ok(())
    }

    /// The names of the fields that decide anything, without their values: for the trace.
    pub fn names(&self) -> String {
        let fields = [
            ("protocol", self.scheme.is_some()),
            ("host", self.host.is_some()),
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("capability[]", self.speaks_state),
            ("state[]", self.state.is_some()),
            ("ephemeral", self.is_ephemeral),
        ];
        let given = fields.iter().filter(|(_, is_given)| *is_given);
        let names: Vec<&str> = given.map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// A request that cannot be read. Says where and why, and never contains a value.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("line {line} {fault}")]
pub struct Malformed {
    fault: Fault,
    line: usize,
    /// The scheme and host read so far: an error is printed only for a request that is for Heroku.
    pub target: Option<(String, String)>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum Fault {
    #[error("exceeds the size limit of a request")]
    TooLarge,
    #[error("has no equals sign")]
    NoEquals,
    /// A value that we act on has a control character or is not text.
    #[error("contains an invalid character")]
    Character,
    /// Some lines end with CRLF and this one does not: the CR may belong to a value.
    #[error("does not end like the first line")]
    LineEnd,
    /// Two lines name different hosts or different protocols.
    #[error("contradicts an earlier line")]
    Contradiction,
    /// The stream broke.
    #[error("could not be read")]
    Unread,
}

/// A value that we act on: text without control characters.
fn text(value: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
        .ok_or(Fault::Character)
}

/// Sets a field that may be repeated only with the same value: a second host is an attack or a mistake.
fn once(place: &mut Option<String>, value: &str) -> Result<(), Fault> {
    if place.as_deref().is_some_and(|earlier| earlier != value) {
        return Err(Fault::Contradiction);
    }
    *place = Some(value.to_owned());
    Ok(())
}

/// What we answer to `get`.
#[derive(Debug)]
pub struct Reply<'a> {
    /// Never empty: git would send an empty password along with an empty user name.
    pub username: &'a str,
    /// What git sends as the password. Without it, git asks the user for just that.
    pub token: Option<&'a Token>,
    /// When the token expires, if that is known.
    pub expires: Option<Timestamp>,
    /// The token's source, or [`ASKED`], for git to hand back; only if git said that it does.
    pub state: Option<&'a str>,
}

impl Reply<'_> {
    /// The reply as git reads it, whole, with the blank line that ends it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * Token::LONGEST));
        let mut push = |key: &str, value: &str| {
            for part in [key, "=", value, "\n"] {
                bytes.extend_from_slice(part.as_bytes());
            }
        };
        if let Some(state) = self.state {
            push("capability[]", "state");
            push("state[]", &format!("{STATE}{state}"));
        }
        push("username", self.username);
        if let Some(token) = self.token {
            push("password", token.expose());
        }
        if let Some(expires) = self.expires {
            push("password_expiry_utc", &expires.as_second().to_string());
        }
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    use proptest::prelude::*;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn fault(bytes: &[u8]) -> Fault {
        Request::parse(bytes).unwrap_err().fault
    }

    #[test]
    fn a_request_of_git_is_read() {
        let bytes = format!(
            "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.heroku.com\n\
             username=ann\npassword={TOKEN}\nwwwauth[]=Basic realm=\"x\"\nstate[]=other:1\n\
             state[]=heroku-rs:keyring\n"
        );
        let request = Request::read(&mut bytes.as_bytes()).unwrap();
        assert_eq!(request.scheme.as_deref(), Some("https"));
        assert_eq!(request.host.as_deref(), Some("git.heroku.com"));
        assert_eq!(request.username.as_deref(), Some("ann"));
        assert_eq!(request.password.unwrap().expose(), TOKEN);
        assert_eq!(request.state, Some(State::Served));
        assert!(request.speaks_state);
    }

    #[test]
    fn a_blank_line_ends_a_request_with_either_line_end() {
        for bytes in ["host=a\n\nhost=b\n", "host=a\r\n\r\nhost=b\r\n"] {
            let request = Request::read(&mut bytes.as_bytes()).unwrap();
            assert_eq!(request.host.as_deref(), Some("a"));
        }
    }

    #[test]
    fn a_carriage_return_does_not_end_a_line() {
        let inside = b"host=a\rhost=git.heroku.com\n";
        assert_eq!(fault(inside), Fault::Character, "it is part of the value");
        let behind = b"protocol=https\nhost=git.heroku.com\r\n";
        assert_eq!(fault(behind), Fault::LineEnd, "it may be part of the value");
    }

    #[test]
    fn two_hosts_or_two_protocols_are_an_error() {
        assert_eq!(
            fault(b"host=git.heroku.com\nhost=evil.example\n"),
            Fault::Contradiction
        );
        assert_eq!(
            fault(b"protocol=https\nprotocol=http\n"),
            Fault::Contradiction
        );
        Request::parse(b"host=a\nhost=a\n").unwrap();
    }

    #[test]
    fn an_empty_user_name_is_none() {
        assert_eq!(Request::parse(b"username=\n").unwrap().username, None);
    }

    #[test]
    fn an_empty_item_resets_a_list() {
        let request =
            Request::parse(b"capability[]=state\ncapability[]=\nstate[]=heroku-rs:x\nstate[]=\n");
        let request = request.unwrap();
        assert!(!request.speaks_state);
        assert_eq!(request.state, None);
    }

    #[test]
    fn ephemeral_is_a_boolean_as_git_reads_one() {
        let read = |value: &str| {
            let line = format!("ephemeral={value}\n");
            Request::parse(line.as_bytes()).unwrap().is_ephemeral
        };
        assert!(["1", "true", "yes", "ON", "2"].into_iter().all(read));
        assert!(!["", "0", "False", "no", "off"].into_iter().any(read));
    }

    #[test]
    fn a_truncated_password_is_ignored() {
        let whole = format!("password={TOKEN}\n");
        for length in 0..whole.len() {
            let cut = &whole.as_bytes()[..length];
            let read = Request::parse(cut);
            assert!(
                read.is_err() || read.unwrap().password.is_none(),
                "{length}"
            );
        }
        let read = Request::parse(whole.as_bytes()).unwrap();
        assert!(read.password.is_some());
    }

    #[test]
    fn a_long_challenge_is_one_line() {
        let bytes = format!(
            "protocol=https\nwwwauth[]={}host=git.heroku.com\nhost=other.example\n",
            "x".repeat(65_536)
        );
        let request = Request::read(&mut bytes.as_bytes()).unwrap();
        assert_eq!(request.host.as_deref(), Some("other.example"));
    }

    #[test]
    fn an_endless_request_is_an_error() {
        let read = Request::read(&mut io::repeat(b'x'));
        assert_eq!(read.unwrap_err().fault, Fault::TooLarge);
    }

    #[test]
    fn an_error_never_contains_a_value() {
        let bytes = format!("host=git.heroku.com\npassword={TOKEN}\u{1}\n");
        let error = Request::parse(bytes.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 2 contains an invalid character");
        assert!(!format!("{error:?}").contains("89ab"));
    }

    #[test]
    fn a_reply_has_state_only_if_git_supports_it() {
        let token = Token::parse(TOKEN).unwrap();
        let reply = Reply {
            username: "heroku",
            token: Some(&token),
            expires: None,
            state: None,
        };
        let expected = format!("username=heroku\npassword={TOKEN}\n\n");
        assert_eq!(reply.to_bytes().as_slice(), expected.as_bytes());
    }

    proptest! {
        #[test]
        fn a_written_reply_is_read_back(name in "[a-z@.]{1,30}", token in "[!-~]{20,512}", state: bool) {
            let token = Token::parse(&token).unwrap();
            let expires = Timestamp::from_second(1_800_000_000).ok();
            let state = state.then_some("keyring");
            let reply = Reply { username: &name, token: Some(&token), expires, state };
            let read = Request::parse(&reply.to_bytes()).unwrap();
            prop_assert_eq!(read.username.as_deref(), Some(name.as_str()));
            prop_assert_eq!(read.password, Some(token));
            prop_assert_eq!(read.state, state.map(|_| State::Served));
        }

        #[test]
        fn any_bytes_are_a_request_or_an_error(bytes: Vec<u8>) {
            if let Ok(request) = Request::read(&mut bytes.as_slice()) {
                let values = [&request.scheme, &request.host, &request.username];
                let clean = |v: &&Option<String>| !v.iter().any(|v| v.chars().any(char::is_control));
                prop_assert!(values.iter().all(clean));
            }
        }
    }
}
