use std::fs;
use std::path::Path;
use std::slice;

use proptest::prelude::*;

use super::*;

const OURS: &str = "[credential \"https://git.heroku.com\"]\n\thelper =\n\thelper = heroku-rs\n";

/// A helper that the user wrote.
const WITH_A_VARIABLE: &str = "!HEROKU_RS_TIMEOUT=10 git-credential-heroku-rs";

/// An entry for our key.
fn entry(value: &str) -> Entry {
    (HEROKU_HELPER.to_owned(), value.to_owned())
}

fn removed(text: &str) -> String {
    String::from_utf8(HELPER.removed_from(text.as_bytes()).0).unwrap()
}

#[test]
fn only_our_lines_are_removed() {
    let user = "[user]\n\tname = Ann # me\n\n";
    let header = "[credential \"https://git.heroku.com\"]\n";
    for (text, left) in [
        ("", ""),
        (OURS, ""),
        (&[user, OURS].concat(), user),
        (&[OURS, user].concat(), user),
        (&[OURS, OURS].concat(), ""),
        // The header stays if the section contains more.
        (
            &[OURS, "\tusername = ann\n"].concat(),
            &[header, "\tusername = ann\n"].concat(),
        ),
        (
            &[OURS, "\t# mine\n"].concat(),
            &[header, "\t# mine\n"].concat(),
        ),
        (&[OURS, "\n\n", user].concat(), &["\n\n", user].concat()),
        (
            &[
                header,
                "\thelper = store\n",
                "\thelper =\n\thelper = heroku-rs\n",
            ]
            .concat(),
            &[header, "\thelper = store\n"].concat(),
        ),
        // The same lines as git, the Heroku CLI and other systems write them.
        (&OURS.replace("helper =\n", "helper = \n"), ""),
        (&OURS.replace('\n', "\r\n"), ""),
        (
            &["\u{feff}", OURS, user].concat(),
            &["\u{feff}", user].concat(),
        ),
        (&OURS.replace("helper =\n", "helper = \"\"\n"), ""),
        (
            &OURS.replace("heroku-rs", "\"!'/a b/git-credential-heroku-rs'\""),
            "",
        ),
        (
            &OURS.replace("heroku-rs", "/gone/git-credential-heroku-rs"),
            "",
        ),
    ] {
        assert_eq!(removed(text), left, "{text}");
    }
}

#[test]
fn lines_in_another_form_stay() {
    for text in [
        &OURS.replace("heroku-rs", "store"),
        &OURS.replace("heroku-rs", "git-credential-heroku-rs"),
        &OURS.replace("heroku-rs", "heroku-rs # mine"),
        &OURS.replace("heroku-rs", "heroku-rs --verbose"),
        &OURS.replace("heroku-rs", &format!("\"{WITH_A_VARIABLE}\"")),
        &OURS.replace("heroku-rs", "!git-credential-heroku-rs"),
        &OURS.replace("heroku-rs", "!~/bin/git-credential-heroku-rs"),
        &OURS.replace("heroku-rs", "!/gone/git-credential-heroku-rs"),
        &OURS.replace("heroku-rs", "!'/a b/git-credential-heroku-rs' --verbose"),
        &OURS.replace("heroku-rs", "!'gone in/git-credential-heroku-rs'"),
        &OURS.replace("helper =\n", "helper = # reset\n"),
        &OURS.replace("helper =\n", "helper =\n\tusername = ann\n"),
        &OURS.replace("\thelper =\n", ""),
        &OURS.replace("git.heroku.com", "heroku.com"),
        &OURS.replace(" \"https://git.heroku.com\"", ""),
        "[credential \"https://git.heroku.com\"] helper =\n\thelper = heroku-rs\n",
        "\thelper =\n\thelper = heroku-rs\n",
        "[credential \"https://git.heroku.com\"]\n",
    ] {
        assert_eq!(removed(text), *text);
    }
}

#[test]
fn a_pair_is_last_if_nothing_after_it_can_add_a_helper() {
    let ours = [entry(""), entry("heroku-rs")];
    let behind = |key: &str| {
        let other = (key.to_owned(), "x".to_owned());
        is_last(&[&ours[..], slice::from_ref(&other)].concat(), "heroku-rs")
    };
    assert!(is_last(&ours, "heroku-rs"));
    assert!(!is_last(&ours, "/bin/git-credential-heroku-rs"));
    assert!(!is_last(&ours[1..], "heroku-rs"));
    let users = [entry(""), entry(WITH_A_VARIABLE)];
    assert!(is_last(&users, "heroku-rs"));
    assert!(!is_last(&users[1..], "heroku-rs"));
    assert!(!is_last(
        &[&users[..], &[entry("store")]].concat(),
        "heroku-rs"
    ));
    assert!(!is_last(&[entry(""), entry("store")], "heroku-rs"));
    for key in [
        "user.name",
        "credential.https://github.com.helper",
        "credential.username",
    ] {
        assert!(behind(key), "{key}");
    }
    for key in [
        "credential.helper",
        "credential.https://.helper",
        "credential..helper",
        "credential.https://bob@git.heroku.com/app.git.helper",
        "credential.https://git.heroku.com.helper",
        "include.path",
        "includeif.gitdir:~/clients/.path",
    ] {
        assert!(!behind(key), "{key}");
    }
}

