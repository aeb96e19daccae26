//! D-Bus messages: the calls that are sent, and the answers and signals that are received.
//!
//! Source: D-Bus specification, "Message Format".

use zeroize::Zeroizing;

use super::Failure;
use super::wire::{Reader, Writer, length};

/// The largest message that is accepted, in bytes: enough for a thousand items.
const LARGEST: usize = 8 * 1024 * 1024;

/// The length of a message before its header fields, with the number that says how long these are.
const FIXED: usize = 16;

// Where these numbers of a message are.
const BODY_LENGTH: usize = 4;
const SERIAL: usize = 8;

/// How a message names the byte order of this machine.
const BYTE_ORDER: u8 = if cfg!(target_endian = "big") {
    b'B'
} else {
    b'l'
};

const METHOD_CALL: u8 = 1;
const REPLY: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

// Header fields, by the numbers of the specification.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// A method call, without its serial. Its answer is a `T`.
pub(super) struct Call<T> {
    message: Writer,
    pub(super) answer: Format<T>,
}

/// How a `T` is read from the body of a message.
pub(super) struct Format<T> {
    /// The signature of the body.
    pub(super) signature: &'static str,
    pub(super) read: fn(&mut Reader<'_>) -> Option<T>,
}

impl Call<()> {
    /// A call with arguments of this signature and an empty answer, which says only that it succeeded.
    pub(super) fn new(
        destination: &str,
        path: &str,
        interface: &str,
        member: &str,
        signature: &str,
    ) -> Call<()> {
        let mut message = Writer::new();
        message.raw(&[BYTE_ORDER, METHOD_CALL, 0, 1]);
        let (body_length, serial) = (0, 0);
        message.number(body_length);
        message.number(serial);
        message.array(8, |fields| {
            let mut field = |code, signature, value| {
                fields.align(8);
                fields.raw(&[code]);
                fields.signature(signature);
                match signature {
                    "g" => fields.signature(value),
                    _ => fields.text(value),
                }
            };
            field(PATH, "o", path);
            field(INTERFACE, "s", interface);
            field(MEMBER, "s", member);
            field(DESTINATION, "s", destination);
            if !signature.is_empty() {
                field(SIGNATURE, "g", signature);
            }
        });
        message.align(8);
        let answer = Format {
            signature: "",
            read: |_| Some(()),
        };
        Call { message, answer }
    }

    /// The call with these arguments.
    pub(super) fn with(mut self, arguments: impl FnOnce(&mut Writer)) -> Call<()> {
        let header = self.message.written().len();
        arguments(&mut self.message);
        let body = length(&self.message.written()[header..]);
        self.message.overwrite(BODY_LENGTH, body);
        self
    }

    /// The call with an answer of this signature.
    pub(super) fn answered<T>(
        self,
        signature: &'static str,
        read: fn(&mut Reader<'_>) -> Option<T>,
    ) -> Call<T> {
        Call {
            message: self.message,
            answer: Format { signature, read },
        }
    }
}

impl<T> Call<T> {
    /// The message with this serial.
    pub(super) fn with_serial(&mut self, serial: u32) -> &[u8] {
        self.message.overwrite(SERIAL, serial);
        self.message.written()
    }
}

/// What a received message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// The call with this serial was answered.
    Answer(u32),
    /// The prompt at this path ended.
    EndOfPrompt(String),
    /// Something that this program never waits for.
    Other,
}

/// A received message. Its body is wiped when it is dropped.
pub(super) struct Message {
    pub(super) event: Event,
    /// The name of the error that the message reports.
    error: Option<String>,
    signature: String,
    body: Zeroizing<Vec<u8>>,
}

impl Message {
    /// Reads the first message of a buffer. Returns the message and its length in bytes, or none if it is not
    /// complete yet.
    ///
    /// # Errors
    /// [`Failure::Garbled`] if the bytes do not begin a message, or begin one that is too large.
    pub(super) fn parse(buffer: &[u8]) -> Result<Option<(Message, usize)>, Failure> {
        let Some(fixed) = buffer.get(..FIXED) else {
            return Ok(None);
        };
        let (fields, body) = read_fixed(fixed).ok_or(Failure::Garbled)?;
        let start = fields.next_multiple_of(8);
        let Some(whole) = buffer.get(..start + body) else {
            return Ok(None);
        };
        let (fields, body) = (Reader::new(&whole[..fields]), &whole[start..]);
        let message = Message::read(fixed[1], fields, body).ok_or(Failure::Garbled)?;
        Ok(Some((message, whole.len())))
    }

