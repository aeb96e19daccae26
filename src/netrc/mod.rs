//! The netrc file, where the Heroku CLI keeps its token when there is no keyring.
//!
//! `syntax` finds the entries outside of comments and macros, `netrc-rs` reads the clean text of one entry, and if
//! the two disagree nothing is used. `netrc-rs` alone cannot read the files that other programs write: its strict
//! mode fails on a comment, its lenient mode takes a comment for data, and its errors quote the file.

mod edit;
mod gpg;
mod syntax;
mod unreadable;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::environment::Environment;
use crate::files::{self, Access};
use crate::hardening;
use crate::hosts::{HerokuHost, Service};
use crate::secret_buf::SecretBuf;
use crate::token::Token;
pub use edit::{line, with_login, without_logins};
pub use syntax::Doubt;
use syntax::{RawEntry, Syntax};
pub use unreadable::{Cause, Unreadable, argument, location};

/// The largest netrc that is read, in bytes: 16 MiB, a hundred times as much as curl reads.
const LARGEST: usize = 16 * 1024 * 1024;

/// The doubt about a password that cannot be a token, in an entry that all programs read alike.
pub const NOT_A_TOKEN: &str = "the password is not a Heroku token";

/// The reason for which a larger one is not read.
const TOO_LARGE: &str = "it is larger than 16 MiB";

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

/// Heroku's entries in a file, in its order.
#[derive(Debug, Default)]
pub struct Overview {
    /// Those for the git server. git sends the first before it asks any helper.
    pub git: Vec<Entry>,
    /// Those for the API.
    pub api: Vec<Entry>,
    /// The line of the `default` entry, which git sends to every host that has none of its own.
    pub default: Option<usize>,
}

