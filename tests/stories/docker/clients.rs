//! docker and similar clients push to registry.heroku.com with the login that git uses, and nowhere else.

use super::{REGISTRY, logged_in, set_up};
use crate::world::{ANN, BOB, REQUEST, World};

/// docker's real client.
fn docker() -> String {
    let client = std::path::absolute("target/docker-client/docker").unwrap();
    assert!(client.exists(), "run: ./contrib/docker-client");
    client.to_str().unwrap().to_owned()
}

#[test]
fn setup_configures_docker_and_unsetup_undoes_it() {
    let world = World::new();
    let before = "{\n\t\"auths\": {},\n\t\"credsStore\": \"pass\"\n}";
    let config = world.has_file(".docker/config.json", before);
    world
        .helper("setup --docker")
        .succeeds()
        .stderr_is("")
        .stdout_is(
            "docker now uses heroku-rs for registry.heroku.com\n  \
             changed: ~/.docker/config.json\n  \
             undo: git credential-heroku-rs unsetup --docker\n  \
             added for docker: WORLD/bin/docker-credential-heroku-rs\n",
        );
    let after = std::fs::read_to_string(&config).unwrap();
    let ours = "\"credHelpers\": {\n\t\t\"registry.heroku.com\": \"heroku-rs\"\n\t}";
    assert!(after.contains(ours), "{after}");
    world
        .helper("setup --docker")
        .succeeds()
        .stdout_is("docker is already configured: ~/.docker/config.json\n");
    world.helper("unsetup --docker").succeeds().stdout_is(
        "Removed heroku-rs from ~/.docker/config.json\n\
         Removed WORLD/bin/docker-credential-heroku-rs\n",
    );
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
    assert!(!world.bin().join("docker-credential-heroku-rs").exists());
    world
        .helper("unsetup --docker")
        .succeeds()
        .stdout_is("Nothing to undo\n");
}

#[test]
fn setup_uses_dockers_variable_and_reports_a_stored_password() {
    let world = World::new();
    let config = world.has_file(
        "elsewhere/config.json",
        r#"{"auths": {"registry.heroku.com": {"auth": "XzpI"}}}"#,
    );
    world.sets("DOCKER_CONFIG", config.parent().unwrap().to_str().unwrap());
    world
        .helper("setup --docker")
        .succeeds()
        .says("changed: ~/elsewhere/config.json")
        .stderr_is(
            "warning: ~/elsewhere/config.json still contains a password for registry.heroku.com\n  \
             remove only the password: docker logout registry.heroku.com\n",
        );
    let logout = format!("{} logout {REGISTRY}", docker());
    world.shell(&logout, b"").succeeds();
    let after = std::fs::read_to_string(&config).unwrap();
    assert!(
        !after.contains("XzpI") && after.contains("heroku-rs"),
        "{after}"
    );
}

#[test]
fn an_unreadable_configuration_is_not_changed() {
    let world = World::new();
    let broken = "{\n  \"auths\": {},\n}\n";
    let config = world.has_file(".docker/config.json", broken);
    world
        .helper("setup --docker")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: ~/.docker/config.json was not changed: line 3 is not valid JSON\n  \
         fix the file, then run the command again\n",
        );
    assert_eq!(std::fs::read_to_string(&config).unwrap(), broken);
}

#[test]
fn setup_prints_the_command_if_the_link_cannot_be_created() {
    let world = World::new();
    let name = world.bin().join("docker-credential-heroku-rs");
    std::os::unix::fs::symlink("nowhere", name).unwrap();
    let command = " /usr/local/bin/docker-credential-heroku-rs\n";
    world
        .helper("setup --docker")
        .succeeds()
        .says("docker cannot find the helper: docker-credential-heroku-rs is not on PATH\n")
        .says("add it: sudo ln -sf /")
        .says(command);
}

/// docker's client with a daemon that only records the credentials of each request.
fn docker_with_a_daemon(line: &str) -> String {
    let daemon = std::path::absolute("tests/stories/docker/daemon.py").unwrap();
    format!("python3 {} ~/socket {} {line}", daemon.display(), docker())
}

