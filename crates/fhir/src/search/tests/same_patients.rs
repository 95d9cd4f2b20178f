//! Patients who are the same.

use super::*;

#[test]
fn one_stands_for_all() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // query                                 asks for      becomes
        ("patient=p1",                        "p1",         "(patient Patient/p1 or patient Patient/p2)"),
        ("subject=p1",                        "p1",         "(patient Device/p1 or patient Group/p1 or (patient Patient/p1 or patient Patient/p2))"),
        ("subject=Group/p1",                  "",           "patient Group/p1"),
        ("patient=p3,p1",                     "p1 p3",      "(patient Patient/p3 or (patient Patient/p1 or patient Patient/p2))"),
        ("patient.link=Patient/p1",           "p1",         "patient>Patient.(link Patient/p1 or link Patient/p2)"),
        ("_filter=not (patient re Patient/p1)", "p1",       "not (patient Patient/p1 or patient Patient/p2)"),
        ("code=1",                            "",           "code *|1"),
    ];
    for (query, asks, becomes) in cases {
        let mut query_of = parsed("Observation", query, &limits()).unwrap().query;
        let found: Vec<_> = patients(&query_of).into_iter().collect();
        assert_eq!(found.join(" "), asks, "{query}");
        as_one(&mut query_of, &|id| if id == "p1" { vec!["p1".into(), "p2".into()] } else { vec![] });
        assert_eq!(joined(&query_of.all, " and "), becomes, "{query}");
    }
}
