//! Stories about what the system allows to nobody but root: told by somebody who is not.

use std::process::Command;

/// The user and the group that own nothing.
const NOBODY: &str = "65534";

/// Tells a story as a user without power over other programs: where root runs the tests, by this
/// test binary once more, as nobody.
pub(crate) fn as_a_user(story: impl FnOnce()) {
    if !rustix::process::geteuid().is_root() {
        return story();
    }
    // The thread of a test has the test's name.
    let test = std::thread::current();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
    command.arg(std::env::current_exe().unwrap());
    command
        .args(["--exact", test.name().unwrap()])
        .env_remove("HEROKU_RS_COUNTS");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("test result: ok. 1 passed"),
        "as nobody, who has to be able to read the programs that are tested:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
