//! The environment variables of the process, read once into a snapshot.
//!
//! No other module reads a variable. So a test can state its whole environment in one expression, and nothing
//! changes while a command runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::hosts::Heroku;
use crate::token::{NotAToken, Token};
use crate::trace::Trace;

/// The variables that decide anything, as they were when the program started.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The user's home, where git and the Heroku CLI look for it.
    pub home: Option<PathBuf>,
    /// `HEROKU_API_KEY`, if it is set and not empty: a token, or why its value is not one.
    pub api_key: Option<Result<Token, NotAToken>>,
    /// `HEROKU_NETRC_WRITE=true`: the Heroku CLI uses netrc only, so netrc comes first.
    pub netrc_before_keyring: bool,
    /// The Heroku that `HEROKU_HOST` selects; `heroku.com` if the variable is unset or empty.
    pub heroku: Heroku,
    /// `HEROKU_DATA_DIR`: where the CLI keeps `login.json`. It takes precedence over all other rules.
    pub heroku_data_dir: Option<PathBuf>,
    /// `XDG_DATA_HOME`; it takes precedence over `LOCALAPPDATA`, on Windows too.
    pub xdg_data_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`, where our own files are.
    pub xdg_state_home: Option<PathBuf>,
    /// `LOCALAPPDATA`, on Windows.
    pub local_app_data: Option<PathBuf>,
    /// `NETRC`: the netrc file that curl 8.16 and later read.
    pub netrc: Option<PathBuf>,
    /// `GIT_CONFIG_GLOBAL`: git's file for this user, in place of `~/.gitconfig`. With an empty value git reads none.
    pub git_config_global: Option<PathBuf>,
    /// `GIT_EXEC_PATH` is set: git started us, as one of its helpers.
    pub is_started_by_git: bool,
    /// `DOCKER_CONFIG`: the directory of docker's `config.json`.
    pub docker_config: Option<PathBuf>,
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub bus_address: Option<String>,
    /// `XDG_RUNTIME_DIR`: the `bus` in it is the session bus if no address is given.
    pub runtime_dir: Option<PathBuf>,
    /// How long one session with the keyring may take: `HEROKU_RS_TIMEOUT` in seconds, else 2 s.
    pub keyring_limit: Duration,
    /// How long a prompt of the keyring waits for the user: `HEROKU_RS_PROMPT_TIMEOUT` in
    /// seconds, else 2 minutes.
    pub prompt_limit: Duration,
    /// `PATH`, to look up the programs that `status` and `doctor` name.
    pub path: Option<OsString>,
    /// Colour is unwanted: `NO_COLOR` is set and not empty, or `TERM` is `dumb`.
    pub no_color: bool,
    /// `BROWSER`: the command that opens a page.
    pub browser: Option<OsString>,
    /// The name of a place in which the user's browser does not run; none if the user sits at this machine, as far as
    /// can be seen. `CODESPACES` or `REMOTE_CONTAINERS` is `true`, or `SSH_CONNECTION` or `SSH_TTY` is set.
    pub away: Option<&'static str>,
    /// `COMPUTERNAME`: this machine's name, on Windows.
    pub computer_name: Option<String>,
    /// `SSL_CERT_FILE`: the file of the CA certificates to trust.
    pub ssl_cert_file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: directories of CA certificates to trust, separated as in `PATH`.
    pub ssl_cert_dir: Option<OsString>,
    /// The proxy on the way to https hosts: `https_proxy`, `HTTPS_PROXY`, `all_proxy` or
    /// `ALL_PROXY`, the first that is set. It may contain a password.
    pub https_proxy: Option<SecretString>,
    /// The hosts that are reached without the proxy: `no_proxy` or `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Where the steps of this process are logged: [`Trace::VARIABLE`].
    pub trace: Trace,
    /// `XDG_CONFIG_HOME`, where git looks for files of its own.
    pub xdg_config_home: Option<PathBuf>,
    /// `APPDATA`, on Windows: git for Windows looks there, too.
    pub app_data: Option<PathBuf>,
    /// `GIT_SSL_CAINFO`: the file of the CA certificates that git trusts. To git, an empty value counts too.
    pub git_ssl_cainfo: Option<PathBuf>,
    /// `GIT_SSL_NO_VERIFY`: with any value, also an empty one, git trusts every certificate.
    pub git_ssl_no_verify: Option<OsString>,
}

