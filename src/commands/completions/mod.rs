//! `completions`: prints the script with which a shell completes this program's command line.
//!
//! The script is generated from the definition of the command line, and never reads a token or starts this program.
//! The additions are for git: a shell completes `git credential-heroku-rs` with git's own script, which expects other
//! names.

use clap_complete::{Shell, generate};

use super::Session;
use crate::cli::{self, Completions};

const GIT_IN_BASH: &str = include_str!("more.bash");
const GIT_IN_FISH: &str = include_str!("more.fish");

/// The program's name in the functions of the bash script: with a hyphen in the name, the generator spells them in two
/// ways, and nothing after a command's name is completed.
const NAME_IN_BASH: &str = "heroku_rs";

pub(super) fn run(arguments: &Completions, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let mut definition = cli::definition();
    let name = definition.get_name().to_owned();
    let about = definition.get_about().map(ToString::to_string);
    let name_in_script = match arguments.shell {
        Shell::Bash => NAME_IN_BASH,
        _ => &name,
    };
    let mut script = Vec::new();
    generate(
        arguments.shell,
        &mut definition,
        name_in_script,
        &mut script,
    );
    let script = String::from_utf8(script)?;
    let script = match arguments.shell {
        Shell::Bash => {
            let last = |name: &str| format!("-o default {name}\n");
            script.replace(&last(NAME_IN_BASH), &last(&name)) + GIT_IN_BASH
        }
        Shell::Fish => script + GIT_IN_FISH,
        // zsh's own script for git reads the description of another program from the second line.
        Shell::Zsh => {
            let description = format!("\n#description {}\n", about.unwrap_or_default());
            script.replacen('\n', &description, 1)
        }
        // The other shells have no completion for git's commands.
        _ => script,
    };
    Ok(session.streams.output.write_all(script.as_bytes())?)
}
