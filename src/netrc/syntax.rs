//! Which entries a netrc file has.
//!
//! There is no standard: curl, Python, the Heroku CLI and Go differ on comments, quotes and macros. This parser
//! accepts what they agree on. What they do not agree on is a doubt, which names the line. It works on bytes, since
//! an entry of another program in another encoding must not hide ours.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use crate::files::byte_order_mark;
use crate::hosts::HerokuHost;
use crate::secret_buf::SecretBuf;
use crate::token::Token;

/// The most entries for hosts of Heroku's that are kept: more would take more memory than a push may.
const MOST_ENTRIES: usize = 10_000;

/// The longest word that is read, in bytes: sixteen times that of curl. Each copy of a word would take as much memory.
const LONGEST_WORD: usize = 64 * 1024;

/// A line that can be read in more than one way. It never contains a word of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {phrase}")]
pub struct Doubt {
    /// The line, counted from 1.
    pub line: usize,
    /// What is in doubt there.
    pub phrase: &'static str,
}

impl Doubt {
    pub(super) fn new(line: usize, phrase: &'static str) -> Doubt {
        Doubt { line, phrase }
    }
}

/// What the text of a netrc file says.
#[derive(Default)]
pub(super) struct Syntax {
    /// Its entries for hosts that may be Heroku's, in order.
    pub(super) entries: Vec<RawEntry>,
    /// A hash of the values of all others. They are not kept: a file may have a million of them.
    others: DefaultHasher,
    /// There is a `default` entry or a macro without an end: no reader looks for an entry after it.
    pub(super) is_closed: bool,
    /// The line of the first `default` entry.
    pub(super) default: Option<usize>,
}

/// An entry as it is in the file.
pub(super) struct RawEntry {
    /// The name of its host.
    name: SecretBuf,
    pub(super) line: usize,
    pub(super) login: Option<SecretBuf>,
    pub(super) password: Option<SecretBuf>,
    pub(super) account: Option<SecretBuf>,
    /// The first thing in it that readers disagree on. It matters only if the entry is Heroku's.
    pub(super) doubt: Option<Doubt>,
    /// From `machine` to its last word.
    pub(super) span: Range<usize>,
    /// A macro follows. It belongs to this entry, and would run for the one above without it.
    pub(super) has_macro: bool,
}

/// Parses a file.
///
/// # Errors
/// A doubt about the whole file: after it nothing is certain.
pub(super) fn parse(bytes: &[u8]) -> Result<Syntax, Doubt> {
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Doubt::new(1 + line_ends(&bytes[..at]), "a zero byte"));
    }
    let mut scanner = Scanner::new(bytes);
    let mut syntax = Syntax::default();
    // The one that the next words belong to.
    let mut entry: Option<RawEntry> = None;
    while let Some(word) = scanner.keyword()? {
        let keyword = known_keyword(&word);
        match keyword {
            Some("machine") => {
                let doubt = Doubt::new(word.line, "a machine has no name");
                let name = scanner.value()?.ok_or(doubt)?;
                syntax.add(entry.replace(RawEntry::new(&word, name)))?;
            }
            Some("default") => {
                syntax.is_closed = true;
                syntax.default.get_or_insert(word.line);
                syntax.add(entry.take())?;
            }
            Some("macdef") => {
                if let Some(entry) = &mut entry {
                    entry.has_macro = true;
                }
                syntax.add(entry.take())?;
                scanner.value()?;
                syntax.is_closed |= !scanner.skip_macro();
            }
            Some(_) | None => {
                let value = match keyword {
                    Some(_) => scanner.value()?,
                    None => None,
                };
                if let Some(entry) = &mut entry {
                    entry.add(&word, keyword, value);
                }
            }
        }
    }
    syntax.add(entry)?;
    Ok(syntax)
}

/// The keyword that a word is: in any letter case, and never in quotes. The comparison makes no copy, since the word
/// may be a password in the wrong place.
fn known_keyword(word: &Word) -> Option<&'static str> {
    const KEYWORDS: [&str; 13] = [
        "machine", "default", "macdef", "login", "user", "password", "passwd", "account", "port",
        "protocol", "path", "method", "org",
    ];
    let is_it = |name: &&str| !word.is_quoted && word.text.eq_ignore_ascii_case(name.as_bytes());
    KEYWORDS.into_iter().find(is_it)
}

