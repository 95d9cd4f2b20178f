//! References, chains there and back, lists.

use super::*;

/// <https://hl7.org/fhir/R4/search.html#reference>
#[test]
fn references() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Observation", "patient=p1",                               "patient Patient/p1"),
        ("Observation", "patient=Patient/p1",                       "patient Patient/p1"),
        ("Observation", "patient=http://here/fhir/Patient/p1",      "patient Patient/p1"),
        ("Observation", "patient=Group/g",                          "! patient: not a reference to a Patient"),
        ("Observation", "patient=http://else/Patient/p1",           "! patient: not a reference to a Patient of this server"),
        ("Observation", "subject=p1",                               "(patient Device/p1 or patient Group/p1 or patient Patient/p1)"),
        ("AuditEvent",  "entity=p1",                                "entity */p1"),
        ("Observation", "subject=Group/g,Patient/p",                "(patient Group/g or patient Patient/p)"),
        ("Observation", "subject=Practitioner/x",                   "! subject: not a reference to a type that can stand there"),
        ("Observation", "subject=http://else/Patient/p1",           "patient /http://else/Patient/p1"),
        ("Observation", "subject:Patient=p1",                       "patient Patient/p1"),
        ("Observation", "subject:Patient=Patient/p1",               "patient Patient/p1"),
        ("Observation", "subject:Patient=Group/g",                  "! subject:Patient: not a reference to a Patient"),
        ("Observation", "subject:Practitioner=x",                   "! subject:Practitioner: cannot refer to this type"),
        ("Observation", "subject:identifier=s|1",                   "patient s|1"),
        ("Observation", "subject:missing=true",                     "not patient in Reference"),
        ("Observation", "patient:missing=true",                     "not patient to a Patient"),
        ("Observation", "subject:above=x",                          "! subject:above: this modifier is not supported on a parameter of type reference"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#chaining>
#[test]
fn chains() {
    let nowhere = "leads nowhere: what it refers to has no such search parameter";
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Observation", "subject:Patient.name=a",                   "patient>Patient.name a…"),
        ("Observation", "subject.name=a,b",                         "patient>Patient.(name a… or name b…)"),
        ("Observation", "performer.name=a",                         "(performer>Organization.name a… or performer>Patient.name a… or performer>Practitioner.name a…)"),
        ("Observation", "patient.organization.name:exact=A",        "patient>Patient.organization>Organization.name 'A'"),
        ("Observation", "subject:Patient.organization.partof._id=o", "patient>Patient.organization>Organization.partof>Organization.id o"),
        ("Observation", "patient.birthdate=lt1970&patient.name=a",  "patient>Patient.birthdate ..-1 .. and patient>Patient.name a…"),
        ("AuditEvent",  "entity:Patient.name=a",                    "entity>Patient.name a…"),
        ("AuditEvent",  "entity.birthdate=lt1970",                  "entity>Patient.birthdate ..-1 .."),
        ("Observation", "subject.hair=red",                         &format!("! subject.hair: {nowhere}")),
        ("Observation", "subject:Group.name=red",                   &format!("! subject:Group.name: {nowhere}")),
        ("Observation", "subject:Practitioner.name=a",              "! subject:Practitioner.name: cannot refer to this type"),
        ("Observation", "code.name=a",                              "! code.name: leads nowhere: a parameter before the last does not refer to records"),
        ("Observation", "patient.name:above=a",                     "! patient.name:above: this modifier is not supported on a parameter of type string"),
        ("Observation", "patient.birthdate=soon",                   "! patient.birthdate: not a prefix: eq, ne, lt, gt, le, ge, sa, eb or ap"),
        ("Observation", "subject:missing.name=a",                   "! subject:missing.name: what it refers to can only be named by its type"),
    ]);
    let short = Limits { chain_depth_max: 2, ..limits() };
    let deep = "organization.partof.partof.name=a";
    assert_eq!(
        asked("Patient", deep, &short),
        "! organization.partof.partof.name: leads over more than 2 records"
    );
}

/// <https://hl7.org/fhir/R4/search.html#has>
#[test]
fn back() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Patient",     "_has:Observation:patient:code=1",          "Observation.patient<code *|1"),
        ("Patient",     "_has:Observation:patient:code=1,2",        "Observation.patient<(code *|1 or code *|2)"),
        ("Patient",     "_has:Observation:patient:code:not=1",      "Observation.patient<not code *|1"),
        ("Patient",     "_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/x", "Observation.patient<AuditEvent.entity<agent Practitioner/x"),
        ("Patient",     "_has:Observation:patient:performer:Organization.name=a", "Observation.patient<performer>Organization.name a…"),
        ("Observation", "patient._has:Group:member:_id=g",          "patient>Patient.Group.member<id g"),
        ("Patient",     "_has:Observation:code:code=1",             "! _has:Observation:code:code: leads nowhere: a parameter before the last does not refer to records"),
        ("Organization", "_has:Observation:subject:code=1",         "! _has:Observation:subject:code: leads nowhere: Observation does not refer to a Organization there"),
        ("Patient",     "_has:Dragon:patient:code=1",               "! _has:Dragon:patient:code: names no type of resource behind _has"),
        ("Patient",     "_has:Observation:patient=1",               "! _has:Observation:patient: not a type, a parameter that refers, and one that is asked: _has:Observation:patient:code"),
        ("Patient",     "_has=1",                                   "! _has: says no type and parameter: _has:Observation:patient:code"),
        ("Patient",     "_has:Observation:patient:hair=1",          "! _has:Observation:patient:hair: Observation has no such search parameter"),
        ("Patient",     "_list=42,List/43",                         "List.item<(id 42 or id 43)"),
        ("Patient",     "_list=$current-problems",                  "! _list: lists that are known by what they mean are not supported"),
        ("Patient",     "_list=a b",                                "! _list: not the id of a List"),
    ]);
}
