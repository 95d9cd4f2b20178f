//! Batches, each entry for itself: <https://hl7.org/fhir/R4/http.html#brules>.

use anamnesis_fhir::bundle::{Answered, EntryIn, Head, Incoming, Kind, Method, Target, interdependencies};
use anamnesis_json::Value;
use axum::body::Bytes;
use futures::FutureExt;
use futures::stream::{self, StreamExt};

use super::allowance::Allowance;
use super::conditional::CRITERIA;
use super::get::EntryRead;
use super::line::{line_of, line_of_read};
use super::negotiate::Return;
use super::outcome::{Outcome, within};
use super::reply::Reply;
use super::search::bundle_id;
use super::transaction::{Done, Refused, unsupported};
use super::write::{Write, expected};
use super::{
    create, delete, delete_conditional, patch, patch_conditional, request, update, update_conditional,
};
use crate::app::{App, WriteContext};

/// How many entries are carried out at a time.
const AT_ONCE: usize = 16;

/// Carries out each entry, whatever becomes of the others.
pub(super) async fn batch(
    app: &App,
    mut incoming: Incoming,
    context: &WriteContext,
    returned: Option<Return>,
    allowance: &Allowance,
) -> Done {
    let known = app.engine.reached();
    for (at, issue) in interdependencies(&incoming.entries) {
        if let Some(entry) = incoming.entries.get_mut(at) {
            entry.problems.push(issue);
        }
    }
    let one = |entry| one(app, entry, context, returned, allowance).boxed();
    let mut each = stream::iter(incoming.entries).map(one).buffered(AT_ONCE);

    let id = bundle_id();
    let mut answered = Answered::begin(Kind::Batch, &Head { id: Some(&id), ..Head::default() });
    let mut refused = Vec::new();
    let mut taken = 0;
    let mut cursor = known;
    while let Some((index, came)) = each.next().await {
        let came = came.admitted(allowance, returned);
        match came.answer() {
            Ok(reply) => {
                taken += u32::from(matches!(came, Came::Wrote(_)));
                if reply.cursor.offsets > cursor.offsets {
                    cursor = reply.cursor.clone();
                }
            }
            Err(outcome) => refused.extend(Refused::of(index, outcome)),
        }
        let line = match &came {
            Came::Read(read) => line_of_read(app, read),
            Came::Wrote(answer) => line_of(app, answer, returned),
        };
        answered.entry(&line.response());
    }
    Done { body: answered.end(), cursor, taken, repeated: false, seen: true, refused }
}

/// What an entry came to.
enum Came {
    /// It read.
    Read(EntryRead),
    /// It wrote, or was refused before it was known what it is.
    Wrote(Result<Reply, Outcome>),
}

impl Came {
    fn answer(&self) -> &Result<Reply, Outcome> {
        match self {
            Self::Read(EntryRead { answer, .. }) | Self::Wrote(answer) => answer,
        }
    }

    /// As the answer has room for it: what was written is told without the resource where there is none.
    fn admitted(self, allowance: &Allowance, returned: Option<Return>) -> Self {
        match self {
            Self::Read(read) => Self::Read(allowance.admit(read)),
            Self::Wrote(Ok(reply))
                if returned == Some(Return::Representation) && !allowance.takes(reply.body.len()) =>
            {
                Self::Wrote(Ok(Reply { body: Bytes::new(), ..reply }))
            }
            wrote => wrote,
        }
    }
}

async fn one(
    app: &App,
    entry: EntryIn,
    context: &WriteContext,
    returned: Option<Return>,
    allowance: &Allowance,
) -> (usize, Came) {
    let index = entry.index;
    let placed = |outcome| placed(outcome, index);
    if let Some(wrong) = wrong_with(&entry) {
        return (index, Came::Wrote(Err(placed(wrong))));
    }
    if !entry.writes() {
        let EntryRead { answer, said } = allowance.read(app, &entry).await;
        return (index, Came::Read(EntryRead { answer: answer.map_err(placed), said }));
    }
    let answer = match allowance.begin() {
        Ok(()) => carried_out(app, entry, context, returned).await,
        Err(late) => Err(late),
    };
    (index, Came::Wrote(answer.map_err(placed)))
}

/// Why an entry is refused before anything is done.
fn wrong_with(entry: &EntryIn) -> Option<Outcome> {
    if !entry.problems.is_empty() {
        return Some(Outcome::Invalid(entry.problems.clone()));
    }
    unsupported(entry).map(|issue| Outcome::Invalid(vec![issue]))
}

