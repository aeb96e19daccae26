//! What may come in from outside: deny.toml, as contrib/supply holds the crates to it.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::with_the_developers_cargo;

/// What contrib/supply says where deny.toml has one piece of text in the place of another.
fn by_a_policy_with(name: &str, before: &str, after: &str) -> Output {
    let policy = fs::read_to_string("deny.toml").unwrap();
    assert_eq!(policy.matches(before).count(), 1, "{before}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deny-{name}.toml"));
    fs::write(&file, policy.replace(before, after)).unwrap();
    let mut command = with_the_developers_cargo("contrib/supply");
    command.arg("--policy").arg(file).output().unwrap()
}

fn is_refused(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(why), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn every_crate_is_as_the_policy_says() {
    let output = with_the_developers_cargo("contrib/supply")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.ends_with(" for 7 systems, are as deny.toml says\n"),
        "{said}"
    );
}

#[test]
fn a_licence_that_is_not_allowed_is_named_with_its_crate() {
    let output = by_a_policy_with("licence", "    \"ISC\",\n", "");
    is_refused(&output, " is under ISC\n");
    is_refused(&output, "ring 0.17");
}

#[test]
fn a_licence_that_no_crate_has_is_not_kept_on_the_list() {
    let output = by_a_policy_with("unused", "\"ISC\"", "\"ISC\", \"LGPL-2.1\"");
    is_refused(&output, "no crate is under LGPL-2.1: take it out");
}

#[test]
fn a_crate_that_is_built_twice_needs_a_reason() {
    let output = by_a_policy_with("twice", "getrandom@0.2", "getrandom@0.1");
    is_refused(
        &output,
        "getrandom 0.2.17 and getrandom 0.4.3 are both built",
    );
    is_refused(&output, "no crate asks for getrandom@0.1: take it out");
}

#[test]
fn a_banned_crate_is_named_with_the_reason() {
    let output = by_a_policy_with("banned", "\"openssl-sys\"", "\"ring\"");
    is_refused(&output, " is banned: TLS is rustls");
}

#[test]
fn a_system_that_is_released_is_one_that_is_looked_at() {
    let output = by_a_policy_with("system", "    \"aarch64-apple-darwin\",\n", "");
    is_refused(
        &output,
        "aarch64-apple-darwin is either released or in [graph] targets",
    );
}

#[test]
fn a_rule_that_is_not_understood_is_not_passed_over() {
    let output = by_a_policy_with("rule", "unknown-git = \"deny\"", "unknown-git = \"warn\"");
    is_refused(&output, "[sources] unknown-git = 'warn' is not understood");
    let output = by_a_policy_with("key", "unknown-git =", "allow-git =");
    is_refused(&output, "[sources] allow-git = 'deny' is not understood");
}

#[test]
fn a_page_that_tells_of_other_crates_is_refused_and_made_anew() {
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
    let why = "supply: dependencies.md does not tell of the crates as they are\n";
    assert!(
        said.ends_with(&format!("{why}  ./contrib/supply --write\n")),
        "{said}"
    );
    assert!(supply(&["--write"]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), page);
}

/// Planted, since no crate of ours has them.
#[test]
fn a_crate_from_elsewhere_and_any_version_of_one_are_seen() {
    let lines = "
import policy
crate = dict(name='a', version='1.0.0', license='MIT', dependencies=[])
crates_io = dict(crate, source=policy.CRATES_IO)
git = dict(crate, source='git+https://example.com/a')
wild = dict(crates_io, dependencies=[dict(name='b', req='*'), dict(name='c', req='*', path='/c')])
print(*policy.sources([crates_io, git]), *policy.wildcards([crates_io, wild]), sep='\\n')
for expression in ['MIT/X', 'X OR (MIT AND Z)', '(MIT OR X) AND X', 'MIT WITH e', 'MIT AND Z OR X']:
    print(sorted(policy.licences_that_suffice(expression, {'MIT', 'Z'}) or []))
";
    let output = with_the_developers_cargo("python3")
        .args(["-B", "-c", lines])
        .env("PYTHONPATH", "contrib/packages")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "a 1.0.0 comes from git+https://example.com/a, and not from crates.io\n\
         a 1.0.0 asks for any version of b\n\
         ['MIT']\n['MIT', 'Z']\n[]\n[]\n['MIT', 'Z']\n",
        "{output:?}"
    );
}
