//! The flags of `authorizations`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::Lifetime;
use crate::scope::Scope;

/// The command below `authorizations`; without one the authorizations are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations
  git credential-heroku-rs authorizations create --expires-in 90d \\
      --description 'CI of blue-sky'
  git credential-heroku-rs authorizations revoke 'CI of blue-sky'

<ID> in `info`, `update` and `revoke` is the id of an authorization, its first
four or more characters, or the whole description.")]
pub struct Authorizations {
    /// The command, if one is given.
    #[command(subcommand)]
    pub command: Option<OnAuthorizations>,
    /// Use this account [default: the active account]
    #[arg(long, global = true, value_name = "EMAIL")]
    pub account: Option<String>,
    /// The flags of the list.
    #[command(flatten)]
    pub list: AuthorizationsList,
}

/// The commands below `authorizations`.
#[derive(Debug, Subcommand)]
pub enum OnAuthorizations {
    /// List authorizations, and mark those that this machine uses
    List(AuthorizationsList),
    /// Show an authorization
    Info(AuthorizationsInfo),
    /// Create an authorization and print its token (shown only once)
    Create(AuthorizationsCreate),
    /// Change the description of an authorization
    Update(AuthorizationsUpdate),
    /// Revoke an authorization; its token stops working immediately
    #[command(alias = "destroy")]
    Revoke(AuthorizationsRevoke),
}

/// The flags of `authorizations list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations list
  git credential-heroku-rs authorizations list | cut -f1,2
  git credential-heroku-rs authorizations list --json |
      jq '.authorizations[] | select(.expires == null)'")]
pub struct AuthorizationsList {
    /// Print JSON (stable format)
    #[arg(long)]
    pub json: bool,
}

/// The flags of `authorizations info`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations info 01234567
  git credential-heroku-rs authorizations info 'CI of blue-sky' --json")]
pub struct AuthorizationsInfo {
    /// Authorization id, the start of one, or a description
    #[arg(value_name = "ID")]
    pub named: String,
    /// Print JSON (stable format)
    #[arg(long)]
    pub json: bool,
}

/// The flags of `authorizations create`.
#[derive(Debug, Args)]
#[command(override_usage = "\
git credential-heroku-rs authorizations create [OPTIONS]
           --description <TEXT>")]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations create --expires-in 90d \\
      --description 'CI of blue-sky' | gh secret set HEROKU_API_KEY
  git credential-heroku-rs authorizations create --description laptop --login")]
pub struct AuthorizationsCreate {
    /// Description of the authorization, shown here and in the dashboard
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub description: String,
    /// Scope of the token; can be repeated
    #[arg(long, value_name = "SCOPE", default_value = "global")]
    pub scope: Vec<Scope>,
    /// Lifetime of the token: never, or a number and s, m (minutes), h, d, w or y
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = Lifetime::parse)]
    pub expires_in: Lifetime,
    /// Log in with the new token instead of printing it
    #[arg(long, conflicts_with = "json")]
    pub login: bool,
    /// Print JSON, with the token (stable format)
    #[arg(long)]
    pub json: bool,
}

/// The flags of `authorizations update`.
#[derive(Debug, Args)]
#[command(override_usage = "\
git credential-heroku-rs authorizations update [OPTIONS]
           --description <TEXT> <ID>")]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations update 01234567 \\
      --description 'CI of blue-sky'")]
pub struct AuthorizationsUpdate {
    /// Authorization id, the start of one, or a description
    #[arg(value_name = "ID")]
    pub named: String,
    /// New description
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub description: String,
}

/// The flags of `authorizations revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs authorizations revoke 01234567
  git credential-heroku-rs authorizations revoke 'CI of blue-sky' --yes")]
pub struct AuthorizationsRevoke {
    /// Authorization id, the start of one, or a description
    #[arg(value_name = "ID")]
    pub named: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Revoke the authorization even if this machine may use it or it is the API key
    #[arg(long)]
    pub force: bool,
}
