//! Reads an entry of a trusted netrc file, if two readers agree on it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::str::Utf8Error;

use zeroize::Zeroizing;

use super::machines::Machines;
use super::trusted::{open, trusted};
use super::{Unreadable, encrypted_path, entries, gpg, path, scanner};
use crate::account::Account;
use crate::environment::Environment;
use crate::hardening;
use crate::hosts::HerokuHost;
use crate::secret_buf::SecretBuf;
use crate::token::Token;

/// The largest netrc that is read, in bytes: 16 MiB, a hundred times as much as curl reads.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;

/// The reason for which a larger one is not read.
pub(super) const TOO_LARGE: &str = "it is larger than 16 MiB";

/// An entry for a host of Heroku's.
#[derive(Debug)]
pub struct Entry {
    /// Its login, if that is a plain name.
    pub account: Option<Account>,
    /// Its password.
    pub token: Token,
    /// The line on which it begins.
    pub line: usize,
}

/// A netrc file, as it was when it was read.
pub struct Netrc {
    pub(super) bytes: SecretBuf,
    pub(super) machines: Machines,
    readable_by_others: bool,
}

impl Netrc {
    /// Reads the user's netrc file as the Heroku CLI would; none if there is none.
    ///
    /// If `.netrc.gpg` exists it reads that, through gpg; else the file of [`Netrc::in_plain_text`].
    ///
    /// # Errors
    /// [`Unreadable`], if it exists and cannot be trusted or read.
    pub fn read(environment: &Environment) -> Result<Option<Netrc>, Unreadable> {
        hardening::close_to_others();
        let Some(path) = encrypted_path(environment) else {
            return Netrc::in_plain_text(environment);
        };
        let failed = |error: io::Error| Unreadable::Failed(error.kind());
        trusted(&fs::metadata(&path).map_err(failed)?)?;
        let since = environment.trace.clock();
        let bytes = gpg::decrypted(&path, environment);
        environment.trace.log_since(since, || match &bytes {
            Ok(bytes) => format!("{}: {} bytes", path.display(), bytes.len()),
            Err(why) => why.notice(environment).what().to_owned(),
        });
        Ok(Some(Netrc {
            bytes: bytes?,
            machines: Machines::in_use(environment),
            readable_by_others: false,
        }))
    }

    /// Reads the file that git and curl read; none if there is none.
    ///
    /// `NETRC` names it if it is set, as for curl 8.16 and later; else it is `.netrc` in the home, on
    /// Windows `_netrc` first.
    ///
    /// # Errors
    /// [`Unreadable`], if it exists and cannot be trusted or read.
    pub fn in_plain_text(environment: &Environment) -> Result<Option<Netrc>, Unreadable> {
        let Some(path) = path(environment) else {
            return Ok(None);
        };
        match open(&path) {
            Ok(Some(file)) => {
                let netrc = Netrc::from_file(file, Machines::in_use(environment));
                environment.trace.log(|| match &netrc {
                    Ok(netrc) => format!("{}: {} bytes", path.display(), netrc.bytes.len()),
                    Err(why) => why.notice(environment).what().to_owned(),
                });
                netrc.map(Some)
            }
            Ok(None) => {
                let trace = &environment.trace;
                trace.log(|| format!("{}: no such file", path.display()));
                Ok(None)
            }
            Err(error) => Err(Unreadable::Failed(error.kind())),
        }
    }

    /// A file with this text that no other user can read, for Heroku's production hosts.
    pub fn from_text(text: Vec<u8>) -> Netrc {
        Netrc {
            bytes: SecretBuf::from(text),
            machines: Machines::production(),
            readable_by_others: false,
        }
    }

    fn from_file(file: File, machines: Machines) -> Result<Netrc, Unreadable> {
        let failed = |error: io::Error| Unreadable::Failed(error.kind());
        let metadata = file.metadata().map_err(failed)?;
        let readable_by_others = trusted(&metadata)?;
        Ok(Netrc {
            bytes: read_all(file)?,
            machines,
            readable_by_others,
        })
    }

    /// Whether other users of this machine can read the file.
    pub fn is_readable_by_others(&self) -> bool {
        self.readable_by_others
    }

