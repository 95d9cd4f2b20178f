//! Codes and identifiers.

use super::*;

/// <https://hl7.org/fhir/R4/search.html#token>
#[test]
fn tokens() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
     // type           query                                       criteria, or what was said
        ("Patient",     "",                                         "type Patient"),
        ("Patient",     "_id=a,b",                                  "(id a or id b)"),
        ("Patient",     "identifier=s|1",                           "identifier s|1"),
        ("Patient",     "identifier=|1",                            "identifier |1"),
        ("Patient",     "identifier=1",                             "identifier *|1"),
        ("Patient",     "identifier=s|",                            "identifier s|*"),
        ("Patient",     r"identifier=a\|b\,c|d\\",                  r"identifier a|b,c|d\"),
        ("Patient",     r"identifier=x\y",                          r"identifier *|x\y"),
        ("Observation", "code=l|1,2&code=3",                        "(code l|1 or code *|2) and code *|3"),
        ("Observation", "combo-code=1",                             "(code *|1 or component-code *|1)"),
        ("Patient",     "identifier=|",                             "! identifier: an empty value"),
        ("Patient",     "identifier=a|b|c",                         r"! identifier: more than one |; inside a code it is written \|"),
        ("Patient",     "_id=a_b",                                  "! _id: not an id: 1 to 64 of A-Z a-z 0-9 - ."),
        ("Patient",     "_tag=t|x",                                 "_tag t|x"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#modifiers>
#[test]
fn modifiers() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Patient",     "gender:not=male,female",                   "not (gender *|male or gender *|female)"),
        ("Patient",     "gender:missing=true",                      "not gender in Token"),
        ("Patient",     "gender:missing=false",                     "gender in Token"),
        ("Observation", "combo-code:missing=true",                  "not (code in Token or component-code in Token)"),
        ("Patient",     "gender:missing=maybe",                     "! gender:missing: neither true nor false"),
        ("Observation", "code:text=Head  Ache",                     "code head ache…"),
        ("Observation", "code:in=http://vs",                        "(code |a or code s|a or code |b or code s|b)"),
        ("Observation", "code:not-in=http://vs",                    "not (code |a or code s|a or code |b or code s|b)"),
        ("Observation", "code:in=http://unknown",                   "! code:in: not a value set that is known here and whose codes can be listed"),
        ("Observation", "code:below=s|a",                           "(code s|a or code s|a1)"),
        ("Observation", "code:above=s|a1",                          "(code s|a or code s|a1)"),
        ("Observation", "code:below=a",                             "! code:below: not a code with its system: system|code"),
        ("Observation", "code:below=t|a",                           "! code:below: not a code of a code system whose hierarchy is known here"),
        ("Patient",     "identifier:of-type=t|MR|12",               "identifier:of-type t|MR|12"),
        ("Patient",     "identifier:of-type=MR|12",                 "! identifier:of-type: not the system and code of a type, and a value: system|code|value"),
        ("Patient",     "identifier:exact=1",                       "! identifier:exact: this modifier is not supported on a parameter of type token"),
        ("Patient",     "identifier:Smith Anna=1",                  "! a parameter: this modifier is not supported on a parameter of type token"),
        ("Patient",     "_id:not=a",                                "! _id:not: this modifier is not supported on this parameter"),
        ("Observation", "near=1|2",                                 "! near: this parameter is not supported"),
    ]);
}
