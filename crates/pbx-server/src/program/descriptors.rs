//! File descriptors: the process gets as many as it may have, and connections do not use those of the database.

/// Descriptors for files, mail, webhooks, an SQLite database and the runtime, beside those that the caller names.
const RESERVED: usize = 128;

/// The fewest connections that are served, however few descriptors there are.
const FEWEST: usize = 16;

/// Returns the number of connections that can be served: `wanted`, or what remains of the limit of open files after `others` and
/// [`RESERVED`]. Raises the soft limit, up to the hard one, as far as that needs.
pub fn connections(wanted: usize, others: usize) -> usize {
    let reserved = RESERVED + others;
    let Some(limit) = raise(wanted + reserved) else {
        return wanted;
    };
    let connections = available(limit, wanted, reserved);
    if connections < wanted {
        tracing::warn!(
            connections,
            limit,
            reserved,
            "fewer connections are served than --connections: raise the limit of open files (ulimit -n, LimitNOFILE)"
        );
    }
    connections
}

fn available(limit: usize, wanted: usize, reserved: usize) -> usize {
    wanted.min(limit.saturating_sub(reserved)).max(FEWEST.min(wanted))
}

/// Raises the soft limit of open files to `needed`, if the hard limit permits it; returns the limit, or `None` if there is none.
#[cfg(unix)]
fn raise(needed: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    let wanted = limit.maximum.map_or(needed, |maximum| needed.min(maximum));
    let raised = wanted > current
        && setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                ..limit
            },
        )
        .inspect_err(|error| tracing::warn!(%error, "the limit of open files cannot be raised"))
        .is_ok();
    usize::try_from(if raised { wanted } else { current }).ok()
}

#[cfg(not(unix))]
fn raise(_: usize) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_the_reserved_descriptors() {
        assert_eq!(available(8192, 4096, 500), 4096);
        assert_eq!(available(1024, 4096, 500), 524);
        assert_eq!(available(256, 4096, 500), FEWEST);
        assert_eq!(available(256, 4, 500), 4);
    }
}
