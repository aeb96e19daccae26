//! One connection to the session bus, with one deadline over all of it.
//!
//! Calls are written together, once an answer is waited for, and answered in any order. The socket never blocks: each
//! wait is a `poll` with the time that is left until the deadline. Memory that held a message is wiped.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::Failure;
use super::calls;
use super::message::{Call, Event, Format, Message};
use crate::keyring::{Deadline, Missing, Unavailable};
use crate::secret_buf::SecretBuf;

/// A connection to the session bus.
pub(super) struct Bus {
    stream: UnixStream,
    /// The user ID of the bus.
    owner: u32,
    /// When to stop waiting for an answer.
    pub(super) deadline: Deadline,
    incoming: SecretBuf,
    /// What is written before the next wait.
    outgoing: SecretBuf,
    last_serial: u32,
    /// Whether the bus has accepted this client.
    is_authenticated: bool,
    /// What is waited for and has not come yet.
    expected: Vec<Event>,
    /// What has come, and was not fetched yet.
    arrived: Vec<Message>,
    /// The number of bytes received in this operation.
    received: usize,
}

/// Something to wait for, with a `T` in it.
pub(super) struct Pending<T> {
    event: Event,
    format: Format<T>,
}

/// The most bytes that are accepted in one operation. Ten thousand logins are 6 MiB.
const MOST_RECEIVED: usize = 32 * 1024 * 1024;

/// Without an identity in `DATA`, the bus uses the user ID that the kernel reports. An ID that we send would be a
/// different one in a user namespace.
const AUTHENTICATION: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\n";
const BEGIN: &[u8] = b"BEGIN\r\n";

impl Bus {
    /// Connects, and sends nothing yet: the authentication and `Hello` are sent with the first calls.
    ///
    /// With `in_steps`, the authentication is awaited before the first message is sent. xdg-dbus-proxy before 0.1.6
    /// closes the connection if `BEGIN` and a message come in one piece.
    pub(super) fn connect(
        addresses: &[SocketAddrUnix],
        deadline: Deadline,
        in_steps: bool,
    ) -> Result<Bus, Failure> {
        let mut bus = Bus::open(addresses, deadline)?;
        if in_steps {
            bus.flush()?;
            bus.wait_for_authentication()?;
        }
        bus.begin_messages();
        Ok(bus)
    }