    /// Reads the header fields. Unused ones are skipped, also those that a later D-Bus may add.
    fn read(kind: u8, mut fields: Reader<'_>, body: &[u8]) -> Option<Message> {
        let (mut path, mut member, mut error, mut signature) = ("", "", "", "");
        let mut reply_serial = None;
        fields.take(FIXED)?;
        while !fields.is_at_end() {
            fields.align(8)?;
            let code = fields.byte()?;
            match (code, fields.signature()?) {
                (REPLY_SERIAL, "u") => reply_serial = Some(fields.number()?),
                (PATH, "o") => path = fields.path()?,
                (MEMBER, "s") => member = fields.text()?,
                (ERROR_NAME, "s") => error = fields.text()?,
                (SIGNATURE, "g") => signature = fields.signature()?,
                (_, signature) => fields.skip(signature)?,
            }
        }
        Some(Message {
            event: match kind {
                REPLY | ERROR => reply_serial.map_or(Event::Other, Event::Answer),
                SIGNAL if member == "Completed" => Event::EndOfPrompt(path.to_owned()),
                _ => Event::Other,
            },
            error: (kind == ERROR).then(|| error.to_owned()),
            signature: signature.to_owned(),
            body: Zeroizing::new(body.to_vec()),
        })
    }

    /// What the message says in this format.
    ///
    /// # Errors
    /// The failure that it reports; [`Failure::Garbled`] if it has another format.
    pub(super) fn content<T>(&self, format: &Format<T>) -> Result<T, Failure> {
        if let Some(name) = &self.error {
            return Err(Failure::from_error_name(name));
        }
        if format.signature != self.signature {
            return Err(Failure::Garbled);
        }
        let mut body = Reader::new(&self.body);
        (format.read)(&mut body).ok_or(Failure::Garbled)
    }
}

/// Where the header fields of a message and its body end.
fn read_fixed(fixed: &[u8]) -> Option<(usize, usize)> {
    let mut fixed = Reader::new(fixed);
    let is_ours = fixed.byte()? == BYTE_ORDER;
    fixed.take(3)?;
    let (body, _serial, fields) = (fixed.length()?, fixed.number()?, fixed.length()?);
    let is_small = body.saturating_add(fields) <= LARGEST;
    (is_ours && is_small).then_some((FIXED + fields, body))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::keyring::{Lock, Unavailable};
    use proptest::prelude::*;
    use std::collections::HashMap;
    use zbus::zvariant::{ObjectPath, Value};

    pub(in super::super) fn answer_with<B>(body: &B) -> Vec<u8>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let call = zbus::Message::method_call("/a", "Ask").unwrap();
        let call = call.build(&()).unwrap();
        let answer = zbus::Message::method_return(&call.header()).unwrap();
        answer.build(body).unwrap().data().to_vec()
    }

    #[test]
    fn a_message_of_another_implementation_is_read() {
        let path = ObjectPath::try_from("/org/x").unwrap();
        let bytes = answer_with(&((&path, [1_u8, 2].as_slice(), [3_u8].as_slice(), "text/plain"),));
        let (message, length) = Message::parse(&bytes).unwrap().unwrap();
        assert_eq!(length, bytes.len());
        let secret = Format {
            signature: "(oayays)",
            read: |body| {
                assert_eq!(body.path()?, "/org/x");
                assert_eq!(body.bytes()?, [1, 2]);
                assert_eq!(body.bytes()?, [3]);
                assert_eq!(body.text()?, "text/plain");
                Some(body.is_at_end())
            },
        };
        assert_eq!(message.content(&secret), Ok(true));

        let attributes = Value::from(HashMap::from([("service", "heroku-cli")]));
        let bytes = answer_with(&attributes);
        let (message, _) = Message::parse(&bytes).unwrap().unwrap();
        let attributes = Format {
            signature: "v",
            read: |body| {
                let mut entries = body.variant("a{ss}")?.array(8)?;
                entries.align(8)?;
                assert_eq!(entries.text()?, "service");
                assert_eq!(entries.text()?, "heroku-cli");
                Some(entries.is_at_end())
            },
        };
        assert_eq!(message.content(&attributes), Ok(true));
    }

