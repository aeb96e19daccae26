//! The words of git, gh and the Heroku CLI for our commands, and the errors for words that are no command.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::CommandLine;
use crate::terminal::LOGIN_BY_PIPE;
use crate::token;

/// The arguments with another program's words replaced by ours: `auth login`, `auth:login`, `whoami`,
/// `accounts:set`, `version`, `-v`.
pub(super) fn translated(arguments: &[OsString]) -> Vec<OsString> {
    let Some((first, rest)) = arguments.split_first() else {
        return Vec::new();
    };
    let word = match first.to_str().unwrap_or_default() {
        "auth" if rest.is_empty() => "--help",
        "auth" => return translated(rest),
        "whoami" | "accounts" | "accounts:current" => "status",
        "setup-git" => "setup",
        "accounts:set" => "switch",
        "version" | "-v" if rest.is_empty() => "--version",
        // The Heroku CLI accepts `auth:login` and `auth login`.
        word => match word.split_once(':') {
            Some((topic @ ("auth" | "authorizations"), command)) => {
                return translated(&[&[topic.into(), command.into()][..], rest].concat());
            }
            _ => return arguments.to_vec(),
        },
    };
    [&[word.into()][..], rest].concat()
}

/// An error as the user sees it: never with a token, which clap's own error would repeat.
pub(super) fn explained(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    if has_token(arguments) {
        let why = format!(
            "the token is read from stdin, because other programs can read arguments\n\n  \
             log in: {LOGIN_BY_PIPE}"
        );
        CommandLine::command().error(ErrorKind::UnknownArgument, why)
    } else {
        error
    }
}

/// Whether an argument is a token, or `--token` announces one, as in other programs.
fn has_token(arguments: &[OsString]) -> bool {
    // In their arguments, what has the form of an old token may be an id, and `--token` another program's flag.
    const TAKE_IDS: [&str; 3] = ["api", "authorizations", "exec"];
    let first = arguments.first().map(|first| first.to_string_lossy());
    let takes_ids = first.is_some_and(|first| TAKE_IDS.contains(&&*first));
    arguments.iter().any(|argument| {
        let argument = argument.to_string_lossy();
        let is_token = |part| part == "--token" || token::is_shaped_like_one(part);
        argument.contains("HRKU-") || !takes_ids && argument.split('=').any(is_token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Invocation, error_text, read};

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn error_of(line: &str) -> String {
        match read(&words(line)) {
            Invocation::Answered(error) | Invocation::Unknown(error) => error_text(&error),
            other => panic!("{line} is no error: {other:?}"),
        }
    }

    #[test]
    fn words_of_git_gh_and_the_heroku_cli_are_understood() {
        for (line, ours) in [
            ("auth login --browser", "login --browser"),
            ("auth:logout", "logout"),
            ("auth status", "status"),
            ("auth token", "token"),
            ("auth switch ann@example.com", "switch ann@example.com"),
            ("auth:whoami", "status"),
            ("auth setup-git", "setup"),
            ("whoami", "status"),
            ("accounts", "status"),
            ("accounts:set work", "switch work"),
            ("authorizations:create -h", "authorizations create -h"),
            ("auth", "--help"),
            ("version", "--version"),
            ("-v", "--version"),
        ] {
            assert_eq!(*translated(&words(line)), words(ours), "{line}");
        }
        for line in [
            "setup --global",
            "unsetup --global",
            "authorizations:destroy x",
        ] {
            let read = read(&words(line));
            assert!(matches!(read, Invocation::Command(_)), "{line}: {read:?}");
        }
    }

    #[test]
    fn other_words_stay() {
        for line in [
            "login",
            "-v login",
            "exec -- whoami",
            "switch auth:login",
            "a:b",
        ] {
            assert_eq!(*translated(&words(line)), words(line));
        }
    }

    #[test]
    fn a_token_among_the_arguments_is_not_repeated() {
        for line in [
            "login --token abc",
            "login --token=abc",
            "login HRKU-abc",
            "HRKU-abc",
            "auth login --token abc",
            "login --with-token=HRKU-abc",
            "login --store=HRKU-abc",
            "login 01234567-89ab-cdef-0123-456789abcdef",
            "login --with-token=0123456789abcdef0123456789abcdef01abcdef",
            "token 01234567-89ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdef",
        ] {
            let text = error_of(line);
            assert!(text.contains("login --with-token"), "{line}: {text}");
            assert!(!text.contains("abc"), "{line}: {text}");
        }
        let run = read(&words("exec -- curl HRKU-abc"));
        assert!(matches!(run, Invocation::Command(_)), "{run:?}");
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        let text = error_of(&format!("authorizations info {id} --jsno"));
        assert!(text.contains("'--json'"), "{text}");
    }
}
