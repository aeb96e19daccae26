//! A token in memory: other processes cannot read it, and it is wiped after its use.

use git_credential_heroku_rs::token::Token;
use heroku_stand_in::{Fault, Grant, On, Times};

use crate::world::{ANN, API_HOST, MemoryScan, REQUEST, StopAt, World, reads_every_process};

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

/// A token that expires within the hour, for which `get` prints a warning.
fn expires_within_the_hour(world: &World, token: &str) {
    let notes = serde_json::json!({"authorizations": [{
        "account": ANN,
        "fingerprint": Token::parse(token).unwrap().fingerprint(),
        "expires": jiff::Timestamp::now().as_second() + 3600,
    }]});
    let path = ".local/state/git-credential-heroku-rs/authorizations.json";
    world.has_file(path, &notes.to_string());
}

/// Root can read the memory, so the copies are counted. Other users have no access.
fn is_wiped(scan: &MemoryScan) -> bool {
    matches!(scan, MemoryScan::Copies(0) | MemoryScan::Denied)
}

#[test]
fn the_probe_finds_a_token_before_it_is_printed() {
    let (world, token) = logged_in();
    let stopped = world.stops_the_helper("get", REQUEST, StopAt::Reply);
    let scan = stopped.shows(&token);
    assert!(!matches!(scan, MemoryScan::Copies(0)), "{scan:?}");
    if scan != MemoryScan::Denied {
        let words = stopped.shows("protocol=https\nhost=git.heroku.com");
        assert_eq!(words, MemoryScan::Copies(0), "the request is wiped by then");
    }
}

#[test]
fn get_leaves_no_copy_of_the_token() {
    let (world, token) = logged_in();
    expires_within_the_hour(&world, &token);
    let stopped = world.stops_the_helper("get", REQUEST, StopAt::LastMessage);
    let scan = stopped.shows(&token);
    assert!(is_wiped(&scan), "{scan:?}");
    // The end of a token identifies it as well as its beginning does.
    let scan = stopped.shows(&token[token.len() - 24..]);
    assert!(is_wiped(&scan), "a part of it: {scan:?}");
}

#[test]
fn get_from_netrc_leaves_no_copy() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&format!(
        "machine git.heroku.com\n  login {ANN}\n  password {token}\n"
    ));
    expires_within_the_hour(&world, &token);
    let stopped = world.stops_the_helper("get", REQUEST, StopAt::LastMessage);
    let scan = stopped.shows(&token);
    assert!(is_wiped(&scan), "{scan:?}");
}

#[test]
fn store_leaves_no_copy_of_a_token_that_it_cannot_store() {
    let world = World::new().with_a_bus_alone();
    let token = world.heroku.issue_token(ANN);
    let request = format!("{REQUEST}username=heroku\npassword={token}\n");
    let stopped = world.stops_the_helper("store", &request, StopAt::LastMessage);
    let scan = stopped.shows(&token);
    assert!(is_wiped(&scan), "{scan:?}");
}

/// We cannot wipe the copies that TLS and HTTP keep of a request.
#[test]
fn erase_leaves_few_copies_after_its_request() {
    let (world, token) = logged_in();
    let request = format!("{REQUEST}username={ANN}\npassword={token}\n");
    let stopped = world.stops_the_helper("erase", &request, StopAt::LastMessage);
    let scan = stopped.shows(&token);
    assert!(
        is_wiped(&scan) || matches!(scan, MemoryScan::Copies(..=2)),
        "{scan:?}"
    );
}

#[test]
fn an_erase_without_a_request_leaves_no_copy() {
    let (world, token) = logged_in();
    world
        .heroku
        .fault(On::Host(API_HOST), Fault::NoTunnel, Times::Always);
    let request = format!("{REQUEST}username={ANN}\npassword={token}\n");
    let stopped = world.stops_the_helper("erase", &request, StopAt::LastMessage);
    let scan = stopped.shows(&token);
    assert!(is_wiped(&scan), "{scan:?}");
}

#[test]
fn the_memory_is_closed_before_a_secret_is_asked_for() {
    let (world, token) = logged_in();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", REQUEST);
    outcome.succeeds().prints_secret(&token);
    let calls = trace.calls(&["prctl", "write", "sendto", "sendmsg"]);
    let first = |text: &str| calls.iter().position(|call| call.contains(text));
    let closed = first("PR_SET_DUMPABLE, SUID_DUMP_DISABLE").expect("it is closed");
    let greeted = first("OpenSession").expect("a session is opened");
    // From then on strace itself sees addresses alone, unless it may read every process.
    let asked = first("GetSecret");
    assert_eq!(asked.is_some(), reads_every_process());
    let asked = asked.unwrap_or(calls.len());
    assert!(greeted < closed && closed < asked, "{calls:#?}");
}

#[test]
fn for_another_host_the_memory_is_not_closed() {
    let world = World::new();
    let foreign = "protocol=https\nhost=example.com\n";
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", foreign);
    outcome.succeeds().says_nothing();
    let calls = trace.calls(&["prctl"]);
    let closing = calls.iter().filter(|call| call.contains("DUMPABLE"));
    assert_eq!(closing.count(), 0);
}

