//! The query of a read: what is asked for, and every parameter that is not understood refused by name.

use std::str::FromStr;

use anamnesis_chart::find;
use anamnesis_engine::Filter;
use anamnesis_kernel::{Cursor, ResourceId, ResourceType, StreamName, Version};

use super::problem::{Kind, Problem};
use crate::app::App;
use crate::as_of::{AsOf, as_of, as_of_log};

/// How many events a page has unless asked.
const COUNT: u32 = 100;
/// The parameters of a request.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Takes the raw query apart; only `known` parameters may stand there.
    ///
    /// # Errors
    ///
    /// A problem that says which parameters there are.
    pub(super) fn read(raw: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let uri = format!("/?{}", raw.unwrap_or_default());
        let not_a_query = || bad("the query is not percent-encoded UTF-8");
        let uri = axum::http::Uri::from_str(&uri).map_err(|_| not_a_query())?;
        let pairs =
            axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| not_a_query())?.0;
        for (name, _) in &pairs {
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(bad(format!("a parameter that is not known here; there are: {known}")));
            }
        }
        Ok(Self { pairs })
    }

    /// The moment it is about.
    pub(super) async fn as_of(&self, app: &App) -> Result<AsOf, Problem> {
        Ok(as_of(app, &self.pairs).await?)
    }

    /// The same of what is read from the log.
    pub(super) async fn as_of_log(&self, app: &App) -> Result<AsOf, Problem> {
        Ok(as_of_log(app, &self.pairs).await?)
    }

    /// The one value of a parameter.
    fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() { Err(bad(format!("{name} stands twice"))) } else { Ok(value) }
    }

    /// All values of a parameter, repeated or with commas.
    fn many(&self, name: &str, values_max: usize) -> Result<Vec<&str>, Problem> {
        let values = self.pairs.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
        let values: Vec<&str> = values.map(str::trim).collect();
        if values.len() > values_max {
            return Err(bad(format!("{name} has more than {values_max} values")));
        }
        Ok(values)
    }

    /// `_count`, never more than the limit.
    pub(super) fn count(&self, count_max: u32) -> Result<u32, Problem> {
        let Some(text) = self.one("_count")? else { return Ok(COUNT.min(count_max)) };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(0) => Err(bad("_count begins with 1")),
            Ok(count) => Ok(count.min(count_max)),
            // More digits than fit are more than the limit too.
            Err(_) if digits => Ok(count_max),
            Err(_) => Err(bad("_count is not a whole number")),
        }
    }

    /// `from` as a version; the first unless said.
    pub(super) fn version(&self) -> Result<Version, Problem> {
        match self.one("from")?.map(version) {
            None => Ok(1),
            Some(Some(version)) => Ok(version),
            Some(None) => Err(bad("from is not a version: they are numbers from 1")),
        }
    }

    /// `from` as it was sent.
    pub(super) fn from(&self) -> Result<Option<&str>, Problem> {
        self.one("from")
    }

    /// `since` as it was sent.
    pub(super) fn since(&self) -> Result<Option<&str>, Problem> {
        self.one("since")
    }

    /// `to` as it was sent.
    pub(super) fn to(&self) -> Result<Option<&str>, Problem> {
        self.one("to")
    }

    /// `stream`, where it stands.
    pub(super) fn stream(&self) -> Result<Option<StreamName>, Problem> {
        let named =
            |text: &str| StreamName::from_str(text).map_err(|error| bad(format!("stream is {error}")));
        self.one("stream")?.map(named).transpose()
    }

    /// `type`, `record` and `patient`.
    pub(super) fn filter(&self, values_max: usize) -> Result<Filter, Problem> {
        let kinds = self.many("type", values_max)?;
        if kinds.iter().any(|kind| !is_event_type(kind)) {
            return Err(bad("type is not an event's"));
        }
        let records = self.many("record", values_max)?;
        for record in &records {
            if ResourceType::parse(record).is_none() {
                StreamName::from_str(record).map_err(|error| bad(format!("record is {error}")))?;
            }
        }
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let patient = self.one("patient")?.map(patient).transpose()?;
        Ok(Filter { kinds: owned(kinds), records: owned(records), patient })
    }
}

/// The store counts versions in 63 bits.
const MAX_VERSION: Version = i64::MAX as u64;

/// A version as it is written.
pub(super) fn version(text: &str) -> Option<Version> {
    text.parse().ok().filter(|version| (1..=MAX_VERSION).contains(version))
}

/// A cursor of this log, which the parameter `name` holds.
///
/// # Errors
///
/// 400 when it is none, 409 when it lies beyond the end.
pub(super) fn cursor(app: &App, name: &str, text: &str) -> Result<Cursor, Problem> {
    within(name, text, &app.engine.head())
}

