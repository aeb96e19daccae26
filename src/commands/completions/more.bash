
# git completes `git credential-heroku-rs` by a function of this name. Its words begin with git's
# own, and a space after a finished word is ours to add.
_git_credential_heroku_rs() {
    local at=${__git_cmd_idx:-1}
    local -a COMP_WORDS=(git-credential-heroku-rs "${words[@]:at+1}")
    local COMP_CWORD=$((cword - at))
    _heroku_rs git-credential-heroku-rs "$cur" "$prev"
    COMPREPLY=("${COMPREPLY[@]/%/ }")
}
