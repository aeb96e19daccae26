//! docker and its kin get the same token for registry.heroku.com, and for no other registry.

use crate::world::{ANN, BOB, Outcome, World};

const REGISTRY: &str = "registry.heroku.com";
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// docker's real client, which needs no daemon to log in.
fn docker() -> String {
    let client = std::path::absolute("target/docker-client/docker").unwrap();
    assert!(client.exists(), "run: ./contrib/docker-client");
    client.to_str().unwrap().to_owned()
}

fn set_up() -> World {
    let world = World::new().with_keychain();
    world.sets("TERM", "dumb");
    world.helper("setup --docker").succeeds().stderr_is("");
    world
}

fn logged_in() -> (World, String) {
    let world = set_up();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

fn asked<'w>(world: &'w World, action: &str, input: &str) -> Outcome<'w> {
    let line = format!("docker-credential-heroku-rs {action}");
    world.shell(&line, input.as_bytes())
}

fn offered(username: &str, token: &str) -> String {
    format!(r#"{{"ServerURL":"{REGISTRY}","Username":"{username}","Secret":"{token}"}}"#)
}

#[test]
fn setup_names_us_to_docker_and_unsetup_takes_it_back() {
    let world = World::new();
    let before = "{\n\t\"auths\": {},\n\t\"credsStore\": \"pass\"\n}";
    let config = world.has_file(".docker/config.json", before);
    world
        .helper("setup --docker")
        .succeeds()
        .stderr_is("")
        .stdout_is(
            "docker now asks heroku-rs about registry.heroku.com, and about no other registry\n  \
             ~/.docker/config.json: credHelpers\n  \
             undo: git credential-heroku-rs unsetup --docker\n  \
             docker finds it as WORLD/bin/docker-credential-heroku-rs\n",
        );
    let after = std::fs::read_to_string(&config).unwrap();
    let ours = "\"credHelpers\": {\n\t\t\"registry.heroku.com\": \"heroku-rs\"\n\t}";
    assert!(after.contains(ours), "{after}");
    world
        .helper("setup --docker")
        .succeeds()
        .stdout_is("docker was set up already: ~/.docker/config.json\n");
    world.helper("unsetup --docker").succeeds().stdout_is(
        "removed from ~/.docker/config.json: docker no longer asks heroku-rs\n\
         removed WORLD/bin/docker-credential-heroku-rs\n",
    );
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
    assert!(!world.bin().join("docker-credential-heroku-rs").exists());
    world
        .helper("unsetup --docker")
        .succeeds()
        .stdout_is("nothing to remove: heroku-rs is not in ~/.docker/config.json\n");
}

#[test]
fn setup_follows_dockers_own_variable_and_tells_of_a_password_left_behind() {
    let world = World::new();
    let config = world.has_file(
        "elsewhere/config.json",
        r#"{"auths": {"registry.heroku.com": {"auth": "XzpI"}}}"#,
    );
    world.sets("DOCKER_CONFIG", config.parent().unwrap().to_str().unwrap());
    world
        .helper("setup --docker")
        .succeeds()
        .says("~/elsewhere/config.json: credHelpers")
        .stderr_is(
            "warning: ~/elsewhere/config.json still holds a password for registry.heroku.com\n  \
             remove it, and nothing else: docker logout registry.heroku.com\n",
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
fn a_configuration_that_cannot_be_read_is_left_as_it_was() {
    let world = World::new();
    let broken = "{\n  \"auths\": {},\n}\n";
    let config = world.has_file(".docker/config.json", broken);
    world
        .helper("setup --docker")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: ~/.docker/config.json was left as it was: line 3 is not as in JSON\n  \
         mend that, then run it again\n",
        );
    assert_eq!(std::fs::read_to_string(&config).unwrap(), broken);
}

#[test]
fn where_the_name_cannot_be_made_the_command_for_it_is_told() {
    let world = World::new();
    let name = world.bin().join("docker-credential-heroku-rs");
    std::os::unix::fs::symlink("nowhere", name).unwrap();
    world.helper("setup --docker").succeeds().stderr_is(
        "warning: docker does not find it yet: it looks for docker-credential-heroku-rs on your PATH\n  \
         run: sudo ln -sf git-credential-heroku-rs WORLD/bin/docker-credential-heroku-rs\n",
    );
}

/// With a credential of a helper docker goes to its daemon, and there is none: that it has one is
/// seen by its trying.
#[test]
fn docker_takes_the_login_that_there_is() {
    let (world, _) = logged_in();
    let login = format!("{} login {REGISTRY}", docker());
    let existing = "Authenticating with existing credentials";
    world.shell(&login, b"").fails().says(existing);
    world.helper("unsetup --docker").succeeds();
    world
        .shell(&login, b"")
        .fails()
        .says_nothing_about(existing);
}

#[test]
fn skopeo_reads_an_image_without_a_login_of_its_own() {
    let (world, _) = logged_in();
    world.heroku.has_app(ANN, "blue-sky").unwrap();
    world.heroku.has_image("blue-sky/web", "latest");
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
fn an_image_is_pushed_as_the_account_in_use() {
    let (world, _) = logged_in();
    world.has_logged_in_with_the_heroku_cli(BOB);
    world.heroku.has_app(ANN, "blue-sky").unwrap();
    world.shell(IMAGE, b"").succeeds().says_nothing();
    let push = format!(
        "skopeo copy --insecure-policy dir:$HOME/image docker://{REGISTRY}/blue-sky/web:latest"
    );
    world.shell(&push, b"").fails().says("403 (Forbidden)");
    let _ = world.helper("switch ann@example.com").succeeds();
    world.shell(&push, b"").succeeds();
    assert_eq!(world.heroku.tags_of_image("blue-sky/web"), ["latest"]);
}

#[test]
fn what_docker_login_is_given_while_there_is_no_login_becomes_one() {
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
    assert_eq!(world.kept_in_the_keychain("heroku"), Some(token.clone()));
    world
        .helper_with_input("get", "protocol=https\nhost=git.heroku.com\n")
        .succeeds()
        .hands_out(&token);
    world
        .helper("status")
        .succeeds()
        .says("is kept as ann@example.com");
}

#[test]
fn docker_logout_leaves_the_login_to_git_and_says_so() {
    let (world, token) = logged_in();
    let logout = format!("{} logout {REGISTRY}", docker());
    world.shell(&logout, b"").succeeds().says(
        "heroku-rs: the Heroku login stays: it is git's and the Heroku CLI's too\n  \
         to keep docker from it: git credential-heroku-rs unsetup --docker\n",
    );
    assert_eq!(world.kept_in_the_keychain(ANN), Some(token));
}

#[test]
fn another_token_never_replaces_a_login_and_docker_is_told() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(BOB);
    for username in ["_", "heroku", BOB, "<token>"] {
        asked(&world, "store", &offered(username, &other))
            .exits_with(1)
            .stdout_is(
                "the token was not kept: docker uses the Heroku login of ann@example.com in the keychain\n",
            )
            .says("git credential-heroku-rs login");
    }
    assert_eq!(world.kept_in_the_keychain(ANN), Some(token));
    assert_eq!(world.accounts_in_the_keychain(), [ANN]);
}

#[test]
fn a_new_token_for_the_very_account_replaces_the_old_one() {
    let (world, token) = logged_in();
    asked(&world, "store", &offered("_", &token))
        .succeeds()
        .says_nothing();
    let new = world.heroku.issue_token(ANN);
    asked(&world, "store", &offered(ANN, &new))
        .succeeds()
        .says_nothing();
    assert_eq!(world.kept_in_the_keychain(ANN), Some(new));
}

#[test]
fn a_password_that_is_no_token_is_not_kept_and_not_told() {
    let world = set_up();
    asked(&world, "store", &offered("_", "correct horse"))
        .exits_with(1)
        .says("it is no Heroku token")
        .says_nothing_about("horse");
    assert_eq!(world.accounts_in_the_keychain(), Vec::<String>::new());
}

#[test]
fn the_answer_names_the_server_as_docker_named_it() {
    let (world, token) = logged_in();
    for server in [REGISTRY, "https://registry.heroku.com/v2/"] {
        let answer =
            format!("{{\"ServerURL\":\"{server}\",\"Username\":\"_\",\"Secret\":\"{token}\"}}\n");
        asked(&world, "get", server)
            .succeeds()
            .hands_out(&token)
            .stdout_is(&answer)
            .stderr_is("");
    }
    asked(&world, "list", "unused")
        .succeeds()
        .stdout_is("{\"registry.heroku.com\":\"_\"}\n");
}

#[test]
fn other_registries_get_nothing_and_nothing_is_asked_for_them() {
    let (world, token) = logged_in();
    for server in [
        "https://index.docker.io/v1/",
        "ghcr.io",
        "git.heroku.com",
        "http://registry.heroku.com",
        "registry.heroku.com.example.com",
    ] {
        let (outcome, trace) = world.traced("docker-credential-heroku-rs get", server);
        outcome.exits_with(1).stdout_is(NOT_FOUND).stderr_is("");
        assert_eq!(trace.calls(&["socket", "connect"]), Vec::<&str>::new());
        asked(&world, "erase", server).succeeds().says_nothing();
        let offer = offered("_", &token).replace(REGISTRY, server);
        asked(&world, "store", &offer)
            .exits_with(1)
            .says("registry.heroku.com and for no other registry");
    }
    let (outcome, trace) = world.traced("docker-credential-heroku-rs get", REGISTRY);
    outcome.succeeds().hands_out(&token);
    assert!(!trace.calls(&["socket", "connect"]).is_empty());
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
        .hands_out(&token);
}

#[test]
fn nobody_logged_in_and_a_keychain_that_is_locked_are_two_things() {
    let world = set_up();
    asked(&world, "get", REGISTRY)
        .exits_with(1)
        .stdout_is(NOT_FOUND)
        .says("heroku-rs: not logged in to Heroku")
        .says("git credential-heroku-rs login");
    asked(&world, "list", "").succeeds().stdout_is("{}\n");
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.keychain().locks();
    asked(&world, "get", REGISTRY)
        .exits_with(1)
        .says_nothing_about("not found")
        .says("the Heroku token could not be read from the keychain: the keychain is locked");
}

#[test]
fn the_variable_and_netrc_serve_docker_as_they_serve_git() {
    let world = World::new();
    world.helper("setup --docker").succeeds();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&format!(
        "machine api.heroku.com login {ANN} password {token}\n"
    ));
    asked(&world, "get", REGISTRY).succeeds().hands_out(&token);
    let key = world.heroku.issue_token(BOB);
    world.sets("HEROKU_API_KEY", &key);
    asked(&world, "get", REGISTRY).succeeds().hands_out(&key);
}

/// What docker's own helper says to the same request, in the same world.
#[test]
fn dockers_own_helper_says_the_same_in_the_same_words() {
    let world = set_up();
    let no_user = offered("", "x");
    for (action, input) in [
        ("get", ""),
        ("get", "\n"),
        ("get", "ghcr.io"),
        ("get", REGISTRY),
        ("erase", ""),
        ("store", "{}"),
        ("store", &no_user),
        ("list", ""),
        ("frobnicate", ""),
    ] {
        let line = format!("docker-credential-secretservice {action}");
        let theirs = world.shell(&line, input.as_bytes());
        let code = i32::from(!theirs.ended_well());
        let told = theirs.stdout();
        asked(&world, action, input)
            .exits_with(code)
            .stdout_is(&told);
    }
}

#[test]
fn called_wrongly_it_says_how_to_call_it_as_dockers_helpers_do() {
    let world = set_up();
    let usage = "Usage: docker-credential-heroku-rs <store|get|erase|list|version>\n";
    asked(&world, "", "").exits_with(1).stdout_is(usage);
    asked(&world, "get list", "").exits_with(1).stdout_is(usage);
    asked(&world, "--help", "").succeeds().stdout_is(usage);
    let version = format!(
        "docker-credential-heroku-rs (git-credential-heroku-rs) {}\n",
        env!("CARGO_PKG_VERSION")
    );
    asked(&world, "version", "").succeeds().stdout_is(&version);
}

#[test]
fn an_answer_costs_docker_no_more_than_it_costs_git() {
    let (world, token) = logged_in();
    let (outcome, to_docker) = world.traced("docker-credential-heroku-rs get", REGISTRY);
    outcome.succeeds().hands_out(&token);
    let request = "protocol=https\nhost=git.heroku.com\n";
    let (outcome, to_git) = world.traced("git-credential-heroku-rs get", request);
    outcome.succeeds().hands_out(&token);
    let (docker, git) = (to_docker.count(), to_git.count());
    assert!(
        docker <= git + 10,
        "{docker} system calls, and {git} for git"
    );
    assert_eq!(to_docker.calls(&["execve"]).len(), 1);
}
