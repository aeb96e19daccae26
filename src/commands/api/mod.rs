//! `api`: a request to Heroku's Platform API that the user composes, like `gh api`.
//!
//! A reply, or a whole list, is printed when it is complete. The token is only sent to the configured API host, and no
//! header can change the host or the authentication.

mod fields;
mod output;
mod request;

use std::io::{self, Write};
use std::time::Duration;

use serde_json::value::RawValue;

use self::output::Output;
use super::{Session, request_failed, token_of};
use crate::cli::Api;
use crate::context::Context;
use crate::heroku_api::{ApiError, HerokuApi, Pages, Request, Response};
use crate::logins::lookup::StoredToken;
use crate::notice::Notice;
use crate::secret_buf::SecretBuf;
use crate::streams::Streams;
use crate::terminal::{self, Progress};

/// How long to wait while nothing arrives. The Heroku CLI waits as long.
const LIMIT: Duration = Duration::from_secs(60);

/// What helps if Heroku requires a code.
const ENTER_A_CODE: &str = "run the command again on a terminal, and enter a new code";

pub(super) fn run(arguments: &Api, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let Streams { input, output, .. } = &mut *session.streams;
    let api = context.api(LIMIT)?;
    let request = request::compose(arguments, &api, input)?;
    let found = token_of(arguments.account.as_deref(), context)?;
    let mut client = Client {
        api: &api,
        found: &found,
        request: request.with_token(&found.token),
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
        let list = client.all_pages(response, context)?;
        return Ok(output.write_body(&list, true, out)?);
    }
    if arguments.include {
        out.write_all(response.head().as_bytes())?;
    }
    output.write_body(response.body(), response.is_json(), out)?;
    if response.is_success() {
        Ok(())
    } else {
        Err(client.failure(&response).into())
    }
}

/// A request, the client that sends it, and its token with the source.
struct Client<'a> {
    api: &'a HerokuApi,
    found: &'a StoredToken,
    request: Request<'a>,
}

impl Client<'_> {
    /// Sends the request, and once more with the second factor if Heroku requires one and there is a terminal.
    fn send(&self) -> anyhow::Result<Response> {
        let response = self.api.send(&self.request)?;
        let wants_code =
            !response.is_success() && response.error(&self.found.token) == ApiError::TwoFactor;
        if !wants_code || !terminal::is_available() {
            return Ok(response);
        }
        let code = terminal::code("Heroku requires a code from your authenticator app: ");
        let code = code.map_err(|silence| silence.notice(""))?;
        let with_code = self.request.with_second_factor(&code);
        let with_code =
            with_code.map_err(|failure| Notice::new(failure.to_string(), ENTER_A_CODE))?;
        Ok(self.api.send(&with_code)?)
    }

    /// The pages of a list, from the first on, as one array.
    fn all_pages(&mut self, first: Response, context: &Context) -> anyhow::Result<SecretBuf> {
        /// In bytes: some 500,000 entries.
        const LARGEST: usize = 256 * 1024 * 1024;
        let progress = Progress::start("0 entries", &context.environment);
        let mut pages = Pages::default();
        let mut response = first;
        let mut list = SecretBuf::from(b"[".to_vec());
        let mut entries = 0;
        loop {
            let page: Vec<&RawValue> =
                serde_json::from_slice(response.body()).map_err(|_| response.unparsed())?;
            for entry in page {
                if entries > 0 {
                    list.extend_from_slice(b",");
                }
                list.extend_from_slice(entry.get().as_bytes());
                entries += 1;
            }
            if list.len() > LARGEST {
                return Err(ApiError::TooLarge.into());
            }
            progress.set_text(&format!("{entries} entries"));
            let Some(next) = pages.follow(response.next_range())? else {
                list.extend_from_slice(b"]\n");
                return Ok(list);
            };
            self.request.ask_for(&next)?;
            response = self.send()?;
            if !response.is_success() {
                return Err(self.failure(&response).into());
            }
        }
    }

    /// An error for a user who knows the API: status, Heroku's id and message, and the fix.
    fn failure(&self, response: &Response) -> Notice {
        let failure = response.error(&self.found.token);
        let what = response.summary(&self.found.token);
        let fix = match failure {
            ApiError::TwoFactor => ENTER_A_CODE.into(),
            _ => request_failed(&failure, self.found.source).fix(),
        };
        Notice::new(what.unwrap_or_else(|| failure.to_string()), fix)
    }
}
