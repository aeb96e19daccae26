//! `completions`: the script that makes a shell complete this program's command line.
//!
//! It is made from the command line's definition. What stands beside it asks this program, in the
//! middle of a line, for what only this machine knows, and serves git: a shell completes
//! `git credential-heroku-rs` by git's own script, which looks for ours under other names.

mod values;

use clap::{Command, ValueHint};
use clap_complete::{Shell, generate};

use super::Session;
use crate::cli::{self, Completions, Value};

const MORE_IN_BASH: &str = include_str!("more.bash");
const MORE_IN_FISH: &str = include_str!("more.fish");
const MORE_IN_ZSH: &str = include_str!("more.zsh");

/// The program in the functions of the bash script: with a hyphen in the name, the generator spells
/// them in two ways, and nothing behind a command's name is completed.
const NAME_IN_BASH: &str = "heroku_rs";

pub(super) fn run(arguments: &Completions, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match arguments.shell {
        Some(shell) => {
            let script = script_for(shell);
            session.streams.output.write_all(script.as_bytes())?;
        }
        None => values::tell(&arguments.words, session.context, session.streams.output)?,
    }
    Ok(())
}

fn script_for(shell: Shell) -> String {
    let definition = definition();
    let name = definition.get_name().to_owned();
    match shell {
        Shell::Bash => {
            let by = |function: &str, name: &str| format!("complete -F _{function} {name}");
            let script = generated(shell, definition, NAME_IN_BASH);
            let script = script.replace(
                &by(NAME_IN_BASH, "-o"),
                &by(&format!("{NAME_IN_BASH}_and_told"), "-o"),
            );
            let last = |name: &str| format!("-o default {name}\n");
            script.replace(&last(NAME_IN_BASH), &last(&name)) + MORE_IN_BASH
        }
        Shell::Fish => {
            let script = generated(shell, definition, &name);
            script.replace("__fish_complete_users", "__heroku_rs_told") + MORE_IN_FISH
        }
        Shell::Zsh => {
            let about = definition.get_about().map(ToString::to_string);
            let script = generated(shell, definition, &name);
            described(
                &script.replace(":_users", ":_heroku_rs_told"),
                &about.unwrap_or_default(),
            )
        }
        // The other shells know nothing of git's commands, nor does what may come to the list.
        _ => generated(shell, definition, &name),
    }
}

/// The command line, with a hint where a value is one that only this machine knows. No other value
/// has this hint, so that what the generator makes of it can be told from all else.
fn definition() -> Command {
    fn hinted(command: Command) -> Command {
        let command = command.mut_args(|argument| match Value::of(&argument) {
            Some(_) => argument.value_hint(ValueHint::Username),
            None => argument,
        });
        command.mut_subcommands(hinted)
    }
    hinted(cli::definition())
}

fn generated(shell: Shell, mut definition: Command, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, &mut definition, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// zsh's own script for git reads what a program of somebody else's is for from the second line. What
/// stands at the end of the script is run: a function has to stand before it.
fn described(script: &str, about: &str) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    format!("{first}\n#description {about}\n{MORE_IN_ZSH}{rest}")
}
