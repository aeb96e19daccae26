//! Which words of a netrc file are outside of comments and macros.
//!
//! There is no standard: curl, Python, the Heroku CLI and Go differ on comments, quotes and macros. This
//! scanner accepts what they agree on, and marks what they do not. It works on bytes, since an entry of
//! another program in another encoding must not hide ours.

use std::ops::Range;

use zeroize::Zeroizing;

/// A line that can be read in more than one way. It never contains a word of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {phrase}")]
pub struct Doubt {
    /// The line, counted from 1.
    pub line: usize,
    /// What is in doubt there.
    pub phrase: &'static str,
}

/// The text of a word. It may be a password, so it is wiped.
pub(super) type Value = Zeroizing<Vec<u8>>;

/// A word of the file.
pub(super) struct Word {
    pub(super) text: Value,
    pub(super) line: usize,
    pub(super) quoted: bool,
    /// Its position in the file, including quotes.
    pub(super) span: Range<usize>,
    /// Readers disagree on what this word is.
    pub(super) doubt: Option<&'static str>,
}

/// Reads a file word by word.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the first word; a byte order mark is not one.
    pub(super) fn new(bytes: &'a [u8]) -> Scanner<'a> {
        Scanner {
            bytes,
            at: after_mark(bytes),
            line: 1,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips blanks and line ends; returns whether the next word is the first on its line.
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

    /// The next word where a keyword is expected, and where `#` begins a comment.
    pub(super) fn keyword(&mut self) -> Result<Option<Word>, Doubt> {
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Ok(None),
                Some(b'#') => self.skip_line(),
                Some(_) => return self.word().map(Some),
            }
        }
    }

    /// The next word where a value is expected, and where `#` is data. At the start of a line it may be
    /// either.
    pub(super) fn value(&mut self) -> Result<Option<Word>, Doubt> {
        let opens = self.skip_blanks();
        let comment = self.peek() == Some(b'#');
        match self.peek() {
            None => Ok(None),
            Some(_) => self.word().map(|mut word| {
                if opens && comment {
                    word.doubt = Some("a comment in place of a value");
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
            .then_some("a backslash outside quotes");
        Ok(Word {
            text,
            line,
            quoted: false,
            span: start..self.at,
            doubt,
        })
    }

    fn quoted(&mut self, line: usize) -> Result<Word, Doubt> {
        let open = Doubt {
            line,
            phrase: "a quote is not closed on its line",
        };
        let start = self.at;
        let rest = &self.bytes[start..];
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
                        doubt = Some("an escape that programs read differently");
                    }
                    text.push(escaped);
                }
                byte => text.push(byte),
            }
        }
        if self.peek().is_some_and(|byte| !is_blank(byte)) {
            doubt = Some("text directly after a closing quote");
            while self.peek().is_some_and(|byte| !is_blank(byte)) {
                self.at += 1;
            }
        }
        Ok(Word {
            text,
            line,
            quoted: true,
            span: start..self.at,
            doubt,
        })
    }

    /// Skips a macro: whole lines, up to an empty one. Returns whether there was an empty line: without
    /// one, everything after the macro's start is part of it.
    pub(super) fn skip_macro(&mut self) -> bool {
        self.skip_line();
        while self.at < self.bytes.len() {
            self.at += 1;
            self.line += 1;
            let start = self.at;
            self.skip_line();
            if matches!(&self.bytes[start..self.at], b"" | b"\r") && self.at < self.bytes.len() {
                return true;
            }
        }
        false
    }
}

/// Where the text begins: after a byte order mark, if there is one.
pub(super) fn after_mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
