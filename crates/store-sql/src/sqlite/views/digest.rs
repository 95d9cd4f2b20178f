//! A hash over all rows: two generations are alike when it is.

use anamnesis_seal::{Hash, sha256};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::groups::{Groups, append};
use super::rows::{ROWS, Rows};

/// The hash of a chain over the rows, table after table.
pub(super) fn digest(connection: &Connection) -> rusqlite::Result<Hash> {
    let mut chain: Hash = [0; 32];
    let mut text = Vec::new();
    for (table, (_, rows)) in (0_u8..).zip(ROWS) {
        let mut link = |write: &dyn Fn(&mut Vec<u8>) -> rusqlite::Result<()>| -> rusqlite::Result<()> {
            text.clear();
            text.extend(chain);
            text.push(table);
            write(&mut text)?;
            chain = sha256(&text);
            Ok(())
        };
        match rows {
            Rows::InOrder(sql) => {
                let mut statement = connection.prepare(sql)?;
                let columns = statement.column_count();
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    link(&|out| {
                        (0..columns)
                            .try_for_each(|column| row.get_ref(column).map(|value| append(value, out)))
                    })?;
                }
            }
            Rows::InGroups(grouped) => {
                let mut statement = connection.prepare(&grouped.all())?;
                let mut groups = Groups::new(statement.query([])?, grouped.width());
                while let Some(group) = groups.next()? {
                    link(&|out| {
                        group.key.iter().for_each(|value| append(ValueRef::from(value), out));
                        group.sum.append(out);
                        Ok(())
                    })?;
                }
            }
        }
    }
    Ok(chain)
}
