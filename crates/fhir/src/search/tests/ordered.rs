//! Dates, numbers and amounts, with their prefixes.

use super::*;

const PREFIX: &str = "not a prefix: eq, ne, lt, gt, le, ge, sa, eb or ap";

/// <https://hl7.org/fhir/R4/search.html#date>
#[test]
fn dates() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Observation", "date=1970-01-01",                          "date 0.. ..86399999999"),
        ("Observation", "date=eq1970-01-01",                        "date 0.. ..86399999999"),
        ("Observation", "date=ne1970-01-01",                        "(date ..-1 .. or date .. 86400000000..)"),
        ("Observation", "date=lt1970-01-01",                        "date ..-1 .."),
        ("Observation", "date=gt1970-01-01",                        "date .. 86400000000.."),
        ("Observation", "date=le1970-01-01",                        "(date ..-1 .. or date 0.. ..86399999999)"),
        ("Observation", "date=ge1970-01-01&date=lt1971",            "(date .. 86400000000.. or date 0.. ..86399999999) and date ..31535999999999 .."),
        ("Observation", "date=sa1970-01-01",                        "date 86400000000.. .."),
        ("Observation", "date=eb1970-01-01",                        "date .. ..-1"),
        // Nine days before now, so nearly a day to each side; the day of now has no gap.
        ("Observation", "date=ap1970-01-01",                        "date ..164159999999 -77760000000.."),
        ("Observation", "date=ap1970-01-11",                        "date ..950399999999 864000000000.."),
        ("Observation", "date=1970-01-01T00:00:01+01:00",           "date -3599000000.. ..-3598000001"),
        ("Observation", "date=xx1970-01-01",                        &format!("! date: {PREFIX}")),
        ("Observation", "date=soon",                                "! date: not a prefix: eq, ne, lt, gt, le, ge, sa, eb or ap"),
        ("Observation", "date=ä",                                   "! date: not a date, such as 2026-03-01 or ge2026-03"),
        ("Observation", "date=1970-01-01 00:00",                    "! date: not a date, such as 2026-03-01 or ge2026-03"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#lastUpdated>
#[test]
fn last_updated() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Patient",     "_lastUpdated=1970-01-01",                  "updated 0..86399999999"),
        ("Patient",     "_lastUpdated=gt1970-01-01",                "updated 86400000000.."),
        ("Patient",     "_lastUpdated=ge1970-01-01",                "(updated 86400000000.. or updated 0..86399999999)"),
        ("Patient",     "_lastUpdated=lt1970-01-01",                "updated ..-1"),
        ("Patient",     "_lastUpdated=ne1970-01-01",                "(updated ..-1 or updated 86400000000..)"),
        ("Patient",     "_lastUpdated=sa1970-01-01",                "updated 86400000000.."),
        ("Patient",     "_lastUpdated=eb1970-01-01",                "updated ..-1"),
        ("Patient",     "_lastUpdated=x",                           "! _lastUpdated: not a date, such as 2026-03-01 or ge2026-03"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#number>
#[test]
fn numbers() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("RiskAssessment", "probability=100",                       "probability 99.5.. ..100.49999999999999"),
        ("RiskAssessment", "probability=100.00",                    "probability 99.995.. ..100.00499999999998"),
        ("RiskAssessment", "probability=1e2",                       "probability 95.. ..104.99999999999999"),
        ("RiskAssessment", "probability=lt100",                     "probability ..99.99999999999999 .."),
        ("RiskAssessment", "probability=le100",                     "probability ..100 .."),
        ("RiskAssessment", "probability=gt100",                     "probability .. 100.00000000000001.."),
        ("RiskAssessment", "probability=ge100",                     "probability .. 100.."),
        ("RiskAssessment", "probability=ne100",                     "(probability ..99.49999999999999 .. or probability .. 100.5..)"),
        ("RiskAssessment", "probability=sa100",                     "probability 100.00000000000001.. .."),
        ("RiskAssessment", "probability=eb100",                     "probability .. ..99.99999999999999"),
        ("RiskAssessment", "probability=ap100",                     "probability ..110 90.."),
        ("RiskAssessment", "probability=ap-100",                    "probability ..-90 -110.."),
        ("RiskAssessment", "probability=x",                         "! probability: not a number, such as 5.4 or lt5.40e-3"),
        ("RiskAssessment", "probability=gt",                        "! probability: not a number, such as 5.4 or lt5.40e-3"),
        ("RiskAssessment", "probability=zz1",                       &format!("! probability: {PREFIX}")),
        ("RiskAssessment", "probability:missing=true",              "not probability in Quantity"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#quantity>
#[test]
fn quantities() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Observation", "value-quantity=5.4",                       "value-quantity 5.35.. ..5.449999999999999"),
        ("Observation", "value-quantity=ge5.4||mg",                 "value-quantity .. 5.4.. *|mg"),
        ("Observation", "value-quantity=ge5.4|s|x",                 "value-quantity .. 5.4.. s|x"),
        ("Observation", "value-quantity=ge5.4|s|",                  "value-quantity .. 5.4.. s|*"),
        ("Observation", "value-quantity=ge5.4|http://unitsofmeasure.org|g",
            "(value-quantity .. 5.4.. http://unitsofmeasure.org|g or value-quantity .. 5400.. http://unitsofmeasure.org|mg)"),
        ("Observation", "value-quantity=5.4|http://unitsofmeasure.org|mg",
            "(value-quantity 5.35.. ..5.449999999999999 http://unitsofmeasure.org|mg or value-quantity 0.00535.. ..0.005449999999999999 http://unitsofmeasure.org|g)"),
        ("Observation", "value-quantity=ge37|http://unitsofmeasure.org|Cel", "value-quantity .. 37.. http://unitsofmeasure.org|Cel"),
        ("Observation", "value-quantity=5.4|mg",                    "! value-quantity: not a number, or a number with its unit: number|system|code or number||unit"),
        ("Observation", "value-quantity=|s|mg",                     "! value-quantity: not a number, such as 5.4 or lt5.40e-3"),
    ]);
}
