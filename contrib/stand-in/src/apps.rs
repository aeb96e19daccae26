//! The apps, each with its own bare repository.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::names::uuid;
use crate::state::locked;
use crate::write;

/// Pushes are allowed, and git starts no background process that outlives the test.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\
    [http]\n\treceivepack = true\n[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n";

#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) owner: String,
    /// It requires a second factor.
    pub(crate) is_locked: bool,
    /// Its refs are listed without a password. Every other request needs one.
    pub(crate) has_public_refs: bool,
}

pub(crate) struct Apps {
    dir: PathBuf,
    apps: Mutex<BTreeMap<String, App>>,
}

impl Apps {
    pub(crate) fn new(dir: PathBuf) -> Apps {
        Apps {
            dir,
            apps: Mutex::default(),
        }
    }

    /// The directory of the repositories.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Creates an app, and an empty repository if it has none, as described in gitrepository-layout(5): starting git
    /// takes longer than everything else here.
    pub(crate) fn create(&self, email: &str, name: &str) -> io::Result<PathBuf> {
        let path = self.dir.join(format!("{name}.git"));
        if !path.exists() {
            for directory in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
                fs::create_dir_all(path.join(directory))?;
            }
            write(&path.join("config"), CONFIG)?;
            write(&path.join("HEAD"), "ref: refs/heads/main\n")?;
        }
        self.add_to_list(email, name);
        Ok(path)
    }

    /// Adds an app to the list, without a repository.
    pub(crate) fn add_to_list(&self, email: &str, name: &str) {
        let mut apps = locked(&self.apps);
        let app = apps.entry(name.to_owned()).or_insert_with(|| App {
            id: uuid(),
            owner: String::new(),
            is_locked: false,
            has_public_refs: false,
        });
        email.clone_into(&mut app.owner);
    }

    pub(crate) fn find(&self, name: &str) -> Option<App> {
        locked(&self.apps).get(name).cloned()
    }

    pub(crate) fn owned_by(&self, owner: &str) -> Vec<(String, App)> {
        let apps = locked(&self.apps);
        let own = apps.iter().filter(|(_, app)| app.owner == owner);
        own.map(|(name, app)| (name.clone(), app.clone())).collect()
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut App)) {
        if let Some(app) = locked(&self.apps).get_mut(name) {
            change(app);
        }
    }
}

/// The first program of this name in the directories of `path`; else just the name.
///
/// std forks this process to start a program by its name with another PATH. A test's process is large, and the forks
/// took a tenth of the time of all stories.
pub fn program_on(path: &OsStr, name: &OsStr) -> PathBuf {
    let mut candidates = std::env::split_paths(path).map(|directory| directory.join(name));
    let found = candidates.find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| name.into())
}

/// git with no variable of this process but `PATH`.
#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in's repositories are git's own"
)]
pub(crate) fn bare_git() -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut git = Command::new(program_on(&path, "git".as_ref()));
    git.env_clear()
        .env("PATH", path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    git
}
