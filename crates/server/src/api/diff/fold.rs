//! One record between two moments: folded once, from the snapshot before the first where there is one, what it was kept
//! on the way.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use anamnesis_chart::{Difference, Elements, EventRef, differences, evolve};
use anamnesis_fhir::compartment;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Event, StreamName, Version};
use anamnesis_store::ReadError;
use uuid::Uuid;

use super::bounds::Bounds;
use crate::api::problem::{Kind, Problem};
use crate::app::App;

/// A record between two moments.
pub(super) struct Folded {
    name: StreamName,
    before: Option<Elements>,
    after: Option<Elements>,
    /// By top-level element: the event that set it last.
    set_by: HashMap<String, Arc<Event>>,
    /// The event that made the record, or ended it, last.
    turned_by: Option<Arc<Event>>,
}

/// On the way through a stream.
struct Way {
    folded: Folded,
    /// The last version that lies at or before the first moment, and the second.
    reached: (Version, Version),
    last: Option<(Version, Uuid)>,
    /// A version that was named and is none: it lies inside a commit.
    inside: Option<Version>,
    late: bool,
}

/// What a record was and is; none where there is no such record.
///
/// # Errors
///
/// When a version is none of the record's, the moments stand the wrong way round, or it takes too long.
pub(super) async fn folded(app: &App, name: &StreamName, bounds: &Bounds) -> Result<Option<Folded>, Problem> {
    let start = app.engine.nearest_snapshot(name, bounds.from.start()).await?;
    let start = start.filter(|state| bounds.from.follows(state) && bounds.to.follows(state));
    let (version, elements) = start.map_or((0, None), |state| (state.version, state.elements));
    let (set_by, turned_by) = (HashMap::new(), None);
    let folded = Folded { name: name.clone(), before: elements.clone(), after: elements, set_by, turned_by };
    let mut way = Way { folded, reached: (version, version), last: None, inside: None, late: false };
    let named = [bounds.from.version(), bounds.to.version()];
    let seen =
        app.engine.visit_stream(name, version + 1, |event, data| way.pass(bounds, event, &data)).await?;
    if way.late {
        return Err(ReadError::TooLong.into());
    }
    if seen == 0 {
        return Ok(None);
    }
    if way.inside.is_some() || named.into_iter().flatten().any(|version| version > seen) {
        return Err(Problem::new(Kind::NotFound, "the record has no such version"));
    }
    if way.reached.0 > way.reached.1 {
        return Err(Bounds::backward());
    }
    Ok(Some(way.folded))
}

impl Way {
    /// Takes in one more event.
    fn pass(&mut self, bounds: &Bounds, event: Event, data: &Object) -> ControlFlow<()> {
        let named = [bounds.from.version(), bounds.to.version()];
        if let Some((version, commit_id)) = self.last
            && named.contains(&Some(version))
            && commit_id == event.commit_id
        {
            self.inside = Some(version);
        }
        self.last = Some((event.version, event.commit_id));
        self.late = Stopwatch::now() > bounds.deadline;
        let is_before = bounds.from.has(&event);
        if is_before {
            self.reached.0 = event.version;
        }
        if bounds.to.has(&event) {
            self.reached.1 = event.version;
            self.folded.take_in(event, data, is_before);
        } else if named.into_iter().flatten().all(|version| event.version > version) {
            return ControlFlow::Break(());
        }
        if self.late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Folded {
    fn take_in(&mut self, event: Event, data: &Object, is_before: bool) {
        let was = self.after.clone();
        let seen = EventRef { kind: &event.kind, whole: event.whole, data };
        self.after = evolve(self.after.take(), &seen);
        if is_before {
            self.before = self.after.clone();
            return;
        }
        let event = Arc::new(event);
        if was.is_some() != self.after.is_some() {
            self.turned_by = Some(Arc::clone(&event));
        }
        let (was, is) = (was.unwrap_or_default(), self.after.clone().unwrap_or_default());
        for Difference { key, .. } in differences(self.name.kind, Some(&was), Some(&is)) {
            self.set_by.extend(key.map(|key| (key, Arc::clone(&event))));
        }
    }

    /// Whether the record was or is about one of these patients.
    pub(super) fn is_about(&self, patients: &[StreamName]) -> bool {
        let about = |elements: &Elements| {
            let whose = compartment::patients(&self.name, elements);
            patients.iter().any(|patient| whose.contains(&patient.id))
        };
        self.before.as_ref().is_some_and(about) || self.after.as_ref().is_some_and(about)
    }

    /// Every element that differs, with the event that set it.
    pub(super) fn changes(self) -> Vec<Object> {
        let found = differences(self.name.kind, self.before.as_ref(), self.after.as_ref());
        found.into_iter().map(|difference| self.change(difference)).collect()
    }

    fn change(&self, difference: Difference) -> Object {
        let Difference { path, key, before, after } = difference;
        let (by, before, after) = match &key {
            Some(key) => (self.set_by.get(key), before, after),
            None => (self.turned_by.as_ref(), self.resource(before), self.resource(after)),
        };
        let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
        Object::new()
            .with("stream", self.name.to_string())
            .with("path", path)
            .with("before", before)
            .with("after", after)
            .with("event_id", text(by.map(|event| event.event_id.to_string())))
            .with("type", text(by.map(|event| event.kind.to_string())))
            .with("recorded_at", text(by.map(|event| event.recorded_at.to_string())))
            .with("actor", by.map_or(Value::Null, |event| actor(event)))
            .with("reason", text(by.and_then(|event| event.reason.as_ref()).map(ToString::to_string)))
    }

    /// The elements of the whole record as a resource.
    fn resource(&self, elements: Value) -> Value {
        let Value::Object(mut elements) = elements else { return elements };
        elements.set_first("id", self.name.id.as_str());
        elements.set_first("resourceType", self.name.kind.name());
        elements.into()
    }
}

/// Who did it, as the envelope says it; null where nobody said.
fn actor(event: &Event) -> Value {
    let actor = &event.actor;
    let members = [
        ("user", &actor.user),
        ("client", &actor.client),
        ("on_behalf_of", &actor.on_behalf_of),
        ("purpose", &actor.purpose),
    ];
    let told =
        members.into_iter().filter_map(|(key, value)| Some((key, Value::from(value.as_ref()?.as_str()))));
    let told: Object = told.collect();
    if told.is_empty() { Value::Null } else { told.into() }
}
