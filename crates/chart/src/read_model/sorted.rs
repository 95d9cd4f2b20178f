//! The order of lists: newest first, what has no date last, equal dates by record.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::Instant;

use super::Entry;

/// The items made of `entries`, in order of the first of `dates` that an entry has.
pub(super) fn newest_first<'a>(
    entries: impl Iterator<Item = &'a Entry<'a>>,
    dates: &[&str],
    item: impl Fn(&Entry<'_>) -> Object,
) -> Value {
    let mut entries: Vec<_> = entries.map(|entry| (date_of(entry, dates).map(moment), entry)).collect();
    entries.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.stream.cmp(y.stream)));
    Value::Array(entries.into_iter().map(|(_, entry)| item(entry).into()).collect())
}

/// The text of the first date there is: `key`, `stem[x]`, or the start of a period among them.
pub(super) fn date_of<'a>(entry: &Entry<'a>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| {
        let value = match key.strip_suffix("[x]") {
            Some(stem) => entry.choice_of(stem),
            None => entry.elements.get(key),
        }?;
        value.as_str().or_else(|| value.get("start")?.as_str()).or_else(|| value.get("end")?.as_str())
    })
}

/// The moment a FHIR date begins, in UTC where it names no zone; the earliest there is when it is no date.
pub(super) fn moment(text: &str) -> Instant {
    let padded = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    padded.parse().unwrap_or(Instant::from_micros(i64::MIN))
}
