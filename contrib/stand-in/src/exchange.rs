//! The requests in a tunnel: passes each to its service, and applies faults to it and to its answer.

use std::io::{self, Read, Write};

use crate::faults::{Fault, Stage};
use crate::git_server::{self, Stream};
use crate::http::Connection;
use crate::message::{Answer, Request};
use crate::misbehaviour::{self, Persistence};
use crate::request_log::RequestNumber;
use crate::state::State;
use crate::{login_service, platform_api, registry};

/// Answers requests until one side closes the connection.
///
/// # Errors
/// The client or a fault has closed the connection: it ends without an answer.
pub(crate) fn serve(stream: impl Read + Write, host: &str, state: &State) -> io::Result<()> {
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.next()? {
        let answered = Exchange::begin(host, request, &mut connection, state)?.run()?;
        if answered == Persistence::Close {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
    Ok(())
}

/// One request and its answer.
struct Exchange<'a, S> {
    host: &'a str,
    request: Request,
    number: RequestNumber,
    connection: &'a mut Connection<S>,
    state: &'a State,
}

enum Reply {
    Complete(Answer),
    Git(Stream),
}

impl<'a, S: Read + Write> Exchange<'a, S> {
    fn begin(
        host: &'a str,
        mut request: Request,
        connection: &'a mut Connection<S>,
        state: &'a State,
    ) -> io::Result<Exchange<'a, S>> {
        if !is_git(host) {
            request.body = connection.whole_body()?;
        }
        let number = state.log.add(host, &request);
        Ok(Exchange {
            host,
            request,
            number,
            connection,
            state,
        })
    }

    fn run(mut self) -> io::Result<Persistence> {
        if let Some(name) = self.other_host() {
            self.state.log.add_other_host(&format!("Host: {name}"));
            return self.send(None, Reply::Complete(Answer::new(421)));
        }
        let Request { method, path, .. } = &self.request;
        let fault = self.state.faults.at_request(self.host, method, path);
        match fault
            .as_ref()
            .filter(|fault| fault.stage() == Stage::Request)
        {
            None => {}
            Some(Fault::Pause) => self.state.gate.hold(self.number)?,
            Some(fault) => {
                return match misbehaviour::fixed_answer(fault)? {
                    Some(answer) => self.send(None, Reply::Complete(answer)),
                    None => misbehaviour::fail(fault, self.connection),
                };
            }
        }
        let reply = self.reply()?;
        self.send(fault.as_ref(), reply)
    }

    /// The host in the request's header, if it is not the tunnel's.
    fn other_host(&self) -> Option<String> {
        let name = self.request.header("host").unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let is_ours = name.strip_suffix(":443").unwrap_or(&name) == self.host;
        (!is_ours).then_some(name)
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let (request, state) = (&self.request, self.state);
        let answer = match self.host {
            "api.heroku.com" => {
                let date = state.now().strftime("%a, %d %b %Y %H:%M:%S GMT");
                platform_api::answer(request, state).with("Date", &date.to_string())
            }
            // Another Heroku, which has issued no token.
            other if other.starts_with("api.") => platform_api::unauthorized(),
            "cli-auth.heroku.com" => login_service::answer(request, state),
            "registry.heroku.com" => registry::answer(request, state),
            "particleboard.heroku.com" => Answer::new(404),
            _ => return self.ask_git(),
        };
        Ok(Reply::Complete(answer))
    }

    fn ask_git(&mut self) -> io::Result<Reply> {
        let (request, state) = (&self.request, self.state);
        if let Err(refusal) = git_server::authorize(request, state) {
            return Ok(Reply::Complete(refusal));
        }
        let body = &mut self.connection.body();
        let mut stream = git_server::ask_git(request, body, state)?;
        let logged = std::mem::take(&mut stream.logged_body);
        state.log.set_body(self.number, logged);
        Ok(Reply::Git(stream))
    }

    fn send(&mut self, fault: Option<&Fault>, reply: Reply) -> io::Result<Persistence> {
        let fault = fault.filter(|fault| fault.stage() == Stage::Answer);
        let mut answer = match (reply, fault) {
            (Reply::Complete(answer), _) => answer,
            (Reply::Git(stream), Some(_)) => stream.into_answer(),
            (Reply::Git(stream), None) => {
                self.state.log.set_status(self.number, stream.head.status);
                self.connection
                    .answer_in_pieces(&stream.head, stream.pieces())?;
                return Ok(Persistence::KeepAlive);
            }
        };
        if self.request.method == "HEAD" {
            answer.body.clear();
        }
        let Some(fault) = fault else {
            self.state.log.set_status(self.number, answer.status);
            self.connection.answer(&answer)?;
            return Ok(Persistence::KeepAlive);
        };
        if *fault == Fault::PauseAnswer {
            self.state.gate.hold(self.number)?;
        }
        let answer = misbehaviour::changed_answer(fault, answer)?;
        if *fault != Fault::LoseAnswer {
            self.state.log.set_status(self.number, answer.status);
        }
        misbehaviour::send(fault, &answer, self.connection)
    }
}

/// Every host that is not one of Heroku's other services is a git server.
fn is_git(host: &str) -> bool {
    let others = ["api", "cli-auth", "registry", "particleboard"];
    let service = host.strip_suffix(".heroku.com");
    !service.is_some_and(|service| others.contains(&service))
}
