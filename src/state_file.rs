//! Our own files: small JSON files in the state directory, without secrets.

use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::files::{self, Access, NotTrusted};
use crate::notice::{Command, Fix, Notice};

/// The largest file that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The version of the format. A file of another version is set aside like one that cannot be parsed.
const VERSION: u32 = 1;

/// One of our files; `T` is its contents.
///
/// A file that belongs to another user, that other users can write to or that cannot be parsed counts as empty. It is
/// never overwritten: the first write renames it in the same directory.
#[derive(Debug)]
pub struct StateFile<T> {
    name: &'static str,
    contents: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned + Default> StateFile<T> {
    /// The file of this name in the state directory.
    pub const fn new(name: &'static str) -> StateFile<T> {
        StateFile {
            name,
            contents: PhantomData,
        }
    }

    /// Its path; none without a home.
    pub fn path(&self, environment: &Environment) -> Option<PathBuf> {
        Some(environment.state_dir()?.join(self.name))
    }

    /// Its contents; none if it is missing or unusable.
    pub fn load(&self, environment: &Environment) -> Option<T> {
        load(&self.path(environment)?).ok().flatten()
    }

    /// A warning if the file exists and is unusable.
    pub fn warning(&self, environment: &Environment) -> Option<Notice> {
        let path = self.path(environment)?;
        let error = load::<T>(&path).err()?;
        let what = format!("{} is not used: {error}", environment.display_path(&path));
        let at_file = |command: Command| command.path(&path, environment.home.as_deref());
        let fix = match NotTrusted::from_io_error(&error) {
            Some(why) => why.fix(at_file),
            None => {
                let place = files::nearest_existing(&path);
                let look = Command::show_access().path(place, environment.home.as_deref());
                Fix::command("check", look)
            }
        };
        Some(Notice::new(what, fix))
    }

    /// The path of the file if it is unusable, as for [`StateFile::set_aside_if_unusable`].
    pub fn unusable(&self, environment: &Environment) -> Option<PathBuf> {
        self.path(environment).filter(|path| is_unusable::<T>(path))
    }

    /// Renames an unusable file, so that its contents are not lost. Returns its new path if it was renamed.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn set_aside_if_unusable(&self, environment: &Environment) -> io::Result<Option<PathBuf>> {
        let Some(path) = self.unusable(environment) else {
            return Ok(None);
        };
        let aside = aside(&path);
        files::set_aside(&path, &aside, || is_unusable::<T>(&path))?;
        Ok(Some(aside))
    }

    /// Removes the file, if there is one. Returns whether there was.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn remove(&self, environment: &Environment) -> io::Result<bool> {
        match fs::remove_file(self.path(environment).ok_or(files::NoHome)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed.map(|()| true),
        }
    }

    /// Changes its contents. If two processes do so at the same time, both changes are made.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn edit(&self, environment: &Environment, change: impl Fn(&mut T)) -> io::Result<()> {
        let path = self.path(environment).ok_or(files::NoHome)?;
        self.set_aside_if_unusable(environment)?;
        files::edit(&path, Access::OwnerOnly, |bytes| {
            let mut contents = if bytes.is_empty() {
                T::default()
            } else {
                from_bytes(bytes)?
            };
            change(&mut contents);
            to_bytes(&contents).map(Some)
        })
        .map(drop)
    }
}

fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let bytes = match files::read_trusted(path, LARGEST) {
        Ok(file) => file.bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    from_bytes(&bytes).map(Some)
}

fn is_unusable<T: DeserializeOwned>(path: &Path) -> bool {
    // Not after an error of the system: a disk that fails may work again.
    load::<T>(path).is_err_and(|error| error.raw_os_error().is_none())
}

/// Parses the bytes of a file.
///
/// # Errors
/// They are not such a file, or one of another version.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    #[derive(Deserialize)]
    struct Header {
        version: Option<u32>,
    }
    let header: Header = serde_json::from_slice(bytes)?;
    if header.version.unwrap_or(VERSION) != VERSION {
        return Err(io::Error::other("another version of this program wrote it"));
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// The bytes of a file with these contents.
///
/// # Errors
/// None is known, since every value can be written as JSON.
pub fn to_bytes<T: Serialize>(contents: &T) -> io::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        version: u32,
        #[serde(flatten)]
        contents: &'a T,
    }
    let mut text = serde_json::to_vec_pretty(&Versioned {
        version: VERSION,
        contents,
    })?;
    text.push(b'\n');
    Ok(text)
}

