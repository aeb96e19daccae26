//! The variables and arguments of a process, each followed by a zero byte, as in the system; and the headers of a
//! user.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::LazyLock;
use std::time::Duration;

use git_credential_heroku_rs::cli::{self, Invocation};
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::heroku_api::{ApiError, read_headers, second_factor};
use git_credential_heroku_rs::hosts::Service;

const OPERATIONS: [&str; 4] = ["get", "store", "erase", "capability"];

fn texts(bytes: &[u8]) -> Vec<OsString> {
    let texts = bytes.split(|&byte| byte == 0);
    texts
        .map(|text| OsString::from_vec(text.to_vec()))
        .collect()
}

/// git's operation is recognized only as the last argument, without a command before it. A trace shows no argument of
/// the user.
pub(crate) fn check_arguments(bytes: &[u8]) {
    static COMMANDS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let line = cli::definition();
        let names = line.get_subcommands().flat_map(|command| {
            let aliases = command.get_all_aliases();
            aliases.chain([command.get_name()])
        });
        names.map(str::to_owned).collect()
    });
    let all = texts(bytes);
    let is_command = |word: &OsString| COMMANDS.iter().any(|name| word == name.as_str());
    let last = all.last().and_then(|word| word.to_str());
    let before = &all[..all.len() - 1];
    let is_gits =
        last.is_some_and(|word| OPERATIONS.contains(&word)) && !before.iter().any(is_command);
    match cli::read(&all) {
        Invocation::Git(_) => assert!(is_gits, "this is not a request of git"),
        Invocation::Command(_) => assert!(!is_gits && all.iter().any(is_command)),
        Invocation::Unknown(error) => {
            assert!(!is_gits && !all.iter().any(is_command) && error.exit_code() != 0);
        }
        Invocation::Answered(error) => {
            assert!(!is_gits && !error.to_string().is_empty());
        }
    }
    let shown = cli::in_public(&all);
    let (_, words) = shown
        .split_once(':')
        .expect("the program's name comes first");
    for word in words.split_whitespace() {
        let lower = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(word.chars().all(lower), "a value is shown: {word}");
    }
    assert!(!shown.contains("HRKU"));
}

/// For any variables, limits stay in their range, a Heroku host is in Heroku's domains, and no secret is shown.
pub(crate) fn check_environment(bytes: &[u8]) {
    let all = texts(bytes);
    let pairs = all.iter().filter_map(|text| {
        let bytes = text.as_bytes();
        let at = bytes.iter().position(|&byte| byte == b'=')?;
        Some((
            OsStr::from_bytes(&bytes[..at]),
            OsStr::from_bytes(&bytes[at + 1..]),
        ))
    });
    let pairs: Vec<(&OsStr, &OsStr)> = pairs.collect();
    let value = |name: &str| {
        let pair = pairs.iter().find(|(key, _)| *key == name);
        pair.map(|(_, value)| (*value).to_owned())
    };
    let environment = Environment::read(value);
    for limit in [environment.keyring_limit, environment.prompt_limit] {
        assert!((Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&limit));
    }
    let is_true = |value: OsString| value.eq_ignore_ascii_case("true");
    let netrc = value("HEROKU_NETRC_WRITE");
    assert_eq!(environment.netrc_before_keyring, netrc.is_some_and(is_true));
    if let Some(Ok(token)) = &environment.api_key {
        assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        let given = value("HEROKU_API_KEY").unwrap_or_default();
        assert!(
            given
                .to_str()
                .is_some_and(|given| given.trim() == token.expose())
        );
    }
    let files = [
        environment.heroku_cli_data_dir(),
        environment.state_dir(),
        environment.docker_config_file(),
    ];
    assert!(environment.home.is_none() || files.iter().all(Option::is_some));
    for service in [Service::Git, Service::Api, Service::Registry] {
        if let Some(host) = environment.heroku.host(service) {
            assert!(
                crate::hosts::is_in_herokus_domains(host.name()),
                "{}",
                host.name()
            );
        }
    }
    check_no_secret_is_shown(&environment, bytes, &value);
}

fn check_no_secret_is_shown(
    environment: &Environment,
    bytes: &[u8],
    value: &impl Fn(&str) -> Option<OsString>,
) {
    const SHORTEST: usize = 12;
    let shown = format!("{environment:?}");
    let names = format!("{:?}", Environment::default());
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    for name in proxies.iter().chain(&["HEROKU_API_KEY"]) {
        let secret = value(name).unwrap_or_default();
        let secret = secret.to_str().unwrap_or_default().trim();
        // A text that also occurs elsewhere is not a secret, and neither is the name of a field.
        let count = bytes
            .windows(secret.len().max(1))
            .filter(|run| *run == secret.as_bytes());
        if secret.len() >= SHORTEST && count.count() == 1 && !names.contains(secret) {
            assert!(!shown.contains(secret), "{name} is shown");
        }
    }
}

/// Headers that a user gives: `Name: value`, one per line.
pub(crate) fn check_user_headers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let lines: Vec<&str> = text.split('\n').collect();
    match read_headers(&lines) {
        Ok(headers) => {
            check_harmless(&format!("{headers:?}"));
            let names = lines.iter().filter_map(|line| line.split_once(':'));
            assert_eq!(
                names.count(),
                lines.len(),
                "a line without a colon is not a header"
            );
        }
        Err(why) => {
            let message = why.what();
            assert!(
                !message.chars().any(char::is_control) && !message.contains("HRKU"),
                "{message}"
            );
        }
    }
    let code = second_factor(text);
    assert!(matches!(code, Ok(_) | Err(ApiError::TwoFactor)));
}

/// The debug output of headers shows none of the reserved names and no value.
fn check_harmless(headers: &str) {
    let shown = headers.to_ascii_lowercase();
    for name in [
        "authorization",
        "cookie",
        "host",
        "content-length",
        "transfer-encoding",
    ] {
        assert!(!shown.contains(&format!("\"{name}\":")), "{shown}");
    }
    let mut values = shown.split("\": ").skip(1);
    assert!(
        values.all(|value| value.starts_with("sensitive")),
        "{shown}"
    );
}
