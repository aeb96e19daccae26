//! Reads the arguments: git's operations first, since git starts this program at every push. Only a
//! user's command line is parsed by clap.

mod api;
mod authorizations;
mod familiar;
mod flags;
mod login;
mod netrc;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::protocol::Operation;

pub use api::Api;
pub use authorizations::{
    Authorizations, AuthorizationsCreate, AuthorizationsInfo, AuthorizationsList,
    AuthorizationsRevoke, AuthorizationsUpdate, OnAuthorizations,
};
pub use flags::{
    Completions, Doctor, Exec, Logout, Man, Rotate, Setup, Status, Switch, TokenArguments, Unsetup,
};
pub use login::{Lifetime, Login};
pub use netrc::{Netrc, NetrcClean, NetrcImport, NetrcPrint};

/// What the arguments mean.
#[derive(Debug)]
pub enum Invocation {
    /// An operation of git's credential helper protocol.
    Git(Operation),
    /// One of our own commands.
    Command(Command),
    /// No command is named: an operation that git has added, or a typo. Carries clap's message.
    Unknown(clap::Error),
    /// clap's message: help, the version, or what is wrong with the command line.
    Answered(clap::Error),
}

/// Reads the arguments, without the program's own name.
///
/// git puts the operation last, after the words of `credential.helper`. A command of ours may end in the
/// same word (`exec -- cache get`), so the name of a command takes precedence.
pub fn read(arguments: &[OsString]) -> Invocation {
    if let Some((first, words)) = arguments.split_first()
        && first == "help"
        && words.iter().all(is_word)
    {
        return read(&[words, &["--help".into()]].concat());
    }
    if let [operation, flag] = arguments
        && operation.to_str().and_then(Operation::from_name).is_some()
        && (flag == "-h" || flag == "--help")
        && let Some(help) = help_on_an_operation()
    {
        return Invocation::Answered(help);
    }
    if let Some((last, before)) = arguments.split_last()
        && let Some(operation) = last.to_str().and_then(Operation::from_name)
        && !has_a_command(before)
    {
        return Invocation::Git(operation);
    }
    read_command(&familiar::translated(arguments))
}

fn help_on_an_operation() -> Option<clap::Error> {
    let command = clap::Command::new(NAME)
        .about("git runs this command itself: see git help gitcredentials")
        .help_template("{about}\n");
    command.try_get_matches_from([NAME, "-h"]).err()
}

/// Reads a user's command line.
fn read_command(arguments: &[OsString]) -> Invocation {
    let name = OsString::from(NAME);
    let parsed = definition().try_get_matches_from(std::iter::once(&name).chain(arguments));
    match parsed.and_then(|matches| CommandLine::from_arg_matches(&matches)) {
        Ok(line) => Invocation::Command(line.command),
        Err(answer) if answer.exit_code() == 0 => Invocation::Answered(answer),
        Err(error) => {
            let error = familiar::explained(error, arguments);
            // An operation that git adds may come after flags from `credential.helper`, as ours do.
            if has_a_command(arguments) {
                Invocation::Answered(error)
            } else {
                Invocation::Unknown(error)
            }
        }
    }
}

/// The definition of the command line, from which completions and the manual are generated.
pub fn definition() -> clap::Command {
    let line = CommandLine::command();
    let template = help_template(&line);
    line.help_template(template)
}

/// The commands in the groups in which `-h` lists them: clap has one heading for all subcommands.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Getting started", &["login", "setup", "status", "doctor"]),
    ("Accounts", &["switch", "logout"]),
    (
        "Tokens and the API",
        &["token", "exec", "api", "rotate", "authorizations", "netrc"],
    ),
    ("Installation", &["completions", "man", "unsetup"]),
];

fn help_template(line: &clap::Command) -> String {
    let groups = GROUPS.map(|(heading, names)| {
        let lines = names.iter().map(|name| {
            let about = line
                .find_subcommand(name)
                .and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            format!("  {name:<14}  {about}\n")
        });
        format!("{heading}:\n{}\n", lines.collect::<String>())
    });
    let groups = groups.concat();
    format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}Options:\n{{options}}{{after-help}}"
    )
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

/// Whether an argument is neither a flag nor empty, as the arguments of `help` are.
fn is_word(argument: &OsString) -> bool {
    argument
        .to_str()
        .is_some_and(|word| !word.is_empty() && !word.starts_with('-'))
}

/// Whether one of the words is a command.
fn has_a_command(words: &[OsString]) -> bool {
    // As for most requests of git: then no definition is built.
    if words.is_empty() {
        return false;
    }
    let line = CommandLine::command();
    let mut commands = words.iter().map(|word| line.find_subcommand(word));
    commands.any(|command| command.is_some())
}

