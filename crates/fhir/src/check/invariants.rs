//! R4's invariants of severity error, as FHIRPath says them: <https://hl7.org/fhir/R4/conformance-rules.html#constraints>.
//!
//! Each expression is parsed once in the life of the process.

use std::sync::LazyLock;

use anamnesis_fhirpath::{EvalError, Expression, Node};

use super::{Check, Scope};
use crate::generated::rules::{LISTS, RULES};
use crate::outcome::IssueCode;
use crate::path::Path;

/// Those that the walk itself checks, faster and with a better place: FHIRPath is not asked again.
pub(super) const NATIVE: &[&str] = &["dom-2", "dom-3", "dom-4", "dom-5", "ext-1", "ref-1"];

/// What says the same as another, with the other: the second narrative rule is the first one's expression.
const SAID_ALREADY: &[(&str, &str)] = &[("txt-2", "txt-1")];

/// Those that are not evaluated, each with the reason.
const NOT_EVALUATED: &[(&str, &str)] = &[];

/// Those whose text says what it does not mean, as it is meant.
const MEANT: &[(&str, &str)] = &[
    // Its words say more than one.
    ("que-12", "enableWhen.count() > 1 implies enableBehavior.exists()"),
    // The answer is FHIR's `boolean`, which `Boolean` is not.
    ("que-7", "operator = 'exists' implies (answer is boolean)"),
];

/// By number of the rule; nothing where FHIRPath is not asked.
static EXPRESSIONS: LazyLock<Vec<Option<Expression>>> = LazyLock::new(|| {
    let left_out = |key: &str| NOT_EVALUATED.iter().chain(SAID_ALREADY).any(|(known, _)| *known == key);
    let asked = |key: &str| !NATIVE.contains(&key) && !left_out(key);
    let meant = |key: &str| MEANT.iter().find(|(known, _)| *known == key).map(|(_, text)| *text);
    let parsed = |key: &str, text: &str| Expression::parse(meant(key).unwrap_or(text)).ok();
    RULES.iter().map(|(key, text, _)| asked(key).then(|| parsed(key, text)).flatten()).collect()
});

impl Check {
    /// Evaluates a list of invariants on what they hold of.
    pub(super) fn invariants<'a>(
        &mut self,
        list: u8,
        scope: Scope<'a>,
        path: &Path<'_>,
        node: impl FnOnce() -> Node<'a>,
    ) {
        if list == 0 {
            return;
        }
        let node = node();
        let rules = LISTS.get(usize::from(list)).copied().unwrap_or_default();
        #[cfg(test)]
        self.asked_twice(rules, scope, path, node);
        for number in rules.iter().map(|number| usize::from(*number)) {
            let (Some(Some(expression)), Some((key, _, human))) =
                (EXPRESSIONS.get(number), RULES.get(number))
            else {
                continue;
            };
            match expression.holds(scope.context, node) {
                Ok(true) => {}
                Ok(false) => self.bearable(path, IssueCode::Invariant, format!("{key}: {human}")),
                Err(EvalError::TooCostly(_)) => {
                    self.bearable(path, IssueCode::TooCostly, format!("{key} takes too long to look at"));
                }
                // Where JSON of a wrong type stands, that was said already.
                Err(_) if self.findings.iter().any(|finding| !finding.bearable) => {}
                Err(_) => {
                    self.bearable(path, IssueCode::Invariant, format!("{key} cannot be decided: {human}"))
                }
            }
        }
    }

    /// Says with a word in front what FHIRPath says of the invariants that the walk checks itself.
    #[cfg(test)]
    fn asked_twice<'a>(&mut self, rules: &[u8], scope: Scope<'a>, path: &Path<'_>, node: Node<'a>) {
        static NATIVE_TOO: LazyLock<Vec<(&str, Expression)>> = LazyLock::new(|| {
            RULES.iter().map(|(key, text, _)| (*key, Expression::parse(text).unwrap())).collect()
        });
        for (key, expression) in rules.iter().map(|number| &NATIVE_TOO[usize::from(*number)]) {
            if self.twice && NATIVE.contains(key) && !expression.holds(scope.context, node).unwrap() {
                self.bearable(path, IssueCode::Invariant, format!("asked {key}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_evaluated_or_said_to_be_left_out() {
        for ((key, text, _), expression) in RULES.iter().zip(EXPRESSIONS.iter()) {
            let left_out = NOT_EVALUATED.iter().chain(SAID_ALREADY).any(|(known, _)| known == key);
            assert_eq!(expression.is_some(), !left_out && !NATIVE.contains(key), "{key}: {text}");
        }
        let told = include_str!("../../../../docs/validation.md");
        for (key, _) in NOT_EVALUATED.iter().chain(MEANT) {
            assert!(told.contains(key), "{key}");
        }
    }
}