#[test]
fn docker_uses_the_stored_login() {
    let (world, token) = logged_in();
    world.sets("TOKEN", &token);
    let login = docker_with_a_daemon(&format!("login {REGISTRY}"));
    world
        .shell(&login, b"")
        .succeeds()
        .says("login: _ at registry.heroku.com, the token\n")
        .says("Login Succeeded");
    let push = docker_with_a_daemon(&format!("push {REGISTRY}/blue-sky/web"));
    world
        .shell(&push, b"")
        .succeeds()
        .says("push: _ at registry.heroku.com, the token\n");

    let _ = world.helper("unsetup --docker").succeeds();
    world
        .shell(&push, b"")
        .succeeds()
        .says("push: None at registry.heroku.com, no token\n");
}

#[test]
fn docker_sends_the_token_to_no_other_registry() {
    let (world, token) = logged_in();
    world.sets("TOKEN", &token);
    for image in ["ann/web", "ghcr.io/ann/web", "git.heroku.com/blue-sky/web"] {
        world
            .shell(&docker_with_a_daemon(&format!("push {image}")), b"")
            .succeeds()
            .says(", no token\n");
    }
}

#[test]
fn skopeo_reads_an_image_without_a_login_of_its_own() {
    let (world, _) = logged_in();
    world.heroku.add_app(ANN, "blue-sky").unwrap();
    world.heroku.add_image("blue-sky/web", "latest");
    let line = format!("skopeo list-tags docker://{REGISTRY}/blue-sky/web");
    world.shell(&line, b"").succeeds().says("\"latest\"");
    world.helper("unsetup --docker").succeeds();
    world.shell(&line, b"").fails().says("unauthorized");
}

/// An image without layers, for the kind of push that docker makes.
const IMAGE: &str = r#"
mkdir ~/image && cd ~/image
echo 'Directory Transport Version: 1.1' >version
printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}' >config
digest=$(sha256sum <config | cut -d ' ' -f 1)
printf '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":"sha256:%s"},"layers":[]}' \
    $(wc -c <config) $digest >manifest.json
mv config $digest
"#;

#[test]
fn an_image_is_pushed_as_the_active_account() {
    let (world, _) = logged_in();
    world.has_logged_in_with_the_heroku_cli(BOB);
    world.heroku.add_app(ANN, "blue-sky").unwrap();
    world.shell(IMAGE, b"").succeeds().says_nothing();
    let push = format!(
        "skopeo copy --insecure-policy dir:$HOME/image docker://{REGISTRY}/blue-sky/web:latest"
    );
    world.shell(&push, b"").fails().says("403");
    let _ = world.helper("switch ann@example.com").succeeds();
    world.shell(&push, b"").succeeds();
    assert_eq!(world.heroku.tags_of_image("blue-sky/web"), ["latest"]);
}

#[test]
fn docker_login_stores_its_token_if_there_is_no_login() {
    let world = set_up();
    let token = world.heroku.issue_token(ANN);
    let login = format!(
        "{} login --username _ --password-stdin {REGISTRY}",
        docker()
    );
    world
        .shell(&login, token.as_bytes())
        .succeeds()
        .says("Login Succeeded");
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token.clone()));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
    world
        .helper("status")
        .succeeds()
        .says("is now stored as the login of ann@example.com");
}

#[test]
fn docker_logout_keeps_the_login_of_git_and_reports_it() {
    let (world, token) = logged_in();
    let logout = format!("{} logout {REGISTRY}", docker());
    world.shell(&logout, b"").succeeds().says(
        "heroku-rs: the Heroku login was kept: git and the Heroku CLI use it too\n  \
         remove the docker setup: git credential-heroku-rs unsetup --docker\n",
    );
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn git_never_gets_a_token_for_the_registry() {
    let (world, token) = logged_in();
    let request = |host| format!("protocol=https\nhost={host}\n");
    world
        .helper_with_input("get", request(REGISTRY))
        .succeeds()
        .says_nothing();
    world
        .helper_with_input("get", request("git.heroku.com"))
        .succeeds()
        .prints_secret(&token);
}
