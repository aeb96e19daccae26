//! D-Bus messages: the calls that are sent, and the answers and signals that are received.
//!
//! Source: D-Bus specification, "Message Format".

use zeroize::Zeroizing;

use super::Failure;
use super::wire::{Order, Reader, Writer};

/// The largest message that is accepted, in bytes: enough for a thousand items.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;

/// The length of a message before its header fields, with the number that says how long these are.
const FIXED: usize = 16;

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

/// A method call.
pub(super) struct Call<'a> {
    destination: &'static str,
    path: &'a str,
    interface: &'static str,
    member: &'static str,
    signature: &'static str,
    body: Writer,
}

impl<'a> Call<'a> {
    /// A call without arguments.
    pub(super) fn new(
        destination: &'static str,
        path: &'a str,
        interface: &'static str,
        member: &'static str,
    ) -> Call<'a> {
        Call {
            destination,
            path,
            interface,
            member,
            signature: "",
            body: Writer::new(),
        }
    }

    /// The call with arguments of this signature.
    pub(super) fn with(
        mut self,
        signature: &'static str,
        arguments: impl FnOnce(&mut Writer),
    ) -> Call<'a> {
        self.signature = signature;
        arguments(&mut self.body);
        self
    }

    /// Appends the message to `out`.
    pub(super) fn write_to(&self, out: &mut Writer, serial: u32) {
        let mut header = Writer::new();
        header.raw(&[b'l', METHOD_CALL, 0, 1]);
        header.number(u32::try_from(self.body.written().len()).unwrap_or(u32::MAX));
        header.number(serial);
        header.array(8, |fields| {
            let mut field = |code, signature, value| {
                fields.align(8);
                fields.raw(&[code]);
                fields.signature(signature);
                match signature {
                    "g" => fields.signature(value),
                    _ => fields.text(value),
                }
            };
            field(PATH, "o", self.path);
            field(INTERFACE, "s", self.interface);
            field(MEMBER, "s", self.member);
            field(DESTINATION, "s", self.destination);
            if !self.signature.is_empty() {
                field(SIGNATURE, "g", self.signature);
            }
        });
        header.align(8);
        out.raw(header.written());
        out.raw(self.body.written());
    }
}

