//! Removes secrets and personal data from a text. No other module knows what these look like.
//!
//! It is called for every text that we did not write, or that may be pasted in public: a server's message
//! (`heroku_api`), a trace, a report of `doctor`. It recognizes secrets by their form, and those that this
//! process knows in any encoding. The result is searched again, until nothing is left to hide.

mod forms;
mod reading;

use std::fs;
use std::mem;
use std::ops::Range;
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use crate::notice::{GAP, shown};
use reading::{Reading, places};

/// What is removed from a text.
///
/// Always: known secrets in plain text, in hex, in base64 or encoded as in a URL; Heroku's tokens and UUIDs; what
/// follows `Basic` or `Bearer`; a password in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// And anything as long and as random as a token. For a server's message to its own user.
    Secrets,
    /// The same, and emails and the home. For a trace, which may be pasted in public.
    SecretsAndPerson,
    /// No more than what is always removed: a path may look random. For git's configuration, shown to its own user.
    Forms,
    /// Emails and the home, but no guesses: an app's name may look random, and may be in a command that
    /// the user pastes. For a report.
    FormsAndPerson,
}

/// What is shown for the home directory.
const HOME: &str = "~";

/// Redacts the texts of one output: what [`Hide`] describes, and the secrets and home directories that it is given.
pub struct Redactor {
    hide: Hide,
    secrets: Vec<Zeroizing<Vec<u8>>>,
    homes: Vec<Vec<u8>>,
}

/// Bytes to remove, and what is shown for them.
struct Found {
    range: Range<usize>,
    shown: &'static str,
}

impl Redactor {
    /// Redacts by form only, until secrets and homes are added.
    pub fn new(hide: Hide) -> Redactor {
        Redactor {
            hide,
            secrets: Vec::new(),
            homes: Vec::new(),
        }
    }

    /// Adds a secret. One of less than 8 bytes is ignored: it occurs by chance, and the gaps would reveal it.
    /// Heroku accepts no shorter password.
    pub fn add_secret(&mut self, secret: &str) {
        const SHORTEST: usize = 8;
        // A text is searched as a terminal shows it.
        for mut form in [secret.to_owned(), shown(secret)] {
            let bytes = form.as_bytes();
            let is_known = self.secrets.iter().any(|one| one.as_slice() == bytes);
            if bytes.len() >= SHORTEST && !is_known {
                self.secrets.push(Zeroizing::new(bytes.to_vec()));
            }
            form.zeroize();
        }
    }

    /// Adds a home directory, and the directory to which its symbolic links lead; both are shown as `~`. A path
    /// without a separator is ignored.
    pub fn add_home(&mut self, home: &Path) {
        for home in [Some(home.to_owned()), fs::canonicalize(home).ok()] {
            // As `Path::display` shows it, even if it is not UTF-8.
            let home = home.unwrap_or_default().to_string_lossy().into_owned();
            let home = shown(home.trim_end_matches('/'));
            if home.len() > 1 && home.contains(['/', '\\']) {
                self.homes.push(home.into_bytes());
            }
        }
    }

    /// The text on one line, as a terminal shows it, with a `…` for each part that was removed.
    ///
    /// To redact the result again changes nothing.
    pub fn redacted(&self, text: &str) -> String {
        let mut text = Zeroizing::new(shown(text));
        // The loop ends: each round removes something, or adds the gap of a one-letter name before its @.
        loop {
            let mut next = Zeroizing::new(self.redacted_once(&text));
            if next == text {
                return mem::take(&mut *next);
            }
            text = next;
        }
    }

    fn redacted_once(&self, text: &str) -> String {
        let mut left = String::with_capacity(text.len());
        let mut from = 0;
        let mut found = self.found(text.as_bytes()).into_iter().peekable();
        while let Some(mut gap) = found.next() {
            // Parts that overlap or touch become one gap.
            while let Some(next) = found.next_if(|next| next.range.start <= gap.range.end) {
                gap.range.end = gap.range.end.max(next.range.end);
                if next.shown == GAP {
                    gap.shown = GAP;
                }
            }
            left.push_str(text.get(from..gap.range.start).unwrap_or_default());
            left.push_str(gap.shown);
            from = gap.range.end;
        }
        left.push_str(text.get(from..).unwrap_or_default());
        left
    }

    /// What is to be removed, in the order of the text.
    fn found(&self, text: &[u8]) -> Vec<Found> {
        let has_guesses = matches!(self.hide, Hide::Secrets | Hide::SecretsAndPerson);
        let has_person = matches!(self.hide, Hide::SecretsAndPerson | Hide::FormsAndPerson);
        let mut gaps = forms::uuids(text);
        for secret in &self.secrets {
            // An HTML form encodes a blank as `+`.
            let is = |byte: u8, secret: u8| byte == secret || (byte == b'+' && secret == b' ');
            gaps.extend(places(text, secret, is));
        }
        for reading in Reading::all(text) {
            let bytes = &reading.bytes;
            let here = [
                forms::encoded(bytes, |decoded| self.has_secret(decoded)),
                forms::tokens(bytes, has_guesses),
                forms::credentials_of_headers(bytes),
                forms::before_an_at(bytes, has_person),
            ];
            gaps.extend(here.iter().flatten().map(|range| reading.place(range)));
        }
        let gaps = gaps.into_iter().map(|range| Found { range, shown: GAP });
        let homes = self.homes.iter().filter(|_| has_person);
        // git for Windows shows a path with slashes.
        let is = |byte: u8, of_home: u8| byte == of_home || (byte == b'/' && of_home == b'\\');
        let homes = homes.flat_map(|home| places(text, home, is));
        let homes = homes.map(|range| Found { range, shown: HOME });
        let mut found: Vec<Found> = gaps.chain(homes).collect();
        found.sort_by_key(|one| (one.range.start, one.range.end));
        found
    }

    /// Whether a decoded text has a secret in it.
    fn has_secret(&self, decoded: &[u8]) -> bool {
        let contains = |secret: &[u8]| decoded.windows(secret.len()).any(|part| part == secret);
        forms::has_token(decoded) || self.secrets.iter().any(|secret| contains(secret))
    }
}

#[cfg(test)]
mod tests;