#[test]
fn git_reads_the_old_entries_or_the_change_is_refused() {
    let other = ("user.name".to_owned(), "Ann".to_owned());
    let ours = [entry(""), entry("heroku-rs")];
    let moved = [entry(""), entry("/gone/git-credential-heroku-rs")];
    let list = |parts: &[&[Entry]]| parts.concat();
    let before = list(&[&moved, slice::from_ref(&other), &ours]);
    for kept in [
        before.clone(),
        vec![other.clone()],
        list(&[slice::from_ref(&other), &ours]),
        list(&[&moved, slice::from_ref(&other)]),
    ] {
        assert!(HELPER.is_removed(&before, &kept), "{kept:?}");
    }
    for kept in [
        vec![],
        vec![other.clone(), other.clone()],
        vec![other.clone(), entry("heroku-rs")],
        list(&[&ours, slice::from_ref(&other)]),
        list(&[&before, slice::from_ref(&other)]),
    ] {
        assert!(!HELPER.is_removed(&before, &kept), "{kept:?}");
    }
}

#[test]
fn a_path_with_a_space_is_quoted_for_the_shell() {
    let value = |path: &str| helper_value(None, Path::new(path), false).unwrap();
    assert_eq!(value("/opt/bin/x"), "/opt/bin/x");
    assert_eq!(value("/a b/it's"), r"!'/a b/it'\''s'");
}

