//! Every no of this door, with its status and its OperationOutcome: <https://hl7.org/fhir/R4/http.html#Status-Codes>.
//!
//! Invariant: texts name elements, parameters and codes, and never quote a patient's values.

use anamnesis_chart::{Cause, Refusal};
use anamnesis_engine::{CommitError, Expect};
use anamnesis_fhir::outcome::{Issue, IssueCode, operation_outcome};
use anamnesis_kernel::{StreamName, Version};
use anamnesis_store::ReadError;
use http::StatusCode;

use crate::as_of::AsOfProblem;
use crate::headers::HeaderProblem;
use crate::index::{Reindexed, Unindexed};
use crate::request_id;
use crate::turns::Busy;

/// Why a request was not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It cannot be read, or breaks the standard.
    Invalid(Vec<Issue>),
    /// No such type in R4.
    UnknownType,
    /// Nothing here answers to such a URL.
    NoInteraction,
    /// The record was never here.
    NotFound,
    /// The record was deleted, or its subject erased; at the version that may be told.
    Gone(Option<Version>),
    /// The URL is known, the method is not for it.
    Method,
    /// Only JSON is answered.
    NotAcceptable,
    /// The body is of another media type than what is taken there, which is said in words.
    MediaType(&'static str),
    /// The body is longer than that.
    TooLong {
        /// What is taken.
        bytes_max: usize,
    },
    /// The body came too slowly.
    TooSlow,
    /// Its turn did not come: nothing was done.
    Busy,
    /// Someone else wrote first, or the record is there already.
    Conflict(Issue),
    /// What the request made a condition does not hold.
    Precondition(Vec<Issue>),
    /// The rules of the record say no.
    Refused(Vec<Issue>),
    /// A header every door knows cannot be taken.
    Header(HeaderProblem),
    /// It cannot be answered as of the moment it names.
    AsOf(AsOfProblem),
    /// The machine says no: the status, and what kind it is.
    Machine(StatusCode, Issue),
}

/// Where a record stands in what was sent.
pub(super) enum Sent<'a> {
    /// It is all that was sent.
    Alone,
    /// By item of the request: the entry of the bundle.
    Entries(&'a [(usize, StreamName)]),
}

impl Outcome {
    /// One thing wrong with the request, at a place.
    pub(super) fn invalid(code: IssueCode, what: impl Into<String>, at: impl Into<String>) -> Self {
        Self::Invalid(vec![Issue::error(code, what).at(at)])
    }

    /// One thing wrong with a parameter or header.
    pub(super) fn bad(what: impl Into<String>) -> Self {
        Self::Invalid(vec![Issue::error(IssueCode::Value, what)])
    }

    /// What can be answered later, as it is.
    fn later(what: String) -> Self {
        Self::Machine(StatusCode::SERVICE_UNAVAILABLE, Issue::error(IssueCode::Transient, what))
    }

    /// Criteria that cannot be read, or not yet.
    pub(super) fn unread(issues: Vec<Issue>) -> Self {
        match issues.iter().find(|issue| issue.code == IssueCode::Transient) {
            Some(issue) => Self::Machine(StatusCode::SERVICE_UNAVAILABLE, issue.clone()),
            None => Self::Invalid(issues),
        }
    }

    /// A condition of the request that does not hold.
    pub(super) fn unmet(what: impl Into<String>) -> Self {
        Self::Precondition(vec![Issue::error(IssueCode::Conflict, what)])
    }

    /// A write of a record that is there, without the version that had to be named:
    /// <https://hl7.org/fhir/R4/http.html#concurrency>.
    pub(super) fn unversioned() -> Self {
        let what = "If-Match: must name the version of the record that is to be changed";
        Self::Invalid(vec![Issue::error(IssueCode::Required, what)])
    }

