//! The manifests of a release for each package manager.

use std::fs;
use std::path::{Path, PathBuf};

use super::{TARGET, VERSION, file_named, packages};
use crate::world::{Outcome, World};

pub(super) fn in_the_source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

const URL: &str = "https://example.com/v1/";

pub(super) const TARGETS: [&str; 5] = [
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "aarch64-unknown-linux-musl",
    "x86_64-unknown-linux-musl",
    "x86_64-pc-windows-msvc",
];

/// A directory with what contrib/release says of each system's archive; every checksum differs.
pub(super) fn has_checksums_of(world: &World, targets: &[&str]) {
    for target in targets {
        let end = if target.contains("windows") {
            "zip"
        } else {
            "tar.gz"
        };
        let name = format!("git-credential-heroku-rs-{VERSION}-{target}");
        let line = format!("{}  {name}.{end}\n", checksum_of(target));
        world.has_file(format!("dist/{name}.sha256"), &line);
    }
}

fn checksum_of(target: &str) -> String {
    let at = TARGETS.iter().position(|known| *known == target).unwrap();
    (at + 1).to_string().repeat(64)
}

/// What the manifests of the checksums in `dist` become: in `made`.
pub(super) fn fills_the_manifests<'w>(world: &'w World, url: &str) -> Outcome<'w> {
    let script = in_the_source("contrib/packages/manifests");
    let line = format!("'{}' --url '{url}' ~/dist ~/made", script.display());
    world.shell(&line, b"")
}

/// A release with the archive of the tested program for this machine, and no others.
pub(super) fn has_a_release(world: &World, url: &str) {
    has_checksums_of(world, &TARGETS);
    let archive = file_named(packages(), ".tar.gz");
    let line = format!(
        "cd ~/dist && cp '{}' . && sha256sum *.tar.gz >{TARGET}.sha256 && rm git-*-{TARGET}.sha256",
        archive.display()
    );
    world.shell(&line, b"").succeeds();
    fills_the_manifests(world, url).succeeds();
}

fn owner() -> &'static str {
    env!("CARGO_PKG_REPOSITORY").split('/').nth(3).unwrap()
}

#[test]
fn homebrew_installs_the_archive_with_our_formula_and_tests_it() {
    let world = World::new();
    has_checksums_of(&world, &TARGETS);
    fills_the_manifests(&world, URL).succeeds();
    let archive = file_named(packages(), ".tar.gz");
    world
        .shell(&format!("cd ~ && tar -xzf '{}'", archive.display()), b"")
        .succeeds();
    let reader = in_the_source("tests/stories/the_packages/formula.rb");
    for (os, cpu, target) in [
        ("macos", "arm", TARGETS[0]),
        ("macos", "intel", TARGETS[1]),
        ("linux", "arm", TARGETS[2]),
        ("linux", "intel", TARGETS[3]),
    ] {
        let name = format!("git-credential-heroku-rs-{VERSION}-{target}.tar.gz");
        let line = format!(
            "cd ~ && rm -rf prefix && ruby '{}' made/homebrew-tap/Formula/git-credential-heroku-rs.rb {os} {cpu} git-credential-*",
            reader.display()
        );
        let checksum = checksum_of(target);
        world.shell(&line, b"").succeeds().stdout_is(&format!(
            "https://example.com/v1/{name}\n{checksum}\n{VERSION}\n"
        ));
    }
    world
        .shell("find ~/prefix ! -type d | sort", b"")
        .says("/prefix/bin/git-credential-heroku-rs\n")
        .says("/prefix/bin/docker-credential-heroku-rs\n")
        .says("/prefix/share/man/man1/git-credential-heroku-rs.1\n")
        .says("/prefix/share/zsh/site-functions/_git-credential-heroku-rs\n");
}

#[test]
fn scoop_gets_the_url_and_the_checksum_of_the_windows_archive() {
    let world = World::new();
    has_checksums_of(&world, &TARGETS);
    fills_the_manifests(&world, URL).succeeds();
    let manifest = fs::read(
        world
            .home()
            .join("made/scoop-bucket/bucket/git-credential-heroku-rs.json"),
    )
    .unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let folder = format!("git-credential-heroku-rs-{VERSION}-{}", TARGETS[4]);
    assert_eq!(
        manifest["architecture"]["64bit"],
        serde_json::json!({
            "url": format!("https://example.com/v1/{folder}.zip"),
            "hash": checksum_of(TARGETS[4]),
            "extract_dir": folder,
        })
    );
    assert_eq!(manifest["version"], VERSION);
    // docker finds a program by its name, so a copy has the other one.
    let copied = "$dir\\git-credential-heroku-rs.exe\" \"$dir\\docker-credential-heroku-rs.exe";
    assert!(manifest["pre_install"].as_str().unwrap().contains(copied));
    let started = [
        "git-credential-heroku-rs.exe",
        "docker-credential-heroku-rs.exe",
    ];
    assert_eq!(manifest["bin"], serde_json::json!(started));
    // How `scoop update` finds the next version and its checksum.
    let repository = env!("CARGO_PKG_REPOSITORY");
    assert_eq!(manifest["checkver"]["github"], repository);
    let next = &manifest["autoupdate"]["architecture"]["64bit"];
    let url = next["url"].as_str().unwrap().replace("$version", VERSION);
    assert_eq!(
        url,
        format!("{repository}/releases/download/v{VERSION}/{folder}.zip")
    );
    let sums = &manifest["autoupdate"]["hash"]["url"];
    assert_eq!(sums, "$baseurl/SHA256SUMS");
}

