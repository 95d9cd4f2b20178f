//! Texts and URIs.

use super::*;

/// <https://hl7.org/fhir/R4/search.html#string>
#[test]
fn strings() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Patient",     "name=MUÑOZ,van  Dyk",                      "(name munoz… or name van dyk…)"),
        ("Patient",     "name:contains=ÑO",                         "name …no…"),
        ("Patient",     "name:exact=Muñoz",                         "name 'Muñoz'"),
        ("Patient",     r"name:exact=a\,b\$c",                      "name 'a,b$c'"),
        ("Patient",     "name:missing=false",                       "name in Text"),
        ("Patient",     "name=a,",                                  "! name: an empty value"),
        ("Patient",     "name:text=a",                              "! name:text: this modifier is not supported on a parameter of type string"),
        ("Patient",     "name:above=a",                             "! name:above: this modifier is not supported on a parameter of type string"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#uri>
#[test]
fn uris() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("ValueSet",    "url=http://Acme.org/a",                    "url http://Acme.org/a"),
        ("ValueSet",    "url=urn:oid:1.2",                          "url urn:oid:1.2"),
        ("ValueSet",    "url:below=http://acme.org/fhir",           "(url http://acme.org/fhir or url http://acme.org/fhir/…)"),
        ("ValueSet",    "url:below=http://acme.org/fhir/",          "url http://acme.org/fhir/…"),
        ("ValueSet",    "url:above=http://a.org/b/c",               "(url http://a.org/b/c or url http://a.org or url http://a.org/ or url http://a.org/b or url http://a.org/b/)"),
        ("ValueSet",    "url:below=urn:oid:1.2",                    "! url:below: not a URL: only those are above and below one another"),
        ("Patient",     "_profile=http://p",                        "_profile http://p"),
        ("ValueSet",    "url:contains=x",                           "! url:contains: this modifier is not supported on a parameter of type uri"),
    ]);
}
