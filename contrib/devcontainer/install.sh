#!/bin/sh
# Installs git-credential-heroku-rs into an image, as root: a dev container feature. DESTDIR puts it
# below another root.
set -eu

has() { command -v "$1" >/dev/null; }
if ! has git || ! has curl; then
    if has apt-get; then
        apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends git curl ca-certificates
        rm -rf /var/lib/apt/lists/*
    elif has apk; then
        apk add --no-cache git curl ca-certificates
    elif has dnf; then
        dnf install --assumeyes git curl
    else
        echo "git-credential-heroku-rs: git and curl are needed, and no package manager is known" >&2
        echo "  install both in the image, before this feature" >&2
        exit 1
    fi
fi

# A feature may bring more files: this one is the installer of the release. It may have lost its mode.
sh "$(dirname "$0")/install-program.sh" --prefix "${DESTDIR:-}/usr/local"

# For every user of the container: a user's own configuration comes later, from the host. The empty
# value keeps the Codespace's own helper from answering for Heroku.
if [ "${SETUP:-true}" = true ]; then
    key=credential.https://git.heroku.com.helper
    git config --system --replace-all "$key" ''
    git config --system --add "$key" heroku-rs
fi
