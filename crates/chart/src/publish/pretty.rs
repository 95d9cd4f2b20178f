//! JSON with a line for each member, for files that people compare.

use anamnesis_json::{Object, Value, write_string};

/// The text of `object`, indented by two, with a line end at the end; short lists of plain values on one line.
pub fn pretty(object: &Object) -> String {
    let mut out = Vec::with_capacity(1 << 16);
    write(&Value::from(object.clone()), 0, &mut out);
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default()
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push(b'{');
            for (n, (key, member)) in object.iter().enumerate() {
                line(n, depth + 1, out);
                write_string(key, out);
                out.extend_from_slice(b": ");
                write(member, depth + 1, out);
            }
            line(0, depth, out);
            out.push(b'}');
        }
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

fn line(n: usize, depth: usize, out: &mut Vec<u8>) {
    if n > 0 {
        out.push(b',');
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}
