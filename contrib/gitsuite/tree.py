"""git's source tree: copies the needed files, and builds what the suite needs."""

import os
import re
import shutil
import subprocess

import mapping

SUITE, LIBRARY = "t0303-credential-external.sh", "lib-credential.sh"
OURS, OUR_LIBRARY = "t0303-credential-heroku.sh", "lib-credential-heroku.sh"
# The suite needs no network, no translation and no optimisation.
OPTIONS = ["CFLAGS=-O0", "NO_CURL=1", "NO_EXPAT=1", "NO_GETTEXT=1", "NO_OPENSSL=1", "NO_PYTHON=1",
           "NO_RUST=1", "NO_TCLTK=1"]
NOT_COPIED = shutil.ignore_patterns(".git", "*.o", "*.a", "subprojects", "test-results", "trash directory.*")


def is_one(tree):
    return all(os.path.isfile(os.path.join(tree, *path)) for path in
               (("Makefile",), ("GIT-VERSION-GEN",), ("t", SUITE), ("t", LIBRARY)))


def version(tree):
    """The version from the tarball, or from the clone."""
    file = os.path.join(tree, "version")
    if os.path.isfile(file):
        with open(file, encoding="utf-8") as said:
            return cleaned(said.read())
    asked = subprocess.run(["git", "-C", tree, "describe", "--tags", "--match", "v[0-9]*"],
                           capture_output=True, text=True)
    if asked.returncode == 0:
        return cleaned(asked.stdout)
    with open(os.path.join(tree, "GIT-VERSION-GEN"), encoding="utf-8") as file:
        said = re.search(r"DEF_VER=(\S+)", file.read())
    return cleaned(said.group(1) if said else "unknown")


def cleaned(text):
    return re.sub(r"[^\w.+-]", "-", text.strip().removeprefix("v"))


def prepare(tree, into, installed, log):
    """Builds a copy of the tree, with both suites. Files that have been built before are not built again."""
    shutil.copytree(tree, into, ignore=NOT_COPIED, dirs_exist_ok=True)
    with open(os.path.join(into, "version"), "w", encoding="utf-8") as file:
        file.write(version(tree) + "\n")
    targets = ["GIT-BUILD-OPTIONS", "t/helper/test-tool", "bin-wrappers/test-tool"]
    targets += [] if installed else ["git", "bin-wrappers/git"]
    with open(log, "w", encoding="utf-8") as said:
        for command in (["make", f"-j{os.cpu_count()}", *OPTIONS, *targets], ["make", "-C", "templates"]):
            built = subprocess.run(command, cwd=into, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            if built.returncode:
                raise OSError(f"git could not be built\n  see {os.path.relpath(log)}")
    map_to_heroku(os.path.join(into, "t"))


def map_to_heroku(tests):
    """Writes the suite with Heroku's host, next to the unchanged one."""
    with open(os.path.join(tests, LIBRARY), encoding="utf-8") as file:
        library = mapping.mapped(file.read())
    with open(os.path.join(tests, SUITE), encoding="utf-8") as file:
        script = mapping.script(file.read(), OUR_LIBRARY)
    for name, text in ((OUR_LIBRARY, library), (OURS, script)):
        path = os.path.join(tests, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
