//! The flags of `completions`.

use clap::Args;
use clap_complete::Shell;

/// For which shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs completions bash > ~/.local/share/bash-completion/completions/git-credential-heroku-rs
  git credential-heroku-rs completions zsh > ~/.zfunc/_git-credential-heroku-rs
  git credential-heroku-rs completions fish > ~/.config/fish/completions/git-credential-heroku-rs.fish
  git credential-heroku-rs completions powershell >> $PROFILE

Each works behind `git credential-heroku-rs` and behind `git-credential-heroku-rs`; in zsh,
~/.zfunc has to be in fpath before compinit runs.")]
pub struct Completions {
    /// The shell that completes
    pub shell: Shell,
}
