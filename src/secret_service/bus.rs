//! One connection to the session bus, with one deadline over all of it.
//!
//! Calls are written together and answered in any order, so that a conversation has as few waits
//! as its questions depend on each other. Marshalling is `rustbus`'s; the socket is ours, because
//! no D-Bus crate bounds the whole of a conversation. Memory that held a message is wiped.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustbus::message_builder::{
    DynamicHeader, MarshalledMessage, MarshalledMessageBody, MessageType,
};
use rustbus::wire::marshal::traits::{Marshal, SignatureBuffer};
use rustbus::wire::marshal::{MarshalContext, marshal};
use rustbus::wire::unmarshal::traits::Unmarshal;
use rustbus::wire::unmarshal::{UnmarshalContext, unmarshal_dynamic_header, unmarshal_header};
use rustbus::{ByteOrder, MessageBuilder};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use zeroize::Zeroizing;

use super::Failure;
use super::address::Address;

/// The largest message that is taken, in bytes: a thousand items' worth.
const LARGEST: usize = 8 * 1024 * 1024;

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

    fn write_to(&self, bytes: &mut Vec<u8>, serial: u32) -> Result<(), Failure> {
        let mut header = Vec::with_capacity(256);
        marshal(&self.message, serial, &mut header).map_err(|_| Failure::Garbled)?;
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&self.body);
        Ok(())
    }
}

/// A message that came in: its header, and its body in memory that is wiped.
pub(super) struct Message {
    header: DynamicHeader,
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

    fn answers(&self, serial: u32) -> bool {
        matches!(self.kind, MessageType::Reply | MessageType::Error)
            && self.header.response_serial == Some(serial)
    }

    fn into_result(self) -> Result<Message, Failure> {
        match self.kind {
            MessageType::Error => Err(Failure::named(
                self.header.error_name.as_deref().unwrap_or_default(),
            )),
            _ => Ok(self),
        }
    }
}

/// A connection to the session bus.
pub(super) struct Bus {
    stream: UnixStream,
    incoming: Zeroizing<Vec<u8>>,
    deadline: Instant,
    limit: Duration,
    last_serial: u32,
    /// What is to go out before the first call.
    greeting: Vec<u8>,
    /// The bus's own answer to the greeting has not come yet.
    unwelcomed: bool,
    waiting: Vec<Message>,
}

impl Bus {
    /// Connects, and says nothing yet: the greeting goes out with the first calls.
    ///
    /// `limit` runs from here, over everything that is done with this connection.
    pub(super) fn connect(addresses: &[Address], limit: Duration) -> Result<Bus, Failure> {
        let deadline = Instant::now() + limit;
        let mut failure = Failure::Unreachable;
        for address in addresses {
            match connect(address, deadline) {
                Ok(stream) => return Ok(Bus::new(stream, deadline, limit)),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    failure = Failure::TimedOut(limit);
                }
                Err(_) => {}
            }
        }
        Err(failure)
    }

    fn new(stream: UnixStream, deadline: Instant, limit: Duration) -> Bus {
        let user = rustix::process::geteuid().as_raw().to_string();
        // The digits of the user's number, each in hex.
        let hex: String = user.chars().flat_map(|digit| ['3', digit]).collect();
        Bus {
            stream,
            incoming: Zeroizing::new(Vec::new()),
            deadline,
            limit,
            last_serial: 0,
            greeting: format!("\0AUTH EXTERNAL {hex}\r\nBEGIN\r\n").into_bytes(),
            unwelcomed: true,
            waiting: Vec::new(),
        }
    }

    /// Gives a person time to answer a prompt: the deadline moves to `limit` from here.
    pub(super) fn extend(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
        self.limit = limit;
    }

    /// Writes calls in one piece, and gives the serials by which their answers are known.
    pub(super) fn send<const N: usize>(&mut self, calls: [&Call; N]) -> Result<[u32; N], Failure> {
        let body: usize = calls.iter().map(|call| call.body.len() + 512).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(body + self.greeting.len() + 512));
        if !self.greeting.is_empty() {
            bytes.append(&mut self.greeting);
            self.last_serial += 1;
            let hello = Call::new(BUS, "/org/freedesktop/DBus", BUS, "Hello");
            hello.write_to(&mut bytes, self.last_serial)?;
        }
        let mut serials = [0; N];
        for (call, serial) in calls.iter().zip(&mut serials) {
            self.last_serial += 1;
            *serial = self.last_serial;
            call.write_to(&mut bytes, self.last_serial)?;
        }
        self.write(&bytes)?;
        Ok(serials)
    }

    /// One call and its answer.
    pub(super) fn call(&mut self, call: &Call) -> Result<Message, Failure> {
        let [serial] = self.send([call])?;
        self.answer(serial)
    }

    /// The answer to the call of this serial.
    pub(super) fn answer(&mut self, serial: u32) -> Result<Message, Failure> {
        self.next(|message| message.answers(serial))?.into_result()
    }

    /// The next message of this kind; the others wait until they are asked for.
    pub(super) fn next(&mut self, wanted: impl Fn(&Message) -> bool) -> Result<Message, Failure> {
        const MOST_WAITING: usize = 1000;
        loop {
            if let Some(index) = self.waiting.iter().position(&wanted) {
                return Ok(self.waiting.swap_remove(index));
            }
            if self.waiting.len() > MOST_WAITING {
                return Err(Failure::Garbled);
            }
            let message = self.receive()?;
            self.waiting.push(message);
        }
    }

    fn receive(&mut self) -> Result<Message, Failure> {
        if self.unwelcomed {
            self.welcome()?;
        }
        loop {
            if let Some((message, length)) = parse(&self.incoming)? {
                self.incoming.drain(..length);
                return Ok(message);
            }
            self.read_more()?;
        }
    }

    /// The line by which the bus lets us in, before any message.
    fn welcome(&mut self) -> Result<(), Failure> {
        const LONGEST_LINE: usize = 512;
        loop {
            let line = self.incoming.windows(2).position(|pair| pair == b"\r\n");
            match line {
                Some(end) if self.incoming.starts_with(b"OK ") => {
                    self.incoming.drain(..end + 2);
                    self.unwelcomed = false;
                    return Ok(());
                }
                Some(_) => return Err(Failure::NotLetIn),
                None if self.incoming.len() > LONGEST_LINE => return Err(Failure::Garbled),
                None => self.read_more()?,
            }
        }
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        const PIECE: usize = 4096;
        let limit = self.time_left()?;
        self.stream
            .set_read_timeout(Some(limit))
            .map_err(|e| self.broken(&e))?;
        let length = self.incoming.len();
        if length + PIECE > LARGEST {
            return Err(Failure::Garbled);
        }
        if self.incoming.capacity() < length + PIECE {
            let mut larger = Zeroizing::new(Vec::with_capacity((length + PIECE) * 4));
            larger.extend_from_slice(&self.incoming);
            self.incoming = larger;
        }
        self.incoming.resize(length + PIECE, 0);
        let read = loop {
            match self.stream.read(&mut self.incoming[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.incoming
            .truncate(length + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Err(Failure::HungUp),
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let limit = self.time_left()?;
        let stream = &mut self.stream;
        let written = stream
            .set_write_timeout(Some(limit))
            .and_then(|()| stream.write_all(bytes));
        written.map_err(|error| self.broken(&error))
    }

    fn time_left(&self) -> Result<Duration, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(Failure::TimedOut(self.limit)),
            false => Ok(left),
        }
    }

    fn broken(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Failure::TimedOut(self.limit),
            _ => Failure::HungUp,
        }
    }
}

