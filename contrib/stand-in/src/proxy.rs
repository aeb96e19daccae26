//! The proxy: accepts connections, answers `CONNECT`, terminates TLS, and serves the requests in it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use crate::exchange;
use crate::faults::Fault;
use crate::http::Connection;
use crate::message::Answer;
use crate::state::{State, locked};
use crate::tls::CertificateAuthority;

/// How long a read waits for a client.
const READ_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a stop waits for the closed connections to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The listener and the open connections.
pub(crate) struct Proxy {
    port: u16,
    server: Arc<Server>,
    listener: Mutex<Option<Listener>>,
}

struct Server {
    ca: CertificateAuthority,
    state: Arc<State>,
    connections: Mutex<OpenConnections>,
    connection_ended: Condvar,
}

#[derive(Default)]
struct OpenConnections {
    streams: BTreeMap<u64, TcpStream>,
    next_id: u64,
}

struct Listener {
    is_stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Proxy {
    pub(crate) fn start(ca: CertificateAuthority, state: Arc<State>) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let server = Arc::new(Server {
            ca,
            state,
            connections: Mutex::default(),
            connection_ended: Condvar::new(),
        });
        let proxy = Proxy {
            port,
            server,
            listener: Mutex::default(),
        };
        proxy.listen(listener);
        Ok(proxy)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Accepts connections again, on the same port.
    pub(crate) fn open(&self) -> io::Result<()> {
        if locked(&self.listener).is_none() {
            self.listen(TcpListener::bind(("127.0.0.1", self.port))?);
        }
        Ok(())
    }

    /// Refuses new connections, and closes the open ones.
    pub(crate) fn close(&self) {
        if let Some(listener) = locked(&self.listener).take() {
            listener.is_stopped.store(true, Ordering::SeqCst);
            // A last connection wakes the listener, which then sees that it is stopped.
            let _ = TcpStream::connect(("127.0.0.1", self.port));
            let _ = listener.thread.join();
        }
        for stream in locked(&self.server.connections).streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until every connection has ended, and with it the git processes that it started.
    pub(crate) fn wait_for_connections(&self) {
        let is_any_open = |connections: &mut OpenConnections| !connections.streams.is_empty();
        let connections = locked(&self.server.connections);
        let waited =
            self.server
                .connection_ended
                .wait_timeout_while(connections, STOP_TIMEOUT, is_any_open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn listen(&self, listener: TcpListener) {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let (server, stopped) = (Arc::clone(&self.server), Arc::clone(&is_stopped));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                Server::accept(&server, stream);
            }
        });
        *locked(&self.listener) = Some(Listener { is_stopped, thread });
    }
}

/// An open connection. Dropped, it is removed from the list of open connections.
struct OpenConnection {
    server: Arc<Server>,
    id: u64,
}

impl OpenConnection {
    /// Serves the connection until it ends.
    fn serve(self, stream: TcpStream) -> io::Result<()> {
        self.server.tunnel(stream)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut connections = locked(&self.server.connections);
        connections.streams.remove(&self.id);
        self.server.connection_ended.notify_all();
    }
}

impl Server {
    fn accept(server: &Arc<Server>, stream: TcpStream) {
        let Ok(copy) = stream.try_clone() else {
            return;
        };
        let mut connections = locked(&server.connections);
        let id = connections.next_id;
        connections.next_id += 1;
        connections.streams.insert(id, copy);
        drop(connections);
        let connection = OpenConnection {
            server: Arc::clone(server),
            id,
        };
        // An error here is the client's: it has closed the connection.
        thread::spawn(move || drop(connection.serve(stream)));
    }

    fn tunnel(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        let mut connection = Connection::new(stream);
        let Some(request) = connection.next()? else {
            return Ok(());
        };
        let host = request.path.to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        if request.method != "CONNECT" || !self.state.has_host(host) {
            let what = format!("{} {}", request.method, request.path);
            self.state.log.add_other_host(&what);
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
                // Sent before the client's first byte, this would be part of the proxy's own answer.
                stream.read_exact(&mut [0])?;
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                // Closing with unread data would reset the connection.
                return io::copy(stream, &mut io::sink()).map(drop);
            }
            _ => {}
        }
        let config = self.ca.server_config(host, fault.as_ref())?;
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, connection.into_stream());
        exchange::serve(&mut stream, host, &self.state)?;
        close_tls(&mut stream)
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

/// Sends TLS's `close_notify`. Without it, a client cannot distinguish a complete reply from one that was cut off.
fn close_tls<S: Read + Write>(stream: &mut StreamOwned<ServerConnection, S>) -> io::Result<()> {
    stream.conn.send_close_notify();
    stream.flush()
}
