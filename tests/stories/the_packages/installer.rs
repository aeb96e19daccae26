//! contrib/install.sh, as a release fills it, by the shells that a machine may have.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use super::VERSION;
use super::manifests::has_a_release;
use crate::world::{ANN, Outcome, World};

const SHELLS: [&str; 2] = ["dash", "busybox sh"];

/// The release on a server on this machine, and a PATH without the tested program.
pub(crate) fn with_a_release() -> (World, String) {
    let world = World::new().with_keyring().with_app("blue-sky");
    has_a_release(&world, "https://example.com/not-asked");
    let server = serves(world.home().join("dist"));
    fs::remove_file(world.tested_program()).unwrap();
    let bins = [world.home().join(".local/bin"), world.bin()];
    let bins = bins.map(|bin| bin.display().to_string()).join(":");
    world.sets("PATH", &format!("{bins}:/usr/bin:/bin"));
    (world, server)
}

/// Makes an installer take the archive from there: the releases are not on this machine.
pub(crate) fn installs_from(world: &World, installer: &str, place: &str) {
    let default = "from=$repository/releases/download/v$version";
    let line = format!(
        "grep -F '{default}' {installer} && sed -i 's#{default}#from={place}#' {installer}"
    );
    world.shell(&line, b"").succeeds();
}

/// Answers each request with a file of this directory, until the process ends.
pub(super) fn serves(directory: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let head = String::from_utf8_lossy(&request[..length]);
            let path = head.split(' ').nth(1).unwrap().trim_start_matches('/');
            let (status, body) = match fs::read(directory.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!("HTTP/1.0 {status}\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let _ = stream.write_all(&body);
        }
    });
    url
}

/// A gh that is logged in, and knows the attestation of every file but of `$REFUSES`.
pub(super) fn has_gh(world: &World) {
    let slug = env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/");
    let signed = format!("--repo {slug} --signer-workflow {slug}/.github/workflows/release.yml");
    let script = format!(
        "case $* in \
         'auth status --hostname github.com' | 'attestation verify --help') ;; \
         \"attestation verify \"*${{REFUSES:-nothing}}' {signed}') exit 1 ;; \
         'attestation verify '*' {signed}') ;; \
         *) exit 9 ;; esac"
    );
    world.has_program("gh", &script);
}

fn installer<'w>(world: &'w World, shell: &str, flags: &str) -> Outcome<'w> {
    world.shell(&format!("{shell} ~/made/install.sh {flags}"), b"")
}

/// Every file and directory of the home but the release.
fn home(world: &World) -> String {
    let line = "cd ~ && find . -name dist -prune -o -name made -prune -o -print | sort";
    world.shell(line, b"").stdout()
}

#[test]
fn the_installed_program_pushes_and_uninstall_removes_every_file() {
    for shell in SHELLS {
        let (world, server) = with_a_release();
        let before = home(&world);
        let installed = installer(&world, shell, &format!("--from {server}")).succeeds();
        let _ = installed
            .says(&format!("installed git-credential-heroku-rs {VERSION} in "))
            .says("(checksum verified)\n  next: git credential-heroku-rs setup\n")
            .says_nothing_about("add it to PATH");
        let _ = world
            .shell("find ~/.local ! -type d", b"")
            .says("/bin/docker-credential-heroku-rs\n")
            .says("/share/man/man1/git-credential-heroku-rs-login.1\n")
            .says("/share/bash-completion/completions/git-credential-heroku-rs\n")
            .says("/share/zsh/site-functions/_git-credential-heroku-rs\n")
            .says("/share/fish/vendor_completions.d/git-credential-heroku-rs.fish\n")
            .says("/share/git-credential-heroku-rs/LICENSE-APACHE\n");
        world.git("credential-heroku-rs setup").succeeds();
        let state = world.home().join(".local/state/git-credential-heroku-rs");
        world.git("credential-heroku-rs rotate").exits_with(4);
        assert!(state.exists());
        let token = world.heroku.issue_token(ANN);
        world.sets("HEROKU_API_KEY", &token);
        world.pushes();
        installer(&world, shell, "--uninstall").succeeds();
        let left = world.git("config --global --get-regexp credential");
        assert_eq!(left.stdout(), "", "{shell}");
        assert!(!state.exists(), "{shell}");
        let _ = fs::remove_file(world.home().join(".gitconfig"));
        let _ = fs::remove_dir(world.home().join(".local/state"));
        assert_eq!(home(&world), before, "{shell}");
        installer(&world, shell, "--uninstall")
            .exits_with(1)
            .says("install.sh: install.sh has installed nothing below ");
    }
}

#[test]
fn an_archive_with_another_checksum_is_not_installed() {
    for shell in SHELLS {
        let (world, server) = with_a_release();
        let before = home(&world);
        world
            .shell("printf x >>\"$(ls ~/dist/*.tar.gz)\"", b"")
            .succeeds();
        installer(&world, shell, &format!("--from {server}"))
            .exits_with(1)
            .stdout_is("")
            .says(": nothing was installed\n");
        assert_eq!(home(&world), before, "{shell}");
    }
}

#[test]
fn an_archive_without_an_attestation_is_not_installed_if_gh_can_check() {
    let (world, server) = with_a_release();
    let flags = format!("--from {server}");
    let before = home(&world);
    has_gh(&world);
    world.sets("REFUSES", ".tar.gz");
    installer(&world, "dash", &flags)
        .exits_with(1)
        .says("has no valid attestation: nothing was installed\n");
    assert_eq!(home(&world), before);
    world.unsets("REFUSES");
    installer(&world, "dash", &flags)
        .succeeds()
        .says("(checksum and attestation verified)\n");
    // Not logged in: the checksum is what there is.
    world.has_program("gh", "exit 1");
    installer(&world, "dash", &flags)
        .succeeds()
        .says("(checksum verified)\n");
}

#[test]
fn an_update_removes_what_the_new_version_does_not_have() {
    let (world, server) = with_a_release();
    let flags = format!("--from {server} --prefix $HOME/tools");
    installer(&world, "dash", &flags)
        .succeeds()
        .says("  add it to PATH, in your shell's start file: export PATH=\"");
    let stale = world.has_file("tools/share/man/man1/git-credential-heroku-rs-gone.1", "");
    let list = world
        .home()
        .join("tools/share/git-credential-heroku-rs/files");
    let known = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{known}{}\n", stale.display())).unwrap();
    installer(&world, "dash", &flags).succeeds();
    assert!(!stale.exists());
    assert_eq!(fs::read_to_string(&list).unwrap(), known);
    installer(&world, "dash", "--uninstall --prefix $HOME/tools").succeeds();
    assert!(!world.home().join("tools").exists());
}

#[test]
fn an_incomplete_download_or_an_unknown_flag_changes_nothing() {
    let (world, _) = with_a_release();
    let before = home(&world);
    let half = "head -c 4000 ~/made/install.sh | dash";
    let _ = world.shell(half, b"").stdout_is("");
    installer(&world, "dash", "--prefix")
        .exits_with(2)
        .says("usage: install.sh ");
    installer(&world, "dash", "--prefix tools")
        .exits_with(1)
        .says("the prefix is not an absolute path: tools\n");
    world.has_program("uname", "echo Plan9");
    installer(&world, "dash", "")
        .exits_with(1)
        .says("no archive for Plan9 on Plan9\n  build it: cargo install ");
    assert_eq!(home(&world), before);
}
