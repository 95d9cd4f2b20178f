//! JSON in few words: values from text, members by dotted path.

use anamnesis_json::Value;

/// A value from its text.
///
/// # Panics
///
/// When the text is not JSON.
#[track_caller]
pub fn json(text: impl AsRef<str>) -> Value {
    let text = text.as_ref();
    anamnesis_json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The text of a value.
pub fn text(value: &Value) -> String {
    String::from_utf8_lossy(&value.to_text()).into_owned()
}

/// The member at a path such as `entry.0.response.status`; null when there is none.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    let step = |value: Option<&'a Value>, name: &str| match (value?, name.parse::<usize>()) {
        (Value::Array(items), Ok(n)) => items.get(n),
        (value, _) => value.get(name),
    };
    path.split('.').fold(Some(value), step).unwrap_or(&NOTHING)
}

/// The string at a path.
///
/// # Panics
///
/// When there is none.
#[track_caller]
pub fn str<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_else(|| panic!("no string at {path} of {}", text(value)))
}

/// The whole number at a path.
///
/// # Panics
///
/// When there is none.
#[track_caller]
pub fn int(value: &Value, path: &str) -> u64 {
    at(value, path).as_u64().unwrap_or_else(|| panic!("no number at {path} of {}", text(value)))
}

/// The items at a path; none where there is no array.
pub fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().unwrap_or_default()
}