    /// The lines on which Heroku's entries begin.
    ///
    /// # Errors
    /// A doubt about the whole file.
    pub fn lines(&self) -> Result<Vec<usize>, Unreadable> {
        let entries = entries::layout(&self.bytes, &self.machines)?.entries;
        Ok(entries.iter().map(|entry| entry.line).collect())
    }

    /// Whether there are entries of Heroku's, and all have this token.
    ///
    /// # Errors
    /// A doubt about the whole file.
    pub(super) fn all_hold(&self, token: &Token) -> Result<bool, Unreadable> {
        Ok(super::all_hold(&self.bytes, token, &self.machines)?)
    }

    /// The entry that git would get for this host: of this account, if one is given.
    ///
    /// If the git host has none, the entry of the same Heroku's API host counts.
    ///
    /// # Errors
    /// A doubt in an entry for the host, or about the whole file.
    pub fn entry_for(
        &self,
        host: &HerokuHost,
        account: Option<&Account>,
    ) -> Result<Option<Entry>, Unreadable> {
        let machines = Machines::of_same_heroku(host);
        let entries = entries::layout(&self.bytes, &machines)?.entries;
        for service in machines.serving(host.service()) {
            for entry in entries.iter().filter(|entry| entry.service == *service) {
                let entry = checked(entry)?;
                let entry =
                    entry.filter(|entry| account.is_none() || entry.account.as_ref() == account);
                if entry.is_some() {
                    return Ok(entry);
                }
            }
        }
        Ok(None)
    }

    /// The tokens of every entry for this host, or for the API host of the same Heroku, whatever
    /// their logins are.
    ///
    /// # Errors
    /// As [`Netrc::entry_for`].
    pub fn tokens_for(&self, host: &HerokuHost) -> Result<Vec<Token>, Unreadable> {
        let machines = Machines::of_same_heroku(host);
        let serving = machines.serving(host.service());
        let entries = entries::layout(&self.bytes, &machines)?.entries;
        let mut tokens = Vec::new();
        for entry in entries.iter().filter(|e| serving.contains(&e.service)) {
            tokens.extend(checked(entry)?.map(|entry| entry.token));
        }
        Ok(tokens)
    }
}

/// Reads a netrc, up to [`LARGEST`].
pub(super) fn read_all(from: impl Read) -> Result<SecretBuf, Unreadable> {
    SecretBuf::read_all(from, LARGEST).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => Unreadable::Unfit(TOO_LARGE),
        kind => Unreadable::Failed(kind),
    })
}

/// An entry with a password, if `netrc-rs` reads the same from its words alone.
pub(super) fn checked(entry: &entries::Entry) -> Result<Option<Entry>, Unreadable> {
    if let Some(doubt) = entry.doubt {
        return Err(doubt.into());
    }
    let doubt = |phrase| Unreadable::Doubt {
        line: entry.line,
        phrase,
    };
    let Some(password) = &entry.password else {
        return Ok(None);
    };
    if !is_read_alike(entry) {
        return Err(doubt("programs read this entry differently"));
    }
    let text = |value: &scanner::Value| Zeroizing::new(String::from_utf8_lossy(value).into_owned());
    let token = Token::parse(&text(password));
    let token = token.map_err(|_| doubt("the password is not a Heroku token"))?;
    let login = entry.login.as_ref().map(text);
    Ok(Some(Entry {
        account: login.and_then(|login| Account::parse(&login)),
        token,
        line: entry.line,
    }))
}

/// Whether `netrc-rs` finds the same values in an entry's words as we do. Its error is dropped unread: it quotes them.
///
/// `netrc-rs` leaves copies of what it reads in memory, so it gets the values masked.
fn is_read_alike(entry: &entries::Entry) -> bool {
    let mask =
        |value: &Option<scanner::Value>| value.as_ref().map(|value| masked(value)).transpose();
    let (Ok(login), Ok(password), Ok(account)) = (
        mask(&entry.login),
        mask(&entry.password),
        mask(&entry.account),
    ) else {
        return false;
    };
    let ours = netrc_rs::Machine {
        name: Some(HerokuHost::production(entry.service).name().to_owned()),
        login,
        password,
        account,
    };
    netrc_rs::Netrc::parse(ours.to_string(), false).is_ok_and(|read| {
        read.machines == [ours] && read.macdefs.is_empty() && read.unknown_entries.is_empty()
    })
}