/// A netrc file, as it was when it was read.
pub struct Netrc {
    syntax: Syntax,
    machines: [HerokuHost; 2],
    /// Whether other users of this machine can read the file.
    pub is_readable_by_others: bool,
    /// The file's name in messages.
    name: &'static str,
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
        match decrypted(environment)? {
            Some(text) => {
                let name = unreadable::encrypted_name(environment);
                Netrc::parse(&text, name, environment).map(Some)
            }
            None => Netrc::in_plain_text(environment),
        }
    }

    /// Reads the user's plain file; none if there is none.
    ///
    /// `NETRC` names it if it is set, as for curl 8.16 and later; else it is `.netrc` in the home, on
    /// Windows `_netrc` first.
    ///
    /// # Errors
    /// [`Unreadable`], if it exists and cannot be trusted or read.
    pub fn in_plain_text(environment: &Environment) -> Result<Option<Netrc>, Unreadable> {
        Netrc::at(path(environment), environment)
    }

    /// Reads the file that git reads, through curl. It is the same one, except on Windows if there are two.
    ///
    /// # Errors
    /// As [`Netrc::in_plain_text`].
    pub fn of_git(environment: &Environment) -> Result<Option<Netrc>, Unreadable> {
        Netrc::at(path_of_git(environment), environment)
    }

    fn at(path: Option<PathBuf>, environment: &Environment) -> Result<Option<Netrc>, Unreadable> {
        let Some(path) = path else {
            return Ok(None);
        };
        let read = match files::read_trusted(&path, LARGEST) {
            // Windows opens no directory.
            Err(error) if files::is_absent(&error) || path.is_dir() => Ok(None),
            read => read.map(Some),
        };
        environment.trace.log(|| match &read {
            Ok(Some(file)) => format!("{}: {} bytes", path.display(), file.bytes.len()),
            Ok(None) => format!("{}: no such file", path.display()),
            Err(error) => format!("{}: {error}", path.display()),
        });
        let read = read.map_err(|error| Unreadable::new(Cause::unread(&error), environment))?;
        let Some(file) = read else {
            return Ok(None);
        };
        Ok(Some(Netrc {
            is_readable_by_others: file.is_readable_by_others,
            ..Netrc::from_text(&file.bytes, environment)?
        }))
    }

    /// A file with this text, which no other user can read.
    ///
    /// # Errors
    /// A doubt about the whole file. git may stop at it too.
    pub fn from_text(text: &[u8], environment: &Environment) -> Result<Netrc, Unreadable> {
        Netrc::parse(text, unreadable::name(environment), environment)
    }

    fn parse(
        text: &[u8],
        name: &'static str,
        environment: &Environment,
    ) -> Result<Netrc, Unreadable> {
        let syntax = syntax::parse(text).map_err(|doubt| Unreadable::of_file(name, doubt))?;
        Ok(Netrc {
            syntax,
            machines: machines_in_use(environment),
            is_readable_by_others: false,
            name,
        })
    }

    /// The lines on which Heroku's entries begin.
    pub fn lines(&self) -> Vec<usize> {
        let ours = self.syntax.entries_for(&self.machines);
        ours.map(|entry| entry.line).collect()
    }

    /// The entry that git would get for this host: of this account, if one is given.
    ///
    /// If the git host has none, the entry of the same Heroku's API host counts. If no entry has exactly the account's
    /// name, one in another letter case counts.
    ///
    /// # Errors
    /// A doubt in an entry for the host.
    pub fn entry_for(
        &self,
        host: &HerokuHost,
        account: Option<&Account>,
    ) -> Result<Option<Entry>, Unreadable> {
        let find = |is_meant: fn(&Account, &Account) -> bool| {
            let is_meant = |entry: &Entry| match account {
                Some(account) => entry
                    .account
                    .as_ref()
                    .is_some_and(|one| is_meant(one, account)),
                None => true,
            };
            let mut entries = self.entries_serving(host);
            let found = entries.find(|entry| entry.as_ref().map_or(true, is_meant));
            found.transpose()
        };
        let exact = find(Account::eq)?;
        exact.map_or_else(
            || find(Account::differs_only_in_case),
            |found| Ok(Some(found)),
        )
    }

    /// All entries of Heroku's, and what else git would send there.
    ///
    /// # Errors
    /// A doubt in one of them.
    pub fn overview(&self) -> Result<Overview, Unreadable> {
        let [api, git] = self.machines.clone();
        Ok(Overview {
            git: self.entries_of(git).collect::<Result<_, _>>()?,
            api: self.entries_of(api).collect::<Result<_, _>>()?,
            default: self.syntax.default,
        })
    }

    /// The entries in which a host's login is looked for, in this order. The Heroku CLI writes the same login for
    /// both hosts, and gives git that of the API; a netrc written by hand may have only git's, or different ones.
    ///
    /// # Errors
    /// A doubt in that entry.
    pub fn entries_serving(
        &self,
        host: &HerokuHost,
    ) -> impl Iterator<Item = Result<Entry, Unreadable>> {
        let mut machines = machines_of(host);
        if host.service() != Service::Api {
            machines.reverse();
        }
        machines
            .into_iter()
            .flat_map(|machine| self.entries_of(machine))
    }

    /// The entries of exactly this name that have a password.
    fn entries_of(&self, machine: HerokuHost) -> impl Iterator<Item = Result<Entry, Unreadable>> {
        let entries = self.syntax.entries.iter();
        entries
            .filter(move |entry| entry.is_for(&machine))
            .filter_map(|entry| Entry::from_raw(entry).transpose())
            .map(|entry| entry.map_err(|doubt| Unreadable::of_file(self.name, doubt)))
    }
}

impl Entry {
    /// An entry with a password, if `netrc-rs` reads the same from its words alone.
    fn from_raw(raw: &RawEntry) -> Result<Option<Entry>, Doubt> {
        if let Some(doubt) = raw.doubt {
            return Err(doubt);
        }
        let doubt = |phrase| Doubt::new(raw.line, phrase);
        let Some(password) = as_text(raw.password.as_ref()) else {
            return Ok(None);
        };
        if !is_read_alike(raw) {
            return Err(doubt("programs read this entry differently"));
        }
        let token = Token::parse(password);
        Ok(Some(Entry {
            account: as_text(raw.login.as_ref()).and_then(Account::parse),
            token: token.map_err(|_| doubt(NOT_A_TOKEN))?,
            line: raw.line,
        }))
    }
}

fn as_text(field: Option<&SecretBuf>) -> Option<&str> {
    std::str::from_utf8(field?).ok()
}

