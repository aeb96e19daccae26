//! `doctor` exits with 1 if a push would fail, and with 0 if it would succeed: each of these machines is
//! examined, and then git pushes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use heroku_stand_in::{Fault, On, Times};
use serde_json::Value;

use crate::doctor::{another_helper_gives, healthy};
use crate::doctor_and_gits_settings::base64;
use crate::doctor_and_heroku::is_noted;
use crate::doctor_and_netrc::{git_reads_netrc_variable, git_reads_quotes};
use crate::world::{ANN, BOB, Version, World, heroku_line, sample, skipped};

const HELPER: &str = "credential.https://git.heroku.com.helper";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Push {
    Works,
    Fails,
}
use Push::{Fails, Works};

type Machine = (&'static str, Push, fn(&World));

/// Runs `doctor` on each machine, then pushes from it without a prompt. Both must agree.
fn check_machines(machines: &[Machine]) {
    for (name, expected, change) in machines {
        let world = healthy();
        change(&world);
        let examined = world.helper("doctor --json");
        let code = examined.code();
        let found: Value = serde_json::from_str(&examined.stdout()).unwrap();
        let failing = found["checks"].as_array().unwrap().iter();
        let failing: Vec<_> = failing.filter(|one| one["severity"] == "fail").collect();
        let push = world.shell("GIT_TERMINAL_PROMPT=0 git push heroku main", b"");
        let push = if push.is_success() { Works } else { Fails };
        assert_eq!(push, *expected, "a push from the machine: {name}");
        assert_eq!(code, i32::from(push == Fails), "{name}: {failing:#?}");
        assert_eq!(failing.is_empty(), push == Works, "{name}: {failing:#?}");
    }
}

fn git(world: &World, line: &str) {
    world.git(line).succeeds();
}

/// The scoped key has this value only.
fn set_only_helper(world: &World, value: &str) {
    world.helper("unsetup").succeeds();
    git(world, &format!("config --global {HELPER} '{value}'"));
}

fn append(world: &World, path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, before + text).unwrap();
    world.is_not_searched(path);
}

fn set_password_in_remote_url(world: &World, password: &str) {
    // git and curl write the URL to their traces.
    world.is_public(password);
    let path = world.work().join(".git/config");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("https://git", &format!("https://x:{password}@git"));
    fs::write(&path, text).unwrap();
    world.is_not_searched(&path);
}

fn set_remote_url(world: &World, url: &str) {
    git(world, &format!("remote set-url heroku {url}"));
}

fn set_auth_header(world: &World, section: &str, header: &str) {
    let text = format!("[{section}]\n\textraHeader = Authorization: {header}\n");
    append(world, &world.home().join(".gitconfig"), &text);
}

fn revoked_token(world: &World) -> String {
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    token
}

fn revoke_the_active_token(world: &World) {
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.heroku.revoke(&token);
}

fn set_password_in_netrc(world: &World, password: &str) {
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {password}\n"
    ));
}

#[test]
fn whatever_helpers_git_uses() {
    check_machines(&[
        ("healthy", Works, |_| {}),
        ("no helper", Fails, |world| {
            world.helper("unsetup").succeeds();
        }),
        ("a misspelled helper", Fails, |world| {
            set_only_helper(world, "git-credential-heroku-rs");
        }),
        ("a helper that is gone", Fails, |world| {
            set_only_helper(world, "/opt/old/git-credential-heroku-rs");
        }),
        ("a misspelled helper, and ours", Works, |world| {
            git(world, "config --global credential.helper heroku_rs");
            git(world, "config --global --add credential.helper heroku-rs");
        }),
        (
            "a helper that is not installed, before ours",
            Works,
            |world| {
                world.helper("unsetup").succeeds();
                git(world, "config --global credential.helper nowhere");
                git(world, "config --global --add credential.helper heroku-rs");
            },
        ),
        ("a user name without a token", Fails, |world| {
            git(
                world,
                "config --global credential.https://git.heroku.com.username bob@example.com",
            );
        }),
        ("another helper with a valid token", Works, |world| {
            another_helper_gives(world, &world.heroku.issue_token(ANN));
        }),
        ("another helper with a rejected token", Fails, |world| {
            another_helper_gives(world, &revoked_token(world));
        }),
        ("another helper with another password", Fails, |world| {
            another_helper_gives(world, "a good passphrase");
        }),
    ]);
}

/// As the Heroku CLI sets git up, with its own helper alone.
#[test]
fn the_setup_of_the_heroku_cli() {
    fn with_the_cli(world: &World) {
        let line = heroku_line(Version::Current, "\"$@\"");
        world.has_program("heroku", &line);
        set_only_helper(world, "!heroku git:credentials");
    }
    let machines: Vec<Machine> = vec![
        ("the Heroku CLI's helper", Works, with_the_cli),
        ("the Heroku CLI's helper, logged out", Fails, |world| {
            with_the_cli(world);
            world.empties_the_keyring();
        }),
        (
            "the Heroku CLI's helper, a rejected token",
            Fails,
            |world| {
                with_the_cli(world);
                revoke_the_active_token(world);
            },
        ),
    ];
    // Each start of the Heroku CLI takes a second.
    check_machines(&sample(machines, 2));
}

