//! `completions`: prints the script with which a shell completes this program's command line.
//!
//! The script is generated from the definition of the command line, and never reads a token or starts this program.
//! The additions are for git: a shell completes `git credential-heroku-rs` with git's own script, which expects other
//! names.

use std::fs;

use anyhow::Context;
use clap::Command;
use clap_complete::{Shell, generate};

use super::Session;
use crate::cli::{self, Completions};
use crate::files;
use crate::notice::{self, Fix};

const GIT_IN_BASH: &str = include_str!("more.bash");
const GIT_IN_FISH: &str = include_str!("more.fish");

/// The most that is read of a script, in bytes; ours have less than 100,000.
const LARGEST_SCRIPT: usize = 1024 * 1024;

/// The program's name in the functions of the bash script: with a hyphen in the name, the generator spells them in two
/// ways, and nothing after a command's name is completed.
const NAME_IN_BASH: &str = "heroku_rs";

pub(super) fn run(arguments: &Completions, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let script = script_for(arguments.shell);
    Ok(session.streams.output.write_all(script.as_bytes())?)
}

/// Removes the scripts at the paths that the help names, if they are exactly what this version prints.
pub(super) fn remove_installed(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    const PATHS: [(Shell, &str); 3] = [
        (
            Shell::Bash,
            ".local/share/bash-completion/completions/git-credential-heroku-rs",
        ),
        (Shell::Zsh, ".zfunc/_git-credential-heroku-rs"),
        (
            Shell::Fish,
            ".config/fish/completions/git-credential-heroku-rs.fish",
        ),
    ];
    let environment = &session.context.environment;
    let Some(home) = &environment.home else {
        return Ok(());
    };
    for (shell, name) in PATHS {
        let path = home.join(name);
        let shown = environment.display_path(&path);
        match files::read(&path, LARGEST_SCRIPT) {
            Ok(script) if *script == *script_for(shell).as_bytes() => {
                fs::remove_file(&path).with_context(|| shown.clone())?;
                session.print(&format!("Removed {shown}"))?;
            }
            Ok(_) => {
                let rm = notice::Command::new("rm").path(&path, Some(home));
                let why = "this version prints another script";
                session.kept(&shown, why, Fix::command("remove it", rm))?;
            }
            Err(_) => {}
        }
    }
    Ok(())
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
