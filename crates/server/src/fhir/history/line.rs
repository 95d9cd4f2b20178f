//! What is said of one version in a history, beside its content.

use anamnesis_store::{Body, RecordVersion};

use crate::fhir::reply::etag;

/// What is said of one version beside its content.
pub(super) struct Line {
    pub(super) deleted: bool,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) status: &'static str,
    pub(super) etag: String,
    pub(super) modified: String,
}

impl Line {
    /// Of a version, by the one before it.
    pub(super) fn of(version: &RecordVersion, before: Option<&RecordVersion>) -> Self {
        let deleted = matches!(version.body, Body::Deleted);
        let begins = before.is_none_or(|before| matches!(before.body, Body::Deleted));
        // An id that was minted here was never the client's to PUT.
        let minted = version.name.id.to_uuid().is_some_and(|id| id.get_version_num() == 8);
        let (method, status) = match (deleted, begins) {
            (true, _) => ("DELETE", "204 No Content"),
            (false, true) if minted && before.is_none() => ("POST", "201 Created"),
            (false, true) => ("PUT", "201 Created"),
            (false, false) => ("PUT", "200 OK"),
        };
        let url = if method == "POST" { version.name.kind.to_string() } else { version.name.to_string() };
        Self {
            deleted,
            method,
            url,
            status,
            etag: etag(version.version),
            modified: version.began.to_millis_text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_kernel::{Instant, Version};
    use anamnesis_store::RecordNumber;

    fn version(name: &str, version: Version, body: Body) -> RecordVersion {
        RecordVersion {
            number: RecordNumber { partition: 0, record: 0 },
            name: name.parse().unwrap(),
            version,
            began: Instant::from_micros(0),
            ended: None,
            offset: 0,
            body,
            corrects: None,
        }
    }

    #[test]
    fn what_a_version_came_of() {
        let (put, minted) = ("Patient/p1", "Patient/01890a5d-ac96-8b74-a1c2-0242ac120002");
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (version(put, 1, Body::InLog),      None,                                    "PUT Patient/p1 201 Created"),
            (version(minted, 1, Body::InLog),   None,                                    "POST Patient 201 Created"),
            (version(put, 2, Body::InLog),      Some(version(put, 1, Body::InLog)),      "PUT Patient/p1 200 OK"),
            (version(put, 3, Body::Deleted),    Some(version(put, 2, Body::InLog)),      "DELETE Patient/p1 204 No Content"),
            (version(put, 4, Body::InLog),      Some(version(put, 3, Body::Deleted)),    "PUT Patient/p1 201 Created"),
        ];
        for (one, before, expected) in cases {
            let line = Line::of(&one, before.as_ref());
            assert_eq!(format!("{} {} {}", line.method, line.url, line.status), expected);
        }
    }
}
