//! What the client receives for each fault.

use std::io::{self, Read, Write};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::http::Connection;
use crate::message::{Answer, Framing};
use crate::names::uuid;

/// The size of the decompressed bomb, in bytes.
const BOMB: u64 = 64 * 1024 * 1024;

/// Whether the connection stays open after the answer (RFC 9112, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    KeepAlive,
    Close,
}

/// The answer of a fault that has a fixed answer for every request.
pub(crate) fn fixed_answer(fault: &Fault) -> io::Result<Option<Answer>> {
    let answer = match fault {
        Fault::Status(status, headers, body) => {
            let mut answer = Answer::new(*status).body(body.as_str());
            for (name, value) in headers.iter().filter_map(|line| line.split_once(": ")) {
                answer = answer.with(name, value);
            }
            answer
        }
        Fault::Bomb => Answer::new(200)
            .with("Content-Type", "application/json")
            .with("Content-Encoding", "gzip")
            .body(gzipped(&mut io::repeat(b' ').take(BOMB))?),
        Fault::LargeBody(bytes) => {
            let filling = "x".repeat(bytes.saturating_sub(r#"{"id":""}"#.len()));
            Answer::json(200, &json!({"id": filling}))
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// Applies a fault that sends no complete answer.
pub(crate) fn fail<S: Read + Write>(
    fault: &Fault,
    connection: &mut Connection<S>,
) -> io::Result<Persistence> {
    match fault {
        Fault::Hang => {
            // This ends with the client's timeout, or with the connection's.
            let mut byte = [0];
            while connection.stream().read(&mut byte)? > 0 {}
        }
        Fault::EndlessBody => {
            let head = Answer::new(200).with("Content-Type", "application/json");
            let stream = connection.stream();
            stream.write_all(head.head(Framing::Close).as_bytes())?;
            loop {
                stream.write_all(&[b' '; 16 * 1024])?;
            }
        }
        _ => {}
    }
    Ok(Persistence::Close)
}

/// The answer as the fault changes it.
pub(crate) fn changed_answer(fault: &Fault, mut answer: Answer) -> io::Result<Answer> {
    match fault {
        Fault::Gzip => {
            answer.body = gzipped(&mut answer.body.as_slice())?;
            answer = answer.with("Content-Encoding", "gzip");
        }
        Fault::WrongTypes => rewrite(&mut answer, wrongly_typed),
        Fault::Member(path, value) => rewrite(&mut answer, |body| with_member(body, path, value)),
        Fault::EndlessPages => answer = with_next_page(answer, &uuid()),
        Fault::SamePage => answer = with_next_page(answer, "the-same"),
        _ => {}
    }
    Ok(answer)
}

/// Sends the answer as the fault requires.
pub(crate) fn send<S: Read + Write>(
    fault: &Fault,
    answer: &Answer,
    connection: &mut Connection<S>,
) -> io::Result<Persistence> {
    match fault {
        Fault::LoseAnswer => Ok(Persistence::Close),
        Fault::CutBody => {
            // Half of it, so that the answer is also incomplete for a client that ignores Content-Length.
            let (half, promised) = (answer.body.len() / 2, answer.body.len() + 1);
            let stream = connection.stream();
            stream.write_all(answer.head(Framing::Length(promised)).as_bytes())?;
            stream.write_all(&answer.body[..half])?;
            stream.flush()?;
            Ok(Persistence::Close)
        }
        Fault::SlowBody(pause) => {
            let length = Framing::Length(answer.body.len());
            let stream = connection.stream();
            stream.write_all(answer.head(length).as_bytes())?;
            stream.flush()?;
            for byte in answer.body.chunks(1) {
                thread::sleep(*pause);
                stream.write_all(byte)?;
                stream.flush()?;
            }
            Ok(Persistence::KeepAlive)
        }
        _ => connection.answer(answer).map(|()| Persistence::KeepAlive),
    }
}

fn gzipped(bytes: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::copy(bytes, &mut encoder)?;
    encoder.finish()
}

/// Changes a body that is JSON; any other stays as it is.
fn rewrite(answer: &mut Answer, change: impl FnOnce(Value) -> Value) {
    if let Ok(body) = serde_json::from_slice(&answer.body) {
        answer.body = change(body).to_string().into_bytes();
    }
}

fn wrongly_typed(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => json!("text"),
        Value::Number(_) => json!({}),
        Value::String(_) => json!(7),
        Value::Array(entries) => entries.into_iter().map(wrongly_typed).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(k, v)| (k, wrongly_typed(v))).collect())
        }
    }
}

fn with_member(body: Value, path: &str, value: &Value) -> Value {
    let (name, below) = path.split_once('.').unwrap_or((path, ""));
    match body {
        Value::Array(entries) => {
            let entries = entries.into_iter();
            entries.map(|one| with_member(one, path, value)).collect()
        }
        Value::Object(mut members) => {
            let mut member = value.clone();
            if !below.is_empty() {
                let old = members.remove(name).unwrap_or_else(|| json!({}));
                member = with_member(old, below, value);
            }
            members.insert(name.to_owned(), member);
            Value::Object(members)
        }
        other => other,
    }
}

fn with_next_page(mut answer: Answer, start: &str) -> Answer {
    answer.status = 206;
    answer.headers.retain(|(name, _)| name != "Next-Range");
    answer.with("Next-Range", &format!("id {start}.."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_set_at_any_depth_and_in_each_entry() {
        let list = json!([{"access_token": {"token": "t"}}, {"id": 1}]);
        let set = with_member(list, "access_token.token", &Value::Null);
        let token = json!({"token": null});
        assert_eq!(set[0], json!({"access_token": token.clone()}));
        assert_eq!(set[1], json!({"id": 1, "access_token": token}));
    }

    #[test]
    fn every_value_gets_another_type() {
        let right = json!({"text": "a", "number": 1, "none": null, "list": [true]});
        let wrong = json!({"text": 7, "number": {}, "none": "text", "list": ["text"]});
        assert_eq!(wrongly_typed(right), wrong);
    }

    #[test]
    fn a_compression_bomb_is_small_until_it_is_decompressed() {
        let bomb = fixed_answer(&Fault::Bomb).unwrap().unwrap();
        assert!(bomb.body.len() < 100_000);
        let large = fixed_answer(&Fault::LargeBody(1000)).unwrap().unwrap();
        assert_eq!(large.body.len(), 1000);
    }
}
