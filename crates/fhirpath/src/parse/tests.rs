//! Trees in words, faults, and the limit on depth.

use super::*;

/// The tree in words, parentheses everywhere.
fn shown(expr: &Expr) -> String {
    match expr {
        Expr::This => "this".into(),
        Expr::Index => "index".into(),
        Expr::Total => "total".into(),
        Expr::Nothing => "{}".into(),
        Expr::Literal(literal) => match literal.item() {
            crate::Item::Integer(n) => n.to_string(),
            crate::Item::Quantity(q) => format!("«{q}»"),
            crate::Item::String(text) => format!("'{text}'"),
            other => format!("{other:?}"),
        },
        Expr::Variable(variable) => format!("%{variable:?}"),
        Expr::Child { base, name } => format!("{}.{name}", shown(base)),
        Expr::Head(name) => name.to_string(),
        Expr::At { base, index } => format!("{}[{}]", shown(base), shown(index)),
        Expr::Call(call) => {
            let arguments: Vec<_> = call.arguments.iter().map(shown).collect();
            let function = match call.function {
                Function::Test(test) => format!("{test:?}"),
                function => format!("{function:?}"),
            };
            format!("{}.{function}({})", shown(&call.base), arguments.join(", "))
        }
        Expr::Is { base, of } => format!("({} is {})", shown(base), of.name),
        Expr::As { base, of } => format!("({} as {})", shown(base), of.name),
        Expr::Negative(base) => format!("-({})", shown(base)),
        Expr::Positive(base) => format!("+({})", shown(base)),
        Expr::Arithmetic { op, left, right } => format!("({} {op:?} {})", shown(left), shown(right)),
        Expr::Condition { op: Condition::Compare(op), left, right } => {
            format!("({} {op:?} {})", shown(left), shown(right))
        }
        Expr::Condition { op, left, right } => format!("({} {op:?} {})", shown(left), shown(right)),
        Expr::Union(parts) => format!("({})", parts.iter().map(shown).collect::<Vec<_>>().join(" | ")),
    }
}

#[test]
fn precedence() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("a.b or c and d",              "(a.b Or (c And d))"),
        ("a implies b or c",            "(a Implies (b Or c))"),
        ("1 + 2 * 3 - 4",               "((1 Add (2 Multiply 3)) Subtract 4)"),
        ("-1.abs()",                    "-(1.Abs())"),
        ("- -1 * 2",                    "(-(-(1)) Multiply 2)"),
        ("a = b | c | d",               "(a Equal (b | c | d))"),
        ("1 | 1 is Integer",            "(1 | (1 is Integer))"),
        ("a as Quantity < 3 'mg'",      "((a as Quantity) Less «3 'mg'»)"),
        ("a.as(Quantity).contains('x')", "(a as Quantity).Contains('x')"),
        ("contains contains in",        "(contains Contains in)"),
        ("a in b",                      "(a In b)"),
        ("text.div.exists()",           "text.div.Exists()"),
        ("4 days + 1 div 2",            "(«4 days» Add (1 Div 2))"),
        ("a[0].b[1 + 1]",               "a[0].b[(1 Add 1)]"),
        ("where($this = $index)",       "this.Where((this Equal index))"),
        ("{}.empty()",                  "{}.Empty()"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&parse(text).expect(text)), expected, "{text}");
    }
}

#[test]
fn faults() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("",                    "the expression ends too early at character 1"),
        ("a.",                  "the expression ends too early at character 3"),
        ("a b",                 "unexpected character or word at character 3"),
        ("(a",                  "the expression ends too early at character 3"),
        ("a + ",                "the expression ends too early at character 5"),
        ("a.nothing()",         "an unknown function at character 3"),
        ("a.where()",           "the wrong number of arguments at character 3"),
        ("a.matches('[')",      "a broken regular expression at character 3"),
        ("é",                   "unexpected character or word at character 1"),
        ("'é' + 'ü",            "an opened string, name or comment is not closed at character 7"),
        ("@2015-13",            "a literal out of range at character 1"),
        ("99999999999999999999", "a literal out of range at character 1"),
        ("$it",                 "unexpected character or word at character 1"),
        ("a is",                "the expression ends too early at character 5"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn depth_has_a_limit() {
    let too_large = |text: String| parse(&text).expect_err("too large").reason == Reason::TooLarge;
    assert!(too_large(format!("a{}", ".b".repeat(DEPTH_MAX))));
    assert!(too_large(format!("{}a{}", "(".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX))));
    assert!(too_large(format!("{}1", "-".repeat(DEPTH_MAX))));
    assert!(too_large(format!("1{}", " + 1".repeat(DEPTH_MAX))));
    assert!(too_large("a".repeat(TEXT_BYTES_MAX + 1)));
    assert!(parse(&format!("a{}", " | a".repeat(1_000))).is_ok());
    let half = DEPTH_MAX / 2;
    let nested = format!("{}a{}", "(".repeat(half), format!("{}).x", ".b".repeat(half)).repeat(half));
    assert!(too_large(nested));
}
