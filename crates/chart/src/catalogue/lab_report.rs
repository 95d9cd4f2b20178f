//! Diagnostic reports: the laboratory's in its own words, the others' (imaging, notes) in general ones.

use super::lab_result::corrected;
use super::{Family, Of, Row};

const REPORT: Of = Of { family: Family::Lab, types: &["DiagnosticReport"] };

pub(super) const CORRECTED: &str = "DiagnosticReportCorrected";

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    REPORT.opens("LabReportRegistered", |c| c.lab() && c.turned(&["registered"]), "laboratory, or without category; the status becomes registered"),
    REPORT.opens("LabReportPartiallyIssued", |c| c.lab() && c.turned(&["partial"]), "laboratory, or without category; the status becomes partial"),
    REPORT.opens("LabReportIssuedPreliminary", |c| c.lab() && c.turned(&["preliminary"]), "laboratory, or without category; the status becomes preliminary"),
    REPORT.opens("LabReportFinalized", |c| c.lab() && c.turned(&["final"]), "laboratory, or without category; the status becomes final").significant(),
    REPORT.begins("LabReportRecordedCorrected", |c| c.lab() && c.turned(&["corrected"]), "the first event of a laboratory report already corrected"),
    REPORT.begins("LabReportRecordedAmended", |c| c.lab() && c.turned(&["amended", "appended"]), "the first event of a laboratory report already amended or appended"),
    REPORT.turns("LabReportAmended", |c| c.lab() && c.turned(&["amended"]) && !corrected(c), "laboratory, or without category; the status becomes amended and no final content changes").significant(),
    REPORT.turns("LabReportAppended", |c| c.lab() && c.turned(&["appended"]) && !corrected(c), "laboratory, or without category; the status becomes appended and no final content changes"),
    REPORT.opens("LabReportCancelled", |c| c.lab() && c.turned(&["cancelled"]), "laboratory, or without category; the status becomes cancelled").significant(),

    REPORT.turns(CORRECTED, |c| !c.lab() && corrected(c), "any other report; the content of a final, amended, corrected or appended report changes, or the status becomes corrected").significant().with_reason(),
    REPORT.opens("DiagnosticReportDrafted", |c| !c.lab() && c.turned(&["registered", "partial", "preliminary"]), "any other report; the status becomes registered, partial or preliminary"),
    REPORT.opens("DiagnosticReportFinalized", |c| !c.lab() && c.turned(&["final"]), "any other report; the status becomes final"),
    REPORT.begins("DiagnosticReportRecordedCorrected", |c| !c.lab() && c.turned(&["amended", "corrected", "appended"]), "the first event of any other report already amended, corrected or appended"),
    REPORT.turns("DiagnosticReportAmended", |c| !c.lab() && c.turned(&["amended", "appended"]) && !corrected(c), "any other report; the status becomes amended or appended and no final content changes"),
    REPORT.opens("DiagnosticReportCancelled", |c| !c.lab() && c.turned(&["cancelled"]), "any other report; the status becomes cancelled"),

    REPORT.part("ReportContentUpdated", &["result", "conclusion", "conclusionCode", "presentedForm"]),
    REPORT.part("ReportSpecimensLinked", &["specimen"]),
    REPORT.part("ReportImagesLinked", &["imagingStudy", "media"]),
    REPORT.part("ReportTimesCorrected", &["effective[x]", "issued"]),
];
