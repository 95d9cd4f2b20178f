//! Given, when, then of what a write alone cannot show: deletions, doors, appended events.

use anamnesis_json::{Object, parse};
use anamnesis_kernel::StreamName;

use super::*;

fn object(text: &str) -> Object {
    let text = text.replace('\'', "\"").replace("LAB", r#""category":[{"coding":[{"code":"laboratory"}]}]"#);
    parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}")).as_object().unwrap().clone()
}

fn state(given: &str) -> State {
    match given {
        "" => State::default(),
        "deleted" => State { version: 2, elements: None },
        text => State { version: 1, elements: Some(object(text)) },
    }
}

fn decided(door: Door, reason: Option<&str>, kind: &str, given: &str, command: Command) -> String {
    let stream: StreamName = format!("{kind}/x").parse().unwrap();
    match decide(&state(given), &Context { stream: &stream, reason, door }, command) {
        Ok(events) => {
            let text = |e: &NewEvent| format!("{} {}", e.kind, String::from_utf8(e.data.to_text()).unwrap());
            events.iter().map(text).collect::<Vec<_>>().join("; ").replace('"', "'")
        }
        Err(refusals) => {
            let text = |r: &Refusal| format!("{:?} {}", r.cause, r.path);
            refusals.iter().map(text).collect::<Vec<_>>().join("; ")
        }
    }
}

/// A URL of such an id leads elsewhere: <https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>.
#[test]
fn ids_that_no_url_leads_to() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // stream          version  may be written
        ("Patient/.",   0,       false),
        ("Patient/..",  0,       false),
        ("Patient/...", 0,       true),
        ("Patient/.a",  0,       true),
        // One that is there already goes on.
        ("Patient/..",  1,       true),
    ];
    for (stream, version, expected) in cases {
        let stream: StreamName = stream.parse().unwrap();
        let state = State { version, elements: None };
        let context = Context { stream: &stream, reason: None, door: Door::Fhir };
        let put = decide(&state, &context, Command::Put(object("{'gender':'male'}")));
        assert_eq!(put.is_ok(), expected, "{stream} {version}");
    }
}

#[test]
fn commands() {
    let put = |text: &str| Command::Put(object(text));
    let late = "{'status':'preliminary',LAB}";
    #[rustfmt::skip]
    let cases = [
     // door          of                    given                                   when                    then
        (Door::Fhir,  "Patient",            "{'gender':'male'}",                    Command::Delete,        "PatientDeleted {}"),
        (Door::Fhir,  "Patient",            "",                                     Command::Delete,        ""),
        (Door::Fhir,  "Patient",            "deleted",                              Command::Delete,        ""),
        (Door::Fhir,  "Patient",            "deleted",                              put("{'gender':'male'}"), "PatientRegistered {'gender':'male'}"),
        (Door::Fhir,  "Patient",            "{'gender':'male'}",                    put("{'gender':'male','x':null,'id':'x','meta':{'versionId':'3'}}"), ""),
        (Door::Fhir,  "Observation",        "{'status':'final',LAB}",               put(late),              "BusinessRule Observation.status"),
        (Door::Api,   "Observation",        "{'status':'final',LAB}",               put(late),              "BusinessRule Observation.status"),
        (Door::Import,"Observation",        "{'status':'final',LAB}",               put(late),              "BusinessRule Observation.status"),
        (Door::Feed,  "Observation",        "{'status':'final',LAB}",               put(late),              "StaleResultIgnored {'ignored':{'status':'preliminary'}}"),
        (Door::Feed,  "Encounter",          "{'status':'finished'}",                put("{'status':'arrived'}"), "BusinessRule Encounter.status"),
        (Door::Fhir,  "Observation",        "{'status':'final',LAB,'valueString':'a'}", put("{'status':'final',LAB,'valueString':'b'}"), "LabResultCorrected {'valueString':'b'}"),
        (Door::Api,   "Observation",        "{'status':'final',LAB,'valueString':'a'}", put("{'status':'final',LAB,'valueString':'b'}"), "Invalid reason"),
        (Door::Fhir,  "Patient",            "{'gender':'male'}",                    Command::EnterInError,  "BusinessRule Patient"),
        (Door::Fhir,  "Observation",        "",                                     Command::EnterInError,  "NotFound stream"),
        (Door::Fhir,  "Observation",        "deleted",                              Command::EnterInError,  "Deleted stream"),
        (Door::Fhir,  "Observation",        "{'status':'final'}",                   Command::EnterInError,  "RecordEnteredInError {'status':'entered-in-error'}"),
        (Door::Fhir,  "Observation",        "{'status':'entered-in-error'}",        Command::EnterInError,  ""),
        (Door::Fhir,  "Goal",               "{'lifecycleStatus':'active'}",         Command::EnterInError,  "RecordEnteredInError {'lifecycleStatus':'entered-in-error'}"),
        (Door::Fhir,  "Condition",          "{'clinicalStatus':{'text':'active'}}", Command::EnterInError,  "RecordEnteredInError {'verificationStatus':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/condition-ver-status','code':'entered-in-error'}]},'clinicalStatus':null}"),
    ];
    for (door, kind, given, when, then) in cases {
        let name = format!("{door:?} {kind} {given} {when:?}");
        assert_eq!(decided(door, None, kind, given, when), then, "{name}");
    }
}

