# Sourced by try-windows and try-arm: everything from login to logout, with a program that runs in an
# emulator. The stories cannot test such a program.
#
# A script that sources it calls `new_world`, then defines
#   program ARGUMENT…   runs the program; it has $proxy and $world/heroku/ca.pem in its environment
#   item EMAIL          prints the secret that another program finds in the keyring for this account
#   put EMAIL           stores stdin as the secret of this account, with another program
#   logs_in EMAIL TOKEN
# and calls the functions with the steps.

ann=ann@example.com
bob=bob@example.com

# Creates a temporary directory, and starts a stand-in Heroku in it. Every process ends with the script.
new_world() {
    local program=${CARGO_TARGET_DIR:-target}/debug/heroku-stand-in
    world=$(mktemp -d "${TMPDIR:-/tmp}/heroku-rs-trial.XXXXXX")
    pids=()
    last_words=()
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$program" --dir "$world/heroku" >"$world/heroku.out" 2>"$world/heroku.log" &
    pids+=($!)
    wait_for "$world/heroku.out"
    control=$(<"$world/heroku/control")
    proxy=$(sed -n 's/^https_proxy=//p' "$world/heroku/environment")
    heroku POST "/accounts?email=$ann" >/dev/null
    heroku POST "/accounts?email=$bob" >/dev/null
    repository=$(heroku POST "/apps?email=$ann&name=blue-sky")
}

# Runs cargo for another system. Nothing is optimised, since only the behaviour is tested.
# $cargo_flags is added.
build_for() {
    local target=$1 command=$2
    shift 2
    CARGO_PROFILE_DEV_DEBUG=0 cargo "$command" --config 'profile.dev.package."*".opt-level=0' "${cargo_flags[@]}" \
        --locked --quiet --target "$target" --target-dir target/systems "$@" </dev/null
}

# Writes a script that runs a command line, followed by the script's own arguments.
as_a_program() {
    printf '#!/bin/sh\nexec %s "$@"\n' "$(printf '%q ' "${@:2}")" >"$world/$1"
    chmod +x "$world/$1"
}

clean_up() {
    local ended=$? i
    trap '' INT TERM
    [ "${#last_words[@]}" -eq 0 ] || "${last_words[@]}" >/dev/null 2>&1 || true
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    rm -rf "$world"
    exit "$ended"
}

