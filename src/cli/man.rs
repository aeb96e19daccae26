//! The flags of `man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Where to write the pages.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs man --install   # for `git help credential-heroku-rs`
  git credential-heroku-rs man DIR         # for a package
  git credential-heroku-rs man | man -l -  # read the main page once")]
pub struct Man {
    /// Install the pages in share/man/man1 next to the program's directory
    #[arg(long, conflicts_with = "dir")]
    pub install: bool,
    /// Directory to write a page for each command to [default: print the main page]
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
