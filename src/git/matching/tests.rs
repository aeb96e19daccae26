//! Compares every rule with the installed git. Each pattern has a helper that records that git asked it.
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::git::SettingScope;

/// URLs of remotes, and what a user may type.
const URLS: [&str; 13] = [
    "https://git.heroku.com/app.git",
    "https://git.heroku.com",
    "https://git.heroku.com/",
    "https://git.heroku.com/app.git/",
    "https://GIT.Heroku.com:443/app.git",
    "https://git.heroku.com./app.git",
    "https://git.heroku.com:8443/app.git",
    "https://heroku@git.heroku.com/app.git",
    "https://@git.heroku.com/app.git",
    "https://bob%40example.com@git.heroku.com/app.git",
    "https://git.heroku.com/a%20b/c.git",
    "http://git.heroku.com/app.git",
    "https://github.com/o/r.git",
];

/// Texts between `credential.` and `.helper`.
const PATTERNS: [&str; 72] = [
    "https://git.heroku.com",
    "https://git.heroku.com/",
    "https://git.heroku.com//",
    "https://git.heroku.com:443",
    "https://git.heroku.com:443/",
    "https://git.heroku.com:0443",
    "https://git.heroku.com:",
    "https://git.heroku.com:00",
    "https://git.heroku.com:80",
    "https://git.heroku.com:8443",
    "https://git.heroku.com:65536",
    "https://git.heroku.com:x",
    "https://git.heroku.com.",
    "https://GIT.HEROKU.COM",
    "HTTPS://git.heroku.com",
    "http://git.heroku.com",
    "http://git.heroku.com:80",
    "ssh://git.heroku.com",
    "https://*.heroku.com",
    "https://*.*.com",
    "https://*.*.*",
    "https://git.*.com",
    "https://g*.heroku.com",
    "https://*.com",
    "https://*",
    "https://*.*.*.*",
    "https://*/app.git",
    "https://*.heroku.com:443",
    "https://heroku.com",
    "https://x.git.heroku.com",
    "https://git.heroku.com/app.git",
    "https://git.heroku.com/app.git/",
    "https://git.heroku.com/app",
    "https://git.heroku.com/APP.git",
    "https://git.heroku.com/%61pp.git",
    "https://git.heroku.com/./app.git",
    "https://git.heroku.com/x/../app.git",
    "https://git.heroku.com/..",
    "https://git.heroku.com/app.git?x",
    "https://git.heroku.com?x",
    "https://git.heroku.com#x",
    "https://git.heroku.com/a b",
    "https://git.heroku.com/a%20b",
    "https://git.heroku.com/a%2",
    "https://git.heroku.com/*",
    "https://heroku@git.heroku.com",
    "https://heroku:secret@git.heroku.com",
    "https://@git.heroku.com",
    "https://bob%40example.com@git.heroku.com",
    "https://bob@example.com@git.heroku.com",
    "https://*@git.heroku.com",
    "https://",
    "http://",
    "https:///",
    "https:///app.git",
    "https:",
    "https",
    "",
    "://",
    "://git.heroku.com",
    "git.heroku.com",
    "GIT.heroku.com",
    "git.heroku.com/",
    "git.heroku.com/app.git",
    "git.heroku.com:443",
    "*.heroku.com",
    "heroku@git.heroku.com",
    "@git.heroku.com",
    "/app.git",
    "heroku@",
    "file:///app.git",
    "https://git.heroku.com%2f",
];

fn setting(pattern: &str) -> Setting {
    Setting {
        scope: SettingScope::Global,
        origin: "a file".to_owned(),
        key: format!("credential.{pattern}.helper"),
        value: "x".to_owned(),
        has_value: true,
    }
}