#[test]
fn whatever_password_the_remote_url_has() {
    check_machines(&[
        ("a valid token in the remote URL", Works, |world| {
            set_password_in_remote_url(world, &world.heroku.issue_token(ANN));
        }),
        ("a rejected token in the remote URL", Fails, |world| {
            set_password_in_remote_url(world, &revoked_token(world));
        }),
        ("a password in the remote URL", Fails, |world| {
            set_password_in_remote_url(world, "sesame");
        }),
        ("an empty password in the remote URL", Fails, |world| {
            set_password_in_remote_url(world, "");
        }),
    ]);
}

#[test]
fn whatever_account_the_remote_url_names() {
    check_machines(&[
        ("a user name in the remote URL", Works, |world| {
            set_remote_url(world, "https://deploy@git.heroku.com/blue-sky.git");
        }),
        ("the active account in the remote URL", Works, |world| {
            set_remote_url(
                world,
                "https://ann%40example.com@git.heroku.com/blue-sky.git",
            );
        }),
        (
            "an account in the remote URL that is not logged in",
            Fails,
            |world| {
                set_remote_url(
                    world,
                    "https://bob%40example.com@git.heroku.com/blue-sky.git",
                );
            },
        ),
        (
            "an account in the remote URL with a rejected token",
            Fails,
            |world| {
                world.stores_in_the_keyring(BOB, &revoked_token(world));
                set_remote_url(
                    world,
                    "https://bob%40example.com@git.heroku.com/blue-sky.git",
                );
            },
        ),
        ("an http remote URL", Fails, |world| {
            set_remote_url(world, "http://git.heroku.com/blue-sky.git");
        }),
        ("a valid push URL beside an http one", Works, |world| {
            let url = world.git("config remote.heroku.url").stdout();
            git(
                world,
                &format!("config remote.heroku.pushurl {}", url.trim()),
            );
            let http = url.trim().replace("https", "http");
            git(world, &format!("config remote.heroku.url {http}"));
        }),
    ]);
}

#[test]
fn whatever_header_git_sends() {
    check_machines(&[
        ("a header with a valid token", Works, |world| {
            let pair = base64(&format!("x:{}", world.heroku.issue_token(ANN)));
            set_auth_header(
                world,
                "http \"https://git.heroku.com\"",
                &format!("Basic {pair}"),
            );
        }),
        ("a header with a rejected token", Fails, |world| {
            let pair = base64(&format!("x:{}", revoked_token(world)));
            set_auth_header(
                world,
                "http \"https://git.heroku.com\"",
                &format!("Basic {pair}"),
            );
        }),
        ("a header with a foreign secret", Fails, |world| {
            set_auth_header(world, "http", "Bearer ghp_0123456789abcdef0123456789abcdef");
        }),
    ]);
}

#[test]
fn whatever_certificates_git_trusts() {
    check_machines(&[
        ("a CA file that does not exist", Fails, |world| {
            world.unsets("GIT_SSL_CAINFO");
            git(world, "config --global http.sslCAInfo /nowhere/ca.pem");
        }),
        (
            "a CA file that does not exist, and is not used",
            Works,
            |world| {
                git(world, "config --global http.sslCAInfo /nowhere/ca.pem");
            },
        ),
        ("a certificate that is not verified", Works, |world| {
            git(world, "config --global http.sslVerify false");
        }),
    ]);
}

#[test]
fn whatever_git_rewrites() {
    check_machines(&[
        ("URLs rewritten to SSH", Fails, |world| {
            git(
                world,
                "config --global url.git@heroku.com:.insteadOf https://git.heroku.com/",
            );
        }),
        (
            "URLs rewritten to SSH, and a push URL that is longer",
            Works,
            |world| {
                for (base, rule, value) in [
                    ("git@heroku.com:", "insteadOf", "https://git."),
                    (
                        "https://git.heroku.com/",
                        "insteadOf",
                        "https://git.heroku.com/",
                    ),
                ] {
                    git(world, &format!("config --global url.{base}.{rule} {value}"));
                }
            },
        ),
        ("a push URL with a rejected token", Fails, |world| {
            let token = revoked_token(world);
            world.is_public(&token);
            let url = format!("https://x:{token}@git.heroku.com/blue-sky.git");
            append(
                world,
                &world.work().join(".git/config"),
                &format!("[remote \"heroku\"]\n\tpushurl = {url}\n"),
            );
        }),
        ("a configuration that git cannot read", Fails, |world| {
            append(world, &world.home().join(".gitconfig"), "[credential\n");
        }),
    ]);
}

