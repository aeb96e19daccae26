//! Host names: they alone decide whether the token is sent.

use git_credential_heroku_rs::hosts::{Heroku, HerokuHost, Service};

/// Three lines: `HEROKU_HOST`, the scheme, the host or the name of docker's registry.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (configured, scheme, host) = (line(), line(), line());
    let configured = match configured {
        "" => Heroku::default(),
        value => Heroku::parse(value),
    };
    check_git(&configured, scheme, host);
    check_registry(&configured, host);
}

fn check_git(configured: &Heroku, scheme: &str, host: &str) {
    let bare = host.to_ascii_lowercase();
    let bare = bare.strip_suffix(":443").unwrap_or(&bare);
    let production = ["git.heroku.com", "api.heroku.com"].contains(&bare);
    let named = [Service::Git, Service::Api]
        .into_iter()
        .filter_map(|service| configured.host(service))
        .any(|ours| ours.name() == bare);
    let is_ours = scheme.eq_ignore_ascii_case("https") && (production || named);
    let found = HerokuHost::from_request(scheme, host, configured);
    assert_eq!(
        found.is_some(),
        is_ours,
        "{scheme}://{host}, {configured:?}"
    );
    if let Some(found) = found {
        assert_eq!(found.name(), bare);
        assert!(is_in_herokus_domains(found.name()), "{found}");
        assert_eq!(found.url(), format!("https://{bare}"));
    }
}

fn check_registry(configured: &Heroku, server: &str) {
    let Some(found) = HerokuHost::from_registry_name(server, configured) else {
        return;
    };
    assert_eq!(found.service(), Service::Registry);
    assert!(is_in_herokus_domains(found.name()), "{found}");
    let rest = server
        .strip_prefix("https://")
        .unwrap_or(server)
        .to_ascii_lowercase();
    let rest = rest
        .strip_prefix(found.name())
        .expect("the name comes first");
    let rest = rest.strip_prefix(":443").unwrap_or(rest);
    assert!(
        ["", "/", "/v1", "/v1/", "/v2", "/v2/"].contains(&rest),
        "{server}"
    );
    for form in ["https://NAME", "NAME:443", "https://NAME/v2/", "NAME/v1"] {
        let server = form.replace("NAME", found.name());
        // A configured name may have a port of its own already.
        if !found.name().contains(':') {
            assert!(
                HerokuHost::from_registry_name(&server, configured).is_some(),
                "{server}"
            );
        }
    }
}

/// Whether a name is on one of Heroku's domains, decided without the program's own parser.
pub(crate) fn is_in_herokus_domains(name: &str) -> bool {
    const DOMAINS: [&str; 3] = ["heroku.com", "herokai.com", "herokudev.com"];
    let labels = |name: &str| {
        name.split('.').all(|label| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !label.is_empty() && label.chars().all(plain)
        })
    };
    let is_under = |domain: &str| {
        let front = name.strip_suffix(domain);
        front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    labels(name) && DOMAINS.into_iter().any(is_under)
}