    #[test]
    fn an_error_and_a_signal_are_recognized() {
        let call = zbus::Message::method_call("/a", "Ask").unwrap();
        let call = call.build(&()).unwrap();
        let error =
            zbus::Message::error(&call.header(), "org.freedesktop.Secret.Error.IsLocked").unwrap();
        let error = error.build(&"why").unwrap();
        let (message, _) = Message::parse(error.data()).unwrap().unwrap();
        let serial = call.primary_header().serial_num().get();
        assert_eq!(message.event, Event::Answer(serial));
        let locked = Failure::Unavailable(Unavailable::Locked(Lock::Keyring));
        assert_eq!(
            message.content(&Format {
                signature: "s",
                read: |_| Some(())
            }),
            Err(locked)
        );

        let signal = zbus::Message::signal("/p", "a.b", "Completed").unwrap();
        let signal = signal.build(&(false, Value::from(""))).unwrap();
        let (message, _) = Message::parse(signal.data()).unwrap().unwrap();
        assert_eq!(message.event, Event::EndOfPrompt("/p".to_owned()));
        let another = zbus::Message::signal("/p", "a.b", "Started").unwrap();
        let another = another.build(&()).unwrap();
        let (message, _) = Message::parse(another.data()).unwrap().unwrap();
        assert_eq!(message.event, Event::Other);
    }

    #[test]
    fn an_unknown_field_is_skipped() {
        let mut message = Writer::new();
        message.raw(&[BYTE_ORDER, REPLY, 0, 1]);
        message.number(0);
        message.number(9);
        message.array(8, |fields| {
            fields.raw(&[200]);
            fields.signature("o");
            fields.text("/later");
            fields.align(8);
            fields.raw(&[REPLY_SERIAL]);
            fields.signature("u");
            fields.number(7);
        });
        message.align(8);
        let (message, _) = Message::parse(message.written()).unwrap().unwrap();
        assert_eq!(message.event, Event::Answer(7));
    }

    #[test]
    fn deeply_nested_values_are_rejected() {
        let nested: Vec<u8> = [1, b'v', 0].repeat(1_000_000);
        let mut message = Writer::new();
        message.raw(&[BYTE_ORDER, REPLY, 0, 1]);
        message.number(0);
        message.number(9);
        message.array(8, |fields| {
            fields.raw(&[200]);
            fields.raw(&nested);
        });
        message.align(8);
        let refused = Message::parse(message.written()).err();
        assert_eq!(refused, Some(Failure::Garbled));
    }

    #[test]
    fn a_message_in_another_byte_order_is_rejected() {
        let mut message = answer_with(&());
        message[0] ^= b'l' ^ b'B';
        assert_eq!(Message::parse(&message).err(), Some(Failure::Garbled));
    }

    #[test]
    fn a_message_with_a_huge_length_is_rejected_before_it_is_read() {
        for lengths in [[u32::MAX, 0], [0, u32::MAX]] {
            let mut message = Writer::new();
            message.raw(&[BYTE_ORDER, REPLY, 0, 1]);
            message.number(lengths[0]);
            message.number(1);
            message.number(lengths[1]);
            let refused = Message::parse(message.written()).err();
            assert_eq!(refused, Some(Failure::Garbled));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(mut bytes: Vec<u8>, shaped: bool) {
            if shaped && bytes.len() > FIXED {
                bytes[..FIXED].copy_from_slice(&[b'l', REPLY, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 40, 0, 0, 0]);
            }
            if let Ok(Some((_, length))) = Message::parse(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }

        #[test]
        fn a_damaged_message_causes_no_panic(at: usize, byte: u8, cut: usize) {
            let mut call = Call::new("a.b", "/a", "a.b", "Ask", "aoao").with(|body| {
                body.array(4, |paths| paths.text("/x"));
                body.array(4, |_| {});
            });
            let mut bytes = call.with_serial(7).to_vec();
            let (whole, _) = Message::parse(&bytes).unwrap().unwrap();
            let two_lists = Format { signature: "aoao", read: |body| Some((body.paths()?, body.paths()?)) };
            let expected = (vec!["/x".to_owned()], Vec::new());
            prop_assert_eq!(whole.content(&two_lists), Ok(expected));
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % 8);
            if let Ok(Some((message, _))) = Message::parse(&bytes) {
                let _ = message.content(&two_lists);
            }
        }
    }
}