#[cfg(test)]
impl Environment {
    /// An environment in which only the home is set: a new directory, which is removed with the first value.
    pub(crate) fn with_new_home() -> (tempfile::TempDir, Environment) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let environment = Environment {
            home: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        (dir, environment)
    }
}

impl Environment {
    /// The default time limit of one session with the keyring.
    pub const KEYRING_LIMIT: Duration = Duration::from_secs(2);

    /// The default time limit of a prompt.
    pub const PROMPT_LIMIT: Duration = Duration::from_secs(120);

    /// Takes the snapshot; `variable` returns the value of a variable. An empty value counts as not set,
    /// except in variables that git reads in another way.
    pub fn read(variable: impl Fn(&str) -> Option<OsString>) -> Environment {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
        let path = |name: &str| set(name).map(PathBuf::from);
        let is_true = |name: &str| set(name).is_some_and(|value| value == "true");
        let limit = |name: &str| text(name).and_then(|value| limit_of(&value));
        let home = home(&set);
        let environment = Environment {
            trace: Trace::read(set(Trace::VARIABLE).as_deref(), home.as_deref()),
            home,
            api_key: set("HEROKU_API_KEY").map(|key| {
                let bytes = Zeroizing::new(key.into_encoded_bytes());
                mistake_in(&bytes).map_or_else(|| Token::from_bytes(bytes.to_vec()), Err)
            }),
            netrc_before_keyring: text("HEROKU_NETRC_WRITE")
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
            heroku: text("HEROKU_HOST").map_or_else(Heroku::default, |host| Heroku::parse(&host)),
            heroku_data_dir: path("HEROKU_DATA_DIR"),
            xdg_data_home: path("XDG_DATA_HOME"),
            xdg_state_home: path("XDG_STATE_HOME"),
            local_app_data: path("LOCALAPPDATA"),
            netrc: path("NETRC"),
            git_config_global: variable("GIT_CONFIG_GLOBAL").map(PathBuf::from),
            is_started_by_git: set("GIT_EXEC_PATH").is_some(),
            docker_config: path("DOCKER_CONFIG"),
            bus_address: text("DBUS_SESSION_BUS_ADDRESS"),
            runtime_dir: path("XDG_RUNTIME_DIR"),
            keyring_limit: limit("HEROKU_RS_TIMEOUT").unwrap_or(Environment::KEYRING_LIMIT),
            prompt_limit: limit("HEROKU_RS_PROMPT_TIMEOUT").unwrap_or(Environment::PROMPT_LIMIT),
            path: set("PATH"),
            // The classic console of Windows shows an escape sequence as text. git for Windows sets `TERM` for the
            // programs that it starts, and makes the console process such sequences.
            no_color: set("NO_COLOR").is_some()
                || set("TERM").map_or(cfg!(windows), |term| term == "dumb"),
            browser: set("BROWSER"),
            away: if is_true("CODESPACES") {
                Some("a Codespace")
            } else if is_true("REMOTE_CONTAINERS") {
                Some("a dev container")
            } else if set("SSH_CONNECTION").or_else(|| set("SSH_TTY")).is_some() {
                Some("an SSH session")
            } else {
                None
            },
            ssl_cert_file: path("SSL_CERT_FILE"),
            computer_name: text("COMPUTERNAME"),
            ssl_cert_dir: set("SSL_CERT_DIR"),
            // The order is curl's, and so git's.
            https_proxy: ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
                .into_iter()
                .find_map(&text)
                .map(SecretString::from),
            no_proxy: text("no_proxy").or_else(|| text("NO_PROXY")),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            app_data: path("APPDATA").filter(|_| cfg!(windows)),
            git_ssl_cainfo: variable("GIT_SSL_CAINFO").map(PathBuf::from),
            git_ssl_no_verify: variable("GIT_SSL_NO_VERIFY"),
        };
        if environment.trace.is_on() {
            for secret in environment.secrets() {
                environment.trace.add_secret(&secret);
            }
        }
        environment
    }

