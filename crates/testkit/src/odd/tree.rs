//! Changes of a JSON tree: at one node of it something is dropped, doubled, retyped, swapped, deepened or lengthened.

use anamnesis_json::{Object, Value};

use crate::{Rng, odd};

/// How many values there are in a tree, itself counted.
pub fn size(value: &Value) -> u64 {
    let below: u64 = match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(object) => object.iter().map(|(_, value)| size(value)).sum(),
        _ => 0,
    };
    below + 1
}

/// Does something to the value that is the `nth` in the order of the text, if there are so many.
pub fn at(value: &mut Value, nth: u64, change: &mut dyn FnMut(&mut Value)) {
    fn walk(value: &mut Value, left: &mut u64, change: &mut dyn FnMut(&mut Value)) -> bool {
        if *left == 0 {
            change(value);
            return true;
        }
        *left -= 1;
        match value {
            Value::Array(items) => items.iter_mut().any(|item| walk(item, left, change)),
            Value::Object(object) => object.iter_mut().any(|(_, item)| walk(item, left, change)),
            _ => false,
        }
    }
    walk(value, &mut { nth }, change);
}

/// Changes something somewhere.
pub fn spoil(value: &mut Value, rng: &mut Rng) {
    let nth = rng.below(size(value));
    let other = rng.below(size(value));
    let mut elsewhere = Value::Null;
    at(value, other, &mut |found| elsewhere = found.clone());
    at(value, nth, &mut |found| match found {
        Value::Object(object) if rng.chance(70) => pairs(object, &elsewhere, rng),
        Value::Array(items) if rng.chance(70) => list(items, &elsewhere, rng),
        found => *found = instead(found, &elsewhere, rng),
    });
}

/// What stands in a value's place.
fn instead(value: &Value, elsewhere: &Value, rng: &mut Rng) -> Value {
    match rng.below(8) {
        0 => elsewhere.clone(),
        1 => Value::Array(vec![value.clone()]),
        2 => Value::Object(Object::new().with(odd::key(rng), value.clone())),
        3 => odd::deep(rng),
        4 => match value.as_str() {
            Some(text) => Value::from(odd::changed(text, rng)),
            None => odd::value(rng),
        },
        _ => odd::value(rng),
    }
}

fn list(items: &mut Vec<Value>, elsewhere: &Value, rng: &mut Rng) {
    let length = items.len() as u64;
    let place = usize::try_from(rng.below(length)).unwrap_or_default();
    match rng.below(7) {
        0 if !items.is_empty() => drop(items.remove(place)),
        1 => items.extend(items.get(place).cloned()),
        2 => items.reverse(),
        3 => items.push(elsewhere.clone()),
        4 => items.push(odd::value(rng)),
        5 => {
            let one = items.get(place).cloned().unwrap_or_default();
            let many = if one.heap_bytes() < 2_000 { 1 + rng.below(300) } else { 2 };
            items.extend((0..many).map(|_| one.clone()));
        }
        _ => items.clear(),
    }
}

fn pairs(object: &mut Object, elsewhere: &Value, rng: &mut Rng) {
    let mut pairs: Vec<_> = std::mem::take(object).into_iter().collect();
    let length = pairs.len() as u64;
    let place = usize::try_from(rng.below(length)).unwrap_or_default();
    let there = pairs.get(place).cloned();
    match (rng.below(8), there) {
        (0 | 1, Some(_)) => drop(pairs.remove(place)),
        // Written out, this is a key that stands twice.
        (2, Some(pair)) => pairs.push(pair),
        (3, Some((_, value))) => pairs.push((odd::key(rng).into(), value)),
        (4, Some((key, value))) => pairs.push((format!("_{key}").into(), value)),
        (5, Some((key, _))) => {
            pairs.retain(|(known, _)| *known != key);
            pairs.push((key, elsewhere.clone()));
        }
        (6, _) => pairs.reverse(),
        _ => pairs.push((odd::key(rng).into(), odd::value(rng))),
    }
    for (key, value) in pairs {
        object.push(key, value);
    }
}
