//! The app of a story: its repository, its remote, and what Heroku has of it.

use std::process::{Command, Output};

use super::{ANN, World};

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
        self.heroku.has_account(email);
        self.heroku.has_app(email, app).unwrap();
        self.quietly("git init --quiet --initial-branch=main");
        self.quietly("git config user.name Ann && git config user.email ann@example.com");
        self.quietly(&format!(
            "git remote add heroku https://git.heroku.com/{app}.git"
        ));
        self.app = Some(app.to_owned());
        self.commits("The first commit");
        self
    }

    /// git asks the tested program, for every host.
    pub(crate) fn with_helper(self) -> World {
        self.quietly("git config --global credential.helper heroku-rs");
        self
    }

    /// Adds a commit to the app.
    pub(crate) fn commits(&self, subject: &str) {
        self.quietly(&format!("git commit --quiet --allow-empty -m '{subject}'"));
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
        let here = self.quietly("git rev-parse HEAD");
        let app = self.app.as_deref().unwrap();
        let ls = format!(
            "git ls-remote '{}' refs/heads/{branch}",
            self.heroku.has_app(ANN, app).unwrap().display()
        );
        self.quietly(&ls).starts_with(here.trim())
    }

    /// Whether Heroku has the newest commit on the app's main branch.
    pub(crate) fn is_pushed(&self) -> bool {
        self.is_pushed_to("main")
    }

    /// Whether this git is older than 2.MINOR.
    pub(crate) fn git_is_older_than(&self, minor: u32) -> bool {
        let version = self.quietly("git version");
        let number = version.split(['.', ' ']).nth(3).unwrap();
        assert!(version.starts_with("git version 2."), "{version}");
        number.parse::<u32>().unwrap() < minor
    }

    /// A step that sets the scene: it has to succeed, and what it says is not part of the story.
    pub(super) fn quietly(&self, line: &str) -> String {
        let mut command: Command = self.program("sh");
        let output: Output = command.args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}