    /// Whether `HEROKU_API_KEY` has a token, which takes precedence over every login. Another value is not used.
    pub fn has_api_key(&self) -> bool {
        matches!(self.api_key, Some(Ok(_)))
    }

    /// All secrets: the token, and the proxy's password.
    pub fn secrets(&self) -> Vec<Zeroizing<String>> {
        let token = self.api_key.iter().flatten().map(Token::expose);
        let proxy = self.https_proxy.iter().map(ExposeSecret::expose_secret);
        let secrets = token.chain(proxy.filter_map(password_in));
        secrets
            .map(|text| Zeroizing::new(text.to_owned()))
            .collect()
    }

    /// Whether a program of this name is on `PATH`.
    pub fn has_program(&self, name: &str) -> bool {
        self.programs(name).next().is_some()
    }

    /// The first directory on `PATH` that has a program of this name.
    pub fn dir_of_program(&self, name: &str) -> Option<PathBuf> {
        let first = self.programs(name).next()?;
        first.parent().map(Path::to_owned)
    }

    /// Every program of this name on `PATH`; the first one is the one that is run. On Windows some are batch files, as
    /// the Heroku CLI and what npm installs.
    pub fn programs(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        #[cfg(windows)]
        const SUFFIXES: [&str; 2] = [".exe", ".cmd"];
        #[cfg(not(windows))]
        const SUFFIXES: [&str; 1] = [""];
        let names = SUFFIXES.map(|suffix| format!("{name}{suffix}"));
        let dirs = self.path.as_deref().map(std::env::split_paths);
        let in_dir = move |dir: PathBuf| names.clone().map(|name| dir.join(name));
        let places = dirs.into_iter().flatten().flat_map(in_dir);
        places.filter(|program| is_program(program))
    }

    /// The directory in which the Heroku CLI keeps `login.json`.
    ///
    /// Source: oclif's `config.ts`: `XDG_DATA_HOME` takes precedence over `LOCALAPPDATA`, and macOS has no
    /// directory of its own.
    pub fn heroku_cli_data_dir(&self) -> Option<PathBuf> {
        let usual = || self.base_dir(self.xdg_data_home.as_ref(), ".local/share");
        let named = self.heroku_data_dir.clone();
        named.or_else(|| Some(usual()?.join("heroku")))
    }

    /// The directory in an XDG variable, else the one that Windows has in its place, else one below the home.
    fn base_dir(&self, xdg: Option<&PathBuf>, below_home: &str) -> Option<PathBuf> {
        let named = xdg.or(self.local_app_data.as_ref()).cloned();
        named.or_else(|| Some(self.home.as_ref()?.join(below_home)))
    }

    /// A path for a message, with `~` in place of the user's home.
    pub fn display_path(&self, path: &Path) -> String {
        let home = self.home.as_deref().filter(|home| home.parent().is_some());
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("~/{}", below.display()),
            None => path.display().to_string(),
        }
    }

    /// The path of one of git's files, such as `config`, in git's own configuration directory.
    ///
    /// Source: git's `path.c`, `xdg_config_home_for`, also that of git for Windows.
    pub fn xdg_file_of_git(&self, name: &str) -> Option<PathBuf> {
        if let Some(xdg) = &self.xdg_config_home {
            return Some(xdg.join("git").join(name));
        }
        let in_app_data = self.app_data.as_ref().map(|dir| dir.join("Git").join(name));
        let in_app_data = in_app_data.filter(|file| file.exists());
        in_app_data.or_else(|| Some(self.home.as_ref()?.join(".config/git").join(name)))
    }

    /// docker's own configuration.
    ///
    /// Source: docker's command line reference, "Change the `.docker` directory".
    pub fn docker_config_file(&self) -> Option<PathBuf> {
        let named = self.docker_config.clone();
        let dir = named.or_else(|| Some(self.home.as_ref()?.join(".docker")))?;
        Some(dir.join("config.json"))
    }

    /// The directory of our own files: metadata of tokens, never a token.
    pub fn state_dir(&self) -> Option<PathBuf> {
        let base = self.base_dir(self.xdg_state_home.as_ref(), ".local/state")?;
        Some(base.join("git-credential-heroku-rs"))
    }
}