/// The bus's own name, and the name of its interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// Reads the first message of a buffer, and says how many bytes it took; none where it is not
/// whole yet.
fn parse(buffer: &[u8]) -> Result<Option<(Message, usize)>, Failure> {
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

/// Connects within the deadline. A bus whose queue is full makes a blocking `connect` wait for as
/// long as it likes, so this one does not block.
fn connect(address: &Address, deadline: Instant) -> io::Result<UnixStream> {
    const PAUSE: Duration = Duration::from_millis(10);
    let target = match address {
        Address::Path(path) => SocketAddrUnix::new(path)?,
        #[cfg(target_os = "linux")]
        Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name)?,
        #[cfg(not(target_os = "linux"))]
        Address::Abstract(_) => return Err(io::ErrorKind::Unsupported.into()),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    while let Err(error) = rustix::net::connect(&socket, &target) {
        if error != rustix::io::Errno::AGAIN {
            return Err(error.into());
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(PAUSE);
    }
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bus(limit: Duration) -> (Bus, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Bus::new(ours, Instant::now() + limit, limit), theirs)
    }

    #[test]
    fn the_greeting_and_the_calls_go_out_in_one_piece() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        let call = Call::new("a.b", "/a", "a.b", "Ask").with(&"x").unwrap();
        assert_eq!(
            bus.send([&call, &call]).unwrap(),
            [2, 3],
            "1 is the greeting's own"
        );
        let mut bytes = vec![0; 4096];
        let length = service.read(&mut bytes).unwrap();
        assert!(bytes.starts_with(b"\0AUTH EXTERNAL "));
        let at = bytes.windows(7).position(|w| w == b"BEGIN\r\n").unwrap() + 7;
        let (hello, first) = parse(&bytes[at..length]).unwrap().unwrap();
        assert_eq!(hello.header.member.as_deref(), Some("Hello"));
        let (ask, second) = parse(&bytes[at + first..length]).unwrap().unwrap();
        assert_eq!(ask.read::<&str>("s").unwrap(), "x");
        let (_, third) = parse(&bytes[at + first + second..length]).unwrap().unwrap();
        assert_eq!(at + first + second + third, length);
    }

    #[test]
    fn a_service_that_says_nothing_is_given_up_in_time() {
        let (mut bus, _service) = bus(Duration::from_millis(30));
        let asked = bus.call(&Call::new("a.b", "/a", "a.b", "Ask"));
        assert!(matches!(asked.err().unwrap(), Failure::TimedOut(_)));
    }

    #[test]
    fn a_service_that_hangs_up_is_told_from_one_that_is_slow() {
        let (mut bus, service) = bus(Duration::from_secs(5));
        drop(service);
        let asked = bus.call(&Call::new("a.b", "/a", "a.b", "Ask"));
        assert!(matches!(asked.err().unwrap(), Failure::HungUp));
    }

    #[test]
    fn a_bus_that_lets_nobody_in_is_no_keychain() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        service.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
        let asked = bus.call(&Call::new("a.b", "/a", "a.b", "Ask"));
        assert!(matches!(asked.err().unwrap(), Failure::NotLetIn));
    }

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
