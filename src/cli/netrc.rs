//! The flags of `netrc`.

use clap::{Args, Subcommand};

/// What is done about netrc.
#[derive(Debug, Subcommand)]
pub enum Netrc {
    /// Move Heroku's token from netrc to the keyring
    Import(NetrcImport),
    /// Print netrc lines with the token, for `curl --netrc-file <(…)`
    Print(NetrcPrint),
    /// Remove Heroku's entries from netrc, and nothing else
    Clean(NetrcClean),
}

/// Which login is moved.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs netrc import --dry-run
  git credential-heroku-rs netrc import --yes")]
pub struct NetrcImport {
    /// The account, where netrc has several
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Whose lines are printed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  curl --netrc-file <(git credential-heroku-rs netrc print) \\
       -H 'Accept: application/vnd.heroku+json; version=3' https://api.heroku.com/account")]
pub struct NetrcPrint {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

/// How netrc is cleaned.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs netrc clean --dry-run
  git credential-heroku-rs netrc clean
  gpg --decrypt ~/.netrc.gpg | git credential-heroku-rs netrc clean - |
      gpg --encrypt --default-recipient-self >new.gpg")]
pub struct NetrcClean {
    /// Read a netrc from stdin, and write what is left of it to stdout
    #[arg(value_name = "-", value_parser = ["-"], conflicts_with = "dry_run")]
    pub stdin: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
