//! Whatever is in the place of a file, or comes on stdin: git's operations stay below 64 MiB and end, and so do
//! commands below 256 MiB.

use std::fs;
use std::path::Path;

use crate::world::{ANN, Measured, REQUEST, World, is_thorough};

const OPERATIONS: [&str; 3] = ["get", "store", "erase"];
const MIB: u64 = 1024;
/// Much longer than every time limit: a command that runs this long has no limit.
const SECONDS: u32 = 50;

/// What is in the place of a file.
#[derive(Clone, Copy, Debug)]
enum Content {
    /// Nothing ever writes to it.
    Fifo,
    /// It has no end.
    Device,
    /// It is said to have 5 GiB.
    Sparse,
    /// Brackets within brackets.
    Deep,
    /// As much as this of what belongs there, in MiB.
    Full(usize),
}

const CONTENTS: [Content; 6] = [
    Content::Fifo,
    Content::Device,
    Content::Sparse,
    Content::Deep,
    Content::Full(1),
    Content::Full(20),
];

/// What a normal run tests: content that blocks, content that is deep and content that is large.
const DAILY: [Content; 3] = [Content::Fifo, Content::Deep, Content::Full(20)];

/// Each git that a command runs reads its configuration: from a FIFO it waits all the 10 s that it is given, and a
/// large one takes it a second. So a normal run tests one command.
fn commands(place: &Place) -> &'static [&'static str] {
    if place.path == ".gitconfig" && !is_thorough() {
        &place.commands[..1]
    } else {
        place.commands
    }
}

impl Content {
    fn put(self, path: &Path, unit: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fs::symlink_metadata(path).is_ok() {
            fs::remove_file(path).unwrap();
        }
        let whole = |mib: usize| unit.repeat(mib * 1024 * 1024 / unit.len());
        match self {
            Content::Fifo => {
                let kind = rustix::fs::FileType::Fifo;
                rustix::fs::mknodat(rustix::fs::CWD, path, kind, 0o600.into(), 0).unwrap();
            }
            Content::Device => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
            Content::Sparse => fs::File::create(path).unwrap().set_len(5 << 30).unwrap(),
            Content::Deep => fs::write(path, "[".repeat(900_000)).unwrap(),
            Content::Full(mib) if unit.starts_with('"') => {
                let members = whole(mib);
                let text = format!("{{{}}}", members.trim_end_matches(','));
                fs::write(path, text).unwrap();
            }
            Content::Full(mib) => fs::write(path, whole(mib)).unwrap(),
        }
        if matches!(self, Content::Sparse | Content::Deep | Content::Full(_)) {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// A file that is read: its place, a piece of what is usual there, the variable that names it, and the commands that
/// read it.
struct Place {
    path: &'static str,
    unit: &'static str,
    variable: Option<&'static str>,
    commands: &'static [&'static str],
}

const PLACES: [Place; 10] = [
    Place {
        path: ".netrc",
        unit: "machine git.heroku.com login ann@example.com password x\n",
        variable: None,
        commands: &[
            "status --offline",
            "doctor --offline",
            "netrc print",
            "logout --keep",
        ],
    },
    Place {
        path: ".local/share/heroku/login.json",
        unit: "\"account\": \"bob@example.com\",",
        variable: None,
        commands: &[
            "status --offline",
            "doctor --offline",
            "switch ann@example.com",
        ],
    },
    Place {
        path: ".local/state/git-credential-heroku-rs/authorizations.json",
        unit: "\"authorizations\": [],",
        variable: None,
        commands: &["status", "doctor --offline", "rotate --dry-run"],
    },
    Place {
        path: ".local/state/git-credential-heroku-rs/rotations.json",
        unit: "\"rotations\": [],",
        variable: None,
        commands: &["status --offline", "doctor --offline", "rotate"],
    },
    Place {
        path: ".config/heroku/accounts/ann",
        unit: "username: ann@example.com\n",
        variable: None,
        commands: &["switch ann"],
    },
    Place {
        path: "docker/config.json",
        unit: "\"auths\": {},",
        variable: None,
        commands: &["setup --docker", "doctor --offline"],
    },
    Place {
        path: ".gitconfig",
        unit: "[credential]\n\thelper = cache\n",
        variable: None,
        commands: &["setup", "status --offline", "doctor --offline"],
    },
    Place {
        path: "certificates.pem",
        unit: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        variable: Some("SSL_CERT_FILE"),
        commands: &["status", "doctor"],
    },
    Place {
        path: "certificates/one.pem",
        unit: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        variable: Some("SSL_CERT_DIR"),
        commands: &["status"],
    },
    Place {
        path: "trace",
        unit: "a line\n",
        variable: Some("HEROKU_RS_TRACE"),
        commands: &["status --offline"],
    },
];

fn is_within(measured: &Measured, mib: u64, what: &str) {
    let Measured { code, peak, .. } = measured;
    assert!([0, 1, 2, 4].contains(code), "{what}: {measured:#?}");
    assert!(
        !measured.stderr.contains("panicked"),
        "{what}: {measured:#?}"
    );
    assert!(*peak < mib * MIB, "{what}: {peak} KiB");
}

fn request(operation: &str, token: &str) -> String {
    match operation {
        "get" => REQUEST.to_owned(),
        _ => format!("{REQUEST}username={ANN}\npassword={token}\n"),
    }
}

fn nothing_hangs_or_fills_the_memory(place: &Place) {
    let world = World::new().with_keyring().with_app("blue-sky");
    let mut token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.is_public(&token);
    world.sets("HEROKU_RS_TIMEOUT", "2");
    let docker = world.home().join("docker");
    world.sets("DOCKER_CONFIG", docker.to_str().unwrap());
    let path = world.home().join(place.path);
    if let Some(variable) = place.variable {
        let named = if variable == "SSL_CERT_DIR" {
            path.parent().unwrap()
        } else {
            &path
        };
        world.sets(variable, named.to_str().unwrap());
    }
    let contents: &[Content] = if is_thorough() { &CONTENTS } else { &DAILY };
    for &content in contents {
        for operation in OPERATIONS {
            content.put(&path, place.unit);
            let what = format!("{operation}, {content:?} at {}", place.path);
            let measured = world.measures(operation, &request(operation, &token), SECONDS);
            is_within(&measured, 64, &what);
            if operation == "get" {
                assert!(measured.stdout.contains(&token), "{what}: {measured:#?}");
            }
        }
        for command in commands(place) {
            content.put(&path, place.unit);
            let what = format!("{command}, {content:?} at {}", place.path);
            is_within(&world.measures(command, "", SECONDS), 256, &what);
            if !world.heroku.is_live(&token) {
                token = world.heroku.issue_token(ANN);
                world.is_public(&token);
            }
            world.stores_in_the_keyring(ANN, &token);
        }
    }
}

#[test]
fn netrc_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[0]);
}

