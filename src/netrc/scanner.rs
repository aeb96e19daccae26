//! Which words of a netrc file are live.
//!
//! There is no standard, and every reader has its own: curl, Python, the Heroku CLI and Go differ on
//! comments, quotes and macros. This scanner takes what they agree on, and marks what they do not.
//! It works on bytes, since a foreign entry in another encoding must not hide ours.

use std::ops::Range;

use zeroize::Zeroizing;

/// A line that cannot be read one way only. It never carries a word of the file.
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
    /// Where it stands in the file, quotes included.
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
    /// From the first word on; a byte order mark is none.
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

    /// The next word in a value's place, where `#` is data: but at the start of a line it may be
    /// either.
    pub(super) fn value(&mut self) -> Result<Option<Word>, Doubt> {
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
            span: start..self.at,
            doubt,
        })
    }

    /// Swallows a macro: whole lines, up to an empty one. Says whether there was one: what is
    /// written behind a macro without end is part of it.
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

/// Where the text begins: behind a byte order mark.
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
