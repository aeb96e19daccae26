//! The flags of `api`, after the manner of `gh api`.

use clap::{Args, ValueEnum, ValueHint};

/// What is asked of Heroku's Platform API, and how the answer is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git credential-heroku-rs api apps/my-app
  git credential-heroku-rs api apps --paginate | jq -r '.[].name'
  git credential-heroku-rs api apps --paginate -H 'Range: name ..; max=1000'
  git credential-heroku-rs api apps/my-app/formation/web -X PATCH -F quantity=2
  git credential-heroku-rs api apps/my-app/config-vars -X PATCH --input vars.json
  git credential-heroku-rs api apps/my-app/config-vars -X PATCH -F DATABASE_PASSWORD=@-

The body goes to stdout, an error's too; its id and message go to stderr.
Exit codes: 0 done, 1 Heroku refuses or cannot be reached, 2 wrong usage, 4 not logged in.
Paths: https://devcenter.heroku.com/articles/platform-api-reference")]
pub struct Api {
    /// The path, as apps or /apps; or its address on Heroku's API
    pub path: String,
    /// What is done [default: GET; POST where there are fields or a body]
    #[arg(short = 'X', long, value_enum, ignore_case = true)]
    pub method: Option<Method>,
    /// A text: key=value, key[part]=value, list[]=value; with GET a part of the query
    #[arg(short = 'f', long = "raw-field", value_name = "KEY=TEXT")]
    pub texts: Vec<String>,
    /// The same with a type: true, false, null and whole numbers; @FILE and @- for what is there
    #[arg(short = 'F', long = "field", value_name = "KEY=VALUE")]
    pub values: Vec<String>,
    /// The body: a file, or - for stdin; fields are then parts of the query
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub input: Option<String>,
    /// A header, as 'Name: value'; may be given several times
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// Tell the answer's status and headers too
    #[arg(short, long, conflicts_with_all = ["paginate", "silent"])]
    pub include: bool,
    /// All pages of a list, as one JSON array
    #[arg(long)]
    pub paginate: bool,
    /// Do not tell the body
    #[arg(long)]
    pub silent: bool,
    /// The account [default: the one in use]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Method {
    /// Reads
    Get,
    /// Reads, and tells no body
    Head,
    /// Makes, or does
    Post,
    /// Makes, or replaces
    Put,
    /// Changes
    Patch,
    /// Removes
    Delete,
}

impl Method {
    /// Its name in HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl Api {
    /// The method that is named; else GET, and POST where something is sent.
    pub fn method(&self) -> Method {
        let sends = !self.texts.is_empty() || !self.values.is_empty() || self.input.is_some();
        let usual = if sends { Method::Post } else { Method::Get };
        self.method.unwrap_or(usual)
    }
}