impl Syntax {
    /// Adds an entry that is complete.
    fn add(&mut self, entry: Option<RawEntry>) -> Result<(), Doubt> {
        let Some(entry) = entry else {
            return Ok(());
        };
        if !HerokuHost::may_have_name(&entry.name) {
            entry.values().hash(&mut self.others);
        } else if self.entries.len() < MOST_ENTRIES {
            self.entries.push(entry);
        } else {
            let phrase = "more than 10,000 entries for Heroku's hosts";
            return Err(Doubt::new(entry.line, phrase));
        }
        Ok(())
    }

    /// A number that is the same for two files whose other entries have the same values.
    pub(super) fn others(&self) -> u64 {
        self.others.finish()
    }

    /// The entries for these hosts.
    pub(super) fn entries_for(&self, hosts: &[HerokuHost]) -> impl Iterator<Item = &RawEntry> {
        let entries = self.entries.iter();
        entries.filter(|entry| hosts.iter().any(|host| entry.is_for(host)))
    }

    /// Whether there are entries for these hosts, and all have this token.
    pub(super) fn has_only(&self, token: &Token, hosts: &[HerokuHost]) -> bool {
        let mut entries = self.entries_for(hosts).peekable();
        entries.peek().is_some() && entries.all(|entry| entry.has(token))
    }
}

impl RawEntry {
    fn new(machine: &Word, name: Word) -> RawEntry {
        RawEntry {
            line: machine.line,
            span: machine.span.start..name.span.end,
            doubt: name.doubt,
            name: name.text,
            login: None,
            password: None,
            account: None,
            has_macro: false,
        }
    }

    /// Adds a keyword and its value, or an unknown word.
    fn add(&mut self, word: &Word, keyword: Option<&str>, value: Option<Word>) {
        self.span.end = value.as_ref().unwrap_or(word).span.end;
        let (keyword, value) = match (keyword, value) {
            (None, _) => return self.doubt(word.line, "an unknown word"),
            (Some(_), None) => return self.doubt(word.line, "a value is missing"),
            (Some(keyword), Some(value)) => (keyword, value),
        };
        if let Some(doubt) = value.doubt {
            self.doubt.get_or_insert(doubt);
        }
        if !value.text.iter().all(u8::is_ascii_graphic) {
            let phrase = "a value with a character that programs read differently";
            self.doubt(value.line, phrase);
        }
        let field = match keyword {
            "login" | "user" => &mut self.login,
            "password" | "passwd" => &mut self.password,
            "account" => &mut self.account,
            "port" | "protocol" if matches!(&*value.text, b"443" | b"https") => return,
            "port" | "protocol" => return self.doubt(value.line, "the entry is for another port"),
            "path" => return self.doubt(value.line, "the entry is for one path only"),
            // Old Heroku CLIs wrote `method` and `org`; no program reads them.
            _ => return,
        };
        if field.replace(value.text).is_some() {
            self.doubt(value.line, "a field is set twice");
        }
    }

    fn doubt(&mut self, line: usize, phrase: &'static str) {
        self.doubt.get_or_insert(Doubt::new(line, phrase));
    }

    /// Whether it is for this host: only for the exact name, in any letter case. No suffix and no port.
    pub(super) fn is_for(&self, host: &HerokuHost) -> bool {
        self.name.eq_ignore_ascii_case(host.name().as_bytes())
    }

    /// Whether it has this token as its password.
    pub(super) fn has(&self, token: &Token) -> bool {
        let password = self.password.as_deref();
        password.is_some_and(|password| password == token.expose().as_bytes())
    }

    /// Whether it has this token, or may have it: if readers disagree on the entry, the token may be anywhere in it.
    pub(super) fn may_have(&self, token: &Token, file: &[u8]) -> bool {
        let token_text = token.expose().as_bytes();
        let mut parts = file[self.span.clone()].windows(token_text.len());
        self.has(token) || (self.doubt.is_some() && parts.any(|part| part == token_text))
    }

    /// What it says.
    pub(super) fn values(&self) -> [Option<&[u8]>; 4] {
        let (login, password) = (self.login.as_deref(), self.password.as_deref());
        [Some(&self.name), login, password, self.account.as_deref()]
    }
}

