//! JSON Patch: <https://www.rfc-editor.org/rfc/rfc6902>.

use anamnesis_json::{Object, Value};

use super::number::worth_same;
use super::pointer::{Pointer, follow, index};
use super::{Bounds, Failure, OPERATIONS_MAX, inapplicable};
use crate::outcome::{Issue, IssueCode};

/// A JSON Patch that was understood; its operations are done in order.
pub struct JsonPatch(Vec<(Pointer, Operation)>);

enum Operation {
    Add(Value),
    Remove,
    Replace(Value),
    Move(Pointer),
    Copy(Pointer),
    Test(Value),
}

/// Shows how many operations there are and nothing of them.
impl std::fmt::Debug for JsonPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JsonPatch({} operations)", self.0.len())
    }
}

impl JsonPatch {
    /// Reads a patch document.
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`] with everything wrong with it.
    pub fn read(document: Value) -> Result<Self, Failure> {
        let malformed =
            |code, what: String| Err(Failure::Malformed(vec![Issue::error(code, what).at("patch")]));
        let Value::Array(items) = document else {
            return malformed(IssueCode::Structure, "must be an array of operations".into());
        };
        if items.len() > OPERATIONS_MAX {
            let what = format!("has {} operations; at most {OPERATIONS_MAX} are taken", items.len());
            return malformed(IssueCode::TooLong, what);
        }
        let mut operations = Vec::with_capacity(items.len());
        let mut issues = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            match operation(item) {
                Ok(operation) => operations.push(operation),
                Err((member, code, what)) => {
                    issues.push(Issue::error(code, what).at(format!("patch[{at}]{member}")));
                }
            }
        }
        issues.truncate(crate::check::ISSUES_MAX);
        if issues.is_empty() { Ok(Self(operations)) } else { Err(Failure::Malformed(issues)) }
    }

    /// The document after all operations; the first that fails ends it.
    ///
    /// # Errors
    ///
    /// [`Failure::Inapplicable`] with the operation that failed.
    pub fn apply(&self, mut document: Value, bounds: &Bounds) -> Result<Value, Failure> {
        let mut budget = bounds.copied_bytes_max;
        for (at, (path, operation)) in self.0.iter().enumerate() {
            one(&mut document, path, operation, bounds.nesting_max, &mut budget)
                .map_err(|what| inapplicable(&format!("patch[{at}]"), what))?;
        }
        Ok(document)
    }
}

type Wrong = (&'static str, IssueCode, &'static str);

fn operation(item: Value) -> Result<(Pointer, Operation), Wrong> {
    let Value::Object(mut item) = item else {
        return Err(("", IssueCode::Structure, "must be an object"));
    };
    let name = item.remove("op");
    let name =
        name.as_ref().and_then(Value::as_str).ok_or((".op", IssueCode::Required, "must be a string"))?;
    let path = pointer(&item, "path").map_err(|what| (".path", IssueCode::Value, what))?;
    let mut value = || item.remove("value").ok_or((".value", IssueCode::Required, "must be there"));
    let operation = match name {
        "add" => Operation::Add(value()?),
        "replace" => Operation::Replace(value()?),
        "test" => Operation::Test(value()?),
        "remove" => Operation::Remove,
        "move" | "copy" => {
            let from = pointer(&item, "from").map_err(|what| (".from", IssueCode::Value, what))?;
            if name == "copy" {
                Operation::Copy(from)
            } else if from.contains(&path) {
                return Err((".path", IssueCode::Value, "nothing can be moved into itself"));
            } else {
                Operation::Move(from)
            }
        }
        _ => return Err((".op", IssueCode::CodeInvalid, "must be add, remove, replace, move, copy or test")),
    };
    Ok((path, operation))
}

fn pointer(item: &Object, key: &str) -> Result<Pointer, &'static str> {
    item.str(key).and_then(Pointer::parse).ok_or("must be a JSON Pointer such as /name/0/family")
}

fn one(
    document: &mut Value,
    path: &Pointer,
    operation: &Operation,
    nesting_max: usize,
    budget: &mut usize,
) -> Result<(), &'static str> {
    let fits = |value: &Value| {
        if path.len() + value.depth() > nesting_max { Err("nests too deep") } else { Ok(()) }
    };
    match operation {
        Operation::Add(value) => {
            fits(value)?;
            add(document, path, value.clone())
        }
        Operation::Remove => remove(document, path).map(drop),
        Operation::Replace(value) => {
            fits(value)?;
            replace(document, path, value.clone())
        }
        Operation::Move(from) => {
            let value = remove(document, from)?;
            fits(&value)?;
            add(document, path, value)
        }
        Operation::Copy(from) => {
            let value = from.find(document).ok_or("from: there is nothing")?;
            let bytes = value.heap_bytes() + size_of::<Value>();
            *budget = budget.checked_sub(bytes).ok_or("the patch copies too much")?;
            fits(value)?;
            let value = value.clone();
            add(document, path, value)
        }
        Operation::Test(value) => match path.find(document) {
            Some(found) if worth_same(found, value) => Ok(()),
            Some(_) => Err("test: the value is another"),
            None => Err("test: there is nothing at path"),
        },
    }
}

fn add(document: &mut Value, path: &Pointer, value: Value) -> Result<(), &'static str> {
    let Some((above, last)) = path.split() else {
        *document = value;
        return Ok(());
    };
    match follow(document, above) {
        Some(Value::Object(object)) => object.set(last, value),
        Some(Value::Array(items)) => {
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            let at = at.filter(|at| *at <= items.len()).ok_or("path: no such place in the array")?;
            items.insert(at, value);
        }
        _ => return Err("path: what would hold it is not there"),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &Pointer) -> Result<Value, &'static str> {
    let Some((above, last)) = path.split() else { return Ok(std::mem::take(document)) };
    let removed = match follow(document, above) {
        Some(Value::Object(object)) => object.remove(last),
        Some(Value::Array(items)) => index(last).filter(|at| *at < items.len()).map(|at| items.remove(at)),
        _ => None,
    };
    removed.ok_or("there is nothing to take away")
}

fn replace(document: &mut Value, path: &Pointer, value: Value) -> Result<(), &'static str> {
    let found = match path.split() {
        None => Some(document),
        Some((above, last)) => match follow(document, above) {
            Some(Value::Object(object)) => object.get_mut(last),
            Some(Value::Array(items)) => index(last).and_then(|at| items.get_mut(at)),
            _ => None,
        },
    };
    *found.ok_or("path: there is nothing to replace")? = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    const BOUNDS: Bounds = Bounds { copied_bytes_max: 10_000, nesting_max: 8 };

    fn patched(document: &str, patch: &str) -> String {
        let patch = match JsonPatch::read(parse(patch.as_bytes()).unwrap()) {
            Ok(patch) => patch,
            Err(failure) => return said(failure),
        };
        match patch.apply(parse(document.as_bytes()).unwrap(), &BOUNDS) {
            Ok(value) => String::from_utf8(value.to_text()).unwrap(),
            Err(failure) => said(failure),
        }
    }

    fn said(failure: Failure) -> String {
        let one = |issue: Issue| format!("{}: {}", issue.expression.unwrap_or_default(), issue.diagnostics);
        match failure {
            Failure::Malformed(issues) => {
                format!("malformed {}", issues.into_iter().map(one).collect::<Vec<_>>().join("; "))
            }
            Failure::Inapplicable(issue) => one(issue),
        }
    }

    /// By section of the RFC: what it says must happen, and what must not.
    #[test]
    fn operations() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // document                  patch                                                          outcome
            (r#"{"a":1}"#,            r#"[]"#,                                                       r#"{"a":1}"#),
            (r#"{"a":1}"#,            r#"[{"op":"add","path":"/b","value":1.50}]"#,                  r#"{"a":1,"b":1.50}"#),
            (r#"{"a":1}"#,            r#"[{"op":"add","path":"/a","value":2}]"#,                     r#"{"a":2}"#),
            (r#"{"a":[1]}"#,          r#"[{"op":"add","path":"/a/-","value":2}]"#,                   r#"{"a":[1,2]}"#),
            (r#"{"a":[1]}"#,          r#"[{"op":"add","path":"/a/1","value":2}]"#,                   r#"{"a":[1,2]}"#),
            (r#"{"a":[1]}"#,          r#"[{"op":"add","path":"/a/2","value":2}]"#,                   "patch[0]: path: no such place in the array"),
            (r#"{"a":[1]}"#,          r#"[{"op":"add","path":"/a/x","value":2}]"#,                   "patch[0]: path: no such place in the array"),
            (r#"{"a":1}"#,            r#"[{"op":"add","path":"","value":[]}]"#,                      "[]"),
            (r#"{"a":1}"#,            r#"[{"op":"add","path":"/a/b","value":1}]"#,                   "patch[0]: path: what would hold it is not there"),
            (r#"{"a":1}"#,            r#"[{"op":"remove","path":"/a"}]"#,                            "{}"),
            (r#"{"a":[1,2]}"#,        r#"[{"op":"remove","path":"/a/0"}]"#,                          r#"{"a":[2]}"#),
            (r#"{"a":1}"#,            r#"[{"op":"remove","path":"/b"}]"#,                            "patch[0]: there is nothing to take away"),
            (r#"{"a":[1]}"#,          r#"[{"op":"remove","path":"/a/-"}]"#,                          "patch[0]: there is nothing to take away"),
            (r#"{"a":1}"#,            r#"[{"op":"replace","path":"/a","value":null}]"#,              r#"{"a":null}"#),
            (r#"{"a":1}"#,            r#"[{"op":"replace","path":"/b","value":1}]"#,                 "patch[0]: path: there is nothing to replace"),
            (r#"{"a":[1,2,3]}"#,      r#"[{"op":"move","from":"/a/0","path":"/a/2"}]"#,              r#"{"a":[2,3,1]}"#),
            (r#"{"a":{"b":1}}"#,      r#"[{"op":"move","from":"/a/b","path":"/c"}]"#,                r#"{"a":{},"c":1}"#),
            (r#"{"a":{"b":1}}"#,      r#"[{"op":"move","from":"/a","path":"/a/b"}]"#,                "malformed patch[0].path: nothing can be moved into itself"),
            (r#"{"a":1}"#,            r#"[{"op":"move","from":"/a","path":"/a"}]"#,                  r#"{"a":1}"#),
            (r#"{"a":[1]}"#,          r#"[{"op":"copy","from":"/a","path":"/b"}]"#,                  r#"{"a":[1],"b":[1]}"#),
            (r#"{"a":1}"#,            r#"[{"op":"copy","from":"/b","path":"/c"}]"#,                  "patch[0]: from: there is nothing"),
            (r#"{"a":1}"#,            r#"[{"op":"test","path":"/a","value":1.0}]"#,                  r#"{"a":1}"#),
            (r#"{"a":1}"#,            r#"[{"op":"test","path":"/a","value":"1"}]"#,                  "patch[0]: test: the value is another"),
            (r#"{"a":1}"#,            r#"[{"op":"test","path":"/b","value":null}]"#,                 "patch[0]: test: there is nothing at path"),
            (r#"{"a":1}"#,            r#"[{"op":"remove","path":"/a"},{"op":"test","path":"/a","value":1}]"#, "patch[1]: test: there is nothing at path"),
            // A member that no operation knows is left alone.
            (r#"{"a":1}"#,            r#"[{"op":"remove","path":"/a","note":1}]"#,                   "{}"),
            (r#"{"a":1}"#,            r#"{"op":"remove","path":"/a"}"#,                              "malformed patch: must be an array of operations"),
            (r#"{"a":1}"#,            r#"[1,{"op":"set"},{"op":"set","path":"/a"},{"op":"add","path":"a","value":1},{"op":"add","path":"/a"},{"path":"/a"},{"op":"copy","path":"/a"}]"#,
             "malformed patch[0]: must be an object; patch[1].path: must be a JSON Pointer such as /name/0/family; patch[2].op: must be add, remove, replace, move, copy or test; patch[3].path: must be a JSON Pointer such as /name/0/family; patch[4].value: must be there; patch[5].op: must be a string; patch[6].from: must be a JSON Pointer such as /name/0/family"),
        ];
        for (document, patch, expected) in cases {
            assert_eq!(patched(document, patch), expected, "{patch}");
        }
    }

    #[test]
    fn a_small_patch_makes_no_large_document() {
        let deep = r#"{"op":"copy","from":"","path":"/a"},"#.repeat(10);
        assert_eq!(patched("{}", &format!("[{}]", deep.trim_end_matches(','))), "patch[7]: nests too deep");
        let wide = r#"{"op":"copy","from":"/a","path":"/a/-"},{"op":"copy","from":"/a","path":"/b"},{"op":"move","from":"/b","path":"/a/-"},{"op":"copy","from":"/a/0","path":"/a/-"},"#;
        let wide = format!("[{}]", wide.repeat(100).trim_end_matches(','));
        let outcome = patched(r#"{"a":[1,2,3]}"#, &wide);
        assert!(outcome.ends_with("copies too much") || outcome.ends_with("nests too deep"), "{outcome}");
        let many = format!("[{}]", vec![r#"{"op":"remove","path":"/a"}"#; 1_001].join(","));
        assert_eq!(patched("{}", &many), "malformed patch: has 1001 operations; at most 1000 are taken");
    }
}
