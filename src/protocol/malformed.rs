//! What is wrong with a request that cannot be read: where and why, never a value.

use thiserror::Error;

/// A request that cannot be read. Says where and why, and never contains a value.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("line {line} {fault}")]
pub struct Malformed {
    pub(super) fault: Fault,
    pub(super) line: usize,
    /// The scheme and host read so far: an error is printed only for a request that is for Heroku.
    pub target: Option<(String, String)>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The request is larger than [`super::Request::LARGEST`].
    #[error("exceeds the size limit of a request")]
    TooLarge,
    /// A line is not `key=value`.
    #[error("has no equals sign")]
    NoEquals,
    /// A value that we act on has a control character or is not text.
    #[error("contains an invalid character")]
    Character,
    /// Some lines end with CRLF and this one does not: the CR may belong to a value.
    #[error("does not end like the first line")]
    LineEnd,
    /// Two lines name different hosts or different protocols.
    #[error("contradicts an earlier line")]
    Contradiction,
    /// The stream broke.
    #[error("could not be read")]
    Unread,
}
