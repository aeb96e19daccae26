//! What was typed: git's operation first, since git starts us at every push, and only then the
//! command line of a person, which is clap's.

mod api;
mod authorizations;
mod completions;
mod doctor;
mod exec;
mod flags;
mod login;
mod man;
mod netrc;
mod rotate;

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::protocol::Operation;

pub use api::{Api, Method};
pub use authorizations::{
    Authorizations, AuthorizationsCreate, AuthorizationsInfo, AuthorizationsList,
    AuthorizationsRevoke, AuthorizationsUpdate, OnAuthorizations,
};
pub use completions::Completions;
pub use doctor::Doctor;
pub use exec::Exec;
pub use flags::{Client, Logout, Setup, Status, Switch, TokenArguments};
pub use login::{Lifetime, Login, OauthScope, Place};
pub use man::Man;
pub use netrc::{Netrc, NetrcClean, NetrcImport, NetrcPrint};
pub use rotate::Rotate;

/// What the program was started for.
#[derive(Debug)]
pub enum Invocation {
    /// git asks.
    Git(Operation),
    /// One of our own commands.
    Command(Command),
    /// No command is named: an operation that git has added, or a typo. Carries clap's message.
    Unknown(clap::Error),
    /// clap has the answer: help, the version, or what is wrong with the command line.
    Answered(clap::Error),
}

/// Reads the arguments, the program's own name left out.
///
/// git puts the operation last, behind what stands in `credential.helper`. A command of ours may
/// end in the same word (`exec -- cache get`), so a command's name in front decides first.
pub fn read(arguments: &[OsString]) -> Invocation {
    if let Some((first, of)) = arguments.split_first()
        && first == "help"
        && of.iter().all(is_word)
    {
        return read(&[of, &["--help".into()]].concat());
    }
    if let Some((last, before)) = arguments.split_last()
        && let Some(operation) = last.to_str().and_then(Operation::named)
        && !has_a_command(before)
    {
        return Invocation::Git(operation);
    }
    match CommandLine::try_parse_from(std::iter::once(&OsString::from(NAME)).chain(arguments)) {
        Ok(line) => Invocation::Command(line.command),
        // An operation that git adds may come behind flags from `credential.helper`, as ours do.
        Err(error) if error.exit_code() != 0 && !has_a_command(arguments) => {
            Invocation::Unknown(error)
        }
        Err(error) => Invocation::Answered(error),
    }
}

/// The command line as it is defined: what completions and the manual are made from.
pub fn definition() -> clap::Command {
    CommandLine::command()
}

/// The text of an error, of help or of the version.
///
/// clap's errors end with a hint at `--help`, but git itself answers `git credential-heroku-rs --help`
/// with the manual, if there is one.
pub fn error_text(error: &clap::Error) -> String {
    let text = error.to_string();
    match text.strip_suffix("try '--help'.\n") {
        Some(before) => format!("{before}try '-h'.\n"),
        None => text,
    }
}

/// Whether it is neither a flag nor empty: all of `help`'s words are commands.
fn is_word(argument: &OsString) -> bool {
    argument
        .to_str()
        .is_some_and(|word| !word.is_empty() && !word.starts_with('-'))
}

/// The definition is made once for all words, and not at all where git's operation stands alone.
fn has_a_command(words: &[OsString]) -> bool {
    let line = (!words.is_empty()).then(CommandLine::command);
    line.is_some_and(|line| {
        words
            .iter()
            .any(|word| line.find_subcommand(word).is_some())
    })
}

/// The command line as far as anyone may know it: commands and flags by their names, no value.
pub fn in_public(arguments: &[OsString]) -> String {
    let mut shown = format!("{SHORT_NAME} {}:", env!("CARGO_PKG_VERSION"));
    let line = CommandLine::command();
    let mut command = Some(&line);
    for word in arguments.iter().filter_map(|word| word.to_str()) {
        let flag = word.split('=').next().unwrap_or_default();
        let is_flag =
            flag.starts_with('-') && flag.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let inner = command.and_then(|command| command.find_subcommand(word));
        command = inner.or(command);
        if word == "--" {
            break;
        }
        if is_flag || inner.is_some() || Operation::named(word).is_some() {
            shown.push(' ');
            shown.push_str(flag);
        }
    }
    shown
}

/// How a person calls the program.
pub const NAME: &str = "git credential-heroku-rs";

/// How the program calls itself where it speaks: the name in `credential.helper`.
pub const SHORT_NAME: &str = "heroku-rs";

const EXAMPLES: &str = "\
Examples:
  git credential-heroku-rs login     log in, once, for git push and for the Heroku CLI
  git credential-heroku-rs setup     make git ask this program about git.heroku.com
  git push heroku main

git itself calls: get, store, erase, capability.";