/// A received message. Its body is wiped when it is dropped.
#[derive(Default)]
pub(super) struct Message {
    kind: u8,
    reply_serial: Option<u32>,
    path: String,
    member: String,
    error_name: String,
    signature: String,
    order: Option<Order>,
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
        let order = match fixed[0] {
            b'l' => Order::Little,
            b'B' => Order::Big,
            _ => return Err(Failure::Garbled),
        };
        let mut lengths = Reader::new(fixed, order);
        lengths.take(4)?;
        let (body, _serial, fields) = (lengths.number()?, lengths.number()?, lengths.number()?);
        let checked = |length: u32| {
            let length = usize::try_from(length).ok();
            length.filter(|length| *length <= LARGEST)
        };
        let body = checked(body).ok_or(Failure::Garbled)?;
        let fields = FIXED + checked(fields).ok_or(Failure::Garbled)?;
        let start = fields.next_multiple_of(8);
        let Some(whole) = buffer.get(..start + body) else {
            return Ok(None);
        };
        let mut message = Message {
            kind: fixed[1],
            order: Some(order),
            body: Zeroizing::new(whole[start..].to_vec()),
            ..Message::default()
        };
        message.read_fields(Reader::new(&whole[..fields], order))?;
        Ok(Some((message, whole.len())))
    }

    /// Reads the header fields. Unused ones are skipped, also those that a later D-Bus may add.
    fn read_fields(&mut self, mut fields: Reader<'_>) -> Result<(), Failure> {
        fields.take(FIXED)?;
        while !fields.is_at_end() {
            fields.align(8)?;
            let code = fields.byte()?;
            match (code, fields.signature()?) {
                (REPLY_SERIAL, "u") => self.reply_serial = Some(fields.number()?),
                (PATH, "o") => fields.path()?.clone_into(&mut self.path),
                (MEMBER, "s") => fields.text()?.clone_into(&mut self.member),
                (ERROR_NAME, "s") => fields.text()?.clone_into(&mut self.error_name),
                (SIGNATURE, "g") => fields.signature()?.clone_into(&mut self.signature),
                (_, signature) => fields.skip(signature)?,
            }
        }
        Ok(())
    }

    /// The body, if it has this signature.
    pub(super) fn body(&self, signature: &str) -> Result<Reader<'_>, Failure> {
        match self.order {
            Some(order) if self.signature == signature => Ok(Reader::new(&self.body, order)),
            _ => Err(Failure::Garbled),
        }
    }

    /// Whether this is the signal `member` of the object at `path`.
    pub(super) fn is_signal(&self, path: &str, member: &str) -> bool {
        self.kind == SIGNAL && self.path == path && self.member == member
    }

    /// Whether this answers the call with this serial.
    pub(super) fn answers(&self, serial: u32) -> bool {
        matches!(self.kind, REPLY | ERROR) && self.reply_serial == Some(serial)
    }

    /// The answer, or the failure if it is an error.
    pub(super) fn into_result(self) -> Result<Message, Failure> {
        match self.kind {
            ERROR => Err(Failure::from_error_name(&self.error_name)),
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::keyring::Lock;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use zbus::zvariant::{ObjectPath, Value};

    /// A call as its receiver reads it: its member, the message and its length.
    pub(in super::super) fn received(bytes: &[u8]) -> (String, Message, usize) {
        let (message, length) = Message::parse(bytes).unwrap().unwrap();
        (message.member.clone(), message, length)
    }

    pub(in super::super) fn answer_with<B>(body: &B, big: bool) -> Vec<u8>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let order = if big {
            zbus::zvariant::Endian::Big
        } else {
            zbus::zvariant::Endian::Little
        };
        let call = zbus::Message::method_call("/a", "Ask").unwrap();
        let call = call.endian(order).build(&()).unwrap();
        let answer = zbus::Message::method_return(&call.header()).unwrap();
        let answer = answer.endian(order).build(body).unwrap();
        answer.data().to_vec()
    }

    #[test]
    fn what_another_implementation_writes_is_read() {
        for big in [false, true] {
            let path = ObjectPath::try_from("/org/x").unwrap();
            let bytes = answer_with(
                &((&path, [1_u8, 2].as_slice(), [3_u8].as_slice(), "text/plain"),),
                big,
            );
            let (message, length) = Message::parse(&bytes).unwrap().unwrap();
            assert_eq!(length, bytes.len());
            let mut body = message.body("(oayays)").unwrap();
            assert_eq!(body.path().unwrap(), "/org/x");
            assert_eq!(body.bytes().unwrap(), [1, 2]);
            assert_eq!(body.bytes().unwrap(), [3]);
            assert_eq!(body.text().unwrap(), "text/plain");
            assert!(body.is_at_end());

            let attributes = Value::from(HashMap::from([("service", "heroku-cli")]));
            let bytes = answer_with(&attributes, big);
            let (message, _) = Message::parse(&bytes).unwrap().unwrap();
            let mut body = message.body("v").unwrap();
            body.variant("a{ss}").unwrap();
            let mut entries = body.array(8).unwrap();
            entries.align(8).unwrap();
            assert_eq!(entries.text().unwrap(), "service");
            assert_eq!(entries.text().unwrap(), "heroku-cli");
            assert!(entries.is_at_end());
        }
    }

    #[test]
    fn an_error_and_a_signal_are_recognized() {
        let call = zbus::Message::method_call("/a", "Ask").unwrap();
        let call = call.build(&()).unwrap();
        let error =
            zbus::Message::error(&call.header(), "org.freedesktop.Secret.Error.IsLocked").unwrap();
        let error = error.build(&"why").unwrap();
        let (message, _) = Message::parse(error.data()).unwrap().unwrap();
        assert!(message.answers(call.primary_header().serial_num().get()));
        assert_eq!(
            message.into_result().err(),
            Some(Failure::Locked(Lock::Keyring))
        );

        let signal = zbus::Message::signal("/p", "a.b", "Completed").unwrap();
        let signal = signal.build(&(false, Value::from(""))).unwrap();
        let (message, _) = Message::parse(signal.data()).unwrap().unwrap();
        assert!(message.is_signal("/p", "Completed"));
        assert!(!message.is_signal("/q", "Completed") && !message.answers(1));
    }

    #[test]
    fn an_unknown_field_is_skipped() {
        let mut message = Writer::new();
        message.raw(&[b'l', REPLY, 0, 1]);
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
        assert!(message.answers(7));
    }

    #[test]
    fn values_nested_without_end_are_refused() {
        let nested: Vec<u8> = [1, b'v', 0].repeat(1_000_000);
        let mut message = Writer::new();
        message.raw(&[b'l', REPLY, 0, 1]);
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
    fn a_message_that_claims_to_be_huge_is_refused_before_it_comes() {
        for lengths in [[u32::MAX, 0], [0, u32::MAX]] {
            let mut message = Writer::new();
            message.raw(&[b'l', REPLY, 0, 1]);
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
        fn a_broken_message_is_no_panic(at: usize, byte: u8, cut: usize) {
            let call = Call::new("a.b", "/a", "a.b", "Ask").with("aoao", |body| {
                body.array(4, |paths| paths.text("/x"));
                body.array(4, |_| {});
            });
            let mut bytes = Writer::new();
            call.write_to(&mut bytes, 7);
            let mut bytes = bytes.written().to_vec();
            let (whole, _) = Message::parse(&bytes).unwrap().unwrap();
            let mut body = whole.body("aoao").unwrap();
            prop_assert_eq!(body.paths().unwrap(), ["/x"]);
            prop_assert_eq!(body.paths().unwrap(), [""; 0]);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % 8);
            if let Ok(Some((message, _))) = Message::parse(&bytes)
                && let Ok(mut body) = message.body("aoao")
            {
                let _ = body.paths().and_then(|_| body.paths());
            }
        }
    }
}
