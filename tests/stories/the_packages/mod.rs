//! The packages that a user downloads: built by contrib/release, installed, used, removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::rotating_with_systemd_and_cron::systemd_accepts;
use crate::world::{ANN, World};

pub(crate) mod action;
mod devcontainer;
pub(crate) mod installer;
mod manifests;
mod prepared;
mod published;
mod supply;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the archive for this machine is named for. Its program is the tested one, not a static one.
#[cfg(target_arch = "x86_64")]
const TARGET: &str = "x86_64-unknown-linux-musl";
#[cfg(not(target_arch = "x86_64"))]
const TARGET: &str = "aarch64-unknown-linux-musl";

/// The directory with the packages of this run: built once, since a build takes seconds.
fn packages() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| made_in("packages"))
}

/// Packs the tested program as a release packs its own. Building sees the developer's cargo, and
/// nothing else of the developer's.
fn made_in(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let program = dir.join("git-credential-heroku-rs");
    succeeds(Command::new("strip").arg("-o").args([
        program.as_path(),
        env!("CARGO_BIN_EXE_git-credential-heroku-rs").as_ref(),
    ]));
    let out = dir.join("out");
    succeeds(
        with_the_developers_cargo("contrib/release")
            .args(["--target", TARGET, "--binary"])
            .args([&program, &out])
            .env("CARGO_NET_OFFLINE", "true")
            .env("SOURCE_DATE_EPOCH", "1764028800")
            // A release takes the time for the smallest package: 10 s for the tested program, which is larger.
            .env("DPKG_DEB_COMPRESSOR_LEVEL", "1")
            .env("DEBFULLNAME", "Ann")
            .env("DEBEMAIL", ANN),
    );
    out
}

/// A script that asks cargo, and sees nothing else of the developer's.
fn with_the_developers_cargo(script: &str) -> Command {
    let kept = [
        "PATH",
        "HOME",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
    ];
    let mut command = Command::new(script);
    command.env_clear();
    for name in kept {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// The only file in a directory with this ending.
fn file_named(dir: &Path, end: &str) -> PathBuf {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = entries.filter(|path| path.to_str().unwrap().ends_with(end));
    let file = found.next().unwrap();
    assert_eq!(found.next(), None, "one file that ends in {end}");
    file
}

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

/// A system of its own with nothing in it but dpkg's books, below the world's home.
struct Installation<'w> {
    world: &'w World,
    root: PathBuf,
}

impl<'w> Installation<'w> {
    fn of_the_package(world: &'w World) -> Self {
        let root = world.home().join("root");
        fs::create_dir_all(root.join("var/lib/dpkg/info")).unwrap();
        fs::create_dir_all(root.join("var/lib/dpkg/updates")).unwrap();
        fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
        let system = Installation { world, root };
        let package = file_named(packages(), ".deb");
        system.dpkg(&format!(
            "--force-depends --install '{}'",
            package.display()
        ));
        system
    }

    fn dpkg(&self, line: &str) {
        let root = self.root.display();
        let forced = "--force-not-root --force-bad-path";
        let line = format!("fakeroot dpkg --root='{root}' --log='{root}/dpkg.log' {forced} {line}");
        self.world.shell(&line, b"").succeeds();
    }

    /// The files below `usr`, as relative paths.
    fn files(&self) -> String {
        let line = format!(
            "cd '{}'; find usr -type f 2>/dev/null | sort",
            self.root.display()
        );
        self.world.shell(&line, b"").stdout()
    }
}

#[test]
fn a_push_works_with_the_installed_debian_package() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    let system = Installation::of_the_package(&world);
    fs::remove_file(world.tested_program()).unwrap();
    world.git("push heroku main").fails();

    let bin = system.root.join("usr/bin");
    world.sets("PATH", &format!("{}:/usr/bin:/bin", bin.display()));
    world
        .git("push heroku main")
        .succeeds()
        .stderr_is("To https://git.heroku.com/blue-sky.git\n * [new branch]      main -> main\n");
    assert!(world.is_pushed());
}

#[test]
fn the_debian_package_contains_the_manual_and_the_completions_of_three_shells() {
    let world = World::new();
    let system = Installation::of_the_package(&world);
    let usr = system.root.join("usr");
    world.sets("PATH", &format!("{}/bin:/usr/bin:/bin", usr.display()));
    world.sets("MANPATH", &format!("{}/share/man", usr.display()));
    world.sets("MANPAGER", "cat");
    world
        .git("help credential-heroku-rs")
        .succeeds()
        .says("GIT-CREDENTIAL-HEROKU-RS(1)");
    for file in [
        "usr/share/bash-completion/completions/git-credential-heroku-rs\n",
        "usr/share/fish/vendor_completions.d/git-credential-heroku-rs.fish\n",
        "usr/share/zsh/vendor-completions/_git-credential-heroku-rs\n",
        "usr/share/doc/git-credential-heroku-rs/third-party.txt.gz\n",
    ] {
        assert!(system.files().contains(file), "{file}{}", system.files());
    }
}

#[test]
fn docker_finds_the_program_of_the_debian_package_by_its_own_name() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    let system = Installation::of_the_package(&world);
    fs::remove_file(world.tested_program()).unwrap();
    let bin = system.root.join("usr/bin");
    world.sets("PATH", &format!("{}:/usr/bin:/bin", bin.display()));
    let set_up = world.helper("setup --docker").succeeds().stderr_is("");
    let _ = set_up.says_nothing_about("added for docker");
    world
        .shell("docker-credential-heroku-rs list", b"")
        .succeeds()
        .stdout_is("{\"registry.heroku.com\":\"_\"}\n");
}

