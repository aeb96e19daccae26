//! A message for the user, in two lines: what happened and why, then how to fix it.

use std::fmt;
use std::io;
use std::path::Path;

/// A message for the user: what happened and why, and how to fix it. `Display` gives it whole, without the
/// program's name.
///
/// Two lines at most, lower case, no full stop on the first. Never a secret in either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Notice {
    what: Box<str>,
    fix: Fix,
    kind: Kind,
}

/// How to fix what a [`Notice`] reports: one line, or nothing.
///
/// A value from outside gets into a command only through [`Command`], which quotes it: there is no conversion
/// from a `String`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    advice: String,
    command: String,
    /// What helps in place of the command.
    alternative: &'static str,
}

/// A command line that can be pasted into a shell.
///
/// It starts with words of ours; every value is quoted. A value that cannot be shown as it is, because a
/// terminal would not show all of its characters, makes it no command at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(Option<String>);

impl Command {
    /// A command that starts with these words, which the shell takes as they are.
    pub fn new(words: &'static str) -> Command {
        Command(Some(words.to_owned()))
    }

    /// A command that opens a file in the user's editor. The path of the file follows.
    pub fn edit() -> Command {
        Command::new(if cfg!(windows) {
            "notepad"
        } else {
            "${EDITOR:-vi}"
        })
    }

    /// The same for a line of the file, if that is possible.
    pub fn edit_at(line: usize) -> Command {
        if cfg!(windows) {
            Command::edit()
        } else {
            Command::edit().arg(&format!("+{line}"))
        }
    }

    /// A command that makes a file this user's own, on Unix. Its path follows.
    pub fn own() -> Command {
        Command::new("sudo chown \"$(id -u)\"")
    }

    /// A command that shows who may access a file or a directory. Its path follows.
    pub fn show_access() -> Command {
        Command::new(if cfg!(windows) { "icacls" } else { "ls -ld" })
    }

    /// Adds one word, quoted.
    #[must_use]
    pub fn arg(self, value: &str) -> Command {
        self.with(quoted(value))
    }

    /// Adds the path of a file, quoted; with `~` for the user's home, which the shell expands.
    #[must_use]
    pub fn path(self, path: &Path, home: Option<&Path>) -> Command {
        let path = path.to_str();
        let below_home = || path?.strip_prefix(home?.to_str()?)?.strip_prefix('/');
        self.with(match below_home() {
            Some(below) => quoted(below).map(|below| format!("~/{below}")),
            None => path.and_then(quoted),
        })
    }

    /// Adds words of ours, which the shell takes as they are.
    #[must_use]
    pub fn then(self, words: &'static str) -> Command {
        self.with(Some(words.to_owned()))
    }

    fn with(self, word: Option<String>) -> Command {
        let words = self.0.zip(word);
        Command(words.map(|(line, word)| format!("{line} {word}")))
    }
}

