use super::*;

const APP: &str = "https://git.heroku.com/blue-sky.git";
const OTHER_APP: &str = "credential.https://git.heroku.com/other-app.git";

fn settings(entries: &[(&str, &str)]) -> Vec<Setting> {
    let entries = entries.iter();
    entries
        .map(|(key, value)| Setting::helper_at(key, value))
        .collect()
}

fn configuration(settings: &[Setting], urls: &[&str]) -> Configuration {
    let remote = |(at, url): (usize, &&str)| Remote {
        name: format!("remote-{at}"),
        url: Zeroizing::new((*url).to_owned()),
        is_push: true,
    };
    Configuration {
        settings: settings.to_vec(),
        remotes: urls.iter().enumerate().map(remote).collect(),
    }
}

/// git sends a helper no path, so a helper for any app may be the next one.
#[test]
fn a_helper_for_one_app_is_another_one_behind_us() {
    let other_app = format!("{OTHER_APP}.helper");
    let other_app = other_app.as_str();
    let every = "credential.helper";
    for (helpers, expected) in [
        (&[(every, "heroku-rs")][..], Some(false)),
        (
            &[(every, "store"), (HEROKU_HELPER, "heroku-rs")],
            Some(false),
        ),
        (&[(every, "heroku-rs"), (every, "store")], Some(true)),
        (&[(every, "heroku-rs"), (other_app, "store")], Some(true)),
        (&[(other_app, "store"), (every, "heroku-rs")], Some(false)),
        // The same login as ours.
        (
            &[(every, "heroku-rs"), (other_app, "!heroku git:credentials")],
            Some(false),
        ),
        // A reset for another app may not be for this one.
        (
            &[(every, "heroku-rs"), (every, "store"), (other_app, "")],
            Some(true),
        ),
        (
            &[
                (every, "heroku-rs"),
                (every, "store"),
                (every, ""),
                (every, "heroku-rs"),
            ],
            Some(false),
        ),
        (&[(every, "heroku-rs"), (every, "")], None),
        (&[(every, "store")], None),
        (
            &[
                (every, "heroku-rs"),
                ("credential.https://github.com.helper", "store"),
            ],
            Some(false),
        ),
    ] {
        assert_eq!(
            is_another_behind_us(&settings(helpers), None),
            expected,
            "{helpers:?}"
        );
    }
}

#[test]
fn a_helper_for_one_user_is_another_one_behind_us_in_requests_for_that_user() {
    let of_bob = "credential.https://bob%40example.com@git.heroku.com.helper";
    let settings = settings(&[("credential.helper", "heroku-rs"), (of_bob, "store")]);
    for (username, expected) in [
        (None, false),
        (Some("ann@example.com"), false),
        (Some("bob@example.com"), true),
    ] {
        assert_eq!(is_another_behind_us(&settings, username), Some(expected));
    }
}

#[test]
fn an_account_is_chosen_by_what_applies_to_the_url_that_is_pushed_to() {
    let bob_app = format!("{OTHER_APP}.username");
    let bob = settings(&[(&bob_app, "bob@example.com")]);
    let places = |settings: &[Setting], urls: &[&str]| {
        let chosen = configuration(settings, urls).chosen_accounts(&Environment::default());
        let chosen = chosen
            .into_iter()
            .map(|(account, place)| format!("{account}: {place}"));
        chosen.collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(places(&bob, &[APP]), none);
    assert_eq!(places(&bob, &[]), none);
    let other = "https://git.heroku.com/other-app.git";
    let by_setting = format!("bob@example.com: {bob_app} in git's command line");
    assert_eq!(places(&bob, &[APP, other, other]), [by_setting]);
    let general = settings(&[
        ("credential.username", "bob@example.com"),
        (&bob_app, "deploy"),
    ]);
    assert_eq!(places(&general, &[other]), none);
    assert_eq!(
        places(
            &general,
            &["https://ann%40example.com@git.heroku.com/blue-sky.git", APP]
        ),
        [
            "ann@example.com: the URL of the remote remote-0",
            "bob@example.com: credential.username in git's command line"
        ]
    );
    assert_eq!(
        places(&general, &[]),
        ["bob@example.com: credential.username in git's command line"]
    );
}

#[test]
fn a_reset_for_another_app_does_not_count() {
    let other_app = format!("{OTHER_APP}.helper");
    let settings = settings(&[("credential.helper", ""), (&other_app, "")]);
    let last = |urls: &[&str]| {
        let configuration = configuration(&settings, urls);
        configuration.last_reset().map(|one| one.key.clone())
    };
    assert_eq!(last(&[APP]).as_deref(), Some("credential.helper"));
    assert_eq!(last(&[]).as_deref(), Some("credential.helper"));
    let both = [APP, "https://git.heroku.com/other-app.git"];
    assert_eq!(last(&both), Some(other_app));
}

#[test]
fn the_refused_repository_is_named_in_full() {
    const ADVICE: &str = "\tgit config --global --add safe.directory";
    for (first, path) in [
        (
            "detected dubious ownership in repository at '/x/app'",
            "/x/app",
        ),
        (
            "detected dubious ownership in repository at '/x/it's/ann's'",
            "/x/it's/ann's",
        ),
        // git before 2.37
        (
            "unsafe repository ('/x/it's' is owned by someone else)",
            "/x/it's",
        ),
    ] {
        assert_eq!(refused_repository(ADVICE, first), Some(path));
        assert_eq!(refused_repository("", first), None);
    }
}

#[test]
fn a_line_that_git_cannot_use_is_found_in_its_message() {
    for (message, place) in [
        (
            "bad config line 4 in file /h/.gitconfig",
            Some((4, "/h/.gitconfig")),
        ),
        (
            "bad config variable 'credential.helper' in file '/it's/.gitconfig' at line 2",
            Some((2, "/it's/.gitconfig")),
        ),
        ("missing value for 'credential.helper'", None),
    ] {
        let place = place.map(|(line, file)| (line, Path::new(file)));
        assert_eq!(bad_line(message), place);
    }
}
