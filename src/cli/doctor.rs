//! The flags of `doctor`.

use clap::Args;

/// How much is looked at, and whether it is mended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs doctor
  git credential-heroku-rs doctor --fix           asks before each change
  git credential-heroku-rs doctor --fix --yes     for scripts
  git credential-heroku-rs doctor --json | jq -r '.checks[] | select(.severity == \"fail\").id'

The output holds no token, no email in full and no home path: it can be shown in public.
Exit code 1 where a check fails; warnings alone are 0.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Doctor {
    /// As JSON, in a shape that stays
    #[arg(long)]
    pub json: bool,
    /// Mend what can be mended safely; each change is shown first, with the way back
    #[arg(long)]
    pub fix: bool,
    /// With --fix: do not ask before each change
    #[arg(long, short, requires = "fix")]
    pub yes: bool,
    /// Ask nobody outside of this machine
    #[arg(long)]
    pub offline: bool,
}
