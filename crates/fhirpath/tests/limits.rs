//! The limits: the deepest expressions fit the stack, and what would run away is stopped.

use anamnesis_fhirpath::{Context, DEPTH_MAX, EvalError, Expression, Limit, Node};
use anamnesis_json::Object;

#[test]
fn the_deepest_expressions_fit_the_stack() {
    let object = Object::new().with("resourceType", "Patient").with("a", "x");
    let node = Node::resource(&object, None);
    let deep = |open: &str, inner: &str, close: &str| {
        let mut last = None;
        for depth in 1..=DEPTH_MAX {
            let text = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            let Ok(expression) = Expression::parse(&text) else { break };
            last = Some((depth, expression.truth(&Context::untyped(), node)));
        }
        let (depth, said) = last.expect("one level parses");
        assert!(depth > DEPTH_MAX / 3, "{open}: only {depth} levels");
        assert!(said.is_ok(), "{open}: {said:?}");
    };
    deep("iif(true, ", "a", ")");
    deep("where(", "true", ")");
    deep("(1 = ", "1", ")");
    deep("(", "true", " and true)");
    deep("select(", "a", ")");
    deep("exists(", "a", ")");
    deep("a.all(", "true", ")");
    deep("", "a", ".not()");
    deep("-", "1", "");
    deep("(1 | ", "1", ").first()");
    deep("aggregate(", "a", ", 1)");
    deep("repeat(", "b", ")");
    deep("coalesce(", "a", ")");
    deep("a.sort(", "a", ")");
}

#[test]
fn limits_hold() {
    let object = Object::new().with("resourceType", "Patient");
    let node = Node::resource(&object, None);
    let said = |text: &str| {
        let expression = Expression::parse(text).expect(text);
        expression.evaluate(&Context::untyped().steps_max(300_000), node).map(|found| found.len())
    };
    // Each number is new, for ever.
    assert_eq!(said("0.repeat($this + 1)"), Err(EvalError::TooCostly(Limit::Steps)));
    let doubled = "select($this + $this)";
    let text = format!("'x'{}", format!(".{doubled}").repeat(30));
    assert_eq!(said(&text), Err(EvalError::TooCostly(Limit::StringBytes)));
    let tripled = "select($this.combine($this).combine($this))";
    let text = format!("'x'{}", format!(".{tripled}").repeat(20));
    assert_eq!(said(&text), Err(EvalError::TooCostly(Limit::Steps)));
    assert_eq!(said("'xxxxxxxx'.replace('', 'yyyyyyyyyy').length()"), Ok(1));
}
