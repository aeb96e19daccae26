//! Email, password and MFA code. Heroku accepts them for few accounts; each error names a way that works.

use zeroize::Zeroizing;

use super::{Created, Received, Session, description};
use crate::cli::Login;
use crate::commands::{not_created, prompt};
use crate::heroku_api::{
    ApiError, Auth, Authorization, HerokuApi, NewAuthorization, PasswordLogin,
};
use crate::notice::{Fix, Notice};
use crate::terminal;
use crate::token::Token;

/// How often a wrong code may be entered.
const TRIES: usize = 3;

pub(super) fn ask(
    api: &HerokuApi,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Received> {
    let description = description(arguments, session.context);
    let new = NewAuthorization {
        description: &description,
        scope: arguments.scope.iter().cloned().collect(),
        expires_in: arguments.expires_in.0,
    };
    let email = terminal::line(&prompt("Email", session.context)).map_err(Notice::from)?;
    let password = terminal::hidden(&prompt("Password", session.context)).map_err(Notice::from)?;
    let (authorization, token) = with_code(api, &email, &password, &new, session)?;
    Ok(Received {
        token,
        created: Created::Authorization(authorization),
    })
}

/// The first request has no code: only Heroku knows whether one is required.
fn with_code(
    api: &HerokuApi,
    email: &str,
    password: &Zeroizing<String>,
    new: &NewAuthorization<'_>,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<(Authorization, Token)> {
    let mut login = PasswordLogin {
        email,
        password,
        code: None,
    };
    let mut result = api.create_authorization(Auth::Password(&login), new);
    for _ in 0..TRIES {
        let Err(ApiError::TwoFactor) = result else {
            break;
        };
        if login.code.is_some() {
            session.say("Heroku rejected the code")?;
        }
        login.code = Some(terminal::code("MFA code: ").map_err(Notice::from)?);
        result = api.create_authorization(Auth::Password(&login), new);
    }
    Ok(result.map_err(|failure| not_accepted(&failure))?)
}

fn not_accepted(failure: &ApiError) -> Notice {
    if *failure == ApiError::TwoFactor {
        return Notice::new(failure.to_string(), "run the command again with a new code");
    }
    let fix = Fix::on_dashboard("revoke it if it exists");
    not_created(failure, failure.notice(), fix)
}
