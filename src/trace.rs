//! What the program did and how long it took: `GIT_CREDENTIAL_HEROKU_RS_TRACE`, as git has `GIT_TRACE`.
//!
//! A trace is made to be pasted in public: it names fields, sources and reasons, and every line is
//! freed of emails, of the home and of whatever looks like a secret before it leaves. Where tracing
//! is off it costs one comparison: no clock is read, nothing is formatted, nothing opened.

use std::ffi::OsStr;
use std::fmt::{self, Display, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::problem::shown;

/// Where the steps of this process are told, if anywhere. Copies share one place.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<On>>);

struct On {
    sink: Sink,
    home: Option<String>,
    start: Instant,
    /// Opened by the first line; none where that failed, which is told once.
    file: OnceLock<Option<File>>,
}

enum Sink {
    Stderr,
    File(PathBuf),
    /// The variable says nothing that we understand.
    Nowhere,
}

impl Trace {
    /// The variable that turns it on.
    pub const VARIABLE: &str = "GIT_CREDENTIAL_HEROKU_RS_TRACE";

    /// Takes the variable's value as git does: `1`, `2` or `true` mean stderr, an absolute path a
    /// file to append to; `0`, `false` or nothing turn it off. `home` is shown as `~`.
    pub fn read(value: Option<&OsStr>, home: Option<&Path>) -> Trace {
        let Some(value) = value else {
            return Trace::default();
        };
        let sink = match value.to_ascii_lowercase().to_str() {
            Some("" | "0" | "false") => return Trace::default(),
            Some("1" | "2" | "true") => Sink::Stderr,
            _ if Path::new(value).is_absolute() => Sink::File(PathBuf::from(value)),
            _ => Sink::Nowhere,
        };
        // As `Path::display` shows it, also where it is no UTF-8.
        let home = home.map(|home| home.to_string_lossy().trim_end_matches('/').to_owned());
        Trace(Some(Arc::new(On {
            sink,
            home: home.filter(|home| home.len() > 1),
            start: Instant::now(),
            file: OnceLock::new(),
        })))
    }

    /// Tells a step. What it is called with runs only where tracing is on.
    pub fn tell<T: Display>(&self, step: impl FnOnce() -> T) {
        if let Some(on) = &self.0 {
            on.line(&step().to_string(), None);
        }
    }

    /// The time, for a step that takes some; none where nobody asks.
    pub fn clock(&self) -> Option<Instant> {
        self.0.as_ref().map(|_| Instant::now())
    }

    /// Tells a step that began at `since`, and how long it took.
    pub fn tell_since<T: Display>(&self, since: Option<Instant>, step: impl FnOnce() -> T) {
        if let Some(on) = &self.0 {
            let took = since.map(|since| since.elapsed());
            on.line(&step().to_string(), took);
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Some(_) => "Trace(on)",
            None => "Trace(off)",
        })
    }
}

impl On {
    fn line(&self, step: &str, took: Option<Duration>) {
        let mut line = format!(
            "heroku-rs[{}] {}: {}",
            std::process::id(),
            milliseconds(self.start.elapsed()),
            public(step, self.home.as_deref())
        );
        if let Some(took) = took {
            let _ = write!(line, " (took {})", milliseconds(took));
        }
        line.push('\n');
        // A line in one piece stays whole among those of others. One that is lost stops nothing.
        let _ = match &self.sink {
            Sink::Stderr => io::stderr().write_all(line.as_bytes()),
            Sink::File(path) => match self.file.get_or_init(|| self.opened(path)) {
                Some(file) => (&*file).write_all(line.as_bytes()),
                None => Ok(()),
            },
            Sink::Nowhere => {
                self.file.get_or_init(|| {
                    warn("it is neither 1 nor an absolute path");
                    None
                });
                Ok(())
            }
        };
    }

    fn opened(&self, path: &Path) -> Option<File> {
        match open(path) {
            Ok(file) => Some(file),
            Err(error) => {
                let path = path.display().to_string();
                let path = public(&path, self.home.as_deref());
                let why = error.to_string().to_lowercase();
                let why = why.split(" (").next().unwrap_or_default();
                warn(&format!("{path} cannot be opened ({why})"));
                None
            }
        }
    }
}

