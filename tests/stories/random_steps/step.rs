//! A step of a user, git or the Heroku CLI, and the generator of random steps.
//!
//! There are few names and few tokens, so that most steps affect each other.

use std::fmt;

use proptest::prelude::*;

use crate::world::{ANN, BOB};

/// A name for a stored token: two emails, the name for pasted tokens, and one that is not an email.
pub(super) type Name = &'static str;

/// The name for a token that was pasted at git's prompt.
pub(super) const PASTED: Name = "heroku";

/// A user name in a remote's URL.
const DEPLOY: Name = "deploy";

/// All names.
pub(super) const NAMES: [Name; 4] = [ANN, BOB, PASTED, DEPLOY];

/// A token, by its number: the first three are Ann's, the next two are Bob's, and one has no account. The tokens that
/// `rotate` creates follow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token(pub(super) usize);

impl Token {
    /// The number of tokens at the start.
    pub(super) const COUNT: usize = 6;

    /// Its account at Heroku; of the tokens that `rotate` creates, every other one is Ann's.
    pub(super) fn owner(self) -> Option<Name> {
        match self.0 {
            0..=2 => Some(ANN),
            3 | 4 => Some(BOB),
            5 => None,
            made => Some([ANN, BOB][made % 2]),
        }
    }

    /// The token that `rotate` creates next for an owner, after this number of them.
    pub(super) fn created(owner: Name, before: usize) -> Token {
        let bobs = usize::from(owner == BOB);
        Token(Token::COUNT + 2 * before + bobs)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TOKEN {} of {}",
            self.0,
            self.owner().unwrap_or("no one")
        )
    }
}

/// A user name in a request of git.
pub(super) type User = Option<Name>;

/// One step of a user or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// git asks for a password.
    Get(User),
    /// git reports a password that worked.
    Store(User, Token),
    /// The same, for a password that was typed at git's prompt after we had none.
    StoreTyped(User, Token),
    /// The same, for a password that we had served.
    StoreOurs(User, Token),
    /// git reports a password that was rejected.
    Erase(User, Token),
    /// git, or the Heroku CLI's login, erases without a password.
    EraseBare(User),
    /// `login --with-token`.
    Login(Token),
    /// `login --with-token --store netrc`.
    LoginToNetrc(Token),
    /// `logout`, of the account in use or of this one.
    Logout(User, Revoke),
    /// `switch`.
    Switch(Name),
    /// `rotate`.
    Rotate,
    /// `status`, with a request to Heroku.
    Status,
    /// `status --offline`.
    StatusOffline,
    /// `heroku login`: the item by secret-tool, then `login.json`.
    HerokuLogin(Token),
    /// `heroku accounts:set`: changes `login.json`, without reading the item.
    HerokuSwitch(Name),
    /// `heroku logout` of the account in use: its item by secret-tool, and `login.json`.
    HerokuLogout,
    /// Any `heroku` command while the keyring is locked: it deletes `login.json`.
    HerokuForgets,
    /// The token is revoked in Heroku's dashboard.
    Revoked(Token),
}

/// Whether a logout revokes the token at Heroku.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revoke {
    /// It does.
    Yes,
    /// `--keep`.
    No,
}

fn token() -> impl Strategy<Value = Token> {
    (0..Token::COUNT).prop_map(Token)
}

/// A token with an owner, since the Heroku CLI only logs in with such a token.
fn owned() -> impl Strategy<Value = Token> {
    (0..Token::COUNT - 1).prop_map(Token)
}

fn email() -> impl Strategy<Value = Name> {
    prop_oneof![Just(ANN), Just(BOB)]
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![3 => email(), 1 => Just(PASTED), 1 => Just(DEPLOY)]
}

fn user() -> impl Strategy<Value = User> {
    prop_oneof![Just(None), name().prop_map(Some)]
}

/// Any step. Steps that open a connection or start secret-tool are slow, and so less frequent.
pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let revoke = prop_oneof![Just(Revoke::Yes), Just(Revoke::No)];
    prop_oneof![
        6 => user().prop_map(Step::Get),
        8 => (user(), token()).prop_map(|(user, token)| Step::Store(user, token)),
        6 => (user(), token()).prop_map(|(user, token)| Step::StoreTyped(user, token)),
        1 => (user(), token()).prop_map(|(user, token)| Step::StoreOurs(user, token)),
        5 => (user(), token()).prop_map(|(user, token)| Step::Erase(user, token)),
        1 => user().prop_map(Step::EraseBare),
        3 => token().prop_map(Step::Login),
        1 => token().prop_map(Step::LoginToNetrc),
        3 => (proptest::option::of(name()), revoke).prop_map(|(name, how)| Step::Logout(name, how)),
        2 => name().prop_map(Step::Switch),
        1 => Just(Step::Rotate),
        1 => Just(Step::Status),
        1 => Just(Step::StatusOffline),
        2 => owned().prop_map(Step::HerokuLogin),
        1 => email().prop_map(Step::HerokuSwitch),
        1 => Just(Step::HerokuLogout),
        1 => Just(Step::HerokuForgets),
        2 => token().prop_map(Step::Revoked),
    ]
}

/// Steps of git, and of other programs between them. git stores no password without a user name.
pub(super) fn step_of_git() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => user().prop_map(Step::Get),
        6 => (name(), token()).prop_map(|(name, token)| Step::Store(Some(name), token)),
        4 => (user(), token()).prop_map(|(user, token)| Step::Erase(user, token)),
        1 => user().prop_map(Step::EraseBare),
        1 => owned().prop_map(Step::HerokuLogin),
        1 => Just(Step::HerokuForgets),
        2 => token().prop_map(Step::Revoked),
    ]
}

/// Whether this step never removes a token.
pub(super) fn removes_no_token(step: &Step) -> bool {
    !matches!(
        step,
        Step::Logout(..) | Step::HerokuLogout | Step::Revoked(_) | Step::Erase(..) | Step::Rotate
    )
}
