//! The flags of `rotate`.

use std::time::Duration;

use clap::Args;

use super::Lifetime;

/// Whose token is replaced, and when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs rotate
  git credential-heroku-rs rotate --all --if-expires-within 7d    for a timer: quiet, and does
                                                      nothing while there is time
  git credential-heroku-rs rotate --expires-in 30d    the new token lives 30 days

It can be stopped at any moment: a token that works is in its place at every instant, and the next
run clears up. HEROKU_API_KEY is not touched: whoever set it has to set it anew.")]
pub struct Rotate {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Every account on this machine
    #[arg(long, conflicts_with = "account")]
    pub all: bool,
    /// Only where the token ends within this time, as 12h or 7d
    #[arg(long, value_name = "TIME", value_parser = margin)]
    pub if_expires_within: Option<Duration>,
    /// How long the new token lives, as 8h, 30d, 1y or never [default: as long as the old one did]
    #[arg(long, value_name = "TIME", value_parser = Lifetime::parse)]
    pub expires_in: Option<Lifetime>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

fn margin(text: &str) -> Result<Duration, String> {
    match Lifetime::parse(text) {
        Ok(Lifetime::Limited(time)) => Ok(time),
        Ok(Lifetime::Endless) | Err(_) => Err("give a time such as 12h or 7d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_a_time_and_not_for_ever() {
        assert_eq!(margin("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["never", "", "7", "-1d"] {
            margin(text).unwrap_err();
        }
    }
}