    fn open(addresses: &[SocketAddrUnix], deadline: Deadline) -> Result<Bus, Failure> {
        let mut failure = Unavailable::NoKeyring(Missing::ReachableBus);
        for address in addresses {
            match connect(address, deadline.at) {
                Ok(stream) => match owner(&stream, address) {
                    Some(owner) if may_be_trusted(owner) => {
                        return Ok(Bus::new(stream, owner, deadline));
                    }
                    _ => failure = Unavailable::BusOfAnotherUser,
                },
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(deadline.passed().into());
                }
                Err(_) => {}
            }
        }
        Err(failure.into())
    }

    fn new(stream: UnixStream, owner: u32, deadline: Deadline) -> Bus {
        Bus {
            stream,
            owner,
            deadline,
            incoming: SecretBuf::default(),
            outgoing: SecretBuf::from(AUTHENTICATION.to_vec()),
            last_serial: 0,
            is_authenticated: false,
            expected: Vec::new(),
            arrived: Vec::new(),
            received: 0,
        }
    }

    fn begin_messages(&mut self) {
        self.outgoing.extend_from_slice(BEGIN);
        // The answer, the name of this connection, is not needed.
        self.send(calls::hello());
    }

    /// Whether the bus has sent nothing at all.
    pub(super) fn has_received_nothing(&self) -> bool {
        !self.is_authenticated && self.incoming.is_empty()
    }

    /// What a failure of the first calls means: the bus of root closes the connection of another user only after it has
    /// accepted the authentication.
    pub(super) fn explained(&self, failure: Failure) -> Failure {
        if failure == Failure::HUNG_UP && self.owner != this_user() {
            Unavailable::BusOfAnotherUser.into()
        } else {
            failure
        }
    }

    /// Begins an operation, which has its own limits.
    pub(super) fn begin(&mut self, deadline: Deadline) {
        self.deadline = deadline;
        self.received = 0;
    }

    /// Makes a call. It is written together with others, before the next wait.
    pub(super) fn send<T>(&mut self, mut call: Call<T>) -> Pending<T> {
        self.last_serial += 1;
        let message = call.with_serial(self.last_serial);
        self.outgoing.extend_from_slice(message);
        self.expect(Event::Answer(self.last_serial), call.answer)
    }

    /// From now on, keeps this event until it is fetched.
    pub(super) fn expect<T>(&mut self, event: Event, format: Format<T>) -> Pending<T> {
        self.expected.push(event.clone());
        Pending { event, format }
    }

    /// Makes one call, and waits for its answer.
    pub(super) fn call<T>(&mut self, call: Call<T>) -> Result<T, Failure> {
        let answer = self.send(call);
        self.wait(answer)
    }

    /// Waits for this, and keeps what else is expected.
    pub(super) fn wait<T>(&mut self, pending: Pending<T>) -> Result<T, Failure> {
        let Pending { event, format } = pending;
        self.flush()?;
        loop {
            let mut arrived = self.arrived.iter();
            if let Some(index) = arrived.position(|message| message.event == event) {
                return self.arrived.swap_remove(index).content(&format);
            }
            let message = self.receive()?;
            let mut expected = self.expected.iter();
            if let Some(index) = expected.position(|event| *event == message.event) {
                self.expected.swap_remove(index);
                self.arrived.push(message);
            }
        }
    }

    fn receive(&mut self) -> Result<Message, Failure> {
        self.wait_for_authentication()?;
        loop {
            if let Some((message, length)) = Message::parse(&self.incoming)? {
                self.incoming.drain_front(length);
                return Ok(message);
            }
            self.read_more()?;
        }
    }

    /// Waits for the line by which the bus accepts this client, before any message. The bus may first ask for an
    /// identity, with `DATA`.
    fn wait_for_authentication(&mut self) -> Result<(), Failure> {
        const LONGEST_LINE: usize = 512;
        while !self.is_authenticated {
            let line = self.incoming.windows(2).position(|pair| pair == b"\r\n");
            match line {
                Some(_) if self.incoming.starts_with(b"REJECTED") => {
                    return Err(Unavailable::BusOfAnotherUser.into());
                }
                Some(end) if self.incoming.starts_with(b"OK ") => {
                    self.incoming.drain_front(end + 2);
                    self.is_authenticated = true;
                }
                Some(4) if self.incoming.starts_with(b"DATA") => self.incoming.drain_front(6),
                None if self.incoming.len() <= LONGEST_LINE => self.read_more()?,
                Some(_) | None => return Err(Failure::Garbled),
            }
        }
        Ok(())
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        const PIECE: usize = 4096;
        self.wait_for(PollFlags::IN)?;
        if self.received > MOST_RECEIVED {
            let why = "the D-Bus session sent too much data";
            return Err(Unavailable::Broken(why.to_owned()).into());
        }
        match self.incoming.read_some(&mut self.stream, PIECE) {
            Ok(0) => Err(Failure::HUNG_UP),
            Err(error) if !is_temporary(&error) => Err(Failure::HUNG_UP),
            read => {
                self.received += read.unwrap_or_default();
                Ok(())
            }
        }
    }

    /// Writes the calls that were made since the last wait.
    fn flush(&mut self) -> Result<(), Failure> {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(written) => self.outgoing.drain_front(written),
                Err(error) if is_temporary(&error) => self.wait_for(PollFlags::OUT)?,
                Err(_) => return Err(Failure::HUNG_UP),
            }
        }
        Ok(())
    }

    /// Waits until the socket can be read or written, or until the deadline.
    fn wait_for(&self, what: PollFlags) -> Result<(), Failure> {
        loop {
            let left = self.deadline.at.saturating_duration_since(Instant::now());
            // `None` would wait for ever, so a time that does not fit a `Timespec` counts as zero.
            let left = Timespec::try_from(left).unwrap_or_default();
            let ready = poll(&mut [PollFd::new(&self.stream, what)], Some(&left));
            match ready {
                Ok(0) => return Err(self.deadline.passed().into()),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Failure::HUNG_UP),
            }
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), Interrupted | WouldBlock)
}