/// Whether `netrc-rs` finds the same values in an entry's words as we do. Its error is dropped unread: it quotes them.
///
/// `netrc-rs` leaves copies of what it reads in memory, so it gets an `x` for each letter and digit, which mean the
/// same to every reader.
fn is_read_alike(raw: &RawEntry) -> bool {
    let mask = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            'x'
        } else {
            byte.into()
        }
    };
    let masked = |field: &Option<SecretBuf>| {
        let field = field.as_ref()?;
        Some(field.iter().map(|&byte| mask(byte)).collect())
    };
    let ours = netrc_rs::Machine {
        name: Some("host".to_owned()),
        login: masked(&raw.login),
        password: masked(&raw.password),
        account: masked(&raw.account),
    };
    netrc_rs::Netrc::parse(ours.to_string(), false).is_ok_and(|read| {
        read.machines == [ours] && read.macdefs.is_empty() && read.unknown_entries.is_empty()
    })
}

/// The hosts of one Heroku that have an entry each, in the order in which the Heroku CLI writes them.
fn machines_of(host: &HerokuHost) -> [HerokuHost; 2] {
    [Service::Api, Service::Git].map(|service| host.sibling(service))
}

/// Those that the Heroku CLI reads and writes here. `HEROKU_HOST` may name another Heroku; a host that is not
/// Heroku's is ignored, as in the CLI.
fn machines_in_use(environment: &Environment) -> [HerokuHost; 2] {
    machines_of(&environment.heroku.host_or_default(Service::Git))
}

/// Writes a login into the user's netrc, in place of every other one of Heroku's.
///
/// # Errors
/// [`Unreadable`]; the file is then as it was.
pub fn save(environment: &Environment, account: &Account, token: &Token) -> Result<(), Unreadable> {
    can_save(environment)?;
    change(environment, |text| {
        with_login(text, environment, account, token).map(Some)
    })
    .map(drop)
    .map_err(Unreadable::for_login)
}

/// Checks that a login could be written, before there is one.
///
/// # Errors
/// [`Cause::InPlaceOfPlain`]: if there is an encrypted file, neither the Heroku CLI nor we read the plain one.
/// [`Cause::NoHome`].
pub fn can_save(environment: &Environment) -> Result<(), Unreadable> {
    if path(environment).is_none() {
        return Err(Unreadable::new(Cause::NoHome, environment));
    }
    match encrypted_path(environment) {
        Some(_) => Err(Unreadable::of_encrypted(Cause::InPlaceOfPlain, environment)),
        None => Ok(()),
    }
}

/// Replaces a token with another one, if all of Heroku's entries in the user's netrc have the old one;
/// returns whether they did.
///
/// # Errors
/// As [`save`]. [`Cause::ReadOnly`] if the encrypted file has it.
pub fn replace(
    environment: &Environment,
    account: &Account,
    old: &Token,
    new: &Token,
) -> Result<bool, Unreadable> {
    check_encrypted_lacks(environment, old)?;
    change(environment, |text| {
        if syntax::parse(text)?.has_only(old, &machines_in_use(environment)) {
            with_login(text, environment, account, new).map(Some)
        } else {
            Ok(None)
        }
    })
}

/// Whether this token could be replaced: all of Heroku's entries have it.
///
/// # Errors
/// As [`replace`]. [`Cause::SeveralTokens`] if other entries of Heroku's have another one.
pub fn is_replaceable(environment: &Environment, token: &Token) -> Result<bool, Unreadable> {
    if encrypted_path(environment).is_some() {
        return Err(Unreadable::of_encrypted(Cause::ReadOnly, environment));
    }
    let Some(netrc) = Netrc::in_plain_text(environment)? else {
        return Ok(false);
    };
    let entries = netrc.syntax.entries_for(&netrc.machines);
    let (with, without): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.has(token));
    if !with.is_empty() && !without.is_empty() {
        return Err(Unreadable::new(Cause::SeveralTokens, environment));
    }
    Ok(!with.is_empty())
}

/// Removes the entries for the Heroku in use from the user's netrc; with `only`, those that have this token, for any
/// Heroku. Every other byte stays. Returns whether there was anything to remove.
///
/// # Errors
/// [`Unreadable`]; the file is then as it was. [`Cause::ReadOnly`] if the encrypted file has the token
/// too, which stays there.
pub fn remove(environment: &Environment, only: Option<&Token>) -> Result<bool, Unreadable> {
    let changed = change(environment, |text| {
        let rest = match only {
            Some(token) => edit::without(text, |entry| entry.may_have(token, text))?.0,
            None => without_logins(text, environment)?,
        };
        Ok((*rest != *text).then_some(rest))
    })?;
    if let Some(token) = only {
        check_encrypted_lacks(environment, token)?;
    }
    Ok(changed)
}

