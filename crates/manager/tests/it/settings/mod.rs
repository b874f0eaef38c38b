//! No setting without an effect that a test sees from outside.
//!
//! Owns the table of settings and tests, and the few tests that have no better place.

mod others;
pub(crate) mod tls;

use std::collections::BTreeSet;
use std::path::Path;

use peegeeq_service_manager::config::{self, RawArgs};

use crate::support::source;

/// Setting, and the test that sees its effect: below this folder, or as `path from the repository: name`.
// a table of data
const SEEN: &[(&str, &str)] = &[
    ("service.port", "process::configuration::the_port_has_every_name_of_the_guide"),
    ("service.bind", "process::configuration::an_open_manager_listens_where_it_is_told"),
    ("service.name", "status::detail_tells_of_the_registry"),
    ("service.names", "edge::host::names_of_the_settings_pass"),
    ("environment", "status::detail_tells_of_the_registry"),
    ("region", "status::detail_tells_of_the_registry"),
    ("data.dir", "registry::files::a_directory_that_cannot_be_made_is_told"),
    ("security.tokens.file", "edge::tokens::every_route_asks_for_the_right_credential"),
    ("security.anonymous.role", "edge::tokens::everybody_may_if_the_settings_say_so"),
    ("security.instance.networks", "health::numbers::networks_that_are_never_dialled_can_be_allowed"),
    ("cors.allowed.origins", "edge::origin::settings_say_which_pages_may"),
    ("registry.backend", "consul::settings::an_agent_found_at_the_first_start_is_used_and_remembered"),
    ("consul.host", "consul::settings::several_agents_are_asked_in_turn"),
    ("consul.port", "consul::settings::an_agent_found_at_the_first_start_is_used_and_remembered"),
    ("consul.scheme", "consul::tls::an_encrypted_agent_is_trusted_by_its_authority"),
    ("consul.tls.ca.file", "consul::tls::an_encrypted_agent_is_trusted_by_its_authority"),
    ("consul.token.value", "consul::settings::questions_carry_what_the_settings_say"),
    ("consul.token.file", "consul::settings::a_token_file_is_read_again_when_it_changes"),
    ("consul.datacenter", "consul::settings::questions_carry_what_the_settings_say"),
    ("consul.registration", "process::configuration::contradictions_are_told_with_what_to_set"),
    ("consul.service.name", "consul::settings::questions_carry_what_the_settings_say"),
    ("consul.node", "consul::settings::questions_carry_what_the_settings_say"),
    ("consul.consistency", "consul::settings::questions_carry_what_the_settings_say"),
    ("consul.timeout", "consul::away::a_consul_that_hangs_holds_up_no_reader"),
    ("consul.wait", "consul::settings::questions_carry_what_the_settings_say"),
    ("consul.concurrency", "consul::settings::as_many_writes_run_at_once_as_allowed"),
    ("consul.response.max.bytes", "consul::settings::an_answer_larger_than_allowed_counts_as_none"),
    ("cache.refresh.interval", "consul::settings::the_whole_catalog_is_read_from_time_to_time"),
    ("updates.subscribers.max", "updates::streams::one_subscriber_more_than_allowed_is_refused_until_one_goes"),
    ("updates.buffer.max.bytes", "updates::streams::who_missed_more_than_is_kept_is_told_so"),
    ("registry.queue.max", "settings::others::a_full_queue_refuses_at_once"),
    ("registry.instances.max", "settings::others::a_full_registry_takes_changes_only"),
    ("journal.max.age", "crates/manager/src/registry/store/tests/journal.rs: old_entries_go_in_chunks_and_the_last_one_stays"),
    ("journal.max.entries", "crates/manager/src/registry/store/tests/journal.rs: the_number_of_entries_is_bounded"),
    ("instances", "process::configuration::a_started_manager_uses_its_file"),
    ("health.check.interval", "health::numbers::the_interval_is_a_setting"),
    ("health.check.timeout", "health::numbers::the_timeout_is_a_setting"),
    ("health.max.failures", "health::numbers::how_many_failures_count_is_a_setting"),
    ("health.retry.interval", "health::numbers::the_interval_while_down_is_a_setting"),
    ("health.recheck.interval", "health::numbers::the_quick_recheck_is_a_setting"),
    ("health.recovery.successes", "health::numbers::how_many_successes_end_it_is_a_setting"),
    ("health.check.jitter", "crates/domain/src/health/tracker_tests.rs: regular_probes_keep_their_own_slot"),
    ("health.check.concurrency", "health::numbers::how_many_probes_run_at_once_is_a_setting"),
    ("health.tripwire.enabled", "health::numbers::the_tripwire_is_a_setting"),
    ("health.setups.interval", "health::numbers::the_look_at_setups_is_a_setting"),
    ("health.response.max.bytes", "health::numbers::the_size_of_answers_is_a_setting"),
    ("request.timeout", "federation::numbers::the_whole_answer_has_a_time"),
    ("federation.max.age", "federation::numbers::the_age_of_answers_is_a_setting"),
    ("federation.source.timeout", "federation::failing::a_hanging_instance_is_waited_for_no_longer_than_its_time"),
    ("federation.concurrency", "federation::numbers::how_many_instances_are_asked_at_once_is_a_setting"),
    ("federation.response.max.bytes", "federation::numbers::the_size_of_an_instances_answer_is_a_setting"),
    ("federation.empty.status", "federation::empty::the_status_of_nothing_is_a_setting"),
    ("streams.clients.max", "management::sockets::clients_are_bounded_by_a_setting"),
    ("streams.frames.max", "management::streams::how_far_a_client_may_fall_behind_is_a_setting"),
    ("load.balancing.strategy", "routing::rules::each_strategy_spreads_as_it_says"),
    ("routing.strategy.reads", "routing::rules::kinds_of_requests_have_strategies_of_their_own"),
    ("routing.strategy.writes", "routing::rules::kinds_of_requests_have_strategies_of_their_own"),
    ("routing.strategy.streams", "routing::rules::kinds_of_requests_have_strategies_of_their_own"),
    ("routing.affinity", "routing::rules::a_setup_may_keep_to_one_instance"),
    ("routing.zone", "routing::rules::the_own_zone_is_preferred_and_takes_back_what_it_lost_only_later"),
    ("routing.failback.after", "routing::rules::the_own_zone_is_preferred_and_takes_back_what_it_lost_only_later"),
    ("routing.regions.share.names", "routing::rules::regions_may_share_the_names_of_databases"),
    ("routing.slow.start", "routing::rules::the_share_of_who_came_back_grows"),
    ("routing.panic.reads", "routing::well::what_happens_when_nobody_is_well_is_a_setting"),
    ("routing.panic.writes", "routing::well::what_happens_when_nobody_is_well_is_a_setting"),
    ("routing.retry.budget.percent", "routing::well::the_budget_of_retries_is_a_setting"),
    ("routing.retry.budget.reserve", "routing::well::the_budget_of_retries_is_a_setting"),
    ("routing.ejection.max.percent", "routing::well::how_many_may_be_left_alone_is_a_setting"),
    ("load.balancing.max.retries", "gateway::failing::retries_are_bounded_by_the_setting"),
    ("routing.ejection.failures", "gateway::failing::who_fails_in_a_row_is_left_alone_and_comes_back"),
    ("routing.ejection.duration", "gateway::failing::who_fails_in_a_row_is_left_alone_and_comes_back"),
    ("routing.timeout", "gateway::limits::an_instance_has_so_long_for_its_answer"),
    ("routing.max.timeout", "gateway::limits::a_client_says_how_long_it_waits_up_to_a_limit"),
    ("routing.stream.idle.timeout", "gateway::streams::a_stream_may_be_silent_and_last_only_so_long"),
    ("routing.stream.max.duration", "gateway::streams::a_stream_may_be_silent_and_last_only_so_long"),
    ("routing.header.max.bytes", "gateway::limits::a_head_may_be_so_large"),
    ("routing.instance.concurrency", "gateway::limits::places_at_an_instance_are_bounded_and_so_is_the_queue_for_them"),
    ("routing.queue.max", "gateway::limits::places_at_an_instance_are_bounded_and_so_is_the_queue_for_them"),
    ("routing.queue.timeout", "gateway::limits::waiting_for_a_place_ends"),
    ("routing.connections.idle.max", "gateway::limits::resting_connections_are_bounded"),
    ("routing.hedge.delay", "gateway::hedging::a_slow_instance_is_hidden_and_its_attempt_is_cut_off"),
    ("routing.hedge.percentile", "gateway::hedging::the_delay_may_follow_what_is_usual"),
    ("incidents.stable.after", "incidents::what_goes_down_opens_an_incident_that_closes_and_outlives_a_restart"),
    ("incidents.together", "incidents::what_failed_long_apart_is_two_incidents"),
    ("incidents.before", "incidents::what_changed_too_long_before_is_not_named"),
    ("incidents.kept.max", "incidents::few_closed_ones_are_kept"),
    ("webhook.url", "webhook::all_arrives_in_order_through_refusals_hangs_a_new_secret_and_restarts"),
    ("webhook.secret.file", "webhook::all_arrives_in_order_through_refusals_hangs_a_new_secret_and_restarts"),
    ("webhook.timeout", "webhook::all_arrives_in_order_through_refusals_hangs_a_new_secret_and_restarts"),
    ("webhook.queue.max", "webhook::what_falls_out_of_the_queue_is_told_as_a_gap"),
    ("routing.trusted.proxies", "gateway::forwarding::settings_say_whose_credentials_and_proxies_are_believed"),
    ("routing.forward.credentials", "gateway::forwarding::settings_say_whose_credentials_and_proxies_are_believed"),
    ("http.client.max.pool.size", "federation::numbers::how_many_connections_there_are_is_a_setting"),
    ("connection.timeout", "health::numbers::opening_a_connection_has_its_own_time"),
    ("instance.tls.ca.file", "settings::tls::an_authority_of_ones_own_is_trusted_when_it_is_named"),
    ("instance.tls.cert.file", "tls::instances::the_manager_shows_its_certificate_to_an_instance_that_asks"),
    ("instance.tls.key.file", "tls::instances::the_manager_shows_its_certificate_to_an_instance_that_asks"),
    ("server.tls.cert.file", "tls::certificate::new_files_are_taken_while_connections_go_on"),
    ("server.tls.key.file", "tls::certificate::files_that_cannot_be_used_change_nothing_and_are_told"),
    ("server.tls.client.ca.file", "tls::handshake::only_clients_of_an_authority_get_in_when_one_is_named"),
    ("server.tls.min.version", "tls::handshake::the_oldest_version_is_a_setting"),
    ("server.tls.handshake.timeout", "tls::handshake::a_handshake_that_takes_too_long_is_over"),
    ("server.tls.handshakes.max", "tls::handshake::handshakes_beyond_the_limit_wait_for_their_turn"),
    ("server.tls.reload.interval", "tls::certificate::a_hangup_looks_at_the_files_and_stops_nothing"),
    ("server.http2.enabled", "tls::http2::it_is_offered_unless_switched_off"),
    ("server.http2.streams.max", "tls::http2::the_number_of_streams_and_the_size_of_heads_are_told"),
    ("tls.expiry.warning", "tls::certificate::its_end_is_told_beforehand"),
    ("server.workers", "settings::others::there_are_as_many_workers_as_asked_for"),
    ("server.connections.max", "edge::limits::one_connection_too_many_is_told_503_and_a_place_that_is_free_again_is_used"),
    ("server.header.timeout", "edge::limits::a_slow_head_is_cut_off"),
    ("server.body.timeout", "edge::limits::a_slow_body_is_told_408"),
    ("server.body.max.bytes", "edge::limits::the_limit_of_bodies_is_a_setting"),
    ("server.body.total.max.bytes", "edge::limits::all_bodies_together_have_a_limit"),
    ("server.header.max.bytes", "edge::limits::large_heads_are_told_431"),
    ("server.idle.timeout", "edge::limits::an_idle_connection_is_closed"),
    ("shutdown.delay", "process::signals::it_says_not_ready_before_it_stops_answering"),
    ("shutdown.grace", "process::signals::the_grace_time_is_a_setting"),
    ("metrics.enabled", "settings::others::metrics_can_be_switched_off"),
    ("metrics.export.format", "settings::others::there_is_one_format_of_metrics"),
    ("logging.level.root", "process::logs::the_level_is_a_setting_for_all_and_for_one_logger"),
    ("logging.format", "process::logs::json_lines_have_the_guides_fields"),
    ("logging.file.name", "process::logs::the_file_is_put_aside_by_size_and_few_are_kept"),
    ("logging.file.max-size", "process::logs::the_file_is_put_aside_by_size_and_few_are_kept"),
    ("logging.file.max-history", "process::logs::the_file_is_put_aside_by_size_and_few_are_kept"),
    ("logging.queue.max", "process::logs::lines_nobody_reads_are_lost_and_counted_and_stop_nothing"),
];

