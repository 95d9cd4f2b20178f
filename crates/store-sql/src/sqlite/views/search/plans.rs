//! How SQLite goes about each shape of search, now and as of a moment: `golden/plans.txt`, so that a change shows.

use std::fmt::Write as _;
use std::path::Path;

use anamnesis_kernel::search::Query;
use anamnesis_store::contract::clinic::Clinic;
use rusqlite::{Connection, params_from_iter};

use super::super::{create, units::Units, write::Writer};
use super::asked::Asked;
use super::order::{Step, steps};
use super::plan::{Aim, Plan};
use super::sql::Sql;

/// Enough that some sources are large.
const CLINIC: Clinic = Clinic { records: 9_000 };

fn explained(connection: &Connection, sql: &Sql, out: &mut String) {
    let text = format!("EXPLAIN QUERY PLAN {}", sql.text);
    let mut statement = connection.prepare(&text).unwrap();
    let mut rows = statement.query(params_from_iter(&sql.values)).unwrap();
    let mut depth = vec![(0_i64, 1_usize)];
    while let Some(row) = rows.next().unwrap() {
        let (id, parent, detail): (i64, i64, String) =
            (row.get(0).unwrap(), row.get(1).unwrap(), row.get(3).unwrap());
        let level = depth.iter().find(|(id, _)| *id == parent).map_or(1, |(_, level)| *level);
        depth.push((id, level + 1));
        writeln!(out, "{}{detail}", "    ".repeat(level)).unwrap();
    }
}

fn plans(connection: &Connection) -> String {
    let mut out = String::new();
    for (title, query) in CLINIC.queries(1) {
        for (when, at) in [("now", None), ("as of", Some(CLINIC.middle()))] {
            let query = Query { at, ..query.clone() };
            writeln!(out, "{title}, {when}").unwrap();
            for Step { sql, .. } in steps(&Asked::new(connection, at), &query).unwrap() {
                explained(connection, &sql.push(" LIMIT 20"), &mut out);
            }
            if !query.order.is_empty() {
                continue;
            }
            writeln!(out, "  counted").unwrap();
            let asked = Asked::new(connection, at);
            let plan = Plan::aimed(&asked, query.kind, &query.all, 0, Aim::All).unwrap();
            explained(connection, &plan.rows().unwrap_or_else(|| plan.rows_of_all()), &mut out);
        }
    }
    out
}

#[test]
fn plans_are_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.db");
    let connection = create(&path).unwrap();
    let units = Units::read(&connection).unwrap();
    let mut writer = Writer::new(connection, &path, units.into()).unwrap();
    CLINIC.changes().for_each(|change| writer.apply(&change).unwrap());
    // Nothing a clinic is told ends a text: as if some had.
    writer.read(|c| c.execute_batch("INSERT INTO text_run VALUES (1, 4096, 1), (2, 4096, 0)")).unwrap();
    let plans = plans(&Connection::open(&path).unwrap());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/plans.txt");
    if std::env::var_os("ANAMNESIS_BLESS").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(&golden, &plans).unwrap();
    }
    let committed = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(committed == plans, "golden/plans.txt is behind: test again with ANAMNESIS_BLESS=1");
}
