//! Searches over several types: <https://hl7.org/fhir/R4/search.html#searchcontexts>.

use super::*;

#[test]
fn types() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("", "_type=Patient&name=a",                    "name a…"),
        ("", "_type=Patient,Practitioner",              "(type Patient or type Practitioner)"),
        ("", "_type=Patient,Practitioner&name=a",       "((type Patient and name a…) or (type Practitioner and name a…))"),
        ("", "_type=Patient&_type=Practitioner&_tag=t", "((type Patient and _tag *|t) or (type Practitioner and _tag *|t))"),
        ("", "_type=Patient,Dragon",                    "! _type: not a type of resource"),
        ("", "_type=Patient,Practitioner&_sort=name",   "! _sort: several types can only be sorted by _id and _lastUpdated"),
    ]);
    let found = parsed("", "_type=Patient,Practitioner&birthdate=1970", &limits()).unwrap();
    assert_eq!(
        (found.ignored.join(" "), found.query.kind),
        ("birthdate".to_owned(), None),
        "not one of each type"
    );
    let strict = Limits { strict: true, ..limits() };
    let what = "not supported for all the types that are searched, or without a value";
    assert_eq!(asked("", "_type=Patient,Group&name=a", &strict), format!("! name: {what}"));
    let all = parsed("", "_id=a", &limits()).unwrap();
    let [Filter::Any(any)] = all.query.all.as_slice() else { panic!("each type") };
    assert_eq!(any.len(), ResourceType::all().count());
}
