//! What there is to say of a search beside what it found: an OperationOutcome among its entries.
//!
//! <https://hl7.org/fhir/R4/bundle.html#searchset>

use anamnesis_fhir::outcome::{Issue, IssueCode, Severity, operation_outcome};

use super::found::Page;
use super::question::Question;
use crate::app::App;
use crate::held;

/// The longest name of a parameter that is repeated.
const NAME_BYTES_MAX: usize = 128;

/// The OperationOutcome of a page, as JSON text, where there is something to say.
pub(super) fn told(app: &App, question: &Question, page: &Page) -> Option<Vec<u8>> {
    let included_max = app.limits.included_max;
    let mut issues: Vec<Issue> = question.parsed.ignored.iter().map(|key| ignored(key)).collect();
    let shown = page.matches.iter().chain(&page.included.records).map(|shown| &shown.name);
    let kind = question.parsed.query.kind;
    let is_of = |one| kind.is_none_or(|kind| kind == one);
    issues.extend(held::Told::of_some(app, shown, is_of, Some(question.cursor.moment)).in_search());
    if page.included.more {
        let what = format!(
            "of the records that _include and _revinclude ask for, only the first {included_max} came along (limits.included_max); ask for smaller pages by _count"
        );
        issues.push(warning(IssueCode::Incomplete, what));
    }
    (!issues.is_empty()).then(|| operation_outcome(&issues).to_text())
}

fn ignored(key: &str) -> Issue {
    // What stands in the place of a name could be anything, and so is not repeated.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.');
    let name = if key.len() <= NAME_BYTES_MAX && key.bytes().all(plain) { key } else { "a parameter" };
    warning(
        IssueCode::NotSupported,
        format!("{name}: not supported here, or without a value; it was left out"),
    )
}

fn warning(code: IssueCode, what: String) -> Issue {
    Issue { severity: Severity::Warning, ..Issue::error(code, what) }
}
