//! Amounts are found in every unit of UCUM that measures the same, whichever they were written in.

use anamnesis_e2e::{count, last_cursor, send};
use anamnesis_testkit::{Http, Server};

const UCUM: &str = "http://unitsofmeasure.org";

fn observe(http: &Http, id: &str, value: &str, unit: &str) -> u16 {
    let body = format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"glucose"}},
        "valueQuantity":{{"value":{value},"system":"{UCUM}","code":"{unit}"}}}}"#
    );
    send(http, "PUT", &format!("/fhir/Observation/{id}"), &[], &body).status
}

#[test]
fn an_amount_is_found_in_other_units_as_soon_as_it_is_written_and_as_of_then() {
    let mut server = Server::start();
    let http = server.http();
    let asked = |http: &Http, asked: &str| count(http, &format!("Observation?value-quantity={asked}"));
    let in_grams = format!("ge1|{UCUM}|g/L");
    assert_eq!(asked(&http, &in_grams), 0);
    assert_eq!(observe(&http, "a", "120", "mg/dL"), 201);
    assert_eq!(asked(&http, &in_grams), 1, "its unit is new, and known at once");
    let then = last_cursor(&http);
    assert_eq!(observe(&http, "b", "1300000", "ug/L"), 201);
    assert_eq!(asked(&http, &in_grams), 2);
    assert_eq!(observe(&http, "a", "120", "mm[Hg]"), 200);
    assert_eq!(asked(&http, &in_grams), 1, "a pressure is no concentration");
    assert_eq!(asked(&http, &format!("{in_grams}&_asOf={then}")), 1);
    server.restart();
    let http = server.http();
    assert_eq!(asked(&http, &in_grams), 1, "after a restart");
    assert_eq!(asked(&http, &format!("1.2|{UCUM}|g/L&_asOf={then}")), 1, "what was there then");
}
