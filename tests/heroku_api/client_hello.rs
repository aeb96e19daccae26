//! What our side of TLS offers, read from its first message.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use git_credential_heroku_rs::heroku_api::HerokuApi;

use crate::{LIMIT, World};

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
const SUPPORTED_VERSIONS: u16 = 43;
const SERVER_NAME: u16 = 0;

/// A proxy that accepts one client, and records the first TLS record that it sends.
fn listener() -> (String, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut record).unwrap();
        record
    });
    (address, heard)
}

/// Reads one field after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (field, rest) = self.0.split_at(length);
        self.0 = rest;
        field
    }

    fn number(&mut self, bytes: usize) -> usize {
        let bytes = self.take(bytes).iter();
        bytes.fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    }

    /// A field that has its length in front of it, in so many bytes.
    fn sized(&mut self, bytes: usize) -> &'a [u8] {
        let length = self.number(bytes);
        self.take(length)
    }
}

/// The extension of a `ClientHello` with this number.
///
/// Source: RFC 8446, section 4.1.2.
fn extension(hello: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut fields = Fields(hello);
    assert_eq!(fields.number(1), 1, "it is a ClientHello");
    let mut fields = Fields(fields.sized(3));
    fields.take(2 + 32);
    fields.sized(1);
    fields.sized(2);
    fields.sized(1);
    let mut extensions = Fields(fields.sized(2));
    while !extensions.0.is_empty() {
        let number = extensions.number(2);
        let content = extensions.sized(2);
        if number == usize::from(wanted) {
            return Some(content);
        }
    }
    None
}

#[test]
fn nothing_older_than_tls_1_2_is_offered() {
    let world = World::new();
    let (proxy, heard) = listener();
    let environment = world.environment(&[("https_proxy", &proxy)]);
    let api = HerokuApi::new(&environment, LIMIT).unwrap();
    api.account(&world.token()).unwrap_err();
    let hello = heard.join().unwrap();
    let versions = Fields(extension(&hello, SUPPORTED_VERSIONS).unwrap()).sized(1);
    let mut versions: Vec<u16> = versions
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, [TLS_1_2, TLS_1_3]);
    let name = extension(&hello, SERVER_NAME).unwrap();
    assert!(name.ends_with(b"api.heroku.com"), "{name:?}");
}
