//! The words of git, gh and the Heroku CLI for our commands, and the errors for words that are no command.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{CommandLine, has_a_command};
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

/// An error as the user sees it: without far-fetched suggestions, and never with a token.
pub(super) fn explained(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    if has_token(arguments) {
        // clap's own error would repeat the token.
        let why = format!(
            "the token is read from stdin, because other programs can read arguments\n\n  \
             log in: {LOGIN_BY_PIPE}"
        );
        return CommandLine::command().error(ErrorKind::UnknownArgument, why);
    }
    let mut error = with_near_suggestions(error);
    if has_a_command(arguments) {
        // That a wrong flag may be a value, after `--`.
        error.remove(ContextKind::Suggested);
    }
    if error.kind() == ErrorKind::ArgumentConflict {
        // clap's own shows the flags that conflict.
        let usage = usage_for(arguments);
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    error
}

/// The usage of the command that these arguments name.
fn usage_for(arguments: &[OsString]) -> StyledStr {
    let mut line = CommandLine::command();
    line.build();
    let mut command = &line;
    for argument in arguments {
        match command.find_subcommand(argument) {
            Some(inner) => command = inner,
            None => break,
        }
    }
    command.clone().render_usage()
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

/// The error with only those suggestions from which the word differs by a typo. clap also suggests words
/// that only begin like it, such as `authorizations` for `auth`.
fn with_near_suggestions(mut error: clap::Error) -> clap::Error {
    use ContextKind::{InvalidArg, InvalidSubcommand, InvalidValue};
    use ContextKind::{SuggestedArg, SuggestedSubcommand, SuggestedValue};
    for (wrong, suggested) in [
        (InvalidSubcommand, SuggestedSubcommand),
        (InvalidArg, SuggestedArg),
        (InvalidValue, SuggestedValue),
    ] {
        let Some(ContextValue::String(word)) = error.get(wrong).cloned() else {
            continue;
        };
        let mut near = match error.remove(suggested) {
            Some(ContextValue::String(only)) => vec![only],
            Some(ContextValue::Strings(all)) => all,
            _ => continue,
        };
        near.retain(|suggestion| is_typo(&word, suggestion));
        if !near.is_empty() {
            error.insert(suggested, ContextValue::Strings(near));
        }
    }
    error
}

/// Whether at most a third of the letters of the meant word are wrong.
fn is_typo(word: &str, meant: &str) -> bool {
    let length = meant.trim_start_matches('-').chars().count();
    strsim::osa_distance(word, meant) <= (length / 3).max(1)
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

    #[test]
    fn an_error_shows_the_usage_of_the_command_and_no_tip() {
        let conflict = error_of("login --browser --with-token --no-open");
        let usage = "\nUsage: git credential-heroku-rs login [OPTIONS]\n";
        assert!(conflict.contains(usage), "{conflict}");
        let unknown = error_of("api apps --jq .");
        assert!(!unknown.contains("tip:"), "{unknown}");
        let empty = error_of("authorizations create --description=");
        assert!(empty.contains("--description <TEXT>"), "{empty}");
    }

    #[test]
    fn only_a_word_that_differs_by_a_typo_is_suggested() {
        for (line, suggested) in [
            ("statsu", "'status'"),
            ("logn", "'login'"),
            ("doctro", "'doctor'"),
            ("login --brower", "'--browser'"),
            ("login --store netrcc", "'netrc'"),
        ] {
            let text = error_of(line);
            assert!(text.contains("tip: ") && text.contains(suggested), "{text}");
        }
        for line in ["author", "lo", "reset", "login --token-file"] {
            let text = error_of(line);
            assert!(!text.contains("tip: a similar"), "{line}: {text}");
        }
    }
}
