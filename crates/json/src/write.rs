//! The tree as text: compact, keys in their order, numbers as they came.

use crate::plain::plain;
use crate::{Object, Value};

impl Value {
    /// Appends the compact text of the value to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(text) => out.extend_from_slice(text.as_bytes()),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push(b'[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(object) => write_object(object, out),
        }
    }

    /// The compact text of the value.
    pub fn to_text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        out
    }
}

impl Object {
    /// The compact text of the object.
    pub fn to_text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        write_object(self, &mut out);
        out
    }
}

/// Appends the compact text of `object` to `out`.
pub fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (n, (key, value)) in object.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        value.write(out);
    }
    out.push(b'}');
}

/// Appends `text` as a JSON string, escaping only what must be.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (as_it_is, tail) = rest.split_at(plain(rest));
        out.extend_from_slice(as_it_is);
        let Some((&byte, after)) = tail.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = after;
    }
    out.push(b'"');
}
