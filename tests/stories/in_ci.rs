//! The recipes of contrib/docs/ci.md: the test runs every line that a job would run.

use std::fs;

use crate::the_packages::action::{installs_by_the_action, runner};
use crate::the_packages::installer::{installs_from, with_a_release};
use crate::world::{ANN, Outcome, World};

/// The recipe below this heading.
fn recipe(heading: &str) -> String {
    let page = fs::read_to_string("contrib/docs/ci.md").unwrap();
    let (_, below) = page.split_once(&format!("## {heading}\n")).unwrap();
    let (_, recipe) = below.split_once("```yaml\n").unwrap();
    recipe.split_once("```").unwrap().0.to_owned()
}

/// The items of the list `script:`.
fn script(recipe: &str) -> String {
    let (_, below) = recipe.split_once("\n  script:\n").unwrap();
    let items = below.lines().map_while(|line| line.strip_prefix("    - "));
    items.fold(String::from("set -e\n"), |all, item| all + item + "\n")
}

fn is_a_job(world: &World) {
    world.sets("HEROKU_APP", "blue-sky");
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    world.sets("CI", "true");
}

/// The one step that is a command; the step before it is the action.
fn on_github(world: &World) -> Outcome<'_> {
    let recipe = recipe("GitHub Actions");
    let slug = env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/");
    let version = env!("CARGO_PKG_VERSION");
    let used = format!("uses: {slug}/contrib/action@v{version}\n");
    assert!(recipe.contains(&used), "{recipe}");
    let (_, command) = recipe.split_once("        run: ").unwrap();
    installs_by_the_action(world);
    world.shell(command.lines().next().unwrap(), b"")
}

/// The release's installer, served from this machine.
fn on_gitlab<'w>(world: &'w World, server: &str) -> Outcome<'w> {
    let recipe = recipe("GitLab CI");
    installs_from(world, "~/made/install.sh", server);
    world.shell("cp ~/made/install.sh ~/dist", b"").succeeds();
    world.sets("RELEASE", server);
    world.shell(&script(&recipe), b"")
}

#[test]
fn a_job_on_github_pushes_with_its_secret() {
    let world = runner();
    is_a_job(&world);
    on_github(&world).succeeds().says("HEAD -> main\n");
    assert!(world.is_pushed());
}

#[test]
fn a_job_on_gitlab_pushes_with_its_variable() {
    let (world, server) = with_a_release();
    is_a_job(&world);
    on_gitlab(&world, &server).succeeds().says("HEAD -> main\n");
    assert!(world.is_pushed());
}

#[test]
fn a_job_stops_if_the_archive_was_changed() {
    let (world, server) = with_a_release();
    is_a_job(&world);
    world
        .shell("printf x >>\"$(ls ~/dist/*.tar.gz)\"", b"")
        .succeeds();
    on_gitlab(&world, &server)
        .fails()
        .says(": nothing was installed\n");
    assert!(!world.is_pushed());
}

#[test]
fn a_job_without_its_secret_fails_without_a_prompt() {
    let world = runner();
    is_a_job(&world);
    world.unsets("HEROKU_API_KEY");
    on_github(&world).exits_with(128);
    assert!(!world.is_pushed());
}