/// The command line for a trace: git's operation, or the names of our command and its subcommand. Flags are not shown:
/// with `exec`, `-pSECRET` may be a flag of the program to run.
pub fn in_public(arguments: &[OsString]) -> String {
    let line = CommandLine::command();
    let mut command = &line;
    let mut shown = Vec::new();
    for word in arguments.iter().filter_map(|word| word.to_str()) {
        if let Some(inner) = command.find_subcommand(word) {
            command = inner;
            shown.push(word);
        } else if shown.is_empty() && Operation::from_name(word).is_some() {
            shown.push(word);
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    format!("{SHORT_NAME} {version}: {}", shown.join(" "))
}

/// How a user calls the program.
pub const NAME: &str = "git credential-heroku-rs";

/// The program's name in its messages, as in `credential.helper`.
pub const SHORT_NAME: &str = "heroku-rs";

const EXAMPLES: &str = "\
Examples:
  git credential-heroku-rs login
  git credential-heroku-rs setup
  git push heroku main

Run `git credential-heroku-rs COMMAND -h` for the flags and examples of a
command. `git credential-heroku-rs --help` opens the manual, after
`git credential-heroku-rs man --install`. git itself runs get, store, erase and
capability.";

const NETRC_EXAMPLES: &str = "\
Examples:
  git credential-heroku-rs netrc import
  curl --netrc-file <(git credential-heroku-rs netrc print) ...
  git credential-heroku-rs netrc clean --dry-run";

#[derive(Debug, Parser)]
#[command(
    name = "git-credential-heroku-rs",
    bin_name = NAME,
    version,
    long_version = env!("LONG_VERSION"),
    about = "A git credential helper for Heroku that uses the token in your keyring",
    after_help = EXAMPLES,
    subcommand_required = true,
    max_term_width = 80,
    disable_help_subcommand = true,
    disable_help_flag = true,
)]
struct CommandLine {
    // clap's own flag points to `--help`, which git answers.
    /// Print help
    #[arg(short, long, global = true, display_order = 1000, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

/// The commands for users.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Log in to Heroku, for git and the Heroku CLI
    Login(Login),
    /// Log out, also of the Heroku CLI, and revoke the token
    Logout(Logout),
    /// Show the active account, its token and git's configuration
    Status(Status),
    /// Choose the active account
    Switch(Switch),
    /// Configure git to use this helper for Heroku
    Setup(Setup),
    /// Undo setup
    Unsetup(Unsetup),
    /// Find and fix problems with pushing to Heroku
    Doctor(Doctor),
    /// Print the token, for scripts
    Token(TokenArguments),
    /// Run a program with the token in its environment
    Exec(Exec),
    /// Make an authenticated Heroku API request
    Api(Api),
    /// Replace the token with a new one, and revoke the old one
    Rotate(Rotate),
    /// List, create, update and revoke authorizations
    Authorizations(Authorizations),
    /// Move the token out of netrc, print netrc lines, or clean netrc
    #[command(subcommand, after_help = NETRC_EXAMPLES)]
    Netrc(Netrc),
    /// Print a shell completion script
    Completions(Completions),
    /// Print or install the manual
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
    fn the_command_line_has_no_conflict() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn each_command_has_examples() {
        fn look(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string);
            let shown = help.is_some_and(|help| help.contains("\n  "));
            assert!(shown, "{}", command.get_name());
            command.get_subcommands().for_each(look);
        }
        look(&definition());
    }

    #[test]
    fn each_command_is_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        grouped.sort_unstable();
        let line = definition();
        let mut commands: Vec<&str> = line
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }

    #[test]
    fn help_fits_80_columns_and_no_example_is_wrapped() {
        fn look(command: &mut clap::Command) {
            let name = command.get_name().to_owned();
            let after = command.get_after_help().map(ToString::to_string);
            let after = after.unwrap_or_default();
            let short = command.render_help().to_string();
            assert!(short.ends_with(&format!("{after}\n")), "{name} is wrapped");
            for line in short.lines().chain(after.lines()) {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            command.get_subcommands_mut().for_each(look);
        }
        let mut line = definition();
        line.build();
        look(&mut line);
    }

    #[test]
    fn no_example_has_a_comment() {
        // zsh, the shell of macOS, takes a comment at its prompt for arguments.
        fn look(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string);
            for line in help.unwrap_or_default().lines() {
                assert!(!line.contains(" #"), "{line}");
            }
            command.get_subcommands().for_each(look);
        }
        look(&definition());
    }

    #[test]
    fn the_operation_is_the_last_word_after_any_others() {
        for words in [&["get"][..], &["--account", "a b", "-v", "get"]] {
            assert!(matches!(invocation(words), Invocation::Git(Operation::Get)));
        }
    }

    #[test]
    fn help_on_an_operation_names_gits_page() {
        for words in [&["get", "-h"][..], &["store", "--help"], &["help", "erase"]] {
            let Invocation::Answered(help) = invocation(words) else {
                panic!("{words:?}");
            };
            assert_eq!(help.exit_code(), 0);
            assert!(help.to_string().contains("git help gitcredentials"));
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
    fn a_trace_shows_no_flag_and_no_value_of_the_command_line() {
        for (line, shown) in [
            ("--account ann get", "get"),
            ("netrc import --account=ann@example.com", "netrc import"),
            ("authorizations --account ann list", "authorizations list"),
            ("switch ann@example.com", "switch"),
            ("switch get", "switch"),
            ("api /apps -fpassword", "api"),
            ("exec -- curl --user a:b", "exec"),
            ("exec mysql -phunter", "exec"),
            ("exec --env=hunter mysql --hunter=x get", "exec"),
            ("--hunter", ""),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let version = env!("CARGO_PKG_VERSION");
            assert_eq!(in_public(&words), format!("heroku-rs {version}: {shown}"));
        }
    }

    #[test]
    fn help_is_a_word_too() {
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
    fn an_error_suggests_h_because_git_handles_help() {
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
    fn a_word_that_is_neither_a_command_nor_an_operation_is_unknown() {
        assert!(matches!(invocation(&["approve"]), Invocation::Unknown(_)));
        let Invocation::Unknown(error) = invocation(&["statsu"]) else {
            panic!("a typo is no command");
        };
        assert!(error.to_string().contains("'status'"));
    }
}
