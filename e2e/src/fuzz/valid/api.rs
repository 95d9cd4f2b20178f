//! The event API and the read models.

use anamnesis_json::{Object, Value};
use anamnesis_testkit::StepKind;

use super::{Maker, Shot, escaped, text};
use anamnesis_testkit::odd::{self, SECRET};

const KINDS: &[&str] = &[
    "PatientRegistered",
    "PatientAddressUpdated",
    "PatientNameChanged",
    "PatientRevised",
    "PatientDeleted",
    "PatientsMerged",
    "RecordEnteredInError",
    "RecordMovedToRightPatient",
    "EncounterStarted",
    "PatientDischarged",
    "ConditionRecorded",
    "ConditionResolved",
    "AllergyRecorded",
    "MedicationPrescribed",
    "LabResultReported",
    "LabResultFinalized",
    "LabResultCorrected",
    "LabResultCancelled",
    "ObservationRecorded",
    "ObservationDeleted",
    "BasicRevised",
    "Nonsense",
];

impl Maker<'_> {
    /// One event, or many of several records.
    pub(super) fn commit(&mut self) -> Shot {
        let body = if self.rng.chance(50) {
            let (stream, event) = self.event();
            let mut body = Object::new().with("stream", stream.as_str());
            if self.rng.chance(40) {
                body.push("expected", self.expected());
            }
            event.into_iter().for_each(|(key, value)| body.push(key, value));
            body
        } else {
            let count = 1 + self.rng.below(3);
            let streams: Vec<_> = (0..count).map(|_| Value::from(self.stream())).collect();
            Object::new().with("streams", streams)
        };
        Shot::new("POST", "/api/commits").body("application/json", text(body))
    }

    fn stream(&mut self) -> Object {
        let (stream, event) = self.event();
        let mut events = vec![Value::from(event)];
        for _ in 0..self.rng.below(3) {
            let (_, event) = self.event();
            events.push(event.into());
        }
        Object::new().with("stream", stream.as_str()).with("expected", self.expected()).with("events", events)
    }

    fn expected(&mut self) -> Value {
        match self.rng.below(6) {
            0 => Value::from("none"),
            1 => Value::Number(self.version().to_string().into()),
            _ => Value::from("any"),
        }
    }

    /// The stream and what happened.
    fn event(&mut self) -> (String, Object) {
        let mut event = Object::new();
        let stream = match self.rng.below(4) {
            0 => {
                let step = self.rng.one_of(&self.world.steps);
                let (stream, kind) = (step.stream.clone(), step.kind.clone());
                if let StepKind::Event { kind, schema_version, data, reason } = kind {
                    event.push("type", kind);
                    if let Some(version) = schema_version {
                        event.push("schema_version", Value::Number(version.to_string().into()));
                    }
                    if let Some(reason) = reason {
                        event.push("reason", reason);
                    }
                    event.push("data", data);
                    stream
                } else {
                    return self.moved();
                }
            }
            1 => {
                let record = self.record();
                event.push("type", *self.rng.one_of(KINDS));
                let stream = record.stream();
                event.push("data", record.resource);
                stream
            }
            2 => {
                let id = self.small_id();
                event.push("type", "PatientRegistered");
                event.push("data", self.small(Some(&id)));
                format!("Patient/{id}")
            }
            _ => return self.moved(),
        };
        self.told_of(&mut event);
        (stream, event)
    }

    /// A new address of a small patient.
    fn moved(&mut self) -> (String, Object) {
        let city = format!("{SECRET} {}", self.rng.below(9));
        let address = Value::from(Object::new().with("city", city.as_str()));
        let mut event = Object::new().with("type", "PatientAddressUpdated");
        if self.rng.chance(30) {
            event.push("schema_version", Value::Number("1".into()));
            event.push("data", Object::new().with("new_address", address));
        } else {
            event.push("data", Object::new().with("address", vec![address]));
        }
        self.told_of(&mut event);
        (format!("Patient/{}", self.small_id()), event)
    }

    /// What the caller says about an event.
    fn told_of(&mut self, event: &mut Object) {
        if self.rng.chance(15) {
            let n = self.rng.below(40);
            event.push("event_id", format!("00000000-0000-4000-8000-0000000000{n:02}"));
        }
        if self.rng.chance(15) {
            event.push(
                "occurred_at",
                *self.rng.one_of(&["2026-01-01T10:00:00Z", "1900-01-01T00:00:00+14:00"]),
            );
        }
        if self.rng.chance(10) && !event.contains_key("reason") {
            event.push("reason", SECRET);
        }
        if self.rng.chance(10) {
            event.push("metadata", Object::new().with("note", SECRET));
        }
        if self.rng.chance(10) {
            event.push("causation_id", self.rng.uuid());
        }
    }

    /// Streams, the log, read models, and what happened.
    pub(super) fn ask_api(&mut self) -> Shot {
        let target = match self.rng.below(10) {
            0 | 1 => {
                format!("/api/streams/{}?from={}&_count={}", self.place(), self.version(), self.version())
            }
            2..=4 => {
                let mut target = format!("/api/events?_count={}", self.version());
                for (name, percent) in
                    [("from", 60), ("type", 20), ("record", 20), ("patient", 30), ("dragon", 3)]
                {
                    if self.rng.chance(percent) {
                        let value = self.filter(name);
                        target.push_str(&format!("&{name}={}", escaped(&value)));
                    }
                }
                target
            }
            5 => format!(
                "/api/patients/{}{}",
                self.small_id(),
                self.rng.one_of(&["", "/clinical-record", "/lab-results"])
            ),
            6 => format!("/api/diff/{}?from={}&to={}", self.place(), self.version(), escaped(&self.cursor())),
            7 => {
                let patient = self.small_id();
                let since = escaped(&self.cursor());
                match self.rng.below(2) {
                    0 => format!("/api/patients/{patient}/timeline?_count={}&since={since}", self.version()),
                    _ => format!("/api/patients/{patient}/diff?from={since}"),
                }
            }
            8 => format!("/api/{}/clinical-record", self.place().replace("Patient/", "patients/")),
            _ => (*self.rng.one_of(&[
                "/api",
                "/api/openapi.json",
                "/api/dragons",
                "/metrics",
                "/readyz",
                "/",
                "/dragon",
            ]))
            .to_owned(),
        };
        let shot = Shot::new("GET", target);
        if shot.target.starts_with("/api/events") && self.rng.chance(15) {
            return shot.header("accept", "text/event-stream").header("last-event-id", self.cursor());
        }
        shot
    }

    fn filter(&mut self, name: &str) -> String {
        match name {
            "from" => self.cursor(),
            "type" => (*self.rng.one_of(KINDS)).to_owned(),
            "patient" => self.small_id(),
            "record" => self.kind().to_owned(),
            _ => odd::text(self.rng).chars().take(1_000).collect(),
        }
    }
}
