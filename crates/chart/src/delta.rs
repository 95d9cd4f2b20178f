//! What differs between two states of a record, by top-level property.
//!
//! Invariant: applying the delta to the one gives what is the same as the other; `x` and `_x` travel together.

use anamnesis_json::{Object, Value};

use crate::elements::Elements;

/// The keys whose values differ, in the order of `after`, then what was removed.
pub(crate) fn changed<'a>(before: &'a Elements, after: &'a Elements) -> Vec<&'a str> {
    let mut keys: Vec<&str> = Vec::new();
    for (key, value) in after.iter() {
        if !before.get(key).is_some_and(|old| old.same(value)) {
            keys.push(key);
        }
    }
    keys.extend(before.keys().filter(|key| !after.contains_key(key)));
    // A primitive's extensions stand beside it; a reader of the event must see the pair.
    let beside: Vec<&str> = before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(key)))
        .filter(|key| !keys.contains(key) && keys.iter().any(|changed| are_pair(key, changed)))
        .collect();
    keys.extend(beside);
    keys
}

/// The delta that carries `keys`: what `after` has for each, null where it has nothing.
pub(crate) fn carrying<'a>(keys: impl IntoIterator<Item = &'a str>, after: &Elements) -> Object {
    keys.into_iter().map(|key| (key, after.get(key).cloned().unwrap_or_default())).collect()
}

/// Sets and removes what the delta says.
pub(crate) fn apply(elements: &mut Elements, delta: &Object) {
    for (key, value) in delta.iter() {
        if *value == Value::Null {
            elements.remove(key);
        } else {
            elements.set(key, value.clone());
        }
    }
}

fn are_pair(a: &str, b: &str) -> bool {
    a.strip_prefix('_') == Some(b) || b.strip_prefix('_') == Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn what_changed() {
        let object = |text: &str| parse(text.as_bytes()).unwrap().as_object().unwrap().clone();
        #[rustfmt::skip]
        let cases = [
         // before                                  after                                   delta
            (r#"{"a":1}"#,                          r#"{"a":1}"#,                           r#"{}"#),
            (r#"{"a":{"x":1,"y":2}}"#,              r#"{"a":{"y":2,"x":1}}"#,               r#"{}"#),
            (r#"{"a":1.5}"#,                        r#"{"a":1.50}"#,                        r#"{"a":1.50}"#),
            (r#"{"a":1,"b":2}"#,                    r#"{"b":2}"#,                           r#"{"a":null}"#),
            (r#"{"a":[1,2]}"#,                      r#"{"a":[2,1]}"#,                       r#"{"a":[2,1]}"#),
            (r#"{"b":"1","_b":{"id":"x"}}"#,        r#"{"b":"2","_b":{"id":"x"}}"#,         r#"{"b":"2","_b":{"id":"x"}}"#),
            (r#"{"b":"1","_b":{"id":"x"}}"#,        r#"{"b":"1"}"#,                         r#"{"_b":null,"b":"1"}"#),
            (r#"{"b":"1"}"#,                        r#"{"_b":{"id":"x"}}"#,                 r#"{"_b":{"id":"x"},"b":null}"#),
        ];
        for (before, after, delta) in cases {
            let (mut before, after) = (object(before), object(after));
            let found = carrying(changed(&before, &after), &after);
            assert_eq!(String::from_utf8(found.to_text()).unwrap(), delta);
            apply(&mut before, &found);
            assert!(before.same(&after));
        }
    }
}