/// A winget manifest, parsed by Ruby.
fn winget_manifest(world: &World, kind: &str) -> serde_json::Value {
    let read = "puts JSON.generate(YAML.load_file(ARGV[0]))";
    let file = format!("~/made/winget/{}.GitCredentialHerokuRs.{kind}yaml", owner());
    let line = format!("ruby -ryaml -rjson -e '{read}' {file}");
    serde_json::from_str(&world.shell(&line, b"").succeeds().stdout()).unwrap()
}

#[test]
fn winget_gets_three_consistent_files() {
    let world = World::new();
    has_checksums_of(&world, &TARGETS);
    fills_the_manifests(&world, URL).succeeds();
    let folder = format!("git-credential-heroku-rs-{VERSION}-{}", TARGETS[4]);
    let kinds = [
        ("", "version"),
        ("installer.", "installer"),
        ("locale.en-US.", "defaultLocale"),
    ];
    for (end, kind) in kinds {
        let said = winget_manifest(&world, end);
        let identifier = format!("{}.GitCredentialHerokuRs", owner());
        assert_eq!(said["PackageIdentifier"], identifier.as_str());
        assert_eq!(said["PackageVersion"], VERSION);
        assert_eq!(said["ManifestType"], kind);
        assert_eq!(said["ManifestVersion"], "1.10.0");
    }
    assert_eq!(
        winget_manifest(&world, "")["DefaultLocale"],
        winget_manifest(&world, "locale.en-US.")["PackageLocale"]
    );
    let installer = winget_manifest(&world, "installer.");
    assert_eq!(
        installer["Installers"],
        serde_json::json!([{
            "Architecture": "x64",
            "InstallerUrl": format!("https://example.com/v1/{folder}.zip"),
            "InstallerSha256": checksum_of(TARGETS[4]),
        }])
    );
    assert_eq!(
        installer["NestedInstallerFiles"],
        serde_json::json!([{
            "RelativeFilePath": format!("{folder}\\git-credential-heroku-rs.exe"),
            "PortableCommandAlias": "git-credential-heroku-rs",
        }])
    );
}

#[test]
fn a_missing_checksum_is_an_error_and_no_manifest_is_written() {
    let world = World::new();
    has_checksums_of(&world, &TARGETS[..2]);
    fills_the_manifests(&world, URL)
        .exits_with(1)
        .stdout_is("")
        .says("no checksum of the archive for x86_64-unknown-linux-musl");
    assert!(!world.home().join("made").exists());
}

#[test]
fn the_check_of_a_built_program_accepts_only_correct_replies() {
    let world = World::new();
    let script = in_the_source("contrib/packages/try");
    let tries = |program: &Path| {
        let line = format!("'{}' '{}'", script.display(), program.display());
        world.shell(&line, b"")
    };
    tries(&world.tested_program())
        .succeeds()
        .says("answers as it should\n");
    let talker = world.has_program("talker", "echo password=x");
    tries(&talker)
        .exits_with(1)
        .says("answers for a foreign host");
    let mute = world.has_program("mute", "exit 0");
    tries(&mute)
        .exits_with(1)
        .says("does not serve HEROKU_API_KEY");
}

#[test]
fn the_arch_package_installs_the_archive_and_its_two_files_agree() {
    let world = World::new();
    has_a_release(&world, URL);
    let arch = TARGET.split('-').next().unwrap();
    let package = format!(
        "set -eu; cd ~; tar -xzf dist/*.tar.gz; srcdir=$PWD pkgdir=$PWD/root CARCH={arch}; \
         . made/aur/PKGBUILD; (package); root/usr/bin/git-credential-heroku-rs --version; \
         echo \"${{sha256sums_{arch}[0]}}  $(basename \"${{source_{arch}[0]}}\")\" >sums; \
         cd dist; sha256sum --check ../sums; \
         grep -F \"${{source_{arch}[0]}}\" ../made/aur/.SRCINFO; \
         grep -F \"${{sha256sums_{arch}[0]}}\" ../made/aur/.SRCINFO"
    );
    world
        .shell(&format!("bash -c '{package}'"), b"")
        .succeeds()
        .says(": OK\n");
    world
        .shell("find ~/root ! -type d | sort", b"")
        .says("/root/usr/bin/docker-credential-heroku-rs\n")
        .says("/root/usr/share/man/man1/git-credential-heroku-rs.1\n")
        .says("/root/usr/share/licenses/git-credential-heroku-rs-bin/LICENSE-MIT\n");
}
