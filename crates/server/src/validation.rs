//! What becomes of resources that break FHIR's rules: refused, or kept with a tag that search finds.

use anamnesis_chart::{Cause, Refusal};
use anamnesis_fhir::check::{Extent, Finding, check, mark};
use anamnesis_fhir::outcome::{Issue, Severity};
use anamnesis_fhir::profile::Wanted;
use anamnesis_json::Object;
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

use crate::parameters::Parameters;
use crate::profiles::Profiles;

/// The setting `validation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Validation {
    /// What breaks a rule is refused.
    #[default]
    Strict,
    /// What a record can be kept with is kept, and tagged with what it breaks; the rest is refused.
    Lenient,
}

impl Validation {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Strict, Self::Lenient];

    /// Its word in settings.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lenient => "lenient",
        }
    }

    /// Lets a whole resource in, marked with the rules it breaks where that is to be borne.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, when it is not let in.
    pub(crate) fn admit(
        self,
        kind: ResourceType,
        elements: &mut Object,
        rules: Rules<'_>,
    ) -> Result<(), Vec<Issue>> {
        let findings = faults_of(kind, elements, rules, Extent::Whole);
        let bearable = self == Self::Lenient && findings.iter().all(|finding| finding.bearable);
        if !findings.is_empty() && !bearable {
            return Err(findings.into_iter().map(|finding| finding.issue).collect());
        }
        mark::set(elements, &findings);
        Ok(())
    }
}

/// What there is beside R4: the profiles of clients, and the search parameters they registered.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The profiles.
    pub(crate) profiles: &'a Profiles,
    /// The search parameters.
    pub(crate) parameters: &'a Parameters,
    /// The id of the record that is looked at, where it has one already.
    pub(crate) record: Option<&'a ResourceId>,
}

/// Everything there is to say of a resource, by R4 and by the profiles it follows; `more` are asked for beside.
pub(crate) fn findings(
    kind: ResourceType,
    elements: &Object,
    rules: Rules<'_>,
    more: &[String],
    extent: Extent,
    wanted: Wanted,
) -> Vec<Finding> {
    let mut found = check(kind, elements, extent);
    let unusable = rules.parameters.faults(kind, rules.record, elements).into_iter();
    found.extend(unusable.map(|issue| Finding { issue, bearable: false }));
    let of_r4 = found.len();
    for finding in rules.profiles.check(kind, elements, more, wanted) {
        // What R4 says already need not be said again by a profile.
        let same = |known: &Finding| {
            known.issue.expression == finding.issue.expression && known.issue.code == finding.issue.code
        };
        if finding.issue.severity != Severity::Error || !found.iter().take(of_r4).any(same) {
            found.push(finding);
        }
    }
    found
}

/// What is wrong with a whole resource.
fn faults_of(kind: ResourceType, elements: &Object, rules: Rules<'_>, extent: Extent) -> Vec<Finding> {
    let mut found = findings(kind, elements, rules, &[], extent, Wanted::Faults);
    found.retain(|finding| finding.issue.severity == Severity::Error);
    found
}

/// What is wrong with a record that events changed, and was not before them.
pub(crate) fn faults(
    stream: &StreamName,
    before: Option<&Object>,
    after: &Object,
    rules: Rules<'_>,
) -> Vec<Refusal> {
    // Each element was looked at where it came in; only contained resources are told by what refers to them.
    let extent = if after.contains_key("contained") { Extent::Whole } else { Extent::Together };
    let mut found = faults_of(stream.kind, after, rules, extent);
    let beside = rules.parameters.faults_beside(stream, after);
    found.extend(beside.map(|issue| Finding { issue, bearable: false }));
    if found.is_empty() {
        return Vec::new();
    }
    // A record from before a rule, or from a lenient feed, may be corrected step by step.
    let known = before.map(|before| faults_of(stream.kind, before, rules, extent)).unwrap_or_default();
    found.retain(|finding| !known.contains(finding));
    found.into_iter().map(refusal).collect()
}

fn refusal(finding: Finding) -> Refusal {
    let path = finding.issue.expression.unwrap_or_default();
    Refusal { cause: Cause::Invalid, path, text: finding.issue.diagnostics }
}