    /// The status it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::UnknownType | Self::NoInteraction | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Gone(_) => StatusCode::GONE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Precondition(_) => StatusCode::PRECONDITION_FAILED,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Header(HeaderProblem::CursorUnknown) => StatusCode::CONFLICT,
            Self::Header(HeaderProblem::Behind) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Header(_) => StatusCode::BAD_REQUEST,
            Self::AsOf(AsOfProblem::CursorUnknown(_)) => StatusCode::CONFLICT,
            Self::AsOf(AsOfProblem::Behind | AsOfProblem::Starting) => StatusCode::SERVICE_UNAVAILABLE,
            Self::AsOf(_) => StatusCode::BAD_REQUEST,
            Self::Machine(status, _) => *status,
        }
    }

    /// Everything there is to say, each with its place where it has one.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let error = |code, what: &str| vec![Issue::error(code, what)];
        match self {
            Self::Invalid(issues) | Self::Precondition(issues) | Self::Refused(issues) => issues.clone(),
            Self::Conflict(issue) | Self::Machine(_, issue) => vec![issue.clone()],
            Self::UnknownType => error(IssueCode::NotSupported, "not a resource type of FHIR R4"),
            Self::NoInteraction => error(IssueCode::NotSupported, "no interaction has this URL"),
            Self::NotFound => error(IssueCode::NotFound, "there is no such record or version"),
            Self::Gone(_) => error(IssueCode::Deleted, "the record was deleted"),
            Self::Method => error(IssueCode::NotSupported, "this URL does not take this method"),
            Self::NotAcceptable => {
                error(IssueCode::NotSupported, "only JSON is answered: application/fhir+json")
            }
            Self::MediaType(taken) => {
                let what = format!("this Content-Type is not taken here: send {taken}");
                vec![Issue::error(IssueCode::NotSupported, what)]
            }
            Self::TooLong { bytes_max } => {
                vec![Issue::error(IssueCode::TooLong, format!("more than {bytes_max} bytes"))]
            }
            Self::TooSlow => error(IssueCode::Timeout, "the body did not arrive in time"),
            Self::Busy => vec![Issue::error(IssueCode::Throttled, Busy.to_string())],
            Self::Header(problem) => {
                let code = match problem {
                    HeaderProblem::CursorUnknown => IssueCode::Conflict,
                    HeaderProblem::Behind => IssueCode::Transient,
                    _ => IssueCode::Value,
                };
                vec![Issue::error(code, problem.to_string())]
            }
            Self::AsOf(problem) => {
                let code = match problem {
                    AsOfProblem::CursorUnknown(_) => IssueCode::Conflict,
                    AsOfProblem::Behind | AsOfProblem::Starting => IssueCode::Transient,
                    AsOfProblem::Misplaced => IssueCode::NotSupported,
                    _ => IssueCode::Value,
                };
                vec![Issue::error(code, problem.to_string())]
            }
        }
    }

    /// All of it in one line.
    pub(crate) fn reason(&self) -> String {
        let one = |issue: Issue| match issue.expression {
            Some(place) => format!("{place}: {}", issue.diagnostics),
            None => issue.diagnostics,
        };
        self.issues().into_iter().map(one).collect::<Vec<_>>().join("; ")
    }

    /// The text of its OperationOutcome.
    pub(super) fn text(&self) -> Vec<u8> {
        operation_outcome(&self.issues()).to_text()
    }

    /// What to answer when a commit was not carried out.
    pub(super) fn of_commit(error: CommitError, sent: &Sent<'_>) -> Self {
        let machine = |status, code, what: String| Self::Machine(status, Issue::error(code, what));
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            CommitError::Conflict { stream, expected, actual } => {
                let what = format!("the record is at version {actual}");
                let issue = sent.about(Issue::error(IssueCode::Conflict, what), &stream);
                match expected {
                    Expect::Version(_) => Self::Precondition(vec![issue]),
                    _ => Self::Conflict(issue),
                }
            }
            CommitError::Refused(reasons) => Self::of_refusals(reasons, sent),
            CommitError::KeyReused => Self::Conflict(Issue::error(
                IssueCode::Duplicate,
                "key-reused: the Idempotency-Key was used before with other content",
            )),
            CommitError::Erased(stream) => {
                let issue = Issue::error(IssueCode::Deleted, "erased: the person it is about was erased");
                let mut issue = sent.about(issue, &stream);
                // The stream named is the subject, which need not be among what was sent.
                issue.expression = issue.expression.filter(|place| !place.is_empty());
                Self::Machine(StatusCode::GONE, issue)
            }
            CommitError::Claimed | CommitError::Busy => {
                machine(unavailable, IssueCode::Transient, "too many others write to the same records".into())
            }
            CommitError::Clock { behind_s } => {
                machine(unavailable, IssueCode::Transient, format!("clock: behind the log by {behind_s} s"))
            }
            CommitError::Full(_) => {
                log(&error);
                machine(StatusCode::INSUFFICIENT_STORAGE, IssueCode::NoStore, "the disk is full".into())
            }
            CommitError::Unavailable(_) => {
                log(&error);
                machine(unavailable, IssueCode::NoStore, "the store is unavailable; nothing was kept".into())
            }
            CommitError::Unanswered(_) => {
                log(&error);
                let what = "the log did not answer: look before trying again";
                machine(StatusCode::GATEWAY_TIMEOUT, IssueCode::Timeout, what.into())
            }
            CommitError::EventUnknown(_) => newer(),
            CommitError::Damaged(_) => {
                log(&error);
                damaged()
            }
        }
    }

    fn of_refusals(reasons: Vec<(usize, usize, Refusal)>, sent: &Sent<'_>) -> Self {
        let malformed = reasons.iter().all(|(_, _, reason)| reason.cause == Cause::Invalid);
        let issue = |(item, _, reason): (usize, usize, Refusal)| {
            Issue::error(code_of(reason.cause), reason.text).at(sent.place(item, &reason.path))
        };
        let issues = reasons.into_iter().map(issue).collect();
        if malformed { Self::Invalid(issues) } else { Self::Refused(issues) }
    }

    /// What to answer when a resource could not be taken apart; `place` is where the resource stands in a bundle.
    pub(super) fn issue_of(refusal: Refusal, place: Option<&str>) -> Issue {
        let path = match place {
            Some(place) => within(place, &refusal.path),
            None => refusal.path,
        };
        Issue::error(code_of(refusal.cause), refusal.text).at(path)
    }
}