#[test]
fn the_debian_package_contains_the_timer_and_does_not_start_it() {
    let world = World::new().with_a_bus_alone();
    let system = Installation::of_the_package(&world);
    let units = system.root.join("usr/lib/systemd/user");
    for unit in ["heroku-token.service", "heroku-token.timer"] {
        let path = units.join(unit);
        systemd_accepts(&world, &format!("'{}'", path.display()));
    }
    assert!(!system.files().contains("timers.target.wants"));
}

#[test]
fn a_purge_removes_every_file_of_the_debian_package() {
    let world = World::new();
    let system = Installation::of_the_package(&world);
    assert!(
        system
            .files()
            .contains("usr/bin/git-credential-heroku-rs\n")
    );
    system.dpkg("--purge git-credential-heroku-rs");
    assert_eq!(system.files(), "");
}

#[test]
fn lintian_reports_nothing_about_the_debian_package() {
    let world = World::new();
    let package = file_named(packages(), ".deb");
    let line = format!(
        "lintian --allow-root --fail-on none '{}'",
        package.display()
    );
    let said = world.shell(&line, b"").succeeds().stdout();
    // Some versions note that a hint is overridden.
    let hints: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("N: "))
        .collect();
    assert!(hints.is_empty(), "{hints:#?}");
}

#[test]
fn the_archive_matches_the_checksums() {
    let world = World::new();
    let line = format!(
        "cd '{}' && sha256sum --check --strict ./*.sha256",
        packages().display()
    );
    let checked = world.shell(&line, b"").succeeds().stdout();
    assert_eq!(checked.matches(": OK\n").count(), 4, "{checked}");
    let archive = file_named(packages(), ".tar.gz");
    let line = format!(
        "tar -xzf '{}' && cd git-credential-heroku-rs-{VERSION}-* &&",
        archive.display()
    );
    world
        .shell(
            &format!("{line} ./git-credential-heroku-rs --version && ls man/man1 completions . && ./docker-credential-heroku-rs version"),
            b"",
        )
        .succeeds()
        .says(&format!("git-credential-heroku-rs {VERSION} (debug, "))
        .says("\ndocker-credential-heroku-rs\n")
        .says("git-credential-heroku-rs-login.1\n")
        .says("_git-credential-heroku-rs.ps1\n")
        .says("LICENSE-APACHE\nLICENSE-MIT\n");
}

#[test]
fn the_archive_contains_the_licenses_of_the_linked_crates() {
    let world = World::new();
    let archive = file_named(packages(), ".tar.gz");
    world
        .shell(
            &format!(
                "tar -xOzf '{}' --wildcards '*/third-party.txt'",
                archive.display()
            ),
            b"",
        )
        .succeeds()
        .says("\nrustls ")
        .says("\nclap ")
        .says("Permission is hereby granted")
        .says_nothing_about("\nproptest ")
        .says_nothing_about("\nzlib-rs ");
}

#[test]
fn the_sbom_lists_each_crate_with_its_checksum() {
    let bill = fs::read(file_named(packages(), ".cdx.json")).unwrap();
    let bill: serde_json::Value = serde_json::from_slice(&bill).unwrap();
    let locked = fs::read_to_string("Cargo.lock").unwrap();
    let components = bill["components"].as_array().unwrap();
    let names: Vec<&str> = components
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    assert!(names.contains(&"rustls") && !names.contains(&"proptest"));
    // They were named since a feature speaks of one, and a test's crate asks for the other.
    assert!(!names.contains(&"zlib-rs") && !names.contains(&"const-oid"));
    for component in components {
        let checksum = component["hashes"][0]["content"].as_str().unwrap();
        assert!(
            locked.contains(&format!("checksum = \"{checksum}\"")),
            "{component}"
        );
        assert!(
            component["licenses"][0]["expression"].is_string(),
            "{component}"
        );
    }
    // Each crate says what it asks for, and the program is one of them.
    assert_eq!(
        bill["dependencies"].as_array().unwrap().len(),
        components.len() + 1
    );
}

#[test]
fn the_same_program_gives_the_same_packages_byte_for_byte() {
    let again = contents(&made_in("packages-again"));
    let first = contents(packages());
    assert_eq!(
        first.keys().collect::<Vec<_>>(),
        again.keys().collect::<Vec<_>>()
    );
    let differ: Vec<_> = first
        .keys()
        .filter(|name| first[*name] != again[*name])
        .collect();
    assert!(differ.is_empty(), "{differ:?}");
}

/// Git for Windows sets `core.autocrlf`, and a CR would be compiled into the completions.
#[test]
fn a_checkout_on_windows_has_the_same_bytes() {
    let world = World::new();
    let files = [
        ".gitattributes",
        "src/commands/completions/more.bash",
        "src/commands/man/program.roff",
        "contrib/fuzz/corpus/netrc/bom-and-crlf",
    ];
    world.git("init --quiet .").succeeds();
    for file in files {
        let copy = world.work().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(file, copy).unwrap();
    }
    world.git("config core.autocrlf true").succeeds();
    world.git("add --all .").succeeds();
    for file in files {
        fs::remove_file(world.work().join(file)).unwrap();
    }
    world.git("checkout --quiet -- .").succeeds();
    for file in files {
        let checked_out = fs::read(world.work().join(file)).unwrap();
        assert!(checked_out == fs::read(file).unwrap(), "{file}");
    }
}
