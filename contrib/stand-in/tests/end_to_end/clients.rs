//! A stand-in, and git and curl that use it in a temporary directory.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use heroku_stand_in::StandIn;
use tempfile::TempDir;

pub(crate) const ANN: &str = "ann@example.com";
pub(crate) const API: &str = "https://api.heroku.com";
pub(crate) const ACCEPT: &str = "Accept: application/vnd.heroku+json; version=3";
pub(crate) const JSON: &str = "Content-Type: application/json";

/// The stand-in is stopped before its directory is removed.
pub(crate) struct Clients {
    pub(crate) heroku: StandIn,
    dir: TempDir,
}

/// What curl received.
#[derive(Debug)]
pub(crate) struct CurlReply {
    /// curl's exit code: 0 if it got an answer.
    pub(crate) exit: i32,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    headers: String,
}

impl CurlReply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .headers
            .lines()
            .filter_map(|line| line.split_once(": "));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

impl Clients {
    pub(crate) fn new() -> Clients {
        let dir = tempfile::tempdir().unwrap();
        let heroku = StandIn::start(&dir.path().join("heroku")).unwrap();
        Clients { heroku, dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program with only the variables for the stand-in.
    #[expect(clippy::disallowed_methods, reason = "real clients are other programs")]
    pub(crate) fn command(&self, program: &str) -> Command {
        let path = std::env::var_os("PATH").unwrap();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.dir.path())
            .env("https_proxy", self.heroku.proxy())
            .env("http_proxy", self.heroku.proxy())
            .env("CURL_CA_BUNDLE", self.heroku.ca_file())
            .env("GIT_SSL_CAINFO", self.heroku.ca_file())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .current_dir(self.dir.path());
        command
    }

    pub(crate) fn curl(&self, arguments: &[&str]) -> CurlReply {
        let headers = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap();
        let output = self
            .command("curl")
            .args(["--silent", "--suppress-connect-headers", "--max-time", "20"])
            .args(["--write-out", "\n%{http_code}", "--dump-header"])
            .arg(headers.path())
            .args(arguments)
            .output()
            .unwrap();
        let end = output
            .stdout
            .iter()
            .rposition(|byte| *byte == b'\n')
            .unwrap();
        let status = String::from_utf8_lossy(&output.stdout[end + 1..]);
        CurlReply {
            exit: output.status.code().unwrap(),
            status: status.parse().unwrap(),
            body: output.stdout[..end].to_vec(),
            headers: std::fs::read_to_string(headers.path()).unwrap_or_default(),
        }
    }

    /// An API request with a token.
    pub(crate) fn api(&self, token: &str, method: &str, path: &str, more: &[&str]) -> CurlReply {
        let (url, bearer) = (
            format!("{API}{path}"),
            format!("Authorization: Bearer {token}"),
        );
        let mut arguments = vec!["--request", method, "-H", ACCEPT, "-H", &bearer, &url];
        arguments.extend(more);
        self.curl(&arguments)
    }

    pub(crate) fn git(&self, dir: &Path, arguments: &[&str]) -> Output {
        self.command("git")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
            .args(arguments)
            .current_dir(dir)
            .output()
            .unwrap()
    }

    /// What git prints. Fails if git fails.
    pub(crate) fn git_prints(&self, dir: &Path, arguments: &[&str]) -> String {
        let output = self.git(dir, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A work tree with one commit, and a remote with the token in its URL.
    pub(crate) fn work_tree(&self, name: &str, token: &str, app: &str) -> PathBuf {
        let tree = self.path(name);
        self.git_prints(self.dir.path(), &["init", "-q", "-b", "main", name]);
        self.commit(&tree, "file", b"one");
        let url = format!("https://heroku:{token}@git.heroku.com/{app}.git");
        self.git_prints(&tree, &["remote", "add", "heroku", &url]);
        tree
    }

    pub(crate) fn commit(&self, tree: &Path, file: &str, bytes: &[u8]) {
        let mut file_to_add = tempfile::NamedTempFile::new_in(tree).unwrap();
        std::io::Write::write_all(&mut file_to_add, bytes).unwrap();
        file_to_add.persist(tree.join(file)).unwrap();
        self.git_prints(tree, &["add", file]);
        self.git_prints(tree, &["commit", "-q", "-m", file]);
    }
}
