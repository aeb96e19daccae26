//! The flags of `api`, modelled on those of `gh api`.

use clap::{Args, ValueHint};

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// A request to Heroku's Platform API, and what to print of the response.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs api apps/my-app
  git credential-heroku-rs api apps --paginate | jq -r '.[].name'
  git credential-heroku-rs api apps --paginate -H 'Range: id ..; max=1000'
  git credential-heroku-rs api apps/my-app/formation/web -X PATCH -F quantity=2
  git credential-heroku-rs api apps/my-app/config-vars -X PATCH \\
      --input vars.json
  git credential-heroku-rs api apps/my-app/config-vars -X PATCH \\
      -F DATABASE_PASSWORD=@-

The body is printed to stdout, including that of an error. The id and the
message of an error are printed to stderr. With --paginate, a list of several
pages is printed when it is complete.

Exit codes: 0 done, 1 Heroku returned an error or cannot be reached, 2 wrong
usage, 4 not logged in, or no account is active.

Reference:
  https://devcenter.heroku.com/articles/platform-api-reference")]
pub struct Api {
    /// API path, such as apps or /apps, or a URL of Heroku's API
    pub path: String,
    /// HTTP method [default: GET, or POST with fields or a body]
    #[arg(short = 'X', long, value_parser = METHODS, ignore_case = true)]
    pub method: Option<String>,
    /// Add a string field: key=value, key[part]=value or list[]=value
    #[arg(short = 'f', long = "raw-field", value_name = "KEY=TEXT")]
    pub texts: Vec<String>,
    /// Add a typed field (true, false, null, 2); @FILE or @- reads a file or stdin
    #[arg(short = 'F', long = "field", value_name = "KEY=VALUE")]
    pub values: Vec<String>,
    /// Read the body from a file, or from stdin if FILE is -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub input: Option<String>,
    /// Add a header, such as 'Name: value'
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// Include the status and headers of the response
    #[arg(short, long, conflicts_with_all = ["paginate", "silent"])]
    pub include: bool,
    /// Fetch all pages of a list and print one JSON array
    #[arg(long)]
    pub paginate: bool,
    /// Do not print the body
    #[arg(long)]
    pub silent: bool,
    /// Use this account [default: the active account]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

impl Api {
    /// The given method; if none is given, POST with fields or a body, else GET.
    pub fn method(&self) -> String {
        let has_body = !self.texts.is_empty() || !self.values.is_empty() || self.input.is_some();
        let default = if has_body { "POST" } else { "GET" };
        let given = self.method.as_deref().unwrap_or(default);
        given.to_ascii_uppercase()
    }
}