async fn carried_out(
    app: &App,
    entry: EntryIn,
    context: &WriteContext,
    returned: Option<Return>,
) -> Result<Reply, Outcome> {
    let EntryIn { index, method, target, if_match, if_none_exist, if_none_match, resource, .. } = entry;
    let own = WriteContext { idempotency_key: own_key(context, index), ..context.clone() };
    let if_match = match if_match.as_deref() {
        None => None,
        Some(tag) => Some(
            request::version_of_tag(tag)
                .ok_or_else(|| Outcome::bad("request.ifMatch: must be a version such as W/\"3\""))?,
        ),
    };
    let text = match &resource {
        Some(resource) => resource.to_text(),
        None => Vec::new(),
    };
    let write = Write { context: &own, text: &text, returned: returned.unwrap_or(Return::Minimal) };
    let resource = resource.unwrap_or(Value::Null);
    let unknown = || Outcome::bad("request.ifNoneMatch: must be *, and stand without ifMatch");
    match (method, target) {
        (Method::Post, Target::Type(kind)) => {
            create::create(app, kind, resource, if_none_exist.as_deref(), &write).await
        }
        (Method::Put, Target::Record(stream)) => {
            let expected = expected(if_match, if_none_match.as_deref()).ok_or_else(unknown)?;
            update::update(app, stream, resource, expected, &write).await
        }
        (Method::Put, Target::Query { kind, query }) => {
            let expected = expected(if_match, if_none_match.as_deref()).ok_or_else(unknown)?;
            update_conditional::update(app, kind, resource, &query, expected, &write).await
        }
        (Method::Patch, Target::Record(stream)) => {
            patch::patch(app, &stream, &patch::of_resource(app, resource)?, if_match, &write).await
        }
        (Method::Patch, Target::Query { kind, query }) => {
            let asked = patch::of_resource(app, resource)?;
            patch_conditional::patched(app, kind, &asked, &query, if_match, &write).await
        }
        (Method::Delete, Target::Record(stream)) => delete::delete(app, stream, if_match, &write).await,
        (Method::Delete, Target::Query { kind, query }) => {
            delete_conditional::delete(app, kind, &query, if_match, &write).await
        }
        _ => Err(Outcome::NoInteraction),
    }
}

/// One key an entry, derived from the bundle's, so that what was taken stays taken when the bundle comes again.
fn own_key(context: &WriteContext, index: usize) -> Option<Vec<u8>> {
    let key = context.idempotency_key.as_deref()?;
    Some([key, b"\0entry\0", index.to_string().as_bytes()].concat())
}

/// Says where in the bundle things are wrong, where that is said of the resource alone.
fn placed(outcome: Outcome, index: usize) -> Outcome {
    let place = format!("Bundle.entry[{index}].resource");
    let put = |mut issues: Vec<anamnesis_fhir::outcome::Issue>| {
        for issue in &mut issues {
            issue.expression = Some(match &issue.expression {
                Some(path) if path.starts_with("Bundle.entry[") => path.clone(),
                Some(path) if path == "If-None-Exist" => format!("Bundle.entry[{index}].request.ifNoneExist"),
                Some(path) if path == CRITERIA => format!("Bundle.entry[{index}].request.url"),
                Some(path) => within(&place, path),
                None => format!("Bundle.entry[{index}]"),
            });
        }
        issues
    };
    match outcome {
        Outcome::Invalid(issues) => Outcome::Invalid(put(issues)),
        Outcome::Precondition(issues) => Outcome::Precondition(put(issues)),
        Outcome::Refused(issues) => Outcome::Refused(put(issues)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_fhir::outcome::{Issue, IssueCode};

    #[test]
    fn places() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (Some("Patient.name"),                "Bundle.entry[3].resource.name"),
            (Some("Bundle.entry[3].request.url"), "Bundle.entry[3].request.url"),
            (Some("If-None-Exist"),               "Bundle.entry[3].request.ifNoneExist"),
            (Some(CRITERIA),                      "Bundle.entry[3].request.url"),
            (None,                                "Bundle.entry[3]"),
        ];
        for (before, after) in cases {
            let issue =
                Issue { expression: before.map(str::to_owned), ..Issue::error(IssueCode::Value, "no") };
            let placed = placed(Outcome::Invalid(vec![issue]), 3).issues().pop().unwrap();
            assert_eq!(placed.expression.as_deref(), Some(after));
        }
    }
}
