//! Email, password and MFA code. Heroku takes them for few accounts; each refusal says the way
//! that works.

use zeroize::Zeroizing;

use super::{Got, Session, description};
use crate::cli::Login;
use crate::commands::question;
use crate::heroku_api::{ApiError, Authorization, HerokuApi, NewAuthorization, PasswordLogin};
use crate::notice::Notice;
use crate::terminal;

/// How often a wrong code may be typed.
const TRIES: usize = 3;

pub(super) fn ask(
    api: &HerokuApi,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Got> {
    let description = description(arguments, session.context);
    let new = NewAuthorization {
        description: &description,
        scope: arguments.scope.iter().cloned().collect(),
        expires_in: arguments.expires_in.seconds(),
    };
    let email = terminal::line(&question("Email", session.context)).map_err(Notice::from)?;
    let password =
        terminal::hidden(&question("Password", session.context)).map_err(Notice::from)?;
    let authorization = with_code(api, &email, &password, &new, session)?;
    let token = authorization
        .token
        .clone()
        .ok_or_else(|| ApiError::Garbled.notice())?;
    Ok(Got {
        token,
        authorization: Some(authorization),
    })
}

/// The first try has no code: only Heroku knows whether one is needed.
fn with_code(
    api: &HerokuApi,
    email: &str,
    password: &Zeroizing<String>,
    new: &NewAuthorization<'_>,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Authorization> {
    let mut login = PasswordLogin {
        email,
        password,
        code: None,
    };
    let mut refused = api.log_in(&login, new);
    for _ in 0..TRIES {
        let Err(ApiError::TwoFactor) = refused else {
            break;
        };
        if login.code.is_some() {
            session.say("Heroku did not take that code")?;
        }
        let typed = terminal::hidden("Code from your authenticator: ").map_err(Notice::from)?;
        login.code = Some(Zeroizing::new(typed.split_whitespace().collect()));
        refused = api.log_in(&login, new);
    }
    refused.map_err(|failure| failure.notice().into())
}
