//! libgit2 and gitoxide start credential helpers too: cargo uses either one to fetch a dependency from Heroku's git.

use std::fs;
use std::path::Path;

use crate::world::{ANN, World, skipped};

/// An app with a crate in its repository, and another crate that depends on it.
fn world() -> World {
    let world = World::ready_to_push();
    let crate_of_app = "[package]\nname = \"blue-sky\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let repository = world.work();
    fs::create_dir(repository.join("src")).unwrap();
    fs::write(repository.join("Cargo.toml"), crate_of_app).unwrap();
    fs::write(repository.join("src").join("lib.rs"), "").unwrap();
    world.git("add .").succeeds();
    world.git("commit --quiet --message 'A crate'").succeeds();
    let manifest = "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
                    [dependencies]\nblue-sky = { git = \"https://git.heroku.com/blue-sky.git\" }\n";
    world.has_file("user/Cargo.toml", manifest);
    world.has_file("user/src/lib.rs", "");
    world.sets("CARGO_NET_GIT_FETCH_WITH_CLI", "false");
    world.sets("CARGO_NET_RETRY", "0");
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    world.sets("RUSTC", rustc.to_str().unwrap());
    world
}

/// Runs a command for which git.heroku.com is this machine: cargo does not authenticate through a proxy. What connects
/// to port 443 is passed on to the stand-in's proxy.
const DIRECTLY: &str = r#"
import random, socket, subprocess, sys, threading
proxy, hosts, command = sys.argv[1].rpartition(':')[2], sys.argv[2], sys.argv[3:]
listener = socket.socket()
while True:
    address = f'127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}'
    try:
        listener.bind((address, 443))
        break
    except OSError as error:
        if error.errno != 98:
            raise
listener.listen()
def copy(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def serve():
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(('127.0.0.1', int(proxy)))
        server.sendall(b'CONNECT git.heroku.com:443 HTTP/1.1\r\nHost: git.heroku.com:443\r\n\r\n')
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            head += server.recv(1)
        threading.Thread(target=copy, args=(client, server), daemon=True).start()
        threading.Thread(target=copy, args=(server, client), daemon=True).start()
threading.Thread(target=serve, daemon=True).start()
with open(hosts, 'w') as file:
    file.write(f'{address} git.heroku.com\n')
script = 'mount --bind "$0" /etc/hosts && exec "$@"'
sys.exit(subprocess.run(['unshare', '--mount', 'sh', '-c', script, hosts, *command]).returncode)
"#;

/// Whether this process may change what a name means for a command. If not, the story is skipped.
fn can_name_hosts(world: &World) -> bool {
    let can = world
        .shell("unshare --mount true && [ $(id -u) = 0 ]", b"")
        .is_success();
    if !can {
        skipped("it needs root and a mount namespace");
    }
    can
}

fn fetches(variables: &str, options: &str) {
    let world = world();
    if !can_name_hosts(&world) {
        return;
    }
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.pushes();
    world.has_file("directly.py", DIRECTLY);
    let (cargo, proxy) = (env!("CARGO"), world.heroku.proxy());
    let line = format!(
        "cd ~/user && python3 ~/directly.py {proxy} ~/hosts \
         env -u https_proxy -u HTTPS_PROXY {variables} {cargo} fetch {options}"
    );
    world.shell(&line, b"").succeeds();
    let checkouts = world.shell("find ~/.cargo/git/checkouts -name Cargo.toml", b"");
    assert!(!checkouts.stdout().is_empty(), "the app is fetched");
    assert_eq!(
        world.stored_in_the_keyring(ANN).as_deref(),
        Some(token.as_str())
    );
}

#[test]
fn libgit2_fetches_with_the_login() {
    fetches("", "");
}

#[test]
fn gitoxide_fetches_with_the_login() {
    // The feature is not stable yet.
    fetches("RUSTC_BOOTSTRAP=1", "-Zgitoxide=fetch");
}