fn within(name: &str, text: &str, head: &Cursor) -> Result<Cursor, Problem> {
    let cursor: Cursor = text.parse().map_err(|_| bad(format!("{name} is not a cursor")))?;
    if cursor.offsets.len() != head.offsets.len() {
        return Err(bad(format!("{name} is not a cursor of this log")));
    }
    if cursor.offsets.iter().zip(&head.offsets).any(|(asked, there)| asked > there) {
        return Err(Problem::new(Kind::CursorUnknown, format!("{name} lies beyond the end of the log")));
    }
    Ok(cursor)
}

fn patient(text: &str) -> Result<StreamName, Problem> {
    let id = text.strip_prefix("Patient/").unwrap_or(text);
    match ResourceId::new(id) {
        Ok(id) => Ok(StreamName::new(ResourceType::PATIENT, id)),
        Err(_) => Err(bad("patient is not one patient's id")),
    }
}

/// Whether the catalogue names it, or a record's fallback does.
fn is_event_type(text: &str) -> bool {
    let fallback = ["Created", "Revised", "Deleted"].iter().find_map(|ending| text.strip_suffix(ending));
    find(text).is_some() || fallback.and_then(ResourceType::parse).is_some()
}

/// A parameter that is not understood.
pub(super) fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

#[cfg(test)]
mod tests {
    use anamnesis_kernel::Instant;
    use axum::response::IntoResponse;

    use super::*;

    const KNOWN: &[&str] = &["from", "type", "record", "patient", "_count"];

    /// Types, records and the patient of a filter.
    type Taken = (&'static [&'static str], &'static [&'static str], Option<&'static str>);

    #[test]
    fn filters() {
        #[rustfmt::skip] // A table reads by column.
        let cases: &[(&str, Option<Taken>)] = &[
         // query                                                       types                                     records                          patient
            ("",                                                        Some((&[],                                &[],                             None))),
            ("type=PatientRegistered",                                  Some((&["PatientRegistered"],             &[],                             None))),
            ("type=PatientRegistered,BasicCreated&type=BasicDeleted",   Some((&["PatientRegistered", "BasicCreated", "BasicDeleted"], &[],         None))),
            ("record=Observation&record=Patient%2Fp1",                  Some((&[],                                &["Observation", "Patient/p1"],  None))),
            ("patient=p1",                                              Some((&[],                                &[],                             Some("Patient/p1")))),
            ("patient=Patient/p1",                                      Some((&[],                                &[],                             Some("Patient/p1")))),
            ("type=Nonsense",                                           None),
            ("type=",                                                   None),
            ("record=Nonsense",                                         None),
            ("record=Patient/",                                         None),
            ("patient=p1,p2",                                           None),
            ("patient=p1&patient=p2",                                   None),
            ("patient=Observation/p1",                                  None),
            ("typ=PatientRegistered",                                   None),
            ("_asOf=2026-03-01T12:00:00Z",                              None),
            ("type=%ff",                                                None),
        ];
        for (query, expected) in cases {
            let filter = Query::read(Some(query), KNOWN).and_then(|query| query.filter(1_000));
            let Some((kinds, records, patient)) = expected else {
                assert_eq!(filter.err().unwrap().into_response().status().as_u16(), 400, "{query}");
                continue;
            };
            let filter = filter.unwrap();
            assert_eq!(filter.kinds, *kinds, "{query}");
            assert_eq!(filter.records, *records, "{query}");
            assert_eq!(filter.patient.map(|name| name.to_string()).as_deref(), *patient, "{query}");
        }
    }

    #[test]
    fn counts_and_versions() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // query                               count        version
            ("",                                Some(100),   Some(1)),
            ("_count=5&from=3",                 Some(5),     Some(3)),
            ("_count=1000000&from=0",           Some(1_000), None),
            ("_count=99999999999999999999",     Some(1_000), Some(1)),
            ("_count=0&from=-1",                None,        None),
            ("_count=many&from=18446744073709551615", None,  None),
            ("_count=1&_count=2&from=1&from=2", None,        None),
        ];
        for (query, count, version) in cases {
            let query = Query::read(Some(query), KNOWN).unwrap();
            assert_eq!(query.count(1_000).ok(), count);
            assert_eq!(query.version().ok(), version);
        }
    }

    #[test]
    fn cursors() {
        let head = Cursor { moment: Instant::from_micros(9), offsets: vec![5] };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // text       status, 200 for good
            ("c1~9~5", 200),
            ("c1~0~0", 200),
            ("c1~9~6", 409),
            ("c1~9~5.5", 400),
            ("c2~9~5", 400),
            ("",       400),
        ];
        for (text, status) in cases {
            let found =
                within("from", text, &head).map_or_else(|p| p.into_response().status().as_u16(), |_| 200);
            assert_eq!(found, status, "{text}");
        }
    }
}