/// The positions of the patterns of which git itself asks the helper, for a URL.
#[expect(clippy::disallowed_methods, reason = "a test asks the installed git")]
fn asked_by_git(home: &Path, url: &str) -> Vec<usize> {
    let heard = home.join("heard");
    fs::File::create_new(&heard).unwrap();
    let mut git = Command::new("git")
        .args(["credential", "fill"])
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("GIT_CONFIG_GLOBAL")
        .env_remove("GIT_CONFIG_COUNT")
        .env_remove("GIT_CONFIG_PARAMETERS")
        .env_remove("GIT_DIR")
        .current_dir(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = git.stdin.take().unwrap();
    writeln!(input, "url={url}\n").unwrap();
    drop(input);
    git.wait().unwrap();
    let lines = fs::read_to_string(&heard).unwrap();
    fs::remove_file(&heard).unwrap();
    lines.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn url_matching_agrees_with_git() {
    let home = tempfile::tempdir().unwrap();
    let mut config = fs::File::create_new(home.path().join(".gitconfig")).unwrap();
    for (number, pattern) in PATTERNS.iter().enumerate() {
        writeln!(config, "[credential \"{pattern}\"]").unwrap();
        writeln!(config, "\thelper = \"!echo {number} >>~/heard; :\"").unwrap();
    }
    drop(config);
    let settings = PATTERNS.map(setting);
    let mut asked = 0;
    for url in URLS {
        let ours = UrlParts::parse(url).helpers_in(&settings);
        let gits = asked_by_git(home.path(), url);
        let named = |numbers: &[usize]| numbers.iter().map(|n| PATTERNS[*n]).collect::<Vec<_>>();
        assert_eq!(named(&ours), named(&gits), "{url}");
        asked += gits.len();
    }
    assert!(asked > 150, "git asked {asked} helpers");
}

#[test]
fn an_empty_value_resets_the_list() {
    let mut settings = ["https://", "https://git.heroku.com", "http://", ""].map(setting);
    settings[1].value.clear();
    let request = UrlParts::parse("https://git.heroku.com/app.git");
    assert_eq!(request.helpers_in(&settings), [3]);
    settings[2].value.clear();
    assert_eq!(
        request.helpers_in(&settings),
        [3],
        "a reset for others is none"
    );
}

/// The value of the `http.*` setting that decides for a URL, in git's own words.
#[expect(clippy::disallowed_methods, reason = "a test asks the installed git")]
fn decided_by_git(config: &Path, url: &str) -> String {
    let output = Command::new("git")
        .args(["config", "--file"])
        .arg(config)
        .args(["--get-urlmatch", "http.proxy", url])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_deciding_http_setting_is_that_of_git() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    let mut decided = 0;
    // `http` treats an empty user name in another way than `credential`.
    for url in URLS.iter().filter(|url| !url.contains("//@")) {
        let mut left: Vec<Setting> = PATTERNS
            .iter()
            .map(|pattern| Setting {
                key: format!("http.{pattern}.proxy"),
                value: (*pattern).to_owned(),
                ..setting("")
            })
            .collect();
        loop {
            let mut config = fs::File::create_new(&path).unwrap();
            for pattern in left.iter().map(|setting| &setting.value) {
                writeln!(config, "[http \"{pattern}\"]\n\tproxy = \"{pattern}\"").unwrap();
            }
            drop(config);
            let ours = UrlParts::parse(url).applied(left.iter()).pop();
            let ours = ours.map_or("", |setting| &setting.value).to_owned();
            assert_eq!(ours, decided_by_git(&path, url), "{url}");
            fs::remove_file(&path).unwrap();
            if ours.is_empty() {
                break;
            }
            // The next one decides without it.
            left.retain(|setting| setting.value != ours);
            decided += 1;
        }
    }
    assert!(decided > 150, "{decided} settings decided");
}

#[test]
fn a_less_specific_http_setting_counts_only_before_a_more_specific_one() {
    let applied = |keys: &[&str]| {
        let settings = keys.iter().map(|key| Setting::helper_at(key, ""));
        let settings: Vec<Setting> = settings.collect();
        let url = UrlParts::parse("https://git.heroku.com/app.git");
        let applied = url.applied(settings.iter()).into_iter();
        applied.map(|one| one.key.clone()).collect::<Vec<_>>()
    };
    let general = "http.extraheader";
    let host = "http.https://git.heroku.com.extraheader";
    let app = "http.https://git.heroku.com/app.git.extraheader";
    let other = "http.https://git.heroku.com/other.git.extraheader";
    assert_eq!(applied(&[general, host, other, app]), [general, host, app]);
    assert_eq!(applied(&[app, host, general]), [app]);
    assert_eq!(applied(&[host, general, host]), [host, host]);
}

#[test]
fn a_setting_for_one_app_or_user_concerns_heroku_but_applies_only_there() {
    let judged = |key: &str| {
        let setting = Setting::helper_at(key, "");
        let app = UrlParts::parse("https://git.heroku.com/app.git");
        (setting.concerns_heroku(), setting.applies_to(&app))
    };
    for key in [
        "credential.username",
        "http.sslverify",
        "http.https://git.heroku.com.sslverify",
        "http.https://*.heroku.com:0443/app.git.extraheader",
        "credential.git.heroku.com.username",
    ] {
        assert_eq!(judged(key), (true, true), "{key}");
    }
    for key in [
        "http.https://git.heroku.com/other.git.sslverify",
        "http.https://bob@git.heroku.com.sslverify",
        "credential.heroku@git.heroku.com/app.git.username",
        "credential.https://bob@git.heroku.com.username",
        "credential.https://git.heroku.com/other.git.username",
    ] {
        assert_eq!(judged(key), (true, false), "{key}");
    }
    for key in [
        "http.git.heroku.com.sslverify",
        "http.http://git.heroku.com.sslverify",
        "http.https://github.com.sslverify",
        "credential.https://git.heroku.com.evil.example.username",
    ] {
        assert_eq!(judged(key), (false, false), "{key}");
    }
}
