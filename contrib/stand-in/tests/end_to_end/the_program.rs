//! The stand-in as a program, for scripts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::clients::Clients;

struct Program {
    child: Child,
    control: String,
}

/// Starts the program in a directory, and waits until it is ready.
fn start(clients: &Clients, dir: &Path) -> Program {
    let mut child = clients
        .command(env!("CARGO_BIN_EXE_heroku-stand-in"))
        .arg("--dir")
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let control = std::fs::read_to_string(dir.join("control")).unwrap();
    Program {
        child,
        control: control.trim().to_owned(),
    }
}

impl Program {
    /// Sends a request to the control interface, and returns the answer.
    fn ask(&self, clients: &Clients, arguments: &[&str], path: &str) -> String {
        let url = format!("{}{path}", self.control);
        let reply = clients.curl(&[&["--noproxy", "*", &url], arguments].concat());
        assert!([200, 204].contains(&reply.status), "{path}: {reply:?}");
        String::from_utf8(reply.body).unwrap()
    }
}

const POST: &[&str] = &["--request", "POST"];

#[test]
fn a_script_can_run_a_complete_push() {
    let clients = Clients::new();
    let dir = clients.path("program");
    let mut program = start(&clients, &dir);
    let ask = |arguments: &[&str], path: &str| program.ask(&clients, arguments, path);
    ask(
        POST,
        "/accounts?email=bob%40example.com&password=secret&code=123456",
    );
    ask(POST, "/apps?email=bob%40example.com&name=shop");
    let token = ask(POST, "/tokens?email=bob@example.com");
    let tree = clients.work_tree("tree", &token, "shop");
    let environment = std::fs::read_to_string(dir.join("environment")).unwrap();
    let mut push = clients.command("git");
    push.envs(
        environment
            .lines()
            .map(|line| line.split_once('=').unwrap()),
    );
    push.args(["push", "-q", "heroku", "main"])
        .current_dir(&tree);
    assert!(push.status().unwrap().success());
    assert!(
        ask(&[], "/requests")
            .contains("200 POST https://git.heroku.com/shop.git/git-receive-pack\n")
    );
    assert_eq!(ask(&[], "/other-hosts"), "");
    ask(&["--data", &token], "/revoke");
    assert!(
        !push
            .stderr(Stdio::null())
            .arg("--force")
            .status()
            .unwrap()
            .success()
    );

    ask(POST, "/stop");
    assert!(program.child.wait().unwrap().success());
    assert!(!dir.exists());
}

#[test]
fn a_signal_stops_the_program_and_no_file_is_left() {
    let clients = Clients::new();
    let dir = clients.path("program");
    std::fs::create_dir(&dir).unwrap();
    let mut program = start(&clients, &dir);
    program.ask(&clients, POST, "/apps?name=shop");
    let pid = program.child.id().to_string();
    assert!(
        clients
            .command("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(program.child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn a_directory_with_existing_files_is_not_changed() {
    let clients = Clients::new();
    let dir = clients.path("program");
    std::fs::create_dir_all(dir.join("apps/mine")).unwrap();
    let mut command = clients.command(env!("CARGO_BIN_EXE_heroku-stand-in"));
    let output = command.arg("--dir").arg(&dir).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("already exists"));
    assert!(dir.join("apps/mine").exists());
}