/// Whether this is an executable file. A shell skips other files on `PATH`.
#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path.metadata();
    metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The user's home, where git and the Heroku CLI look for it.
///
/// `HOME`; on Windows also `HOMEDRIVE` with `HOMEPATH`, since a company's home may be on a drive of
/// its own, then `USERPROFILE`. As git does it, a drive that does not exist is skipped, and so is the system's own
/// directory, which is no one's home.
///
/// Source: git's `compat/mingw.c`, `setup_windows_environment`.
fn home(set: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let on_a_drive = || {
        let mut home = set("HOMEDRIVE")?;
        home.push(set("HOMEPATH")?);
        let system = set("SYSTEMROOT").map(|root| Path::new(&root).join("System32"));
        let is_system = system.is_some_and(|system| home.eq_ignore_ascii_case(system));
        Some(PathBuf::from(home)).filter(|home| home.is_dir() && !is_system)
    };
    set("HOME")
        .map(PathBuf::from)
        .or_else(on_a_drive)
        .or_else(|| set("USERPROFILE").map(PathBuf::from))
}

/// The likely mistake in a variable that contains more than a token.
fn mistake_in(value: &[u8]) -> Option<NotAToken> {
    let value = value.trim_ascii();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = value.split(|byte| *byte == b'=').next().unwrap_or_default();
    let is_assignment = name.len() < value.len() && !name.is_empty() && name.iter().all(is_name);
    match value.first() {
        Some(b'"' | b'\'') => Some(NotAToken::Quoted),
        Some(b'$') => Some(NotAToken::Variable),
        _ if is_assignment => Some(NotAToken::Assignment),
        _ => None,
    }
}

/// The password in a URL, `http://ann:password@host` with or without its scheme.
fn password_in(url: &str) -> Option<&str> {
    let (login, _) = url.rsplit_once('@')?;
    let login = login.split_once("://").map_or(login, |(_, login)| login);
    Some(login.split_once(':')?.1)
}

