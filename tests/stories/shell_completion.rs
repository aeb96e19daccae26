//! Pressing Tab in a real shell, after the program's own name and after git.

use crate::world::{Terminal, World};

/// A line that only the help of `login` contains.
const HELP_OF_LOGIN: &str = "Usage: git credential-heroku-rs login";

/// A home with the script at the path that the shell reads.
fn with_the_script_of(shell: &str, place: &str) -> World {
    let world = World::new();
    let script = world.has_file(place, "");
    let line = format!(
        "git-credential-heroku-rs completions {shell} > '{}'",
        script.display()
    );
    world.shell(&line, b"").succeeds().says_nothing();
    world.sets("PS1", "ready> ");
    world
}

fn with_the_script_of_bash() -> World {
    let place = ".local/share/bash-completion/completions/git-credential-heroku-rs";
    with_the_script_of("bash", place)
}

/// A bash that completes as on a Debian desktop.
fn bash(world: &World) -> Terminal<'_> {
    world
        .on_a_terminal("bash --norc -i")
        .shows("ready> ")
        .types(". /usr/share/bash-completion/bash_completion")
        .shows("ready> ")
}

#[test]
fn bash_completes_commands_and_flags() {
    let world = with_the_script_of_bash();
    for typed in [
        "git-credential-heroku-rs logi\t--he\t",
        "git credential-heroku-rs logi\t--he\t",
        "git -C . credential-heroku-rs logi\t--he\t",
    ] {
        bash(&world)
            .types(typed)
            .shows(HELP_OF_LOGIN)
            .types("exit 0")
            .exits_with(0);
    }
}

#[test]
fn bash_completes_a_command_below_a_command_and_the_values_of_a_flag() {
    let world = with_the_script_of_bash();
    bash(&world)
        .types("git credential-heroku-rs netrc im\t--he\t")
        .shows("Usage: git credential-heroku-rs netrc import")
        .types("git credential-heroku-rs login --store keyr\t--he\t")
        .shows(HELP_OF_LOGIN)
        .types("exit 0")
        .exits_with(0);
}

#[test]
fn bash_completes_a_file_in_a_directory() {
    let world = with_the_script_of_bash();
    world.has_file("bodies/body one.json", "{}");
    for program in ["git-credential-heroku-rs", "git credential-heroku-rs"] {
        bash(&world)
            .types("cd")
            .shows("ready> ")
            .types(&format!("{program} api apps --input bod\tbod\t--silent"))
            // Only after the file has been read.
            .shows("not logged in to Heroku")
            .types("exit 0")
            .exits_with(0);
    }
}

#[test]
fn zsh_completes_commands_and_flags() {
    let world = with_the_script_of("zsh", ".zfunc/_git-credential-heroku-rs");
    for typed in [
        "git-credential-heroku-rs logi\t--he\t",
        "git credential-heroku-rs logi\t--he\t",
        "git -C . credential-heroku-rs logi\t--he\t",
    ] {
        world
            .on_a_terminal("zsh -f -i")
            .shows("ready> ")
            .types("fpath=(~/.zfunc $fpath); autoload -U compinit; compinit -u -D")
            .shows("ready> ")
            .types(typed)
            .shows(HELP_OF_LOGIN)
            .types("exit 0")
            .exits_with(0);
    }
}

#[test]
fn fish_completes_commands_and_the_values_of_a_flag() {
    let place = ".config/fish/completions/git-credential-heroku-rs.fish";
    let world = with_the_script_of("fish", place);
    world
        .shell(
            "fish -c \"complete -C 'git-credential-heroku-rs unset'\"",
            b"",
        )
        .succeeds()
        .stdout_is("unsetup\tUndo setup\n");
    let sourced = "git-credential-heroku-rs completions fish | source";
    for (before, line) in [
        (String::new(), "git-credential-heroku-rs"),
        (format!("{sourced}; "), "git credential-heroku-rs"),
        (format!("{sourced}; "), "git -C . credential-heroku-rs"),
    ] {
        let line = format!("fish -c \"{before}complete -C '{line} login --store keyr'\"");
        let offered = world.shell(&line, b"").succeeds().stdout();
        assert!(
            offered.lines().any(|one| one == "keyring\tThe keyring"),
            "{offered}"
        );
        // Older versions offer a value too if its description has the letters.
        assert!(offered.lines().all(|one| one.contains("keyr")), "{offered}");
    }
}

#[test]
fn every_script_is_printed_and_an_unknown_shell_is_an_error() {
    let world = World::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        world
            .helper(&format!("completions {shell}"))
            .succeeds()
            .stderr_is("")
            .says("unsetup");
    }
    world
        .helper("completions tcsh")
        .exits_with(2)
        .stdout_is("")
        .says("powershell");
}

#[test]
fn each_shell_parses_its_whole_script() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        world
            .shell(
                &format!("git-credential-heroku-rs completions {shell} | {shell} -n"),
                b"",
            )
            .succeeds()
            .says_nothing();
    }
}
