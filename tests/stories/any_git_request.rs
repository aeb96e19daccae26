//! Random requests in any spelling: git gets the token only for Heroku. What counts is the request that
//! git itself sends to a helper.

use std::cell::RefCell;
use std::fs;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;

use crate::world::{ANN, World, counted, runner};

/// git with a helper that records what git sends to its helpers.
struct RecordedGit {
    world: World,
    token: String,
    served: usize,
}

impl RecordedGit {
    fn new() -> RecordedGit {
        let world = World::ready_to_push();
        let token = world.has_logged_in_with_the_heroku_cli(ANN);
        let log = world.logs().join("asked");
        let script = format!("test \"$1\" = get && cat >'{}'", log.display());
        world.has_program("git-credential-listens", &script);
        for helper in ["''", "listens", "heroku-rs"] {
            let line = format!("config --global --add credential.helper {helper}");
            world.git(&line).succeeds().says_nothing();
        }
        RecordedGit {
            world,
            token,
            served: 0,
        }
    }

    /// Runs `git credential fill`, and checks the reply.
    fn fill(&mut self, options: &str, request: &[u8]) -> Result<(), String> {
        let log = self.world.logs().join("asked");
        // The record is empty if git has asked no helper since.
        let _ = fs::remove_file(&log);
        let line = format!("git {options} credential fill");
        let mut said = self.world.shell(&line, request);
        let asked = fs::read(&log).unwrap_or_default();
        let served = said.raw_stdout().contains(&self.token);
        if served {
            said = said.prints_secret(&self.token);
            self.served += 1;
        }
        let shown = || {
            format!(
                "{options} {}\n{}",
                request.escape_ascii(),
                asked.escape_ascii()
            )
        };
        if served != is_for_heroku(&asked) {
            return Err(format!("served: {served}, for {}", shown()));
        }
        let answer = said.raw_stdout();
        let mut lines = answer.lines().filter(|line| line.starts_with("username="));
        if served && lines.next().is_none_or(|line| line == "username=") {
            return Err(format!("a token without a user name: {}", shown()));
        }
        Ok(())
    }
}

/// Decided without the program's own parser: one of the two names, over https, on its usual port.
fn is_for_heroku(asked: &[u8]) -> bool {
    let value = |key: &str| {
        let lines = asked.split(|byte| *byte == b'\n');
        let mut values = lines.filter_map(|line| line.strip_prefix(key.as_bytes()));
        let value = values.next().map(<[u8]>::to_ascii_lowercase);
        assert!(values.next().is_none(), "git says {key} twice");
        value.unwrap_or_default()
    };
    let ours: [&[u8]; 4] = [
        b"git.heroku.com",
        b"git.heroku.com:443",
        b"api.heroku.com",
        b"api.heroku.com:443",
    ];
    value("protocol=") == b"https" && ours.contains(&value("host=").as_slice())
}

/// Bytes that URL parsers treat differently.
const ODD: [&[u8]; 26] = [
    b"%00",
    b"%0a",
    b"%0d",
    b"%2e",
    b"%2f",
    b"%40",
    b"%3a",
    b"%",
    b"%zz",
    b".",
    b"@",
    b"/",
    b"\\",
    b"?",
    b"#",
    b":",
    b" ",
    b"*",
    b"[",
    b"]",
    b"\r",
    b"\t",
    b"\xff",
    b"\xd0\xbe",
    b"\x1b[2J",
    b"-",
];

/// A host: mostly one of Heroku's or one that looks like it, sometimes with something odd in it.
fn host() -> impl Strategy<Value = Vec<u8>> {
    let names = select(vec![
        "git.heroku.com",
        "git.heroku.com",
        "git.heroku.com",
        "git.heroku.com",
        "api.heroku.com",
        "GIT.Heroku.COM",
        "heroku.com",
        "git.heroku.com.evil.example",
        "evil.example",
        "",
    ]);
    let ports = select(vec![
        "", "", "", "", "", ":443", ":443", ":80", ":0443", ":", ":443:443",
    ]);
    let odd = proptest::option::weighted(0.25, (select(ODD.to_vec()), any::<Index>()));
    (names, ports, odd).prop_map(|(name, port, odd)| {
        let mut host = format!("{name}{port}").into_bytes();
        if let Some((odd, at)) = odd {
            let at = at.index(host.len() + 1);
            host.splice(at..at, odd.iter().copied());
        }
        host
    })
}

fn scheme() -> impl Strategy<Value = &'static str> {
    select(vec![
        "https", "https", "https", "https", "HTTPS", "http", "ftp", "cert", "",
    ])
}

fn url() -> impl Strategy<Value = Vec<u8>> {
    let users = select(vec![
        "",
        "",
        "ann@",
        "ann%40example.com@",
        "x:y@",
        ":@",
        "git.heroku.com@",
    ]);
    let paths = select(vec![
        "",
        "/",
        "/app.git",
        "/%0ahost=git.heroku.com",
        "?x",
        "#y",
        "/../..",
    ]);
    (scheme(), users, host(), paths).prop_map(|(scheme, user, host, path)| {
        let start = format!("url={scheme}://{user}").into_bytes();
        [start, host, path.as_bytes().to_vec(), b"\n".to_vec()].concat()
    })
}

/// The parts on lines of their own, in any order, some of them twice.
fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        scheme().prop_map(|scheme| format!("protocol={scheme}\n").into_bytes()),
        host().prop_map(|host| [&b"host="[..], &host, b"\n"].concat()),
        select(vec![
            &b"username=\n"[..],
            b"username=ann@example.com\n",
            b"username=heroku\n",
            b"path=app.git\n",
            b"path=\n",
            b"capability[]=authtype\n",
            b"wwwauth[]=Basic realm=\"host=git.heroku.com\"\n",
            b"unheard-of=yes\n",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    let first = (scheme(), host()).prop_map(|(scheme, host)| {
        let scheme = format!("protocol={scheme}\n").into_bytes();
        [scheme, b"host=".to_vec(), host, b"\n".to_vec()].concat()
    });
    let more = proptest::collection::vec(line, 0..4);
    (first, more).prop_map(|(first, more)| [first, more.concat()].concat())
}

fn options() -> impl Strategy<Value = &'static str> {
    select(vec![
        "",
        "",
        "-c credential.useHttpPath=true",
        "-c credential.protectProtocol=false",
        "-c credential.username=heroku",
    ])
}

#[test]
fn git_gets_the_token_only_for_requests_to_heroku() {
    let listening = RefCell::new(RecordedGit::new());
    let requests = (options(), prop_oneof![url(), attributes()]);
    let (few, many) = (60, 3_000);
    let run = runner(few, many).run(&requests, |(options, request)| {
        let mut listening = listening.borrow_mut();
        let held = listening.fill(options, &[&request[..], b"\n"].concat());
        counted("random requests through git", 1);
        held.map_err(TestCaseError::fail)
    });
    run.map_err(|error| error.to_string()).unwrap();
    let served = listening.into_inner().served;
    assert!(served > 6, "only {served} of the requests were for Heroku");
}
