//! The flags of `authorizations`.

use clap::{Args, Subcommand};

use super::{Lifetime, OauthScope};

/// What is done about the account's authorizations; to list them is what goes without saying.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  git credential-heroku-rs authorizations
  git credential-heroku-rs authorizations create --description 'CI of blue-sky' --expires-in 90d
  git credential-heroku-rs authorizations revoke 'CI of blue-sky'

An authorization is named by its id, by four or more characters that its id begins with, or by its
whole description."
)]
pub struct Authorizations {
    /// What is done; none: they are listed.
    #[command(subcommand)]
    pub command: Option<OnAuthorizations>,
    /// How they are listed.
    #[command(flatten)]
    pub list: AuthorizationsList,
}

/// What is done about authorizations.
#[derive(Debug, Subcommand)]
pub enum OnAuthorizations {
    /// List them, and mark those that this machine uses
    List(AuthorizationsList),
    /// Show one
    Info(AuthorizationsInfo),
    /// Make one, and print its token: the one time that it can be seen
    Create(AuthorizationsCreate),
    /// Give one another description
    Update(AuthorizationsUpdate),
    /// Revoke one: its token is dead at once, wherever it is used
    Revoke(AuthorizationsRevoke),
}

/// How authorizations are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations list
  git credential-heroku-rs authorizations list | cut -f1,2
  git credential-heroku-rs authorizations list --json | jq '.authorizations[] | select(.expires == null)'")]
pub struct AuthorizationsList {
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// As JSON, in a shape that stays
    #[arg(long)]
    pub json: bool,
}

/// Which authorization is shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations info 01234567
  git credential-heroku-rs authorizations info 'CI of blue-sky' --json")]
pub struct AuthorizationsInfo {
    /// Its id, the beginning of that, or its description
    #[arg(value_name = "ID")]
    pub named: String,
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// As JSON, in a shape that stays
    #[arg(long)]
    pub json: bool,
}

/// What a new authorization is to be.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations create --description 'CI of blue-sky' --expires-in 90d |
      gh secret set HEROKU_API_KEY
  git credential-heroku-rs authorizations create --description laptop --login")]
pub struct AuthorizationsCreate {
    /// How it is called, here and in Heroku's dashboard
    #[arg(long, value_name = "TEXT")]
    pub description: String,
    /// What its token may do; may be given several times
    #[arg(long, value_name = "SCOPE", default_value = "global")]
    pub scope: Vec<OauthScope>,
    /// How long its token lives, as 8h, 30d, 1y or never
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = Lifetime::parse)]
    pub expires_in: Lifetime,
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Keep its token here, in place of the one in use, and print none
    #[arg(long, conflicts_with = "json")]
    pub login: bool,
    /// As JSON, the token with it
    #[arg(long)]
    pub json: bool,
}

/// What an authorization is to be called.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  git credential-heroku-rs authorizations update 01234567 --description 'CI of blue-sky'")]
pub struct AuthorizationsUpdate {
    /// Its id, the beginning of that, or its description
    #[arg(value_name = "ID")]
    pub named: String,
    /// How it is to be called
    #[arg(long, value_name = "TEXT")]
    pub description: String,
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

/// Which authorization is revoked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations revoke 01234567
  git credential-heroku-rs authorizations revoke 'CI of blue-sky' --yes")]
pub struct AuthorizationsRevoke {
    /// Its id, the beginning of that, or its description
    #[arg(value_name = "ID")]
    pub named: String,
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Also where this machine uses it, or where it is the account's API key
    #[arg(long)]
    pub force: bool,
}
