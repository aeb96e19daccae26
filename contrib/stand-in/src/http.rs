//! HTTP/1.1, as much of it as git, curl, Node and reqwest speak.
//!
//! Bodies are read in pieces, so that a large push costs no memory. The unread rest of a body is
//! discarded before the next request.

use std::io::{self, Read, Write};

use crate::message::{Answer, Framing, Request};

/// The maximum size of a request's head, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// The maximum size of a body that is read into memory, in bytes.
const LONGEST_BODY: u64 = 64 * 1024 * 1024;

/// The server's side of a connection.
pub(crate) struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
    unread: Unread,
    is_last: bool,
    /// The client waits for `100 Continue` before it sends its body.
    must_send_continue: bool,
}

/// The unread part of a request's body.
#[derive(Clone, Copy)]
enum Unread {
    Nothing,
    /// This number of bytes.
    Bytes(u64),
    /// The size line of a chunk, and the rest of the body.
    ChunkHead,
    /// This number of bytes of a chunk, its line end, and the rest of the body.
    Chunk(u64),
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S) -> Connection<S> {
        Connection {
            stream,
            buffer: Vec::new(),
            unread: Unread::Nothing,
            is_last: false,
            must_send_continue: false,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// The head of the next request. `None` if the client has closed the connection or asked for its end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Request>> {
        if self.must_send_continue {
            // The client got a reply without `100 Continue`, so it is not known whether a body follows.
            return Ok(None);
        }
        io::copy(&mut Body(self), &mut io::sink())?;
        if self.is_last {
            return Ok(None);
        }
        let Some(request) = self.read_head()? else {
            return Ok(None);
        };
        self.is_last = request.header_contains("connection", "close");
        self.must_send_continue = request.header_contains("expect", "100-continue");
        self.unread = unread_body(&request)?;
        Ok(Some(request))
    }

    /// A reader for the body of the last request.
    pub(crate) fn body(&mut self) -> Body<'_, S> {
        Body(self)
    }

    /// The complete body of the last request.
    pub(crate) fn whole_body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.body().take(LONGEST_BODY).read_to_end(&mut body)?;
        Ok(body)
    }

    /// Sends an answer with its body.
    pub(crate) fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        let mut bytes = answer.head(Framing::Length(answer.body.len())).into_bytes();
        bytes.extend_from_slice(&answer.body);
        self.stream.write_all(&bytes)?;
        self.stream.flush()
    }

    /// Sends a reply with a chunked body.
    pub(crate) fn answer_in_pieces(
        &mut self,
        head: &Answer,
        pieces: impl Iterator<Item = Vec<u8>>,
    ) -> io::Result<()> {
        self.stream
            .write_all(head.head(Framing::Chunks).as_bytes())?;
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            write!(self.stream, "{:x}\r\n", piece.len())?;
            self.stream.write_all(&piece)?;
            self.stream.write_all(b"\r\n")?;
            self.stream.flush()?;
        }
        self.stream.write_all(b"0\r\n\r\n")?;
        self.stream.flush()
    }

    fn read_head(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let request = parse_head(&self.buffer[..end + 4])?;
                self.buffer.drain(..end + 4);
                return Ok(Some(request));
            }
            if self.buffer.len() > LONGEST_HEAD || !self.fill_buffer()? {
                return Ok(None);
            }
        }
    }

    fn fill_buffer(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        let length = self.stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..length]);
        Ok(length > 0)
    }

    /// Reads a line, and returns it without its line end.
    fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            if self.buffer.len() > LONGEST_HEAD || !self.fill_buffer()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads some of the next `left` bytes. The end of the stream is an error.
    fn read_some(&mut self, into: &mut [u8], left: u64) -> io::Result<usize> {
        let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if self.buffer.is_empty() {
            return match self.stream.read(&mut into[..most])? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                length => Ok(length),
            };
        }
        let length = most.min(self.buffer.len());
        into[..length].copy_from_slice(&self.buffer[..length]);
        self.buffer.drain(..length);
        Ok(length)
    }

    fn next_chunk(&mut self) -> io::Result<Unread> {
        let line = self.read_line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size > 0 {
            return Ok(Unread::Chunk(size));
        }
        while !self.read_line()?.is_empty() {}
        Ok(Unread::Nothing)
    }
}

