//! `anamnesis config`: what holds, and why.

use anamnesis_json::{Object, Value};

use super::{Outcome, print};
use crate::args::Config;
use crate::settings::{Loaded, Place};

pub(super) fn run(config: &Config, loaded: &Loaded) -> Outcome {
    if config.json {
        print(&String::from_utf8_lossy(&as_json(loaded).to_text()));
    } else {
        as_lines(loaded).iter().for_each(|line| print(line));
    }
    Outcome::Good
}

fn as_json(loaded: &Loaded) -> Object {
    let rows = loaded.rows().map(|(setting, shown, place)| {
        let from = match place {
            Place::Default => Value::Null,
            place => place.to_string().into(),
        };
        let row = Object::new().with("name", setting.name).with("value", shown.json());
        Value::from(row.with("from", place.kind()).with("place", from))
    });
    let file = loaded.file.as_ref().map_or(Value::Null, |path| path.display().to_string().into());
    Object::new().with("file", file).with("settings", rows.collect::<Vec<Value>>())
}

fn as_lines(loaded: &Loaded) -> Vec<String> {
    let rows: Vec<[String; 3]> = loaded
        .rows()
        .map(|(setting, shown, place)| [setting.name.to_owned(), shown.words(), place.to_string()])
        .collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (names, values) = (width(0), width(1));
    let line = |[name, value, place]: &[String; 3]| format!("{name:names$}  {value:values$}  {place}");
    let head = ["setting", "value", "from"].map(str::to_owned);
    std::iter::once(line(&head)).chain(rows.iter().map(line)).collect()
}
