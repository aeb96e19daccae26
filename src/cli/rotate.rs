//! The flags of `rotate`.

use std::time::Duration;

use clap::Args;

use super::Lifetime;

/// Which tokens to replace, and when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs rotate
  git credential-heroku-rs rotate --all --if-expires-within 7d    # for a timer
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
    /// Rotate only tokens that expire within this time, such as 12h or 7d
    #[arg(long, value_name = "TIME", value_parser = margin)]
    pub if_expires_within: Option<Duration>,
    /// Lifetime of the new token: 8h, 30d, 1y or never [default: that of the old one]
    #[arg(long, value_name = "TIME", value_parser = Lifetime::parse)]
    pub expires_in: Option<Lifetime>,
    /// Show what would change, and change nothing
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
    fn a_margin_is_a_limited_time() {
        assert_eq!(margin("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["never", "", "7", "-1d"] {
            margin(text).unwrap_err();
        }
    }
}
