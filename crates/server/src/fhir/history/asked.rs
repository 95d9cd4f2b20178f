//! The parameters of a history: `_count`, `_since`, `_at`, `_list`, `_asOf`, and the page.

use anamnesis_fhir::date;
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::Instant;
use anamnesis_store::RecordVersion;

use crate::app::App;
use crate::as_of::{AS_OF, AsOf};
use crate::fhir::history::listed::Listed;
use crate::fhir::outcome::Outcome;
use crate::fhir::page::{self, End};
use crate::fhir::query;

const COUNT_DEFAULT: u32 = 100;
const BEGINNING: Instant = Instant::from_micros(i64::MIN);

/// What is asked for.
pub(super) struct Asked {
    /// So many versions at most.
    pub(super) count: u32,
    /// That began then or later.
    pub(super) since: Instant,
    /// That were current at some point from then until then, both included.
    pub(super) at: Option<(Instant, Instant)>,
    /// That the List of this id has as its items.
    pub(super) list: Option<String>,
    /// What that List has, once it was read.
    pub(super) listed: Option<Listed>,
    /// As of when; none asks about now.
    pub(super) as_of: Option<Instant>,
    /// Where the page before ended.
    pub(super) after: Option<End>,
    /// What was understood, for links.
    pub(super) pairs: Vec<(&'static str, String)>,
    /// What a link to another page is bound to.
    pub(super) question: String,
}

impl Asked {
    /// Reads the parameters of the history at `path`.
    pub(super) fn read(
        app: &App,
        path: &str,
        pairs: &[(String, String)],
        as_of: &AsOf,
        strict: bool,
    ) -> Result<Self, Outcome> {
        let mut asked = Self {
            count: COUNT_DEFAULT.min(app.limits.count_max),
            since: BEGINNING,
            at: None,
            list: None,
            listed: None,
            as_of: as_of.at(),
            after: None,
            pairs: as_of.pair().into_iter().collect(),
            question: String::new(),
        };
        let mut token = None;
        for (key, value) in pairs {
            let key = match key.as_str() {
                "_count" => {
                    asked.count = count(value)?.min(app.limits.count_max);
                    "_count"
                }
                "_since" => {
                    asked.since = instant("_since", value)?.0;
                    "_since"
                }
                "_at" => {
                    let (first, last) = instant("_at", value)?;
                    // What will be current then may change until then, so there is no answer that stays true.
                    if first > asked.as_of.unwrap_or_else(|| app.engine.now()) {
                        return Err(Outcome::bad("_at: lies in the future"));
                    }
                    asked.at = Some((first, last));
                    "_at"
                }
                "_page" => {
                    token = Some(value);
                    continue;
                }
                AS_OF | "_format" | "_pretty" => continue,
                // What such a list means changes with the clock and the patient, whom a history does not name.
                "_list" if value.starts_with('$') => {
                    return Err(not_supported("_list: a list known by what it means"));
                }
                "_list" => {
                    asked.list = Some(value.clone());
                    "_list"
                }
                _ if strict => return Err(not_supported("a parameter")),
                _ => continue,
            };
            if asked.pairs.iter().any(|(known, _)| *known == key) {
                return Err(Outcome::bad(format!("{key}: must stand once")));
            }
            asked.pairs.push((key, value.clone()));
        }
        let narrowing: Vec<_> = asked.pairs.iter().filter(|(key, _)| *key != "_count").cloned().collect();
        asked.question = match narrowing.as_slice() {
            [] => path.to_owned(),
            some => format!("{path}?{}", query::text(some)),
        };
        if let Some(token) = token {
            let end = page::read(&app.engine.keyring().store, &asked.question, token);
            match end.filter(|end| matches!(end, End::Version(_) | End::Change(_))) {
                Some(end) => asked.after = Some(end),
                None => return Err(Outcome::bad("_page: not a page of this history")),
            }
        }
        Ok(asked)
    }

    /// Whether nothing narrows it.
    pub(super) fn whole(&self) -> bool {
        self.at.is_none() && self.list.is_none() && self.since == BEGINNING
    }

    /// Whether only some of the versions that did not begin too early are asked for.
    pub(super) fn is_narrow(&self) -> bool {
        self.at.is_some() || self.list.is_some()
    }

    /// The latest that a version may have begun.
    pub(super) fn until(&self) -> Option<Instant> {
        let last = self.at.map(|(_, last)| last);
        last.into_iter().chain(self.as_of).min()
    }

    /// Whether a version that did not begin too early is among what is asked for.
    pub(super) fn takes(&self, version: &RecordVersion) -> bool {
        let current =
            |(first, last)| version.began <= last && version.ended.is_none_or(|ended| ended > first);
        self.at.is_none_or(current) && self.listed.as_ref().is_none_or(|listed| listed.has(version))
    }
}

/// A `_count`; more digits than fit ask for more than any page holds.
///
/// # Errors
///
/// When it is no whole number.
pub(in crate::fhir) fn count(value: &str) -> Result<u32, Outcome> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Outcome::bad("_count: not a whole number from 0"));
    }
    Ok(value.parse().unwrap_or(u32::MAX))
}

/// The first and the last microsecond of an instant, or of a partial date.
///
/// # Errors
///
/// When it is neither.
pub(in crate::fhir) fn instant(key: &str, value: &str) -> Result<(Instant, Instant), Outcome> {
    let (first, last) = date::bounds(value)
        .ok_or_else(|| Outcome::bad(format!("{key}: not a date or instant, such as 2026-03-01T12:00:00Z")))?;
    Ok((Instant::from_micros(first), Instant::from_micros(last)))
}

/// A parameter that would narrow the answer, and is refused because leaving it out would answer something else.
fn not_supported(key: &str) -> Outcome {
    Outcome::Invalid(vec![Issue::error(IssueCode::NotSupported, format!("{key}: not supported here"))])
}
