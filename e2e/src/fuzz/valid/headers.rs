//! Headers that any request may carry, fitting or not.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Maker, Shot};
use anamnesis_testkit::odd::SECRET;

const PROVENANCE: &str = r#"{"resourceType":"Provenance","recorded":"2026-03-01T12:00:00Z","agent":[{"who":{"reference":"Practitioner/d1","display":"Zz9Qxsecret"}}]}"#;

impl Maker<'_> {
    /// The request with some headers more.
    pub(super) fn with_headers(&mut self, mut shot: Shot) -> Shot {
        for (name, percent) in [
            ("if-match", 6),
            ("if-none-match", 5),
            ("if-modified-since", 3),
            ("prefer", 10),
            ("anamnesis-wait", 12),
            ("anamnesis-cursor", 6),
            ("anamnesis-reason", 8),
            ("idempotency-key", 10),
            ("x-provenance", 6),
            ("x-request-id", 5),
            ("accept", 8),
            ("accept-encoding", 10),
            ("origin", 3),
            ("x-http-method-override", 1),
            ("cookie", 1),
        ] {
            if self.rng.chance(percent) && !shot.has(name) {
                let value = self.header_value(name);
                shot = shot.header(name, value);
            }
        }
        if !shot.body.is_empty() {
            if self.rng.chance(8) {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                if packed.write_all(&shot.body).is_ok() {
                    shot.body = packed.finish().unwrap_or_default();
                    shot = shot.header("content-encoding", "gzip");
                }
            }
            shot.chunked = self.rng.chance(6);
        }
        shot
    }

    fn header_value(&mut self, name: &str) -> String {
        let one = |all: &[&str], maker: &mut Self| (*maker.rng.one_of(all)).to_owned();
        match name {
            "if-match" => format!("W/\"{}\"", self.version()),
            "if-none-match" if self.rng.chance(50) => "*".to_owned(),
            "if-none-match" => format!("W/\"{}\"", self.version()),
            "if-modified-since" => {
                one(&["Wed, 25 Nov 2026 12:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "yesterday"], self)
            }
            "prefer" => one(
                &[
                    "return=minimal",
                    "return=representation",
                    "return=OperationOutcome",
                    "handling=strict",
                    "handling=lenient, return=minimal",
                    "respond-async",
                ],
                self,
            ),
            "anamnesis-wait" => one(&["log", "log", "views", "ages"], self),
            "anamnesis-cursor" => self.cursor(),
            "anamnesis-reason" => format!("{SECRET} fell"),
            "idempotency-key" => format!("key-{}", self.rng.below(12)),
            "x-provenance" => PROVENANCE.to_owned(),
            "x-request-id" => self.rng.uuid(),
            "accept" => one(
                &[
                    "application/fhir+json",
                    "application/json",
                    "*/*",
                    "application/fhir+xml",
                    "text/html, */*;q=0.1",
                    "image/png",
                    "application/fhir+json;fhirVersion=4.0",
                    ";;;,,,",
                ],
                self,
            ),
            "accept-encoding" => one(&["gzip", "gzip, br", "identity;q=0", "deflate", "*"], self),
            "origin" => "http://example.org".to_owned(),
            "x-http-method-override" => "DELETE".to_owned(),
            _ => SECRET.to_owned(),
        }
    }
}
