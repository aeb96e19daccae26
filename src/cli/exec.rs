//! The flags of `exec`.

use std::ffi::OsString;

use clap::{Args, ValueHint};

/// The program that gets the token, and the variable that contains it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs exec -- terraform apply
  git credential-heroku-rs exec -- sh -c '
      printf \"Authorization: Bearer %s\" \"$HEROKU_API_KEY\" |
      curl --header @- https://api.heroku.com/account \\
           --header \"Accept: application/vnd.heroku+json; version=3\"'
  git credential-heroku-rs exec --env TF_VAR_heroku_key -- terraform plan")]
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