/// A value with an `x` for each letter and digit, which mean the same to every reader; an error if it is not UTF-8.
fn masked(value: &[u8]) -> Result<String, Utf8Error> {
    let mask = |c: char| if c.is_ascii_alphanumeric() { 'x' } else { c };
    Ok(std::str::from_utf8(value)?.chars().map(mask).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Service;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn netrc(text: &str) -> Netrc {
        Netrc::from_text(text.replace("TOKEN", TOKEN).into_bytes())
    }

    fn git() -> HerokuHost {
        HerokuHost::production(Service::Git)
    }

    #[test]
    fn what_the_heroku_cli_writes_is_read() {
        let netrc = netrc(
            "machine api.heroku.com\n  login ann@example.com\n  password TOKEN\n\
             machine git.heroku.com\n  login ann@example.com\n  password TOKEN\n",
        );
        let entry = netrc.entry_for(&git(), None).unwrap().unwrap();
        assert_eq!(entry.token.expose(), TOKEN);
        assert_eq!(entry.account.unwrap().as_str(), "ann@example.com");
        assert_eq!(entry.line, 4);
    }

    #[test]
    fn an_entry_counts_only_for_its_own_account() {
        let netrc = netrc("machine git.heroku.com login ann@example.com password TOKEN");
        let (ann, bob) = (
            Account::parse("ann@example.com"),
            Account::parse("bob@example.com"),
        );
        assert!(netrc.entry_for(&git(), ann.as_ref()).unwrap().is_some());
        assert!(netrc.entry_for(&git(), bob.as_ref()).unwrap().is_none());
    }

    #[test]
    fn an_entry_for_either_host_serves_both() {
        let api = HerokuHost::production(Service::Api);
        let only_api = netrc("machine api.heroku.com login a password TOKEN");
        assert!(only_api.entry_for(&git(), None).unwrap().is_some());
        let only_git = netrc("machine git.heroku.com login a password TOKEN");
        assert!(only_git.entry_for(&api, None).unwrap().is_some());
    }

    #[test]
    fn one_herokus_token_goes_to_no_other_heroku() {
        let other = HerokuHost::configured(Service::Git, "herokudev.com").unwrap();
        let both = netrc(
            "machine api.heroku.com login a password TOKEN\n\
             machine api.herokudev.com login b password TOKEN",
        );
        let login = |host| {
            both.entry_for(host, None)
                .unwrap()
                .unwrap()
                .account
                .unwrap()
        };
        assert_eq!((login(&git()).as_str(), login(&other).as_str()), ("a", "b"));
        let production = netrc("machine git.heroku.com login a password TOKEN");
        assert!(production.entry_for(&other, None).unwrap().is_none());
    }

    #[test]
    fn a_doubt_names_the_line_and_never_the_text() {
        let netrc = netrc("\nmachine git.heroku.com login password TOKEN");
        let why = netrc.entry_for(&git(), None).unwrap_err();
        let shown = format!("{why} {why:?} {}", why.notice(&Environment::default()));
        assert!(
            shown.contains("line 2") && !shown.contains("89ab"),
            "{shown}"
        );
    }

    #[test]
    fn what_is_no_plain_file_is_no_netrc() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            home: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        assert!(Netrc::read(&environment).unwrap().is_none());
        fs::create_dir(dir.path().join(".netrc")).unwrap();
        assert!(Netrc::read(&environment).unwrap().is_none());
    }

    #[test]
    #[cfg(unix)]
    fn a_huge_file_is_left_unread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("netrc");
        crate::files::replace(&path, b"x").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(LARGEST as u64 + 1).unwrap();
        let environment = Environment {
            netrc: Some(path),
            ..Environment::default()
        };
        let read = Netrc::read(&environment).map(drop);
        assert!(matches!(read, Err(Unreadable::Unfit(_))));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_write_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".netrc");
        let environment = Environment {
            home: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        crate::files::replace(&path, b"").unwrap();
        let with_mode = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Netrc::read(&environment)
        };
        assert!(!with_mode(0o600).unwrap().unwrap().is_readable_by_others());
        assert!(with_mode(0o644).unwrap().unwrap().is_readable_by_others());
        assert!(matches!(with_mode(0o620), Err(Unreadable::NotTrusted(_))));
    }
}
