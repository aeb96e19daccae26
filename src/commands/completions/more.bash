
# Accounts and authorizations: the program itself looks where the line is at. What it tells is never
# run or expanded. bash parts words at `@`: what stands before the last part is there already. Where
# it lists what there is, it shows too what a name or an id stands for.
_heroku_rs_told() {
    local line=${COMP_LINE:0:COMP_POINT} word there value about
    local -a typed told
    read -ra typed <<< "$line"
    [[ $line == *[[:space:]] ]] && typed+=("")
    word=${typed[${#typed[@]}-1]}
    case $word in
        --*=*) word=${word#*=} ;;
        -*) return ;;
    esac
    [[ $COMP_WORDBREAKS == *@* ]] && there=${word%"${word##*@}"}
    while IFS=$'\t' read -r value about; do
        [[ $value == "$word"* ]] || continue
        [[ $COMP_TYPE == 63 && $value != *@* ]] && value="$value  ($about)"
        told+=("${value#"$there"}")
    done < <(git-credential-heroku-rs completions -- "${typed[@]}" 2>/dev/null)
    [[ ${#told[@]} -gt 0 ]] && COMPREPLY=("${told[@]}")
}

_heroku_rs_and_told() {
    _heroku_rs "$@"
    _heroku_rs_told
}

# git completes `git credential-heroku-rs` by a function of this name. Its words begin with git's
# own, and a space after a finished word is ours to add.
_git_credential_heroku_rs() {
    local at=${__git_cmd_idx:-1}
    local -a COMP_WORDS=(git-credential-heroku-rs "${words[@]:at+1}")
    local COMP_CWORD=$((cword - at))
    _heroku_rs_and_told git-credential-heroku-rs "$cur" "$prev"
    COMPREPLY=("${COMPREPLY[@]/%/ }")
}
