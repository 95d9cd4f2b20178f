//! A failing request made small: what can go without the failure going is left out.

use anamnesis_json::Value;

use super::shot::Shot;
use anamnesis_testkit::odd::tree;

/// How often a smaller request is tried.
const TRIES_MAX: usize = 300;

/// The smallest request found that still fails.
pub fn shrink(shot: &Shot, mut fails: impl FnMut(&Shot) -> bool) -> Shot {
    let mut small = shot.clone();
    let mut tries = 0;
    let mut smaller = true;
    while smaller && tries < TRIES_MAX {
        smaller = false;
        for candidate in candidates(&small) {
            tries += 1;
            if tries > TRIES_MAX {
                break;
            }
            if fails(&candidate) {
                small = candidate;
                smaller = true;
                break;
            }
        }
    }
    small
}

/// The request with one thing less each, the large things first.
fn candidates(shot: &Shot) -> Vec<Shot> {
    let mut all = Vec::new();
    let with = |change: &dyn Fn(&mut Shot)| {
        let mut less = shot.clone();
        change(&mut less);
        less
    };
    if !shot.body.is_empty() {
        all.push(with(&|less| less.body.clear()));
    }
    if shot.chunked {
        all.push(with(&|less| less.chunked = false));
    }
    for place in 0..shot.headers.len() {
        all.push(with(&|less| drop(less.headers.remove(place))));
    }
    for place in 0..shot.flaws.len() {
        all.push(with(&|less| {
            less.flaws.remove(place);
        }));
    }
    match anamnesis_json::parse_with_depth(&shot.body, 10_000) {
        Ok(value) => {
            let fewer = (0..tree::size(&value)).filter_map(|nth| without(&value, nth));
            all.extend(fewer.map(|value| with(&|less| less.body = value.to_text())));
        }
        Err(_) => {
            for step in [2, 4, 16, 64] {
                let length = (shot.body.len() / step).max(1);
                for begin in (0..shot.body.len()).step_by(length) {
                    let end = shot.body.len().min(begin + length);
                    all.push(with(&|less| drop(less.body.drain(begin..end))));
                }
            }
        }
    }
    all
}

/// The tree without the members of its `nth` node one half or one at a time; none where it has none.
fn without(value: &Value, nth: u64) -> Option<Value> {
    let mut less = value.clone();
    let mut changed = false;
    tree::at(&mut less, nth, &mut |found| match found {
        Value::Array(items) if !items.is_empty() => {
            items.truncate(items.len() / 2);
            changed = true;
        }
        Value::Object(object) if !object.is_empty() => {
            let key = object.keys().last().unwrap_or_default().to_owned();
            object.remove(&key);
            changed = true;
        }
        _ => {}
    });
    changed.then_some(less)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_left() {
        let body = br#"{"a":[1,2,{"bad":true,"more":[1,2,3]}],"b":{"c":"d"}}"#;
        let shot =
            Shot::new("PUT", "/fhir/Patient/a").header("x", "y").body("application/json", body.as_slice());
        let fails = |shot: &Shot| shot.has("x") && shot.body.windows(3).any(|three| three == b"bad");
        let small = shrink(&shot, fails);
        assert!(fails(&small));
        assert!(small.headers.len() == 1 && small.body.len() < body.len() / 2, "{small}");
    }
}
