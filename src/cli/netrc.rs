//! The flags of `netrc`.

use clap::{Args, Subcommand};

/// The commands below `netrc`.
#[derive(Debug, Subcommand)]
pub enum Netrc {
    /// Move the Heroku token from netrc to the keyring
    Import(NetrcImport),
    /// Print netrc lines with the token, for `curl --netrc-file <(...)`
    Print(NetrcPrint),
    /// Remove the Heroku entries from netrc; other entries stay
    Clean(NetrcClean),
}

/// The flags of `netrc import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs netrc import --dry-run
  git credential-heroku-rs netrc import --yes")]
pub struct NetrcImport {
    /// Account to move [default: the first one in netrc]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// The flags of `netrc print`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  curl --netrc-file <(git credential-heroku-rs netrc print) \\
       -H 'Accept: application/vnd.heroku+json; version=3' \\
       https://api.heroku.com/account

`<(...)` works in bash and zsh. In fish, write
`(git credential-heroku-rs netrc print | psub --fifo)`.")]
pub struct NetrcPrint {
    /// Use this account [default: the active account]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

/// The flags of `netrc clean`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs netrc clean --dry-run
  git credential-heroku-rs netrc clean
  gpg --decrypt ~/.netrc.gpg | git credential-heroku-rs netrc clean - |
      gpg --encrypt --default-recipient-self >new.gpg")]
pub struct NetrcClean {
    /// Read a netrc from stdin, and print it without the Heroku entries
    #[arg(value_name = "-", value_parser = ["-"], hide_possible_values = true, conflicts_with = "dry_run")]
    pub stdin: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
