//! Which words of a netrc file are live, and which of them are Heroku's.
//!
//! There is no standard, and every reader has its own: curl, Python, the Heroku CLI and Go differ on
//! comments, quotes and macros. This one takes what they agree on, and where they would read
//! different passwords it is in doubt, names the line, and takes nothing. It works on bytes, since
//! a foreign entry in another encoding must not hide ours. No error carries a word of the file.

use zeroize::Zeroizing;

use crate::hosts::Service;

/// A line that cannot be read one way only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {phrase}")]
pub(super) struct Doubt {
    pub(super) line: usize,
    pub(super) phrase: &'static str,
}

/// An entry for one of Heroku's hosts.
pub(super) struct Entry {
    pub(super) service: Service,
    pub(super) line: usize,
    pub(super) login: Option<Value>,
    pub(super) password: Option<Value>,
    pub(super) account: Option<Value>,
    /// The first thing in it that readers disagree on.
    pub(super) doubt: Option<Doubt>,
}

/// A value of an entry. It may be a password, so it is wiped.
pub(super) type Value = Zeroizing<Vec<u8>>;

/// The entries of Heroku's hosts, in the order of the file.
///
/// # Errors
/// A doubt that covers the whole file: past it nothing is sure.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Doubt> {
    let mut scanner = Scanner::new(bytes);
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Doubt {
            line: line_at(bytes, at),
            phrase: "there is a zero byte",
        });
    }
    let mut found = Vec::new();
    let mut current = None;
    while let Some(word) = scanner.keyword()? {
        scanner.take(&word, &mut current, &mut found)?;
    }
    found.extend(current);
    Ok(found)
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|&byte| byte == b'\n').count()
}

