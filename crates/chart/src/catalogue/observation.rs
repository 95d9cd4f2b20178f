//! Observations outside the laboratory: vital signs, surveys, examinations and what else is seen and asked.

use super::{Family, Of, Row};
use crate::change::Sort;

const OBSERVATION: Of = Of { family: Family::Clinical, types: &["Observation"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    OBSERVATION.opens("ObservationCancelled", |c| !c.lab() && c.turned(&["cancelled"]), "not laboratory; the status becomes cancelled"),
    OBSERVATION.opens("ObservationRegistered", |c| !c.lab() && c.turned(&["registered"]), "not laboratory; the status becomes registered"),
    OBSERVATION.opens("ObservationReportedPreliminary", |c| !c.lab() && c.turned(&["preliminary"]), "not laboratory; the status becomes preliminary"),
    OBSERVATION.begins("VitalSignsRecorded", |c| c.is(Sort::VitalSigns), "the first event of an observation of category vital-signs"),
    OBSERVATION.begins("SurveyRecorded", |c| c.is(Sort::Survey), "the first event of an observation of category survey"),
    OBSERVATION.begins("SocialHistoryRecorded", |c| c.is(Sort::SocialHistory), "the first event of an observation of category social-history"),
    OBSERVATION.begins("ExaminationFindingRecorded", |c| c.is(Sort::Exam), "the first event of an observation of category exam"),
    OBSERVATION.begins("ImagingFindingRecorded", |c| c.is(Sort::Imaging), "the first event of an observation of category imaging"),
    OBSERVATION.begins("ProcedureFindingRecorded", |c| c.is(Sort::Procedure), "the first event of an observation of category procedure"),
    OBSERVATION.begins("TherapyObservationRecorded", |c| c.is(Sort::Therapy), "the first event of an observation of category therapy"),
    OBSERVATION.begins("ActivityRecorded", |c| c.is(Sort::Activity), "the first event of an observation of category activity"),
    OBSERVATION.begins("ObservationRecorded", |c| !c.lab(), "the first event of any other observation that is not laboratory"),

    OBSERVATION.turns("ObservationCorrected", |c| !c.lab() && c.turned(&["corrected"]), "not laboratory; the status becomes corrected").significant(),
    OBSERVATION.turns("ObservationAmended", |c| !c.lab() && c.turned(&["amended", "appended"]), "not laboratory; the status becomes amended"),
    OBSERVATION.turns("ObservationFinalized", |c| !c.lab() && c.turned(&["final"]), "not laboratory; another status becomes final"),

    OBSERVATION.part("ObservationValueChanged", &["value[x]", "dataAbsentReason", "component"]).of_those(|c| !c.lab(), "not laboratory; what it owns changed"),
    OBSERVATION.part("ObservationInterpretationChanged", &["interpretation", "referenceRange"]).of_those(|c| !c.lab(), "not laboratory; what it owns changed"),
    OBSERVATION.part("ObservationTimesCorrected", &["effective[x]", "issued"]).of_those(|c| !c.lab(), "not laboratory; what it owns changed"),
    OBSERVATION.part("ObservationNoted", &["note"]).of_those(|c| !c.lab(), "not laboratory; what it owns changed"),
];
