//! `api`: a request to Heroku's Platform API in a person's own words, after the manner of `gh api`.
//!
//! The answer is handed on while it comes. A token goes to the API's host in use and to no other,
//! and who is asked, and as whom, no header can change.

mod fields;
mod output;
mod request;

use std::io::Write;
use std::time::Duration;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use self::output::{List, Output};
use super::{Session, rendered, token_of};
use crate::cli::Api;
use crate::context::Context;
use crate::heroku_api::{ApiError, Call, HerokuApi, Pages, Response, Retry};
use crate::notice::Notice;
use crate::streams::Streams;
use crate::terminal::{self, Spinner};
use crate::token::Token;

/// How long Heroku may say nothing at all. The Heroku CLI waits as long.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn run(arguments: &Api, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let Streams {
        input,
        output,
        errors,
    } = &mut *session.streams;
    let api = context.api(LIMIT)?;
    let call = request::call(arguments, &api, context, input)?;
    let found = token_of(arguments.account.as_deref(), context)?;
    let mut client = Client {
        api: &api,
        token: &found.token,
        call,
        errors: *errors,
    };
    let output_kind = Output::new(arguments, context);
    let response = client.send()?;
    if arguments.paginate && response.next_range().is_some() {
        return print_pages(&mut client, response, output_kind, context, *output);
    }
    if arguments.include {
        output.write_all(response.head().as_bytes())?;
    }
    output_kind.write_body(response.body(), response.is_json(), *output)?;
    if response.is_success() {
        Ok(())
    } else {
        Err(response.notice(&found.token).into())
    }
}

/// Everything that a request needs, and what repeats it.
struct Client<'a> {
    api: &'a HerokuApi,
    token: &'a Token,
    call: Call,
    errors: &'a mut dyn Write,
}

impl Client<'_> {
    /// Sends the request, and once more with the second factor if Heroku wants one and a user is there.
    fn send(&mut self) -> anyhow::Result<Response> {
        let response = self.send_once()?;
        let wants_code =
            !response.is_success() && response.error(self.token) == ApiError::TwoFactor;
        if !wants_code || !terminal::is_available() {
            return Ok(response);
        }
        let code = terminal::hidden("Heroku wants a code from your authenticator: ");
        let code: Zeroizing<String> = code.map_err(|silence| silence.notice(""))?;
        self.call.headers = self.call.headers.clone().with_second_factor(&code)?;
        Ok(self.send_once()?)
    }

    fn send_once(&mut self) -> Result<Response, ApiError> {
        let errors = &mut self.errors;
        self.api.call(self.token, &self.call, &mut |retry: &Retry| {
            let (why, seconds) = (&retry.why, retry.pause.as_secs_f32());
            // A message that cannot be written stops nothing.
            let _ = writeln!(errors, "{why}; asking again in {seconds} s");
        })
    }
}

/// Prints a list of any number of pages as one array.
fn print_pages(
    client: &mut Client<'_>,
    first: Response,
    output: Output,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    // A list that is written to the terminal shows its own progress.
    let spinner = (!terminal::is_stdout()).then(|| Spinner::start("…", &context.environment));
    let mut list = List::begin(output, out)?;
    let result = print_entries(client, first, &mut list, spinner.as_ref());
    drop(spinner);
    let entries = list.entries();
    match result {
        Ok(()) => Ok(list.end()?),
        Err(error) => {
            list.break_off()?;
            Err(match rendered(error).downcast::<Notice>() {
                Ok(notice) => broken_off(entries, &notice).into(),
                Err(other) => other,
            })
        }
    }
}

fn print_entries(
    client: &mut Client<'_>,
    first: Response,
    list: &mut List<'_>,
    spinner: Option<&Spinner>,
) -> anyhow::Result<()> {
    let mut pages = Pages::default();
    let mut response = first;
    loop {
        let page: Vec<&RawValue> =
            serde_json::from_slice(response.body()).map_err(|_| ApiError::Garbled)?;
        for entry in page {
            list.push(entry)?;
        }
        if let Some(spinner) = spinner {
            spinner.says(&format!("{} entries", list.entries()));
        }
        let next = pages.follow(response.next_range())?;
        if next.is_none() {
            return Ok(());
        }
        client.call.range = next;
        response = client.send()?;
        if !response.is_success() {
            return Err(response.notice(client.token).into());
        }
    }
}

/// How far the list came, and why no further.
fn broken_off(entries: usize, why: &Notice) -> Notice {
    let what = format!("the list broke off after {entries} entries: {}", why.what());
    Notice::new(what, why.fix()).of_kind(why.kind())
}
