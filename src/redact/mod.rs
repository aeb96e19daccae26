//! Takes out of a text what is nobody else's business: the one place that knows what that looks like.
//!
//! Called for whatever was not written by us, or may be pasted in public: a server's words
//! (`platform_api`), a trace, what `doctor` found. It knows secrets by their form, and those that this
//! process holds in any form; and it looks again at what comes out, until nothing is left to hide.

mod forms;
mod names;
mod view;

use std::fs;
use std::ops::Range;
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use crate::notice::shown;
use view::View;

/// What is taken out of a text.
///
/// Always: what [`Known`] has in plain text, in hex, in base64 or encoded as in a URL; Heroku's
/// tokens and UUIDs; what follows `Basic` or `Bearer`; a password in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// And whatever is as long as a token and looks as random: a server's words to their person.
    Secrets,
    /// The same, and who and where: emails and the home. A trace, which is pasted in public.
    SecretsAndPerson,
    /// Emails and the home, but no guesses: an app's name may look random, and a command that is to
    /// be pasted has it. A report.
    FormsAndPerson,
}

impl Hide {
    fn guesses(self) -> bool {
        match self {
            Hide::Secrets | Hide::SecretsAndPerson => true,
            Hide::FormsAndPerson => false,
        }
    }

    fn person(self) -> bool {
        match self {
            Hide::SecretsAndPerson | Hide::FormsAndPerson => true,
            Hide::Secrets => false,
        }
    }
}

/// What this process knows to be nobody else's business.
#[derive(Clone, Default)]
pub struct Known {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    homes: Vec<Vec<u8>>,
}

impl Known {
    /// The shortest secret that is looked for, in bytes: a shorter one turns up by chance, and its
    /// gaps would tell it. Heroku takes no shorter password.
    pub const SHORTEST: usize = 8;

    /// Nothing but these secrets.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Known {
        let mut known = Known::default();
        for secret in secrets {
            known.add_secret(secret);
        }
        known
    }

    /// Knows one more secret.
    pub fn add_secret(&mut self, secret: &str) {
        // A text is looked through as a terminal shows it.
        for mut form in [secret.to_owned(), shown(secret)] {
            let bytes = form.as_bytes();
            let is_known = self.secrets.iter().any(|one| one.as_slice() == bytes);
            if bytes.len() >= Known::SHORTEST && !is_known {
                self.secrets.push(Zeroizing::new(bytes.to_vec()));
            }
            form.zeroize();
        }
    }

    /// Knows a home, and where its links lead; both are shown as `~`. One without a separator in it
    /// is none.
    pub fn add_home(&mut self, home: &Path) {
        for home in [Some(home.to_owned()), fs::canonicalize(home).ok()] {
            // As `Path::display` shows it, also where it is no UTF-8.
            let home = home.unwrap_or_default().to_string_lossy().into_owned();
            let home = shown(home.trim_end_matches('/'));
            if home.len() > 1 && home.contains(['/', '\\']) {
                self.homes.push(home.into_bytes());
            }
        }
    }
}

/// What stands in the place of what was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stead {
    Gap,
    Home,
}

impl Stead {
    fn text(self) -> &'static str {
        match self {
            Stead::Gap => "…",
            Stead::Home => "~",
        }
    }
}

/// Bytes that are to go.
#[derive(Debug)]
struct Found {
    range: Range<usize>,
    stead: Stead,
}

impl Found {
    fn gap(range: Range<usize>) -> Found {
        let stead = Stead::Gap;
        Found { range, stead }
    }
}

/// The text on one line, as a terminal shows it, with a `…` for each thing that was taken out.
///
/// What comes out comes out of it again unchanged.
pub fn redacted(text: &str, hide: Hide, known: &Known) -> String {
    let mut text = Zeroizing::new(shown(text));
    // It ends: each round takes something out, or puts the gap of a name of one letter before its @.
    loop {
        let mut next = Zeroizing::new(once(&text, hide, known));
        if next == text {
            return std::mem::take(&mut *next);
        }
        text = next;
    }
}

fn once(text: &str, hide: Hide, known: &Known) -> String {
    let mut found = Vec::new();
    for view in View::all(text) {
        let here = forms::found(view.bytes(), hide, known);
        found.extend(here.into_iter().map(|one| Found {
            range: view.place(&one.range),
            ..one
        }));
    }
    found.sort_by_key(|one| (one.range.start, one.range.end));
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for gap in joined(found) {
        left.push_str(text.get(from..gap.range.start).unwrap_or_default());
        left.push_str(gap.stead.text());
        from = gap.range.end;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// What overlaps or touches is one gap.
fn joined(sorted: Vec<Found>) -> Vec<Found> {
    let mut gaps: Vec<Found> = Vec::new();
    for one in sorted {
        match gaps.last_mut() {
            Some(last) if one.range.start <= last.range.end => {
                last.range.end = last.range.end.max(one.range.end);
                if one.stead == Stead::Gap {
                    last.stead = Stead::Gap;
                }
            }
            _ => gaps.push(one),
        }
    }
    gaps
}

#[cfg(test)]
mod tests;