fn warn(why: &str) {
    let line = format!(
        "heroku-rs: warning: nothing is traced: {why}\n  look at {}\n",
        Trace::VARIABLE
    );
    let _ = io::stderr().write_all(line.as_bytes());
}

/// A FIFO without a reader, a terminal: neither may make a push wait, or follow us.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// A line that may be shown to anyone.
fn public(text: &str, home: Option<&str>) -> String {
    let text = shown(text);
    let text = match home {
        Some(home) => text.replace(home, "~"),
        None => text,
    };
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive([' ', ',', ';', '=', '/', '(', '<', '"', '\'']) {
        push_public(&mut shown, word);
    }
    shown
}

/// Of `ann@example.com` and of `https://ann:secret@host` the first letter of the name stays.
fn push_public(shown: &mut String, word: &str) {
    match word.rsplit_once('@') {
        None => push_without_secrets(shown, word),
        Some((name, host)) => {
            shown.extend(name.chars().next());
            shown.push_str("…@");
            push_without_secrets(shown, host);
        }
    }
}

/// A run of letters and digits as long as a token, with both in it, is a secret or as good as one.
fn push_without_secrets(shown: &mut String, word: &str) {
    const LONG: usize = 20;
    let in_run = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for run in word.split_inclusive(|c| !in_run(c)) {
        let end = run.trim_end_matches(|c| !in_run(c)).len();
        let has = |kind: fn(&u8) -> bool| run.as_bytes()[..end].iter().any(kind);
        let long = end >= LONG && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        shown.push_str(match long || run.contains("HRKU-") {
            true => "…",
            false => &run[..end],
        });
        shown.push_str(&run[end..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: Option<&str> = Some("/home/ann");

    #[test]
    fn a_line_can_be_pasted_in_public() {
        for (text, shown) in [
            (
                "the token of ann@example.com",
                "the token of a…@example.com",
            ),
            ("(ann.b+c@example.com)", "(a…@example.com)"),
            (
                "x,ann@example.com,bob@example.com",
                "x,a…@example.com,b…@example.com",
            ),
            (
                "read /home/ann/.netrc: 2 entries",
                "read ~/.netrc: 2 entries",
            ),
            (
                "GET https://ann:pw@proxy/account",
                "GET https://a…@proxy/account",
            ),
            ("HRKU-AAshort", "…"),
            (
                "/oauth/authorizations/01234567-89ab-cdef-0123-456789abcdef: 200",
                "/oauth/authorizations/…: 200",
            ),
            ("git.heroku.com over https", "git.heroku.com over https"),
            ("a\u{1b}[2J\nb", "a [2J b"),
        ] {
            assert_eq!(public(text, HOME), shown, "{text}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_home_is_hidden_however_it_is_spelled() {
        use std::os::unix::ffi::OsStrExt;
        for home in [&b"/home/\xe4nn"[..], b"/home/ann/"] {
            let home = Path::new(OsStr::from_bytes(home));
            let trace = Trace::read(Some(OsStr::new("1")), Some(home));
            let known = trace.0.unwrap();
            let shown = format!("{}: 7 bytes", home.join(".netrc").display());
            assert_eq!(public(&shown, known.home.as_deref()), "~/.netrc: 7 bytes");
        }
    }

    #[test]
    fn what_is_off_is_not_even_asked() {
        for value in [None, Some(""), Some("0"), Some("False")] {
            let trace = Trace::read(value.map(OsStr::new), None);
            assert!(trace.clock().is_none(), "{value:?}");
            trace.tell(|| -> String { panic!("{value:?}") });
        }
        for value in ["1", "2", "TRUE", "/tmp/trace", "trace"] {
            let trace = Trace::read(Some(OsStr::new(value)), None);
            assert!(trace.clock().is_some(), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_shows_an_email_or_a_token(
            before in "[ -~]{0,30}",
            name in "[a-z0-9.+-]{2,20}",
            after in "[ -~é]{0,30}",
        ) {
            let token = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
            let text = format!("{before} {name}@example.com {token}{after}");
            let shown = public(&text, HOME);
            let full = format!("{name}@example.com");
            prop_assert!(!shown.contains(&full), "{shown}");
            prop_assert!(!shown.contains("89ab-cdef"), "{shown}");
        }
    }
}
