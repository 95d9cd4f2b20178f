//! Values that go together.

use super::*;

/// <https://hl7.org/fhir/R4/search.html#composite>
#[test]
fn composites() {
    #[rustfmt::skip] // A table reads by column.
    check(&limits(), &[
        ("Observation", "code-value-quantity=l|1$gt5||mg",           "(code l|1 and value-quantity .. 5.000000000000001.. *|mg)"),
        ("Observation", "component-code-value-quantity=l|1$gt5",     "[component-code l|1 + component-value-quantity .. 5.000000000000001..]"),
        ("Observation", "component-code-value-quantity=1$gt5,2$lt4", "([component-code *|1 + component-value-quantity .. 5.000000000000001..] or [component-code *|2 + component-value-quantity ..3.9999999999999996 ..])"),
        ("Observation", r"code-value-quantity=a\$b$gt5",             "(code *|a$b and value-quantity .. 5.000000000000001..)"),
        ("Observation", "code-value-quantity=1",                     "! code-value-quantity: not 2 values with $ between them"),
        ("Observation", "code-value-quantity=1$2$3",                 "! code-value-quantity: not 2 values with $ between them"),
        ("Observation", "code-value-quantity=1$x",                   "! code-value-quantity: not a number, such as 5.4 or lt5.40e-3"),
        ("Observation", "code-value-quantity:missing=true",          "! code-value-quantity:missing: this modifier is not supported on a parameter of type composite"),
    ]);
}
