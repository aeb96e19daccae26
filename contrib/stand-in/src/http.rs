//! HTTP/1.1, as much of it as git, curl, Node and reqwest speak.
//!
//! Bodies are read in pieces, so that a large push costs no memory. What a reader leaves of a body
//! is thrown away before the next request.

use std::io::{self, Read, Write};

use crate::message::{Answer, Framing, Request};

/// The longest head of a request that is read, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// The longest body that is read whole, in bytes.
const LONGEST_WHOLE: u64 = 64 * 1024 * 1024;

/// A connection on which requests come.
pub(crate) struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
    unread: Unread,
    last: bool,
    /// The client waits for leave to send its body.
    owes_continue: bool,
}

/// What is still to come of a request's body.
#[derive(Clone, Copy)]
enum Unread {
    Nothing,
    /// So many bytes.
    Bytes(u64),
    /// A chunk's size line, and what follows it.
    ChunkHead,
    /// So many bytes of a chunk, the line's end after it, and then the next chunk.
    Chunk(u64),
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S) -> Connection<S> {
        Connection {
            stream,
            buffer: Vec::new(),
            unread: Unread::Nothing,
            last: false,
            owes_continue: false,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// The head of the next request; none where the client has gone or wanted no other answer.
    pub(crate) fn next(&mut self) -> io::Result<Option<Request>> {
        if self.owes_continue {
            // The client got a reply without `100 Continue`, so it is not known whether a body follows.
            return Ok(None);
        }
        io::copy(&mut Body(self), &mut io::sink())?;
        if self.last {
            return Ok(None);
        }
        let Some(request) = self.head()? else {
            return Ok(None);
        };
        self.last = request.says("connection", "close");
        self.owes_continue = request.says("expect", "100-continue");
        self.unread = announced(&request)?;
        Ok(Some(request))
    }

    /// The body of the request that came last, to be read in pieces.
    pub(crate) fn body(&mut self) -> Body<'_, S> {
        Body(self)
    }

    /// The body of the request that came last, whole.
    pub(crate) fn whole_body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.body().take(LONGEST_WHOLE).read_to_end(&mut body)?;
        Ok(body)
    }

    /// Sends an answer whole.
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

    fn head(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let request = parse_head(&self.buffer[..end + 4])?;
                self.buffer.drain(..end + 4);
                return Ok(Some(request));
            }
            if self.buffer.len() > LONGEST_HEAD || !self.more()? {
                return Ok(None);
            }
        }
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        let length = self.stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..length]);
        Ok(length > 0)
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            if self.buffer.len() > LONGEST_HEAD || !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Some of the next `left` bytes; none of them is an error.
    fn some(&mut self, into: &mut [u8], left: u64) -> io::Result<usize> {
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
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size > 0 {
            return Ok(Unread::Chunk(size));
        }
        while !self.line()?.is_empty() {}
        Ok(Unread::Nothing)
    }
}

/// A request's body while it is read.
pub(crate) struct Body<'a, S>(&'a mut Connection<S>);

impl<S: Read + Write> Read for Body<'_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let connection = &mut *self.0;
        if std::mem::take(&mut connection.owes_continue) {
            connection
                .stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            connection.stream.flush()?;
        }
        loop {
            match connection.unread {
                Unread::Nothing | Unread::Bytes(0) => return Ok(0),
                Unread::Bytes(left) => {
                    let length = connection.some(into, left)?;
                    connection.unread = Unread::Bytes(left - length as u64);
                    return Ok(length);
                }
                Unread::ChunkHead => connection.unread = connection.next_chunk()?,
                Unread::Chunk(0) => {
                    connection.line()?;
                    connection.unread = Unread::ChunkHead;
                }
                Unread::Chunk(left) => {
                    let length = connection.some(into, left)?;
                    connection.unread = Unread::Chunk(left - length as u64);
                    return Ok(length);
                }
            }
        }
    }
}

fn announced(request: &Request) -> io::Result<Unread> {
    if request.says("transfer-encoding", "chunked") {
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

    /// A client that has said all it will, a few bytes at a time, and what it was answered.
    struct Client {
        says: Vec<u8>,
        hears: Vec<u8>,
    }

    impl Read for Client {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.says.len().min(into.len()).min(3);
            into[..length].copy_from_slice(&self.says[..length]);
            self.says.drain(..length);
            Ok(length)
        }
    }

    impl Write for Client {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.hears.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn client(says: &str) -> Connection<Client> {
        Connection::new(Client {
            says: says.as_bytes().to_vec(),
            hears: Vec::new(),
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
        assert!(connection.stream().hears.is_empty());
        assert_eq!(connection.whole_body().unwrap(), b"ok");
        assert_eq!(connection.stream().hears, b"HTTP/1.1 100 Continue\r\n\r\n");
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
        let heard = String::from_utf8(connection.into_stream().hears).unwrap();
        assert!(heard.ends_with("chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"));
    }
}