/// One word for the shell: as it is if no character of it means anything there, else in quotes. None if a terminal
/// does not show all of it.
fn quoted(word: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if word.chars().any(is_unseen) {
        None
    } else if !word.is_empty() && word.chars().all(is_plain) {
        Some(word.to_owned())
    } else if cfg!(windows) {
        // The command prompt knows no escape in quotes, and no file name has a quote.
        Some(format!("\"{}\"", word.replace('"', "")))
    } else {
        Some(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

impl Fix {
    /// Nothing can be done.
    pub const NONE: Fix = Fix {
        advice: String::new(),
        command: String::new(),
        alternative: "",
    };

    /// A place to look or a thing to do that is no command. It may name values, in prose.
    pub fn advice(text: impl Into<String>) -> Fix {
        Fix {
            advice: shown(&text.into()),
            ..Fix::NONE
        }
    }

    /// A command, and what it is for: `log in again`.
    pub fn command(purpose: &'static str, command: impl Into<Command>) -> Fix {
        match command.into().0 {
            Some(command) => Fix {
                advice: purpose.to_owned(),
                command,
                ..Fix::NONE
            },
            None => Fix::NONE,
        }
    }

    /// The command that unsets a variable. On Windows it is advice, since the shells there have no common command.
    pub fn unset(variable: &'static str) -> Fix {
        if cfg!(windows) {
            Fix::advice(format!("unset {variable}"))
        } else {
            Command::new("unset").then(variable).into()
        }
    }

    /// What to do on the page of Heroku's dashboard that lists the account's authorizations.
    pub fn on_dashboard(purpose: &str) -> Fix {
        Fix::advice(format!(
            "{purpose}: https://dashboard.heroku.com/account/applications"
        ))
    }

    /// The command, or something else: `set HEROKU_API_KEY`.
    #[must_use]
    pub fn or(self, alternative: &'static str) -> Fix {
        Fix {
            alternative,
            ..self
        }
    }

    /// Whether it is a command with a purpose, which `Display` puts before it.
    pub fn names_its_purpose(&self) -> bool {
        !self.advice.is_empty() && !self.command.is_empty()
    }

    /// This fix, then a command. Without a fix of its own, what was reported has to be fixed somehow before.
    #[must_use]
    pub fn then(self, command: impl Into<Command>) -> Fix {
        let Some(command) = command.into().0 else {
            return self;
        };
        let advice = if self.is_empty() {
            "after fixing that, run".to_owned()
        } else {
            format!("{self}; then run")
        };
        Fix {
            advice,
            command,
            alternative: "",
        }
    }

    /// The command, if there is one and it can be pasted.
    pub fn command_line(&self) -> Option<&str> {
        Some(self.command.as_str()).filter(|command| !command.is_empty())
    }

    /// The fix without `run:` before a command that has no other purpose.
    pub fn without_run(&self) -> String {
        if self.advice.is_empty() {
            self.command.clone()
        } else {
            self.to_string()
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.advice.is_empty() && self.command.is_empty()
    }

    /// The same with parts hidden. A command with a gap is left out. If only the home is shown as `~`, the command
    /// becomes advice, since not every shell expands `~`.
    #[must_use]
    pub fn redacted(&self, redact: impl Fn(&str) -> String) -> Fix {
        let command = redact(&self.command);
        if command == self.command {
            Fix {
                advice: redact(&self.advice),
                ..self.clone()
            }
        } else if command.contains(GAP) {
            Fix::NONE
        } else {
            Fix::advice(redact(&self.without_run()))
        }
    }
}

impl From<&'static str> for Fix {
    /// Words of ours, with no value in them.
    fn from(text: &'static str) -> Fix {
        Fix::advice(text)
    }
}

impl From<Command> for Fix {
    fn from(command: Command) -> Fix {
        Fix::command("", command)
    }
}

impl From<&'static str> for Command {
    /// Words of ours, which the shell takes as they are.
    fn from(words: &'static str) -> Command {
        Command::new(words)
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.advice.as_str(), self.command.as_str()) {
            (advice, "") => f.write_str(advice),
            ("", command) => write!(f, "run: {command}"),
            (advice, command) => write!(f, "{advice}: {command}"),
        }?;
        match self.alternative {
            "" => Ok(()),
            alternative => write!(f, ", or {alternative}"),
        }
    }
}

/// What a failure means to the program that started us: its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It did not work.
    Failed,
    /// The command line is not valid.
    Usage,
    /// It needs a login, and there is none. The exit code is that of gh.
    NotLoggedIn,
    /// A program cannot be started. The exit code is that of a shell, as for the next.
    NotStarted,
    /// There is no such program.
    NoProgram,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotLoggedIn => 4,
            Kind::NotStarted => 126,
            Kind::NoProgram => 127,
        }
    }
}

impl Notice {
    /// What happened and why, in one line, and how to fix it.
    pub fn new(what: impl Into<String>, fix: impl Into<Fix>) -> Notice {
        Notice {
            what: shown(&what.into()).into_boxed_str(),
            fix: fix.into(),
            kind: Kind::Failed,
        }
    }

    /// That the command line is not valid.
    pub fn usage(what: impl Into<String>, fix: impl Into<Fix>) -> Notice {
        Notice::new(what, fix).of_kind(Kind::Usage)
    }

    /// What the error of a command says.
    pub fn of_failure(error: anyhow::Error) -> Notice {
        let io = error.downcast_ref::<io::Error>();
        let is_full = io.is_some_and(|io| io.kind() == io::ErrorKind::StorageFull);
        match error.downcast::<Notice>() {
            Ok(notice) => notice,
            Err(_) if is_full => Notice::new(
                "could not write the output: no space left on the device",
                "free some space, or write the output elsewhere",
            ),
            Err(error) => Notice::new(format!("{error:#}"), ""),
        }
    }

