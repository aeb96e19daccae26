//! docker's `config.json`, which names the helper for a registry, and the name under which docker finds that
//! helper on `PATH`.
//!
//! docker rewrites the file at every login, so it is edited as docker edits it: as JSON, with the members in
//! their order. A file that cannot be parsed is not changed.

use std::env::consts::EXE_EXTENSION;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use serde::Serialize;
use serde_json::{Deserializer, Map, Serializer, Value};

use crate::docker_protocol::PROGRAM;
use crate::environment::Environment;
use crate::files::{self, Access};
use crate::hosts::{HerokuHost, Service};
use crate::notice::{Command, Notice};
use crate::secret_buf::SecretBuf;
use crate::subprocess::shim_target;

/// The value in `credHelpers` that makes docker start us.
const HELPER: &str = "heroku-rs";

/// This program's own name, to which the other one links.
const TARGET: &str = "git-credential-heroku-rs";

/// The largest file that is read, in bytes. A parsed file takes 70 times as much memory as its text.
const LARGEST: usize = 1024 * 1024;

/// What `set_up` did to docker's configuration.
#[derive(Debug, PartialEq, Eq)]
pub enum SetUp {
    /// Nothing: it named this helper already.
    AsItWas,
    /// It names this helper, and named no helper before.
    Added,
    /// It names this helper, and named that one before.
    Instead(String),
}

/// Makes docker use this helper for Heroku's registry, and for no other.
///
/// # Errors
/// Why the file was not changed.
pub fn set_up(file: &Path, environment: &Environment) -> Result<SetUp, Notice> {
    let mut done = SetUp::AsItWas;
    edit(file, environment, |bytes| {
        let (changed, did) = with_us(bytes)?;
        done = did;
        Ok(changed)
    })?;
    Ok(done)
}

/// The file's bytes with our name in them, or none if it is there already; and what that changes.
///
/// # Errors
/// Why they cannot be edited.
pub fn with_us(bytes: &[u8]) -> anyhow::Result<(Option<Vec<u8>>, SetUp)> {
    let mut config = read(bytes)?;
    let helpers = config.entry("credHelpers").or_insert(Value::Null);
    if helpers.is_null() {
        *helpers = Map::new().into();
    }
    let helpers = helpers
        .as_object_mut()
        .context("credHelpers is not an object")?;
    let done = match helpers.insert(registry(), HELPER.into()) {
        Some(Value::String(before)) if before == HELPER => return Ok((None, SetUp::AsItWas)),
        Some(Value::String(before)) => SetUp::Instead(before),
        Some(_) | None => SetUp::Added,
    };
    Ok((Some(written(&config, bytes)?), done))
}

/// Removes our name. Returns whether it was there.
///
/// # Errors
/// Why the file was not changed.
pub fn tear_down(file: &Path, environment: &Environment) -> Result<bool, Notice> {
    if file.exists() {
        edit(file, environment, without_us)
    } else {
        Ok(false)
    }
}

/// The file's bytes without our name; none if it was not there.
///
/// # Errors
/// Why they cannot be edited.
pub fn without_us(bytes: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    let mut config = read(bytes)?;
    let Some(Value::Object(helpers)) = config.get_mut("credHelpers") else {
        return Ok(None);
    };
    if helpers.get(&registry()).and_then(Value::as_str) != Some(HELPER) {
        return Ok(None);
    }
    helpers.shift_remove(&registry());
    if helpers.is_empty() {
        config.shift_remove("credHelpers");
    }
    written(&config, bytes).map(Some)
}

/// Whether the file contains a password for the registry, in base64: a `docker login` without a helper writes
/// it there. False if the file cannot be read: docker cannot read it either.
pub fn has_password(file: &Path) -> bool {
    let text = files::read(file, LARGEST).unwrap_or_default();
    let config = read(&text).unwrap_or_default();
    let entry = config.get("auths").and_then(|auths| auths.get(registry()));
    let auth = entry.and_then(|entry| entry.get("auth")?.as_str());
    auth.is_some_and(|auth| !auth.is_empty())
}

fn registry() -> String {
    HerokuHost::production(Service::Registry).name().to_owned()
}

fn edit(
    file: &Path,
    environment: &Environment,
    change: impl FnMut(&[u8]) -> anyhow::Result<Option<Vec<u8>>>,
) -> Result<bool, Notice> {
    let edited = files::edit(file, Access::Unchanged, change);
    edited.map_err(|why| match why.downcast() {
        Ok(why) => files::not_changed(file, &why, environment),
        Err(why) => Notice::new(
            format!("{} was not changed: {why}", environment.display_path(file)),
            "fix the file, then run the command again",
        ),
    })
}

