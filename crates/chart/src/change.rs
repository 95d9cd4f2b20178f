//! A change of a record as the catalogue's rules look at it: its status, certainty and sort before and after.
//!
//! Invariant: it borrows and compares; looking at a change builds no text.

use anamnesis_json::Value;
use anamnesis_kernel::ResourceType;

use crate::elements::Elements;

pub(crate) const IN_ERROR: &str = "entered-in-error";

/// One record before and after; before is `None` where none stood.
pub(crate) struct Change<'a> {
    pub(crate) kind: ResourceType,
    pub(crate) before: Option<&'a Elements>,
    pub(crate) after: &'a Elements,
    pub(crate) was: Facts<'a>,
    pub(crate) is: Facts<'a>,
}

/// What one state says in the codes that rules ask about; empty where it says nothing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Facts<'a> {
    /// `status`; of a problem or allergy its clinical status, of a goal its lifecycle status.
    pub(crate) status: &'a str,
    /// The verification status of a problem or allergy.
    pub(crate) certainty: &'a str,
    /// What sort of its type it is.
    pub(crate) sort: Sort,
}

/// What a category or class makes of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    #[default]
    Plain,
    Lab,
    VitalSigns,
    Survey,
    SocialHistory,
    Exam,
    Imaging,
    Procedure,
    Therapy,
    Activity,
    Inpatient,
    Emergency,
}

impl<'a> Change<'a> {
    pub(crate) fn new(kind: ResourceType, before: Option<&'a Elements>, after: &'a Elements) -> Self {
        let was = before.map(|before| Facts::of(kind, before)).unwrap_or_default();
        Self { kind, before, after, was, is: Facts::of(kind, after) }
    }

    pub(crate) fn begins(&self) -> bool {
        self.before.is_none()
    }

    /// The status is now one of these and was another.
    pub(crate) fn turned(&self, statuses: &[&str]) -> bool {
        self.was.status != self.is.status && statuses.contains(&self.is.status)
    }

    /// The certainty is now one of these and was another.
    pub(crate) fn became(&self, certainties: &[&str]) -> bool {
        self.was.certainty != self.is.certainty && certainties.contains(&self.is.certainty)
    }

    pub(crate) fn from(&self, statuses: &[&str]) -> bool {
        statuses.contains(&self.was.status)
    }

    pub(crate) fn is(&self, sort: Sort) -> bool {
        self.is.sort == sort
    }

    /// Laboratory before or after: leaving the laboratory does not leave its rules behind.
    pub(crate) fn lab(&self) -> bool {
        self.is.sort == Sort::Lab || self.was.sort == Sort::Lab
    }

    pub(crate) fn lifecycle_changed(&self) -> bool {
        self.was.status != self.is.status || self.was.certainty != self.is.certainty
    }

    pub(crate) fn entered_in_error(&self) -> bool {
        self.is.in_error() && !self.was.in_error()
    }

    /// Whether the value differs, for which [`is_value`] holds.
    pub(crate) fn value_changed(&self) -> bool {
        let Some(before) = self.before else { return false };
        let differs = |a: &Elements, b: &Elements| {
            a.iter()
                .any(|(key, value)| is_value(self.kind, key) && !b.get(key).is_some_and(|v| v.same(value)))
        };
        differs(before, self.after) || differs(self.after, before)
    }