/// A word outside of comments and macros.
struct Word {
    /// It may be a password.
    text: SecretBuf,
    line: usize,
    is_quoted: bool,
    /// Its position in the file, including quotes.
    span: Range<usize>,
    /// Readers disagree on what this word is.
    doubt: Option<Doubt>,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8]) -> Scanner<'a> {
        Scanner {
            bytes,
            at: byte_order_mark(bytes),
            line: 1,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next_on_line(&mut self) -> Option<u8> {
        let byte = self.peek().filter(|&byte| byte != b'\n')?;
        self.at += 1;
        Some(byte)
    }

    fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| !is_part(byte));
        let part = &rest[..length.unwrap_or(rest.len())];
        self.at += part.len();
        part
    }

    fn skip_blanks(&mut self) {
        let blanks = self.take_while(is_blank);
        self.line += line_ends(blanks);
    }

    fn rest_of_line(&mut self) -> &'a [u8] {
        self.take_while(|byte| byte != b'\n')
    }

    /// The next word where a keyword is expected, and where `#` begins a comment.
    fn keyword(&mut self) -> Result<Option<Word>, Doubt> {
        self.skip_blanks();
        while self.peek() == Some(b'#') {
            self.rest_of_line();
            self.skip_blanks();
        }
        self.word()
    }

    /// The next word where a value is expected, and where `#` is data. At the start of a line it may be either.
    fn value(&mut self) -> Result<Option<Word>, Doubt> {
        let keyword_line = self.line;
        self.skip_blanks();
        let may_be_comment = self.peek() == Some(b'#') && self.line > keyword_line;
        let mut word = self.word()?;
        if let Some(word) = word.as_mut().filter(|_| may_be_comment) {
            word.doubt = Some(Doubt::new(word.line, "a comment in place of a value"));
        }
        Ok(word)
    }

    fn word(&mut self) -> Result<Option<Word>, Doubt> {
        let (start, line) = (self.at, self.line);
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        let is_quoted = first == b'"';
        let (text, doubt) = if is_quoted {
            self.quoted()?
        } else {
            let text = self.take_while(|byte| !is_blank(byte));
            self.check_length(text)?;
            let has_escape = text.contains(&b'\\');
            let doubt = has_escape.then_some("a backslash outside quotes");
            (SecretBuf::from(text.to_vec()), doubt)
        };
        Ok(Some(Word {
            text,
            line,
            is_quoted,
            span: start..self.at,
            doubt: doubt.map(|phrase| Doubt::new(line, phrase)),
        }))
    }

    fn quoted(&mut self) -> Result<(SecretBuf, Option<&'static str>), Doubt> {
        let open = Doubt::new(self.line, "a quote is not closed on its line");
        let (mut text, mut doubt) = (SecretBuf::default(), None);
        self.at += 1;
        loop {
            let mut byte = self.next_on_line().ok_or(open)?;
            if byte == b'"' {
                break;
            }
            if byte == b'\\' {
                byte = self.next_on_line().ok_or(open)?;
                if b"nrt".contains(&byte) {
                    doubt = Some("an escape that programs read differently");
                }
            }
            text.extend_from_slice(&[byte]);
            self.check_length(&text)?;
        }
        if !self.take_while(|byte| !is_blank(byte)).is_empty() {
            doubt = Some("text directly after a closing quote");
        }
        Ok((text, doubt))
    }

    fn check_length(&self, word: &[u8]) -> Result<(), Doubt> {
        if word.len() <= LONGEST_WORD {
            return Ok(());
        }
        Err(Doubt::new(self.line, "a word of more than 64 KiB"))
    }

    /// Skips a macro: whole lines, up to an empty one. Returns whether there was an empty line: without one,
    /// everything after the macro's start is part of it.
    fn skip_macro(&mut self) -> bool {
        self.rest_of_line();
        while self.at < self.bytes.len() {
            self.at += 1;
            self.line += 1;
            let line = self.rest_of_line();
            if matches!(line, b"" | b"\r") && self.at < self.bytes.len() {
                return true;
            }
        }
        false
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.split(|&byte| byte == b'\n').count() - 1
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Service;
    use proptest::prelude::*;

    fn git() -> HerokuHost {
        HerokuHost::production(Service::Git)
    }

    /// The password of our only entry, or the ambiguity.
    fn read(text: &str) -> Result<Option<String>, Doubt> {
        let syntax = parse(text.as_bytes())?;
        let ours: Vec<&RawEntry> = syntax.entries_for(&[git()]).collect();
        let [entry] = ours.as_slice() else {
            assert!(ours.is_empty(), "at most one entry is ours");
            return Ok(None);
        };
        let text = |password: &SecretBuf| String::from_utf8_lossy(password).into_owned();
        match entry.doubt {
            Some(doubt) => Err(doubt),
            None => Ok(entry.password.as_ref().map(text)),
        }
    }

    #[test]
    fn entries_that_all_readers_parse_alike_are_read() {
        for text in [
            "machine git.heroku.com login ann@example.com password G",
            "machine git.heroku.com\n  login ann@example.com\n  password G\n",
            "machine git.heroku.com\n  login a\n  password G\n  method interactive\n",
            "machine\ngit.heroku.com\nlogin\na\npassword\nG\n",
            "machine  git.heroku.com \t login   a  password    G",
            "machine git.heroku.com user a password G",
            "machine git.heroku.com password G",
            "machine git.heroku.com login a\r\npassword G\r\n",
            "\u{feff}machine git.heroku.com login a password G",
            "MACHINE GIT.HEROKU.COM LOGIN a PASSWORD G",
            "default login x password y\nmachine git.heroku.com login a password G",
            "machine git.heroku.com\n# a comment\nlogin a password G",
            "machine git.heroku.com login a password G # old password O",
            "machine git.heroku.com login a password \"G\"",
            "machine git.heroku.com login a password G port 443",
            "macdef up\nput größe\n\nmachine git.heroku.com login a password G",
            "macdef up\r\nput x\r\n\r\nmachine git.heroku.com login a password G",
            "machine x login y z password w\nmachine git.heroku.com password G",
        ] {
            assert_eq!(read(text).unwrap().as_deref(), Some("G"), "{text:?}");
        }
    }

    #[test]
    fn comments_macros_and_other_hosts_are_not_read() {
        for text in [
            "",
            "# machine git.heroku.com login a password O",
            "macdef init\nmachine git.heroku.com password O\n\n",
            "macdef init\nx\n \nmachine git.heroku.com password O\n",
            "machine other.example login \"machine git.heroku.com password O\" password x",
            "machine git.heroku.com:8443 password O",
            "machine x.git.heroku.com password O",
            "default login a password O",
        ] {
            assert_eq!(read(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn entries_that_readers_parse_differently_are_ambiguous_with_their_line() {
        for (text, line) in [
            ("machine git.heroku.com port 8443 password O", 1),
            ("machine git.heroku.com password\n# O\n", 2),
            ("x \"\nmachine git.heroku.com password O", 1),
            ("machine git.heroku.com password \"G\\n\"", 1),
            ("machine git.heroku.com password G\\x", 1),
            ("machine git.heroku.com\nlogin password O", 2),
            ("machine git.heroku.com login a b password O", 1),
            ("machine git.heroku.com password O\npassword G", 2),
            ("machine git.heroku.com password O\0", 1),
            ("machine git.heroku.com password é", 1),
            ("machine git.heroku.com password \"G\"x", 1),
            ("machine \"git.heroku.com\"x password G", 1),
            ("machine git.heroku.com path /a password O", 1),
            ("machine x password y\nmachine", 2),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn entries_of_other_programs_are_compared_by_their_words() {
        let others = |text: &str| {
            let syntax = parse(text.as_bytes()).unwrap();
            assert_eq!(syntax.entries.len(), 1, "{text:?}");
            syntax.others()
        };
        let text = "machine a login b password c\nmachine api.heroku.com password G\nmachine d";
        assert_eq!(others(text), others(&text.replace('\n', " ")));
        for (old, new) in [
            ("machine a", "machine x"),
            ("login b", "account b"),
            ("c\n", "C\n"),
            ("machine d", ""),
        ] {
            assert_ne!(others(text), others(&text.replace(old, new)), "{old}");
        }
    }

    #[test]
    fn too_many_entries_are_ambiguous() {
        let text = |count| "machine git.heroku.com\n".repeat(count);
        assert!(parse(text(MOST_ENTRIES).as_bytes()).is_ok());
        let doubt = parse(text(MOST_ENTRIES + 1).as_bytes()).err();
        assert_eq!(doubt.map(|doubt| doubt.line), Some(MOST_ENTRIES + 1));
    }

    #[test]
    fn a_word_that_is_too_long_is_ambiguous() {
        for quote in ["", "\""] {
            let text = |length| format!("machine x\npassword {quote}{}{quote}", "x".repeat(length));
            assert!(parse(text(LONGEST_WORD).as_bytes()).is_ok());
            let doubt = parse(text(LONGEST_WORD + 1).as_bytes()).err();
            assert_eq!(doubt.map(|doubt| doubt.line), Some(2), "{quote}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_ambiguous(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_words_of_the_format_are_parsed_or_ambiguous(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "machine", "git.heroku.com", "login", "password", "macdef", "default", "#",
                    "\"", "\\", "\n", "\n\n", "\r\n", "a", "port",
                ]),
                0..30,
            ),
        ) {
            let _ = parse(words.join(" ").as_bytes());
        }
    }
}
