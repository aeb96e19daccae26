//! The flags of `man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Where the pages go.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs man --install      for `man` and `git help credential-heroku-rs`
  git credential-heroku-rs man DIR            for a package
  git credential-heroku-rs man | man -l -     to read the main page once")]
pub struct Man {
    /// Write the pages to where man finds them: share/man/man1 next to the program's directory
    #[arg(long, conflicts_with = "dir")]
    pub install: bool,
    /// The directory that gets a page for each command [default: the main page, on stdout]
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
