//! What went wrong, in FHIR's words: <https://hl7.org/fhir/R4/operationoutcome.html>.
//!
//! Invariant: texts name elements, parameters and codes, and never quote a patient's values.

use anamnesis_json::{Object, Value};

/// How bad an issue is: <https://hl7.org/fhir/R4/valueset-issue-severity.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing further could be looked at.
    Fatal,
    /// The request was refused for it.
    Error,
    /// Done, but worth knowing.
    Warning,
    /// For information.
    Information,
}

impl Severity {
    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal),* $(,)?) => {
        /// What kind of issue it is: <https://hl7.org/fhir/R4/valueset-issue-type.html>.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum IssueCode { $($(#[$doc])* $name),* }

        impl IssueCode {
            /// The code itself.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
        }
    };
}

issue_codes! {
    /// Content that is not valid.
    Invalid = "invalid",
    /// A structural problem: an array where one value belongs, or the other way round.
    Structure = "structure",
    /// A required element is missing.
    Required = "required",
    /// An element's value is not valid.
    Value = "value",
    /// A content rule failed.
    Invariant = "invariant",
    /// About security.
    Security = "security",
    /// The client must sign in.
    Login = "login",
    /// The user is not known.
    Unknown = "unknown",
    /// The session ended.
    Expired = "expired",
    /// The user may not do this.
    Forbidden = "forbidden",
    /// Something was left out for confidentiality.
    Suppressed = "suppressed",
    /// The message could not be processed.
    Processing = "processing",
    /// Not supported here.
    NotSupported = "not-supported",
    /// A duplicate record.
    Duplicate = "duplicate",
    /// Several records match where one was meant.
    MultipleMatches = "multiple-matches",
    /// The reference was not found.
    NotFound = "not-found",
    /// It was deleted.
    Deleted = "deleted",
    /// Too long.
    TooLong = "too-long",
    /// A code or system is not understood.
    CodeInvalid = "code-invalid",
    /// An extension is not acceptable.
    Extension = "extension",
    /// The operation was stopped to protect the server.
    TooCostly = "too-costly",
    /// A rule of the business says no.
    BusinessRule = "business-rule",
    /// Someone else wrote first.
    Conflict = "conflict",
    /// Something passing is in the way.
    Transient = "transient",
    /// A lock could not be had.
    LockError = "lock-error",
    /// The store is away.
    NoStore = "no-store",
    /// Something unexpected.
    Exception = "exception",
    /// It took too long.
    Timeout = "timeout",
    /// Not all of it could be returned.
    Incomplete = "incomplete",
    /// Too many requests.
    Throttled = "throttled",
    /// For information.
    Informational = "informational",
}

/// One thing to say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: IssueCode,
    /// What it is, for a person to read.
    pub diagnostics: String,
    /// Where it is, as a simple FHIRPath.
    pub expression: Option<String>,
}

impl Issue {
    /// An error of this kind.
    pub fn error(code: IssueCode, diagnostics: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, diagnostics: diagnostics.into(), expression: None }
    }

    /// A warning of this kind.
    pub fn warning(code: IssueCode, diagnostics: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, diagnostics) }
    }

    /// The same issue, said of this place.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression = Some(expression.into());
        self
    }
}

/// The issues as an OperationOutcome; without any it says that all is well, since one is required.
pub fn operation_outcome(issues: &[Issue]) -> Object {
    let issue = |issue: &Issue| {
        let mut said = Object::with_capacity(4)
            .with("severity", issue.severity.code())
            .with("code", issue.code.code())
            .with("diagnostics", issue.diagnostics.as_str());
        if let Some(expression) = &issue.expression {
            said.push("expression", vec![Value::from(expression.as_str())]);
        }
        Value::from(said)
    };
    let mut issues: Vec<Value> = issues.iter().map(issue).collect();
    if issues.is_empty() {
        let well = Object::new().with("severity", "information").with("code", "informational");
        issues.push(well.with("diagnostics", "all is well").into());
    }
    Object::new().with("resourceType", "OperationOutcome").with("issue", issues)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes() {
        let issue = Issue::error(IssueCode::Structure, "must be an array").at("Patient.name");
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (vec![issue], r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"structure","diagnostics":"must be an array","expression":["Patient.name"]}]}"#),
            (vec![],      r#"{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","diagnostics":"all is well"}]}"#),
        ];
        for (issues, expected) in cases {
            assert_eq!(String::from_utf8(operation_outcome(&issues).to_text()).unwrap(), expected);
        }
    }
}