#[test]
fn whatever_app_the_remote_url_names() {
    check_machines(&[
        ("no such app", Fails, |world| {
            set_remote_url(world, "https://git.heroku.com/red-sky.git");
        }),
        ("an app of another account", Fails, |world| {
            world.heroku.add_app(BOB, "red-sky").unwrap();
            set_remote_url(world, "https://git.heroku.com/red-sky.git");
        }),
        ("an app of another account in netrc", Fails, |world| {
            set_password_in_netrc(world, &world.heroku.issue_token(BOB));
        }),
    ]);
}

#[test]
fn whatever_netrc_contains() {
    check_machines(&[
        ("a rejected token in netrc", Works, |world| {
            set_password_in_netrc(world, &revoked_token(world));
        }),
        ("a valid token in netrc, and no helper", Works, |world| {
            set_password_in_netrc(world, &world.heroku.issue_token(ANN));
            world.helper("unsetup").succeeds();
        }),
        ("a rejected token in netrc, and no helper", Fails, |world| {
            set_password_in_netrc(world, &revoked_token(world));
            world.helper("unsetup").succeeds();
        }),
        (
            "a valid token in netrc, a rejected one in the keyring",
            Works,
            |world| {
                set_password_in_netrc(world, &world.heroku.issue_token(ANN));
                revoke_the_active_token(world);
            },
        ),
        ("no token in netrc", Works, |world| {
            set_password_in_netrc(world, "sesame");
        }),
        ("a netrc that others can write", Works, |world| {
            set_password_in_netrc(world, &world.heroku.issue_token(ANN));
            let path = world.home().join(".netrc");
            fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
            world.empties_the_keyring();
        }),
        (
            "a rejected token in a netrc that others can write",
            Fails,
            |world| {
                set_password_in_netrc(world, &revoked_token(world));
                let path = world.home().join(".netrc");
                fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
                world.empties_the_keyring();
            },
        ),
        (
            "a valid token in netrc of the account in the remote URL",
            Works,
            |world| {
                set_password_in_netrc(world, &world.heroku.issue_token(ANN));
                world.empties_the_keyring();
                set_remote_url(
                    world,
                    "https://ann%40example.com@git.heroku.com/blue-sky.git",
                );
            },
        ),
    ]);
}

#[test]
fn a_quote_in_netrc_that_is_not_closed() {
    if !git_reads_quotes() {
        return skipped("this curl reads no quotes in netrc");
    }
    check_machines(&[("a quote that is not closed", Fails, |world| {
        set_password_in_netrc(world, "\"open");
    })]);
}

#[test]
fn a_file_in_the_variable_netrc() {
    if git_reads_netrc_variable() {
        return skipped("this curl reads the file in NETRC");
    }
    check_machines(&[("another account in the file in NETRC", Works, |world| {
        let token = world.heroku.issue_token(BOB);
        let entry = format!("machine git.heroku.com login {BOB} password {token}\n");
        let file = world.has_file("another.netrc", &entry);
        world.is_not_searched(&file);
        world.sets("NETRC", file.to_str().unwrap());
    })]);
}

#[test]
fn whatever_is_logged_in() {
    check_machines(&[
        ("a rejected token", Fails, revoke_the_active_token),
        ("a token that has expired", Fails, |world| {
            world.helper("status").succeeds();
            is_noted(world, "expires", 1_700_000_000.into());
        }),
        ("a rejected token of another account", Works, |world| {
            world.stores_in_the_keyring(BOB, &revoked_token(world));
        }),
        ("not logged in", Fails, |world| world.empties_the_keyring()),
        ("a locked keyring", Fails, |world| world.keyring().locks()),
        ("a locked keyring, and a variable", Works, |world| {
            world.keyring().locks();
            world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
        }),
        ("a variable that is not a token", Works, |world| {
            world.sets("HEROKU_API_KEY", "short");
        }),
        ("a rejected token in the variable", Fails, |world| {
            world.sets("HEROKU_API_KEY", &revoked_token(world));
        }),
        ("an active account without a token", Fails, |world| {
            world.has_active_account(BOB);
        }),
        ("a network without Heroku", Fails, |world| {
            world.api_is_unreachable();
            world
                .heroku
                .fault(On::Host("git.heroku.com"), Fault::Close, Times::Always);
        }),
        ("an API with a server error", Works, |world| {
            world.api_answers(503);
        }),
        ("two accounts, and none active", Fails, |world| {
            world.stores_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
            fs::remove_file(world.login_json()).unwrap();
        }),
        ("a login.json that others can write", Works, |world| {
            let mode = fs::Permissions::from_mode(0o666);
            fs::set_permissions(world.login_json(), mode).unwrap();
        }),
    ]);
}