fn has_test(place: &str) -> bool {
    let (files, name) = match place.split_once(": ") {
        Some((path, name)) => (vec![source::repository().join(path)], name),
        None => {
            let (module, name) = place.rsplit_once("::").expect("a module and a name");
            let path = module.replace("::", "/");
            (vec![source::tests().join(format!("{path}.rs")), source::tests().join(path).join("mod.rs")], name)
        }
    };
    let has = |file: &Path| file.exists() && source::read(file).contains(&format!("fn {name}("));
    files.iter().any(|file| has(file))
}

#[test]
fn every_setting_has_a_test_that_sees_its_effect() {
    let loaded = config::load(&RawArgs::default(), &|_| None, Path::new("/nonexistent")).expect("defaults");
    let known: BTreeSet<&str> = loaded.effective.iter().map(|row| row.key.as_str()).collect();
    let seen: BTreeSet<&str> = SEEN.iter().map(|(key, _)| *key).collect();
    let unseen: Vec<_> = known.difference(&seen).collect();
    assert!(unseen.is_empty(), "no test sees an effect of {unseen:?}: write one and name it in this table");
    let gone: Vec<_> = seen.difference(&known).collect();
    assert!(gone.is_empty(), "there are no settings {gone:?} any more");
    for (key, place) in SEEN {
        assert!(has_test(place), "{key}: there is no test {place}");
    }
    assert!(!has_test("settings::nowhere") && !has_test("settings::others::no_such_test"));
}
