//! The flags of `doctor`.

use clap::Args;

/// What `doctor` checks, and whether it fixes problems.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs doctor
  git credential-heroku-rs doctor --fix          # ask before each change
  git credential-heroku-rs doctor --fix --yes    # for scripts
  git credential-heroku-rs doctor --json |
      jq -r '.checks[] | select(.severity == \"fail\").id'

The output contains no token, no complete email and no path of your home, so
you can post it in public.

Exit codes: 0 no problem or only warnings, 1 a push would fail.")]
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
