//! The language, function by function, over JSON alone: an expression, and what it gives, as text.
//!
//! <http://hl7.org/fhirpath/N1>; a table stands for each of its chapters.

use anamnesis_fhirpath::{Collection, Context, Expression, Item, Node, Resolver, Temporal};
use anamnesis_json::{Object, Value};

const PATIENT: &str = r##"{
  "resourceType": "Patient", "id": "p", "active": true, "birthDate": "1974-12-25",
  "_birthDate": {"id": "b", "extension": [{"url": "u", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
  "name": [
    {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
    {"use": "usual", "given": [null, "Jim"], "_given": [{"extension": [{"url": "u", "valueString": "x"}]}, null]}
  ],
  "multipleBirthInteger": 2,
  "contact": [{"period": {"start": "2012"}}],
  "managingOrganization": {"reference": "#o"},
  "generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "Practitioner/2"}],
  "contained": [{"resourceType": "Organization", "id": "o", "name": "Acme"}],
  "extension": [{"url": "w", "valueQuantity": {"value": 72.50, "unit": "kg", "code": "kg"}},
    {"url": "huge", "valueQuantity": {"value": 1E400, "unit": "kg"}}]
}"##;

/// Finds one practitioner.
struct Directory {
    practitioner: Object,
}

impl Resolver for Directory {
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>> {
        (reference == "Practitioner/1").then(|| Node::resource(&self.practitioner, None))
    }
}

/// The items as text, with commas between them; or the error.
fn said(text: &str) -> String {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return format!("! {error}"),
    };
    let patient = anamnesis_json::parse(PATIENT.as_bytes()).expect("the patient is JSON");
    let directory = Directory {
        practitioner: Object::new().with("resourceType", "Practitioner").with("gender", "female"),
    };
    let now = Temporal::date_time("2026-03-04T05:06:07.089+01:00").expect("a moment");
    let context = Context::untyped().now(now).resolver(&directory).variable("limit", Collection::one(3_i64));
    let node = Node::resource(patient.as_object().expect("it is an object"), None);
    match expression.evaluate(&context, node) {
        Ok(found) => found.iter().map(shown).collect::<Vec<_>>().join(", "),
        Err(error) => format!("! {error}"),
    }
}

fn shown(item: &Item<'_>) -> String {
    match item {
        Item::Boolean(flag) => flag.to_string(),
        Item::Integer(number) => number.to_string(),
        Item::Decimal(number) => format!("{number}d"),
        Item::String(text) => format!("'{text}'"),
        Item::Temporal(temporal) => format!("@{temporal}"),
        Item::Quantity(quantity) => quantity.to_string(),
        Item::Type(of) => format!("{}.{}", of.namespace, of.name),
        Item::Node(node) => match node.as_leaf() {
            Some(Value::String(text) | Value::Number(text)) => text.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            _ => "…".to_owned(),
        },
    }
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(said(text), *expected, "{text}");
    }
}

#[test]
fn an_expression_is_for_many_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Expression::parse("name.given").expect("it parses"));
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn paths() {
    check(&[
        ("Patient.name.given",                              "Peter, James, …, Jim"),
        ("name.given.where(hasValue())",                    "Peter, James, Jim"),
        ("Resource.id",                                     "p"),
        ("Observation.id",                                  ""),
        ("name[1].use",                                     "usual"),
        ("name[7]",                                         ""),
        ("multipleBirth",                                   "2"),
        ("extension('w').value.unit",                       "kg"),
        ("extension('w').value > 72 'kg'",                  "true"),
        ("birthDate.extension('u').value",                  "1974-12-25T14:35:45-05:00"),
        ("birthDate.id",                                    "b"),
        ("birthDate.hasValue()",                            "true"),
        ("name.given[2].hasValue()",                        "false"),
        ("name.given[2].extension.value",                   "x"),
        ("name.given[0].extension",                         ""),
        ("name.given.getValue()",                           ""),
        ("birthDate.getValue()",                            "1974-12-25"),
        ("nothing.at.all",                                  ""),
        ("managingOrganization.resolve().name",             "Acme"),
        ("generalPractitioner.resolve().gender",            "female"),
        ("generalPractitioner.resolve().is(Practitioner)",  "true"),
        ("'#o'.resolve().is(Organization)",                 "true"),
        ("'#'.resolve().id",                                "p"),
        ("contained.ofType(Organization).name",             "Acme"),
        ("contained.ofType(Patient)",                       ""),
        ("contained.children()",                            "o, Acme"),
        ("contact.descendants()",                           "…, 2012"),
        ("children().count()",                              "13"),
        ("%resource.id & %rootResource.id & %context.id",   "'ppp'"),
        ("%limit + 1",                                      "4"),
        ("%unset",                                          "! a variable is not set"),
        ("%`vs-languages`",                                 "'http://hl7.org/fhir/ValueSet/languages'"),
        ("%\"ext-birthPlace\"",                             "'http://hl7.org/fhir/StructureDefinition/birthPlace'"),
        ("%loinc | %sct",                                   "'http://loinc.org', 'http://snomed.info/sct'"),
    ]);
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn existence_and_filters() {
    check(&[
        ("{}.empty()",                                      "true"),
        ("name.exists(use = 'usual')",                      "true"),
        ("name.where(use = 'old').exists()",                "false"),
        ("name.all(given.exists())",                        "true"),
        ("{}.all(false)",                                   "true"),
        ("(true | false).allTrue()",                        "false"),
        ("(true | false).anyTrue()",                        "true"),
        ("(true | false).anyFalse()",                       "true"),
        ("false.allFalse()",                                "true"),
        ("(1 | 2).subsetOf(1 | 2 | 3)",                     "true"),
        ("(1 | 2).supersetOf(1 | 2 | 3)",                   "false"),
        ("(1 | 2 | 2).count()",                             "2"),
        ("1.combine(1).isDistinct()",                       "false"),
        ("name.select(given.first())",                      "Peter, …"),
        ("name.given.select($index)",                       "0, 1, 2, 3"),
        ("(1 | 2 | 3).aggregate($total + $this, 0)",        "6"),
        ("(3 | 1 | 2).sort()",                              "1, 2, 3"),
        ("(3 | 1 | 2).sort(-$this)",                        "3, 2, 1"),
        ("(1 | 2 | 3).first()",                             "1"),
        ("(1 | 2 | 3).last()",                              "3"),
        ("(1 | 2 | 3).tail()",                              "2, 3"),
        ("(1 | 2 | 3).skip(-1)",                            "1, 2, 3"),
        ("(1 | 2 | 3).take(0)",                             ""),
        ("(1 | 2).single()",                                "! one item is wanted where there are several"),
        ("(1 | 2 | 3).intersect(3 | 2 | 2)",                "2, 3"),
        ("(1 | 2 | 3).exclude(2)",                          "1, 3"),
        ("1.union(1 | 2)",                                  "1, 2"),
        ("'a'.combine('a').distinct()",                     "'a'"),
        ("(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 9.0 | 1.00).count()", "9"),
        ("(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9).intersect(1.0 | 2.50 | 9).count()", "2"),
        ("1.0.subsetOf(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9)",  "true"),
        ("iif(name.exists(), 'yes')",                       "'yes'"),
        ("name.given.first().iif($this = 'Peter', 1, 2)",   "1"),
        ("coalesce({}, nothing, 'a', 'b')",                 "'a'"),
        ("(1 | 'a' | true).ofType(String)",                 "'a'"),
        ("contact.repeat(period | start)",                  "…, 2012"),
        ("name.given.trace('given', use).count()",          "4"),
    ]);
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn strings() {
    check(&[
        ("'abc'.indexOf('c')",                              "2"),
        ("'abc'.indexOf('x')",                              "-1"),
        ("'äbäb'.lastIndexOf('b')",                         "3"),
        ("'äbc'.substring(1, 1)",                           "'b'"),
        ("'abc'.substring(3)",                              ""),
        ("'abc'.substring(1, 0)",                           "''"),
        ("'abc'.substring({})",                             ""),
        ("'äb'.upper() + 'ÄB'.lower()",                     "'ÄBäb'"),
        ("'äb'.length()",                                   "2"),
        ("'ab'.toChars()",                                  "'a', 'b'"),
        ("'abab'.replace('ab', 'c')",                       "'cc'"),
        ("'abc'.replace('', 'x')",                          "'xaxbxcx'"),
        ("'11/30/1972'.replaceMatches('(\\\\d+)/(\\\\d+)', '$2-$1')", "'30-11/1972'"),
        ("'a,b,,c'.split(',')",                             "'a', 'b', '', 'c'"),
        ("('a' | 'b').join('-')",                           "'a-b'"),
        ("' a '.trim()",                                    "'a'"),
        ("'abc'.matches('B')",                              "false"),
        ("'abc'.matches('b')",                              "true"),
        ("'abc'.matchesFull('b')",                          "false"),
        ("'abc'.matchesFull('a.c|b')",                      "true"),
        ("'abc'.matches('(' + 'b')",                        "! a broken regular expression"),
        ("'test'.encode('hex')",                            "'74657374'"),
        ("'74657374'.decode('hex')",                        "'test'"),
        ("'test~ü'.encode('base64').decode('base64')",      "'test~ü'"),
        ("'subjects?_d'.encode('urlbase64')",               "'c3ViamVjdHM_X2Q='"),
        ("'a'.encode('base64')",                            "'YQ=='"),
        ("'YQ==='.decode('base64')",                        ""),
        ("'<\"&\\''.escape('html')",                        "'&lt;&quot;&amp;&#39;'"),
        ("'&amp;lt;'.unescape('html')",                     "'&lt;'"),
        ("'\"a\\n'.escape('json')",                         "'\\\"a\\n'"),
        ("'a'.encode('rot13')",                             "! an unknown format"),
        ("'a' & {} & 'b'",                                  "'ab'"),
        ("1.startsWith('1')",                               "! a string is wanted"),
    ]);
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn numbers() {
    check(&[
        ("1 + 2 * 3",                                       "7"),
        ("1 / 4",                                           "0.25d"),
        ("1 / 0",                                           ""),
        ("7 div 2",                                         "3"),
        ("-7 div 2",                                        "-3"),
        ("7 mod 0",                                         ""),
        ("5.5 mod 0.7",                                     "0.6d"),
        ("9223372036854775807 + 1",                         ""),
        ("0.1 + 0.2",                                       "0.3d"),
        ("1 + {}",                                          ""),
        ("1 + 'a'",                                         "! an operator is used on values it is not for"),
        ("(-5).abs()",                                      "5"),
        ("1.1.ceiling()",                                   "2"),
        ("(-1.1).floor()",                                  "-2"),
        ("3.14159.round(3)",                                "3.142d"),
        ("2.5.round()",                                     "3d"),
        ("81.sqrt()",                                       "9d"),
        ("16.log(2)",                                       "4d"),
        ("2.power(10)",                                     "1024"),
        ("2.power(-1)",                                     "0.5d"),
        ("(-1).power(0.5)",                                 ""),
        ("2.power(100)",                                    ""),
        ("0.ln()",                                          ""),
        ("1.587.highBoundary(0)",                           "2d"),
        ("1.587.lowBoundary()",                             "1.58650000d"),
        ("1.5 'mg'.highBoundary(2)",                        "1.55 'mg'"),
        ("1.58700.precision()",                             "5"),
    ]);
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn logic_and_comparison() {
    check(&[
        ("{} and false",                                    "false"),
        ("{} or true",                                      "true"),
        ("{} implies true",                                 "true"),
        ("true implies {}",                                 ""),
        ("{} implies false",                                ""),
        ("true xor {}",                                     ""),
        ("{}.not()",                                        ""),
        ("false and (1 | 2).single()",                      "false"),
        ("(1 | 2) and true",                                "! one item is wanted where there are several"),
        ("(1 | 2) = (2 | 1)",                               "false"),
        ("(1 | 2) ~ (2 | 1)",                               "true"),
        ("1 = {}",                                          ""),
        ("{} ~ {}",                                         "true"),
        ("'Ab  c' ~ 'aB c'",                                "true"),
        ("1 = '1'",                                         "false"),
        ("1.0 = 1",                                         "true"),
        ("1 < 'a'",                                         "! values without a common order are compared"),
        ("name[0] = name[0]",                               "true"),
        ("name[0] = name[1]",                               "false"),
        ("extension('huge').value = extension('huge').value.value", "false"),
        ("(extension('huge') | extension('huge').value).count()", "2"),
        ("extension('huge').value.value > 1",               "! a number beyond 28 digits is not supported"),
        ("extension('huge').value.value.toString()",        "'1E400'"),
        ("1 in (1 | 2)",                                    "true"),
        ("{} in (1 | 2)",                                   ""),
        ("(1 | 2) contains 3",                              "false"),
        ("birthDate < today()",                             "true"),
        ("birthDate = @1974-12-25",                         "true"),
        ("birthDate = @1974",                               ""),
        ("contact.period.start < @2012-06",                 ""),
        ("@2012-01-01T10:00Z = @2012-01-01T11:00+01:00",    "true"),
        ("1 'mg' = 0.001 'g'",                              "true"),
        ("1 'mg' < 1 'm'",                                  ""),
        ("1 'mg' = 1 'm'",                                  "false"),
        ("1 year = 12 months",                              "true"),
        ("1 year = 1 'a'",                                  ""),
        ("1 year ~ 1 'a'",                                  "true"),
        ("1 week = 7 days",                                 "true"),
        ("1 minute = 60 's'",                               "true"),
        ("1 'cm'.comparable(1 '[in_i]')",                   "true"),
        ("1 'cm'.comparable(1 's')",                        "false"),
    ]);
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn dates_and_quantities() {
    check(&[
        ("now()",                                           "@2026-03-04T05:06:07.089+01:00"),
        ("today()",                                         "@2026-03-04"),
        ("timeOfDay()",                                     "@05:06:07.089"),
        ("@2012-01-31 + 1 month",                           "@2012-02-29"),
        ("@2012-02-29 + 1 year",                            "@2013-02-28"),
        ("@2012 + 23 months",                               "@2013"),
        ("@2012-03 - 30 days",                              "@2012-02"),
        ("@2012-03-01 + 49 hours",                          "@2012-03-03"),
        ("@2012-12-31T23:59:59Z + 1 second",                "@2013-01-01T00:00:00Z"),
        ("@T23:30 + 60 minutes",                            "@00:30"),
        ("@9999-12-31 + 1 day",                             ""),
        ("@2012 + 1000000000000000000 years",               ""),
        ("@2012 + 1 'kg'",                                  "! a date can only be moved by a calendar duration"),
        ("@2012-01-01 + 1 'a'",                             "! a date cannot be moved by a mean month or year"),
        ("@2012-02.highBoundary(8)",                        "@2012-02-29"),
        ("@2012.lowBoundary(17)",                           ""),
        ("@2012T.lowBoundary(17)",                          "@2012-01-01T00:00:00.000+14:00"),
        ("@2012-01-01T10:30Z.highBoundary(17)",             "@2012-01-01T10:30:59.999Z"),
        ("@T10.precision()",                                "2"),
        ("1 'cm' + 1 'm'",                                  "101 'cm'"),
        ("3 'm' * 2",                                       "6 'm'"),
        ("6 'm' / 2 's' = 3 'm/s'",                         "true"),
        ("6 'm' / 2 'm'",                                   "3 '1'"),
        ("-(3 days)",                                       "-3 days"),
        ("extension('w').value + 0.50 'kg'",                "73.00 'kg'"),
    ]);
}

#[test]
#[rustfmt::skip] // A table reads by column.
fn conversions_and_types() {
    check(&[
        ("'true'.toBoolean() | 'F'.toBoolean()",            "true, false"),
        ("2.toBoolean()",                                   ""),
        ("'+7'.toInteger()",                                "7"),
        ("'7.0'.toInteger()",                               ""),
        ("'1.50'.toDecimal()",                              "1.50d"),
        ("'.5'.convertsToDecimal()",                        "false"),
        ("'2012-02-30'.convertsToDate()",                   "false"),
        ("'2012-02-29T10:00Z'.toDate()",                    "@2012-02-29"),
        ("@2012-02.toDateTime()",                           "@2012-02"),
        ("'24:00'.convertsToTime()",                        "false"),
        ("'10:30'.toTime()",                                "@10:30"),
        ("'4 days'.toQuantity()",                           "4 days"),
        ("'1.5 \\'mg\\''.toQuantity()",                     "1.5 'mg'"),
        ("'1.5mg'.convertsToQuantity()",                    "false"),
        ("1500 'mg'.toQuantity('g')",                       "1.500 'g'"),
        ("'2 weeks'.toQuantity('days')",                    "14 days"),
        ("1 'mg'.convertsToQuantity('m')",                  "false"),
        ("true.toString() & 1.50.toString()",               "'true1.50'"),
        ("name.first().toString()",                         ""),
        ("(1 | 2).toString()",                              "! one item is wanted where there are several"),
        ("1.type()",                                        "System.Integer"),
        ("type().name",                                     "'Patient'"),
        ("1 is Integer and 1 is System.Integer",            "true"),
        ("1 is FHIR.integer",                               "false"),
        ("active is boolean",                               "true"),
        ("active is System.Boolean",                        "false"),
        ("birthDate is date",                               "true"),
        ("(1 | 'a').is(Integer)",                           "! one item is wanted where there are several"),
        ("extension('w').value as Quantity",                "…"),
        ("$this is Patient and $this is DomainResource",    "true"),
        ("1 is System.Integr",                              "! no such type"),
        ("1 is Quantity.unit",                              "! no such type"),
        ("{} is Anything",                                  ""),
        ("conformsTo('http://example.org/profile')",        "! conformsTo() with a profile is not supported"),
        ("active.memberOf('http://hl7.org/fhir/ValueSet/languages')", "! memberOf() is not supported"),
    ]);
}
