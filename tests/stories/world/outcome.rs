//! The output and the exit code of a program, and the checks that a story makes of them.

use std::time::Duration;

use super::World;
use super::search::Seen;

/// A finished program. A check that fails prints the whole output.
pub(crate) struct Outcome<'w> {
    pub(super) world: &'w World,
    pub(super) number: usize,
    pub(super) seen: Seen,
    pub(super) took: Duration,
}

impl Outcome<'_> {
    /// It ended with exit code 0.
    pub(crate) fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    /// Whether it ended with exit code 0, where versions of git differ.
    pub(crate) fn is_success(&self) -> bool {
        self.seen.code == Some(0)
    }

    /// The exit code; 128 where a signal ended it.
    pub(crate) fn code(&self) -> i32 {
        self.seen.code.unwrap_or(128)
    }

    /// Whether a signal ended it.
    pub(crate) fn was_killed(&self) -> bool {
        // `timeout` and a shell report a signal as 128 plus its number.
        self.seen.code.is_none_or(|code| code > 128)
    }

    /// It ended with another exit code than 0, and not by a signal.
    pub(crate) fn fails(self) -> Self {
        let failed = self.seen.code.is_some_and(|code| code != 0 && code != 124);
        self.promise(failed, "it fails")
    }

    /// It ended with this exit code.
    pub(crate) fn exits_with(self, code: i32) -> Self {
        let held = self.seen.code == Some(code);
        self.promise(held, &format!("it exits with {code}"))
    }

    /// The text is in what it said, on either stream.
    pub(crate) fn says(self, text: &str) -> Self {
        let held = self.stdout().contains(text) || self.stderr().contains(text);
        self.promise(held, &format!("it says {text:?}"))
    }

    /// The text is nowhere in what it said.
    pub(crate) fn says_nothing_about(self, text: &str) -> Self {
        let said = self.stdout().contains(text) || self.stderr().contains(text);
        self.promise(!said, &format!("it says nothing about {text:?}"))
    }

    /// Both streams are empty.
    pub(crate) fn says_nothing(self) -> Self {
        self.stdout_is("").stderr_is("")
    }

    /// Stdout is this text, times and paths replaced by words.
    pub(crate) fn stdout_is(self, text: &str) -> Self {
        let held = self.stdout() == text;
        self.promise(held, &format!("stdout is {text:?}"))
    }

    /// Stderr is this text, times and paths replaced by words.
    pub(crate) fn stderr_is(self, text: &str) -> Self {
        let held = self.stderr() == text;
        self.promise(held, &format!("stderr is {text:?}"))
    }

    /// Stdout has this secret on purpose, so the search passes over it there and nowhere else.
    pub(crate) fn prints_secret(self, secret: &str) -> Self {
        self.world.transcript.is_shown(self.number, secret);
        let held = String::from_utf8_lossy(&self.seen.stdout).contains(secret);
        self.promise(held, "it prints the secret")
    }

    /// It ended with one of its own exit codes, without a panic, and reported at most this many
    /// problems, each in two lines.
    pub(crate) fn reports_at_most(self, notices: usize) -> Self {
        let code = self.seen.code;
        let by_itself = code.is_some_and(|code| [0, 1, 2, 4].contains(&code));
        let words = self.stderr();
        let brief = words.lines().count() <= 2 * notices;
        let quiet = !words.contains("panicked") && !words.contains("RUST_BACKTRACE");
        self.promise(
            by_itself && brief && quiet,
            &format!("it ends properly and reports at most {notices} notice(s)"),
        )
    }

    /// It ended within this time.
    pub(crate) fn ends_within(self, limit: Duration) -> Self {
        let held = self.took < limit;
        self.promise(held, &format!("it ends within {limit:?}"))
    }

    /// Stdout, times and paths replaced by words.
    pub(crate) fn stdout(&self) -> String {
        self.normalized(&self.seen.stdout)
    }

    /// Stderr, times and paths replaced by words.
    pub(crate) fn stderr(&self) -> String {
        self.normalized(&self.seen.stderr)
    }

    /// The exact stdout.
    pub(crate) fn raw_stdout(&self) -> String {
        String::from_utf8_lossy(&self.seen.stdout).into_owned()
    }

    fn normalized(&self, bytes: &[u8]) -> String {
        let home = self.world.home();
        let root = self.world.root.path();
        let text = String::from_utf8_lossy(bytes)
            .replace(home.to_str().unwrap(), "~")
            .replace(root.to_str().unwrap(), "WORLD");
        without_times(&text)
    }

    fn promise(self, held: bool, promise: &str) -> Self {
        assert!(
            held,
            "this does not hold: {promise}\n{} (after {:?})",
            self.seen.to_text(),
            self.took
        );
        self
    }
}

/// `12 ms`, `2.0 s` and `3s` become `TIME`.
fn without_times(text: &str) -> String {
    text.split_inclusive([' ', '\n'])
        .map(|word| match word.trim_end().strip_suffix(['s', 'm']) {
            Some(number) if is_number(number.trim_end_matches('m')) => {
                word.replace(word.trim_end(), "TIME")
            }
            _ => word.to_owned(),
        })
        .collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}
