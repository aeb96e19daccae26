//! A netrc file. Other programs use it too, so an edit changes only Heroku's entries.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::files::{self, Access};
use git_credential_heroku_rs::hosts::{HerokuHost, Service};
use git_credential_heroku_rs::netrc::{self, Cause, Doubt, Netrc, Unreadable};
use git_credential_heroku_rs::secret_buf::SecretBuf;

use tempfile::TempDir;

use crate::known_token;

pub(crate) fn check(bytes: &[u8]) {
    let account = Account::parse("ann@example.com").expect("a valid account");
    match parsed(bytes) {
        Ok(read) => check_entries(&read, bytes, &account),
        Err(why) => check_error(&why),
    }
    check_removal(bytes);
    check_insertion(bytes, &account);
}

fn parsed(text: &[u8]) -> Result<Netrc, Unreadable> {
    Netrc::from_text(text, &Environment::default())
}

fn check_error(why: &Unreadable) {
    let notice = why.notice();
    assert!(notice.what().contains(": line "), "{notice}");
}

fn check_entries(read: &Netrc, bytes: &[u8], account: &Account) {
    let lines = read.lines();
    for service in [Service::Git, Service::Api] {
        let host = HerokuHost::production(service);
        for wanted in [None, Some(account)] {
            match read.entry_for(&host, wanted) {
                Ok(Some(entry)) => {
                    assert!(lines.contains(&entry.line));
                    assert!(contains_unescaped(bytes, entry.token.expose().as_bytes()));
                    let is_wanted = |wanted: &Account| {
                        let named = entry.account.as_ref();
                        named.is_some_and(|one| one == wanted || one.differs_only_in_case(wanted))
                    };
                    assert!(wanted.is_none_or(is_wanted));
                }
                Ok(None) => {}
                Err(why) => check_error(&why),
            }
        }
    }
}

/// The output of gpg is read like any netrc file. The gpg of this test prints the file unchanged.
pub(crate) fn check_encrypted(bytes: &[u8]) {
    static HOME: LazyLock<Mutex<TempDir>> = LazyLock::new(|| {
        let home = tempfile::tempdir().expect("a temporary directory");
        let gpg = home.path().join("gpg");
        let script = "#!/bin/sh\nfor file; do :; done\nexec cat \"$file\"\n";
        write_private(&gpg, script.as_bytes());
        fs::set_permissions(&gpg, fs::Permissions::from_mode(0o700)).expect("its mode");
        Mutex::new(home)
    });
    let home = HOME.lock().expect("no promise was broken before");
    let file = home.path().join(".netrc.gpg");
    write_private(&file, bytes);
    let environment = Environment {
        home: Some(home.path().to_owned()),
        path: Some(
            std::env::join_paths([home.path(), "/usr/bin".as_ref(), "/bin".as_ref()])
                .expect("a path"),
        ),
        keyring_limit: Duration::from_secs(60),
        ..Environment::default()
    };
    match (Netrc::read(&environment), parsed(bytes)) {
        (Ok(read), Ok(same)) => check_equal(&read.expect("there is a file"), &same),
        (Err(why), Err(same)) => assert_eq!(why.cause, same.cause),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => {
            panic!("the result differs from that of the unencrypted file")
        }
    }
    let account = Account::unnamed();
    let kept = netrc::save(&environment, &account, &known_token());
    assert!(
        kept.is_err() && !home.path().join(".netrc").exists(),
        "no unencrypted file is written"
    );
    assert!(fs::read(&file).expect("it is still there") == bytes);
}

fn write_private(path: &Path, bytes: &[u8]) {
    let written = files::edit(path, Access::OwnerOnly, |_| Ok::<_, io::Error>(Some(bytes)));
    assert!(written.expect("a file"));
}

fn check_equal(read: &Netrc, same: &Netrc) {
    assert_eq!(read.lines(), same.lines());
    for service in [Service::Git, Service::Api] {
        let host = HerokuHost::production(service);
        let entries = |netrc: &Netrc| {
            let entry = netrc.entry_for(&host, None).map_err(|why| why.cause)?;
            Ok::<_, Cause>(entry.map(|entry| (entry.account, entry.token, entry.line)))
        };
        assert!(
            entries(read) == entries(same),
            "the result differs from that of the unencrypted file"
        );
    }
}

fn without_logins(text: &[u8]) -> Result<SecretBuf, Doubt> {
    netrc::without_logins(text, &Environment::default())
}

fn check_removal(bytes: &[u8]) {
    let Ok(rest) = without_logins(bytes) else {
        return;
    };
    assert!(is_subsequence(&rest, bytes), "a removal adds nothing");
    let again = without_logins(&rest).expect("the result can be parsed again");
    assert_eq!(*again, *rest, "a second removal changes nothing");
    let left = parsed(&rest).expect("the rest can be parsed");
    assert_eq!(left.lines(), [0_usize; 0]);
    for service in [Service::Git, Service::Api] {
        let entry = left.entry_for(&HerokuHost::production(service), None);
        assert!(entry.expect("the rest can be parsed").is_none());
    }
    if parsed(bytes).is_ok_and(|netrc| netrc.lines().is_empty()) {
        assert_eq!(*rest, *bytes, "a file without our entries is left as it is");
    }
}

fn check_insertion(bytes: &[u8], account: &Account) {
    let token = known_token();
    let Ok(whole) = netrc::with_login(bytes, &Environment::default(), account, &token) else {
        return;
    };
    let read = parsed(&whole).expect("an inserted entry can be parsed");
    for service in [Service::Git, Service::Api] {
        let entry = read.entry_for(&HerokuHost::production(service), Some(account));
        let entry = entry
            .expect("an inserted entry can be parsed")
            .expect("an inserted entry is found");
        assert!(entry.token == token);
    }
    let rest = without_logins(bytes).expect("old entries can be removed");
    let again = without_logins(&whole).expect("an inserted entry can be removed");
    assert_eq!(*again, *rest, "no other byte has changed");
}

fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut all = whole.iter();
    part.iter().all(|byte| all.any(|other| other == byte))
}

/// Whether the text contains the word, if the backslashes of quoted text are ignored.
fn contains_unescaped(text: &[u8], word: &[u8]) -> bool {
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
