# Accounts and authorizations: the program itself looks where the line is at.
function __heroku_rs_told
    set -l word (commandline -ct)
    git-credential-heroku-rs completions -- (commandline -opc) "$word" 2>/dev/null
end
complete -c git-credential-heroku-rs -n '__heroku_rs_told | string length -q' -f -a '(__heroku_rs_told)'
# fish 3.6 looks behind `git` for commands of other people under a wrong name.
complete -c git -f -n '__fish_git_using_command credential-heroku-rs' -a '(__fish_git_complete_custom_command credential-heroku-rs)'
