//! The contract: what every engine must do, case by case.
//!
//! Invariant: a method of [`Log`], [`Keys`], [`Views`], [`Snapshots`] or [`Cache`](crate::Cache) without a case here does not
//! exist.
//!
//! An engine is held to it with one line in its tests, `anamnesis_store::contract_tests!(HARNESS)`, where the
//! expression makes a [`Harness`] over a store that nobody else uses. Each case becomes a test of its own.

#![expect(clippy::panic, reason = "a case that is not kept ends in a panic, as tests do")]

use std::any::Any;
use std::sync::Arc;

use anamnesis_kernel::Instant;
use async_trait::async_trait;

use crate::{Keys, Log, Snapshots, Views};

pub mod cache;
pub mod clinic;
pub mod keys;
pub mod log_append;
pub mod log_groups;
pub mod log_once;
pub mod log_reads;
pub mod log_time;
mod model;
mod random;
mod sample;
pub mod snapshots;
pub mod views_as_of;
pub mod views_changes;
pub mod views_digest;
pub mod views_made;
pub mod views_pages;
pub mod views_parked;
pub mod views_records;
pub mod views_search;
pub mod views_words;

/// One store of the engine under test, with one partition.
#[async_trait]
pub trait Harness: Send + Sync + Sized {
    /// Opens the store: empty the first time, then as it was left.
    ///
    /// What the call before gave was dropped; `now` is the time by a clock that stands still.
    async fn open(&self, now: Instant) -> Stores;

    /// Another store of the same engine, never opened before.
    fn another(&self) -> Self;
}

/// An open store.
pub struct Stores {
    /// Its log.
    pub log: Arc<dyn Log>,
    /// Its keys.
    pub keys: Arc<dyn Keys>,
    /// Its views.
    pub views: Arc<dyn Views>,
    /// Others, empty, that are made beside them and not finished.
    pub made: Arc<dyn Views>,
    /// Its snapshots.
    pub snapshots: Arc<dyn Snapshots>,
    /// What keeps it open, such as a lock.
    pub held: Box<dyn Any + Send + Sync>,
}

