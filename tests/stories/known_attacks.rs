//! Known attacks on credential helpers, tried with git itself on this helper.
//!
//! Source: git's advisories CVE-2020-5260, CVE-2020-11008, CVE-2024-50349 and CVE-2024-52006, and
//! the Heroku CLI's own check of its hosts.

use crate::world::{ANN, REQUEST, World};

/// Logged in, and git asks us about every host there is.
fn logged_in() -> (World, String) {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

/// git makes a request of this URL, asks us, and gets no credential.
fn gets_no_token(world: &World, options: &str, url: &str) {
    let line = format!("{options} credential fill");
    // A password in the URL comes back; ours never does.
    world
        .git_with_input(&line, &format!("url={url}\n\n"))
        .says_nothing_about("HRKU-");
}

#[test]
fn a_url_of_heroku_gets_the_token() {
    let (world, token) = logged_in();
    for url in [
        "https://git.heroku.com/blue-sky.git",
        "https://GIT.Heroku.com/blue-sky.git",
        "https://git.heroku.com:443/blue-sky.git",
        "https://ann@git.heroku.com/blue-sky.git",
    ] {
        world
            .git_with_input("credential fill", &format!("url={url}\n\n"))
            .succeeds()
            .prints_secret(&token);
    }
}

#[test]
fn a_line_break_in_a_url_cannot_add_a_host() {
    let (world, _) = logged_in();
    for url in [
        "https://evil.example%0ahost=git.heroku.com/",
        "https://evil.example?%0ahost=git.heroku.com",
        "https://x%0ahost=git.heroku.com%0aprotocol=https:x@evil.example/",
        "https://evil.example/%0ahost=git.heroku.com",
    ] {
        gets_no_token(&world, "-c credential.useHttpPath=true", url);
    }
}

#[test]
fn a_carriage_return_in_a_url_cannot_add_a_host() {
    let (world, _) = logged_in();
    for url in [
        "https://evil.example%0dhost=git.heroku.com/",
        "https://git.heroku.com%0d.evil.example/",
        "https://x%0dhost=git.heroku.com@evil.example/",
    ] {
        for protects in ["true", "false"] {
            let options = format!("-c credential.protectProtocol={protects}");
            gets_no_token(&world, &options, url);
        }
    }
}

/// If git passes on a CR, helpers took it for the end of the line and accepted the rest as the host.
#[test]
fn a_host_with_a_carriage_return_gets_no_token() {
    let (world, token) = logged_in();
    let options = "-c credential.protectProtocol=false";
    for url in [
        "https://git.heroku.com%0d/",
        "https://git.heroku.com%0d/blue-sky.git",
        "https://GIT.heroku.com:443%0d/",
        "https://ann@git.heroku.com%0d/",
        "https://ann%0d@git.heroku.com/",
    ] {
        gets_no_token(&world, options, url);
    }
    let other = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    for (operation, password) in [("approve", &other), ("reject", &token)] {
        let line = format!("{options} credential {operation}");
        let request =
            format!("url=https://git.heroku.com%0d/\nusername={ANN}\npassword={password}\n\n");
        world
            .git_with_input(&line, &request)
            .succeeds()
            .says_nothing();
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn a_request_without_a_host_gets_no_token() {
    let (world, _) = logged_in();
    for request in [
        "protocol=https\n",
        "protocol=https\nhost=\n",
        "host=git.heroku.com\n",
        "protocol=\nhost=git.heroku.com\n",
        "protocol=https\nhost=*\n",
        "protocol=https\nhost=*.heroku.com\n",
        "protocol=cert\nhost=git.heroku.com\npath=x\n",
    ] {
        for operation in ["get", "store", "erase"] {
            world
                .helper_with_input(operation, request)
                .succeeds()
                .says_nothing();
        }
    }
    for url in ["https:///blue-sky.git", "https://:443/blue-sky.git"] {
        gets_no_token(&world, "", url);
    }
}

#[test]
fn a_look_alike_host_gets_no_token() {
    let (world, _) = logged_in();
    for host in [
        "git.heroku.com.evil.example",
        "git-heroku.com",
        "git.heroku.co",
        "git.heroku.com.",
        "git.heroku.com..",
        ".git.heroku.com",
        "xgit.heroku.com",
        "git.xheroku.com",
        "heroku.com",
        "dashboard.heroku.com",
        "git.herokuapp.com",
        // Cyrillic о, Turkish ı, a ligature, a full-width letter, a dot that is none, a soft hyphen.
        "git.her\u{43e}ku.com",
        "g\u{131}t.heroku.com",
        "git.heroku.c\u{1d0f}m",
        "\u{ff47}it.heroku.com",
        "git\u{3002}heroku\u{3002}com",
        "git.her\u{ad}oku.com",
        "git.heroku.com\u{200b}",
        // What a browser would show as one of these.
        "git.xn--herku-tua.com",
        "xn--git-.heroku.com",
    ] {
        gets_no_token(&world, "", &format!("https://{host}/blue-sky.git"));
    }
}

#[test]
fn another_host_with_a_port_a_user_or_an_escape_gets_no_token() {
    let (world, _) = logged_in();
    for authority in [
        "git.heroku.com@evil.example",
        "git.heroku.com:443@evil.example",
        "git.heroku.com%40evil.example",
        "git.heroku.com%2eevil.example",
        "evil.example%2fgit.heroku.com",
        "evil.example%5cgit.heroku.com",
        "evil.example%00git.heroku.com",
        "git.heroku.com%00.evil.example",
        "git.heroku.com%20",
        "git.heroku.com%09",
        "git.heroku.com:80",
        "git.heroku.com:8443",
        "git.heroku.com:0443",
        "git.heroku.com:443:443",
        "git.heroku.com:+443",
        "[git.heroku.com]",
        "[::1]",
        "2130706433",
    ] {
        gets_no_token(&world, "", &format!("https://{authority}/blue-sky.git"));
    }
    for scheme in ["http", "ftp", "ssh", "https+x", "smtp"] {
        gets_no_token(&world, "", &format!("{scheme}://git.heroku.com/"));
    }
}

#[test]
fn heroku_host_accepts_only_hosts_of_heroku() {
    let (world, _) = logged_in();
    for (value, host) in [
        ("evil.example", "git.evil.example"),
        ("evil-localhost.example", "git.evil-localhost.example"),
        ("localhost.evil.example", "git.localhost.evil.example"),
        ("127.0.0.1.evil.example", "git.127.0.0.1.evil.example"),
        ("https://evil.example", "evil.example"),
        ("https://evil.example?heroku.com", "evil.example?heroku.com"),
        (
            "https://evil.example#.heroku.com",
            "evil.example#.heroku.com",
        ),
        ("https://heroku.com@evil.example", "heroku.com@evil.example"),
        ("https://heroku.com:x@evil.example", "evil.example"),
        ("evil.example/.heroku.com", "git.evil.example/.heroku.com"),
        ("evilheroku.com", "git.evilheroku.com"),
        ("heroku.com\\.evil.example", "git.heroku.com\\.evil.example"),
        ("127.0.0.1:1@evil.example", "git.127.0.0.1:1@evil.example"),
    ] {
        world.sets("HEROKU_HOST", value);
        for host in [host, "evil.example"] {
            world
                .helper_with_input("get", format!("protocol=https\nhost={host}\n"))
                .succeeds()
                .says_nothing();
        }
        // None of these names is a host of Heroku either.
        world.helper("status").says_nothing_about("HRKU-");
    }
    assert_eq!(world.requests_to_the_api(), 0);
}

/// A repository's configuration decides where git connects, but not which token it gets.
#[test]
fn a_repository_that_redirects_git_gets_no_token_at_the_other_host() {
    let (world, _) = logged_in();
    world.heroku.add_host("evil.example");
    for setting in [
        "url.https://evil.example/.insteadOf https://git.heroku.com/",
        "url.https://evil.example/.pushInsteadOf https://git.heroku.com/",
        "remote.heroku.pushurl https://evil.example/blue-sky.git",
        "credential.https://evil.example.username git.heroku.com",
    ] {
        world.git(&format!("config {setting}")).succeeds();
    }
    // It asks for a password, and git asks us.
    world
        .git("push --quiet heroku main")
        .fails()
        .says("could not read Password for 'https://git.heroku.com@evil.example'");
    assert_eq!(world.requests_to_the_git_host(), 0);
    let asked = world.heroku.requests_to("evil.example");
    assert!(!asked.is_empty());
}

#[test]
fn programs_from_a_repositorys_configuration_are_not_run() {
    let (world, _) = logged_in();
    let trap = world.has_program("springs", "touch ~/sprung");
    let trap = trap.display();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.askPass",
        "core.editor",
        "core.sshCommand",
        "alias.config",
        "alias.rev-parse",
        "pager.config",
        "diff.external",
        "gpg.program",
    ] {
        world.git(&format!("config {key} '{trap}'")).succeeds();
    }
    world.has_file("more", &format!("[alias]\n  credential = !{trap}\n"));
    let more = world.home().join("more");
    let include = format!("config include.path {}", more.display());
    world.git(&include).succeeds();
    world.helper("status").succeeds();
    world.helper("setup --local").succeeds();
    world.helper("unsetup --local").succeeds();
    let _ = world.helper("doctor").stdout();
    world.git("push --quiet heroku main").succeeds();
    assert!(!world.home().join("sprung").exists());
    world.shell("springs; test -e ~/sprung", b"").succeeds();
}

#[test]
fn a_name_that_starts_with_a_dash_is_not_an_option() {
    let (world, token) = logged_in();
    for name in [
        "-rf@example.com",
        "--upload-pack=x@example.com",
        "$(id)@x.y",
    ] {
        world.helper(&format!("switch -- '{name}'")).fails();
        world.helper(&format!("logout -- '{name}'")).fails();
        let request = format!("{REQUEST}username={name}\n");
        // No account has that name; to git it is a name like any other.
        world
            .helper_with_input("get", request)
            .succeeds()
            .prints_secret(&token)
            .stdout_is(&format!("username={name}\npassword={token}\n\n"));
    }
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}
