//! The recipes of contrib/docs/ci.md: every line that a job would run is run, as it stands.

use std::fs;

use crate::world::{ANN, Outcome, World};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The recipe below this heading.
fn recipe(heading: &str) -> String {
    let page = fs::read_to_string("contrib/docs/ci.md").unwrap();
    let (_, below) = page.split_once(&format!("## {heading}\n")).unwrap();
    let (_, recipe) = below.split_once("```yaml\n").unwrap();
    recipe.split_once("```").unwrap().0.to_owned()
}

/// The scripts behind `run: |`, each on its own, since each step is a shell of its own.
fn steps(recipe: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut lines = recipe.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "run: |" {
            let mut step = String::from("set -e\n");
            while let Some(line) = lines.next_if(|line| line.starts_with("          ")) {
                step += line.trim_start();
                step += "\n";
            }
            steps.push(step);
        }
    }
    steps
}

/// The items of the list `script:`.
fn script(recipe: &str) -> String {
    let (_, below) = recipe.split_once("\n  script:\n").unwrap();
    let items = below.lines().map_while(|line| line.strip_prefix("    - "));
    items.fold(String::from("set -e\n"), |all, item| all + item + "\n")
}

/// An app, a token in the job's environment, and a release in a folder.
fn a_job_after(recipe: &str) -> World {
    assert!(
        recipe.contains(&format!("VERSION: {VERSION}\n")),
        "{recipe}"
    );
    assert!(recipe.contains("RELEASES: https://"), "{recipe}");
    let world = World::new().with_app("blue-sky");
    let token = world.heroku.issue_token(ANN);
    let releases = world.home().join("releases");
    let line = format!(
        "set -e; name=git-credential-heroku-rs-{VERSION}-$(uname -m)-unknown-linux-musl
        mkdir -p ~/releases/v{VERSION} ~/$name && cp -L ../bin/git-credential-heroku-rs ~/$name
        cd ~/releases/v{VERSION} && tar -C ~ -czf $name.tar.gz $name
        {{ sha256sum $name.tar.gz; echo \"$(printf %064d 0)  another\"; }} >SHA256SUMS"
    );
    world.shell(&line, b"").succeeds().says_nothing();
    fs::remove_file(world.tested_program()).unwrap();
    for (name, value) in [
        ("RELEASES", &*format!("file://{}", releases.display())),
        ("VERSION", VERSION),
        ("HEROKU_APP", "blue-sky"),
        ("HEROKU_API_KEY", &token),
        ("CI", "true"),
    ] {
        world.sets(name, value);
    }
    world
}

fn on_github(world: &World) -> Outcome<'_> {
    let steps = steps(&recipe("GitHub Actions"));
    assert_eq!(steps.len(), 2);
    let temp = world.home().join("temp");
    fs::create_dir_all(&temp).unwrap();
    world.sets("RUNNER_TEMP", temp.to_str().unwrap());
    let path = world.has_file("path", "");
    world.sets("GITHUB_PATH", path.to_str().unwrap());
    let installed = world.shell(&steps[0], b"");
    if !installed.ended_well() {
        return installed;
    }
    let added = fs::read_to_string(&path).unwrap();
    world.sets("PATH", &format!("{}:/usr/bin:/bin", added.trim()));
    world.shell(&steps[1], b"")
}

#[test]
fn a_job_on_github_pushes_with_its_secret() {
    let world = a_job_after(&recipe("GitHub Actions"));
    on_github(&world).succeeds().says("HEAD -> main\n");
    assert!(world.is_pushed());
}

#[test]
fn a_job_on_gitlab_pushes_with_its_variable() {
    let world = a_job_after(&recipe("GitLab CI"));
    world
        .shell(&script(&recipe("GitLab CI")), b"")
        .succeeds()
        .says("HEAD -> main\n");
    assert!(world.is_pushed());
}

#[test]
fn a_job_stops_at_an_archive_that_was_changed() {
    let world = a_job_after(&recipe("GitHub Actions"));
    world
        .shell("cd ~/releases/v* && echo x >>\"$(ls git-*.tar.gz)\"", b"")
        .succeeds();
    on_github(&world).fails().says("FAILED\n");
    assert!(!world.is_pushed());
}

#[test]
fn a_job_without_its_secret_fails_and_waits_for_nobody() {
    let world = a_job_after(&recipe("GitHub Actions"));
    world.unsets("HEROKU_API_KEY");
    on_github(&world).exits_with(128);
    assert!(!world.is_pushed());
}