/// Makes a test of every case, for the engine whose harness the expression makes.
#[macro_export]
macro_rules! contract_tests {
    ($harness:expr) => {
        $crate::contract_tests! { @tests $harness;
            log_append {
                every_field_reads_back,
                positions_have_no_gap_and_versions_count_within_their_stream,
                a_stream_must_stand_where_it_is_expected,
                a_version_is_of_the_commit_it_was_decided_on,
                a_conflict_in_one_stream_keeps_nothing_of_the_others,
                conditions_alone_are_judged_and_leave_nothing,
                events_of_one_stream_in_one_commit_follow_each_other,
            }
            log_once {
                a_claim_holds_only_while_it_is_untouched,
                a_touch_that_is_told_is_not_beyond_the_head,
                of_two_racing_claims_one_wins,
                a_known_key_gives_the_first_answer,
                of_two_racing_keys_one_wins,
                a_commit_without_events_leaves_no_key_and_no_claim,
                keys_are_forgotten_after_seven_days,
                a_known_event_id_is_told_with_its_place,
                a_known_event_id_is_told_before_any_conflict,
            }
            log_time {
                moments_rise_while_the_clock_stands_or_goes_back,
                a_clock_more_than_a_minute_behind_is_refused,
                an_instant_resolves_to_what_was_recorded_by_then,
                nothing_appears_at_or_before_a_resolved_instant,
            }
            log_groups {
                all_of_many_at_once_are_answered,
                calls_are_judged_in_their_order,
                a_refused_commit_does_not_harm_its_neighbours,
                a_commit_stands_when_nobody_waits_for_it,
                the_head_tells_of_each_commit,
                the_root_is_that_of_the_leaves,
            }
            log_reads {
                a_partition_is_read_in_pages,
                a_stream_is_read_both_ways,
                a_stream_stands_where_its_newest_event_does,
                events_are_read_where_they_stand,
                a_position_without_an_event_is_damage,
                an_open_store_goes_on_where_it_was_left,
            }
            keys {
                a_new_store_has_no_secrets_and_keeps_the_first,
                the_first_key_of_a_subject_holds,
                keys_that_come_at_once_are_each_answered,
                rows_are_found_by_tag_and_number_in_the_order_asked,
                a_number_belongs_to_one_subject,
                a_destroyed_key_leaves_a_tombstone_for_ever,
                keys_outlive_a_restart,
            }
            snapshots {
                new_snapshots_are_none,
                a_snapshot_reads_back_as_it_was,
                the_newest_is_of_its_shape_and_not_beyond_what_is_asked,
                of_one_stream_and_version_the_last_is_kept,
                surplus_goes_as_others_come,
                a_batch_that_cannot_be_written_leaves_nothing,
                what_a_subject_sealed_goes_at_once,
                other_shapes_go_some_at_a_time,
                the_sweep_goes_on_where_it_was,
                snapshots_are_counted_with_their_ages,
                snapshots_outlive_a_restart,
            }
            views_records {
                new_views_are_empty,
                a_plan_is_kept_beside_the_rows,
                a_change_and_its_watermark_are_kept,
                a_change_that_cannot_be_written_leaves_nothing,
                a_row_that_is_refused_says_whose_it_is,
                records_are_found_in_the_order_asked,
                each_version_is_found_as_it_was,
                a_version_that_passed_keeps_its_body_once_in_a_while,
                records_are_found_as_of_a_moment,
                history_is_newest_first_and_limited,
                a_deleted_record_lives_on_in_its_versions,
                readers_never_see_half_a_change,
                views_outlive_a_restart,
            }
            views_changes {
                changes_are_newest_first_of_one_type_or_of_all,
                changes_have_a_beginning_and_an_end,
                pages_of_changes_follow_each_other_while_others_write,
            }
            views_search {
                each_test_finds_what_it_says,
                dates_are_found_wherever_records_stand,
                criteria_are_all_met_by_any_of_their_tests,
                rows_open_close_and_come_back,
                a_thousand_values_are_one_criterion,
                what_asks_too_much_is_refused,
                the_units_of_amounts_are_known_as_soon_as_they_are_applied,
            }
            views_pages {
                hits_come_newest_first_and_carry_the_current_version,
                pages_follow_each_other_without_gap_or_double,
                counts_ignore_page_and_limit,
                events_are_found_by_patient_in_the_order_of_the_log,
            }
            views_parked {
                what_is_parked_reads_back_in_the_order_of_the_log,
                a_stream_is_held_until_its_last_event_is_released,
                what_is_parked_again_keeps_its_beginning,
                what_is_parked_comes_and_goes_with_its_change,
            }
            views_as_of {
                a_search_as_of_a_moment_is_one_of_what_was_known_then,
                texts_that_end_together_held_each_since_it_began,
            }
            views_words {
                words_are_found_in_the_narrative_or_anywhere,
                words_come_and_go_with_versions,
                words_are_the_same_in_other_batches,
            }
            views_made {
                what_gathers_is_found_by_who_makes_them,
                what_cannot_be_written_takes_what_gathered,
                finished_views_are_those_that_were_never_made_apart,
            }
            views_digest {
                the_same_changes_in_other_batches_are_the_same_views,
                a_row_that_differs_shows,
                a_quantity_that_differs_shows,
            }
        }
    };
    (@tests $harness:expr; $($part:ident { $($case:ident,)+ })+) => {
        $(
            mod $part {
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        $crate::contract::$part::$case(&$harness).await;
                    }
                )+
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_of_a_cache_is_run() {
        let text = include_str!("contract/cache.rs");
        let list = text.split("macro_rules!").nth(1).unwrap();
        let listed: Vec<&str> =
            list.lines().take(30).filter_map(|line| line.trim().strip_suffix(',')).collect();
        let cases: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        assert_eq!(listed, cases);
    }

    #[test]
    fn every_case_is_run() {
        let parts = [
            ("keys", include_str!("contract/keys.rs")),
            ("log_append", include_str!("contract/log_append.rs")),
            ("log_groups", include_str!("contract/log_groups.rs")),
            ("log_once", include_str!("contract/log_once.rs")),
            ("log_reads", include_str!("contract/log_reads.rs")),
            ("log_time", include_str!("contract/log_time.rs")),
            ("snapshots", include_str!("contract/snapshots.rs")),
            ("views_as_of", include_str!("contract/views_as_of.rs")),
            ("views_changes", include_str!("contract/views_changes.rs")),
            ("views_digest", include_str!("contract/views_digest.rs")),
            ("views_made", include_str!("contract/views_made.rs")),
            ("views_pages", include_str!("contract/views_pages.rs")),
            ("views_parked", include_str!("contract/views_parked.rs")),
            ("views_records", include_str!("contract/views_records.rs")),
            ("views_search", include_str!("contract/views_search.rs")),
            ("views_words", include_str!("contract/views_words.rs")),
        ];
        for (part, text) in parts {
            let list = include_str!("contract.rs").split(&format!(" {part} {{\n")).nth(1).unwrap();
            let listed: Vec<&str> = list
                .split('}')
                .next()
                .unwrap()
                .lines()
                .map(|line| line.trim().trim_end_matches(','))
                .collect();
            for line in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let case = line.split('(').next().unwrap();
                assert!(listed.contains(&case), "{part}::{case} is in no list");
            }
        }
    }
}
