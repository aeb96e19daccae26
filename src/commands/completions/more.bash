
# git completes `git credential-heroku-rs` with a function of this name. Its words begin with those of
# git, which has turned off the space after a finished word. bash 3 cannot turn it on again.
_git_credential_heroku_rs() {
    local at=${__git_cmd_idx:-1}
    local -a COMP_WORDS=(git-credential-heroku-rs "${words[@]:at+1}")
    local COMP_CWORD=$((cword - at))
    _heroku_rs git-credential-heroku-rs "$cur" "$prev"
    compopt +o nospace 2>/dev/null || COMPREPLY=("${COMPREPLY[@]/%/ }")
}
