
# Accounts and authorizations: the program itself looks where the line is at.
_heroku_rs_told() {
    local -a typed told
    typed=("${(@Q)${(@z)LBUFFER}}")
    [[ $LBUFFER == *[[:space:]] ]] && typed+=("")
    told=("${(@f)$(git-credential-heroku-rs completions -- "${(@)typed}" 2>/dev/null)}")
    told=("${(@)${(@)told//:/\\:}/$'\t'/:}")
    [[ -n $told[1] ]] && _describe -t values value told
}
