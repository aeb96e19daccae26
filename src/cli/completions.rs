//! The flags of `completions`.

use clap::Args;
use clap_complete::Shell;

/// The shell to complete in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs completions bash > \\
      ~/.local/share/bash-completion/completions/git-credential-heroku-rs
  git credential-heroku-rs completions zsh > ~/.zfunc/_git-credential-heroku-rs
  git credential-heroku-rs completions fish > \\
      ~/.config/fish/completions/git-credential-heroku-rs.fish
  git credential-heroku-rs completions powershell >> $PROFILE

Each script completes both `git credential-heroku-rs` and
`git-credential-heroku-rs`. For zsh, add `fpath=(~/.zfunc $fpath)` to ~/.zshrc
before `compinit`.")]
pub struct Completions {
    /// Shell to print the script for
    pub shell: Shell,
}
