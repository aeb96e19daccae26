//! What the stories have put the program through, in numbers, for `contrib/trust`.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;

/// The file that takes the numbers, where they are wanted.
fn file() -> Option<OsString> {
    std::env::var_os("HEROKU_RS_COUNTS")
}

/// Whether a story is to leave nothing out: where its numbers are wanted, it takes its time.
pub(crate) fn is_thorough() -> bool {
    file().is_some()
}

/// Notes that a story has done this to the program so many times, and that all its promises held.
///
/// One line in the file that `HEROKU_RS_COUNTS` names, in one write, so that stories at once do not
/// mix; without the variable nothing is noted.
pub(crate) fn counted(what: &str, times: usize) {
    let Some(path) = file() else {
        return;
    };
    let story = std::thread::current();
    let story = story.name().unwrap_or_default();
    let line = format!("{what}\t{times}\t{story}\n");
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
