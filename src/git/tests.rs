use super::*;

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
