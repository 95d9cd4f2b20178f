//! Whatever the text and whatever the JSON: a result or an error, never a panic, never without end.

use anamnesis_fhirpath::{Context, Element, Expression, Kind, Model, Node, Temporal, TypeRef};
use anamnesis_json::{Object, Value};
use proptest::prelude::*;

/// Pieces that expressions are made of.
#[rustfmt::skip] // One a line would be longer and say no more.
const PIECES: &[&str] = &[
    "a", "value", "extension", "Patient", "b", "contained", "$this", "$index", "$total", "%context",
    "%resource", "%x", "%ucum", "'x'", "'1'", "''", "'2012-02-30'", "'é\\u0041'", "1", "0", "2", "-1",
    "1.50", "9223372036854775807", "79228162514264337593543950335", "0.0000000000000000000000000001",
    "@2012", "@2012-02-29", "@9999-12-31", "@2012-01-01T10:00:00.5+14:00", "@2012-01-01T10",
    "@T23:59:59.999", "4 days", "1000000000000000000 years", "2 'mg'", "3 'kg/m2'", "1 'mo'", "{}", "true",
    "false", ".", ".", ".", "(", ")", "(", ")", "[", "]", ",", "+", "-", "*", "/", "div", "mod", "&", "|",
    "<", "<=", ">", ">=", "=", "!=", "~", "!~", "and", "or", "xor", "implies", "in", "contains", "is", "as",
    "System.", "FHIR.", "Quantity", "Integer", "string", "//", "/*", "*/", "`", "\"", "\\", "@", "%", "é",
    "#",
];

/// Calls, each a whole.
#[rustfmt::skip] // One a line would be longer and say no more.
const CALLS: &[&str] = &[
    "abs()", "aggregate($this + $total, 0)", "all($this = 1)", "allTrue()", "anyFalse()", "ceiling()",
    "children()", "coalesce(a, b)", "combine(a)", "comparable(2 'mg')", "contains('x')", "convertsToDate()",
    "convertsToQuantity()", "count()", "decode('base64')", "decode('hex')", "descendants()", "distinct()",
    "empty()", "encode('urlbase64')", "endsWith('x')", "escape('json')", "exclude(a)", "exists()",
    "exists($this > 1)", "exp()", "extension('u')", "first()", "floor()", "getValue()", "hasValue()",
    "highBoundary()", "highBoundary(28)", "htmlChecks()", "iif($this, 1, 2)", "indexOf('x')",
    "intersect(a)", "isDistinct()", "join(',')", "last()", "lastIndexOf('')", "length()", "ln()", "log(10)",
    "log(0.1)", "lowBoundary(0)", "lowBoundary(17)", "lower()", "matches('x+')", "matchesFull(a)",
    "memberOf('u')", "not()", "now()", "ofType(Quantity)", "power(1000)", "power(-0.5)", "power(2.5)",
    "precision()", "repeat(children())", "repeat($this)", "repeat($this + 1)", "replace('x', 'yy')",
    "replace('', 'y')", "replaceMatches('x', '$1')", "resolve()", "round(3)", "select(children())",
    "single()", "skip(1)", "sort()", "sort(-$this)", "split('')", "split(',')", "sqrt()", "startsWith('')",
    "subsetOf(a)", "substring(1)", "substring(0, 9223372036854775807)", "supersetOf(a)", "tail()",
    "take(2)", "timeOfDay()", "toBoolean()", "toChars()", "toDate()", "toDateTime()", "toDecimal()",
    "toInteger()", "toQuantity()", "toString()", "toTime()", "today()", "trace('t')", "trim()",
    "truncate()", "type()", "unescape('html')", "unescape('json')", "union(a)", "upper()",
    "where($this = 'x')", "where(value > 1)", "is(Patient)", "as(Quantity)",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(str::to_owned),
        2 => prop::sample::select(CALLS).prop_map(|call| format!(".{call}")),
        1 => prop::sample::select(CALLS).prop_map(str::to_owned),
    ];
    prop_oneof![
        1 => ".{0,40}",
        4 => prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.join(" ")),
        4 => chain(),
        4 => (chain(), prop::sample::select(OPERATORS), chain()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
    ]
}

const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "div", "mod", "&", "|", "<", "<=", ">", ">=", "=", "!=", "~", "!~", "and", "or",
    "xor", "implies", "in", "contains",
];

/// A term and some calls on it: this always parses.
fn chain() -> impl Strategy<Value = String> {
    let terms: &[&str] = &[
        "$this",
        "a",
        "value",
        "contained",
        "(a | b)",
        "%resource.descendants()",
        "'x1,é'",
        "7",
        "-1.50",
        "9223372036854775807",
        "79228162514264337593543950335.0",
        "0.0000000000000000000000000001",
        "@9999-12-31",
        "@2012-01-01T10:00:00.5+14:00",
        "@T23:59:59.999",
        "100 years",
        "1000000000000000000 'h'",
        "2 'mg'",
        "true",
        "{}",
    ];
    (prop::sample::select(terms.to_vec()), prop::collection::vec(prop::sample::select(CALLS), 0..5))
        .prop_map(|(term, calls)| calls.iter().fold(term.to_owned(), |text, call| format!("{text}.{call}")))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(&["0", "-1", "1.50", "1e400", "-0.0", "99999999999999999999", "1E-30"][..])
            .prop_map(|number| Value::Number(number.into())),
        prop::sample::select(&["", "x", "2012-02-29", "10:30", "#a", "1", "é", "<div>x</div>"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let keys = &[
            "a",
            "_a",
            "value",
            "valueQuantity",
            "valueString",
            "_valueString",
            "extension",
            "url",
            "id",
            "contained",
            "resourceType",
            "code",
            "unit",
            "system",
            "start",
            "b",
        ][..];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(keys), inner), 0..6).prop_map(|pairs| {
                let mut object = Object::new();
                pairs.into_iter().for_each(|(key, value)| object.set(key, value));
                Value::Object(object)
            }),
        ]
    })
}