/// `store` edits it only if the user asks for that; then it has the old text and the new one in memory.
#[test]
fn the_largest_netrc_that_can_be_edited() {
    const LARGEST: usize = 16 << 20;
    let of_many = |entry: &str| entry.repeat(LARGEST / entry.len() - 1);
    let mut texts = vec![
        of_many("machine git.heroku.com login a password b\n"),
        format!(
            "machine git.heroku.com login a password {}",
            "b".repeat(LARGEST - 100)
        ),
    ];
    if is_thorough() {
        texts.extend(
            [
                "machine a.example login b password c\n",
                "machine api.heroku.com.example\n",
                "# a comment\n",
            ]
            .map(of_many),
        );
    }
    let world = World::new();
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = world.heroku.issue_token(ANN);
    for text in texts {
        let start = &text[..30];
        for operation in OPERATIONS {
            world.has_netrc(&text);
            // A debug build takes seconds for each of the several times that it reads such a file.
            let seconds = 4 * SECONDS;
            let measured = world.measures(operation, &request(operation, &token), seconds);
            is_within(&measured, 64, &format!("{operation}, {start:?}"));
        }
    }
}

#[test]
fn login_json_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[1]);
}

#[test]
fn the_token_metadata_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[2]);
}

#[test]
fn the_journal_of_rotations_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[3]);
}

#[test]
fn an_alias_of_the_heroku_cli_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[4]);
}

#[test]
fn the_configuration_of_docker_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[5]);
}

#[test]
fn the_configuration_of_git_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[6]);
}

#[test]
fn the_certificates_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[7]);
}

#[test]
fn a_directory_of_certificates_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[8]);
}

#[test]
fn the_trace_of_any_content() {
    nothing_hangs_or_fills_the_memory(&PLACES[9]);
}

#[test]
fn a_flood_on_stdin() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.is_public(&token);
    for piece in ["wwwauth[]=Basic realm=x\n", "state[]=y\n", "x=y\n", "x"] {
        let flood = format!("{REQUEST}{}", piece.repeat((64 << 20) / piece.len()));
        for operation in OPERATIONS {
            let measured = world.measures(operation, &flood, SECONDS);
            is_within(&measured, 64, &format!("{operation}, many {piece:?}"));
        }
        for command in ["login --with-token", "api /account --input -"] {
            let measured = world.measures(command, &flood, SECONDS);
            is_within(&measured, 256, &format!("{command}, many {piece:?}"));
        }
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

/// Programs that we run: git for its configuration, and gpg for an encrypted netrc.
#[test]
fn a_program_that_does_not_exit_or_has_endless_output() {
    const COMMANDS: [&str; 2] = ["status --offline", "doctor --offline"];
    for script in [
        "exec sleep 600",
        "exec cat /dev/zero",
        "cat /dev/zero >&2 & exec cat /dev/zero",
    ] {
        for program in ["git", "gpg"] {
            let world = World::new();
            world.has_program(program, script);
            world.has_file(".netrc.gpg", "not encrypted");
            world.sets("GIT_EXEC_PATH", "/usr/lib/git-core");
            world.sets("HEROKU_RS_TIMEOUT", "2");
            for operation in OPERATIONS {
                let measured = world.measures(operation, &request(operation, "HRKU-x"), SECONDS);
                is_within(&measured, 64, &format!("{operation}, {program}: {script}"));
            }
            // A git that sleeps is given 10 s each time.
            let is_slow = (program, script) == ("git", "exec sleep 600");
            let count = if is_slow && !is_thorough() { 1 } else { 2 };
            for command in &COMMANDS[..count] {
                let measured = world.measures(command, "", SECONDS);
                is_within(&measured, 256, &format!("{command}, {program}: {script}"));
            }
        }
    }
}