    /// The same notice, of another kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Notice {
        Notice { kind, ..self }
    }

    /// A notice of what this one caused: `effect: what happened`. Its fix is the same.
    #[must_use]
    pub fn as_cause_of(&self, effect: &str) -> Notice {
        Notice::new(format!("{effect}: {}", self.what), self.fix()).of_kind(self.kind)
    }

    /// The same without what helps in place of the command.
    #[must_use]
    pub fn without_alternative(&self) -> Notice {
        let mut notice = self.clone();
        notice.fix.alternative = "";
        notice
    }

    /// What the notice means to the program that started us.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened and why, in one line.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How to fix it.
    pub fn fix(&self) -> Fix {
        self.fix.clone()
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

/// What a text shows for a part that was removed from it.
pub const GAP: &str = "…";

/// A failure that has been reported already: only its exit code is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("already reported")]
pub struct AlreadyReported(pub Kind);

/// A text of a server or a file without control characters, which on a terminal could move the cursor, colour the
/// screen or add a line; and without the other characters that change how it shows the rest.
pub fn shown(text: &str) -> String {
    // It never grows: a string that does leaves a copy of its beginning, which may be a secret, in memory.
    let mut line = String::with_capacity(text.len());
    line.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
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
    fn a_problem_is_printed_in_two_lines_whatever_it_contains() {
        let notice = Notice::new("the app \u{1b}[2J\r\nhas gone", "look\nthere");
        assert_eq!(notice.to_string(), "the app  [2J  has gone\n  look there");
    }

    #[test]
    fn a_value_with_invisible_characters_gives_no_command() {
        for value in ["a\u{202e}b", "a\u{1b}[2Jb", "a\nb", "a\u{200b}b"] {
            let command = Command::new("git remote set-url").arg(value).then("URL");
            assert_eq!(Fix::from(command), Fix::NONE, "{value:?}");
        }
    }

    #[test]
    fn a_command_that_would_be_redacted_is_not_offered() {
        let fix = Fix::command("remove it", Command::new("git remote rm").arg("s3cret"));
        let redact = |text: &str| text.replace("s3cret", "…");
        assert!(fix.redacted(redact).is_empty());
        let fix = Fix::advice("see s3cret").redacted(redact);
        assert_eq!(fix.to_string(), "see …");
    }

    #[test]
    fn a_command_in_which_only_the_home_is_hidden_becomes_advice() {
        let fix = Fix::command("remove it", Command::new("rm").arg("C:/Users/ann/x"));
        let fix = fix.redacted(|text| text.replace("C:/Users/ann", "~"));
        assert_eq!(fix.to_string(), "remove it: rm ~/x");
        assert_eq!(fix.command_line(), None);
    }

    #[test]
    fn a_second_command_is_appended_to_the_fix() {
        let fix = Fix::command("unlock it", "secret-tool search a b").then("ls");
        assert_eq!(
            fix.to_string(),
            "unlock it: secret-tool search a b; then run: ls"
        );
        assert_eq!(fix.command_line(), Some("ls"));
        let fix = Fix::NONE.then("ls");
        assert_eq!(fix.to_string(), "after fixing that, run: ls");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_in_the_home_is_written_with_a_tilde_that_the_shell_expands() {
        let command =
            Command::new("ls").path(Path::new("/home/a b/x y"), Some(Path::new("/home/a b")));
        assert_eq!(Fix::from(command).to_string(), "run: ls ~/'x y'");
        let command =
            Command::new("ls").path(Path::new("/home/annex/x"), Some(Path::new("/home/ann")));
        assert_eq!(Fix::from(command).to_string(), "run: ls /home/annex/x");
    }

    /// The words that a real shell reads from a line, each followed by a zero byte.
    #[cfg(unix)]
    fn words_of(line: &str) -> Vec<u8> {
        let script = format!("printf '%s\\0' {line}");
        #[expect(clippy::disallowed_methods, reason = "the shell that users paste into")]
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}");
        output.stdout
    }

    #[cfg(unix)]
    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
        #[test]
        fn a_shell_splits_a_command_into_the_intended_words(
            values in proptest::collection::vec("[ -~äé\\n\u{202e}]{0,12}", 1..4)
        ) {
            let command = values.iter().fold(Command::new("git config"), |line, value| line.arg(value));
            if let Some(line) = command.0 {
                let words = ["git", "config"].into_iter().chain(values.iter().map(String::as_str));
                let meant: Vec<u8> = words.flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
                proptest::prop_assert_eq!(words_of(&line), meant);
            } else {
                proptest::prop_assert!(values.iter().any(|value| value.chars().any(is_unseen)));
            }
        }
    }

    #[test]
    fn control_characters_in_an_external_text_are_removed() {
        let text = "lap\u{1b}[2Jtop\u{202e}\u{200b}\t\u{9b}31m\u{feff}é";
        assert_eq!(shown(text), "lap [2Jtop  31mé");
    }

    #[test]
    fn an_alternative_is_not_part_of_the_command() {
        let fix = Fix::command("log in", "git credential-heroku-rs login").or("set HEROKU_API_KEY");
        assert_eq!(fix.command_line(), Some("git credential-heroku-rs login"));
        assert_eq!(
            fix.to_string(),
            "log in: git credential-heroku-rs login, or set HEROKU_API_KEY"
        );
    }

    #[test]
    fn without_a_fix_there_is_no_second_line() {
        assert_eq!(Notice::new("all is lost", "").to_string(), "all is lost");
    }
}
