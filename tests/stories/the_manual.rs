//! The pages of the manual, opened by man and git.

use crate::world::World;

const PAGES: &str = ".local/share/man/man1";

fn with_the_manual() -> World {
    let world = World::new();
    world.sets("LC_ALL", "C.UTF-8");
    world.sets("MANPAGER", "cat");
    let man = world.home().join(".local/share/man");
    world.sets("MANPATH", man.to_str().unwrap());
    world
        .helper(&format!("man ~/{PAGES}"))
        .succeeds()
        .stdout_is("");
    world
}

#[test]
fn git_opens_the_main_page() {
    let world = with_the_manual();
    for line in ["help credential-heroku-rs", "credential-heroku-rs --help"] {
        let page = world
            .git(line)
            .succeeds()
            .says("GIT-CREDENTIAL-HEROKU-RS(1)");
        for part in [
            "heroku-rs-netrc(1)",
            "HEROKU_API_KEY",
            "EXIT STATUS",
            "git push heroku main",
        ] {
            assert!(page.stdout().contains(part), "{line}: {part}");
        }
    }
}

#[test]
fn the_manual_is_installed_where_man_looks() {
    let world = World::new();
    world.sets("LC_ALL", "C.UTF-8");
    world.sets("MANPAGER", "cat");
    world
        .helper("man --install")
        .succeeds()
        .stdout_is("")
        .says("pages to WORLD/share/man/man1");
    world
        .git("help credential-heroku-rs")
        .succeeds()
        .says("GIT-CREDENTIAL-HEROKU-RS(1)");
    world
        .shell("man -w git-credential-heroku-rs-login", b"")
        .succeeds()
        .says("WORLD/share/man/man1/git-credential-heroku-rs-login.1");
}

#[test]
fn a_program_outside_path_installs_no_manual() {
    let world = World::new();
    let program = world.tested_program();
    world.sets("PATH", "/usr/bin:/bin");
    world
        .shell(&format!("{} man --install", program.display()), b"")
        .exits_with(1)
        .says("is not on PATH")
        .says("man DIR");
}

#[test]
fn without_the_page_git_reports_no_manual() {
    let world = with_the_manual();
    std::fs::remove_dir_all(world.home().join(PAGES)).unwrap();
    world
        .git("help credential-heroku-rs")
        .fails()
        .says("No manual entry");
}

#[test]
fn each_command_and_subcommand_has_a_page() {
    let world = with_the_manual();
    for command in ["login", "netrc-import", "exec", "man"] {
        let page = format!("git-credential-heroku-rs-{command}");
        world
            .shell(&format!("man {page}"), b"")
            .succeeds()
            .says(&format!("NAME\n       {page} "))
            .says("EXAMPLES");
    }
}

#[test]
fn man_and_mandoc_print_no_warning() {
    let world = with_the_manual();
    world
        .shell(
            &format!(
                "cd ~/{PAGES}; for page in *.1; do man --warnings -l \"$page\" >/dev/null; done"
            ),
            b"",
        )
        .succeeds()
        .says_nothing();
    // Its warnings are about the date, which a generated page does not have, and about style.
    world
        .shell(&format!("cd ~/{PAGES}; mandoc -T lint -W error *.1"), b"")
        .succeeds()
        .says_nothing();
    world
        .shell(
            "printf '.TH X 1\\n.SH\\n.nonsense\\n' | man --warnings -l - >/dev/null",
            b"",
        )
        .says("warning");
}

#[test]
fn an_example_is_printed_as_it_is_typed() {
    let world = with_the_manual();
    world
        .shell("MANWIDTH=200 man git-credential-heroku-rs-exec", b"")
        .succeeds()
        .says("    printf \"Authorization: Bearer %s\" \"$HEROKU_API_KEY\" |\n")
        .says("exec --env TF_VAR_heroku_key -- terraform plan\n");
}

#[test]
fn without_a_directory_the_main_page_is_printed() {
    let world = with_the_manual();
    world
        .shell("git-credential-heroku-rs man | man -l -", b"")
        .succeeds()
        .stderr_is("")
        .says("GIT-CREDENTIAL-HEROKU-RS(1)");
}

#[test]
fn the_error_names_a_directory_that_cannot_be_created() {
    let world = with_the_manual();
    world.has_file("file", "");
    world
        .helper("man ~/file/man1")
        .exits_with(1)
        .stdout_is("")
        .says("~/file/man1");
}

/// With the mask 000 every user could change a page that root reads, and with 077 only root could read it.
#[test]
fn every_user_may_read_a_page_and_only_its_owner_may_change_it() {
    let world = World::new();
    for mask in ["000", "077"] {
        world
            .shell(
                &format!("umask {mask}; git-credential-heroku-rs man ~/{mask}/man1"),
                b"",
            )
            .succeeds();
        let pages = world.home().join(mask);
        world
            .shell(
                &format!("find {} ! -perm 755 ! -perm 644", pages.display()),
                b"",
            )
            .succeeds()
            .stdout_is("");
    }
}
