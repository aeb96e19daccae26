# fish 3.6 uses a wrong name for the commands of other programs after `git`.
complete -c git -f -n '__fish_git_using_command credential-heroku-rs' -a '(__fish_git_complete_custom_command credential-heroku-rs)'
