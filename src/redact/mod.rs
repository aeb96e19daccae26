//! Removes secrets and personal data from a text. No other module knows what these look like.
//!
//! It is called for every text that we did not write, or that may be pasted in public: a server's message
//! (`heroku_api`), a trace, a report of `doctor`. It recognizes secrets by their form, and those that this
//! process knows in any encoding. The result is searched again, until nothing is left to hide.

mod forms;
mod names;
mod search;
mod view;

use std::fs;
use std::ops::Range;
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use crate::notice::shown;
use view::View;

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
    /// Emails and the home, but no guesses: an app's name may look random, and may be in a command that
    /// the user pastes. For a report.
    FormsAndPerson,
}

impl Hide {
    fn has_guesses(self) -> bool {
        match self {
            Hide::Secrets | Hide::SecretsAndPerson => true,
            Hide::FormsAndPerson => false,
        }
    }

    fn has_person(self) -> bool {
        match self {
            Hide::SecretsAndPerson | Hide::FormsAndPerson => true,
            Hide::Secrets => false,
        }
    }
}

/// Redacts the texts of one output: what [`Hide`] describes, and the secrets and home directories that it is given.
pub struct Redactor {
    hide: Hide,
    known: Known,
}

impl Redactor {
    /// Redacts by form only, until secrets and homes are added.
    pub fn new(hide: Hide) -> Redactor {
        Redactor {
            hide,
            known: Known::default(),
        }
    }

    /// Adds a secret. One of less than 8 bytes is ignored: it occurs by chance, and the gaps would reveal it.
    /// Heroku accepts no shorter password.
    pub fn add_secret(&mut self, secret: &str) {
        self.known.add_secret(secret);
    }

    /// Adds a home directory, and the directory to which its symbolic links lead; both are shown as `~`. A path
    /// without a separator is ignored.
    pub fn add_home(&mut self, home: &Path) {
        self.known.add_home(home);
    }

    /// The text on one line, as a terminal shows it, with a `…` for each part that was removed.
    ///
    /// To redact the result again changes nothing.
    pub fn redacted(&self, text: &str) -> String {
        redacted(text, self.hide, &self.known)
    }
}

/// The secrets and the home directories that this process knows.
#[derive(Default)]
struct Known {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    homes: Vec<Vec<u8>>,
}

impl Known {
    /// The shortest secret that is looked for, in bytes.
    const SHORTEST: usize = 8;

    fn add_secret(&mut self, secret: &str) {
        // A text is searched as a terminal shows it.
        for mut form in [secret.to_owned(), shown(secret)] {
            let bytes = form.as_bytes();
            let is_known = self.secrets.iter().any(|one| one.as_slice() == bytes);
            if bytes.len() >= Known::SHORTEST && !is_known {
                self.secrets.push(Zeroizing::new(bytes.to_vec()));
            }
            form.zeroize();
        }
    }

    fn add_home(&mut self, home: &Path) {
        for home in [Some(home.to_owned()), fs::canonicalize(home).ok()] {
            // As `Path::display` shows it, even if it is not UTF-8.
            let home = home.unwrap_or_default().to_string_lossy().into_owned();
            let home = shown(home.trim_end_matches('/'));
            if home.len() > 1 && home.contains(['/', '\\']) {
                self.homes.push(home.into_bytes());
            }
        }
    }
}

/// What replaces a removed part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replacement {
    Gap,
    Home,
}

impl Replacement {
    fn text(self) -> &'static str {
        match self {
            Replacement::Gap => "…",
            Replacement::Home => "~",
        }
    }
}

/// Bytes to remove.
#[derive(Debug)]
struct Found {
    range: Range<usize>,
    replacement: Replacement,
}

fn redacted(text: &str, hide: Hide, known: &Known) -> String {
    let mut text = Zeroizing::new(shown(text));
    // The loop ends: each round removes something, or adds the gap of a one-letter name before its @.
    loop {
        let mut next = Zeroizing::new(once(&text, hide, known));
        if next == text {
            return std::mem::take(&mut *next);
        }
        text = next;
    }
}

fn once(text: &str, hide: Hide, known: &Known) -> String {
    let bytes = text.as_bytes();
    let mut secrets = search::known_secrets(bytes, known);
    secrets.extend(search::uuids(bytes));
    for view in View::all(text) {
        let here = forms::found(view.bytes(), hide);
        secrets.extend(here.iter().map(|range| view.place(range)));
    }
    let homes = if hide.has_person() {
        search::homes(bytes, known)
    } else {
        Vec::new()
    };
    let replace = |ranges: Vec<Range<usize>>, replacement| {
        let ranges = ranges.into_iter();
        ranges.map(move |range| Found { range, replacement })
    };
    let mut found: Vec<Found> = replace(secrets, Replacement::Gap)
        .chain(replace(homes, Replacement::Home))
        .collect();
    found.sort_by_key(|one| (one.range.start, one.range.end));
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for gap in joined(found) {
        left.push_str(text.get(from..gap.range.start).unwrap_or_default());
        left.push_str(gap.replacement.text());
        from = gap.range.end;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// Parts that overlap or touch become one gap.
fn joined(sorted: Vec<Found>) -> Vec<Found> {
    let mut gaps: Vec<Found> = Vec::new();
    for one in sorted {
        match gaps.last_mut() {
            Some(last) if one.range.start <= last.range.end => {
                last.range.end = last.range.end.max(one.range.end);
                if one.replacement == Replacement::Gap {
                    last.replacement = Replacement::Gap;
                }
            }
            _ => gaps.push(one),
        }
    }
    gaps
}

#[cfg(test)]
mod tests;
