//! The user's home, where git and the Heroku CLI look for it.

use std::ffi::OsString;
use std::path::PathBuf;

/// `HOME`; on Windows also `HOMEDRIVE` with `HOMEPATH`, since a company's home may be on a drive of
/// its own, then `USERPROFILE`. A drive that does not exist is skipped, as git does it.
///
/// Source: git's `compat/mingw.c`, `setup_windows_environment`.
pub(super) fn find(set: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let on_a_drive = || {
        let mut home = set("HOMEDRIVE")?;
        home.push(set("HOMEPATH")?);
        Some(PathBuf::from(home)).filter(|home| home.is_dir())
    };
    set("HOME")
        .map(PathBuf::from)
        .or_else(on_a_drive)
        .or_else(|| set("USERPROFILE").map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_windows_is_where_git_looks_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = |variables: &[(&str, &str)]| {
            find(&|name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let (drive, path) = (dir.path().to_str().unwrap(), std::path::MAIN_SEPARATOR_STR);
        let mut variables = vec![("HOMEDRIVE", drive), ("USERPROFILE", "/u")];
        assert_eq!(home(&variables), Some("/u".into()));
        variables.push(("HOMEPATH", path));
        assert_eq!(home(&variables), Some(dir.path().into()));
        variables[0].1 = "/nowhere";
        assert_eq!(home(&variables), Some("/u".into()));
        variables.push(("HOME", "/h"));
        assert_eq!(home(&variables), Some("/h".into()));
    }
}
