//! Which entries of a netrc file are Heroku's, and what they contain.
//!
//! If readers of netrc would use different passwords, there is a doubt, which names the line. Then nothing
//! is used, and nothing is removed.

use std::ops::Range;

use super::machines::Machines;
use super::scanner::{Doubt, Scanner, Value, Word};
use crate::hosts::Service;

/// An entry for one of Heroku's hosts.
pub(super) struct Entry {
    pub(super) service: Service,
    pub(super) line: usize,
    pub(super) login: Option<Value>,
    pub(super) password: Option<Value>,
    pub(super) account: Option<Value>,
    /// The first thing in it that readers disagree on.
    pub(super) doubt: Option<Doubt>,
    /// From `machine` to its last word.
    pub(super) span: Range<usize>,
    /// A macro follows. It belongs to this entry, and would run for the one above without it.
    pub(super) has_macro: bool,
}

/// Heroku's entries in a file, in order, and what decides where a new one can go.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) entries: Vec<Entry>,
    /// There is a `default` entry or a macro without an end: no reader looks for an entry after it.
    pub(super) is_closed: bool,
    /// The line of the first `default` entry.
    pub(super) default: Option<usize>,
}

/// Reads a file.
///
/// # Errors
/// A doubt about the whole file: after it nothing is certain.
pub(super) fn layout(bytes: &[u8], machines: &Machines) -> Result<Layout, Doubt> {
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Doubt {
            line: line_at(bytes, at),
            phrase: "a zero byte",
        });
    }
    let mut reader = Reader {
        scanner: Scanner::new(bytes),
        machines,
        current: None,
        layout: Layout::default(),
    };
    while let Some(word) = reader.scanner.keyword()? {
        reader.take(&word)?;
    }
    reader.layout.entries.extend(reader.current);
    Ok(reader.layout)
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|&byte| byte == b'\n').count()
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    machines: &'a Machines,
    current: Option<Entry>,
    layout: Layout,
}

impl Reader<'_> {
    /// Handles a word where a keyword is expected.
    fn take(&mut self, word: &Word) -> Result<(), Doubt> {
        match Keyword::from_word(word) {
            Some(Keyword::Machine) => {
                self.layout.entries.extend(self.current.take());
                let name = self.scanner.value()?.ok_or(Doubt {
                    line: word.line,
                    phrase: "a machine has no name",
                })?;
                let span = word.span.start..name.span.end;
                let ours = self.machines.service_of(&name.text);
                self.current = ours.map(|ours| Entry::new(ours, word.line, span));
            }
            Some(Keyword::Default) => {
                self.layout.entries.extend(self.current.take());
                self.layout.is_closed = true;
                self.layout.default.get_or_insert(word.line);
            }
            Some(Keyword::Macro) => self.take_macro()?,
            Some(Keyword::Field(field)) => self.take_field(Some(field), word)?,
            None => self.take_field(None, word)?,
        }
        Ok(())
    }

    fn take_macro(&mut self) -> Result<(), Doubt> {
        if let Some(entry) = &mut self.current {
            entry.has_macro = true;
        }
        self.layout.entries.extend(self.current.take());
        self.scanner.value()?;
        self.layout.is_closed |= !self.scanner.skip_macro();
        Ok(())
    }

    fn take_field(&mut self, field: Option<Field>, word: &Word) -> Result<(), Doubt> {
        let value = match field {
            Some(_) => self.scanner.value()?,
            None => None,
        };
        let Some(entry) = &mut self.current else {
            return Ok(());
        };
        entry.span.end = value.as_ref().unwrap_or(word).span.end;
        match (field, value) {
            (None, _) => entry.doubt(word.line, "an unknown word"),
            (Some(_), None) => entry.doubt(word.line, "a value is missing"),
            (Some(field), Some(value)) => entry.set(field, value),
        }
        Ok(())
    }
}

/// A word with a meaning where a keyword is expected.
#[derive(Clone, Copy)]
enum Keyword {
    Machine,
    Default,
    Macro,
    Field(Field),
}

impl Keyword {
    /// In any letter case, and never in quotes. The comparison makes no copy: the word may be a password
    /// in the wrong place.
    fn from_word(word: &Word) -> Option<Keyword> {
        const ALL: [(&[u8], Keyword); 13] = [
            (b"machine", Keyword::Machine),
            (b"default", Keyword::Default),
            (b"macdef", Keyword::Macro),
            (b"login", Keyword::Field(Field::Login)),
            (b"user", Keyword::Field(Field::Login)),
            (b"password", Keyword::Field(Field::Password)),
            (b"passwd", Keyword::Field(Field::Password)),
            (b"account", Keyword::Field(Field::Account)),
            (b"port", Keyword::Field(Field::Port)),
            (b"protocol", Keyword::Field(Field::Port)),
            (b"path", Keyword::Field(Field::Path)),
            (b"method", Keyword::Field(Field::Ignored)),
            (b"org", Keyword::Field(Field::Ignored)),
        ];
        let mut named = ALL
            .iter()
            .filter(|(name, _)| !word.quoted && word.text.eq_ignore_ascii_case(name));
        named.next().map(|(_, keyword)| *keyword)
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
    /// Old Heroku CLIs wrote these; no program reads them.
    Ignored,
}

impl Entry {
    fn new(service: Service, line: usize, span: Range<usize>) -> Entry {
        Entry {
            service,
            line,
            span,
            has_macro: false,
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
                "a value with a character that programs read differently",
            );
        }
        let place = match field {
            Field::Login => &mut self.login,
            Field::Password => &mut self.password,
            Field::Account => &mut self.account,
            Field::Port if matches!(value.text.as_slice(), b"443" | b"https") => return,
            Field::Port => return self.doubt(value.line, "the entry is for another port"),
            Field::Path => return self.doubt(value.line, "the entry is for one path only"),
            Field::Ignored => return,
        };
        if place.replace(value.text).is_some() {
            self.doubt(value.line, "a field is set twice");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The password of the one entry of ours, or the doubt.
    fn read(text: &str) -> Result<Option<String>, Doubt> {
        let mut found = layout(text.as_bytes(), &Machines::production())?.entries;
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
            let _ = layout(&bytes, &Machines::production());
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
            let _ = layout(words.join(" ").as_bytes(), &Machines::production());
        }
    }
}
