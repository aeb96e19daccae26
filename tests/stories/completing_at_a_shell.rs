//! Pressing Tab in a real shell, behind the program's own name and behind git.

use heroku_stand_in::Grant;

use crate::world::{ANN, BOB, World};

/// What only `login --help` prints.
const HELP_OF_LOGIN: &str = "Usage: git credential-heroku-rs login";

/// A home in which the script lies where the shell looks for it.
fn with_the_script_of(shell: &str, place: &str) -> World {
    with_the_script_in(World::new(), shell, place)
}

fn with_the_script_in(world: World, shell: &str, place: &str) -> World {
    let script = world.has_file(place, "");
    let line = format!(
        "git-credential-heroku-rs completions {shell} > '{}'",
        script.display()
    );
    world.shell(&line, b"").succeeds().says_nothing();
    world.sets("PS1", "ready> ");
    world
}

#[test]
fn bash_completes_commands_and_flags() {
    let place = ".local/share/bash-completion/completions/git-credential-heroku-rs";
    let world = with_the_script_of("bash", place);
    for typed in [
        "git-credential-heroku-rs logi\t--he\t",
        "git credential-heroku-rs logi\t--he\t",
        "git -C . credential-heroku-rs logi\t--he\t",
    ] {
        world
            .on_a_terminal("bash --norc -i")
            .shows("ready> ")
            .types(". /usr/share/bash-completion/bash_completion")
            .shows("ready> ")
            .types(typed)
            .shows(HELP_OF_LOGIN)
            .types("exit 0")
            .exits_with(0);
    }
}

#[test]
fn bash_completes_a_command_below_a_command_and_the_values_of_a_flag() {
    let place = ".local/share/bash-completion/completions/git-credential-heroku-rs";
    let world = with_the_script_of("bash", place);
    world
        .on_a_terminal("bash --norc -i")
        .shows("ready> ")
        .types(". /usr/share/bash-completion/bash_completion")
        .shows("ready> ")
        .types("git credential-heroku-rs netrc im\t--he\t")
        .shows("Usage: git credential-heroku-rs netrc import")
        .types("git credential-heroku-rs login --store keyr\t--he\t")
        .shows(HELP_OF_LOGIN)
        .types("exit 0")
        .exits_with(0);
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
        .stdout_is("unsetup\tTake back what setup wrote\n");
    let keyring = "keyring\tThe OS keyring\n";
    world
        .shell(
            "fish -c \"complete -C 'git-credential-heroku-rs login --store keyr'\"",
            b"",
        )
        .succeeds()
        .stdout_is(keyring);
    let sourced = "git-credential-heroku-rs completions fish | source";
    for line in ["git credential-heroku-rs", "git -C . credential-heroku-rs"] {
        let line = format!("fish -c \"{sourced}; complete -C '{line} login --store keyr'\"");
        world.shell(&line, b"").succeeds().stdout_is(keyring);
    }
}

