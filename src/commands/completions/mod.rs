//! `completions`: prints the script with which a shell completes this program's command line.
//!
//! The script is generated from the definition of the command line, and never reads a token or starts this program.
//! The additions are for git: a shell completes `git credential-heroku-rs` with git's own script, which expects other
//! names.

use clap::Command;
use clap_complete::{Shell, generate};

use super::Session;
use crate::cli::{self, Completions};

const GIT_IN_BASH: &str = include_str!("more.bash");
const GIT_IN_FISH: &str = include_str!("more.fish");

/// The program's name in the functions of the bash script: with a hyphen in the name, the generator spells them in two
/// ways, and nothing after a command's name is completed.
const NAME_IN_BASH: &str = "heroku_rs";

pub(super) fn run(arguments: &Completions, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let script = script_for(arguments.shell);
    Ok(session.streams.output.write_all(script.as_bytes())?)
}

fn script_for(shell: Shell) -> String {
    let definition = cli::definition();
    let name = definition.get_name().to_owned();
    match shell {
        Shell::Bash => {
            let last = |name: &str| format!("-o default {name}\n");
            let script = generated(shell, definition, NAME_IN_BASH);
            script.replace(&last(NAME_IN_BASH), &last(&name)) + GIT_IN_BASH
        }
        Shell::Fish => generated(shell, definition, &name) + GIT_IN_FISH,
        Shell::Zsh => {
            let about = definition.get_about().map(ToString::to_string);
            let script = generated(shell, definition, &name);
            described(&script, &about.unwrap_or_default())
        }
        // The other shells have no completion for git's commands.
        _ => generated(shell, definition, &name),
    }
}

fn generated(shell: Shell, mut definition: Command, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, &mut definition, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// zsh's own script for git reads the description of another program from the second line.
fn described(script: &str, about: &str) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    format!("{first}\n#description {about}\n{rest}")
}