/// A model of one type, whose elements are of every kind and whose JSON keeps to none of them.
struct Tiny;

const NAMES: &[&str] =
    &["Patient", "Quantity", "string", "date", "decimal", "boolean", "Resource", "Extension", "Element"];

impl Model for Tiny {
    fn type_named(&self, name: &str) -> Option<TypeRef> {
        NAMES.iter().position(|known| *known == name).and_then(|at| u16::try_from(at).ok()).map(TypeRef)
    }

    fn name(&self, of: TypeRef) -> &str {
        NAMES.get(usize::from(of.0)).copied().unwrap_or_default()
    }

    // Round and round: the evaluator must not follow for ever.
    fn parent(&self, of: TypeRef) -> Option<TypeRef> {
        Some(TypeRef((of.0 + 1) % 9))
    }

    fn element(&self, _: TypeRef, json_name: &str) -> Option<Element> {
        let (name, choice) = match json_name {
            "a" => ("Patient", false),
            "b" => ("decimal", false),
            "valueQuantity" => ("Quantity", true),
            "valueString" => ("string", true),
            "start" => ("date", false),
            "contained" => ("Resource", false),
            "extension" => ("Extension", false),
            "code" => ("boolean", false),
            _ => return None,
        };
        Some(Element { of: self.type_named(name)?, kind: Kind::of(name), choice })
    }

    fn has_choice(&self, _: TypeRef, name: &str) -> bool {
        name == "value"
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_over_any_json(text in text(), value in value()) {
        let Ok(expression) = Expression::parse(&text) else { return Ok(()) };
        let mut object = Object::new().with("resourceType", "Patient");
        object.set("a", value);
        let node = Node::resource(&object, None);
        let now = Temporal::date_time("2026-03-04T05:06:07.089+01:00").expect("a moment");
        let context = Context::untyped().now(now).steps_max(100_000);
        let found = expression.evaluate(&context, node);
        // Asking twice gives the same.
        prop_assert_eq!(found.as_ref().map(|all| all.len()).ok(), expression.evaluate(&context, node).map(|all| all.len()).ok());
        // Counting without collecting counts the same.
        if let (Ok(all), Ok(counted)) = (&found, Expression::parse(&format!("({text}\n).count()"))) {
            let count = counted.evaluate(&context, node);
            let count = count.as_ref().ok().and_then(|count| count.items().first()).and_then(|item| match item {
                anamnesis_fhirpath::Item::Integer(count) => usize::try_from(*count).ok(),
                _ => None,
            });
            prop_assert_eq!(count, Some(all.len()));
        }
        let _ = expression.holds(&context.strict(), node);
        let typed = Context::typed(&Tiny).now(now).steps_max(100_000);
        let node = Node::resource(&object, Some(&Tiny));
        let _ = expression.evaluate(&typed, node);
        let _ = expression.truth(&typed.strict(), node);
    }
}

/// What a string can be read as.
const READINGS: &[&str] = &[
    "a.htmlChecks()",
    "a.toDate() | a.toDateTime() | a.toTime()",
    "a.toQuantity() + 1 'mg'",
    "a.toQuantity() = 1 'mg' or a.toQuantity() ~ 1 month",
    "(1 'm').toQuantity(a)",
    "a.toDateTime() + 1 month - 1 day",
    "a.toDateTime().highBoundary() > a.toDateTime().lowBoundary()",
    "a.toDecimal().exp().ln().sqrt().power(3.3)",
    "a.unescape('json') | a.unescape('html') | a.decode('base64') | a.decode('hex')",
    "'x'.matches(a) or 'x'.replaceMatches(a, a).exists()",
    "resolve() | a.resolve()",
];

fn string() -> impl Strategy<Value = String> {
    let pieces: &[&str] = &[
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">",
        "</div>",
        "<p",
        "</p>",
        ">",
        "/>",
        "<",
        "<!--",
        "-->",
        "&",
        "amp;",
        "#x20;",
        "\"",
        "'",
        "=",
        "class",
        "a",
        "é",
        " ",
        "\n",
        "2012",
        "-",
        "02",
        "29",
        "T",
        ":",
        "10",
        ".",
        "5",
        "Z",
        "+",
        "14:00",
        "9999",
        "12-31",
        "1",
        "E",
        "e400",
        "mg",
        "/",
        "dL",
        "{x}",
        "(",
        ")",
        "10*",
        "99",
        "[in_i]",
        " days",
        " 'wk'",
        "\\",
        "\\u00",
        "[",
        "^",
        "$",
        "*",
        "{1000}",
        "|",
        "YQ==",
        "7f",
    ];
    prop_oneof![
        ".{0,30}",
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..14)
            .prop_map(|pieces| pieces.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string_read_as_anything(text in string()) {
        let object = Object::new().with("resourceType", "Patient").with("a", text.as_str());
        let node = Node::resource(&object, None);
        for reading in READINGS {
            let expression = Expression::parse(reading).expect(reading);
            let _ = expression.evaluate(&Context::untyped(), node);
        }
    }
}
