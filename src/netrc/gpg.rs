//! `.netrc.gpg`, which the Heroku CLI reads in place of netrc if it exists.
//!
//! gpg is the only program that this module starts. It gets no input, does not prompt, has a time limit,
//! and is never asked to encrypt.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::{Cause, LARGEST, TOO_LARGE};
use crate::environment::Environment;
use crate::files;
use crate::secret_buf::SecretBuf;
use crate::subprocess;

/// The text of an encrypted file that no other user can have written.
///
/// Waits no longer than the keyring's limit: a key on a card or with a passphrase is like a locked keyring.
///
/// # Errors
/// [`Cause`], without any of gpg's output.
pub(super) fn decrypted(path: &Path, environment: &Environment) -> Result<SecretBuf, Cause> {
    let refused = Cause::Encrypted;
    let metadata = fs::metadata(path).map_err(|error| Cause::unread(&error))?;
    files::trust(&metadata).map_err(Cause::NotTrusted)?;
    let deadline = Instant::now() + environment.keyring_limit;
    // Never one in the current directory.
    let program = environment.programs("gpg").find(|gpg| gpg.is_absolute());
    let program = program.ok_or(refused("gpg is not on PATH"))?;
    let output = subprocess::run(&mut command(&program, path), b"", LARGEST, deadline);
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => refused("gpg did not answer in time"),
        io::ErrorKind::FileTooLarge => refused(TOO_LARGE),
        _ => refused("could not start gpg"),
    })?;
    if !output.status.success() {
        return Err(refused("gpg could not decrypt it without a prompt"));
    }
    Ok(output.stdout)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an encrypted netrc is read through gpg, as the Heroku CLI reads it"
)]
fn command(program: &Path, path: &Path) -> Command {
    let mut command = Command::new(program);
    command
        // Otherwise the agent would open a window in the middle of a push.
        .args(["--batch", "--quiet", "--no-tty", "--pinentry-mode", "error"])
        .args(["--decrypt", "--"])
        .arg(path);
    command
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::hosts::{HerokuHost, Service};
    use crate::netrc::{Netrc, remove, save};
    use std::time::Duration;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn world(gpg: &str) -> (tempfile::TempDir, Environment) {
        let home = tempfile::tempdir().unwrap();
        let text = format!("machine git.heroku.com login a password {TOKEN}\n");
        files::replace(&home.path().join(".netrc.gpg"), text.as_bytes()).unwrap();
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netrc");
        let environment = Environment {
            home: Some(home.path().to_owned()),
            path: Some(programs.join(gpg).into_os_string()),
            keyring_limit: Duration::from_secs(20),
            ..Environment::default()
        };
        (home, environment)
    }

    #[test]
    fn an_encrypted_netrc_takes_precedence_over_the_plain_one() {
        let (home, environment) = world("gpg-that-answers");
        files::replace(&home.path().join(".netrc"), b"machine x\n").unwrap();
        let netrc = Netrc::read(&environment).unwrap().unwrap();
        let entry = netrc.entry_for(&HerokuHost::production(Service::Git), None);
        assert_eq!(entry.unwrap().unwrap().token.expose(), TOKEN);
    }

    #[test]
    fn a_gpg_that_hangs_is_killed_with_its_children() {
        let (_home, mut environment) = world("gpg-that-hangs");
        environment.keyring_limit = Duration::from_millis(200);
        let before = Instant::now();
        let why = Netrc::read(&environment).map(drop).unwrap_err();
        assert_eq!(why.cause, Cause::Encrypted("gpg did not answer in time"));
        assert!(before.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn partial_or_oversized_output_of_gpg_is_not_used() {
        for (gpg, phrase) in [
            (
                "gpg-that-refuses",
                "gpg could not decrypt it without a prompt",
            ),
            ("gpg-that-floods", "it is larger than 16 MiB"),
            ("no-gpg-at-all", "gpg is not on PATH"),
        ] {
            let (_home, environment) = world(gpg);
            let why = Netrc::read(&environment).map(drop).unwrap_err();
            assert_eq!(why.cause, Cause::Encrypted(phrase), "{gpg}");
        }
    }

    #[test]
    fn an_error_in_an_encrypted_netrc_names_that_file() {
        use std::os::unix::fs::PermissionsExt;
        let (home, environment) = world("gpg-that-answers");
        let file = home.path().join(".netrc.gpg");
        let notice = || {
            let netrc = Netrc::read(&environment);
            let host = HerokuHost::production(Service::Git);
            let entry = netrc.and_then(|netrc| netrc.unwrap().entry_for(&host, None));
            entry.unwrap_err().notice().to_string()
        };
        for (text, doubt) in [
            ("machine git.heroku.com password a b\n", "line 1"),
            ("machine git.heroku.com password \"open\n", "line 1"),
        ] {
            files::replace(&file, text.as_bytes()).unwrap();
            let said = notice();
            let expected = format!("~/.netrc.gpg: {doubt}");
            assert!(said.starts_with(&expected), "{said}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let said = notice();
        assert!(said.starts_with("~/.netrc.gpg is not used"), "{said}");
        assert!(said.ends_with("chmod 600 ~/.netrc.gpg"), "{said}");
    }

    #[test]
    fn an_encrypted_netrc_is_never_written() {
        use crate::account::Account;
        use crate::token::Token;
        let (home, environment) = world("gpg-that-answers");
        let (account, token) = (Account::unnamed(), Token::parse(TOKEN).unwrap());
        let before = std::fs::read(home.path().join(".netrc.gpg")).unwrap();
        let why = save(&environment, &account, &token).unwrap_err();
        assert_eq!(why.cause, Cause::InPlaceOfPlain);
        let why = remove(&environment, Some(&token)).unwrap_err();
        assert_eq!(why.cause, Cause::ReadOnly);
        let after = std::fs::read(home.path().join(".netrc.gpg")).unwrap();
        assert_eq!(after, before);
        assert!(!home.path().join(".netrc").exists());
    }
}
