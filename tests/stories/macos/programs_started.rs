//! Which programs are started, and which secrets are read.

use security_stand_in::Event;

use super::mac::{heroku_cli_saves, keychain, mac, mac_of_ann, our_command_lines};
use crate::world::{ANN, BOB, REQUEST};

#[test]
fn a_get_starts_one_program() {
    let (world, token) = mac_of_ann();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
    let line = format!("find-generic-password -s heroku-cli -a {ANN} -w");
    assert_eq!(our_command_lines(&world), [line]);
}

#[test]
fn another_host_starts_no_program() {
    let (world, _) = mac_of_ann();
    let request = "protocol=https\nhost=example.com\n";
    for operation in ["get", "store", "erase"] {
        let request = format!("{request}username=ann\npassword=secret\n");
        world
            .helper_with_input(operation, request)
            .succeeds()
            .says_nothing();
    }
    assert_eq!(our_command_lines(&world), Vec::<String>::new());
}

#[test]
fn a_token_stored_by_hand_with_a_newline_is_used() {
    let world = mac();
    let token = world.heroku.issue_token(ANN);
    heroku_cli_saves(&world, ANN, &token);
    keychain(&world).change(|state| state.items[0].secret.push(b'\n'));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"));
}
