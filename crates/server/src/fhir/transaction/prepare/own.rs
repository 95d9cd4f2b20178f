//! The records a transaction makes, as searches would find them once it has been carried out.

use std::collections::{HashMap, HashSet};

use anamnesis_fhir::bundle::{EntryIn, Method, Target};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;
use anamnesis_kernel::search::{Entry, Key, Param, Test};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};
use compact_str::CompactString;
use uuid::Uuid;

use crate::app::App;
use crate::fhir::conditional::Criteria;

/// What a chain leads to is written with the transaction, and so are its moment and its words.
const UNKNOWN: &str = "criteria with chains, _has, _lastUpdated or words cannot be told of records that the same \
                       transaction writes";

/// Records of the types that are searched for.
#[derive(Default)]
pub(super) struct Own {
    records: Vec<OwnRecord>,
    /// By parameter and code: who has it, so that many criteria need not look at many records each.
    by_code: HashMap<(Param, CompactString), Vec<usize>>,
}

struct OwnRecord {
    /// The entry's place among the entries.
    at: usize,
    /// Its name, with an id of no meaning where that is not given yet.
    name: StreamName,
    entries: Vec<Entry>,
}

impl Own {
    /// What the entries make of records of these types; `made` says whether an entry makes its own.
    pub(super) fn of(
        app: &App,
        entries: &[EntryIn],
        kinds: &HashSet<ResourceType>,
        made: impl Fn(usize) -> bool,
    ) -> Self {
        let mut own = Self::default();
        if kinds.is_empty() {
            return own;
        }
        let index = app.index();
        for (at, entry) in entries.iter().enumerate() {
            let name = match (entry.method, &entry.target) {
                (Method::Put, Target::Record(stream)) => stream.clone(),
                (Method::Post, Target::Type(kind)) | (Method::Put, Target::Query { kind, .. }) => {
                    StreamName::new(*kind, ResourceId::from_uuid(Uuid::nil()))
                }
                _ => continue,
            };
            if let Some(elements) = entry.resource.as_ref().and_then(Value::as_object)
                && kinds.contains(&name.kind)
                && made(at)
            {
                let entries = index.entries(&name, elements);
                own.add(OwnRecord { at, name, entries });
            }
        }
        own
    }

    fn add(&mut self, record: OwnRecord) {
        for entry in &record.entries {
            if let Key::Token { code, .. } = &entry.key {
                self.by_code.entry((entry.param, code.clone())).or_default().push(self.records.len());
            }
        }
        self.records.push(record);
    }

    /// The entries whose records meet the criteria, in order.
    ///
    /// # Errors
    ///
    /// When that cannot be known before the records are written: to say no would be a guess.
    pub(super) fn meeting(&self, criteria: &Criteria) -> Result<Vec<usize>, Issue> {
        let code = criteria.query().all.iter().find_map(|criterion| match criterion.sole_test() {
            Some(Test::Token { param, code: Some(code), .. }) => Some((*param, code.clone())),
            _ => None,
        });
        let some = code.map(|code| self.by_code.get(&code).map_or(&[][..], Vec::as_slice));
        let all = if some.is_none() { 0..self.records.len() } else { 0..0 };
        let mut last = None;
        let mut meeting = Vec::new();
        for n in some.unwrap_or_default().iter().copied().chain(all) {
            // One record may have the code twice, from two systems.
            let again = last.replace(n) == Some(n);
            let Some(record) = self.records.get(n).filter(|_| !again) else { continue };
            match anamnesis_fhir::meets(criteria.query(), &record.name, &record.entries) {
                Some(true) => meeting.push(record.at),
                Some(false) => {}
                None => return Err(Issue::error(IssueCode::NotSupported, UNKNOWN)),
            }
        }
        Ok(meeting)
    }
}
