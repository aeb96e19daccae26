//! Decides whether a helper starts this program, by reading its value as git and its shell do. No other
//! module decides this.

use std::path::Path;

use super::{OUR_NAME, Setting};

/// The program's name.
pub const PROGRAM: &str = "git-credential-heroku-rs";

/// What a helper value is to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelperKind {
    /// It starts this program.
    ThisProgram,
    /// It means this program, and git does not find it that way.
    Misspelled,
    /// It means this program, by a path at which the program is not.
    Missing,
    /// It has nothing to do with this program.
    Other,
}

impl Setting {
    /// Whether it answers from the same login as we do: it is this program in any spelling, or the
    /// Heroku CLI's own helper.
    pub(super) fn reads_our_login(&self) -> bool {
        match self.words().as_slice() {
            [program, operation, ..] if operation == "git:credentials" => {
                let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
                ["heroku", "heroku.exe", "heroku.cmd"].contains(&name)
            }
            _ => self.means_us(),
        }
    }

    /// Whether this helper starts this program, means it, or has nothing to do with it. A helper given
    /// by its name counts as started, whatever PATH finds.
    pub fn kind(&self) -> HelperKind {
        let words = self.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["git", "credential-heroku-rs", ..] => HelperKind::ThisProgram,
            ["git", name, ..] if means_us(name) => HelperKind::Misspelled,
            [program, ..] if means_us(program) => kind_of_program(program),
            _ => HelperKind::Other,
        }
    }

    /// Whether git starts this program for it.
    pub fn starts_us(&self) -> bool {
        self.kind() == HelperKind::ThisProgram
    }

    /// Whether it starts this program, or was meant to.
    pub fn means_us(&self) -> bool {
        self.kind() != HelperKind::Other
    }

    /// The program that gets git's operation, and its arguments, as the shell reads them; empty if no
    /// program gets it. git appends the operation, so the last command of the value gets it.
    pub fn words(&self) -> Vec<String> {
        let mut words = words(&self.command()).unwrap_or_default();
        let is_before = |word: &String| {
            ["exec", "command", "env"].contains(&word.as_str()) || is_assignment(word)
        };
        let before = words.iter().take_while(|word| is_before(word)).count();
        words.drain(..before);
        words
    }
}

/// Whether a name, or the last part of a path, is this program's in any spelling.
fn means_us(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let plain = plain.strip_suffix(".exe").unwrap_or(&plain);
    let plain = plain.strip_prefix("credential-").unwrap_or(plain);
    [PROGRAM, "credential-heroku-rs", OUR_NAME, "herokurs"].contains(&plain)
}

/// What a program with a name of ours is, as the shell finds it.
fn kind_of_program(program: &str) -> HelperKind {
    let name = program.rsplit('/').next().unwrap_or_default();
    let suffix = std::env::consts::EXE_SUFFIX;
    let is_its_name = name.strip_suffix(suffix).unwrap_or(name) == PROGRAM;
    // Only the shell knows what a tilde or a variable expands to.
    let is_expanded = program.starts_with(['~', '$']);
    if !is_its_name {
        HelperKind::Misspelled
    } else if is_expanded || !program.contains('/') || Path::new(program).is_file() {
        HelperKind::ThisProgram
    } else {
        HelperKind::Missing
    }
}

fn is_assignment(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_plain))
}

/// The words of the last command in a piece of shell; none if a quote is not closed, or if there is a
/// comment, which would swallow what git appends. Nothing is expanded.
fn words(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            ';' | '&' | '|' | '\n' => {
                words.clear();
                word = None;
            }
            '#' if word.is_none() => return None,
            '\'' => push_quoted(&mut rest, '\'', word.get_or_insert_default())?,
            '"' => push_quoted(&mut rest, '"', word.get_or_insert_default())?,
            '\\' => push_literal(rest.next()?, word.get_or_insert_default()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Adds the text up to the closing quote to a word; none if there is no closing quote.
fn push_quoted(rest: &mut std::str::Chars<'_>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match (rest.next()?, quote) {
            (c, _) if c == quote => return Some(()),
            ('$', '"') => word.push('$'),
            ('\\', '"') => match rest.next()? {
                c @ ('"' | '\\' | '$' | '`') => push_literal(c, word),
                c => word.extend(['\\', c]),
            },
            (c, _) => push_literal(c, word),
        }
    }
}

/// Adds a character that the shell does not expand. A word that begins with a quoted `~` or `$` is the
/// name of a file in the current directory, so it gets `./` here, to differ from an expanded one.
fn push_literal(c: char, word: &mut String) {
    if word.is_empty() && ['~', '$'].contains(&c) {
        word.push_str("./");
    }
    word.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_value_may_name_this_program_without_starting_it() {
        for (value, expected) in [
            ("heroku-rs", HelperKind::ThisProgram),
            ("heroku-rs --verbose 'a b'", HelperKind::ThisProgram),
            ("!git-credential-heroku-rs", HelperKind::ThisProgram),
            ("!git credential-heroku-rs", HelperKind::ThisProgram),
            (
                "!A=b exec git-credential-heroku-rs",
                HelperKind::ThisProgram,
            ),
            ("!~/bin/git-credential-heroku-rs", HelperKind::ThisProgram),
            (
                "!\"$HOME/b in/git-credential-heroku-rs\"",
                HelperKind::ThisProgram,
            ),
            ("git-credential-heroku-rs", HelperKind::Misspelled),
            ("credential-heroku-rs", HelperKind::Misspelled),
            ("heroku_rs", HelperKind::Misspelled),
            ("Heroku-RS", HelperKind::Misspelled),
            ("herokurs", HelperKind::Misspelled),
            ("!heroku-rs", HelperKind::Misspelled),
            ("~/bin/git-credential-heroku-rs", HelperKind::Misspelled),
            (
                "'/no where/git-credential-heroku-rs'",
                HelperKind::Misspelled,
            ),
            ("/nowhere/git-credential-heroku-rs", HelperKind::Missing),
            (
                "!'/no where/git-credential-heroku-rs' -x",
                HelperKind::Missing,
            ),
            ("store", HelperKind::Other),
            (
                "store --file=/x/git-credential-heroku-rs",
                HelperKind::Other,
            ),
            ("!heroku git:credentials", HelperKind::Other),
            ("!git-credential-heroku-rs | tee log", HelperKind::Other),
            ("!git-credential-heroku-rs # ours", HelperKind::Other),
            ("!'git-credential-heroku-rs", HelperKind::Other),
            ("", HelperKind::Other),
        ] {
            assert_eq!(Setting::helper(value).kind(), expected, "{value}");
        }
    }

    #[test]
    fn a_shell_function_is_shortened() {
        let shown = |value| Setting::helper(value).shown_value();
        assert_eq!(
            shown("!heroku git:credentials"),
            "`!heroku git:credentials`"
        );
        assert_eq!(shown("!f() { echo password=x; }; f"), "`!f…`");
    }

    #[test]
    fn a_command_is_split_into_words_as_a_shell_does() {
        for (command, expected) in [
            (
                "a  'b c'\t\"d \\\" \\e\"\\ f",
                &["a", "b c", "d \" \\e f"][..],
            ),
            ("test -x a && b", &["b"]),
            ("f() { a; }; f", &["f"]),
            ("a ''", &["a", ""]),
            (
                "~/'~' \"$a\" '$a' \\~ \"~\"",
                &["~/~", "$a", "./$a", "./~", "./~"],
            ),
            ("", &[]),
        ] {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
        assert!(words("a 'b").is_none() && words("a \\").is_none());
    }
}
