//! Any input on stdin: no crash, no hang, no token for the wrong host, no unlimited memory.

use std::time::Duration;

use heroku_stand_in::Grant;

use crate::world::{ANN, World};

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

#[test]
fn an_invalid_request_gets_no_token() {
    let (world, token) = logged_in();
    for request in [
        &b"protocol=https\nhost=git.heroku.com\nnonsense\n"[..],
        b"protocol=https\nhost=git.heroku.com\nhost=evil.example\n",
        b"protocol=https\nhost=evil.example\nhost=git.heroku.com\n",
        b"protocol=http\nprotocol=https\nhost=git.heroku.com\n",
        b"protocol=https\nhost=evil.example\rhost=git.heroku.com\n",
        b"protocol=https\nhost=git.heroku.com\0.evil.example\n",
        b"protocol=https\nhost=git.heroku.com\r.evil.example\n",
        b"protocol=https\nhost=git.heroku.com\r\n",
        b"protocol=https\nhost=git.heroku.com\r",
        b"protocol=https\r\nhost=git.heroku.com\n",
        b"protocol=https\r\nhost=git.heroku.com\r\nusername=ann\n\n",
        b"protocol=https\nhost=\xff\xfegit.heroku.com\n",
        b"protocol=https\nhost=git.heroku.com\nusername=a\x1b[2Jb\n",
        b"\n\nprotocol=https\nhost=git.heroku.com\n",
        b"host=git.heroku.com\n\nprotocol=https\n",
        b"\x00\x01\x02\x03\xff",
        b"=\n=\n=\n",
        b"",
    ] {
        for operation in ["get", "store", "erase"] {
            world
                .helper_with_input(operation, request)
                .succeeds()
                .stdout_is("");
        }
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_truncated_request_removes_and_replaces_nothing() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(ANN);
    world.heroku.revoke(&other);
    let whole = format!("protocol=https\nhost=git.heroku.com\nusername={ANN}\npassword={other}\n");
    for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        for operation in ["store", "erase"] {
            world
                .helper_with_input(operation, &whole[..length])
                .succeeds()
                .stdout_is("");
        }
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn both_line_ends_are_read() {
    let (world, token) = logged_in();
    for request in [
        "protocol=https\r\nhost=git.heroku.com\r\n\r\n",
        "host=git.heroku.com\nunknown=key\nprotocol=https",
    ] {
        world
            .helper_with_input("get", request)
            .succeeds()
            .prints_secret(&token);
    }
}

#[test]
fn a_line_of_64_mib_takes_little_memory() {
    let (world, token) = logged_in();
    world.is_public(&token);
    for operation in ["get", "store", "erase"] {
        // 128 MiB of address space hold the program and its libraries, and not that line.
        let line = format!(
            "head -c 67108864 /dev/zero | tr '\\0' x | \
             {{ ulimit -v 131072; git-credential-heroku-rs {operation}; }}"
        );
        world
            .shell(&line, b"")
            .succeeds()
            .says_nothing()
            .ends_within(Duration::from_secs(10));
    }
    let line = "ulimit -v 131072; printf 'protocol=https\\nhost=git.heroku.com\\n' | \
                git-credential-heroku-rs get";
    world.shell(line, b"").succeeds().says("password=");
}

#[test]
fn a_git_that_has_exited_causes_no_error() {
    let (world, _) = logged_in();
    let line = "printf 'protocol=https\\nhost=git.heroku.com\\n' | \
                git-credential-heroku-rs get | true";
    world.shell(line, b"").succeeds().says_nothing();
    let line = "printf 'protocol=https\\nhost=git.heroku.com\\n' | \
                git-credential-heroku-rs get >/dev/full";
    world.shell(line, b"").succeeds().says_nothing();
}

/// `status` printed a description with its control characters.
#[test]
fn a_description_cannot_control_the_terminal_in_status() {
    let world = World::new().with_keyring();
    let grant = Grant {
        description: "a\u{1b}[2J\u{202e}b\nc".to_owned(),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.logs_in_with(&token);
    world
        .helper("status")
        .succeeds()
        .says("  description: a [2Jb c\n")
        .says_nothing_about("\u{1b}");
}
