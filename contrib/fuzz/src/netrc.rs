//! A netrc file: other programs live off it, so an edit changes Heroku's entries and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::files;
use git_credential_heroku_rs::hosts::{HerokuHost, Service};
use git_credential_heroku_rs::netrc::{self, Netrc};

use tempfile::TempDir;

use crate::known_token;

pub(crate) fn holds(bytes: &[u8]) {
    let read = Netrc::from_text(bytes.to_vec());
    let lines = read.lines();
    let account = Account::parse("ann@example.com").expect("it is one");
    for service in [Service::Git, Service::Api] {
        let host = HerokuHost::production(service);
        for wanted in [None, Some(&account)] {
            match read.entry_for(&host, wanted) {
                Ok(Some(entry)) => {
                    let lines = lines
                        .as_ref()
                        .expect("an entry is in a file that can be read");
                    assert!(lines.contains(&entry.line));
                    assert!(contains_letters(bytes, entry.token.expose().as_bytes()));
                    assert!(wanted.is_none() || entry.account.as_ref() == wanted);
                }
                Ok(None) => {}
                Err(why) => {
                    let notice = why.notice(&Environment::default());
                    assert!(notice.what().contains(": line "), "{notice}");
                }
            }
        }
    }
    cutting_holds(bytes);
    putting_holds(bytes, &account);
}

/// What gpg gives out is read as any netrc is, to the byte, by a gpg that prints the file itself.
pub(crate) fn encrypted_holds(bytes: &[u8]) {
    static HOME: LazyLock<Mutex<TempDir>> = LazyLock::new(|| {
        let home = tempfile::tempdir().expect("a temporary directory");
        let gpg = home.path().join("gpg");
        let script = "#!/bin/sh\nfor file; do :; done\nexec cat \"$file\"\n";
        files::replace(&gpg, script.as_bytes()).expect("a script");
        fs::set_permissions(&gpg, fs::Permissions::from_mode(0o700)).expect("its mode");
        Mutex::new(home)
    });
    let home = HOME.lock().expect("no promise was broken before");
    let file = home.path().join(".netrc.gpg");
    files::replace(&file, bytes).expect("a file");
    let environment = Environment {
        home: Some(home.path().to_owned()),
        path: Some(
            std::env::join_paths([home.path(), "/usr/bin".as_ref(), "/bin".as_ref()])
                .expect("a path"),
        ),
        keyring_limit: Duration::from_secs(60),
        ..Environment::default()
    };
    let read = Netrc::read(&environment)
        .expect("gpg answers")
        .expect("there is a file");
    let same = Netrc::from_text(bytes.to_vec());
    assert_eq!(read.lines(), same.lines());
    for service in [Service::Git, Service::Api] {
        let host = HerokuHost::production(service);
        let entries = |netrc: &Netrc| {
            let entry = netrc.entry_for(&host, None)?;
            Ok::<_, netrc::Unreadable>(entry.map(|entry| (entry.account, entry.token, entry.line)))
        };
        assert!(
            entries(&read) == entries(&same),
            "it reads otherwise than in plain text"
        );
    }
    let account = Account::unnamed();
    let kept = netrc::save(&environment, &account, &known_token());
    assert!(
        kept.is_err() && !home.path().join(".netrc").exists(),
        "nothing is written beside it"
    );
    assert!(fs::read(&file).expect("it is still there") == bytes);
}

fn cutting_holds(bytes: &[u8]) {
    let Ok(rest) = netrc::without_logins(bytes) else {
        return;
    };
    assert!(is_subsequence(&rest, bytes), "a cut adds nothing");
    let again = netrc::without_logins(&rest).expect("what was cut can be cut again");
    assert_eq!(*again, *rest, "twice is the same as once");
    let left = Netrc::from_text(rest.to_vec());
    assert_eq!(left.lines().expect("the rest reads"), [0_usize; 0]);
    for service in [Service::Git, Service::Api] {
        let entry = left.entry_for(&HerokuHost::production(service), None);
        assert!(entry.expect("the rest reads").is_none());
    }
    if Netrc::from_text(bytes.to_vec())
        .lines()
        .is_ok_and(|lines| lines.is_empty())
    {
        assert_eq!(*rest, bytes, "a file without our entries is left as it is");
    }
}

fn putting_holds(bytes: &[u8], account: &Account) {
    let token = known_token();
    let Ok(whole) = netrc::with_login(bytes, account, &token) else {
        return;
    };
    let read = Netrc::from_text(whole.to_vec());
    for service in [Service::Git, Service::Api] {
        let entry = read.entry_for(&HerokuHost::production(service), Some(account));
        let entry = entry.expect("what was put in reads").expect("and is found");
        assert!(entry.token == token);
    }
    let rest = netrc::without_logins(bytes).expect("what takes an entry gives up the old ones");
    let again = netrc::without_logins(&whole).expect("what was put in can be cut out");
    assert_eq!(*again, *rest, "no other byte has changed");
}

fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut all = whole.iter();
    part.iter().all(|byte| all.any(|other| other == byte))
}

/// The bytes in their order, with nothing but the backslashes of quoted text in between.
fn contains_letters(text: &[u8], word: &[u8]) -> bool {
    let plain = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .filter(|byte| *byte != b'\\')
            .collect()
    };
    let (text, word) = (plain(text), plain(word));
    text.windows(word.len()).any(|run| run == word)
}
