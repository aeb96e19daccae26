//! Opens a page in the user's browser.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::environment::Environment;

/// Opens a page of Heroku in the user's browser; returns whether a browser was started.
///
/// The command is the one in `BROWSER`, else the system's own. We do not wait for it, and the caller prints
/// the URL too, so that the user can continue if no window opens. The caller has checked that it is a page of Heroku.
pub fn open_page(page: &str, environment: &Environment) -> bool {
    commands(environment.browser.as_deref().and_then(OsStr::to_str))
        .iter()
        .any(|words| is_started(words, page))
}

/// The commands to try, each as its words.
fn commands(browser: Option<&str>) -> Vec<Vec<&str>> {
    match browser {
        None => default_commands().iter().copied().map(words).collect(),
        // A path with spaces, as on macOS and Windows.
        Some(path) if Path::new(path).is_file() => vec![vec![path]],
        // On Unix it is a list of commands, each with its arguments, as for xdg-open.
        Some(list) if cfg!(unix) => list.split(':').map(words).collect(),
        Some(line) => vec![words(line)],
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn default_commands() -> &'static [&'static str] {
    match std::env::consts::OS {
        "macos" => &["open"],
        // `start` would need a shell, and explorer mistakes a query for a search.
        "windows" => &["rundll32 url.dll,FileProtocolHandler"],
        _ => &["xdg-open", "wslview", "sensible-browser"],
    }
}

/// Starts a command with the page in place of its `%s`, else at its end.
#[expect(
    clippy::disallowed_methods,
    reason = "the only code that starts a browser"
)]
fn is_started(words: &[&str], page: &str) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(
        arguments
            .iter()
            .map(|argument| argument.replace("%s", page)),
    );
    if !arguments.iter().any(|argument| argument.contains("%s")) {
        command.arg(page);
    }
    command
        .env_remove("HEROKU_API_KEY")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Ctrl-C at our prompt must not stop the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://cli-auth.heroku.com/auth/browser/0-1?x=y&z=%20";

    #[test]
    #[cfg(unix)]
    fn browser_is_a_list_of_commands() {
        let found = commands(Some("w3m -n:lynx %s"));
        assert_eq!(found, [vec!["w3m", "-n"], vec!["lynx", "%s"]]);
    }

    #[test]
    #[cfg(unix)]
    fn the_url_is_one_argument_and_does_not_reach_a_shell() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let seen = dir.path().join("seen");
        let mut script = tempfile::NamedTempFile::new().unwrap();
        let to = seen.display();
        let text = format!("printf '%s\\n' \"$#\" \"$@\" >{to}.part && mv {to}.part {to}\n");
        script.write_all(text.as_bytes()).unwrap();
        let browser = format!("/nowhere/browser:sh {} --new", script.path().display());
        let environment = Environment {
            browser: Some(browser.into()),
            ..Environment::default()
        };
        assert!(open_page(PAGE, &environment));
        while !seen.exists() {
            std::thread::yield_now();
        }
        let seen = std::fs::read_to_string(seen).unwrap();
        assert_eq!(seen, format!("2\n--new\n{PAGE}\n"));
    }

    #[test]
    fn a_browser_that_does_not_start_is_reported() {
        let environment = Environment {
            browser: Some("/nowhere/browser".into()),
            ..Environment::default()
        };
        assert!(!open_page(PAGE, &environment));
    }
}