impl Sent<'_> {
    /// Where an element of an item's record stands.
    fn place(&self, item: usize, path: &str) -> String {
        match self {
            Self::Alone => path.to_owned(),
            Self::Entries(entries) => match entries.get(item) {
                Some((entry, _)) => within(&format!("Bundle.entry[{entry}].resource"), path),
                None => path.to_owned(),
            },
        }
    }

    fn about(&self, issue: Issue, stream: &StreamName) -> Issue {
        match self {
            Self::Alone => issue,
            Self::Entries(entries) => match entries.iter().find(|(_, sent)| sent == stream) {
                Some((entry, _)) => issue.at(format!("Bundle.entry[{entry}]")),
                None => issue,
            },
        }
    }
}

/// `Patient.name[0]` inside the resource at `place`: the type in front makes room for the place.
pub(super) fn within(place: &str, path: &str) -> String {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    if first.starts_with(|c: char| c.is_ascii_uppercase()) {
        format!("{place}{}", path.get(first.len()..).unwrap_or_default())
    } else {
        format!("{place}.{path}")
    }
}

fn code_of(cause: Cause) -> IssueCode {
    match cause {
        Cause::Invalid => IssueCode::Invalid,
        Cause::BusinessRule => IssueCode::BusinessRule,
        Cause::UnknownEvent | Cause::FutureSchema => IssueCode::NotSupported,
        Cause::NotFound => IssueCode::NotFound,
        Cause::Deleted => IssueCode::Deleted,
        Cause::Exists => IssueCode::Duplicate,
    }
}

/// Whoever runs the server was told when the event was parked.
fn newer() -> Outcome {
    let what = "event-unknown: the record has an event that a newer program wrote, and cannot be changed by this one";
    Outcome::Conflict(Issue::error(IssueCode::NotSupported, what))
}

fn damaged() -> Outcome {
    let issue = Issue::error(IssueCode::Exception, "what is stored is not what was written");
    Outcome::Machine(StatusCode::INTERNAL_SERVER_ERROR, issue)
}

/// The whole chain, for whoever runs the server; the client gets a sentence.
fn log(error: &dyn std::error::Error) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(request_id = request_id::current(), error = chain, "a FHIR request met a failure");
}