/// The file's outermost object; an empty file is an empty one.
fn read(bytes: &[u8]) -> anyhow::Result<Map<String, Value>> {
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Ok(Map::new());
    }
    ensure!(text.len() <= LARGEST, "it is larger than 1 MiB");
    let config: Map<String, Value> = serde_json::from_slice(text)
        .map_err(|error| anyhow!("line {} is not valid JSON", error.line()))?;
    // Of two members with the same name, `config` has one, and the other one would be lost when the file is written.
    let (mut whole, mut kept) = (SecretBuf::default(), SecretBuf::default());
    serde_transcode::transcode(
        &mut Deserializer::from_slice(text),
        &mut Serializer::new(&mut whole),
    )?;
    serde_json::to_writer(&mut kept, &config)?;
    ensure!(*whole == *kept, "it repeats a name");
    Ok(config)
}

/// The file's new bytes, indented as it was; a file of one line is written as docker writes it.
fn written(config: &Map<String, Value>, before: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut lines = before.split(|byte| *byte == b'\n');
    let second = lines.nth(1).unwrap_or_default();
    // Nothing else: another blank is no JSON, and before a line break it is no indentation.
    let rest = second.trim_ascii_start();
    let indent = &second[..second.len() - rest.len()];
    let is_plain = indent.iter().all(|byte| b" \t".contains(byte));
    let indent = if is_plain && !indent.is_empty() && !rest.is_empty() {
        indent
    } else {
        b"\t"
    };
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, formatter);
    config.serialize(&mut serializer)?;
    if before.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Makes docker find this program, by a second name beside the first one on `PATH`, and updates an old copy. Returns the
/// name that was written; none if nothing had to be.
///
/// # Errors
/// The command that creates it. `program` is this program's own path.
pub fn name_for_docker(
    environment: &Environment,
    program: &Path,
) -> Result<Option<PathBuf>, Command> {
    let found = environment.programs(PROGRAM).next();
    if found.as_ref().is_some_and(|name| !is_outdated(name)) {
        return Ok(None);
    }
    let dir = environment.dir_of_program(TARGET);
    let name = dir.map(|dir| dir.join(PROGRAM).with_extension(EXE_EXTENSION));
    match found.or(name) {
        Some(name) if second_name(&name).is_ok() => Ok(Some(name)),
        _ => Err(naming_command(program)),
    }
}

/// Removes the second name if it links to this program. Returns its path if it was removed.
///
/// In `/usr/bin` it belongs to a package, which removes it.
pub fn forget_name(environment: &Environment) -> Option<PathBuf> {
    let name = environment.programs(PROGRAM).next()?;
    // A launcher of Scoop's leads to this program too, and Scoop removes it.
    if is_in_usr_bin(&name) || shim_target(&name).is_some() {
        return None;
    }
    let removed = leads_to_us(&name) && std::fs::remove_file(&name).is_ok();
    removed.then_some(name)
}

/// Also if `PATH` has it by another name: often `/bin` is a link to it.
fn is_in_usr_bin(name: &Path) -> bool {
    let dir = files::dir_of(name).canonicalize();
    dir.is_ok_and(|dir| dir == Path::new("/usr/bin"))
}

// The second name is a link. On Windows it is a copy, since a symbolic link needs a privilege there, and a hard
// link cannot be removed while the program runs.

#[cfg(unix)]
fn second_name(name: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(TARGET, name)
}

/// A link is always up to date.
#[cfg(unix)]
fn is_outdated(_: &Path) -> bool {
    false
}

#[cfg(not(unix))]
fn second_name(name: &Path) -> io::Result<()> {
    std::fs::copy(beside(name), name).map(drop)
}

/// Whether this is a copy of an older version.
#[cfg(not(unix))]
fn is_outdated(name: &Path) -> bool {
    const LARGEST: usize = 64 * 1024 * 1024;
    let read = |path: &Path| files::read(path, LARGEST);
    let is_copy = leads_to_us(name) && shim_target(name).is_none();
    is_copy && matches!((read(&beside(name)), read(name)), (Ok(new), Ok(old)) if *new != *old)
}

#[cfg(unix)]
fn leads_to_us(name: &Path) -> bool {
    std::fs::read_link(name).is_ok_and(|target| target == Path::new(TARGET))
}

/// A copy of an older version is not equal to this program, so its directory decides.
#[cfg(not(unix))]
fn leads_to_us(name: &Path) -> bool {
    beside(name).is_file()
}

#[cfg(not(unix))]
fn beside(name: &Path) -> PathBuf {
    name.with_file_name(TARGET).with_extension(EXE_EXTENSION)
}