#[test]
fn a_program_under_exec_is_not_protected_and_keeps_its_limits() {
    let (world, token) = logged_in();
    world.is_public(&token);
    let ask = "python3 -c 'import ctypes, resource; \
               print(ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE))'";
    let plain = world.shell(ask, b"").succeeds().stdout();
    assert!(plain.starts_with("1 "), "{plain}");
    world
        .shell(&format!("git-credential-heroku-rs exec -- {ask}"), b"")
        .succeeds()
        .stdout_is(&plain);
}

/// The copies of each token in memory at the end of a command, in a world where the Heroku CLI has logged in: all
/// copies, and those in an HTTP header that was sent.
fn copies_after(line: &str, input: &str) -> Vec<(String, [MemoryScan; 2])> {
    let world = World::new().with_keyring();
    let token = world.heroku.issue(ANN, Grant::default()).token;
    world.stores_in_the_keyring(ANN, &token);
    world.has_active_account(ANN);
    world.is_not_searched(&world.home().join(".netrc"));
    copies_after_in(&world, line, &input.replace("TOKEN", &token))
}

fn copies_after_in(world: &World, line: &str, input: &str) -> Vec<(String, [MemoryScan; 2])> {
    let stopped = world.stops_the_helper_at_its_end(line, input);
    let tokens = world.heroku.secrets().into_iter();
    tokens
        .map(|token| {
            // Freed memory has lost its first bytes.
            let end = stopped.shows(&token[token.len() - 24..]);
            let header = stopped.shows(&format!("authorization: Bearer {token}\r\n"));
            (token, [end, header])
        })
        .collect()
}

#[test]
fn a_command_without_a_request_leaves_no_copy() {
    let stored = format!("{REQUEST}username={ANN}\npassword=TOKEN\n");
    for (line, input) in [
        ("get", REQUEST),
        ("store", &stored),
        ("token", ""),
        ("token --json --show-token", ""),
        ("netrc print", ""),
        ("switch ann@example.com", ""),
        ("status --offline", ""),
        ("doctor --offline", ""),
    ] {
        for (_, scans) in copies_after(line, input) {
            assert!(scans.iter().all(is_wiped), "{line}: {scans:?}");
        }
    }
}

/// The HTTP client writes each request into a buffer of its own, which we cannot wipe.
#[test]
fn a_command_with_a_request_leaves_only_the_copy_of_the_http_client() {
    let erased = format!("{REQUEST}username={ANN}\npassword=TOKEN\n");
    for (line, input) in [
        ("erase", erased.as_str()),
        ("login --with-token", "TOKEN"),
        ("login --with-token --store netrc", "TOKEN"),
        ("api /account", ""),
        ("status", ""),
        ("token --check", ""),
        ("authorizations list", ""),
        ("doctor", ""),
        ("logout", ""),
    ] {
        for (_, [end, header]) in copies_after(line, input) {
            let sent = matches!(header, MemoryScan::Copies(..=1) | MemoryScan::Denied);
            // A later request on the same connection may be written over the beginning.
            let is_all = end == header || end == MemoryScan::Copies(1);
            assert!(sent && is_all, "{line}: {end:?}, sent: {header:?}");
        }
    }
}

#[test]
fn a_token_moved_out_of_netrc_leaves_only_the_copy_of_the_http_client() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    for (_, [end, header]) in copies_after_in(&world, "netrc import --yes", "") {
        assert!(
            matches!(header, MemoryScan::Copies(1) | MemoryScan::Denied),
            "{header:?}"
        );
        assert_eq!(end, header);
    }
}

/// The reply with the new token is in the HTTP client's memory too.
#[test]
fn a_rotation_leaves_nothing_of_the_old_token_and_two_copies_of_the_new_one() {
    let left = copies_after("rotate", "");
    let (_, old) = &left[0];
    assert!(old.iter().all(is_wiped), "{old:?}");
    // A process that may not trace it cannot wait for its end either, and may run before the new one.
    assert!(left.len() == 2 || old[0] == MemoryScan::Denied, "{left:?}");
    for (_, [end, header]) in &left[1..] {
        assert!(
            matches!(end, MemoryScan::Copies(..=2) | MemoryScan::Denied),
            "{end:?}"
        );
        assert!(
            matches!(header, MemoryScan::Copies(..=1) | MemoryScan::Denied),
            "{header:?}"
        );
    }
}

#[test]
fn a_token_in_a_variable_stays_in_the_environment_block() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.sets("HEROKU_API_KEY", &token);
    let stopped = world.stops_the_helper_at_its_end("get", REQUEST);
    // The memory is not closed to a process that has the variable anyway.
    assert_eq!(stopped.shows(&token), MemoryScan::Copies(1));
    let variable = format!("HEROKU_API_KEY={token}\0");
    assert_eq!(stopped.shows(&variable), MemoryScan::Copies(1));
}
