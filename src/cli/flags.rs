//! The flags of most commands, with their help and examples.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use clap_complete::Shell;

use super::Lifetime;

/// The flags of `logout`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs logout
  git credential-heroku-rs logout bob@example.com
  git credential-heroku-rs logout --all
  git credential-heroku-rs logout --keep")]
pub struct Logout {
    /// Account to log out [default: the active account]
    pub account: Option<String>,
    /// Log out all accounts on this machine
    #[arg(long, conflicts_with = "account")]
    pub all: bool,
    /// Keep the token valid: do not revoke it at Heroku
    #[arg(long)]
    pub keep: bool,
}

/// The flags of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs status
  git credential-heroku-rs status --offline
  git credential-heroku-rs status --json |
      jq -r '.accounts[] | select(.active).account'

Exit codes: 0 logged in, 1 Heroku rejected the active token, or none was found
and a source could not be read, 2 wrong usage, 4 not logged in, or no account
is active.")]
pub struct Status {
    /// Print JSON (stable format)
    #[arg(long)]
    pub json: bool,
    /// Do not contact Heroku
    #[arg(long)]
    pub offline: bool,
    /// Unlock the keyring if it is locked
    #[arg(long)]
    pub unlock: bool,
}

/// The account to make active.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs switch bob@example.com
  git credential-heroku-rs switch work")]
pub struct Switch {
    /// Email of the account, or its name in `heroku accounts`
    pub account: String,
}

/// The flags of `setup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs setup
  git credential-heroku-rs setup --local
  git credential-heroku-rs setup --docker
  git credential-heroku-rs unsetup

With the alias, `git heroku COMMAND` is `git credential-heroku-rs COMMAND`. On
a terminal, setup offers to add the alias.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Setup {
    /// Configure the current repository only
    #[arg(long)]
    pub local: bool,
    /// Configure docker, for registry.heroku.com, instead of git
    #[arg(long, conflicts_with = "local")]
    pub docker: bool,
    /// Add the alias `git heroku`, without asking
    #[arg(long, conflicts_with_all = ["local", "docker"])]
    pub alias: bool,
    /// Do not offer the alias `git heroku`
    #[arg(long, conflicts_with = "alias")]
    pub no_alias: bool,
    /// What happens without a flag; `git config` has this flag.
    #[arg(long, hide = true, conflicts_with_all = ["local", "docker"])]
    pub global: bool,
}

/// The flags of `unsetup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs unsetup
  git credential-heroku-rs unsetup --local
  git credential-heroku-rs unsetup --docker
  git credential-heroku-rs unsetup --all

Before you remove the program, run `unsetup --all`. It undoes `setup`,
`setup --docker` and, in this repository, `setup --local`. It removes the manual
and the files in ~/.local/state/git-credential-heroku-rs (on Windows in
%LOCALAPPDATA%\\git-credential-heroku-rs), unless a stored token or an
unfinished rotation needs them.
It removes no token: run `logout --all` for that.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Unsetup {
    /// Undo `setup --local` in the current repository
    #[arg(long)]
    pub local: bool,
    /// Undo `setup --docker`
    #[arg(long, conflicts_with = "local")]
    pub docker: bool,
    /// Undo all that this program wrote, except stored tokens and what they need
    #[arg(long, conflicts_with_all = ["local", "docker"])]
    pub all: bool,
    /// What happens without a flag; `git config` has this flag.
    #[arg(long, hide = true, conflicts_with_all = ["local", "docker", "all"])]
    pub global: bool,
}

/// What `doctor` checks, and whether it fixes problems.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs doctor
  git credential-heroku-rs doctor --fix
  git credential-heroku-rs doctor --fix --yes
  git credential-heroku-rs doctor --json |
      jq -r '.checks[] | select(.severity == \"fail\").id'

The output contains no token, no complete email and no path of your home, so
you can post it in public.

Exit codes: 0 no problem or only warnings, 1 a push would fail, 2 wrong usage.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Doctor {
    /// Print JSON (stable format)
    #[arg(long)]
    pub json: bool,
    /// Fix what can be fixed safely; show each change first, and how to undo it
    #[arg(long)]
    pub fix: bool,
    /// With --fix: do not ask for confirmation
    #[arg(long, short, requires = "fix")]
    pub yes: bool,
    /// Do not contact Heroku
    #[arg(long)]
    pub offline: bool,
}

/// Which token to print or check.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  printf 'Authorization: Bearer %s' \"$(git credential-heroku-rs token)\" |
      curl --header @- https://api.heroku.com/account \\
           --header 'Accept: application/vnd.heroku+json; version=3'
  git credential-heroku-rs token --check || git credential-heroku-rs login
  git credential-heroku-rs token --json | jq -r .expires