# Waits until a daemon has written to this file that it is ready.
wait_for() {
    for _ in $(seq 600); do
        [ ! -s "$1" ] || return 0
        sleep 0.05
    done
    echo "a daemon did not start: it wrote nothing to $1" >&2
    cat "$world"/*.log >&2
    exit 1
}

# A call of the stand-in's control interface. With a third argument, the body is stdin.
heroku() {
    local body=(--data-binary @-)
    [ "$#" -gt 2 ] || body=(--data-binary '')
    curl --silent --show-error --fail --noproxy '*' --request "$1" "${body[@]}" "$control$2"
}
new_token() { heroku POST "/tokens?email=$1"; }

step() {
    promise=$1
    printf '  %s\n' "$promise"
}

broken() {
    echo "broken: $promise: $1" >&2
    sed 's/^/    stdout: /' "$world/out" | cat --show-nonprinting >&2
    sed 's/^/    stderr: /' "$world/said" | cat --show-nonprinting >&2
    exit 1
}

# Runs the program with this script's stdin, and stores its stdout, stderr and exit code for the checks.
run() {
    code=0
    program "$@" >"$world/out" 2>"$world/said" || code=$?
}
exits_with() { [ "$code" -eq "$1" ] || broken "exit code $code, not $1"; }
# Compares every byte, so that a line end of Windows is an error.
prints() { printf '%s' "$1" | cmp --quiet - "$world/out" || broken "it did not print: $1"; }
prints_something_with() { grep --quiet --fixed-strings -- "$1" "$world/out" || broken "stdout does not contain: $1"; }
says() { grep --quiet --fixed-strings -- "$1" "$world/said" || broken "stderr does not contain: $1"; }
says_nothing() { [ ! -s "$world/said" ] || broken "stderr is not empty"; }
holds() { [ "$(item "$1")" = "$2" ] || broken "the keyring has another secret for $1"; }
holds_nothing() { [ -z "$(item "$1")" ] || broken "the keyring has a secret for $1"; }

request() { printf 'protocol=https\nhost=%s\n' "${1:-git.heroku.com}"; [ "$#" -lt 2 ] || printf '%s\n' "${@:2}"; echo; }
gets() {
    run get < <(request)
    exits_with 0
    prints "username=$1"$'\n'"password=$2"$'\n\n'
    says_nothing
}

before_a_login() {
    step "a request for another host prints nothing"
    run get < <(request example.com)
    exits_with 0
    prints ''
    says_nothing
    step "without a login git only asks for the password"
    run get < <(request)
    exits_with 0
    prints $'username=heroku\n\n'
    says 'git credential-heroku-rs login'
    run token </dev/null
    exits_with 4
    step "a typo gets a suggestion"
    run statsu </dev/null
    exits_with 2
    says status
    step "an unknown operation is ignored"
    run approve-all < <(request)
    exits_with 0
    prints ''
    says_nothing
}

# From here on, $token is Ann's stored token.
a_login() {
    step "a login is stored for its account, and served"
    token=$(new_token $ann)
    logs_in $ann "$token"
    exits_with 0
    holds $ann "$token"
    gets $ann "$token"
    step "a request with the line ends of Windows is accepted"
    run get < <(request | sed 's/$/\r/')
    exits_with 0
    prints "username=$ann"$'\n'"password=$token"$'\n\n'
    step "status and token show it"
    run status --offline </dev/null
    exits_with 0
    prints_something_with $ann
    run token </dev/null
    exits_with 0
    prints "$token"$'\n'
}

what_git_brings() {
    step "git's store of the same token changes nothing"
    run store < <(request git.heroku.com "username=$ann" "password=$token")
    exits_with 0
    says_nothing
    holds $ann "$token"
    step "a token for another account does not replace the login"
    run store < <(request git.heroku.com username=x "password=$(new_token $bob)")
    exits_with 0
    gets $ann "$token"
    step "another token for the same account does not replace the login: the URL may come from anyone"
    run store < <(request git.heroku.com "username=$ann" "password=$(new_token $ann)")
    exits_with 0
    holds $ann "$token"
    step "an erase of a valid token erases nothing"
    run erase < <(request git.heroku.com)
    exits_with 0
    run erase < <(request git.heroku.com "username=$ann" "password=$token")
    exits_with 0
    holds $ann "$token"
}

two_accounts() {
    step "a token that another program stored is served, and switch selects the account"
    second=$(new_token $bob)
    printf '%s' "$second" | put $bob
    run switch $bob </dev/null
    exits_with 0
    gets $bob "$second"
    run switch $ann </dev/null
    exits_with 0
    gets $ann "$token"
    another=$(new_token $ann)
    printf '%s' "$another" | put $ann
    gets $ann "$another"
    printf '%s' "$token" | put $ann
    gets $ann "$token"
}

a_push() {
    step "git pushes with the token, without a prompt"
    mkdir "$world/work" "$world/gits-home"
    local git=(env -i "PATH=$PATH" "HOME=$world/gits-home" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
        "https_proxy=$proxy" "GIT_SSL_CAINFO=$world/heroku/ca.pem" git -C "$world/work"
        -c user.name=Ann -c "user.email=$ann" -c "credential.helper=$1")
    "${git[@]}" init --quiet --initial-branch=main
    "${git[@]}" commit --quiet --allow-empty --message "The first commit"
    code=0
    "${git[@]}" push --quiet https://git.heroku.com/blue-sky.git main </dev/null >"$world/out" 2>"$world/said" || code=$?
    exits_with 0
    says_nothing
    [ "$("${git[@]}" rev-parse main)" = "$("${git[@]}" -C "$repository" rev-parse main)" ] || broken "the push did not arrive"
}

what_heroku_says() {
    step "a token that Heroku rejects is not stored"
    run login --with-token <<<"HRKU-00000000-0000-0000-0000-000000000000"
    exits_with 1
    holds $ann "$token"
    step "a revoked token is erased"
    printf '%s' "$token" | heroku POST /revoke with-a-body >/dev/null
    run erase < <(request git.heroku.com "username=$ann" "password=$token")
    exits_with 0
    holds_nothing $ann
    step "logout revokes the token, and removes the login"
    run login --with-token <<<"$(new_token $bob)"
    exits_with 0
    run logout </dev/null
    exits_with 0
    holds_nothing $bob
    run status </dev/null
    exits_with 4
}

# A file with a token is added, so that a search that finds nothing is an error.
no_token_was_left() {
    step "only netrc contains a token"
    printf '%s' "$token" >"$1/planted"
    local found
    found=$(printf '%s\n' "$token" "$second" "$another" |
        grep --recursive --files-with-matches --text --fixed-strings --file=- --exclude=_netrc --exclude=.netrc "$@")
    [ "$found" = "$1/planted" ] || broken "found in $found"
}
