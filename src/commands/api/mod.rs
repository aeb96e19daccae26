//! `api`: a request to Heroku's Platform API that the user composes, like `gh api`.
//!
//! The reply is printed while it arrives. The token is only sent to the configured API host, and no
//! header can change the host or the authentication.

mod fields;
mod output;
mod request;

use std::io::{self, Write};
use std::mem;
use std::time::Duration;

use serde_json::value::RawValue;

use self::output::{List, Output};
use super::{Session, rendered, request_failed, token_of};
use crate::cli::Api;
use crate::context::Context;
use crate::heroku_api::{ApiError, Call, HerokuApi, Pages, Response};
use crate::notice::Notice;
use crate::streams::Streams;
use crate::terminal::{self, Progress};
use crate::token::Token;

/// How long to wait while nothing arrives. The Heroku CLI waits as long.
const LIMIT: Duration = Duration::from_secs(60);

/// What helps if Heroku requires a code.
const ENTER_A_CODE: &str = "run the command again on a terminal, and enter a new code";

pub(super) fn run(arguments: &Api, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let Streams { input, output, .. } = &mut *session.streams;
    let api = context.api(LIMIT)?;
    let call = request::call(arguments, &api, input)?;
    let found = token_of(arguments.account.as_deref(), context)?;
    let mut client = Client {
        api: &api,
        token: &found.token,
        call,
    };
    let response = client.send()?;
    let mut nowhere = io::sink();
    let out: &mut dyn Write = if arguments.silent {
        &mut nowhere
    } else {
        *output
    };
    let output = Output::new(context);
    if arguments.paginate && response.next_range().is_some() {
        return print_pages(&mut client, response, output, context, out);
    }
    if arguments.include {
        out.write_all(response.head().as_bytes())?;
    }
    output.write_body(response.body(), response.is_json(), out)?;
    if response.is_success() {
        Ok(())
    } else {
        let fix = match response.error(&found.token) {
            ApiError::TwoFactor => ENTER_A_CODE.into(),
            failure => request_failed(&failure, found.source).fix(),
        };
        Err(Notice::new(response.notice(&found.token).what(), fix).into())
    }
}

/// A request, and what is needed to send it, also again.
struct Client<'a> {
    api: &'a HerokuApi,
    token: &'a Token,
    call: Call,
}

impl Client<'_> {
    /// Sends the request, and once more with the second factor if Heroku requires one and there is a terminal.
    fn send(&mut self) -> anyhow::Result<Response> {
        let response = self.send_once()?;
        let wants_code =
            !response.is_success() && response.error(self.token) == ApiError::TwoFactor;
        if !wants_code || !terminal::is_available() {
            return Ok(response);
        }
        let code = terminal::code("Heroku requires a code from your authenticator app: ");
        let code = code.map_err(|silence| silence.notice(""))?;
        let with_code = self.call.headers.clone().with_second_factor(&code);
        let with_code =
            with_code.map_err(|failure| Notice::new(failure.to_string(), ENTER_A_CODE))?;
        let without_code = mem::replace(&mut self.call.headers, with_code);
        let response = self.send_once();
        // A code can be used once: the next page of a list is requested without it.
        self.call.headers = without_code;
        Ok(response?)
    }

    fn send_once(&self) -> Result<Response, ApiError> {
        self.api.call(self.token, &self.call)
    }
}

/// Prints all pages of a list as one array.
fn print_pages(
    client: &mut Client<'_>,
    first: Response,
    output: Output,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    // A list that is printed on the terminal shows its own progress.
    let progress =
        (!terminal::is_stdout()).then(|| Progress::start("0 entries", &context.environment));
    let mut list = List::begin(output, out)?;
    let result = print_entries(client, first, &mut list, progress.as_ref());
    drop(progress);
    let entries = list.entries();
    match result {
        Ok(()) => Ok(list.end()?),
        Err(error) => {
            list.break_off()?;
            let effect = format!("the list is incomplete after {entries} entries");
            Err(match rendered(error).downcast::<Notice>() {
                Ok(why) => why.as_cause_of(&effect).into(),
                Err(other) => other,
            })
        }
    }
}

fn print_entries(
    client: &mut Client<'_>,
    first: Response,
    list: &mut List<'_>,
    progress: Option<&Progress>,
) -> anyhow::Result<()> {
    let mut pages = Pages::default();
    let mut response = first;
    loop {
        let page: Vec<&RawValue> =
            serde_json::from_slice(response.body()).map_err(|_| response.unparsed())?;
        for entry in page {
            list.push(entry)?;
        }
        if let Some(progress) = progress {
            progress.set_text(&format!("{} entries", list.entries()));
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