#[cfg(unix)]
fn naming_command(program: &Path) -> Command {
    // A new Mac has no such directory.
    let link = Command::new(if cfg!(target_os = "macos") {
        "sudo mkdir -p /usr/local/bin && sudo ln -sf"
    } else {
        "sudo ln -sf"
    });
    let link = link.path(program, None);
    link.then("/usr/local/bin/docker-credential-heroku-rs")
}

/// The only folder of a user that Windows itself puts on `PATH`.
#[cfg(not(unix))]
fn naming_command(program: &Path) -> Command {
    let copy = Command::new("cmd /c copy").path(program, None);
    copy.then(r#""%LOCALAPPDATA%\Microsoft\WindowsApps\docker-credential-heroku-rs.exe""#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The contents of a `config.json` after a change.
    fn edited<T>(
        before: &str,
        change: impl Fn(&Path, &Environment) -> Result<T, Notice>,
    ) -> (String, T) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        files::replace(&file, before.as_bytes()).unwrap();
        let done = change(&file, &Environment::default()).unwrap();
        (fs::read_to_string(&file).unwrap(), done)
    }

    const AS_DOCKER_WRITES: &str =
        "{\n\t\"auths\": {\n\t\t\"z.example\": {}\n\t},\n\t\"credsStore\": \"pass\"\n}";

    #[test]
    fn a_repeated_name_is_not_lost() {
        let both = br#"{"auths": {"a": {}}, "auths": {"b": {}}}"#;
        let why = with_us(both).unwrap_err();
        assert_eq!(why.to_string(), "it repeats a name");
        let below = br#"{"auths": {"a": {"auth": "x", "auth": "y"}}}"#;
        without_us(below).unwrap_err();
        let in_a_list = br#"[{"a": [{"b": 1, "b": 2}]}]"#;
        with_us(&[b"{\"plugins\": ", in_a_list.as_slice(), b"}"].concat()).unwrap_err();
        with_us(br#"{"a\":": "::\"", "b": [{"c": {}, "d": ":"}]}"#).unwrap();
    }

    #[test]
    fn null_helpers_count_as_an_empty_list() {
        let (changed, done) = with_us(br#"{"credHelpers": null}"#).unwrap();
        assert_eq!(done, SetUp::Added);
        let text = String::from_utf8(changed.unwrap()).unwrap();
        assert!(
            text.contains("\"registry.heroku.com\": \"heroku-rs\""),
            "{text}"
        );
    }

    #[test]
    #[cfg(unix)]
    fn the_file_mode_stays_and_reading_creates_no_directory() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".docker/config.json");
        assert!(!has_password(&file));
        assert!(!home.path().join(".docker").exists());
        files::replace(&file, b"{}").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        set_up(&file, &Environment::default()).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[test]
    fn our_helper_is_added_and_every_other_member_stays_in_its_place() {
        let (after, done) = edited(AS_DOCKER_WRITES, set_up);
        assert_eq!(done, SetUp::Added);
        let ours = ",\n\t\"credHelpers\": {\n\t\t\"registry.heroku.com\": \"heroku-rs\"\n\t}\n}";
        assert_eq!(
            after,
            AS_DOCKER_WRITES.trim_end_matches("\n}").to_owned() + ours
        );
        let (again, done) = edited(&after, set_up);
        assert_eq!((again, done), (after.clone(), SetUp::AsItWas));
        assert_eq!(
            edited(&after, tear_down),
            (AS_DOCKER_WRITES.to_owned(), true)
        );
    }

    #[test]
    fn the_indentation_and_the_last_line_break_of_the_file_stay() {
        let spaces = AS_DOCKER_WRITES.replace('\t', "    ") + "\n";
        let (after, _) = edited(&spaces, set_up);
        assert!(after.contains("\n        \"registry.heroku.com\": \"heroku-rs\"\n    }\n}\n"));
        assert_eq!(edited(&after, tear_down).0, spaces);
    }

    #[test]
    fn a_blank_second_line_is_not_an_indentation() {
        for blank in ["\r\n", "\n", "  \r\n"] {
            let before = format!("{{\r\n{blank}  \"auths\": {{}}\r\n}}");
            let (after, _) = edited(&before, set_up);
            let ours = "\n\t\"credHelpers\": {\n\t\t\"registry.heroku.com\": \"heroku-rs\"\n\t}\n}";
            assert!(after.ends_with(ours), "{after:?}");
        }
        // JSON knows no form feed: as an indentation it would be an error.
        for before in ["\n\u{c}", "\n\t\u{c}\t{}"] {
            let (after, _) = edited(before, set_up);
            assert!(after.starts_with("{\n\t\""), "{after:?}");
        }
    }

    #[test]
    fn other_registries_and_other_helpers_are_not_changed() {
        let others = r#"{"credHelpers": {"gcr.io": "gcloud", "registry.heroku.com": "pass"}}"#;
        let (after, removed) = edited(others, tear_down);
        assert_eq!((after.as_str(), removed), (others, false));
        let (after, done) = edited(others, set_up);
        assert_eq!(done, SetUp::Instead("pass".to_owned()));
        let (after, _) = edited(&after, tear_down);
        let left: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(
            left,
            serde_json::json!({"credHelpers": {"gcr.io": "gcloud"}})
        );
    }

    #[test]
    fn an_unreadable_file_is_not_changed() {
        for text in [
            "{\n\"a\": 1,\n}",
            "[]",
            "{\"credHelpers\": [\"x\"]}",
            "\u{feff}{}",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("config.json");
            files::replace(&file, text.as_bytes()).unwrap();
            let environment = Environment {
                home: Some(dir.path().to_owned()),
                ..Environment::default()
            };
            let notice = set_up(&file, &environment).unwrap_err();
            let what = notice.what();
            assert!(
                what.starts_with("~/config.json was not changed: "),
                "{what}"
            );
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn a_password_of_an_earlier_login_is_found() {
        let has = |entry: &str| {
            let text = format!("{{\"auths\": {{\"registry.heroku.com\": {entry}}}}}");
            edited(&text, |file, _| Ok(has_password(file))).1
        };
        assert!(has(r#"{"auth": "XzpI"}"#));
        assert!(!has("{}") && !has(r#"{"auth": ""}"#));
        assert!(!edited("", |file, _| Ok(has_password(file))).1);
    }

    fn create_program(path: &Path, contents: &[u8]) {
        files::replace(path, contents).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn only_our_own_link_is_created_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(TARGET).with_extension(EXE_EXTENSION);
        let name = dir.path().join(PROGRAM).with_extension(EXE_EXTENSION);
        let environment = Environment {
            path: Some(dir.path().into()),
            ..Environment::default()
        };
        let stranger = Path::new("x");
        create_program(&name, b"another program");
        assert_eq!(name_for_docker(&environment, stranger), Ok(None));
        assert_eq!(forget_name(&environment), None);
        fs::remove_file(&name).unwrap();
        create_program(&program, b"us");
        let created = Ok(Some(name.clone()));
        assert_eq!(name_for_docker(&environment, stranger), created);
        assert_eq!(fs::read(&name).unwrap(), b"us");
        assert_eq!(forget_name(&environment), Some(name.clone()));
        assert!(!name.exists() && program.exists());
    }

    #[test]
    fn a_launcher_of_scoop_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(TARGET).with_extension(EXE_EXTENSION);
        let name = dir.path().join(PROGRAM).with_extension(EXE_EXTENSION);
        create_program(&program, b"launcher");
        second_name(&name).unwrap();
        let shim = name.with_extension("shim");
        files::replace(&shim, b"path = \"C:\\apps\\x.exe\"").unwrap();
        let environment = Environment {
            path: Some(dir.path().into()),
            ..Environment::default()
        };
        assert_eq!(forget_name(&environment), None);
        fs::remove_file(&shim).unwrap();
        assert_eq!(forget_name(&environment), Some(name));
    }

    #[test]
    #[cfg(not(unix))]
    fn a_copy_of_an_older_version_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(TARGET).with_extension(EXE_EXTENSION);
        let name = dir.path().join(PROGRAM).with_extension(EXE_EXTENSION);
        files::replace(&program, b"new").unwrap();
        files::replace(&name, b"old").unwrap();
        let environment = Environment {
            path: Some(dir.path().into()),
            ..Environment::default()
        };
        let named = || name_for_docker(&environment, Path::new("x"));
        assert_eq!(named(), Ok(Some(name.clone())));
        assert_eq!(fs::read(&name).unwrap(), b"new");
        assert_eq!(named(), Ok(None));
    }

    #[cfg(unix)]
    #[test]
    fn a_packages_name_is_known_by_any_name_of_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/usr/bin", dir.path().join("link")).unwrap();
        assert!(is_in_usr_bin(Path::new("/usr/bin/x")));
        assert!(is_in_usr_bin(&dir.path().join("link/x")));
        assert!(!is_in_usr_bin(&dir.path().join("x")));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_outside_path_is_named_by_its_full_path() {
        let mkdir = if cfg!(target_os = "macos") {
            "sudo mkdir -p /usr/local/bin && "
        } else {
            ""
        };
        let wanted =
            format!("{mkdir}sudo ln -sf /opt/x /usr/local/bin/docker-credential-heroku-rs");
        let found = name_for_docker(&Environment::default(), Path::new("/opt/x"));
        let fix = crate::notice::Fix::from(found.unwrap_err());
        assert_eq!(fix.command_line(), Some(wanted.as_str()));
    }
}
