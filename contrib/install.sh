#!/bin/sh
# Installs git-credential-heroku-rs @VERSION@ for this user: program, manual, completions.
#   curl -fsSL @HOMEPAGE@/releases/latest/download/install.sh | sh
#   … | sh -s -- --prefix DIR       below DIR; otherwise below ~/.local
#   … | sh -s -- --from DIR|URL     uses the archive from there instead of the release
#   … | sh -s -- --uninstall        removes what it installed and what the program wrote, except stored tokens
# The checksums of the archives are in this file. If gh is logged in, the attestation is verified, too.
set -eu

name=git-credential-heroku-rs
version='@VERSION@'
repository='@HOMEPAGE@'

usage() {
    cat >&2 <<END
usage: install.sh [--prefix DIR] [--from DIR|URL]
       install.sh --uninstall [--prefix DIR]
END
    exit 2
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    [ "$#" -lt 2 ] || printf '  %s\n' "$2" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Sets target and checksum.
choose_archive() {
    system=$(uname -s)
    machine=$(uname -m)
    # A shell under Rosetta says x86_64 on an Apple processor.
    if [ "$system" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then machine=arm64; fi
    case "$system $machine" in
        'Linux x86_64' | 'Linux amd64')
            target=x86_64-unknown-linux-musl checksum='@SHA256 x86_64-unknown-linux-musl@' ;;
        'Linux aarch64' | 'Linux arm64')
            target=aarch64-unknown-linux-musl checksum='@SHA256 aarch64-unknown-linux-musl@' ;;
        'Darwin arm64')
            target=aarch64-apple-darwin checksum='@SHA256 aarch64-apple-darwin@' ;;
        'Darwin x86_64')
            target=x86_64-apple-darwin checksum='@SHA256 x86_64-apple-darwin@' ;;
        MINGW* | MSYS* | CYGWIN*)
            target=x86_64-pc-windows-msvc checksum='@SHA256 x86_64-pc-windows-msvc@' ;;
        *)
            fail "no archive for $system on $machine" "build it: cargo install --locked $name" ;;
    esac
    case $target in
        *windows*) archive=$name-$version-$target.zip program=$name.exe ;;
        *) archive=$name-$version-$target.tar.gz program=$name ;;
    esac
}

# download SOURCE FILE
download() {
    case $1 in
        https://*)
            if has curl; then
                curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 --output "$2" "$1"
            elif has wget; then
                wget -q -O "$2" "$1"
            else
                fail "neither curl nor wget is installed" "install one of them, then run the command again"
            fi
            ;;
        http://*)
            if has curl; then
                curl --fail --silent --show-error --location --output "$2" "$1"
            else
                wget -q -O "$2" "$1"
            fi
            ;;
        *) cp "$1" "$2" ;;
    esac || fail "could not download $1"
}

sha256() {
    if has sha256sum; then
        sha256sum <"$1"
    elif has shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -d ' ' -f 1
}

verify() {
    found=$(sha256 "$1")
    if [ "$found" != "$checksum" ]; then
        fail "$archive has the checksum $found, not $checksum: nothing was installed" \
            "download install.sh again; if that does not help, report it: $repository/issues"
    fi
    if has gh && gh attestation verify --help >/dev/null 2>&1 && gh auth status --hostname github.com >/dev/null 2>&1; then
        slug=${repository#https://github.com/}
        gh attestation verify "$1" --repo "$slug" --signer-workflow "$slug/.github/workflows/release.yml" >/dev/null ||
            fail "$archive has no valid attestation: nothing was installed" "report it: $repository/issues"
        checked='checksum and attestation verified'
    else
        checked='checksum verified'
    fi
}

# make_directory DIR: records each directory that it creates, so that --uninstall removes it.
make_directory() {
    [ ! -d "$1" ] || return 0
    make_directory "$(dirname "$1")"
    mkdir "$1"
    printf '%s/\n' "$1" >>"$work/directories"
}

# put FILE DIR NAME MODE: replaces the file in one step, also while the old program is running.
put() {
    make_directory "$2"
    cp "$1" "$2/.$3.new"
    chmod "$4" "$2/.$3.new"
    mv -f "$2/.$3.new" "$2/$3"
    printf '%s\n' "$2/$3" >>"$work/files"
}

install_files() {
    unpacked=$1
    put "$unpacked/$program" "$prefix/bin" "$program" 755
    # docker's name for the program; docker only uses it after `setup --docker`.
    if [ "$program" = "$name" ]; then
        ln -sf "$name" "$prefix/bin/docker-credential-heroku-rs"
        printf '%s\n' "$prefix/bin/docker-credential-heroku-rs" >>"$work/files"
    else
        put "$unpacked/$program" "$prefix/bin" docker-credential-heroku-rs.exe 755
    fi
    for page in "$unpacked"/man/man1/*.1; do
        put "$page" "$prefix/share/man/man1" "${page##*/}" 644
    done
    put "$unpacked/completions/$name" "$prefix/share/bash-completion/completions" "$name" 644
    put "$unpacked/completions/_$name" "$prefix/share/zsh/site-functions" "_$name" 644
    put "$unpacked/completions/$name.fish" "$prefix/share/fish/vendor_completions.d" "$name.fish" 644
    for unit in "$unpacked"/systemd/heroku-token.*; do
        [ ! -e "$unit" ] || put "$unit" "$prefix/share/systemd/user" "${unit##*/}" 644
    done
    for notice in LICENSE-APACHE LICENSE-MIT third-party.txt; do
        put "$unpacked/$notice" "$notes" "$notice" 644
    done
}

