//! What went wrong, in the two lines that a person reads: what happened and why, then the mend.

use std::fmt;

/// A failure as it is told to a person. `Display` gives it whole, without the program's name.
///
/// Two lines at most, lower case, no full stop on the first; the mend is a command that can be
/// pasted or a place to look. Never a secret in either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Notice {
    what: String,
    fix: String,
    kind: Kind,
}

/// What a failure means to the program that started us: its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It did not work.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// It needs a login, and there is none. The exit code is that of gh.
    NotLoggedIn,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotLoggedIn => 4,
        }
    }
}

impl Notice {
    /// What happened and why, in one line; and what mends it, in one more (may be empty).
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Notice {
        Notice {
            what: shown(&what.into()),
            fix: shown(&fix.into()),
            kind: Kind::Failed,
        }
    }

    /// The same problem, of another kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Notice {
        Notice { kind, ..self }
    }

    /// What the problem means to the program that started us.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened and why, in one line.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What mends it, in one line; empty where nothing can be done.
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.fix.is_empty() {
            return Ok(());
        }
        write!(f, "\n  {}", self.fix)
    }
}

/// A failure that has been told already: only its exit code is left to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("told already")]
pub struct Told(pub Kind);

/// Texts from servers and files are told on a terminal: control characters are taken out, so that
/// none can move the cursor, colour the screen or add a line of its own.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A text of others on one line, as a terminal shows it: without characters that it does not show
/// but that change how it shows the rest, such as those that turn the direction of writing.
pub fn shown(text: &str) -> String {
    let mut line = one_line(text);
    line.retain(|c| !is_unseen(c));
    line
}

/// Whether a terminal does not show this character, but may show others differently for it: a
/// control character, one that turns the direction of writing, one without a width.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_two_lines_whatever_is_in_it() {
        let notice = Notice::new("the app \u{1b}[2J\r\nhas gone", "look\nthere");
        assert_eq!(notice.to_string(), "the app  [2J  has gone\n  look there");
    }

    #[test]
    fn a_text_of_others_draws_nothing_but_itself() {
        let text = "lap\u{1b}[2Jtop\u{202e}\u{200b}\t\u{9b}31m\u{feff}é";
        assert_eq!(shown(text), "lap [2Jtop  31mé");
    }

    #[test]
    fn no_mend_no_second_line() {
        assert_eq!(Notice::new("all is lost", "").to_string(), "all is lost");
    }
}