/// A word of the file.
struct Word {
    text: Value,
    line: usize,
    quoted: bool,
    /// Readers disagree on what this word is.
    doubt: Option<&'static str>,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8]) -> Scanner<'a> {
        let mark = bytes.starts_with(b"\xef\xbb\xbf");
        Scanner {
            bytes,
            at: if mark { 3 } else { 0 },
            line: 1,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes blanks and line ends; says whether the word that follows opens its line.
    fn skip_blanks(&mut self) -> bool {
        let mut opens = self.at == 0 || self.bytes[self.at - 1] == b'\n';
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => {}
                b'\n' => {
                    opens = true;
                    self.line += 1;
                }
                _ => break,
            }
            self.at += 1;
        }
        opens
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// The next word in a keyword's place, where `#` opens a comment.
    fn keyword(&mut self) -> Result<Option<Word>, Doubt> {
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Ok(None),
                Some(b'#') => self.skip_line(),
                Some(_) => return self.word().map(Some),
            }
        }
    }

    /// The next word in a value's place, where `#` is data: but at the start of a line it may be
    /// either.
    fn value(&mut self) -> Result<Option<Word>, Doubt> {
        let opens = self.skip_blanks();
        let comment = self.peek() == Some(b'#');
        match self.peek() {
            None => Ok(None),
            Some(_) => self.word().map(|mut word| {
                if opens && comment {
                    word.doubt = Some("a comment stands where a value belongs");
                }
                Some(word)
            }),
        }
    }

    fn word(&mut self) -> Result<Word, Doubt> {
        let line = self.line;
        if self.peek() == Some(b'"') {
            return self.quoted(line);
        }
        let start = self.at;
        while self.peek().is_some_and(|byte| !is_blank(byte)) {
            self.at += 1;
        }
        let text = Zeroizing::new(self.bytes[start..self.at].to_vec());
        let doubt = text
            .contains(&b'\\')
            .then_some("there is a backslash outside quotes");
        Ok(Word {
            text,
            line,
            quoted: false,
            doubt,
        })
    }

    fn quoted(&mut self, line: usize) -> Result<Word, Doubt> {
        let open = Doubt {
            line,
            phrase: "a quote is not closed on its line",
        };
        let rest = &self.bytes[self.at..];
        let mut text = Zeroizing::new(Vec::with_capacity(rest.len().min(1024)));
        let mut doubt = None;
        self.at += 1;
        loop {
            let byte = self.peek().filter(|&byte| byte != b'\n').ok_or(open)?;
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    let escaped = self.peek().filter(|&byte| byte != b'\n').ok_or(open)?;
                    self.at += 1;
                    if b"nrt".contains(&escaped) {
                        doubt = Some("there is an escape that readers take for different bytes");
                    }
                    text.push(escaped);
                }
                byte => text.push(byte),
            }
        }
        if self.peek().is_some_and(|byte| !is_blank(byte)) {
            doubt = Some("text follows right behind a quote");
            while self.peek().is_some_and(|byte| !is_blank(byte)) {
                self.at += 1;
            }
        }
        Ok(Word {
            text,
            line,
            quoted: true,
            doubt,
        })
    }

    /// Swallows a macro: whole lines, up to an empty one.
    fn skip_macro(&mut self) {
        self.skip_line();
        while self.at < self.bytes.len() {
            self.at += 1;
            self.line += 1;
            let start = self.at;
            self.skip_line();
            if matches!(&self.bytes[start..self.at], b"" | b"\r") {
                return;
            }
        }
    }

    /// Acts on a word in a keyword's place.
    fn take(
        &mut self,
        word: &Word,
        current: &mut Option<Entry>,
        found: &mut Vec<Entry>,
    ) -> Result<(), Doubt> {
        let keyword = match word.quoted {
            true => Vec::new(),
            false => word.text.to_ascii_lowercase(),
        };
        match keyword.as_slice() {
            b"machine" => {
                found.extend(current.take());
                let name = self.value()?.ok_or(Doubt {
                    line: word.line,
                    phrase: "a machine has no name",
                })?;
                *current = service_of(&name).map(|service| Entry::new(service, word.line));
            }
            b"default" => found.extend(current.take()),
            b"macdef" => {
                found.extend(current.take());
                self.value()?;
                self.skip_macro();
            }
            name => self.take_field(name, word.line, current.as_mut())?,
        }
        Ok(())
    }

    fn take_field(
        &mut self,
        name: &[u8],
        line: usize,
        current: Option<&mut Entry>,
    ) -> Result<(), Doubt> {
        let field = Field::named(name);
        let value = match field {
            Some(_) => self.value()?,
            None => None,
        };
        let Some(entry) = current else {
            return Ok(());
        };
        match (field, value) {
            (None, _) => entry.doubt(line, "there is a word that means nothing here"),
            (Some(_), None) => entry.doubt(line, "a value is missing"),
            (Some(field), Some(value)) => entry.set(field, value),
        }
        Ok(())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whose name this is: the very names, in any letter case. No suffix, no port.
fn service_of(name: &Word) -> Option<Service> {
    let is = |host: &str| name.text.eq_ignore_ascii_case(host.as_bytes());
    if is("git.heroku.com") {
        Some(Service::Git)
    } else {
        is("api.heroku.com").then_some(Service::Api)
    }
}

/// A keyword with a value.
#[derive(Clone, Copy)]
enum Field {
    Login,
    Password,
    Account,
    Port,
    Path,
    /// Old Heroku CLIs wrote these; nobody reads them.
    Ignored,
}

impl Field {
    fn named(name: &[u8]) -> Option<Field> {
        match name {
            b"login" | b"user" => Some(Field::Login),
            b"password" | b"passwd" => Some(Field::Password),
            b"account" => Some(Field::Account),
            b"port" | b"protocol" => Some(Field::Port),
            b"path" => Some(Field::Path),
            b"method" | b"org" => Some(Field::Ignored),
            _ => None,
        }
    }
}

impl Entry {
    fn new(service: Service, line: usize) -> Entry {
        Entry {
            service,
            line,
            login: None,
            password: None,
            account: None,
            doubt: None,
        }
    }

    fn doubt(&mut self, line: usize, phrase: &'static str) {
        self.doubt.get_or_insert(Doubt { line, phrase });
    }

    fn set(&mut self, field: Field, value: Word) {
        if let Some(phrase) = value.doubt {
            self.doubt(value.line, phrase);
        }
        if !value.text.iter().all(u8::is_ascii_graphic) {
            self.doubt(
                value.line,
                "a value has a character that readers treat differently",
            );
        }
        let place = match field {
            Field::Login => &mut self.login,
            Field::Password => &mut self.password,
            Field::Account => &mut self.account,
            Field::Port if matches!(value.text.as_slice(), b"443" | b"https") => return,
            Field::Port => return self.doubt(value.line, "it is for another port"),
            Field::Path => return self.doubt(value.line, "it is for one path only"),
            Field::Ignored => return,
        };
        if place.replace(value.text).is_some() {
            self.doubt(value.line, "a field stands there twice");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The password of the one entry of ours, or the doubt.
    fn read(text: &str) -> Result<Option<String>, Doubt> {
        let mut found = entries(text.as_bytes())?;
        assert!(found.len() < 2, "one entry of ours at most");
        let Some(entry) = found.pop() else {
            return Ok(None);
        };
        match entry.doubt {
            Some(doubt) => Err(doubt),
            None => Ok(entry
                .password
                .map(|p| String::from_utf8_lossy(&p).into_owned())),
        }
    }

    #[test]
    fn what_readers_agree_on_is_read() {
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
    fn what_is_not_live_is_not_read() {
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
    fn what_readers_disagree_on_is_a_doubt_with_its_line() {
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
            ("machine git.heroku.com path /a password O", 1),
            ("machine x password y\nmachine", 2),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_in_doubt(bytes: Vec<u8>) {
            let _ = entries(&bytes);
        }

        #[test]
        fn words_of_the_format_are_read_or_in_doubt(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "machine", "git.heroku.com", "login", "password", "macdef", "default", "#",
                    "\"", "\\", "\n", "\n\n", "\r\n", "a", "port",
                ]),
                0..30,
            ),
        ) {
            let _ = entries(words.join(" ").as_bytes());
        }
    }
}
