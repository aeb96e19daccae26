//! `exec` with real clients: curl, the Heroku CLI, Heroku's own client library. No token is stored where
//! they usually look for it.

use std::path::Path;

use crate::world::{ANN, BOB, Version, World, heroku_line, with_node};

/// Ann's account is active, Bob is logged in too, and there is no netrc.
fn world() -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.heroku.add_app(BOB, "red-sun").unwrap();
    let bobs = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &bobs);
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

fn has_no_netrc(world: &World) {
    assert!(!world.home().join(".netrc").exists());
}

/// A program of ours in the app's repository that asks with Heroku's library for node.
fn with_the_library(world: &World, script: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = top.join("target/heroku-sdk/current/node_modules/heroku-client");
    assert!(
        library.exists(),
        "heroku-client is missing: ./contrib/heroku-sdk installs it"
    );
    let program = format!(
        "const Heroku = require('{}')\n\
         const heroku = new Heroku({{ token: process.env.HEROKU_API_KEY }})\n{script}\n",
        library.display()
    );
    let path = world.has_file("program.js", &program);
    // It knows neither https_proxy nor SSL_CERT_FILE.
    let (host, port) = ("127.0.0.1", world.heroku.proxy());
    let port = port.rsplit(':').next().unwrap();
    format!(
        "HEROKU_HTTP_PROXY_HOST={host} HEROKU_HTTP_PROXY_PORT={port} \
         NODE_EXTRA_CA_CERTS=$SSL_CERT_FILE {} \
         git-credential-heroku-rs exec -- node {}",
        with_node(Version::Current),
        path.display()
    )
}

#[test]
fn the_heroku_cli_works_with_nothing_in_netrc() {
    let world = world();
    let cli = |line: &str| format!("git-credential-heroku-rs exec -- {line}");
    for version in [Version::Current, Version::OnNetrc] {
        let under_exec = |line| {
            let line = heroku_line(version, line);
            world.shell(&cli(&format!("env {line}")), b"")
        };
        under_exec("apps").succeeds().says("blue-sky");
        has_no_netrc(&world);
    }
}

#[test]
fn the_heroku_cli_uses_the_named_account() {
    let world = world();
    let whoami = heroku_line(Version::Current, "auth:whoami");
    world
        .shell(
            &format!("git-credential-heroku-rs exec --account {BOB} -- env {whoami}"),
            b"",
        )
        .succeeds()
        .says("bob@example.com\n");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    has_no_netrc(&world);
}

#[test]
fn curl_uses_the_login_of_its_user() {
    let world = world();
    let curl = "curl --silent --fail --header @- \
                --header 'Accept: application/vnd.heroku+json; version=3'";
    let script = format!(
        "printf 'Authorization: Bearer %s' \"$HEROKU_API_KEY\" | {curl} https://api.heroku.com/apps"
    );
    world.has_program("list-apps", &script);
    let line = "CURL_CA_BUNDLE=$SSL_CERT_FILE git-credential-heroku-rs exec";
    world
        .shell(&format!("{line} -- list-apps"), b"")
        .succeeds()
        .says("blue-sky")
        .says_nothing_about("red-sun");
    world
        .shell(&format!("{line} --account {BOB} -- list-apps"), b"")
        .succeeds()
        .says("red-sun");
    has_no_netrc(&world);
}

#[test]
fn herokus_own_library_works_with_a_variable_and_reads_every_page() {
    let world = world();
    world.heroku.add_listed_apps(ANN, 2500);
    let line = with_the_library(
        &world,
        "heroku.get('/apps').then(apps => console.log(apps.length), error => {\n\
           console.error(error.statusCode); process.exit(1)\n\
         })",
    );
    world.shell(&line, b"").succeeds().stdout_is("2501\n");
    let requests = world.heroku.requests();
    assert_eq!(requests.len(), 3);
    let authorization = requests[0].header("authorization").unwrap();
    assert!(
        authorization.starts_with("Basic "),
        "the library uses Basic authentication"
    );
    has_no_netrc(&world);

    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.heroku.revoke(&token);
    world.shell(&line, b"").exits_with(1).stderr_is("401\n");
}