/// Connects within the deadline. A blocking `connect` to a bus with a full queue would wait without a limit, so this
/// one does not block.
fn connect(address: &SocketAddrUnix, deadline: Instant) -> io::Result<UnixStream> {
    const PAUSE: Duration = Duration::from_millis(10);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    while let Err(error) = rustix::net::connect(&socket, address) {
        if error != rustix::io::Errno::AGAIN {
            return Err(error.into());
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(PAUSE);
    }
    Ok(UnixStream::from(socket))
}

/// The user that the listener runs as.
#[cfg(target_os = "linux")]
fn owner(stream: &UnixStream, _: &SocketAddrUnix) -> Option<u32> {
    let listener = rustix::net::sockopt::socket_peercred(stream).ok()?;
    Some(listener.uid.as_raw())
}

/// The owner of the socket file. Here, rustix cannot ask who listens on a connected socket.
#[cfg(not(target_os = "linux"))]
fn owner(_: &UnixStream, address: &SocketAddrUnix) -> Option<u32> {
    Some(rustix::fs::stat(&*address.path()?).ok()?.st_uid)
}

/// Whether the owner is this user or root. Any user can bind an abstract name or a path in `/tmp` that a stale variable
/// still names, and would then receive the token in plain text.
fn may_be_trusted(owner: u32) -> bool {
    owner == 0 || owner == this_user()
}

fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    fn bus(limit: Duration) -> (Bus, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Bus::new(ours, this_user(), Deadline::after(limit)), theirs)
    }

    fn ask() -> Call<()> {
        Call::new("a.b", "/a", "a.b", "Ask", "s").with(|body| body.text("x"))
    }

    #[test]
    fn hello_and_the_calls_are_sent_in_one_write() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        bus.begin_messages();
        for serial in [2, 3] {
            let pending = bus.send(ask());
            assert_eq!(
                pending.event,
                Event::Answer(serial),
                "serial 1 is that of Hello"
            );
        }
        bus.flush().unwrap();
        let mut bytes = vec![0; 4096];
        let length = service.read(&mut bytes).unwrap();
        let opening = [AUTHENTICATION, BEGIN].concat();
        assert!(bytes.starts_with(&opening));
        let mut at = opening.len();
        for (member, argument) in [("Hello", ""), ("Ask", "x"), ("Ask", "x")] {
            let (_, size) = Message::parse(&bytes[at..length]).unwrap().unwrap();
            let text = String::from_utf8_lossy(&bytes[at..at + size]);
            assert!(text.contains(&format!("\0{member}\0")), "{text:?}");
            assert!(text.ends_with(&format!("{argument}\0")), "{text:?}");
            at += size;
        }
        assert_eq!(at, length);
    }

    #[test]
    fn a_service_that_sends_nothing_times_out() {
        let limit = Duration::from_millis(30);
        let (mut bus, _service) = bus(limit);
        assert_eq!(bus.call(ask()), Err(bus.deadline.passed().into()));
    }

    #[test]
    fn a_service_that_reads_nothing_times_out() {
        let limit = Duration::from_millis(30);
        let (mut bus, _service) = bus(limit);
        let large = "x".repeat(4_000_000);
        let call = Call::new("a.b", "/a", "a.b", "Ask", "s").with(|body| body.text(&large));
        assert_eq!(bus.call(call), Err(bus.deadline.passed().into()));
    }

    #[test]
    fn a_closed_connection_is_not_reported_as_slow() {
        let (mut bus, service) = bus(Duration::from_secs(5));
        drop(service);
        assert_eq!(bus.call(ask()), Err(Failure::HUNG_UP));
    }

    #[test]
    fn a_bus_that_rejects_this_user_is_reported() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        service.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
        let rejected = Unavailable::BusOfAnotherUser;
        assert_eq!(bus.call(ask()), Err(rejected.into()));
    }

    /// As when another user inherits the variables of root.
    #[test]
    fn a_bus_of_another_user_that_hangs_up_is_reported_as_such() {
        let (mut bus, mut service) = bus(Duration::from_secs(5));
        service.write_all(b"OK 0\r\n").unwrap();
        drop(service);
        let failure = bus.call(ask()).unwrap_err();
        assert_eq!(bus.explained(failure.clone()), Failure::HUNG_UP);
        bus.owner = this_user() + 1;
        let expected = Unavailable::BusOfAnotherUser;
        assert_eq!(bus.explained(failure), expected.into());
    }

    #[test]
    fn a_full_queue_at_the_bus_times_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let limit = Duration::from_millis(50);
        let addresses = [SocketAddrUnix::new(&path).unwrap()];
        let mut queue = Vec::new();
        let failure = loop {
            match Bus::connect(&addresses, Deadline::after(limit), false) {
                Ok(bus) => queue.push(bus),
                Err(failure) => break failure,
            }
            assert!(queue.len() < 100, "the queue did not fill up");
        };
        assert_eq!(failure, Deadline::after(limit).passed().into());
    }

    proptest! {
        #[test]
        fn any_bytes_from_a_bus_give_a_reply_or_an_error(bytes: Vec<u8>, is_accepted: bool) {
            let (mut bus, mut service) = bus(Duration::from_secs(5));
            if is_accepted {
                service.write_all(b"OK 0\r\n").unwrap();
            }
            service.write_all(&bytes).unwrap();
            service.shutdown(std::net::Shutdown::Write).unwrap();
            bus.call(ask()).unwrap_err();
        }
    }
}
