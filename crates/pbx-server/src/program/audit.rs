//! `pbx-server audit`: prints the audit log.

use std::io::{ErrorKind, Write as _};

use jiff::Timestamp;
use pbx_store::{Store, audit};

use crate::config::DatabaseOptions;

/// Entries in memory at a time.
const PAGE_SIZE: u64 = 1000;

/// Prints the entries at or after `since`, one JSON object a line, the oldest first.
pub fn print(database: DatabaseOptions, since: Option<Timestamp>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let url = database.resolve()?;
    let printed = Store::inspect(&url, |tx| {
        let mut last = (Timestamp::MIN, 0);
        loop {
            let records = audit::page(tx, since, last, PAGE_SIZE)?;
            let Some(newest) = records.last() else {
                return stdout.flush().map_err(anyhow::Error::from);
            };
            last = (newest.at, newest.id);
            for record in &records {
                let line = serde_json::to_string(record)?;
                writeln!(stdout, "{line}")?;
            }
        }
    });
    match printed {
        // The reader has closed the pipe.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        printed => printed,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