/// A netrc from elsewhere, without Heroku's entries.
///
/// # Errors
/// [`Unreadable`]: what is in doubt there, or that it is too large.
pub fn cleaned(input: impl Read, environment: &Environment) -> Result<SecretBuf, Unreadable> {
    let text = SecretBuf::read_all(input, LARGEST)
        .map_err(|error| Unreadable::of_file("netrc", Cause::unread(&error)))?;
    without_logins(&text, environment).map_err(|doubt| Unreadable::of_file("netrc", doubt))
}

/// Checks that the encrypted file does not have this token. A gpg that fails is an error, since the token may be
/// there.
fn check_encrypted_lacks(environment: &Environment, token: &Token) -> Result<(), Unreadable> {
    let Some(text) = decrypted(environment)? else {
        return Ok(());
    };
    let name = unreadable::encrypted_name(environment);
    let netrc = Netrc::parse(&text, name, environment)?;
    let mut entries = netrc.syntax.entries.iter();
    if entries.any(|entry| entry.may_have(token, &text)) {
        return Err(Unreadable::of_encrypted(Cause::ReadOnly, environment));
    }
    Ok(())
}

/// The text of the encrypted file, if there is one.
fn decrypted(environment: &Environment) -> Result<Option<SecretBuf>, Unreadable> {
    let Some(path) = encrypted_path(environment) else {
        return Ok(None);
    };
    let since = environment.trace.clock();
    let text = gpg::decrypted(&path, environment);
    let text = text.map_err(|cause| Unreadable::of_encrypted(cause, environment));
    environment.trace.log_since(since, || match &text {
        Ok(text) => format!("{}: {} bytes", path.display(), text.len()),
        Err(why) => why.to_string(),
    });
    text.map(Some)
}

fn change(
    environment: &Environment,
    edit: impl Fn(&[u8]) -> Result<Option<SecretBuf>, Doubt>,
) -> Result<bool, Unreadable> {
    let unreadable = |cause: Cause| Unreadable::new(cause, environment);
    // A file that may not be read must not be written either.
    if Netrc::in_plain_text(environment)?.is_none() {
        let new = edit(b"").map_err(|doubt| unreadable(doubt.into()))?;
        if new.is_none() {
            return Ok(false);
        }
    }
    let path = path(environment).ok_or_else(|| unreadable(Cause::NoHome))?;
    files::edit(&path, Access::OwnerOnly, |text| Ok(edit(text)?)).map_err(unreadable)
}

/// The file that [`Netrc::in_plain_text`] reads, whether it exists or not.
pub fn path(environment: &Environment) -> Option<PathBuf> {
    let named = environment.netrc.clone();
    named.or_else(|| Some(in_home(environment.home.as_ref()?, cfg!(windows))))
}

/// The file that [`Netrc::of_git`] reads, whether it exists or not. On Windows curl prefers `.netrc` to `_netrc`.
///
/// Source: curl's `CURLOPT_NETRC`.
pub fn path_of_git(environment: &Environment) -> Option<PathBuf> {
    let is_preferred = |usual: &PathBuf| cfg!(windows) && usual.exists();
    let home = environment
        .home
        .as_ref()
        .filter(|_| environment.netrc.is_none());
    let usual = home.map(|home| home.join(".netrc"));
    usual.filter(is_preferred).or_else(|| path(environment))
}

/// The netrc file of a home. On Windows the Heroku CLI knows only `_netrc`. So that one is used if it or its
/// encrypted form exists, and created if there is none; `.netrc`, which git reads too, is used if it is the
/// only one.
fn in_home(home: &Path, is_windows: bool) -> PathBuf {
    let usual = home.join(".netrc");
    let of_the_cli = ["_netrc", "_netrc.gpg"].map(|name| home.join(name));
    let is_usual = !of_the_cli.iter().any(|path| path.exists()) && usual.exists();
    if !is_windows || is_usual {
        return usual;
    }
    home.join("_netrc")
}

