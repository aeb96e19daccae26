//! Makes a request from the command line of `api`, and finds what is contradictory in it.

use std::fs::File;
use std::io::Read;

use super::fields::{self, Field};
use crate::cli::Api;
use crate::heroku_api::{HerokuApi, Request};
use crate::notice::Notice;
use crate::secret_buf::SecretBuf;

/// The largest body that is sent, in bytes: far more than the API needs.
const LARGEST_INPUT: usize = 16 * 1024 * 1024;

/// The request for a command line.
///
/// # Errors
/// What is invalid in the command line; nothing has been sent.
pub(super) fn compose(
    arguments: &Api,
    api: &HerokuApi,
    stdin: &mut dyn Read,
) -> Result<Request<'static>, Notice> {
    let method = arguments.method();
    if arguments.paginate && method != "GET" {
        return Err(Notice::usage(
            "--paginate works only with GET",
            "add -X GET, or leave out --paginate",
        ));
    }
    let mut files = Files { stdin: Some(stdin) };
    let mut given = Vec::new();
    for text in &arguments.texts {
        given.push(Field::text(text)?);
    }
    for value in &arguments.values {
        given.push(Field::typed(value, &mut |name| files.text(name))?);
    }
    let input = arguments.input.as_deref().map(|name| files.bytes(name));
    let input = input.transpose()?;
    let in_query = input.is_some() || ["GET", "HEAD"].contains(&&*method);
    let (query, body) = if in_query {
        (fields::query(&given), input)
    } else {
        let object = (!given.is_empty()).then(|| fields::object(&given));
        let body = object.transpose()?.map(|object| object.to_string());
        (Vec::new(), body.map(|body| body.into_bytes().into()))
    };
    api.compose(&method, &arguments.path, &query, &arguments.headers, body)
}

/// Reads what `@FILE`, `@-` and `--input` name. Stdin can be read once.
struct Files<'a> {
    stdin: Option<&'a mut dyn Read>,
}

impl Files<'_> {
    fn text(&mut self, name: &str) -> Result<String, Notice> {
        String::from_utf8(self.bytes(name)?.to_vec()).map_err(|_| {
            Notice::new(
                format!("{name} cannot be a field value: not UTF-8 text"),
                "send it as the body: --input FILE",
            )
        })
    }

    fn bytes(&mut self, name: &str) -> Result<SecretBuf, Notice> {
        let read = if name == "-" {
            let fix = "put one of the two inputs into a file";
            let twice = || Notice::usage("stdin can be read only once", fix);
            SecretBuf::read_all(self.stdin.take().ok_or_else(twice)?, LARGEST_INPUT)
        } else {
            File::open(name).and_then(|file| SecretBuf::read_all(file, LARGEST_INPUT))
        };
        read.map_err(|why| {
            Notice::new(
                format!("cannot read {name}: {why}"),
                "name an existing file, or - for stdin",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Kind;

    fn files(stdin: &mut &'static [u8]) -> Result<[String; 2], Notice> {
        let mut files = Files { stdin: Some(stdin) };
        Ok([files.text("-")?, files.text("-")?])
    }

    #[test]
    fn stdin_is_read_once() {
        let error = files(&mut &b"open-sesame"[..]).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(!error.to_string().contains("sesame"));
    }

    #[test]
    fn a_body_has_a_limit() {
        let mut endless = std::io::repeat(b' ');
        let mut whole = endless.by_ref().take(LARGEST_INPUT as u64);
        let stdin = Some(&mut whole as &mut dyn Read);
        Files { stdin }.bytes("-").unwrap();
        let stdin = Some(&mut endless as &mut dyn Read);
        let error = Files { stdin }.bytes("-").unwrap_err();
        assert!(error.to_string().contains("too large"));
    }
}
