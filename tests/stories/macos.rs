//! The program as it is on macOS, on Linux: built with the feature `security-tool`, it keeps its
//! tokens through a stand-in for `/usr/bin/security`, and so does the Heroku CLI beside it.
//!
//! `contrib/packages/try-macos` builds and runs this. Plain `cargo test` does not.
#![cfg(all(target_os = "linux", feature = "security-tool"))]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    dead_code,
    unused_imports,
    reason = "a story starts programs and fails loudly on purpose, and the world has more in it than these need"
)]

mod world;

mod macos {
    mod mac;

    mod any_token_and_account;
    mod ci_checks;
    mod dialogs;
    mod errors;
    mod one_item_for_both;
    mod programs_started;
}
