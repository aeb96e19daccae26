//! The app of a story: its repository, its remote, and what Heroku has of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::{ANN, World, files_under};

impl World {
    /// A keyring, an app of Ann's, and a git that asks the tested program.
    pub(crate) fn ready_to_push() -> World {
        World::new()
            .with_keyring()
            .with_app("blue-sky")
            .with_helper()
    }

    /// A repository with one commit and a remote `heroku`, for an app of Ann's.
    pub(crate) fn with_app(self, app: &str) -> World {
        self.with_app_of(ANN, app)
    }

    /// The same for another account's app.
    pub(crate) fn with_app_of(mut self, email: &str, app: &str) -> World {
        self.heroku.add_account(email);
        self.heroku.add_app(email, app).unwrap();
        let made = REPOSITORY.get_or_init(|| Repository::made_in(&self));
        made.is_copied_to(&self.work());
        let config = self.work().join(".git/config");
        let remote = format!(
            "[remote \"heroku\"]\n\turl = https://git.heroku.com/{app}.git\n\
             \tfetch = +refs/heads/*:refs/remotes/heroku/*\n"
        );
        fs::write(&config, fs::read_to_string(&config).unwrap() + &remote).unwrap();
        self.app = Some(app.to_owned());
        self
    }

    /// git asks the tested program, for every host.
    pub(crate) fn with_helper(self) -> World {
        self.has_file(".gitconfig", "[credential]\n\thelper = heroku-rs\n");
        self
    }

    /// Adds a commit to the app.
    pub(crate) fn commits(&self, subject: &str) {
        self.prepares_with(&format!("git commit --quiet --allow-empty -m '{subject}'"));
    }

    /// A push that works, and says nothing.
    pub(crate) fn pushes(&self) {
        self.git("push --quiet heroku main")
            .succeeds()
            .says_nothing();
        assert!(self.is_pushed());
    }

    /// The same with something new to push.
    pub(crate) fn pushes_again(&self) {
        self.commits("one more");
        self.pushes();
    }

    /// Whether Heroku has the newest commit on this branch of the app.
    pub(crate) fn is_pushed_to(&self, branch: &str) -> bool {
        let app = self.app.as_deref().unwrap();
        let at_heroku = self.heroku.add_app(ANN, app).unwrap();
        let at_heroku = format!("git --git-dir='{}' rev-parse", at_heroku.display());
        let heads = self.prepares_with(&format!(
            "git rev-parse HEAD; {at_heroku} --quiet --verify refs/heads/{branch} || echo none"
        ));
        let (here, there) = heads.split_once('\n').unwrap();
        here == there.trim()
    }

    /// Whether Heroku has the newest commit on the app's main branch.
    pub(crate) fn is_pushed(&self) -> bool {
        self.is_pushed_to("main")
    }

    /// Whether this git is older than 2.MINOR.
    pub(crate) fn git_is_older_than(&self, minor: u32) -> bool {
        let version = self.prepares_with("git version");
        let number = version.split(['.', ' ']).nth(3).unwrap();
        assert!(version.starts_with("git version 2."), "{version}");
        number.parse::<u32>().unwrap() < minor
    }

    /// A step that prepares a story: it has to succeed, and its output is not part of the story.
    pub(super) fn prepares_with(&self, line: &str) -> String {
        let mut command: Command = self.program("sh");
        let output: Output = command.args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A repository with one commit, as git makes it: the same for each story, so git makes it once.
struct Repository(Vec<(PathBuf, Vec<u8>)>);

static REPOSITORY: OnceLock<Repository> = OnceLock::new();

impl Repository {
    fn made_in(world: &World) -> Repository {
        world.prepares_with(
            "git init --quiet --initial-branch=main && git config maintenance.auto false && \
             git config user.name Ann && git config user.email ann@example.com",
        );
        world.commits("The first commit");
        let top = world.work();
        let files = files_under(&top).into_iter();
        let kept = files.filter(|path| path.extension().is_none_or(|end| end != "sample"));
        Repository(
            kept.map(|path| {
                let bytes = fs::read(&path).unwrap();
                (path.strip_prefix(&top).unwrap().to_owned(), bytes)
            })
            .collect(),
        )
    }

    fn is_copied_to(&self, top: &Path) {
        // git wants these directories, and takes no other for a repository.
        for empty in ["hooks", "objects", "refs/tags"] {
            fs::create_dir_all(top.join(".git").join(empty)).unwrap();
        }
        for (path, bytes) in &self.0 {
            let path = top.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // In the first world git itself has made them, and some of them cannot be written.
            if !path.exists() {
                fs::write(path, bytes).unwrap();
            }
        }
    }
}
