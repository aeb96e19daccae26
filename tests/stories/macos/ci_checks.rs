//! The checks that CI runs on a real macOS and Windows, run with stand-ins: the scripts fail if nothing is
//! shared.

use std::fs;
use std::path::Path;

use security_stand_in::Answer;

use super::mac::{dialogs, is_changed, items, mac};
use crate::world::World;

fn script(name: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    format!("{}/contrib/packages/{name}", top.display())
}

fn asks_the_keychain(world: &World) -> crate::world::Outcome<'_> {
    let program = world.tested_program();
    world.shell(
        &format!("{} {}", script("try-keychain"), program.display()),
        b"",
    )
}

#[test]
fn the_check_passes_if_the_keychain_is_shared() {
    let world = mac();
    asks_the_keychain(&world)
        .succeeds()
        .says("this program and the Heroku CLI share one item");
    assert_eq!(items(&world), []);
    assert_eq!(dialogs(&world), Vec::<String>::new());
}

#[test]
fn a_keychain_dialog_fails_the_check() {
    let world = mac();
    is_changed(&world, |state| {
        state.is_locked = true;
        state.user = Answer::Deny;
    });
    asks_the_keychain(&world)
        .exits_with(1)
        .says("the keychain of this session cannot be written");
}

#[test]
fn the_program_of_these_tests_is_never_released() {
    let world = mac();
    let top = env!("CARGO_MANIFEST_DIR");
    let rust = Path::new(env!("CARGO")).parent().unwrap().display();
    let program = world.tested_program();
    let line = format!("{top}/contrib/release --binary {} out", program.display());
    world
        .shell(&format!("PATH={rust}:$PATH {line}"), b"")
        .exits_with(1)
        .says("was built with the feature security-tool, which is only for tests");
}

/// PowerShell, as far as the Heroku CLI's scripts use it: the vault is a file in the home, which our program does not
/// use.
const POWERSHELL: &str = r#"
text=$2 vault=$HOME/vault
touch "$vault"
account=$(printf '%s' "$text" | sed -n 's/.*"heroku-cli", "\([^"]*\)".*/\1/p')
case $text in
  *PasswordCredential*)
    printf '%s %s\n' "$account" "$(printf '%s' "$text" | sed -n 's/.*, "\([^"]*\)")$/\1/p')" >>"$vault" ;;
  *Remove*) sed -i "/^$account /d" "$vault" ;;
  *Retrieve*) sed -n "s/^$account //p" "$vault" ;;
  *FindAll*) cut -d ' ' -f 1 "$vault" ;;
esac
"#;

#[test]
fn a_vault_that_is_not_shared_fails_the_check() {
    let world = mac();
    world.has_program("powershell", POWERSHELL);
    let program = world.tested_program();
    let line = format!("{} {}", script("try-vault"), program.display());
    world
        .shell(&line, b"")
        .exits_with(1)
        .says("a token that the Heroku CLI stores is served: it does not serve the token");
    assert_eq!(fs::read_to_string(world.home().join("vault")).unwrap(), "");
}

#[test]
fn a_session_without_a_vault_is_reported_as_not_checked() {
    let world = mac();
    world.has_program("powershell", "echo 'Exception: 0x80070490' >&2; exit 1");
    let program = world.tested_program();
    let line = format!("{} {}", script("try-vault"), program.display());
    world
        .shell(&line, b"")
        .exits_with(3)
        .says("0x80070490")
        .says("this session has no vault: nothing was checked");
}
