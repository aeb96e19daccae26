//! Whether a helper starts this program: the one place that says so, by what git and its shell make
//! of the value.

use std::path::Path;

use super::{HEROKU_HELPER, OUR_NAME, Setting};
use crate::notice::{Command, Fix};

const PROGRAM: &str = "git-credential-heroku-rs";

/// What a helper value is to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    /// It starts this program.
    Us,
    /// It means this program, and git does not find it that way.
    Misspelled,
    /// It means this program, in a place where it is not.
    Stale,
    /// It has nothing to do with this program.
    Stranger,
}

impl Setting {
    /// A helper of this value, wherever it stands.
    pub(super) fn helper(value: &str) -> Setting {
        Setting::helper_at(HEROKU_HELPER, value)
    }

    /// A helper of this value under this key, wherever it stands.
    pub(super) fn helper_at(key: &str, value: &str) -> Setting {
        Setting {
            scope: String::new(),
            origin: String::new(),
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    /// Whether its answers come from the login that we read: it is this program, in whatever
    /// spelling, or the Heroku CLI's own helper.
    pub(super) fn reads_our_login(&self) -> bool {
        let words = self.words();
        let is_the_cli = |program: &String, operation: &String| {
            let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
            ["heroku", "heroku.exe", "heroku.cmd"].contains(&name) && operation == "git:credentials"
        };
        let runs_the_cli =
            matches!(words.as_slice(), [program, operation, ..] if is_the_cli(program, operation));
        self.means_us() || runs_the_cli
    }

    /// Whether this helper starts this program, means it, or has nothing to do with it. One by name
    /// counts as started, wherever PATH leads.
    pub fn kin(&self) -> Kin {
        let words = self.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["git", "credential-heroku-rs", ..] => Kin::Us,
            ["git", name, ..] => match means_us(name) {
                true => Kin::Misspelled,
                false => Kin::Stranger,
            },
            [program, ..] if means_us(program) => at(program),
            _ => Kin::Stranger,
        }
    }

    /// The value as it is printed: of a piece of shell only as much as can hold no secret.
    pub fn shown_value(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!/._-:~ ".contains(c);
        match self.value.find(|c| !plain(c)) {
            None => format!("`{}`", self.value),
            Some(end) => format!("`{}…`", &self.value[..end]),
        }
    }

    /// What makes git leave this helper out about Heroku: a reset that git reads after it.
    pub fn silencer(&self) -> Fix {
        match self.scope.as_str() {
            "system" | "global" => Command::new("git credential-heroku-rs setup").into(),
            "local" => Fix::command(
                "run in that repository",
                Command::new("git credential-heroku-rs setup --local"),
            ),
            "worktree" => Fix::command("remove it", Command::new("git config --worktree --edit")),
            _ => "remove it from git's command line, and from GIT_CONFIG_COUNT".into(),
        }
    }

    /// Whether git starts this program by it.
    pub fn starts_us(&self) -> bool {
        self.kin() == Kin::Us
    }

    /// Whether it is ours to replace and to take out: it starts this program, or means to.
    pub fn means_us(&self) -> bool {
        self.kin() != Kin::Stranger
    }

    /// The program that gets git's operation, and its arguments, as the shell takes them; empty where
    /// the shell takes none. git puts the operation at the end, so that the last command gets it.
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

/// Whether the last part of a path, or a name, is ours in any spelling.
fn means_us(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let plain = plain.strip_suffix(".exe").unwrap_or(&plain);
    let plain = plain.strip_prefix("credential-").unwrap_or(plain);
    [PROGRAM, "credential-heroku-rs", OUR_NAME, "herokurs"].contains(&plain)
}

/// A program that means us, as the shell finds it.
fn at(program: &str) -> Kin {
    let name = program.rsplit('/').next().unwrap_or_default();
    let suffix = std::env::consts::EXE_SUFFIX;
    let is_its_name = name.strip_suffix(suffix).unwrap_or(name) == PROGRAM;
    // What a tilde or a variable leads to is the shell's affair.
    let is_expanded = program.starts_with(['~', '$']);
    match is_its_name {
        true if is_expanded || !program.contains('/') || Path::new(program).is_file() => Kin::Us,
        true => Kin::Stale,
        false => Kin::Misspelled,
    }
}

fn is_assignment(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_plain))
}

/// The words of a shell's last command; none where a quote has no end, or a comment begins, which
/// would swallow what git appends. Nothing is expanded.
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
            '\'' => until(&mut rest, '\'', word.get_or_insert_default())?,
            '"' => until(&mut rest, '"', word.get_or_insert_default())?,
            '\\' => literal(rest.next()?, word.get_or_insert_default()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Takes what is in quotes; none where they have no end.
fn until(rest: &mut std::str::Chars<'_>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match (rest.next()?, quote) {
            (c, _) if c == quote => return Some(()),
            ('$', '"') => word.push('$'),
            ('\\', '"') => match rest.next()? {
                c @ ('"' | '\\' | '$' | '`') => literal(c, word),
                c => word.extend(['\\', c]),
            },
            (c, _) => literal(c, word),
        }
    }
}

/// A quoted tilde is the name of a file in the directory where the shell is, and is spelled so here.
fn literal(c: char, word: &mut String) {
    if word.is_empty() && ['~', '$'].contains(&c) {
        word.push_str("./");
    }
    word.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_us_is_told_from_what_starts_us() {
        for (value, expected) in [
            ("heroku-rs", Kin::Us),
            ("heroku-rs --verbose 'a b'", Kin::Us),
            ("!git-credential-heroku-rs", Kin::Us),
            ("!git credential-heroku-rs", Kin::Us),
            ("!A=b exec git-credential-heroku-rs", Kin::Us),
            ("!~/bin/git-credential-heroku-rs", Kin::Us),
            ("!\"$HOME/b in/git-credential-heroku-rs\"", Kin::Us),
            ("git-credential-heroku-rs", Kin::Misspelled),
            ("credential-heroku-rs", Kin::Misspelled),
            ("heroku_rs", Kin::Misspelled),
            ("Heroku-RS", Kin::Misspelled),
            ("herokurs", Kin::Misspelled),
            ("!heroku-rs", Kin::Misspelled),
            ("~/bin/git-credential-heroku-rs", Kin::Misspelled),
            ("'/no where/git-credential-heroku-rs'", Kin::Misspelled),
            ("/nowhere/git-credential-heroku-rs", Kin::Stale),
            ("!'/no where/git-credential-heroku-rs' -x", Kin::Stale),
            ("store", Kin::Stranger),
            ("store --file=/x/git-credential-heroku-rs", Kin::Stranger),
            ("!heroku git:credentials", Kin::Stranger),
            ("!git-credential-heroku-rs | tee log", Kin::Stranger),
            ("!git-credential-heroku-rs # ours", Kin::Stranger),
            ("!'git-credential-heroku-rs", Kin::Stranger),
            ("", Kin::Stranger),
        ] {
            assert_eq!(Setting::helper(value).kin(), expected, "{value}");
        }
    }

    #[test]
    fn a_piece_of_shell_is_not_shown_whole() {
        let shown = |value| Setting::helper(value).shown_value();
        assert_eq!(
            shown("!heroku git:credentials"),
            "`!heroku git:credentials`"
        );
        assert_eq!(shown("!f() { echo password=x; }; f"), "`!f…`");
    }

    #[test]
    fn words_are_those_of_the_shell() {
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