#[test]
fn appended() {
    const WHY: Option<&str> = Some("typed wrong");
    #[rustfmt::skip]
    let cases = [
     // of            given                                   type                        version   data                                        why   then
        ("Patient",   "",                                     "PatientRegistered",        None,     "{'gender':'male'}",                        None, "PatientRegistered {'gender':'male'}"),
        ("Patient",   "",                                     "PatientRegistered",        None,     "{'resourceType':'Patient','id':'x','gender':'male'}", None, "PatientRegistered {'gender':'male'}"),
        ("Patient",   "",                                     "PatientRegistered",        None,     "{'resourceType':'Claim','id':'y','gender':'male'}", None, "Invalid Patient.resourceType; Invalid Patient.id"),
        ("Patient",   "",                                     "PatientRegistered",        None,     "{}",                                       None, "Invalid data"),
        ("Patient",   "",                                     "PatientRegistered",        None,     "{'gender':null}",                          None, "Invalid Patient.gender"),
        ("Patient",   "{'gender':'male'}",                    "PatientRegistered",        None,     "{'gender':'male'}",                        None, "Exists stream"),
        ("Patient",   "deleted",                              "PatientRegistered",        None,     "{'gender':'male'}",                        None, "PatientRegistered {'gender':'male'}"),
        ("Patient",   "",                                     "PatientCreated",           None,     "{'gender':'male'}",                        None, "PatientCreated {'gender':'male'}"),
        ("Patient",   "",                                     "PatientNameChanged",       None,     "{'name':[]}",                              None, "NotFound stream"),
        ("Patient",   "deleted",                              "PatientNameChanged",       None,     "{'name':[]}",                              None, "Deleted stream"),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdated",    Some(1),  "{'new_address':{'city':'Ghent'}}",         None, "PatientAddressUpdated {'new_address':{'city':'Ghent'}}"),
        ("Patient",   "{'address':[{'city':'Ghent'}]}",       "PatientAddressUpdated",    Some(1),  "{'new_address':{'city':'Ghent'}}",         None, ""),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdated",    Some(2),  "{'new_address':{'city':'Ghent'}}",         None, "Invalid data"),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdated",    Some(3),  "{'address':[]}",                           None, "FutureSchema schema_version"),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdated",    Some(0),  "{'address':[]}",                           None, "Invalid schema_version"),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdated",    None,     "{'address':[],'name':[],'gender':'x'}",    None, "Invalid Patient.name; Invalid Patient.gender"),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdated",    None,     "{}",                                       None, "Invalid data"),
        ("Patient",   "{'x':1}",                              "PatientAddressUpdatet",    None,     "{}",                                       None, "UnknownEvent type"),
        ("Patient",   "{'x':1}",                              "ConditionResolved",        None,     "{}",                                       None, "UnknownEvent type"),
        ("Patient",   "{'x':1}",                              "ClaimRevised",             None,     "{}",                                       None, "UnknownEvent type"),
        ("Patient",   "{'x':1}",                              "PatientRevised",           None,     "{'language':'nl','x':null}",               None, "PatientRevised {'language':'nl','x':null}"),
        ("Patient",   "{'x':1}",                              "PatientRevised",           None,     "{'name':[],'language':'nl'}",              None, "Invalid Patient.name"),
        ("Patient",   "{'x':1}",                              "PatientRevised",           None,     "{'deceasedBoolean':true}",                 None, "BusinessRule type; Invalid Patient.deceasedBoolean"),
        ("Patient",   "{'x':1}",                              "PatientDeathDetailsRevised", None,   "{'deceasedBoolean':true}",                 None, "BusinessRule type"),
        ("Patient",   "{'x':1}",                              "PatientDied",              None,     "{'deceasedBoolean':true,'name':[]}",       None, "PatientDied {'deceasedBoolean':true,'name':[]}"),
        ("Patient",   "{'x':1}",                              "PatientDied",              None,     "{'deceasedBoolean':false}",                None, "BusinessRule type"),
        ("Patient",   "{'x':1}",                              "PatientDeleted",           None,     "{}",                                       None, "PatientDeleted {}"),
        ("Patient",   "{'x':1}",                              "PatientDeleted",           None,     "{'x':null}",                               None, "Invalid data"),
        ("Patient",   "",                                     "PatientDeleted",           None,     "{}",                                       None, ""),
        ("Patient",   "{'x':1}",                              "PatientsMerged",           None,     "{'merge':{}}",                             None, "BusinessRule type"),
        ("Condition", "{'x':1}",                              "ConditionResolved",        None,     "{'clinicalStatus':{'coding':[{'code':'resolved'}]}}", None, "ConditionResolved {'clinicalStatus':{'coding':[{'code':'resolved'}]}}"),
        ("Condition", "{'x':1}",                              "ConditionResolved",        None,     "{'clinicalStatus':{'coding':[{'code':'active'}]}}", None, "BusinessRule type"),
        ("Condition", "{'x':1}",                              "ConditionResolved",        None,     "{'clinicalStatus':{'coding':[{'code':'resolved'}]},'subject':{'reference':'Patient/p2'}}", None, "BusinessRule type"),
        ("Condition", "{'subject':{'reference':'Patient/p1'},'x':1}", "RecordMovedToRightPatient", None, "{'subject':{'reference':'Patient/p2'}}", None, "RecordMovedToRightPatient {'subject':{'reference':'Patient/p2'}}"),
        ("Condition", "{'subject':{'reference':'Patient/p1'}}", "RecordMovedToRightPatient", None,  "{'note':[]}",                              None, "BusinessRule type; BusinessRule type"),
        ("Observation", "{'status':'final',LAB,'valueString':'a'}", "LabResultCorrected", None,     "{'valueString':'b'}",                      WHY,  "LabResultCorrected {'valueString':'b'}"),
        ("Observation", "{'status':'final',LAB,'valueString':'a'}", "LabResultCorrected", None,     "{'valueString':'b'}",                      Some(" "), "Invalid reason"),
        ("Observation", "{'status':'preliminary',LAB}",       "LabResultCorrected",       None,     "{'valueString':'b'}",                      WHY,  "BusinessRule type; BusinessRule type"),
        ("Observation", "{'status':'preliminary',LAB}",       "LabResultCorrected",       None,     "{'status':'corrected'}",                   None, "BusinessRule type; Invalid reason"),
        ("Observation", "{'status':'final',LAB,'valueString':'a'}", "LabResultValueUpdated", None,  "{'valueString':'b'}",                      WHY,  "BusinessRule type"),
        ("Observation", "{'status':'final',LAB,'valueString':'a'}", "ObservationValueChanged", None, "{'valueString':'b'}",                     WHY,  "BusinessRule type; BusinessRule type"),
        ("Observation", "{'status':'final',LAB,'valueString':'a'}", "LabResultAmended",   None,     "{'status':'amended','valueString':'b'}",   WHY,  "BusinessRule type; BusinessRule type"),
        ("Observation", "{'status':'final',LAB}",             "LabResultReported",        None,     "{'status':'preliminary'}",                 None, "BusinessRule Observation.status"),
        ("Observation", "{'status':'final',LAB}",             "StaleResultIgnored",       None,     "{'ignored':{}}",                           None, "BusinessRule type"),
        ("Encounter", "{'status':'finished'}",                "EncounterReopened",        None,     "{'status':'in-progress'}",                 WHY,  "EncounterReopened {'status':'in-progress'}"),
        ("Encounter", "{'status':'finished'}",                "EncounterReopened",        None,     "{'status':'in-progress'}",                 None, "Invalid reason"),
        ("Encounter", "{'status':'finished'}",                "EncounterStarted",         None,     "{'status':'in-progress'}",                 WHY,  "BusinessRule Encounter.status"),
        ("Claim",     "{'status':'active'}",                  "ClaimRevised",             None,     "{'status':'cancelled'}",                   None, "ClaimRevised {'status':'cancelled'}"),
        ("Claim",     "{'status':'active'}",                  "ClaimRevised",             None,     "{'Not an element':1}",                     None, "Invalid data"),
    ];
    for (kind, given, name, schema_version, data, reason, then) in cases {
        let command = Command::Append { kind: name.into(), schema_version, data: object(data) };
        assert_eq!(decided(Door::Api, reason, kind, given, command), then, "{name} on {given}: {data}");
    }
}
