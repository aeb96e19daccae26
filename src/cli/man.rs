//! The flags of `man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Where the pages go.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs man ~/.local/share/man/man1    and `git help credential-heroku-rs` works
  git credential-heroku-rs man | man -l -                 to read it once")]
pub struct Man {
    /// The directory that gets a page for each command [default: the main page, on stdout]
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
