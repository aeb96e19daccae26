//! Keyring programs other than gnome-keyring: where they differ, the same commands work, and nothing is
//! concluded from what a program hides. `contrib/keyrings` runs the real ones.

use crate::world::{ANN, BOB, Quirk, REQUEST, World};

const SETTING: &str = "Confirm when passwords are retrieved by clients";

fn with_quirks(quirks: &[Quirk]) -> World {
    let world = World::new().with_a_fake_secret_service();
    world.secret_service().has_quirks(quirks);
    world
}

fn erase(world: &World, email: &str, token: &str) -> String {
    let refused = format!("{REQUEST}username={email}\npassword={token}\n");
    let erased = world.helper_with_input("erase", refused).succeeds();
    erased.stderr()
}

fn accounts(world: &World) -> Vec<String> {
    let items = world.secret_service().items();
    items.into_iter().map(|(account, _)| account).collect()
}

/// Two accounts, used with each command in turn.
fn all_commands_work(world: &World) {
    let [anns, bobs] = [ANN, BOB].map(|email| world.heroku.issue_token(email));
    world.logs_in_with(&anns);
    world.logs_in_with(&bobs);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&bobs);
    world.helper(&format!("switch {ANN}")).succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&anns);
    world.helper("status").succeeds().says(ANN).says(BOB);
    world.helper("rotate").succeeds();
    assert!(!world.heroku.is_live(&anns), "the old token is revoked");
    world.heroku.revoke(&bobs);
    erase(world, BOB, &bobs);
    assert_eq!(accounts(world), [ANN], "the rejected token is removed");
    world.helper("logout --all").succeeds();
    assert_eq!(accounts(world), [""; 0]);
    let pasted = world.heroku.issue_token(ANN);
    let paste = format!("{REQUEST}username=heroku\npassword={pasted}\n");
    world
        .helper_with_input("store", paste)
        .succeeds()
        .stderr_is("");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&pasted);
    world.helper("logout").succeeds();
    assert_eq!(world.valid_tokens(), [""; 0]);
}

/// KWallet and oo7 answer a plain session with bytes, which mean as little as a text.
#[test]
fn a_session_reply_of_bytes_is_accepted() {
    all_commands_work(&with_quirks(&[Quirk::BytesAsSessionOutput]));
}

/// KeePassXC has a prompt for every change, and shows nothing for it.
#[test]
fn a_change_by_a_prompt_works_if_no_user_is_asked() {
    let world = with_quirks(&[Quirk::PromptsForChanges]);
    all_commands_work(&world);
    let asked = world.secret_service().received_calls();
    assert!(asked.contains(&"Prompt".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"Unlock".to_owned()), "{asked:?}");
}

/// pass-secret-service may remove an item before it reads it, though it was asked to read first.
#[test]
fn a_removal_works_in_any_order_of_the_replies() {
    let world = with_quirks(&[Quirk::RepliesInReverse]);
    all_commands_work(&world);
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.heroku.revoke(&token);
    let said = erase(&world, ANN, &token);
    assert!(!said.contains("could not"), "{said}");
    assert_eq!(accounts(&world), [""; 0]);
}

/// No program can remove an item on the condition that it still has a token, so it is read again with the removal.
#[test]
fn a_token_that_was_stored_during_a_removal_is_written_back() {
    let logged_in = || {
        let world = with_quirks(&[]);
        let token = world.heroku.issue_token(ANN);
        world.secret_service().has_item(ANN, &token);
        world
    };
    let world = logged_in();
    world.helper("logout --keep").succeeds();
    let calls = world.secret_service().received_calls();
    let before = calls.iter().take_while(|call| *call != "Delete");
    let reads = before.filter(|call| *call == "GetSecret").count();
    let world = logged_in();
    let new = world.heroku.issue_token(ANN);
    world.secret_service().is_changed_after(reads - 1, &new);
    world.helper("logout --keep").succeeds();
    let items = world.secret_service().items();
    assert_eq!(items, [(ANN.to_owned(), new)]);
    let calls = world.secret_service().received_calls();
    assert!(calls.contains(&"Delete".to_owned()), "{calls:?}");
}