/// The encrypted file that the Heroku CLI reads in place of the plain one. `NETRC` always names a plain file.
fn encrypted_path(environment: &Environment) -> Option<PathBuf> {
    let mut name = path(environment)
        .filter(|_| environment.netrc.is_none())?
        .into_os_string();
    name.push(".gpg");
    Some(PathBuf::from(name)).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Heroku;
    use std::fs;

    #[test]
    fn on_windows_the_file_is_the_one_of_the_heroku_cli() {
        for (there, file) in [
            (&[][..], "_netrc"),
            (&["_netrc"], "_netrc"),
            (&[".netrc"], ".netrc"),
            (&[".netrc", "_netrc"], "_netrc"),
            (&[".netrc", "_netrc.gpg"], "_netrc"),
            (&[".netrc", ".netrc.gpg"], ".netrc"),
        ] {
            let home = tempfile::tempdir().unwrap();
            for name in there {
                std::fs::create_dir(home.path().join(name)).unwrap();
            }
            assert_eq!(
                in_home(home.path(), true),
                home.path().join(file),
                "{there:?}"
            );
            assert_eq!(in_home(home.path(), false), home.path().join(".netrc"));
        }
    }

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn netrc(text: &str) -> Netrc {
        let text = text.replace("TOKEN", TOKEN);
        Netrc::from_text(text.as_bytes(), &Environment::default()).unwrap()
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
    fn an_entry_is_only_used_for_its_own_account() {
        let netrc = netrc("machine git.heroku.com login ann@example.com password TOKEN");
        let (ann, bob) = (
            Account::parse("ann@example.com"),
            Account::parse("bob@example.com"),
        );
        assert!(netrc.entry_for(&git(), ann.as_ref()).unwrap().is_some());
        assert!(netrc.entry_for(&git(), bob.as_ref()).unwrap().is_none());
    }

    #[test]
    fn an_entry_for_either_host_is_used_for_both() {
        let api = HerokuHost::production(Service::Api);
        let only_api = netrc("machine api.heroku.com login a password TOKEN");
        assert!(only_api.entry_for(&git(), None).unwrap().is_some());
        let only_git = netrc("machine git.heroku.com login a password TOKEN");
        assert!(only_git.entry_for(&api, None).unwrap().is_some());
    }

    #[test]
    fn the_token_of_one_heroku_is_not_used_for_another() {
        let other = Heroku::parse("herokudev.com").host(Service::Git).unwrap();
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
    fn an_ambiguity_is_reported_with_its_line_and_without_its_text() {
        let netrc = netrc("\nmachine git.heroku.com login password TOKEN");
        let why = netrc.entry_for(&git(), None).unwrap_err();
        let shown = format!("{why} {why:?} {}", why.notice());
        assert!(
            shown.contains("line 2") && !shown.contains("89ab"),
            "{shown}"
        );
    }

    #[test]
    fn a_netrc_that_is_not_a_regular_file_is_ignored() {
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
    fn a_huge_file_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("netrc");
        crate::files::replace(&path, b"x").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_len(LARGEST as u64 + 1).unwrap();
        let environment = Environment {
            netrc: Some(path),
            ..Environment::default()
        };
        let why = Netrc::read(&environment).map(drop).unwrap_err();
        assert!(matches!(why.cause, Cause::Unfit(_)));
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
        assert!(!with_mode(0o600).unwrap().unwrap().is_readable_by_others);
        assert!(with_mode(0o644).unwrap().unwrap().is_readable_by_others);
        let why = with_mode(0o620).map(drop).unwrap_err();
        assert!(matches!(why.cause, Cause::NotTrusted(_)));
    }

    fn machines(heroku_host: &str) -> [HerokuHost; 2] {
        machines_in_use(&Environment {
            heroku: Heroku::parse(heroku_host),
            ..Environment::default()
        })
    }

    #[test]
    fn the_machines_are_those_of_the_configured_heroku() {
        for (heroku_host, names) in [
            (
                "staging.herokudev.com",
                ["api.staging.herokudev.com", "git.staging.herokudev.com"],
            ),
            ("evil.example", ["api.heroku.com", "git.heroku.com"]),
        ] {
            assert_eq!(
                machines(heroku_host).each_ref().map(HerokuHost::name),
                names
            );
        }
    }

    #[test]
    fn the_entries_of_another_heroku_are_ignored() {
        for (name, count) in [
            ("API.herokudev.com", 1),
            ("api.heroku.com", 0),
            ("x.api.herokudev.com", 0),
            ("herokudev.com", 0),
            ("\"\"", 0),
        ] {
            let syntax = syntax::parse(format!("machine {name} password x").as_bytes()).unwrap();
            let entries = syntax.entries_for(&machines("herokudev.com")).count();
            assert_eq!(entries, count, "{name}");
        }
    }
}