/// A limit in seconds, which may be a fraction, from 10 ms to an hour. Another value is a mistake: no limit at all is
/// not supported.
fn limit_of(seconds: &str) -> Option<Duration> {
    let seconds: f64 = seconds.trim().parse().ok()?;
    (0.01..=3600.0)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_home_of_windows_is_where_git_looks_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = |variables: &[(&str, &str)]| environment(variables).home;
        let (drive, path) = (dir.path().to_str().unwrap(), std::path::MAIN_SEPARATOR_STR);
        let mut variables = vec![("HOMEDRIVE", drive), ("USERPROFILE", "/u")];
        assert_eq!(home(&variables), Some("/u".into()));
        variables.push(("HOMEPATH", path));
        assert_eq!(home(&variables), Some(dir.path().into()));
        for (name, root, is_system) in [
            ("System32", drive, true),
            ("system32", drive, true),
            ("system32", "/other", false),
        ] {
            let system = dir.path().join(name);
            std::fs::create_dir_all(&system).unwrap();
            let variables = [
                ("HOMEDRIVE", drive),
                ("HOMEPATH", &format!("{path}{name}")),
                ("SYSTEMROOT", root),
                ("USERPROFILE", "/u"),
            ];
            let expected = if is_system { "/u".into() } else { system };
            assert_eq!(home(&variables), Some(expected));
        }
        variables[0].1 = "/nowhere";
        assert_eq!(home(&variables), Some("/u".into()));
        variables.push(("HOME", "/h"));
        assert_eq!(home(&variables), Some("/h".into()));
    }

    #[test]
    fn a_path_in_the_home_is_shown_with_a_tilde() {
        let shown = |home, path: &str| {
            let environment = Environment {
                home: Some(PathBuf::from(home)),
                ..Environment::default()
            };
            environment.display_path(Path::new(path))
        };
        assert_eq!(shown("/home/ann", "/home/ann/.gitconfig"), "~/.gitconfig");
        assert_eq!(shown("/home/ann", "/home/annex/x"), "/home/annex/x");
        assert_eq!(shown("/home/ann", ".git/config"), ".git/config");
        assert_eq!(shown("/", "/etc/gitconfig"), "/etc/gitconfig");
    }

    #[test]
    fn a_variable_set_to_nothing_is_not_set() {
        let found = environment(&[("HEROKU_API_KEY", ""), ("HOME", "")]);
        assert!(found.api_key.is_none() && found.home.is_none());
    }

    #[test]
    fn a_variable_that_git_reads_also_if_it_is_empty_is_set() {
        let names = ["GIT_CONFIG_GLOBAL", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY"];
        let found = environment(&names.map(|name| (name, "")));
        assert!(found.git_config_global.is_some());
        assert!(found.git_ssl_cainfo.is_some() && found.git_ssl_no_verify.is_some());
    }

    #[test]
    fn only_the_word_true_puts_netrc_before_the_keyring() {
        for (value, expected) in [("true", true), ("TRUE", true), ("1", false), ("yes", false)] {
            assert_eq!(
                environment(&[("HEROKU_NETRC_WRITE", value)]).netrc_before_keyring,
                expected
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_on_path_that_cannot_be_run_is_no_program() {
        use std::fs::{self, File, Permissions};
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let found = Environment {
            path: Some(dir.path().into()),
            ..Environment::default()
        };
        let program = dir.path().join("heroku");
        File::create_new(&program).unwrap();
        for (mode, expected) in [(0o644, false), (0o755, true)] {
            fs::set_permissions(&program, Permissions::from_mode(mode)).unwrap();
            assert_eq!(found.has_program("heroku"), expected, "{mode:o}");
        }
    }

    #[test]
    fn the_cli_data_directory_follows_the_order_of_the_cli() {
        let mut variables = vec![("HOME", "/h")];
        let dir = |variables: &[(&str, &str)]| environment(variables).heroku_cli_data_dir();
        assert_eq!(dir(&variables), Some("/h/.local/share/heroku".into()));
        variables.push(("LOCALAPPDATA", "/l"));
        assert_eq!(dir(&variables), Some("/l/heroku".into()));
        variables.push(("XDG_DATA_HOME", "/x"));
        assert_eq!(dir(&variables), Some("/x/heroku".into()));
        variables.push(("HEROKU_DATA_DIR", "/d"));
        assert_eq!(dir(&variables), Some("/d".into()));
        assert_eq!(dir(&[]), None);
    }

    #[test]
    fn dockers_configuration_is_where_docker_looks_for_it() {
        let file = |variables: &[(&str, &str)]| environment(variables).docker_config_file();
        assert_eq!(
            file(&[("HOME", "/h")]),
            Some("/h/.docker/config.json".into())
        );
        let named = [("HOME", "/h"), ("DOCKER_CONFIG", "/d")];
        assert_eq!(file(&named), Some("/d/config.json".into()));
        assert_eq!(file(&[]), None);
    }

    #[test]
    fn gits_file_is_where_git_looks_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let app_data = dir.path().join("Git/config");
        let mut environment = Environment {
            home: Some("/h".into()),
            app_data: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        let usual = Some(PathBuf::from("/h/.config/git/config"));
        assert_eq!(environment.xdg_file_of_git("config"), usual);
        std::fs::create_dir(dir.path().join("Git")).unwrap();
        std::fs::File::create_new(&app_data).unwrap();
        assert_eq!(environment.xdg_file_of_git("config"), Some(app_data));
        environment.xdg_config_home = Some("/x".into());
        let xdg = Some(PathBuf::from("/x/git/config"));
        assert_eq!(environment.xdg_file_of_git("config"), xdg);
    }

    #[test]
    fn an_error_names_the_mistake_around_a_token() {
        let token = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
        let key = |value: &str| environment(&[("HEROKU_API_KEY", value)]).api_key.unwrap();
        assert!(key(token).is_ok());
        for (value, mistake) in [
            (format!("\"{token}\""), NotAToken::Quoted),
            (format!("'{token}'"), NotAToken::Quoted),
            (format!("\"{token}\"\n"), NotAToken::Quoted),
            (format!("KEY_OF_ANN={token}"), NotAToken::Assignment),
            ("$TOKEN_OF_THE_PIPELINE".to_owned(), NotAToken::Variable),
            (
                "${{ secrets.TOKEN_OF_ANN }}".to_owned(),
                NotAToken::Variable,
            ),
        ] {
            assert_eq!(key(&value), Err(mistake), "{mistake}");
        }
    }

    #[test]
    fn an_invalid_limit_is_the_default() {
        let limit = |value| environment(&[("HEROKU_RS_TIMEOUT", value)]).keyring_limit;
        assert_eq!(limit("0.5"), Duration::from_millis(500));
        for value in ["0", "-1", "NaN", "inf", "1e99", "soon"] {
            assert_eq!(limit(value), Environment::KEYRING_LIMIT, "{value}");
        }
    }

    #[test]
    fn a_remote_environment_is_recognized_by_its_variables() {
        for (variables, place) in [
            (&[][..], None),
            (&[("CODESPACES", "true")], Some("a Codespace")),
            (&[("REMOTE_CONTAINERS", "true")], Some("a dev container")),
            (&[("SSH_TTY", "/dev/pts/0")], Some("an SSH session")),
        ] {
            assert_eq!(environment(variables).away, place);
        }
    }

    #[test]
    fn colours_need_a_terminal_that_knows_them() {
        let has_none = |variables: &[(&str, &str)]| environment(variables).no_color;
        assert!(has_none(&[("TERM", "dumb")]));
        assert!(has_none(&[("TERM", "xterm"), ("NO_COLOR", "1")]));
        assert!(!has_none(&[("TERM", "xterm")]));
        assert_eq!(has_none(&[]), cfg!(windows));
    }

    #[test]
    fn the_proxy_is_found_in_the_order_of_curl() {
        let mut variables = vec![("ALL_PROXY", "http://all")];
        let proxy = |variables: &[(&str, &str)]| {
            let found = environment(variables).https_proxy;
            found.map(|proxy| proxy.expose_secret().to_owned())
        };
        assert_eq!(proxy(&variables).unwrap(), "http://all");
        variables.push(("HTTPS_PROXY", "http://upper"));
        assert_eq!(proxy(&variables).unwrap(), "http://upper");
        variables.push(("https_proxy", "http://lower"));
        assert_eq!(proxy(&variables).unwrap(), "http://lower");
        assert_eq!(proxy(&[("http_proxy", "http://other")]), None);
    }

    #[test]
    fn every_secret_in_the_environment_is_found() {
        let token = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
        let found = environment(&[
            ("HEROKU_API_KEY", token),
            ("https_proxy", "http://ann:open-sesame@proxy:3128"),
        ]);
        let secrets = found.secrets();
        let secrets: Vec<&str> = secrets.iter().map(|secret| secret.as_str()).collect();
        assert_eq!(secrets, [token, "open-sesame"]);
        for address in ["proxy", "http://proxy:3128", "ann@proxy"] {
            assert_eq!(password_in(address), None, "{address}");
        }
        assert_eq!(password_in("ann:a@b@proxy"), Some("a@b"));
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let found = environment(&[
            (
                "HEROKU_API_KEY",
                "HRKU-01234567-89ab-cdef-0123-456789abcdef",
            ),
            ("https_proxy", "http://ann:open-sesame@proxy:3128"),
        ]);
        assert!(found.api_key.as_ref().unwrap().is_ok() && found.https_proxy.is_some());
        let shown = format!("{found:?}");
        assert!(!shown.contains("89ab") && !shown.contains("sesame"));
    }
}