    /// Whether it was a result that others may have acted on.
    pub(crate) fn was_final(&self) -> bool {
        self.from(&["final", "amended", "corrected", "appended"])
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn of(kind: ResourceType, elements: &'a Elements) -> Self {
        let plain = |sort| Self { status: elements.str("status").unwrap_or_default(), certainty: "", sort };
        match kind.name() {
            "Condition" | "AllergyIntolerance" => Self {
                status: code(elements.get("clinicalStatus")),
                certainty: code(elements.get("verificationStatus")),
                sort: Sort::Plain,
            },
            "Goal" => {
                Self { status: elements.str("lifecycleStatus").unwrap_or_default(), ..plain(Sort::Plain) }
            }
            "Observation" => plain(observation(elements)),
            "DiagnosticReport" => plain(laboratory(elements, &REPORT_SECTIONS)),
            "ServiceRequest" => plain(laboratory(elements, &["108252007", "laboratory", "LAB"])),
            "Encounter" => plain(match elements.get("class").and_then(|class| class.get("code")?.as_str()) {
                Some("IMP" | "ACUTE" | "NONAC") => Sort::Inpatient,
                Some("EMER") => Sort::Emergency,
                _ => Sort::Plain,
            }),
            _ => plain(Sort::Plain),
        }
    }

    pub(crate) fn in_error(&self) -> bool {
        self.status == IN_ERROR || self.certainty == IN_ERROR
    }
}

/// Whether `key` is part of what a result or observation says, not of how it is read.
///
/// Of an Observation: `value[x]`, `dataAbsentReason`, `component`; of a DiagnosticReport: `result`, `conclusion`,
/// `conclusionCode`, `presentedForm`. The interpretation and the reference range read the value and are none.
pub(crate) fn is_value(kind: ResourceType, key: &str) -> bool {
    let key = key.strip_prefix('_').unwrap_or(key);
    match kind.name() {
        "Observation" => is_choice("value", key) || matches!(key, "dataAbsentReason" | "component"),
        "DiagnosticReport" => matches!(key, "result" | "conclusion" | "conclusionCode" | "presentedForm"),
        _ => false,
    }
}

/// Whether `key` spells the choice element `stem[x]`.
pub(crate) fn is_choice(stem: &str, key: &str) -> bool {
    key.strip_prefix(stem).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// The id of the patient a record is of: where `subject`, `patient`, `beneficiary`, `individual` or `for` leads.
///
/// `None` when they lead to no Patient, or to more than one.
pub fn patient_of(elements: &Elements) -> Option<&str> {
    let mut found = None;
    for key in ["subject", "patient", "beneficiary", "individual", "for"] {
        for value in elements.get(key).into_iter().flat_map(Value::each) {
            let Some(id) = value.get("reference").and_then(|r| patient_id(r.as_str()?)) else { continue };
            match found {
                None => found = Some(id),
                Some(other) if other == id => {}
                Some(_) => return None,
            }
        }
    }
    found
}

/// `Patient/p1`, `https://…/Patient/p1`, `Patient/p1/_history/2`: all name p1.
fn patient_id(reference: &str) -> Option<&str> {
    let (base, id) = reference.rsplit_once("Patient/")?;
    if !(base.is_empty() || base.ends_with('/')) {
        return None;
    }
    let id = id.split_once('/').map_or(id, |(id, _)| id);
    (!id.is_empty()).then_some(id)
}

/// The first code of a CodeableConcept, or of the first of many.
pub(crate) fn code(concept: Option<&Value>) -> &str {
    concept.and_then(|c| codings(c).find_map(|coding| coding.get("code")?.as_str())).unwrap_or_default()
}

fn codings(concept: &Value) -> impl Iterator<Item = &Value> {
    concept.each().filter_map(|one| one.get("coding")).flat_map(Value::each)
}

/// v2-0074's diagnostic sections that are a laboratory's.
const REPORT_SECTIONS: [&str; 18] = [
    "LAB",
    "laboratory",
    "BLB",
    "CG",
    "CH",
    "CP",
    "GE",
    "HM",
    "IMM",
    "MB",
    "MCB",
    "MYC",
    "OSL",
    "PAR",
    "PAT",
    "SP",
    "TX",
    "VR",
];

/// Laboratory when a category says so, or when there is none to say otherwise.
fn laboratory(elements: &Elements, codes: &[&str]) -> Sort {
    let Some(category) = elements.get("category") else { return Sort::Lab };
    let lab =
        codings(category).any(|c| c.get("code").and_then(Value::as_str).is_some_and(|c| codes.contains(&c)));
    if lab { Sort::Lab } else { Sort::Plain }
}

fn observation(elements: &Elements) -> Sort {
    let mut sort = Sort::Plain;
    for coding in elements.get("category").into_iter().flat_map(codings) {
        let system = coding.get("system").and_then(Value::as_str);
        if system.is_some_and(|s| s != "http://terminology.hl7.org/CodeSystem/observation-category") {
            continue;
        }
        let found = match coding.get("code").and_then(Value::as_str) {
            Some("laboratory") => return Sort::Lab,
            // The singular is no code of FHIR's, but older Synthea writes it.
            Some("vital-signs" | "vital-sign") => Sort::VitalSigns,
            Some("survey") => Sort::Survey,
            Some("social-history") => Sort::SocialHistory,
            Some("exam") => Sort::Exam,
            Some("imaging") => Sort::Imaging,
            Some("procedure") => Sort::Procedure,
            Some("therapy") => Sort::Therapy,
            Some("activity") => Sort::Activity,
            _ => Sort::Plain,
        };
        if sort == Sort::Plain {
            sort = found;
        }
    }
    sort
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn whose_record() {
        #[rustfmt::skip]
        let cases = [
            (r#"{}"#,                                                                           None),
            (r#"{"subject":{"reference":"Patient/p1"}}"#,                                       Some("p1")),
            (r#"{"patient":{"reference":"https://a.example/fhir/Patient/p1/_history/2"}}"#,     Some("p1")),
            (r#"{"subject":{"reference":"Group/g1"}}"#,                                         None),
            (r#"{"subject":{"reference":"NotPatient/p1"}}"#,                                    None),
            (r#"{"subject":{"display":"someone"}}"#,                                            None),
            (r#"{"subject":[{"reference":"Patient/p1"},{"reference":"Patient/p2"}]}"#,          None),
        ];
        for (given, then) in cases {
            let given = parse(given.as_bytes()).unwrap();
            assert_eq!(patient_of(given.as_object().unwrap()), then);
        }
    }

    #[test]
    fn sorts() {
        #[rustfmt::skip]
        let cases = [
            ("Observation",      r#"{"category":[{"coding":[{"code":"laboratory"}]}]}"#,                                 Sort::Lab),
            ("Observation",      r#"{"category":[{"coding":[{"system":"urn:other","code":"laboratory"}]}]}"#,            Sort::Plain),
            ("Observation",      r#"{"category":[{"coding":[{"code":"exam"}]},{"coding":[{"code":"laboratory"}]}]}"#,    Sort::Lab),
            ("Observation",      r#"{"category":"odd"}"#,                                                                Sort::Plain),
            ("DiagnosticReport", r#"{}"#,                                                                                Sort::Lab),
            ("DiagnosticReport", r#"{"category":[{"coding":[{"code":"RAD"}]}]}"#,                                        Sort::Plain),
            ("Encounter",        r#"{"class":{"code":"IMP"}}"#,                                                          Sort::Inpatient),
        ];
        for (kind, given, then) in cases {
            let given = parse(given.as_bytes()).unwrap();
            let kind = ResourceType::parse(kind).unwrap();
            assert_eq!(Facts::of(kind, given.as_object().unwrap()).sort, then, "{kind}");
        }
    }
}
