//! The walls between rooms, read from each room's `Cargo.toml`: who may know whom, and who may know the outside.
//!
//! Invariant: a room that is not in the table does not pass.

use super::tree::Tree;

/// What a room may know.
struct Wall {
    room: &'static str,
    /// Other rooms.
    knows: &'static [&'static str],
    /// Things of the outside world that most rooms must not know.
    outside: &'static [&'static str],
}

/// Things of the outside: databases, protocols, waiting.
const OUTSIDE: &[&str] = &[
    "axum",
    "clap",
    "hyper",
    "hyper-util",
    "redis",
    "rusqlite",
    "tokio",
    "tokio-postgres",
    "tower",
    "tower-http",
    "ureq",
];
const ALL: &[&str] = &[
    "json",
    "kernel",
    "chart",
    "fhir",
    "fhirpath",
    "seal",
    "store",
    "store-sql",
    "cache-redis",
    "engine",
    "testkit",
];

#[rustfmt::skip] // A table reads by column.
const WALLS: &[Wall] = &[
    Wall { room: "json",      knows: &[],                                           outside: &[] },
    Wall { room: "kernel",    knows: &["json"],                                     outside: &[] },
    Wall { room: "chart",     knows: &["json", "kernel"],                           outside: &[] },
    Wall { room: "fhir",      knows: &["json", "kernel", "fhirpath"],               outside: &[] },
    Wall { room: "fhirpath",  knows: &["json"],                                     outside: &[] },
    Wall { room: "seal",      knows: &["json", "kernel"],                           outside: &[] },
    Wall { room: "store",     knows: &["kernel", "seal"],                           outside: &["tokio"] },
    Wall { room: "store-sql", knows: &["json", "kernel", "seal", "store"],          outside: &["rusqlite", "tokio"] },
    Wall { room: "cache-redis", knows: &["seal", "store"],                          outside: &["redis", "tokio"] },
    Wall { room: "engine",    knows: &["json", "kernel", "chart", "seal", "store"], outside: &["tokio"] },
    Wall { room: "testkit",   knows: &["json", "kernel", "seal", "store"],          outside: &["ureq"] },
    Wall { room: "server",    knows: ALL, outside: &["axum", "clap", "hyper", "hyper-util", "tokio", "tower", "tower-http", "ureq"] },
];

const PREFIX: &str = "anamnesis-";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files("crates/", "toml") {
        let Some(room) = path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        match WALLS.iter().find(|wall| wall.room == room) {
            Some(wall) => complaints.extend(breaches(wall, text).map(|what| format!("{path}: {what}"))),
            None => complaints.push(format!("{path}: no wall is stated for this room")),
        }
    }
    complaints
}

fn breaches(wall: &Wall, manifest: &str) -> impl Iterator<Item = String> {
    dependencies(manifest).filter_map(|name| match name.strip_prefix(PREFIX) {
        Some(room) => {
            (!wall.knows.contains(&room)).then(|| format!("{} must not know the room {room}", wall.room))
        }
        None => (OUTSIDE.contains(&name) && !wall.outside.contains(&name))
            .then(|| format!("{} must not know {name}", wall.room)),
    })
}

/// The names of what a manifest depends on, in its tests and build aside.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section == "dependencies" || section.ends_with(".dependencies");
            return section.strip_prefix("dependencies.");
        }
        if !inside || line.is_empty() || line.starts_with('#') {
            return None;
        }
        line.split(['.', '=', ' ']).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaches_of_walls() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            // room        manifest                                                      what is complained of
            ("kernel",    "[dependencies]\nanamnesis-json.workspace = true",            None),
            ("kernel",    "[dependencies]\nanamnesis-chart.workspace = true",           Some("kernel must not know the room chart")),
            ("kernel",    "[dependencies.anamnesis-chart]\npath = \"../chart\"",        Some("kernel must not know the room chart")),
            ("json",      "[dependencies]\nanamnesis-kernel = { path = \"../kernel\" }", Some("json must not know the room kernel")),
            ("chart",     "[dependencies]\ntokio = \"1\"",                              Some("chart must not know tokio")),
            ("chart",     "[dev-dependencies]\nanamnesis-testkit.workspace = true",     None),
            ("chart",     "[target.'cfg(unix)'.dependencies]\nrusqlite = \"1\"",        Some("chart must not know rusqlite")),
            ("store-sql", "[dependencies]\nrusqlite.workspace = true",                  None),
            ("engine",    "[dependencies]\nrusqlite.workspace = true",                  Some("engine must not know rusqlite")),
            ("engine",    "[dependencies]\naxum = { version = \"0.8\" }",               Some("engine must not know axum")),
            ("engine",    "[dependencies]\n# rusqlite is not here\ntokio.workspace = true", None),
            ("server",    "[dependencies]\nanamnesis-engine.workspace = true\naxum.workspace = true", None),
            ("server",    "[dependencies]\nrusqlite.workspace = true",                  Some("server must not know rusqlite")),
            ("cellar",    "[dependencies]",                                             Some("no wall is stated for this room")),
        ];
        for (room, manifest, complaint) in cases {
            let path = format!("crates/{room}/Cargo.toml");
            let expected: Vec<String> = complaint.iter().map(|what| format!("{path}: {what}")).collect();
            assert_eq!(check(&Tree::of(&[(&path, manifest)])), expected, "{manifest}");
        }
    }
}
