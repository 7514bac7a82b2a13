//! A database of an older schema is opened: old or new, never mixed, and the next opener finishes.

use std::path::Path;

use rusqlite::Connection;

use super::super::operation::{Operation, copy};
use super::super::strace::Traced;
use crate::store::older_schemas::{SCHEMAS, Schema};
use crate::support::{Output, Repo};

/// Rows in each table.
const ROWS: usize = 60;

/// The migration of the schema with this number.
pub(super) struct Migration(pub(super) &'static str, pub(super) usize);

impl Migration {
    fn schema(&self) -> &'static Schema {
        &SCHEMAS[self.1]
    }

    /// What stands in the database, in words; read from a copy, so that nothing is recovered in place.
    fn read(&self, scene: &Repo<'_>) -> (i64, Vec<String>) {
        let place = tempfile::TempDir::new().expect("a directory");
        copy(&scene.at("repo/.git/mission"), &place.path().join("copy"));
        let path = place.path().join("copy/queue.db");
        let connection = Connection::open(&path).expect("a database");
        let ask = |sql| {
            connection.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).expect("a row")
        };
        assert_eq!(ask("PRAGMA integrity_check"), "ok".to_owned().into());
        let rusqlite::types::Value::Integer(version) = ask("PRAGMA user_version") else {
            panic!("no version")
        };
        drop(connection);
        (version, if version == 0 { self.schema().promises(&path) } else { Schema::present(&path) })
    }
}

impl Operation for Migration {
    fn name(&self) -> &'static str {
        self.0
    }

    fn is_exhaustive(&self) -> bool {
        self.1 == 0
    }

    fn prepare(&self, scene: &Repo<'_>) {
        let repo = scene.world().init("scene/repo");
        repo.commit("README.md", "# App\n");
        std::fs::create_dir_all(repo.at(".git/mission")).expect("a directory");
        self.schema().make(&repo.at(".git/mission/queue.db"), ROWS);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        Traced::command(scene.world(), &["sync", "status", "--json"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        let (version, rows) = self.read(scene);
        format!("version {version}\n{}", rows.join("\n"))
    }

    fn judge(&self, scene: &Repo<'_>, _: &Output, before: &str, after: &str) {
        let look = self.look(scene);
        assert!(look == before || look == after, "neither old nor new: {look}");
        let set_aside = std::fs::read_dir(scene.at("repo/.git/mission")).expect("our directory");
        for entry in set_aside.flatten() {
            let name = entry.file_name();
            assert!(!Path::new(&name).to_string_lossy().contains("corrupt"), "set aside: {}", name.display());
        }
    }
}
