//! The crates, as contrib/supply checks them. deny.toml itself is checked by cargo-deny.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::with_the_developers_cargo;

/// What contrib/supply prints if deny.toml has one piece of text in place of another.
fn supply_with_policy(name: &str, before: &str, after: &str) -> Output {
    let policy = fs::read_to_string("deny.toml").unwrap();
    assert_eq!(policy.matches(before).count(), 1, "{before}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deny-{name}.toml"));
    fs::write(&file, policy.replace(before, after)).unwrap();
    let mut command = with_the_developers_cargo("contrib/supply");
    command.arg("--policy").arg(file).output().unwrap()
}

#[test]
fn the_page_describes_the_crates_as_they_are() {
    let output = with_the_developers_cargo("contrib/supply")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = "dependencies.md describes the crates of 7 systems as they are\n";
    assert!(printed.ends_with(last), "{printed}");
}

#[test]
fn every_released_system_is_in_the_policy() {
    let output = supply_with_policy("system", "    \"aarch64-apple-darwin\",\n", "");
    let printed = String::from_utf8_lossy(&output.stderr);
    let why = "aarch64-apple-darwin is released, and not in [graph] targets";
    assert!(
        !output.status.success() && printed.contains(why),
        "{printed}"
    );
}

#[test]
fn an_outdated_page_is_rejected_and_can_be_regenerated() {
    let page = fs::read_to_string("contrib/docs/dependencies.md").unwrap();
    let stale = page.replacen("| has some, 0 |", "| has none, 0 |", 1);
    assert_ne!(stale, page);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dependencies.md");
    fs::write(&file, stale).unwrap();
    let supply = |flag: &[&str]| {
        let mut command = with_the_developers_cargo("contrib/supply");
        command
            .arg("--page")
            .arg(&file)
            .args(flag)
            .output()
            .unwrap()
    };
    let said = String::from_utf8(supply(&[]).stderr).unwrap();
    let why = "supply: dependencies.md does not describe the crates as they are\n";
    assert!(
        said.ends_with(&format!("{why}  ./contrib/supply --write\n")),
        "{said}"
    );
    assert!(supply(&["--write"]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), page);
}
