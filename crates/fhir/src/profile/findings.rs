//! What is said of a resource by profiles: once, and so much of it.
//!
//! Invariant: what is only told never takes the place of what is wrong.

use crate::check::{Finding, ISSUES_MAX};
use crate::outcome::{Issue, IssueCode, Severity};
use crate::path::Path;

/// Says something of a place.
pub(super) fn say(
    findings: &mut Vec<Finding>,
    severity: Severity,
    path: &Path<'_>,
    code: IssueCode,
    what: String,
) {
    if has_room(findings, severity) {
        let issue = Issue { severity, ..Issue::error(code, what).at(path.to_string()) };
        add(findings, Finding { issue, bearable: true });
    }
}

/// Adds what was not said before, while there are fewer than [`ISSUES_MAX`] as severe.
pub fn add(findings: &mut Vec<Finding>, finding: Finding) {
    if has_room(findings, finding.issue.severity)
        && !findings.iter().any(|known| known.issue == finding.issue)
    {
        findings.push(finding);
    }
}

fn has_room(findings: &[Finding], severity: Severity) -> bool {
    findings.iter().filter(|known| known.issue.severity == severity).count() < ISSUES_MAX
}

/// An address that is no definition's could be anything, so only what looks like one is repeated.
pub fn shown(url: &str) -> &str {
    let plain = url.len() <= 256 && url.bytes().all(|b| b.is_ascii_graphic());
    if plain && (url.starts_with("http://") || url.starts_with("https://")) { url } else { "that is named" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_leave_room_for_what_is_wrong() {
        let mut findings = Vec::new();
        for at in 0..3 * ISSUES_MAX {
            let place = format!("Patient.name[{at}]");
            say(&mut findings, Severity::Information, &Path::Root(&place), IssueCode::Value, "x".into());
        }
        for _ in 0..2 {
            say(&mut findings, Severity::Error, &Path::Root("Patient"), IssueCode::Value, "y".into());
        }
        let wrong = findings.iter().filter(|finding| finding.issue.severity == Severity::Error).count();
        assert_eq!((findings.len(), wrong), (ISSUES_MAX + 1, 1));
    }
}
