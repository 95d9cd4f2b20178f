//! The tree as text that people read: a line for each member.

use crate::{Object, Value, write_string};

impl Object {
    /// The text of the object, indented by two, with a line end at the end; lists of plain values on one line.
    pub fn to_pretty_text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1_024);
        write_members(self, 0, &mut out);
        out.push(b'\n');
        out
    }
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Object(object) => write_members(object, depth, out),
        Value::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                line(n, depth + 1, out);
                write(item, depth + 1, out);
            }
            line(0, depth, out);
            out.push(b']');
        }
        plain => plain.write(out),
    }
}

fn write_members(object: &Object, depth: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    for (n, (key, member)) in object.iter().enumerate() {
        line(n, depth + 1, out);
        write_string(key, out);
        out.extend_from_slice(b": ");
        write(member, depth + 1, out);
    }
    if !object.is_empty() {
        line(0, depth, out);
    }
    out.push(b'}');
}

fn line(n: usize, depth: usize, out: &mut Vec<u8>) {
    if n > 0 {
        out.push(b',');
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn lines() {
        let text = r#"{"a":1.50,"b":{},"c":[],"d":[1,"x"],"e":[{"f":null}]}"#;
        let value = parse(text.as_bytes()).unwrap();
        let pretty = value.as_object().unwrap().to_pretty_text();
        let expected = "{\n  \"a\": 1.50,\n  \"b\": {},\n  \"c\": [],\n  \"d\": [1,\"x\"],\n  \"e\": [\n    {\n      \"f\": null\n    }\n  ]\n}\n";
        assert_eq!(String::from_utf8(pretty.clone()).unwrap(), expected);
        assert!(parse(&pretty).unwrap().same(&value));
    }
}