#[cfg(unix)]
#[test]
fn a_program_on_path_is_named_except_where_only_terminals_have_its_directory() {
    for (found, is_macos, expected) in [
        (
            "/opt/homebrew/bin/git-credential-heroku-rs",
            false,
            OUR_NAME,
        ),
        (
            "/opt/homebrew/bin/git-credential-heroku-rs",
            true,
            "/opt/homebrew/bin/git-credential-heroku-rs",
        ),
        ("/usr/bin/git-credential-heroku-rs", true, OUR_NAME),
        ("bin/git-credential-heroku-rs", true, OUR_NAME),
    ] {
        let program =
            Path::new("/opt/homebrew/Cellar/heroku-rs/0.1.0/bin/git-credential-heroku-rs");
        let value = helper_value(Some(Path::new(found)), program, is_macos).unwrap();
        assert_eq!(value, expected);
        assert!(is_our_helper(&value), "{value}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_git_would_read_differently_has_no_value() {
    use std::os::unix::ffi::OsStrExt;
    let value = |path: &[u8]| helper_value(None, Path::new(OsStr::from_bytes(path)), false);
    assert_eq!(value(br"/a\b/x").unwrap(), r"!'/a\b/x'");
    assert_eq!(value(b"/a\xff/x"), None);
    assert_eq!(value(b"/a\nb/x"), None);
}

/// A git with this home and no other configuration of the user.
fn world(home: &Path) -> (Git, Environment) {
    #[expect(clippy::disallowed_methods, reason = "the git that is installed")]
    let path = std::env::var_os("PATH");
    let environment = Environment {
        home: Some(home.to_owned()),
        path,
        ..Environment::default()
    };
    (Git::new(&environment), environment)
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_changed_is_reported_with_a_fix_that_fits() {
    let home = tempfile::tempdir().unwrap();
    let (_, environment) = world(home.path());
    let usual = config(home.path(), "");
    let file = |path: &Path| ConfigFile {
        added: Some(Section {
            addition: &HELPER,
            values: &["", "heroku-rs"],
        }),
        ..ConfigFile::new(Scope::Global, path, &environment).unwrap()
    };
    let fix =
        |file: ConfigFile<'_>, kind: ErrorKind| file.unchanged(&kind.into()).fix().to_string();
    let add = "in a file that git reads, add to credential.https://git.heroku.com.helper: \
        an empty value, then heroku-rs";
    let space = "free some space, then run the command again";
    let look = format!("check: ls -ld {} ~/.gitconfig", home.path().display());
    let linked = home.path().join("linked");
    std::os::unix::fs::symlink(&usual, &linked).unwrap();
    for (path, kind, expected) in [
        (&usual, ErrorKind::StorageFull, space),
        (&usual, ErrorKind::ReadOnlyFilesystem, add),
        (&usual, ErrorKind::ResourceBusy, add),
        (&usual, ErrorKind::PermissionDenied, &look),
        (&linked, ErrorKind::PermissionDenied, add),
    ] {
        assert_eq!(fix(file(path), kind), expected, "{kind}");
    }
    let removal = ConfigFile {
        added: None,
        ..file(&usual)
    };
    let edit = "edit the file: ${EDITOR:-vi} ~/.gitconfig";
    assert_eq!(fix(removal, ErrorKind::ResourceBusy), edit);
    assert_eq!(
        file(&usual).unreadable().to_string(),
        "~/.gitconfig cannot be read: permission denied\n  \
         change its owner and permissions: \
         sudo chown \"$(id -u)\" ~/.gitconfig && chmod u+rwX ~/.gitconfig"
    );
}

/// The user's `~/.gitconfig`, with this text.
#[cfg(unix)]
fn config(home: &Path, text: &str) -> PathBuf {
    let file = home.join(".gitconfig");
    files::replace(&file, text.as_bytes()).unwrap();
    file
}

#[cfg(unix)]
#[test]
fn the_alias_is_added_and_removed_without_a_change_to_other_lines() {
    let ours = "[alias]\n\theroku = credential-heroku-rs\n";
    for theirs in [
        "",
        "[alias]\n",
        "[alias] # my aliases\n\t; none yet\n[core]\n\teditor = vi\n",
        "[alias]\n\tst = status\n",
    ] {
        let home = tempfile::tempdir().unwrap();
        let (git, environment) = world(home.path());
        let file = config(home.path(), theirs);
        assert_eq!(git.alias_state(&environment), Ok(AliasState::Unset));
        git.add_alias(&environment).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), [theirs, ours].concat());
        assert_eq!(git.alias_state(&environment), Ok(AliasState::Ours));
        assert!(
            git.tear_down(&ALIAS, Scope::Global, &file, &environment)
                .unwrap()
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
    }
}

/// Also if a variable hides the file from git, as another home does here.
#[cfg(unix)]
#[test]
fn an_alias_of_the_user_is_neither_replaced_nor_removed() {
    let theirs = "[alias]\n\theroku = !heroku-deploy --my-flags\n";
    let (home, another) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = config(home.path(), theirs);
    let (git, environment) = world(home.path());
    for git in [git, world(another.path()).0] {
        assert_eq!(git.alias_state(&environment), Ok(AliasState::Taken));
        git.add_alias(&environment).unwrap();
        let removed = git.tear_down(&ALIAS, Scope::Global, &file, &environment);
        assert_eq!(removed, Ok(false));
        assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
    }
}

/// Pieces of a configuration file, some of them invalid.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(OURS.to_owned()),
        2 => Just("[user]\n\tname = Ann\n".to_owned()),
        1 => Just("[credential]\n\thelper = store\n".to_owned()),
        1 => Just("[include]\n\tpath = more\n".to_owned()),
        1 => Just("[credential \"https://git.heroku.com\"]\n".to_owned()),
        1 => Just("\thelper =\n".to_owned()),
        1 => Just("\thelper = heroku-rs\n".to_owned()),
        1 => Just("[alias]\n\tst = \"!x \\\n".to_owned()),
        2 => "[ \\t]{0,2}(helper|name)[ =]{0,3}[a-z \"#;\\\\]{0,8}\n?",
        1 => "[#;\\[\\]\\\\\" =a\r\n\t]{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    /// For any file: either nothing changes, or git reads the old entries without our pairs and then our new pair.
    /// `tear_down` removes exactly what `set_up` added.
    #[test]
    fn setup_and_unsetup_keep_other_settings(pieces in proptest::collection::vec(piece(), 0..6)) {
        let home = tempfile::tempdir().unwrap();
        let (git, environment) = world(home.path());
        let file = home.path().join(".gitconfig");
        let text = pieces.concat();
        std::io::Write::write_all(&mut fs::File::create_new(&file).unwrap(), text.as_bytes()).unwrap();
        let before = git.entries(&file);
        let done = git.set_up(Scope::Global, "heroku-rs", &environment);
        let new = fs::read_to_string(&file).unwrap();
        prop_assert!(!home.path().join(".gitconfig.lock").exists());
        if done != Ok(true) {
            prop_assert_eq!(&new, &text);
            return Ok(());
        }
        let before = before.unwrap();
        let after = git.entries(&file).unwrap();
        let kept = after.strip_suffix(&[entry(""), entry("heroku-rs")][..]);
        prop_assert!(HELPER.is_removed(&before, kept.unwrap()));
        let again = git.set_up(Scope::Global, "heroku-rs", &environment);
        prop_assert!(!again.unwrap());
        prop_assert!(git.tear_down(&HELPER, Scope::Global, &file, &environment).unwrap());
        let left = fs::read_to_string(&file).unwrap();
        prop_assert_eq!(&left, &removed(&new));
        if !text.contains("helper =") && text.ends_with('\n') {
            prop_assert_eq!(left, text);
        }
    }
}
