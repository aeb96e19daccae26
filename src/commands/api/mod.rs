//! `api`: a request to Heroku's Platform API in a person's own words, after the manner of `gh api`.
//!
//! The answer is handed on while it comes. A token goes to the API's host in use and to no other,
//! and who is asked, and as whom, no header can change.

mod drawing;
mod fields;
mod joined;
mod pages;
mod request;
mod sink;

use std::io::Write;
use std::time::Duration;

use zeroize::Zeroizing;

use self::sink::Sink;
use super::{Session, token_of};
use crate::cli::Api;
use crate::context::Context;
use crate::heroku_api::{ApiError, Call, HerokuApi, Page, Wait};
use crate::streams::Streams;
use crate::terminal;
use crate::token::Token;

/// How long Heroku may say nothing at all. The Heroku CLI waits as long.
const LIMIT: Duration = Duration::from_secs(60);

/// How much of a refusal is read to understand it, in bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;

pub(super) fn run(arguments: &Api, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let Streams {
        input,
        output,
        errors,
    } = &mut *session.streams;
    let api = context.api(LIMIT).map_err(|failure| failure.notice())?;
    let call = request::call(arguments, &api, context, input)?;
    let found = token_of(arguments.account.as_deref(), context)?;
    let mut asking = Asking {
        arguments,
        context,
        api: &api,
        token: &found.token,
        call,
        errors: *errors,
    };
    match arguments.paginate {
        true => pages::tell_all(&mut asking, *output),
        false => {
            let answer = asking.answer()?;
            asking.tell(answer, *output)
        }
    }
}

/// Everything that a request needs, and what repeats it.
struct Asking<'a> {
    arguments: &'a Api,
    context: &'a Context,
    api: &'a HerokuApi,
    token: &'a Token,
    call: Call,
    errors: &'a mut dyn Write,
}

/// An answer; of a refusal's body, what has been read to understand it.
struct Answer<'a> {
    page: Page<'a>,
    read: Vec<u8>,
}

impl<'a> Asking<'a> {
    /// Asks, and asks again with the second factor where Heroku wants one and a person is there.
    fn answer(&mut self) -> anyhow::Result<Answer<'a>> {
        let answer = self.ask()?;
        let wants_code = !answer.page.is_success()
            && answer.page.failure(&answer.read, self.token) == ApiError::TwoFactor;
        if !wants_code || !terminal::is_there() {
            return Ok(answer);
        }
        let code = terminal::hidden("Heroku wants a code from your authenticator: ");
        let code: Zeroizing<String> = code.map_err(|silence| silence.notice(""))?;
        let headers = self.call.headers.clone().with_second_factor(&code);
        self.call.headers = headers.map_err(|failure| failure.notice())?;
        self.ask()
    }

    fn ask(&mut self) -> anyhow::Result<Answer<'a>> {
        let errors = &mut self.errors;
        let mut waits = |wait: &Wait| {
            let (why, seconds) = (&wait.why, wait.pause.as_secs_f32());
            // A word that cannot be told stops nothing.
            let _ = writeln!(errors, "{why}; asking again in {seconds} s");
        };
        let page = self.api.call(self.token, &self.call, &mut waits);
        let mut page = page.map_err(|failure| failure.notice())?;
        let mut read = Vec::new();
        let mut piece = [0; 4096];
        while !page.is_success() && read.len() < LONGEST_REFUSAL {
            match page.read(&mut piece) {
                // What there is of a refusal is told, whole or not.
                Ok(0) | Err(_) => break,
                Ok(length) => read.extend_from_slice(piece.get(..length).unwrap_or_default()),
            }
        }
        Ok(Answer { page, read })
    }

    /// Tells an answer as the flags want it.
    fn tell(&self, answer: Answer<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
        let Answer { mut page, read } = answer;
        if self.arguments.include {
            out.write_all(page.head().as_bytes())?;
        }
        let is_success = page.is_success();
        let mut sink = Sink::of(self.arguments, page.is_json(), self.context, out);
        sink.take(&read)?;
        let copied = match is_success {
            true => each_piece(&mut page, |piece| Ok(sink.take(piece)?)),
            false => Ok(()),
        };
        sink.end()?;
        match is_success {
            true => copied,
            false => Err(page.notice(&read, self.token).into()),
        }
    }
}

/// Hands on a body, piece by piece.
fn each_piece(
    page: &mut Page<'_>,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        match page.read(&mut piece).map_err(|failure| failure.notice())? {
            0 => return Ok(()),
            length => take(piece.get(..length).unwrap_or_default())?,
        }
    }
}
