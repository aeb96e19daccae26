//! git, through a real `git http-backend`.

use std::thread;

use crate::clients::{ANN, Clients};

#[test]
fn a_push_a_clone_and_a_fetch_work() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let bare = clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    clients.git_prints(&tree, &["push", "-q", "heroku", "main"]);
    let head = clients.git_prints(&tree, &["rev-parse", "HEAD"]);
    assert_eq!(clients.git_prints(&bare, &["rev-parse", "main"]), head);

    let url = clients.git_prints(&tree, &["remote", "get-url", "heroku"]);
    clients.git_prints(&clients.path(""), &["clone", "-q", url.trim(), "copy"]);
    let copy = clients.path("copy");
    clients.commit(&tree, "second", b"two");
    clients.git_prints(&tree, &["push", "-q", "heroku", "main"]);
    clients.git_prints(&copy, &["pull", "-q", "--ff-only"]);
    assert_eq!(std::fs::read(copy.join("second")).unwrap(), b"two");
    assert!(clients.heroku.requests_to_other_hosts().is_empty());
}

#[test]
fn gits_protocol_version_0_works() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    let old = ["-c", "protocol.version=0"];
    clients.git_prints(
        &tree,
        &[&old[..], &["push", "-q", "heroku", "main"]].concat(),
    );
    let refs = clients.git_prints(&tree, &[&old[..], &["ls-remote", "heroku"]].concat());
    assert!(refs.contains("refs/heads/main"));
}

#[test]
fn five_megabytes_are_pushed_and_fetched() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let bare = clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    let mut bytes = vec![0; 5 << 20];
    fastrand::fill(&mut bytes);
    clients.commit(&tree, "large", &bytes);
    clients.git_prints(&tree, &["push", "-q", "heroku", "main"]);
    clients.git_prints(&bare, &["fsck", "--strict"]);

    // git first sends 4 bytes, to check the authentication; then the pack, in chunks.
    let mut uploads = clients.heroku.requests();
    uploads.retain(|seen| seen.header("transfer-encoding") == Some("chunked"));
    assert_eq!(uploads.len(), 1);
    assert_eq!((uploads[0].status, uploads[0].body.len()), (200, 64 * 1024));

    let url = clients.git_prints(&tree, &["remote", "get-url", "heroku"]);
    clients.git_prints(&clients.path(""), &["clone", "-q", url.trim(), "copy"]);
    assert_eq!(std::fs::read(clients.path("copy/large")).unwrap(), bytes);
}

#[test]
fn a_compressed_request_reaches_git_unchanged() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    // git compresses its request if it is long, so many branches are needed.
    for number in 0..40 {
        clients.git_prints(&tree, &["commit", "-q", "--allow-empty", "-m", "more"]);
        clients.git_prints(&tree, &["branch", &format!("b{number}")]);
    }
    clients.git_prints(&tree, &["push", "-q", "heroku", "--all"]);
    let url = clients.git_prints(&tree, &["remote", "get-url", "heroku"]);
    clients.git_prints(&clients.path(""), &["clone", "-q", url.trim(), "copy"]);
    let requests = clients.heroku.requests();
    let mut compressed = requests
        .iter()
        .filter(|seen| seen.header("content-encoding") == Some("gzip"));
    assert!(compressed.any(|seen| seen.status == 200));
}

#[test]
fn twenty_concurrent_pushes_succeed() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    let bare = clients.heroku.add_app(ANN, "app").unwrap();
    let tree = clients.work_tree("tree", &token, "app");
    thread::scope(|scope| {
        for number in 0..20 {
            let (clients, tree) = (&clients, &tree);
            let branch = format!("main:refs/heads/b{number}");
            scope.spawn(move || clients.git_prints(tree, &["push", "-q", "heroku", &branch]));
        }
    });
    let branches = clients.git_prints(&bare, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(branches.lines().count(), 20);
}

#[test]
fn git_is_rejected_as_by_heroku() {
    let clients = Clients::new();
    let (ann, bob) = ("ann@example.com", "bob@example.com");
    let (token, other) = (
        clients.heroku.issue_token(ann),
        clients.heroku.issue_token(bob),
    );
    clients.heroku.add_app(ann, "app").unwrap();
    let ask = |user: &str, app: &str| {
        let url = format!("https://git.heroku.com/{app}.git/info/refs?service=git-receive-pack");
        clients.curl(&["--user", user, &url])
    };
    let anonymous =
        clients.curl(&["https://git.heroku.com/app.git/info/refs?service=git-upload-pack"]);
    assert_eq!(anonymous.status, 401);
    assert!(
        anonymous
            .header("WWW-Authenticate")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(ask("heroku:HRKU-no-such-token-at-all", "app").status, 401);
    assert_eq!(ask(&format!("heroku:{token}"), "no-such-app").status, 404);
    assert_eq!(ask(&format!("heroku:{other}"), "app").status, 403);
    assert_eq!(ask(&format!("anybody:{token}"), "app").status, 200);
    let head = clients.curl(&[
        "--user",
        &format!("x:{token}"),
        "https://git.heroku.com/app.git/HEAD",
    ]);
    assert_eq!(head.status, 404);

    let _ = clients.heroku.add_account(ann).suspended();
    assert_eq!(ask(&format!("heroku:{token}"), "app").status, 403);
    clients.heroku.revoke(&token);
    assert_eq!(ask(&format!("heroku:{token}"), "app").status, 401);
}

#[test]
fn another_git_server_can_be_simulated() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    clients.heroku.add_host("git.example.com");
    let url = format!("https://ann:{token}@git.example.com/app.git");
    clients.git_prints(&clients.path(""), &["ls-remote", &url]);
    assert_eq!(clients.heroku.requests_to("git.heroku.com").len(), 0);
    assert!(!clients.heroku.requests_to("git.example.com").is_empty());
}

#[test]
fn public_refs_do_not_allow_a_push() {
    let clients = Clients::new();
    let token = clients.heroku.issue_token(ANN);
    clients.heroku.add_app(ANN, "app").unwrap();
    clients.heroku.make_refs_public("app");
    let refs = "https://git.heroku.com/app.git/info/refs?service=git-receive-pack";
    assert_eq!(clients.curl(&[refs]).status, 200);
    let upload = "https://git.heroku.com/app.git/git-receive-pack";
    let kind = "Content-Type: application/x-git-receive-pack-request";
    let post = ["--header", kind, "--data", "0000", upload];
    assert_eq!(clients.curl(&post).status, 401);
    let user = format!("x:{token}");
    let named = [&["--user", &user], &post[..]].concat();
    assert_eq!(clients.curl(&named).status, 200);
}
