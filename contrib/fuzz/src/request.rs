//! git's requests to a helper, and the replies: the token is only sent for Heroku.

use git_credential_heroku_rs::account::Verdict;
use git_credential_heroku_rs::context::Context;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::helper::git as git_helper;
use git_credential_heroku_rs::notice::Notice;
use git_credential_heroku_rs::protocol::{Operation, Request};

use crate::{TOKEN, known_token};

pub(crate) fn check(bytes: &[u8]) {
    let context = Context::new(Environment {
        api_key: Some(Ok(known_token())),
        ..Environment::default()
    });
    let mut reply = Vec::new();
    let notice = answer(Operation::Get, bytes, &mut reply, &context);
    let serves = reply
        .windows(TOKEN.len())
        .any(|run| run == TOKEN.as_bytes());
    assert!(!serves || is_for_heroku(bytes), "a token for another host");
    if serves {
        assert!(
            notice.is_none(),
            "a warning although there is only one source"
        );
    } else {
        assert!(reply.is_empty(), "an incomplete answer");
    }
    if !reply.is_empty() {
        let pairs = parse_as_git(&reply);
        let value = |key: &str| {
            let found = pairs.iter().find(|(other, _)| other == key);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("password"), Some(TOKEN));
        assert!(value("username").is_some_and(|name| !name.is_empty()));
        for (key, _) in &pairs {
            let ours = ["capability[]", "state[]", "username", "password"];
            assert!(
                ours.contains(&key.as_str()),
                "a key that git did not ask for"
            );
        }
    }
    if let Some(notice) = notice {
        assert!(names_a_heroku_host(bytes), "a notice for another host");
        assert!(!notice.to_string().contains(TOKEN));
    }
    let quiet = Context::new(Environment::default());
    let _ = answer(Operation::Store, bytes, &mut reply, &quiet);
    let _ = git_helper::answer(
        Operation::Erase,
        &mut &*bytes,
        &mut reply,
        &quiet,
        |_, _| panic!("there is no token to ask about"),
    );
    let _ = answer(Operation::Erase, bytes, &mut reply, &context);
    check_split_input(bytes);
}

/// Answers a request of git. Heroku rejects every token.
fn answer(
    operation: Operation,
    bytes: &[u8],
    reply: &mut Vec<u8>,
    context: &Context,
) -> Option<Notice> {
    git_helper::answer(operation, &mut &*bytes, reply, context, |_, _| {
        Verdict::Rejected
    })
}

/// A request that is read in small pieces gives the same result.
fn check_split_input(bytes: &[u8]) {
    let whole = Request::parse(bytes);
    let read = Request::read(&mut SmallReads(bytes));
    match (&whole, &read) {
        (Ok(whole), Ok(read)) => assert_eq!(format!("{whole:?}"), format!("{read:?}")),
        (Err(whole), Err(read)) => assert_eq!(whole, read),
        // Both stop at the first blank line, so errors after it do not matter.
        _ => panic!("only one of them accepts the request"),
    }
    if let Err(malformed) = whole {
        assert!(!malformed.to_string().contains("HRKU"));
    }
}

struct SmallReads<'a>(&'a [u8]);

impl std::io::Read for SmallReads<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let few = buffer.len().min(3);
        self.0.read(&mut buffer[..few])
    }
}

/// The lines of a request, found without the program's own parser.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take_while(|line| !line.is_empty())
}

fn values<'a>(bytes: &'a [u8], key: &'a [u8]) -> impl Iterator<Item = Vec<u8>> + 'a {
    lines(bytes)
        .filter_map(move |line| line.strip_prefix(key)?.strip_prefix(b"="))
        .map(<[u8]>::to_ascii_lowercase)
}

/// Whether all lines have the same line end. A CR after only some lines may belong to their values.
fn has_one_line_end(bytes: &[u8]) -> bool {
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let mut ends = lines
        .take_while(|line| !matches!(*line, b"\n" | b"\r\n"))
        .filter(|line| line.ends_with(b"\n") || line.ends_with(b"\r"))
        .map(|line| (line.ends_with(b"\r\n"), line.ends_with(b"\r")));
    let Some(first) = ends.next() else {
        return true;
    };
    !first.1 && ends.all(|end| end == first)
}

/// Whether every `protocol` is https, every `host` is the same one of Heroku's, and there is at least one of each.
fn is_for_heroku(bytes: &[u8]) -> bool {
    let ours: [&[u8]; 4] = [
        b"git.heroku.com",
        b"git.heroku.com:443",
        b"api.heroku.com",
        b"api.heroku.com:443",
    ];
    let mut hosts: Vec<_> = values(bytes, b"host").collect();
    hosts.dedup();
    let schemes: Vec<_> = values(bytes, b"protocol").collect();
    let https = !schemes.is_empty() && schemes.iter().all(|scheme| scheme == b"https");
    https && has_one_line_end(bytes) && hosts.len() == 1 && ours.contains(&hosts[0].as_slice())
}

/// Some line names one of Heroku's hosts, so a notice about the request is allowed.
fn names_a_heroku_host(bytes: &[u8]) -> bool {
    values(bytes, b"host").any(|host| {
        let host = host.strip_suffix(b":443").unwrap_or(&host);
        host == b"git.heroku.com" || host == b"api.heroku.com"
    })
}

/// The keys and values of an answer, by the rules of git's own reader.
///
/// Source: `credential_read` in git's `credential.c`.
fn parse_as_git(reply: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(reply).expect("an answer is text");
    assert!(text.ends_with("\n\n"), "an answer ends with a blank line");
    assert!(!text.contains(['\r', '\0']), "git rejects these");
    let lines: Vec<_> = text
        .split('\n')
        .take_while(|line| !line.is_empty())
        .collect();
    let length: usize = lines.iter().map(|line| line.len() + 1).sum();
    assert_eq!(length + 1, text.len(), "nothing follows the blank line");
    let pair = |line: &&str| {
        let (key, value) = line
            .split_once('=')
            .expect("git rejects a line without one");
        (key.to_owned(), value.to_owned())
    };
    lines.iter().map(pair).collect()
}
