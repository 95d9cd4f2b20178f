//! Text that people read: a line for each member.
//!
//! Invariant: only spaces and line ends differ; no tree is made of the text, which may be long.

use crate::Object;

impl Object {
    /// The text of the object, laid out by [`pretty`].
    pub fn to_pretty_text(&self) -> Vec<u8> {
        pretty(&self.to_text())
    }
}

/// JSON text indented by two, with a line end at the end; lists without objects on one line.
pub fn pretty(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 2);
    // Of each object and list that is open, whether its members have lines.
    let mut open: Vec<bool> = Vec::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let lines = open.last() != Some(&false);
        match byte {
            b'"' => {
                let (string, behind) = rest.split_at(string_len(rest));
                out.push(byte);
                out.extend_from_slice(string);
                rest = behind;
            }
            b'{' | b'[' => {
                out.push(byte);
                let has_lines = if byte == b'{' { !is_empty(rest) } else { has_objects(rest) };
                open.push(lines && has_lines);
                if lines && has_lines {
                    line(open.len(), &mut out);
                }
            }
            b'}' | b']' => {
                if open.pop() == Some(true) {
                    line(open.len(), &mut out);
                }
                out.push(byte);
            }
            b',' if lines => {
                out.push(byte);
                line(open.len(), &mut out);
            }
            b':' if lines => out.extend_from_slice(b": "),
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out.push(b'\n');
    out
}

/// How long the string is whose opening quote is just before, its closing quote included.
fn string_len(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

/// Whether the object that was just opened has no members.
fn is_empty(text: &[u8]) -> bool {
    text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}')
}

/// Whether one of the items of the list that was just opened is an object.
fn has_objects(text: &[u8]) -> bool {
    let mut rest = text;
    let mut depth = 0_usize;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'{' if depth == 0 => return true,
            b']' if depth == 0 => return false,
            b'"' => rest = rest.get(string_len(rest)..).unwrap_or_default(),
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
    }
    false
}

fn line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn lines() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"{"a":1.50,"b":{},"c":[],"d":[1,"x"],"e":[{"f":null}]}"#,
             "{\n  \"a\": 1.50,\n  \"b\": {},\n  \"c\": [],\n  \"d\": [1,\"x\"],\n  \"e\": [\n    {\n      \"f\": null\n    }\n  ]\n}\n"),
            (r#"{"strings":["a,b:{[","\"]\\"],"last":"\\"}"#,
             "{\n  \"strings\": [\"a,b:{[\",\"\\\"]\\\\\"],\n  \"last\": \"\\\\\"\n}\n"),
            (r#"{"some":[null,{"a":true}],"deep":[[{"b":1}],[2]]}"#,
             "{\n  \"some\": [\n    null,\n    {\n      \"a\": true\n    }\n  ],\n  \"deep\": [[{\"b\":1}],[2]]\n}\n"),
            ("{ \"spaced\" : { } ,\n\t\"b\" : [ 1 , 2 ] }", "{\n  \"spaced\": {},\n  \"b\": [1,2]\n}\n"),
            ("{}", "{}\n"),
        ];
        for (text, expected) in cases {
            let laid_out = pretty(text.as_bytes());
            assert_eq!(String::from_utf8(laid_out.clone()).unwrap(), expected);
            assert!(parse(&laid_out).unwrap().same(&parse(text.as_bytes()).unwrap()), "{text}");
            assert_eq!(pretty(&laid_out), laid_out, "laid out as it is");
        }
    }

    #[test]
    fn what_breaks_off_ends() {
        let text = br#"{"a":[1,{"b":"x\""}]}"#;
        for end in 0..text.len() {
            assert!(pretty(&text[..end]).ends_with(b"\n"));
        }
    }
}