#[derive(Debug, Parser)]
#[command(
    name = "git-credential-heroku-rs",
    bin_name = NAME,
    version,
    long_version = env!("LONG_VERSION"),
    about = "A git credential helper for Heroku: serves the Heroku CLI's token from the OS keyring",
    after_help = EXAMPLES,
    subcommand_required = true,
    disable_help_subcommand = true,
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// The commands for people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Log in to Heroku: for git push, and for the Heroku CLI
    Login(Login),
    /// Log out: remove a login from this machine
    Logout(Logout),
    /// Show who is logged in, where the token lies, and whether git asks this program
    Status(Status),
    /// Choose the account that is used
    Switch(Switch),
    /// Make git ask this program, and nobody else, about git.heroku.com
    Setup(Setup),
    /// Take back what setup wrote
    Unsetup(Setup),
    /// Look at everything between git push and Heroku, and mend it
    Doctor(Doctor),
    /// Print the token, for scripts
    Token(TokenArguments),
    /// Run a program with the token in its environment
    Exec(Exec),
    /// Ask Heroku's Platform API: JSON in and out, all pages, no token to handle
    Api(Api),
    /// Replace the token by a new one, and revoke the old one
    Rotate(Rotate),
    /// List, make, rename and revoke the account's authorizations
    Authorizations(Authorizations),
    /// Move tokens out of netrc, print lines for tools that need it, clean it
    #[command(subcommand)]
    Netrc(Netrc),
    /// Print the script that makes a shell complete these commands
    Completions(Completions),
    /// Print or install the manual, for `git help credential-heroku-rs`
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(words: &[&str]) -> Invocation {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        read(&words)
    }

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn each_command_shows_how_it_is_typed() {
        fn look(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string);
            let shown = help.is_some_and(|help| help.contains("\n  "));
            assert!(shown || command.has_subcommands(), "{}", command.get_name());
            command.get_subcommands().for_each(look);
        }
        look(&definition());
    }

    #[test]
    fn the_operation_is_the_last_word_whatever_stands_before_it() {
        for words in [&["get"][..], &["--account", "a b", "-v", "get"]] {
            assert!(matches!(invocation(words), Invocation::Git(Operation::Get)));
        }
    }

    #[test]
    fn a_command_may_end_in_the_name_of_an_operation() {
        let invocation = invocation(&["switch", "get"]);
        assert!(matches!(
            invocation,
            Invocation::Command(Command::Switch(_))
        ));
    }

    #[test]
    fn in_public_a_command_line_has_no_values() {
        let shown = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let shown = in_public(&words);
            shown.split_once(": ").unwrap().1.to_owned()
        };
        assert_eq!(shown(&["--account", "ann", "get"]), "--account get");
        assert_eq!(
            shown(&["netrc", "import", "--account=ann@example.com"]),
            "netrc import --account"
        );
        assert_eq!(shown(&["switch", "ann@example.com"]), "switch");
        assert_eq!(shown(&["exec", "--", "curl", "--user", "a:b"]), "exec");
    }

    #[test]
    fn help_is_asked_for_by_a_word_too() {
        for words in [
            &["help"][..],
            &["help", "login"],
            &["help", "netrc", "clean"],
        ] {
            let Invocation::Answered(help) = invocation(words) else {
                panic!("{words:?}");
            };
            let usage = words.join(" ").replacen("help", NAME, 1);
            assert_eq!(help.exit_code(), 0);
            assert!(help.to_string().contains(&usage), "{help}");
        }
    }

    #[test]
    fn an_error_hints_at_the_flag_that_git_does_not_take() {
        for words in [
            &[][..],
            &["statsu"],
            &["login", "--nonsense"],
            &["netrc"],
            &["switch"],
            &["api", "--silent"],
            &["status", "--json=try '--help'.\n"],
        ] {
            let (Invocation::Answered(error) | Invocation::Unknown(error)) = invocation(words)
            else {
                panic!("{words:?} is an error");
            };
            let text = error_text(&error);
            assert!(!text.trim_end().ends_with("'--help'."), "{text}");
            assert!(text.contains("-h"), "{text}");
        }
    }

    #[test]
    fn no_example_puts_a_token_on_a_command_line() {
        fn look(command: &clap::Command, seen: &mut usize) {
            let help = command.get_after_help().map(ToString::to_string);
            for line in help.unwrap_or_default().lines() {
                let line = line.trim_start();
                let is_secret = line.contains("$HEROKU_API_KEY") || line.contains("$(git");
                *seen += usize::from(is_secret);
                let is_piped = line.starts_with("printf ") && line.ends_with('|');
                assert!(!is_secret || is_piped, "{line}");
            }
            command
                .get_subcommands()
                .for_each(|command| look(command, seen));
        }
        let mut seen = 0;
        look(&definition(), &mut seen);
        assert_eq!(seen, 2);
    }

    #[test]
    fn a_word_that_is_neither_is_unknown() {
        assert!(matches!(invocation(&["approve"]), Invocation::Unknown(_)));
        let Invocation::Unknown(error) = invocation(&["statsu"]) else {
            panic!("a typo is no command");
        };
        assert!(error.to_string().contains("'status'"));
    }
}