/// Reads a request's body.
pub(crate) struct Body<'a, S>(&'a mut Connection<S>);

impl<S: Read + Write> Read for Body<'_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let connection = &mut *self.0;
        if std::mem::take(&mut connection.must_send_continue) {
            connection
                .stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            connection.stream.flush()?;
        }
        loop {
            match connection.unread {
                Unread::Nothing | Unread::Bytes(0) => return Ok(0),
                Unread::Bytes(left) => {
                    let length = connection.read_some(into, left)?;
                    connection.unread = Unread::Bytes(left - length as u64);
                    return Ok(length);
                }
                Unread::ChunkHead => connection.unread = connection.next_chunk()?,
                Unread::Chunk(0) => {
                    connection.read_line()?;
                    connection.unread = Unread::ChunkHead;
                }
                Unread::Chunk(left) => {
                    let length = connection.read_some(into, left)?;
                    connection.unread = Unread::Chunk(left - length as u64);
                    return Ok(length);
                }
            }
        }
    }
}

fn unread_body(request: &Request) -> io::Result<Unread> {
    if request.header_contains("transfer-encoding", "chunked") {
        return Ok(Unread::ChunkHead);
    }
    match request.header("content-length") {
        None => Ok(Unread::Nothing),
        Some(length) => length.parse().map(Unread::Bytes).map_err(io::Error::other),
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn parse_head(bytes: &[u8]) -> io::Result<Request> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    head.parse(bytes).map_err(io::Error::other)?;
    let target = head.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = head.headers.iter().map(|header| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    });
    Ok(Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that sends a few bytes at a time, and the bytes that it received.
    struct Client {
        sends: Vec<u8>,
        received: Vec<u8>,
    }

    impl Read for Client {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.sends.len().min(into.len()).min(3);
            into[..length].copy_from_slice(&self.sends[..length]);
            self.sends.drain(..length);
            Ok(length)
        }
    }

    impl Write for Client {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.received.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn client(sends: &str) -> Connection<Client> {
        Connection::new(Client {
            sends: sends.as_bytes().to_vec(),
            received: Vec::new(),
        })
    }

    const CHUNKED: &str = "POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                           5;x=y\r\nhello\r\nA\r\n, stand-in\r\n0\r\nTrailer: t\r\n\r\n";

    #[test]
    fn a_chunked_body_is_read_exactly_to_its_end() {
        let mut connection = client(&format!("{CHUNKED}GET /next HTTP/1.1\r\n\r\n"));
        let request = connection.next().unwrap().unwrap();
        assert_eq!(
            (request.path.as_str(), request.query.as_str()),
            ("/a", "b=c")
        );
        assert_eq!(connection.whole_body().unwrap(), b"hello, stand-in");
        assert_eq!(connection.next().unwrap().unwrap().path, "/next");
        assert!(connection.next().unwrap().is_none());
    }

    #[test]
    fn an_unread_body_is_not_a_request() {
        let mut connection = client(&format!("{CHUNKED}{CHUNKED}"));
        assert_eq!(connection.next().unwrap().unwrap().path, "/a");
        assert_eq!(connection.next().unwrap().unwrap().path, "/a");
        assert!(connection.next().unwrap().is_none());
    }

    #[test]
    fn continue_100_is_sent_when_the_body_is_read() {
        let mut connection =
            client("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok");
        connection.next().unwrap().unwrap();
        assert!(connection.stream().received.is_empty());
        assert_eq!(connection.whole_body().unwrap(), b"ok");
        assert_eq!(
            connection.stream().received,
            b"HTTP/1.1 100 Continue\r\n\r\n"
        );
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        let mut connection = client("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc");
        connection.next().unwrap().unwrap();
        connection.whole_body().unwrap_err();
    }

    #[test]
    fn an_answer_in_pieces_is_sent_as_chunks() {
        let mut connection = client("");
        let pieces = vec![b"ab".to_vec(), Vec::new(), b"c".to_vec()];
        connection
            .answer_in_pieces(&Answer::new(200), pieces.into_iter())
            .unwrap();
        let received = String::from_utf8(connection.into_stream().received).unwrap();
        assert!(received.ends_with("chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"));
    }
}