/// A free name in the directory of a file.
fn aside(path: &Path) -> PathBuf {
    let now = Timestamp::now().as_second();
    let name = |number| path.with_extension(format!("json.unusable-{number}"));
    let mut numbers = now..;
    let free = numbers.find(|number| !name(*number).exists());
    name(free.unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Notes {
        notes: Vec<String>,
    }

    const FILE: StateFile<Notes> = StateFile::new("notes.json");

    fn add(environment: &Environment, note: &str) {
        FILE.edit(environment, |notes| notes.notes.push(note.to_owned()))
            .unwrap();
    }

    fn notes(environment: &Environment) -> Vec<String> {
        FILE.load(environment).unwrap_or_default().notes
    }

    /// The bytes of the files that were set aside.
    fn set_aside(environment: &Environment) -> Vec<Vec<u8>> {
        let dir = environment.state_dir().unwrap();
        let names = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let aside = names.filter(|path| path.to_string_lossy().contains("unusable"));
        aside.map(|path| fs::read(path).unwrap()).collect()
    }

    #[test]
    fn a_written_file_is_read_back_with_its_version() {
        let (_dir, environment) = Environment::with_new_home();
        assert_eq!(FILE.load(&environment), None);
        assert!(FILE.warning(&environment).is_none());
        add(&environment, "a");
        add(&environment, "b");
        assert_eq!(notes(&environment), ["a", "b"]);
        let text = fs::read_to_string(FILE.path(&environment).unwrap()).unwrap();
        assert!(text.starts_with("{\n  \"version\": 1,\n"), "{text}");
        assert!(set_aside(&environment).is_empty());
    }

    #[test]
    fn a_file_that_another_process_removes_is_no_error() {
        let (_dir, environment) = Environment::with_new_home();
        FILE.remove(&environment).unwrap();
        add(&environment, "a");
        FILE.remove(&environment).unwrap();
        assert_eq!(FILE.load(&environment), None);
    }

    /// As a directory of root's: its files cannot be examined.
    #[test]
    #[cfg(unix)]
    fn a_directory_that_cannot_be_read_is_reported() {
        let (_dir, environment) = Environment::with_new_home();
        let dir = environment.state_dir().unwrap();
        files::replace(&dir, b"").unwrap();
        let warning = FILE.warning(&environment).unwrap().to_string();
        let look = "check: ls -ld ~/.local/state/git-credential-heroku-rs";
        assert!(warning.ends_with(look), "{warning}");
    }

    #[test]
    fn a_file_without_a_version_has_version_1() {
        let (_dir, environment) = Environment::with_new_home();
        files::replace(&FILE.path(&environment).unwrap(), br#"{"notes":["a"]}"#).unwrap();
        add(&environment, "b");
        assert_eq!(notes(&environment), ["a", "b"]);
    }

    #[test]
    fn an_unusable_file_counts_as_empty_and_is_set_aside() {
        for text in [
            "{",
            "[]",
            r#"{"notes":7}"#,
            r#"{"version":2,"notes":[]}"#,
            "\u{0}",
        ] {
            let (_dir, environment) = Environment::with_new_home();
            files::replace(&FILE.path(&environment).unwrap(), text.as_bytes()).unwrap();
            assert_eq!(FILE.load(&environment), None, "{text}");
            let warning = FILE.warning(&environment).unwrap().to_string();
            assert!(warning.contains("notes.json is not used: "), "{warning}");
            add(&environment, "a");
            assert_eq!(notes(&environment), ["a"]);
            assert_eq!(set_aside(&environment), [text.as_bytes()]);
            assert!(FILE.warning(&environment).is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_other_users_can_write_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, environment) = Environment::with_new_home();
        add(&environment, "a");
        let path = FILE.path(&environment).unwrap();
        for mode in [0o620, 0o602, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(FILE.load(&environment), None, "{mode:o}");
            let warning = FILE.warning(&environment).unwrap();
            assert!(
                warning.what().ends_with("other users can write to it"),
                "{warning}"
            );
        }
        add(&environment, "b");
        assert_eq!(notes(&environment), ["b"]);
        assert_eq!(set_aside(&environment).len(), 1);
    }
}
