//! The bytes of a request: bounded, and wiped, since a password may be among them.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::Fault;

/// Rust's `Stdin` reads ahead into a buffer that nobody wipes, but for a read that is as large as
/// that buffer: this one goes straight to its place.
const PAST_STDINS_BUFFER: usize = 8 * 1024;

/// Reads up to a blank line, the end of the stream, or the size limit, into memory that is wiped.
pub(super) fn read(input: &mut dyn Read, largest: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut block = Zeroizing::new(vec![0; 2 * PAST_STDINS_BUFFER]);
    let mut length = 0;
    loop {
        if length >= largest {
            return Err(Fault::TooLarge);
        }
        if block.len() - length < PAST_STDINS_BUFFER {
            // Growing a vector in place would leave the password in the memory it moves out of.
            let mut larger = Zeroizing::new(vec![0; block.len() * 4]);
            larger[..length].copy_from_slice(&block[..length]);
            block = larger;
        }
        match input.read(&mut block[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Fault::Unread),
        }
        if ends_in_blank_line(&block[..length]) {
            break;
        }
    }
    block.truncate(length);
    Ok(block)
}

fn ends_in_blank_line(block: &[u8]) -> bool {
    block.ends_with(b"\n\n") || block.ends_with(b"\n\r\n") || block == b"\n" || block == b"\r\n"
}