# Removes files of an earlier version that this one does not have.
remove_stale_files() {
    [ -e "$notes/files" ] || return 0
    while IFS= read -r file; do
        grep -Fqx -e "$file" "$work/files" || rm -f "$file"
    done <"$notes/files"
    cat "$notes/directories" >>"$work/directories"
}

install_program() {
    choose_archive
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    : >"$work/directories"
    : >"$work/files"
    download "${from%/}/$archive" "$work/$archive"
    verify "$work/$archive"
    mkdir "$work/unpacked"
    case $archive in
        *.zip) unzip -q "$work/$archive" -d "$work/unpacked" ;;
        *) tar -xzf "$work/$archive" -C "$work/unpacked" ;;
    esac
    install_files "$work/unpacked/$name-$version-$target"
    remove_stale_files
    cp "$work/files" "$notes/files"
    cp "$work/directories" "$notes/directories"
    "$prefix/bin/$program" --version >/dev/null || fail "$prefix/bin/$program does not start on this system"
    printf '%s\n' "installed $name $version in $prefix/bin ($checked)"
    case ":$PATH:" in
        *":$prefix/bin:"*) ;;
        *) printf '%s\n' "  add it to PATH, in your shell's start file: export PATH=\"$prefix/bin:\$PATH\"" ;;
    esac
    printf '%s\n' "  next: git credential-heroku-rs setup"
}

uninstall_program() {
    [ -e "$notes/files" ] || fail "install.sh has installed nothing below $prefix" "name the directory: --prefix DIR"
    # Otherwise git would call a helper that does not exist.
    for program in "$prefix/bin/$name" "$prefix/bin/$name.exe"; do
        if [ -x "$program" ] && has git; then
            "$program" unsetup --all </dev/null || fail "unsetup failed, so the program was not removed"
        fi
    done
    while IFS= read -r file; do
        rm -f "$file"
    done <"$notes/files"
    directories=$(sort -r "$notes/directories")
    rm -f "$notes/files" "$notes/directories"
    printf '%s\n' "$directories" | while IFS= read -r directory; do
        [ -z "$directory" ] || rmdir "$directory" 2>/dev/null || true
    done
    printf '%s\n' "removed $name; stored tokens are kept, with their metadata, since the Heroku CLI uses them too"
}

# In a function, so that an incomplete download runs nothing.
main() {
    umask 022
    action=install_program
    prefix=${HOME:-}/.local
    from=$repository/releases/download/v$version
    while [ "$#" -gt 0 ]; do
        case $1 in
            --uninstall) action=uninstall_program ;;
            --prefix | --from)
                [ "$#" -gt 1 ] || usage
                if [ "$1" = --prefix ]; then prefix=$2; else from=$2; fi
                shift
                ;;
            *) usage ;;
        esac
        shift
    done
    case $prefix in
        /*) ;;
        *) fail "the prefix is not an absolute path: $prefix" ;;
    esac
    notes=$prefix/share/$name
    "$action"
}

main "$@"
