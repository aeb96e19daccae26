//! D-Bus messages on the wire: `rustbus` marshals, and memory that held a secret is wiped.

use rustbus::message_builder::{
    DynamicHeader, MarshalledMessage, MarshalledMessageBody, MessageType,
};
use rustbus::wire::marshal::traits::{Marshal, SignatureBuffer};
use rustbus::wire::marshal::{MarshalContext, marshal};
use rustbus::wire::unmarshal::traits::Unmarshal;
use rustbus::wire::unmarshal::{UnmarshalContext, unmarshal_dynamic_header, unmarshal_header};
use rustbus::{ByteOrder, MessageBuilder};
use zeroize::Zeroizing;

use super::Failure;

/// The largest message that is taken, in bytes: a thousand items' worth.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;

/// Room for one argument, with a token in it.
const LONGEST_ARGUMENT: usize = 4096;

/// The bytes before a message's header fields, with the length of those.
const FIXED: usize = 16;

/// A call to be made: its header, and its body already in wire form.
pub(super) struct Call {
    message: MarshalledMessage,
    body: Zeroizing<Vec<u8>>,
}

impl Call {
    /// A call without arguments.
    pub(super) fn new(destination: &str, path: &str, interface: &str, member: &str) -> Call {
        let message = MessageBuilder::with_byteorder(ByteOrder::LittleEndian)
            .call(member)
            .on(path)
            .with_interface(interface)
            .at(destination)
            .build();
        Call {
            message,
            body: Zeroizing::new(Vec::new()),
        }
    }

    /// Adds an argument.
    pub(super) fn with<T: Marshal>(mut self, argument: &T) -> Result<Call, Failure> {
        // Growing in place would leave a secret in the memory that the body moves out of.
        let mut body = Zeroizing::new(Vec::with_capacity(self.body.len() + LONGEST_ARGUMENT));
        body.extend_from_slice(&self.body);
        let mut context = MarshalContext {
            fds: &mut Vec::new(),
            buf: &mut body,
            byteorder: ByteOrder::LittleEndian,
        };
        let marshalled = argument.marshal(&mut context);
        marshalled.map_err(|_| Failure::Garbled)?;
        let mut signature = SignatureBuffer::from_string(self.message.get_sig().to_owned());
        T::sig_str(&mut signature);
        // rustbus makes a header from a whole message, whose body it copies and does not wipe: it
        // gets one of the same length without the secret.
        self.message.body = MarshalledMessageBody::from_parts(
            vec![0; body.len()],
            Vec::new(),
            signature.as_str().to_owned(),
            ByteOrder::LittleEndian,
        );
        self.body = body;
        Ok(self)
    }

    /// The length of its body, in bytes.
    pub(super) fn length(&self) -> usize {
        self.body.len()
    }

    /// Appends the call to what goes out.
    pub(super) fn write_to(&self, bytes: &mut Vec<u8>, serial: u32) -> Result<(), Failure> {
        let mut header = Vec::with_capacity(256);
        marshal(&self.message, serial, &mut header).map_err(|_| Failure::Garbled)?;
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&self.body);
        Ok(())
    }
}

/// A message that came in: its header, and its body in memory that is wiped.
pub(super) struct Message {
    pub(super) header: DynamicHeader,
    kind: MessageType,
    order: ByteOrder,
    body: Zeroizing<Vec<u8>>,
}

impl Message {
    /// The body, where it has this signature; a tuple for several values.
    pub(super) fn read<'a, T: Unmarshal<'a, 'a>>(&'a self, signature: &str) -> Result<T, Failure> {
        if self.header.signature.as_deref().unwrap_or_default() != signature {
            return Err(Failure::Garbled);
        }
        let mut context = UnmarshalContext {
            fds: &[],
            buf: &self.body,
            byteorder: self.order,
            offset: 0,
        };
        let (_, value) = T::unmarshal(&mut context).map_err(|_| Failure::Garbled)?;
        Ok(value)
    }

    /// Whether this is the signal of that name from that object.
    pub(super) fn is_signal(&self, path: &str, member: &str) -> bool {
        self.kind == MessageType::Signal
            && self.header.object.as_deref() == Some(path)
            && self.header.member.as_deref() == Some(member)
    }

    /// Whether it answers the call of this serial.
    pub(super) fn answers(&self, serial: u32) -> bool {
        matches!(self.kind, MessageType::Reply | MessageType::Error)
            && self.header.response_serial == Some(serial)
    }

    /// Itself, or the error that it brings.
    pub(super) fn into_result(self) -> Result<Message, Failure> {
        match self.kind {
            MessageType::Error => Err(Failure::named(
                self.header.error_name.as_deref().unwrap_or_default(),
            )),
            _ => Ok(self),
        }
    }
}

/// Reads the first message of a buffer, and says how many bytes it took; none where it is not
/// whole yet.
pub(super) fn parse(buffer: &[u8]) -> Result<Option<(Message, usize)>, Failure> {
    if buffer.len() < FIXED {
        return Ok(None);
    }
    let garbled = |_| Failure::Garbled;
    let (_, header) = unmarshal_header(buffer, 0).map_err(garbled)?;
    let word = [buffer[12], buffer[13], buffer[14], buffer[15]];
    let fields = match header.byteorder {
        ByteOrder::LittleEndian => u32::from_le_bytes(word),
        ByteOrder::BigEndian => u32::from_be_bytes(word),
    };
    let start = (FIXED + fields as usize).next_multiple_of(8);
    let end = start.saturating_add(header.body_len as usize);
    if start > LARGEST || end > LARGEST {
        return Err(Failure::Garbled);
    }
    if buffer.len() < end {
        return Ok(None);
    }
    let (_, fields) = unmarshal_dynamic_header(&header, &buffer[..start], 12).map_err(garbled)?;
    let message = Message {
        header: fields,
        kind: header.typ,
        order: header.byteorder,
        body: Zeroizing::new(buffer[start..end].to_vec()),
    };
    Ok(Some((message, end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes: Vec<u8>) {
            if let Ok(Some((message, length))) = parse(&bytes) {
                prop_assert!(length <= bytes.len());
                let _ = message.read::<(Vec<&str>, Vec<&str>)>("asas");
            }
        }

        #[test]
        fn a_broken_message_is_no_panic(at in 0usize..120, byte: u8) {
            let call = Call::new("a.b", "/a", "a.b", "Ask").with(&vec!["x", "y"]).unwrap();
            let mut bytes = Vec::new();
            call.write_to(&mut bytes, 7).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(Some((message, _))) = parse(&bytes) {
                let _ = message.read::<Vec<&str>>("as");
            }
        }
    }
}
