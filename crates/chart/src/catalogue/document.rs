//! What is written down and kept: documents, images, family history, questionnaires, provenance, supplies.

use super::{Family, Of, Row};

const DOCUMENT: Of = Of { family: Family::Clinical, types: &["DocumentReference"] };
const IMAGING: Of = Of { family: Family::Clinical, types: &["ImagingStudy"] };
const FAMILY_HISTORY: Of = Of { family: Family::Clinical, types: &["FamilyMemberHistory"] };
const ANSWERS: Of = Of { family: Family::Clinical, types: &["QuestionnaireResponse"] };
const PROVENANCE: Of = Of { family: Family::Clinical, types: &["Provenance"] };
const SUPPLY: Of = Of { family: Family::Clinical, types: &["SupplyDelivery"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    DOCUMENT.opens("DocumentFiled", |c| c.turned(&["current"]), "the status becomes current"),
    DOCUMENT.opens("DocumentSuperseded", |c| c.turned(&["superseded"]), "the status becomes superseded"),
    DOCUMENT.part("DocumentContentReplaced", &["content"]),
    DOCUMENT.part("DocumentReclassified", &["type", "category", "securityLabel"]),

    IMAGING.opens("ImagingStudyRegistered", |c| c.turned(&["registered"]), "the status becomes registered"),
    IMAGING.opens("ImagingStudyAvailable", |c| c.turned(&["available"]), "the status becomes available"),
    IMAGING.opens("ImagingStudyCancelled", |c| c.turned(&["cancelled"]), "the status becomes cancelled"),
    IMAGING.part("ImagingSeriesChanged", &["series", "numberOfSeries", "numberOfInstances"]),

    FAMILY_HISTORY.begins("FamilyHistoryRecorded", |_| true, "the first event of a relative's history"),
    FAMILY_HISTORY.part("FamilyHistoryConditionsChanged", &["condition"]),

    ANSWERS.opens("QuestionnaireStarted", |c| c.turned(&["in-progress"]), "the status becomes in-progress"),
    ANSWERS.opens("QuestionnaireAnswered", |c| c.turned(&["completed"]), "the status becomes completed"),
    ANSWERS.opens("QuestionnaireAmended", |c| c.turned(&["amended"]), "the status becomes amended"),

    PROVENANCE.begins("ProvenanceRecorded", |_| true, "the first event of a provenance"),

    SUPPLY.opens("SuppliesSent", |c| c.turned(&["in-progress"]), "the status becomes in-progress"),
    SUPPLY.opens("SuppliesDelivered", |c| c.turned(&["completed"]), "the status becomes completed"),
    SUPPLY.opens("SuppliesAbandoned", |c| c.turned(&["abandoned"]), "the status becomes abandoned"),
];