/// Ann's login with an authorization that is known here, and Bob's.
fn with_two_logins() -> (World, String) {
    let world = World::new().with_keyring();
    let grant = Grant {
        description: "Ann's \u{1b}[2Jlaptop $(id)".to_owned(),
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    world.has_logged_in_with_the_heroku_cli(BOB);
    world.logs_in_with(&issued.token);
    world.has_file(
        ".config/heroku/accounts/work",
        "username: bob@example.com\n",
    );
    (world, issued.id)
}

#[test]
fn accounts_and_authorizations_are_told_to_a_shell_and_no_token() {
    let (world, id) = with_two_logins();
    let told = |line: &str| {
        let line = format!("git-credential-heroku-rs completions -- {line}");
        world.shell(&line, b"").succeeds().stderr_is("").stdout()
    };
    let accounts = "ann@example.com\tin the keyring, in use\n\
                    bob@example.com\tin the keyring\nwork\tbob@example.com\n";
    assert_eq!(told("git credential-heroku-rs switch ''"), accounts);
    assert_eq!(told("git-credential-heroku-rs exec --account ''"), accounts);
    let ids = told("git credential-heroku-rs authorizations revoke ''");
    let about = "Ann's  [2Jlaptop $(id) (ann@example.com)";
    assert_eq!(ids, format!("{id}\t{about}\n"));
    assert_eq!(told("git credential-heroku-rs status ''"), "");
    assert_eq!(told("''"), "");
}

#[test]
fn where_there_is_trouble_nothing_is_told_and_nobody_is_asked() {
    let (world, _) = with_two_logins();
    world.keyring().locks();
    world
        .shell(
            "git-credential-heroku-rs completions -- git-credential-heroku-rs logout ''",
            b"",
        )
        .succeeds()
        .stdout_is("work\tbob@example.com\n")
        .stderr_is("");
    let alone = World::new();
    alone
        .shell(
            "git-credential-heroku-rs completions -- git-credential-heroku-rs logout ''",
            b"",
        )
        .succeeds()
        .says_nothing();
}

/// What is typed up to a Tab, and what is then said.
fn lines(id: &str) -> [(String, &'static str); 6] {
    let line = |before: &str, after: &str| format!("git{before} {after}\t");
    [
        (
            line("-credential-heroku-rs", "switch bo"),
            "bob@example.com is now in use",
        ),
        (
            line("-credential-heroku-rs", "switch ann@e"),
            "ann@example.com is now in use",
        ),
        (
            line(" credential-heroku-rs", "switch wo"),
            "bob@example.com is now in use",
        ),
        (
            line(" -C . credential-heroku-rs", "switch ann@"),
            "ann@example.com is now in use",
        ),
        (
            line(" credential-heroku-rs", "token --check --account b"),
            "Heroku takes the token of bob@example.com",
        ),
        (
            line(
                " credential-heroku-rs",
                &format!("authorizations info {}", &id[..1]),
            ),
            "laptop $(id)",
        ),
    ]
}

fn completes(world: &World, id: &str, shell: &str, prepared: &str) {
    for (typed, said) in lines(id) {
        world
            .on_a_terminal(shell)
            .shows("ready> ")
            .types(prepared)
            .shows("ready> ")
            .types(&typed)
            .shows(said)
            .types("exit 0")
            .exits_with(0);
    }
}

#[test]
fn bash_completes_accounts_and_authorizations() {
    let (world, id) = with_two_logins();
    let place = ".local/share/bash-completion/completions/git-credential-heroku-rs";
    let world = with_the_script_in(world, "bash", place);
    let prepared = ". /usr/share/bash-completion/bash_completion";
    completes(&world, &id, "bash --norc -i", prepared);
    // A second Tab lists what there is, and what a name stands for.
    world
        .on_a_terminal("bash --norc -i")
        .shows("ready> ")
        .types(prepared)
        .shows("ready> ")
        .types("git credential-heroku-rs switch \t\t")
        .shows("work  (bob@example.com)")
        .types("exit 0")
        .exits_with(0);
}

#[test]
fn zsh_completes_accounts_and_authorizations() {
    let (world, id) = with_two_logins();
    let world = with_the_script_in(world, "zsh", ".zfunc/_git-credential-heroku-rs");
    let prepared = "fpath=(~/.zfunc $fpath); autoload -U compinit; compinit -u -D";
    completes(&world, &id, "zsh -f -i", prepared);
}

#[test]
fn fish_completes_accounts_and_authorizations() {
    let (world, id) = with_two_logins();
    let place = ".config/fish/completions/git-credential-heroku-rs.fish";
    let world = with_the_script_in(world, "fish", place);
    let accounts = "ann@example.com\tin the keyring, in use\n\
                    bob@example.com\tin the keyring\nwork\tbob@example.com\n";
    let about = format!("{id}\tAnn's  [2Jlaptop $(id) (ann@example.com)\n");
    for (line, told) in [
        ("git-credential-heroku-rs switch ", accounts),
        ("git -C . credential-heroku-rs token --account ", accounts),
        ("git credential-heroku-rs authorizations info ", &about),
    ] {
        let sourced = "git-credential-heroku-rs completions fish | source";
        world
            .shell(&format!("fish -c \"{sourced}; complete -C '{line}'\""), b"")
            .succeeds()
            .stdout_is(told);
    }
}

#[test]
fn every_script_is_printed_and_an_unknown_shell_is_a_typo() {
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
fn each_shell_can_read_the_whole_of_its_script() {
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
