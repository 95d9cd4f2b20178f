//! Points and spans of time: <https://hl7.org/fhir/R4/search.html#date>.

use anamnesis_json::Value;

use crate::date;
use crate::param::Extract;

/// The first and last microsecond of a date, Period or Timing; an open end of a Period is the end of time.
///
/// None of a Period that ends before it begins, which lenient validation lets pass.
pub(crate) fn span(extract: Extract, value: &Value) -> Option<(i64, i64)> {
    let bounds = |value: Option<&Value>| date::bounds(value?.as_str()?);
    match extract {
        Extract::Date => bounds(Some(value)),
        Extract::Period => {
            let (start, end) = (bounds(value.get("start")), bounds(value.get("end")));
            if start.is_none() && end.is_none() {
                return None;
            }
            let (low, high) =
                (start.map_or(i64::MIN, |(low, _)| low), end.map_or(i64::MAX, |(_, high)| high));
            (low <= high).then_some((low, high))
        }
        Extract::Timing => {
            let events = value.get("event").into_iter().flat_map(Value::each);
            let outer =
                events.filter_map(|event| bounds(Some(event))).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            outer.or_else(|| span(Extract::Period, value.get("repeat")?.get("boundsPeriod")?))
        }
        _ => None,
    }
}