/// Most programs list the oldest first. secret-tool takes what is listed first, and so do we.
#[test]
fn the_first_of_several_duplicates_is_used() {
    let world = with_quirks(&[]);
    let [older, newer] = [(); 2].map(|()| world.heroku.issue_token(ANN));
    for token in [&older, &newer] {
        world.secret_service().has_item(ANN, token);
    }
    world.has_active_account(ANN);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&older);
}

/// KWallet counts as locked until a program asks for it, also if PAM has opened the wallet.
#[test]
fn an_open_wallet_is_unlocked_by_the_first_command() {
    let wallet = || {
        let world = with_quirks(&[Quirk::LockedUntilAsked]);
        let token = world.heroku.issue_token(ANN);
        world.secret_service().has_item(ANN, &token);
        world.has_active_account(ANN);
        (world, token)
    };
    let (world, token) = wallet();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    for command in ["status", "switch ann@example.com", "rotate", "logout"] {
        let (world, _) = wallet();
        world.helper(command).succeeds();
        let asked = world.secret_service().received_calls();
        assert!(asked.contains(&"isOpen".to_owned()), "{command}: {asked:?}");
    }
}

/// KeePassXC and oo7 find nothing in what is locked, and KeePassXC's search would ask to unlock it.
#[test]
fn an_item_hidden_by_a_lock_is_not_absent() {
    let world = with_quirks(&[Quirk::HidesLockedItems]);
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.secret_service().is_locked();
    world.has_active_account(ANN);
    let pasted = world.heroku.issue_token(ANN);
    let paste = format!("{REQUEST}username=heroku\npassword={pasted}\n");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .says("locked")
        .says_nothing_about("not logged in");
    world
        .helper_with_input("store", paste)
        .succeeds()
        .says("locked");
    assert!(erase(&world, ANN, &token).contains("locked"));
    for command in ["status", "doctor --fix --yes", "rotate --all", "token"] {
        world.helper(command).fails().says("locked");
    }
    for command in ["switch bob@example.com", "logout", "logout --all"] {
        world.helper(command).exits_with(1).says("locked");
    }
    let asked = world.secret_service().received_calls();
    for call in ["SearchItems", "Unlock", "CreateItem", "Delete"] {
        assert!(!asked.contains(&call.to_owned()), "{call}: {asked:?}");
    }
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert!(world.heroku.is_live(&token));
}

/// KeePassXC's own settings: no prompt is shown while git waits, and the message names the setting.
#[test]
fn a_program_that_confirms_each_access_is_only_used_by_interactive_commands() {
    let world = with_quirks(&[Quirk::ConfirmsAccess]);
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.has_active_account(ANN);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .says(SETTING);
    let asked = world.secret_service().received_calls();
    assert!(!asked.contains(&"Unlock".to_owned()), "{asked:?}");
    world.secret_service().has_a_user_who_answers();
    world.helper("status --unlock").succeeds().says(ANN);
}

/// oo7 looks up, when a program opens a session, on which screen the program runs, and shows a prompt only there. It
/// cannot look once our memory is closed to others, as it is with the first session: so there is one session for all.
#[test]
fn a_program_that_prompts_in_a_session_unlocks_in_the_first_session() {
    let world = with_quirks(&[Quirk::PromptsInASession]);
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.secret_service().is_locked();
    world.secret_service().has_a_user_who_answers();
    world.has_active_account(ANN);
    world.helper("status --unlock").succeeds().says(ANN);
    world.secret_service().is_locked();
    world.secret_service().received_calls();
    world.is_not_searched(&world.has_file("token", &token));
    world
        .on_a_terminal("git-credential-heroku-rs login --with-token <$HOME/token")
        .exits_with(0);
    let asked = world.secret_service().received_calls();
    let sessions = asked.iter().filter(|call| *call == "OpenSession").count();
    assert_eq!(sessions, 1, "{asked:?}");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
}
