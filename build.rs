//! What only the build can know: how libraries are linked, and what `--version` prints.
//!
//! git starts this program at every push, and for a host that is not Heroku's the loader is most of
//! what it costs: loading `libgcc_s.so` takes nine system calls, a tenth of such a run. Every Rust
//! program names `-lgcc_s`; a linker script of that name, found first, points to gcc's own static
//! archive. Without such an archive nothing is changed. On Windows, for the same reason, the libraries
//! of PasswordVault are loaded by the first call to it: a request for another host makes none.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script prints to cargo on stdout, and runs the linker and git"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the crate `windows` imports, and nothing else in this program does.
const LIBRARIES_OF_THE_VAULT: [&str; 3] = [
    "combase.dll",
    "api-ms-win-core-winrt-l1-1-0.dll",
    "oleaut32.dll",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=LONG_VERSION={}", long_version()?);
    if links_with_gcc() && has_static_unwinder() {
        let directory = PathBuf::from(env::var("OUT_DIR")?);
        fs::write(directory.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
        println!("cargo::rustc-link-search=native={}", directory.display());
    }
    if is_target("windows", "msvc") {
        for library in LIBRARIES_OF_THE_VAULT {
            println!("cargo::rustc-link-arg-bins=/DELAYLOAD:{library}");
        }
        println!("cargo::rustc-link-arg-bins=delayimp.lib");
    }
    Ok(())
}

/// `0.1.0 (0123456789 2026-11-25, x86_64-unknown-linux-musl)`: the same for the same commit and
/// target, on every machine that builds it.
fn long_version() -> Result<String, Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let (version, target) = (env::var("CARGO_PKG_VERSION")?, env::var("TARGET")?);
    let source = if let Some(commit) = packaged_commit(&root) {
        commit
    } else if env::var("PROFILE")? == "release" {
        checked_out_commit(&root).unwrap_or_else(|| "unknown commit".to_owned())
    } else {
        // Otherwise each commit would rebuild every test.
        "debug".to_owned()
    };
    Ok(format!("{version} ({source}, {target})"))
}

/// The commit that `cargo package` notes in a .crate.
fn packaged_commit(root: &Path) -> Option<String> {
    let noted = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = noted.split_once("\"sha1\"")?;
    rest.split('"').nth(1)?.get(..10).map(str::to_owned)
}

/// Commit and date of a checkout. A tree without `.git` may lie in another project's repository.
fn checked_out_commit(root: &Path) -> Option<String> {
    if !root.join(".git").exists() {
        return None;
    }
    let reflog = git(root, &["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={reflog}");
    let commit = git(root, &["log", "-1", "--format=%H %cs"])?;
    let (hash, date) = commit.split_once(' ')?;
    Some(format!("{} {date}", hash.get(..10)?))
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn links_with_gcc() -> bool {
    let static_already = target("FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    is_target("linux", "gnu") && !static_already
}

fn is_target(system: &str, environment: &str) -> bool {
    target("OS") == system && target("ENV") == environment
}

fn target(name: &str) -> String {
    env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default()
}

/// gcc prints a path if it has the archive, and the bare name if it has not.
fn has_static_unwinder() -> bool {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    let asked = Command::new(linker)
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    asked.is_ok_and(|answer| {
        let path = String::from_utf8_lossy(&answer.stdout);
        Path::new(path.trim()).is_absolute()
    })
}
