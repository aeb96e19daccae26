//! Where the bus is, and what is between it and us: a proxy, a user namespace, a stale address.

use crate::world::{ANN, BusConnection, REQUEST, World, skipped};

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

fn serves(world: &World, line: &str, token: &str) {
    world
        .shell(line, REQUEST.as_bytes())
        .succeeds()
        .prints_secret(token)
        .stderr_is("");
}

/// Flatpak's proxy on Debian 12.
#[test]
fn a_proxy_that_needs_authentication_before_any_message_works() {
    let (world, token) = logged_in();
    world.connects_to_the_bus_over(BusConnection::NeedsAuthenticationFirst);
    serves(&world, "git-credential-heroku-rs get", &token);
}

/// In a rootless container the bus sees another user id than ours.
#[test]
fn the_bus_is_accepted_in_a_user_namespace() {
    let (world, token) = logged_in();
    let namespace = "unshare --user --map-user=1234 --";
    if !world.shell(&format!("{namespace} true"), b"").is_success() {
        return skipped("this machine has no user namespaces");
    }
    let line = format!("{namespace} git-credential-heroku-rs get");
    serves(&world, &line, &token);
}

/// A terminal multiplexer keeps the address of an earlier session.
#[test]
fn a_stale_address_does_not_hide_the_bus_at_its_standard_path() {
    let (world, token) = logged_in();
    for stale in ["unix:path=/nonexistent/bus", "unix:abstract=/nonexistent"] {
        world.sets("DBUS_SESSION_BUS_ADDRESS", stale);
        serves(&world, "git-credential-heroku-rs get", &token);
    }
}

/// Images with a browser and no desktop set these, so that nothing connects.
#[test]
fn an_address_that_disables_the_bus_means_no_bus() {
    for address in ["disabled:", "/dev/null", "autolaunch:"] {
        let world = World::new();
        world.sets("DBUS_SESSION_BUS_ADDRESS", address);
        let token = world.heroku.issue_token(ANN);
        world.is_not_searched(&world.home().join(".netrc"));
        world
            .helper_with_input("login --with-token", &token)
            .succeeds()
            .says(
                "no keyring: no D-Bus session; the token will be stored in ~/.netrc (unencrypted)",
            );
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&token);
    }
}
