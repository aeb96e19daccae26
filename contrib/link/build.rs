//! Links the unwinder into the program instead of loading `libgcc_s.so` at every start.
//!
//! git starts this program at every push, and for a host that is not Heroku's the loader is most of
//! what it costs: the library's nine system calls are a tenth of such a run. Every Rust program
//! names `-lgcc_s`; a linker script of that name, found first, points to gcc's own static archive.
//! Where there is no such archive nothing is changed.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script speaks to cargo on stdout, and asks the linker"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=contrib/link/build.rs");
    if !links_with_gcc() || !has_static_unwinder() {
        return Ok(());
    }
    let directory = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(directory.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo::rustc-link-search=native={}", directory.display());
    Ok(())
}

fn links_with_gcc() -> bool {
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let static_already = target("FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    target("OS") == "linux" && target("ENV") == "gnu" && !static_already
}

/// gcc answers with a path where it has the archive, and with the bare name where it has not.
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
