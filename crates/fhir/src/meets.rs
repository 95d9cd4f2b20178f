//! Whether a record that no store has yet would be found: a query against what the record is found by.
//!
//! Invariant: the same answer as a store gives once it has the record.

use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::{Entry, Filter, Find, Key, Query, Test};

/// Whether the record of this name, found by these entries, meets all criteria of the query.
pub fn meets(query: &Query, name: &StreamName, entries: &[Entry]) -> bool {
    query.kind.is_none_or(|kind| kind == name.kind)
        && !query.all.is_empty()
        && query.all.iter().all(|filter| met(filter, name, entries))
}

fn met(filter: &Filter, name: &StreamName, entries: &[Entry]) -> bool {
    match filter {
        Filter::All(all) => all.iter().all(|filter| met(filter, name, entries)),
        Filter::Any(any) => any.iter().any(|filter| met(filter, name, entries)),
        Filter::Not(not) => !met(not, name, entries),
        Filter::Test(test) => holds(test, name, entries),
    }
}

fn holds(test: &Test, name: &StreamName, entries: &[Entry]) -> bool {
    let any = |param, key: &dyn Fn(&Key) -> bool| {
        entries.iter().any(|entry| entry.param == param && key(&entry.key))
    };
    match test {
        Test::Id(id) => name.id == *id,
        Test::Kind(param) => any(*param, &|_| true),
        Test::Token { param, system, code } => any(*param, &|key| {
            let Key::Token { code: own, system: of } = key else { return false };
            code.as_ref().is_none_or(|code| code == own) && system.as_ref().is_none_or(|system| system == of)
        }),
        Test::Text { param, text, find } => any(*param, &|key| {
            let Key::Text { text: own, exact } = key else { return false };
            match find {
                Find::Begins => own.starts_with(text.as_str()),
                Find::Contains => own.contains(text.as_str()),
                Find::Whole => own == text,
                Find::Exact => text == if exact.is_empty() { own } else { exact },
            }
        }),
        Test::Date { param, low, high } => any(*param, &|key| {
            let Key::Date { low: first, high: last } = key else { return false };
            (low.0..=low.1).contains(first) && (high.0..=high.1).contains(last)
        }),
        Test::Reference { param, kind, id } => any(*param, &|key| {
            let Key::Reference { kind: of, id: own } = key else { return false };
            kind.is_none_or(|kind| kind == *of) && id == own
        }),
        _ => todo!(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::index;
    use crate::search::{Limits, parse};

    #[test]
    fn queries_against_one_record() {
        let patient = r#"{"name":[{"family":"Mu\u00f1oz"}],"birthDate":"1970-01-02","identifier":[{"system":"s","value":"1"}]}"#;
        let result = r#"{"subject":{"reference":"Patient/p1"}}"#;
        let limits = Limits { base: None, count_default: 2, count_max: 2, values_max: 9, strict: true };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("identifier", "s|1",            true),
            ("identifier", "1",              true),
            ("identifier", "s|",             true),
            ("identifier", "|1",             false),
            ("identifier", "t|1,s|1",        true),
            ("identifier", "s|2",            false),
            ("name",       "mun",            true),
            ("name",       "unoz",           false),
            ("birthdate",  "1970",           true),
            ("birthdate",  "gt1970-01-02",   false),
            ("subject",    "Patient/p1",     true),
            ("subject",    "p1",             true),
            ("subject",    "Group/p1",       false),
            ("_id",        "p1",             true),
            ("_id",        "p2",             false),
        ];
        for (key, value, expected) in cases {
            let (name, json) =
                if key == "subject" { ("Observation/o1", result) } else { ("Patient/p1", patient) };
            let name: StreamName = name.parse().unwrap();
            let elements = anamnesis_json::parse(json.as_bytes()).unwrap();
            let entries = index(&name, elements.as_object().unwrap(), &Default::default()).entries;
            let pairs = [(key.to_owned(), value.to_owned())];
            let query = parse(name.kind, &pairs, &limits).unwrap().query;
            assert_eq!(meets(&query, &name, &entries), expected, "{key}={value}");
            let both = [pairs[0].clone(), ("_id".into(), "another".into())];
            assert!(!meets(&parse(name.kind, &both, &limits).unwrap().query, &name, &entries));
            let other: StreamName = "Person/p1".parse().unwrap();
            assert!(!meets(&query, &other, &entries));
        }
    }
}
