//! The flags of `completions`, and what a shell may be told in the middle of a command line.

use std::ffi::OsString;

use clap::{Arg, Args, Command};
use clap_complete::Shell;

/// For which shell.
#[derive(Debug, Args)]
#[command(override_usage = "git credential-heroku-rs completions <SHELL>")]
#[command(after_help = "\
Examples:
  git credential-heroku-rs completions bash > ~/.local/share/bash-completion/completions/git-credential-heroku-rs
  git credential-heroku-rs completions zsh > ~/.zfunc/_git-credential-heroku-rs
  git credential-heroku-rs completions fish > ~/.config/fish/completions/git-credential-heroku-rs.fish
  git credential-heroku-rs completions powershell >> $PROFILE

Each works behind `git credential-heroku-rs` and behind `git-credential-heroku-rs`; in zsh,
~/.zfunc has to be in fpath before compinit runs. bash, zsh and fish offer the accounts and the
authorizations that are known here, too.")]
pub struct Completions {
    /// The shell that completes
    #[arg(required_unless_present = "words")]
    pub shell: Option<Shell>,
    /// A command line up to where it is completed: what the scripts ask with.
    #[arg(last = true, hide = true, conflicts_with = "shell")]
    pub words: Vec<OsString>,
}

/// What stands at a place in the command line, and only this machine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// An account, by its email or by its name in the Heroku CLI.
    Account,
    /// An authorization, by its id.
    Authorization,
}

impl Value {
    /// What an argument of this command line stands for.
    pub fn of(argument: &Arg) -> Option<Value> {
        match argument.get_id().as_str() {
            "account" => Some(Value::Account),
            "named" => Some(Value::Authorization),
            _ => None,
        }
    }

    /// What the last of these words stands for; the program's name is among them, behind git's or
    /// alone.
    pub fn at_the_end_of(words: &[OsString]) -> Option<Value> {
        let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
        let name = |word: &&str| word.ends_with("credential-heroku-rs");
        let program = words.iter().rposition(name)?;
        let (last, before) = words.get(program + 1..)?.split_last()?;
        let line = super::definition();
        let place = Place::behind(before, &line)?;
        match (place.flag, last.split_once('=')) {
            (Some(flag), _) => Value::of(flag),
            (None, Some((flag, _))) => Value::of(long(place.command, flag)?),
            (None, None) if last.starts_with('-') => None,
            (None, None) => Value::of(place.command.get_positionals().nth(place.positionals)?),
        }
    }
}

/// Where a command line is.
struct Place<'a> {
    command: &'a Command,
    /// The flag whose value comes next.
    flag: Option<&'a Arg>,
    /// How many words of the command's own there are.
    positionals: usize,
}

impl<'a> Place<'a> {
    /// Behind these words; none where what follows is somebody else's.
    fn behind(words: &[&str], line: &'a Command) -> Option<Place<'a>> {
        let mut place = Place {
            command: line,
            flag: None,
            positionals: 0,
        };
        for word in words {
            match place.command.find_subcommand(word) {
                _ if place.flag.take().is_some() => {}
                _ if *word == "--" => return None,
                _ if word.starts_with('-') => {
                    let flag = long(place.command, word).or_else(|| short(place.command, word));
                    place.flag = flag.filter(|flag| flag.get_action().takes_values());
                }
                Some(command) => place.command = command,
                None if runs_a_program(place.command) => return None,
                None => place.positionals += 1,
            }
        }
        Some(place)
    }
}

/// Whether all that stands behind its own flags is another program's line.
fn runs_a_program(command: &Command) -> bool {
    command.get_positionals().any(Arg::is_trailing_var_arg_set)
}

fn long<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.strip_prefix("--")?;
    let mut flags = command.get_arguments();
    flags.find(|flag| flag.get_long() == Some(name))
}

fn short<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.strip_prefix('-')?.chars().next_back()?;
    let mut flags = command.get_arguments();
    flags.find(|flag| flag.get_short() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Option<Value> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Value::at_the_end_of(&words)
    }

    #[test]
    fn accounts_stand_where_an_account_is_named() {
        for line in [
            "git-credential-heroku-rs switch ",
            "git credential-heroku-rs logout a",
            "git -C status credential-heroku-rs logout --keep ann@example.com",
            "git credential-heroku-rs token --json --account ",
            "git credential-heroku-rs token --account=a",
            "git credential-heroku-rs authorizations info 01234567 --account ",
            "git credential-heroku-rs api -X GET --account ",
        ] {
            assert_eq!(at(line), Some(Value::Account), "{line}");
        }
    }

    #[test]
    fn authorizations_stand_where_one_is_named() {
        for line in [
            "git credential-heroku-rs authorizations info ",
            "git-credential-heroku-rs authorizations --account a revoke 01",
            "git credential-heroku-rs authorizations update --description laptop ",
        ] {
            assert_eq!(at(line), Some(Value::Authorization), "{line}");
        }
    }

    #[test]
    fn everywhere_else_there_is_nothing_to_tell() {
        for line in [
            "",
            "git credential-heroku-rs",
            "git credential-heroku-rs ",
            "git credential-heroku-rs switch --",
            "git credential-heroku-rs switch ann@example.com ",
            "git credential-heroku-rs login --description ",
            "git credential-heroku-rs login --store=",
            "git credential-heroku-rs exec -- heroku --account ",
            "git credential-heroku-rs exec gh switch --account ",
            "git credential-heroku-rs token ",
            "git push ",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }
}