impl From<CommitError> for Outcome {
    fn from(error: CommitError) -> Self {
        Self::of_commit(error, &Sent::Alone)
    }
}

impl From<ReadError> for Outcome {
    fn from(error: ReadError) -> Self {
        if matches!(error, ReadError::Newer { .. }) {
            return newer();
        }
        log(&error);
        match error {
            ReadError::Unavailable(_) => Self::Machine(
                StatusCode::SERVICE_UNAVAILABLE,
                Issue::error(IssueCode::NoStore, "the store is unavailable"),
            ),
            ReadError::TooLong => Self::Machine(
                StatusCode::SERVICE_UNAVAILABLE,
                Issue::error(
                    IssueCode::TooCostly,
                    "the query took too long: ask for less, or for a smaller page",
                ),
            ),
            ReadError::Unanswerable(why) => Self::Machine(
                StatusCode::BAD_REQUEST,
                Issue::error(IssueCode::NotSupported, format!("the search cannot be answered: {why}")),
            ),
            ReadError::Newer { .. } => newer(),
            ReadError::Damaged { .. } => damaged(),
        }
    }
}

impl From<AsOfProblem> for Outcome {
    fn from(problem: AsOfProblem) -> Self {
        match problem {
            AsOfProblem::Read(error) => error.into(),
            problem => Self::AsOf(problem),
        }
    }
}

impl From<Unindexed> for Outcome {
    fn from(unindexed: Unindexed) -> Self {
        Self::later(unindexed.to_string())
    }
}

impl From<Reindexed> for Outcome {
    fn from(reindexed: Reindexed) -> Self {
        Self::later(reindexed.to_string())
    }
}

impl From<HeaderProblem> for Outcome {
    fn from(problem: HeaderProblem) -> Self {
        Self::Header(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str) -> StreamName {
        name.parse().unwrap()
    }

    #[test]
    fn commits_that_were_not_carried_out() {
        let conflict = |expected| CommitError::Conflict { stream: stream("Patient/p1"), expected, actual: 3 };
        let refused = |cause| {
            CommitError::Refused(vec![(
                1,
                0,
                Refusal { cause, path: "Patient.status".into(), text: "no".into() },
            )])
        };
        let unknown =
            || CommitError::from(ReadError::Newer { partition: 0, offset: 7, what: "its type is not known" });
        let entries = [(4, stream("Person/x")), (7, stream("Patient/p1"))];
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (conflict(Expect::Version(2)),                412, "Bundle.entry[7]: the record is at version 3"),
            (conflict(Expect::None),                      409, "Bundle.entry[7]: the record is at version 3"),
            (refused(Cause::BusinessRule),                422, "Bundle.entry[7].resource.status: no"),
            (refused(Cause::Invalid),                     400, "Bundle.entry[7].resource.status: no"),
            (CommitError::KeyReused,                      409, "key-reused: the Idempotency-Key was used before with other content"),
            (CommitError::Busy,                           503, "too many others write to the same records"),
            (CommitError::Erased(stream("Patient/gone")), 410, "erased: the person it is about was erased"),
            (unknown(),                                   409, "event-unknown: the record has an event that a newer program wrote, and cannot be changed by this one"),
            (CommitError::Full("x".into()),               507, "the disk is full"),
            (CommitError::Unavailable("x".into()),        503, "the store is unavailable; nothing was kept"),
            (CommitError::Unanswered("x".into()),         504, "the log did not answer: look before trying again"),
        ];
        for (error, status, reason) in cases {
            let outcome = Outcome::of_commit(error, &Sent::Entries(&entries));
            assert_eq!((outcome.status().as_u16(), outcome.reason().as_str()), (status, reason));
        }
    }

    #[test]
    fn places_in_a_bundle() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient.name[0].family", "B.name[0].family"),
            ("Patient",                "B"),
            ("Patient[0]",             "B[0]"),
            ("reason",                 "B.reason"),
            ("resourceType",           "B.resourceType"),
        ];
        for (path, expected) in cases {
            assert_eq!(within("B", path), expected);
        }
    }
}
