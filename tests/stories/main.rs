//! The stories: what a user, git and the Heroku CLI see.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a story starts programs, writes files and fails loudly on purpose"
)]

mod world;

mod a_bus_of_another_user;
mod a_keyring_that_does_not_answer;
mod a_locked_keyring_and_its_prompt;
mod a_secret_service_that_misbehaves;
mod a_signal_at_a_hidden_prompt;
mod a_token_in_a_remote_url;
mod a_token_revoked_elsewhere;
mod a_trace_without_secrets;
mod another_heroku;
mod another_local_user;
mod any_git_request;
mod api_errors;
mod api_pagination;
mod api_requests;
mod api_with_other_clients;
mod authorizations;
mod broken_streams;
mod budgets;
mod clients_other_than_git;
mod concurrent_helpers;
mod docker;
mod doctor;
mod doctor_and_a_push;
mod doctor_and_copies;
mod doctor_and_gits_helpers;
mod doctor_and_gits_settings;
mod doctor_and_heroku;
mod doctor_and_netrc;
mod doctor_and_the_keyring;
mod doctor_asks_before_it_fixes;
mod doctor_can_be_shown_to_anyone;
mod doctor_on_every_machine;
mod erase_requests;
mod every_git;
mod every_kind_of_bus;
mod every_way_to_log_in;
mod faults_of_the_kernel;
mod faults_on_the_bus;
mod faults_on_the_disk;
mod git_server_responses;
mod gits_contract;
mod gits_contract_kept;
mod gits_suite;
mod heroku_netrc_write;
mod hostile_input;
mod hostile_keyrings;
mod in_ci;
mod killed_at_any_moment;
mod known_attacks;
mod known_attacks_on_files;
mod known_attacks_on_the_terminal;
mod limits;
mod logging_out;
mod login_when_heroku_fails;
mod missing_login_json;
mod netrc_import_and_clean;
mod one_item_for_both;
mod other_helpers;
mod other_hosts;
mod other_keyring_programs;
mod other_sources;
mod printing_the_token;
mod public_refs;
mod push_after_heroku_login;
mod races_for_gits_configuration;
mod races_for_netrc;
mod races_for_the_keyring;
mod random_steps;
mod read_only_and_mounted_files;
mod read_only_commands;
mod rotating;
mod rotating_by_a_timer;
mod rotating_concurrently;
mod rotating_interrupted;
mod rotating_when_heroku_fails;
mod rotating_with_systemd_and_cron;
mod running_a_program;
mod shell_completion;
mod ten_thousand_logins;
mod the_command_line;
mod the_docs;
mod the_first_push_is_a_login;
mod the_manual;
mod the_packages;
mod the_secret_search;
mod two_accounts;
mod unsetup_removes_everything;
mod unusual_environments;
mod what_is_promised;
mod what_setup_writes;
mod what_stays_in_memory;
mod which_helper_is_ours;
mod which_tokens_become_logins;
mod who_else_sees_a_token;
mod with_the_heroku_cli;
mod without_a_keyring;
