# fish 3.6 looks behind `git` for commands of other people under a wrong name.
complete -c git -f -n '__fish_git_using_command credential-heroku-rs' -a '(__fish_git_complete_custom_command credential-heroku-rs)'
