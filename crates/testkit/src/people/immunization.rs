//! Vaccines given, and now and then not given (<https://hl7.org/fhir/R4/immunization.html>).

use anamnesis_json::Object;
use compact_str::format_compact;

use super::elements::{Code, bare, cvx, decimal, hl7, list, object, quantity};
use super::life::{Life, Visit};

const REFUSED: Code =
    hl7("http://terminology.hl7.org/CodeSystem/v3-ActReason", "PATOBJ", "patient objection");
const LEFT_ARM: Code = hl7("http://terminology.hl7.org/CodeSystem/v3-ActSite", "LA", "left arm");
const ROUTE: &str = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration";

const INFLUENZA: Code = cvx("140", "Influenza, seasonal, injectable, preservative free");
const CHILDHOOD: [Code; 7] = [
    cvx("20", "DTaP"),
    cvx("10", "IPV"),
    cvx("03", "MMR"),
    cvx("21", "varicella"),
    cvx("133", "Pneumococcal conjugate PCV 13"),
    cvx("08", "Hep B, adolescent or pediatric"),
    cvx("49", "Hib (PRP-OMP)"),
];
const ADULT: [Code; 4] =
    [INFLUENZA, cvx("113", "Td (adult) preservative free"), cvx("43", "Hep B, adult"), cvx("121", "zoster")];

/// Writes a vaccination of this visit: a child mostly gets two, an adult mostly the one against influenza.
pub(super) fn tell(life: &mut Life<'_>, visit: &Visit) {
    if life.person.age_years() < 10 {
        let (one, two) = (*life.rng.one_of(&CHILDHOOD), *life.rng.one_of(&CHILDHOOD));
        write(life, one, visit);
        if one.code != two.code {
            write(life, two, visit);
        }
    } else {
        let code = if life.rng.chance(60) { INFLUENZA } else { *life.rng.one_of(&ADULT) };
        write(life, code, visit);
    }
}

fn write(life: &mut Life<'_>, code: Code, visit: &Visit) {
    let refused = life.rng.chance(4);
    let mut immunization: Object = object! { "status": if refused { "not-done" } else { "completed" } };
    if refused {
        immunization.push("statusReason", REFUSED.concept());
    }
    immunization.push("vaccineCode", code.concept());
    immunization.push("patient", life.me());
    immunization.push("encounter", life.draft.refer(&visit.encounter));
    immunization.push("occurrenceDateTime", life.time(visit.at));
    immunization.push("primarySource", true);
    if !refused {
        immunization.push("lotNumber", format_compact!("L{:05}", life.rng.below(100_000)));
        immunization.push("site", LEFT_ARM.concept());
        immunization.push("route", bare(ROUTE, "IM"));
        immunization.push("doseQuantity", quantity(decimal(50, 2), "mL", "mL"));
        immunization.push("performer", list![object! { "actor": life.doctor() }]);
    }
    let link = life.draft.link("Immunization");
    life.draft.write(&link, immunization);
}
