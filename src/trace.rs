//! What the program did and how long it took: `GIT_CREDENTIAL_HEROKU_RS_TRACE`, as git has `GIT_TRACE`.
//!
//! A trace can be posted in public: it contains the names of fields, sources and reasons, and `redact` removes
//! emails, the home and everything that looks like a secret from each line. If tracing is off it costs one
//! comparison: no clock is read, nothing is formatted, nothing opened.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::redact::{Hide, Redactor};

/// Where the steps of this process are logged, if anywhere. Copies share the same output.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<On>>);

struct On {
    /// None: stderr.
    path: Option<PathBuf>,
    /// Opened by the first line; none if that failed, which is reported once.
    file: OnceLock<Option<File>>,
    redactor: Mutex<Redactor>,
    start: Instant,
}

impl Trace {
    /// The variable that turns it on.
    pub const VARIABLE: &str = "GIT_CREDENTIAL_HEROKU_RS_TRACE";

    /// Reads the variable's value as git does: `1`, `2` or `true` mean stderr, an absolute path a
    /// file to append to; `0`, `false` or nothing turn it off. `home` is shown as `~`.
    pub fn read(value: Option<&OsStr>, home: Option<&Path>) -> Trace {
        let Some(value) = value else {
            return Trace::default();
        };
        let path = match value.to_ascii_lowercase().to_str() {
            Some("" | "0" | "false") => return Trace::default(),
            Some("1" | "2" | "true") => None,
            _ => Some(PathBuf::from(value)),
        };
        let mut redactor = Redactor::new(Hide::SecretsAndPerson);
        if let Some(home) = home {
            redactor.add_home(home);
        }
        Trace(Some(Arc::new(On {
            path,
            file: OnceLock::new(),
            redactor: Mutex::new(redactor),
            start: Instant::now(),
        })))
    }

    /// Writes a step. The closure runs only if tracing is on.
    pub fn log<T: Display>(&self, step: impl FnOnce() -> T) {
        self.log_since(None, step);
    }

    /// Adds a secret that no line may contain.
    pub fn add_secret(&self, secret: &str) {
        if let Some(on) = &self.0 {
            on.redactor().add_secret(secret);
        }
    }

    /// Whether tracing is on.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The current time, to measure a step; none if tracing is off.
    pub fn clock(&self) -> Option<Instant> {
        self.0.as_ref().map(|_| Instant::now())
    }

    /// Writes a step that began at `since`, and how long it took.
    pub fn log_since<T: Display>(&self, since: Option<Instant>, step: impl FnOnce() -> T) {
        let Some(on) = &self.0 else {
            return;
        };
        let step = step().to_string();
        let took = since.map(|since| format!(" (took {})", milliseconds(since.elapsed())));
        let line = format!(
            "heroku-rs[{}] {}: {}{}\n",
            process::id(),
            milliseconds(on.start.elapsed()),
            on.redactor().redacted(&step),
            took.unwrap_or_default()
        );
        on.write(line.as_bytes());
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
    /// One write keeps a line together if other programs write too. A write that fails stops nothing.
    fn write(&self, line: &[u8]) {
        let _ = match &self.path {
            None => io::stderr().write_all(line),
            Some(path) => match self.file.get_or_init(|| opened(path)) {
                Some(file) => (&*file).write_all(line),
                None => Ok(()),
            },
        };
    }

    fn redactor(&self) -> MutexGuard<'_, Redactor> {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file, or a warning on stderr. The warning does not name the file, since its path may contain a secret.
fn opened(path: &Path) -> Option<File> {
    let why = match open(path) {
        Ok(file) => return Some(file),
        Err(why) => why,
    };
    let variable = Trace::VARIABLE;
    let line = format!("heroku-rs: warning: no trace: {why}\n  check {variable}\n");
    let _ = io::stderr().write_all(line.as_bytes());
    None
}

/// Opens the file without waiting: it may be a FIFO without a reader, or a terminal.
fn open(path: &Path) -> io::Result<File> {
    if path.is_relative() {
        return Err(io::Error::other(
            "the value is neither 1 nor an absolute path",
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn on(home: &str) -> Trace {
        Trace::read(Some(OsStr::new("1")), Some(Path::new(home)))
    }

    #[test]
    fn a_trace_line_contains_no_private_data() {
        let trace = on("/home/ann");
        trace.add_secret("open-sesame");
        let on = trace.0.unwrap();
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
            ("said: open%2Dsesame", "said: …"),
            ("git.heroku.com over https", "git.heroku.com over https"),
            ("a\u{1b}[2J\nb", "a [2J b"),
        ] {
            assert_eq!(on.redactor().redacted(text), shown, "{text}");
        }
    }

    #[test]
    fn a_disabled_trace_formats_nothing() {
        for value in [None, Some(""), Some("0"), Some("False")] {
            let trace = Trace::read(value.map(OsStr::new), None);
            assert!(trace.clock().is_none(), "{value:?}");
            trace.log(|| -> String { panic!("{value:?}") });
        }
        for value in ["1", "2", "TRUE", "/tmp/trace", "trace"] {
            let trace = Trace::read(Some(OsStr::new(value)), None);
            assert!(trace.clock().is_some(), "{value:?}");
        }
    }
}
