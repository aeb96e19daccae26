//! No client reaches another host through the stand-in, and every attempt is recorded.

use crate::clients::{ACCEPT, ANN, Clients};

#[test]
fn a_connection_to_another_host_is_refused_and_recorded() {
    let clients = Clients::new();
    for (url, known) in [
        (
            "https://backboard.heroku.com/",
            "CONNECT backboard.heroku.com:443",
        ),
        (
            "https://git.heroku.com:8443/",
            "CONNECT git.heroku.com:8443",
        ),
        (
            "https://git.heroku.com.example.com/",
            "CONNECT git.heroku.com.example.com:443",
        ),
        (
            "http://api.heroku.com/account",
            "GET http://api.heroku.com/account",
        ),
    ] {
        let reply = clients.curl(&[url]);
        assert!(reply.exit != 0 || reply.status == 502, "{url}: {reply:?}");
        assert_eq!(
            clients.heroku.requests_to_other_hosts().last().unwrap(),
            known
        );
    }
    assert_eq!(clients.heroku.requests_to_other_hosts().len(), 4);
    assert!(clients.heroku.requests().is_empty());
}

#[test]
fn a_host_header_that_differs_from_the_tunnel_counts_as_another_host() {
    let clients = Clients::new();
    let url = "https://api.heroku.com/account";
    let reply = clients.curl(&["-H", "Host: evil.example", url]);
    assert_eq!(reply.status, 421);
    assert_eq!(
        clients.heroku.requests_to_other_hosts(),
        ["Host: evil.example"]
    );
}

#[test]
fn a_simulated_host_is_accepted_in_any_spelling() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let bearer = format!("Authorization: Bearer {token}");
    let reply = clients.curl(&[
        "-H",
        ACCEPT,
        "-H",
        &bearer,
        "https://API.Heroku.com:443/account",
    ]);
    assert_eq!(reply.status, 200);
    assert!(clients.heroku.requests_to_other_hosts().is_empty());
}
