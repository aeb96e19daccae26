//! The names of the fields in a request or a reply, without their values: for the trace.

use super::{Reply, Request};

impl Request {
    /// The names of the fields that decide anything, as git spells them.
    pub fn fields(&self) -> String {
        let fields = [
            ("protocol", self.scheme.is_some()),
            ("host", self.host.is_some()),
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("capability[]", self.speaks_state),
            ("state[]", self.state.is_some()),
            ("ephemeral", self.is_ephemeral),
        ];
        let given = fields.iter().filter(|(_, is_given)| *is_given);
        let names: Vec<&str> = given.map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

impl Reply<'_> {
    /// The names of its fields.
    pub fn fields(&self) -> &'static str {
        match self {
            Reply::Nothing => "nothing",
            Reply::Username {
                speaks_state: false,
                ..
            } => "username",
            Reply::Username {
                speaks_state: true, ..
            } => "username, state[]",
            Reply::Credential { expires, state, .. } => match (expires, state) {
                (None, None) => "username, password",
                (Some(_), None) => "username, password, password_expiry_utc",
                (None, Some(_)) => "username, password, state[]",
                (Some(_), Some(_)) => "username, password, password_expiry_utc, state[]",
            },
        }
    }
}
