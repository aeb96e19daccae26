
# git completes `git credential-heroku-rs` with a function of this name. Its words begin with those of
# git, and the function adds the space after a finished word.
_git_credential_heroku_rs() {
    local at=${__git_cmd_idx:-1}
    local -a COMP_WORDS=(git-credential-heroku-rs "${words[@]:at+1}")
    local COMP_CWORD=$((cword - at))
    _heroku_rs git-credential-heroku-rs "$cur" "$prev"
    COMPREPLY=("${COMPREPLY[@]/%/ }")
}
