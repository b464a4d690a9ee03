//! The table of holidays.

use pbx_domain::Id;
use pbx_domain::holidays::Holiday;
use pbx_domain::kind::Tenant;
use pbx_types::record::{ID, Record as _};

use crate::list::List;
use crate::table::Table;

/// The holidays of tenants. An insertion violates `foreign_key` if the tenant does not exist.
pub static HOLIDAYS: Table<Holiday, Id<Tenant>> = Table {
    list: List {
        indexed: &[ID, "name", "region", "year_start"],
        ..List::short(Holiday::FIELDS)
    },
    ..Table::new("holidays")
};
