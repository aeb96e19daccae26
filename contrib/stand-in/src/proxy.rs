//! The way in: who may come, `CONNECT`, the tunnel's TLS, and the conversation behind it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use crate::conversation;
use crate::faults::Fault;
use crate::http::Connection;
use crate::message::Answer;
use crate::state::{State, locked};
use crate::tls::Authority;

/// The limit of every wait here.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How long a stop waits for conversations that are cut off to notice it.
const FAREWELL: Duration = Duration::from_secs(5);

/// The listener and everybody who came in through it.
pub(crate) struct Proxy {
    port: u16,
    house: Arc<House>,
    listener: Mutex<Option<Listening>>,
}

struct House {
    authority: Authority,
    state: Arc<State>,
    guests: Mutex<Guests>,
    left: Condvar,
}

#[derive(Default)]
struct Guests {
    streams: BTreeMap<u64, TcpStream>,
    next: u64,
}

struct Listening {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Proxy {
    pub(crate) fn start(authority: Authority, state: Arc<State>) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let house = Arc::new(House {
            authority,
            state,
            guests: Mutex::default(),
            left: Condvar::new(),
        });
        let proxy = Proxy {
            port,
            house,
            listener: Mutex::default(),
        };
        proxy.listen(listener);
        Ok(proxy)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Takes connections again, on the same port.
    pub(crate) fn open(&self) -> io::Result<()> {
        if locked(&self.listener).is_none() {
            self.listen(TcpListener::bind(("127.0.0.1", self.port))?);
        }
        Ok(())
    }

    /// Refuses connections from here on, and breaks off those that there are.
    pub(crate) fn close(&self) {
        if let Some(listening) = locked(&self.listener).take() {
            listening.is_over.store(true, Ordering::SeqCst);
            // A last connection wakes the listener, which then sees that it is over.
            let _ = TcpStream::connect(("127.0.0.1", self.port));
            let _ = listening.thread.join();
        }
        for stream in locked(&self.house.guests).streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until every conversation has come to its end, git's children included.
    pub(crate) fn wait_for_the_last(&self) {
        let some_left = |guests: &mut Guests| !guests.streams.is_empty();
        let guests = locked(&self.house.guests);
        let waited = self
            .house
            .left
            .wait_timeout_while(guests, FAREWELL, some_left);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn listen(&self, listener: TcpListener) {
        let is_over = Arc::new(AtomicBool::new(false));
        let (house, over) = (Arc::clone(&self.house), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                House::welcome(&house, stream);
            }
        });
        *locked(&self.listener) = Some(Listening { is_over, thread });
    }
}

/// A connection, as long as one side sends data.
struct Guest(Arc<House>, u64);

impl Guest {
    /// Serves the connection, and leaves.
    fn talk(self, stream: TcpStream) -> io::Result<()> {
        self.0.tunnel(stream)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        locked(&self.0.guests).streams.remove(&self.1);
        self.0.left.notify_all();
    }
}

impl House {
    fn welcome(house: &Arc<House>, stream: TcpStream) {
        let Ok(copy) = stream.try_clone() else {
            return;
        };
        let mut guests = locked(&house.guests);
        let number = guests.next;
        guests.next += 1;
        guests.streams.insert(number, copy);
        drop(guests);
        let guest = Guest(Arc::clone(house), number);
        // A client that hangs up in the middle is none of our failures.
        thread::spawn(move || drop(guest.talk(stream)));
    }

    fn tunnel(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LONGEST_WAIT))?;
        let mut connection = Connection::new(stream);
        let Some(request) = connection.next()? else {
            return Ok(());
        };
        let host = request.path.to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        if request.method != "CONNECT" || !self.state.plays(host) {
            let what = format!("{} {}", request.method, request.path);
            self.state.log.stranger(&what);
            return connection.answer(&Answer::new(502));
        }
        let fault = self.state.faults.at_tunnel(host);
        if let Some(refusal) = fault.as_ref().and_then(refusal) {
            return connection.answer(&refusal);
        }
        let stream = connection.stream();
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        match fault {
            Some(Fault::CloseTunnel) => return Ok(()),
            Some(Fault::PlainHttp) => {
                // Before the client begins, this would be part of the proxy's own answer.
                stream.read_exact(&mut [0])?;
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                // To close with unread data would reset the connection.
                return io::copy(stream, &mut io::sink()).map(drop);
            }
            _ => {}
        }
        let config = self.authority.config(host, fault.as_ref())?;
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, connection.into_stream());
        conversation::hold(&mut stream, host, &self.state)?;
        say_goodbye(&mut stream)
    }
}

fn refusal(fault: &Fault) -> Option<Answer> {
    match fault {
        Fault::NoTunnel => Some(Answer::new(502)),
        Fault::ProxyPassword => {
            let realm = "Basic realm=\"a proxy in between\"";
            Some(Answer::new(407).with("Proxy-Authenticate", realm))
        }
        _ => None,
    }
}

/// Without it, a client cannot distinguish a complete reply from one that was cut off.
fn say_goodbye<S: Read + Write>(stream: &mut StreamOwned<ServerConnection, S>) -> io::Result<()> {
    stream.conn.send_close_notify();
    stream.flush()
}
