//! The statements, one file each, the same text for every engine.
//!
//! Invariant: parameters first appear in the order of their numbers, since SQLite takes `$2` for a name and
//! numbers it by where it first appears.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("../sql/", $file, ".sql"));)*

        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$(($file, $name),)*];
    };
}

statements! {
    LOG_APPEND_EVENT = "log_append_event";
    LOG_STREAM_HEAD = "log_stream_head";
    LOG_COUNT_STREAM = "log_count_stream";
    LOG_HEAD_AT = "log_head_at";
    LOG_READ_STREAMS = "log_read_streams";
    LOG_ADD_TO_STREAM = "log_add_to_stream";
    LOG_BROUGHT_READ = "log_brought_read";
    LOG_BROUGHT_WRITE = "log_brought_write";
    LOG_FIND_EVENT_ID = "log_find_event_id";
    LOG_FIND_CLAIM = "log_find_claim";
    LOG_TOUCH_CLAIM = "log_touch_claim";
    LOG_FIND_KEY = "log_find_key";
    LOG_KEEP_KEY = "log_keep_key";
    LOG_FORGET_KEYS = "log_forget_keys";
    LOG_READ_HEAD = "log_read_head";
    LOG_MOVE_HEAD = "log_move_head";
    LOG_READ = "log_read";
    LOG_READ_AT = "log_read_at";
    LOG_MOMENT_AT = "log_moment_at";
    LOG_READ_STREAM_FORWARD = "log_read_stream_forward";
    LOG_READ_STREAM_BACKWARD = "log_read_stream_backward";
    KEY_FIND_TAG = "key_find_tag";
    KEY_FIND_NUMBER = "key_find_number";
    KEY_ADD = "key_add";
    KEY_DESTROY = "key_destroy";
    SECRET_READ = "secret_read";
    SECRET_ADD = "secret_add";
    SNAPSHOT_ADD = "snapshot_add";
    SNAPSHOT_REMOVE = "snapshot_remove";
    SNAPSHOT_NEWEST = "snapshot_newest";
    SNAPSHOT_LIST = "snapshot_list";
    SNAPSHOT_REMOVE_SUBJECT = "snapshot_remove_subject";
    SNAPSHOT_REMOVE_OTHER_SHAPES = "snapshot_remove_other_shapes";
    SNAPSHOT_COUNT = "snapshot_count";
    SNAPSHOT_OLDEST = "snapshot_oldest";
    SNAPSHOT_LATEST = "snapshot_latest";
    SNAPSHOT_SWEEP_READ = "snapshot_sweep_read";
    SNAPSHOT_SWEEP_WRITE = "snapshot_sweep_write";
    RECORD_FIND = "record_find";
    RECORD_GET = "record_get";
    RECORD_GET_THEN = "record_get_then";
    RECORD_THEN_AS_OF = "record_then_as_of";
    RECORD_HISTORY_THEN = "record_history_then";
    RECORD_HISTORY_COUNT = "record_history_count";
    RECORD_CLOSE = "record_close";
    RECORD_REPLACE = "record_replace";
    RECORD_ADD_NOW = "record_add_now";
    RECORD_ADD_THEN = "record_add_then";
    HISTORY_ADD = "history_add";
    HISTORY_READ = "history_read";
    HISTORY_NEXT_KIND = "history_next_kind";
    PLACE_OPEN = "place_open";
    PLACE_BEGAN = "place_began";
    PLACE_CLOSE = "place_close";
    PLACE_PAST = "place_past";
    PLACE_COUNT_ADD = "place_count_add";
    PLACE_COUNT_ALL = "place_count_all";
    PLACE_COUNT_READ = "place_count_read";
    TOKEN_OPEN = "token_open";
    TOKEN_BEGAN = "token_began";
    TOKEN_CLOSE = "token_close";
    TOKEN_PAST = "token_past";
    TEXT_OPEN = "text_open";
    TEXT_BEGAN = "text_began";
    TEXT_CLOSE = "text_close";
    TEXT_PAST = "text_past";
    TEXT_PAST_OF = "text_past_of";
    TEXT_LATE_ADD = "text_late_add";
    TEXT_LATE_KEY = "text_late_key";
    TEXT_LATE_MERGE = "text_late_merge";
    TEXT_LATE_REMOVE = "text_late_remove";
    TEXT_RUN_READ = "text_run_read";
    TEXT_RUN_GROW = "text_run_grow";
    TEXT_RUN_MERGE = "text_run_merge";
    TEXT_RUN_REMOVE = "text_run_remove";
    DATE_OPEN = "date_open";
    DATE_BEGAN = "date_began";
    DATE_CLOSE = "date_close";
    DATE_PAST = "date_past";
    QUANTITY_OPEN = "quantity_open";
    QUANTITY_BEGAN = "quantity_began";
    QUANTITY_CLOSE = "quantity_close";
    QUANTITY_PAST = "quantity_past";
    REFERENCE_OPEN = "reference_open";
    REFERENCE_BEGAN = "reference_began";
    REFERENCE_CLOSE = "reference_close";
    REFERENCE_PAST = "reference_past";
    WORDS_ADD = "words_add";
    WORDS_LAST = "words_last";
    WORDS_OPEN = "words_open";
    WORDS_BEGAN = "words_began";
    WORDS_CLOSE = "words_close";
    WORDS_PAST = "words_past";
    WORDS_CLEAR = "words_clear";
    INTERNED_FIND = "interned_find";
    INTERNED_ADD = "interned_add";
    UNIT_ADD = "unit_add";
    UNIT_READ = "unit_read";
    PARKED_ADD = "parked_add";
    PARKED_RELEASE = "parked_release";
    PARKED_READ = "parked_read";
    PARKED_HELD = "parked_held";
    VIEW_META_READ = "view_meta_read";
    VIEW_META_WRITE = "view_meta_write";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn parameters_first_appear_in_order() {
        for (file, text) in ALL {
            let mut highest = 0;
            for after in text.split('$').skip(1) {
                let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
                let number: u32 = digits.parse().unwrap();
                assert!(number <= highest + 1, "{file}: ${number} comes before ${}", highest + 1);
                highest = highest.max(number);
            }
        }
    }
}