Exit codes: 0 done, 1 failed, 2 wrong usage, 4 not logged in, or no account is
active. With --check: 0 valid, 1 rejected or Heroku cannot be reached (see
.status in --json).")]
pub struct TokenArguments {
    /// Use this account [default: the active account]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Check whether Heroku accepts the token, and do not print the token
    #[arg(long)]
    pub check: bool,
    /// Print what is known about the token as JSON, without the token
    #[arg(long)]
    pub json: bool,
    /// With --json: print the token too
    #[arg(long, requires = "json")]
    pub show_token: bool,
}

/// The program that gets the token, and the variable that contains it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs exec -- terraform apply
  git credential-heroku-rs exec -- sh -c '
      printf \"Authorization: Bearer %s\" \"$HEROKU_API_KEY\" |
      curl --header @- https://api.heroku.com/account \\
           --header \"Accept: application/vnd.heroku+json; version=3\"'
  git credential-heroku-rs exec --env TF_VAR_heroku_key -- terraform plan

Exit codes: that of the program; 126 if it cannot be started, 127 if there is
no such program. Before it starts: 1 failed, 2 wrong usage, 4 not logged in, or
no account is active.")]
pub struct Exec {
    /// Use this account [default: the active account]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Environment variable to put the token in
    #[arg(long, value_name = "NAME", default_value = "HEROKU_API_KEY", value_parser = variable)]
    pub env: String,
    /// Program to run, and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_name = "CMD",
        value_hint = ValueHint::CommandWithArguments
    )]
    pub command: Vec<OsString>,
}

/// A name that every shell accepts.
fn variable(name: &str) -> Result<String, String> {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
        Ok(name.to_owned())
    } else {
        Err("not a valid variable name".to_owned())
    }
}

/// Which tokens to replace, and when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs rotate
  git credential-heroku-rs rotate --all --if-expires-within 7d
  git credential-heroku-rs rotate --expires-in 30d

You can stop `rotate` at any time: a token that works is always stored, and the
next run cleans up. While HEROKU_API_KEY is set, `rotate` replaces no token.")]
pub struct Rotate {
    /// Use this account [default: the active account]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Rotate the tokens of all accounts on this machine
    #[arg(long, conflicts_with = "account")]
    pub all: bool,
    /// Rotate only tokens that expire within this time: a number and s, m (minutes), h, d, w or y
    #[arg(long, value_name = "TIME", value_parser = margin)]
    pub if_expires_within: Option<Duration>,
    /// Lifetime of the new token, as for `login`: 8h, 30d, 1y or never [default: that of the old one]
    #[arg(long, value_name = "TIME", value_parser = Lifetime::parse)]
    pub expires_in: Option<Lifetime>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

fn margin(text: &str) -> Result<Duration, String> {
    match Lifetime::parse(text) {
        Ok(Lifetime(Some(seconds))) => Ok(Duration::from_secs(seconds)),
        Ok(Lifetime(None)) | Err(_) => {
            Err("give a number and s, m (minutes), h, d, w or y, such as 7d".to_owned())
        }
    }
}

/// The shell to complete in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs completions bash > \\
      ~/.local/share/bash-completion/completions/git-credential-heroku-rs
  git credential-heroku-rs completions zsh > ~/.zfunc/_git-credential-heroku-rs
  git credential-heroku-rs completions fish > \\
      ~/.config/fish/completions/git-credential-heroku-rs.fish
  git-credential-heroku-rs completions powershell |
      Out-String | Invoke-Expression

In bash, zsh and fish, both `git credential-heroku-rs` and
`git-credential-heroku-rs` are completed; in PowerShell and Elvish, only the
latter. For zsh, add `fpath=(~/.zfunc $fpath)` to ~/.zshrc before `compinit`.
For PowerShell, add the example to $PROFILE.")]
pub struct Completions {
    /// Shell to print the script for
    pub shell: Shell,
}

/// Where to write the pages.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs man --install
  git credential-heroku-rs man DIR
  git credential-heroku-rs man >heroku-rs.1 && man ./heroku-rs.1

After `man --install`, `git help credential-heroku-rs` opens the manual. git for
Windows opens only HTML help: use -h there.")]
pub struct Man {
    /// Install the pages in share/man/man1 next to the program's directory
    #[arg(long, conflicts_with = "dir")]
    pub install: bool,
    /// Directory to write a page for each command to [default: print the main page]
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_a_limited_time() {
        assert_eq!(margin("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["never", "", "7", "-1d"] {
            margin(text).unwrap_err();
        }
    }
}
