//! Records: objects that are stored as one row each. The struct is the only declaration; `#[derive(Record)]` yields the names of its
//! columns, the fields that lists of it can be filtered and ordered by, and the conversions from and to the cells of a row.
//!
//! Nothing here depends on a database. A store binds and reads [`Cell`]s.
//!
//! ```
//! use pbx_types::list::{FieldKind, ListField};
//! use pbx_types::record::{Cell, Record};
//!
//! #[derive(Record)]
//! struct Book {
//!     title: String,
//!     year: Option<i32>,
//!     #[record(unlisted)]
//!     price: i64,
//! }
//!
//! let before = Book { title: "Emma".to_owned(), year: None, price: 12 };
//! assert_eq!(before.to_cells(), [Cell::Text("Emma".into()), Cell::Null, Cell::Integer(12)]);
//! assert_eq!(Book::FIELDS[0], ListField::new("id", FieldKind::Id));
//! assert_eq!(Book::FIELDS[2], ListField::new("year", FieldKind::Integer));
//! assert_eq!(Book::FIELDS.len(), 3);
//!
//! let after = Book { title: "Emma".to_owned(), year: Some(1815), price: 13 };
//! assert_eq!(before.present(), ["title", "price"]);
//! assert_eq!(before.changed(&after), ["year", "price"]);
//! ```

use std::borrow::Cow;

use ipnet::IpNet;

use crate::common::string_enum::StringEnum;
use crate::common::timestamp::Timestamp;
use crate::list::{FieldKind, ListField};

pub use pbx_record_derive::Record;

/// The column with the ID of a record.
pub const ID: &str = "id";

/// A struct that is stored as one row. Implemented by the derive macro of the same name.
pub trait Record: Sized {
    /// The columns, one for each field of the struct, in its order.
    const COLUMNS: &'static [RecordColumn];

    /// The fields that lists can be filtered and ordered by: the ID, which need not be a field of the struct, and every field that is
    /// not `#[record(unlisted)]`.
    const FIELDS: &'static [ListField];

    /// Returns the cells, in the order of [`COLUMNS`](Self::COLUMNS).
    fn to_cells(&self) -> Vec<Cell<'_>>;

    /// Reads the columns in the order of [`COLUMNS`](Self::COLUMNS).
    ///
    /// # Errors
    ///
    /// The error of the first column that cannot be read.
    fn from_cells<R: ReadCells>(row: &mut R) -> Result<Self, R::Error>;

    /// Returns the names of the columns in which the two records differ.
    fn changed(&self, after: &Self) -> Vec<&'static str> {
        let cells = self.to_cells().into_iter().zip(after.to_cells());
        let columns = Self::COLUMNS.iter().zip(cells);
        columns
            .filter(|(_, (before, after))| before != after)
            .map(|(column, _)| column.name)
            .collect()
    }

    /// Returns the names of the columns that have a value.
    fn present(&self) -> Vec<&'static str> {
        let columns = Self::COLUMNS.iter().zip(self.to_cells());
        columns
            .filter(|(_, cell)| *cell != Cell::Null)
            .map(|(column, _)| column.name)
            .collect()
    }
}

/// A column of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordColumn {
    /// The name, that of the field.
    pub name: &'static str,
    /// The type of its cells.
    pub storage: Storage,
}

/// The type of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Booleans.
    Boolean,
    /// Integers, IDs and times.
    Integer,
    /// Floating point.
    Real,
    /// Strings and enums.
    Text,
    /// Raw bytes.
    Bytes,
}

/// A stored value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A boolean. A store without booleans may return it as the integer 0 or 1.
    Boolean(bool),
    /// An integer, an ID, or a time in microseconds since 1970.
    Integer(i64),
    /// Floating point.
    Real(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
}

/// A row whose columns are read one after the other.
pub trait ReadCells {
    /// The error for a column that cannot be read.
    type Error;

    /// Reads the next column, which has this name.
    ///
    /// # Errors
    ///
    /// If it does not hold a `T`.
    fn read<T: Column>(&mut self, name: &'static str) -> Result<T, Self::Error>;
}

/// A type that one column holds.
pub trait Column: Sized {
    /// The type of the cells.
    const STORAGE: Storage;

    /// The type in filters and sort keys of lists; `None` for secrets and bytes, which lists cannot be filtered by.
    const KIND: Option<FieldKind>;

    /// Returns the cell to store.
    fn to_cell(&self) -> Cell<'_>;

    /// Converts a stored cell; `None` if it holds another type.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

/// Returns the field of lists for a column of this type. A secret is refused when the program is compiled.
#[doc(hidden)]
#[expect(clippy::panic, reason = "in a constant, it is an error of the compiler")]
pub const fn list_field<T: Column>(name: &'static str) -> ListField {
    match T::KIND {
        Some(kind) => ListField::new(name, kind),
        None => panic!("lists cannot be filtered by this column: mark it #[record(unlisted)]"),
    }
}

impl<T: Column> Column for Option<T> {
    const STORAGE: Storage = T::STORAGE;
    const KIND: Option<FieldKind> = T::KIND;

    fn to_cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, T::to_cell)
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            other => T::from_cell(other).map(Some),
        }
    }
}

impl Column for bool {
    const STORAGE: Storage = Storage::Boolean;
    const KIND: Option<FieldKind> = Some(FieldKind::Boolean);

    fn to_cell(&self) -> Cell<'_> {
        Cell::Boolean(*self)
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Boolean(value) => Some(value),
            Cell::Integer(value) => Some(value != 0),
            _ => None,
        }
    }
}

macro_rules! integer_columns {
    ($($integer:ty)+) => {
        $(
            impl Column for $integer {
                const STORAGE: Storage = Storage::Integer;
                const KIND: Option<FieldKind> = Some(FieldKind::Integer);

                fn to_cell(&self) -> Cell<'_> {
                    Cell::Integer(i64::from(*self))
                }

                fn from_cell(cell: Cell<'_>) -> Option<Self> {
                    match cell {
                        Cell::Integer(value) => value.try_into().ok(),
                        _ => None,
                    }
                }
            }
        )+
    };
}

integer_columns!(u16 i32 i64);

impl Column for f64 {
    const STORAGE: Storage = Storage::Real;
    const KIND: Option<FieldKind> = Some(FieldKind::Integer);

    fn to_cell(&self) -> Cell<'_> {
        Cell::Real(*self)
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Real(value) => Some(value),
            _ => None,
        }
    }
}

impl Column for String {
    const STORAGE: Storage = Storage::Text;
    const KIND: Option<FieldKind> = Some(FieldKind::Text);

    fn to_cell(&self) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(self))
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl Column for Vec<u8> {
    const STORAGE: Storage = Storage::Bytes;
    const KIND: Option<FieldKind> = None;

    fn to_cell(&self) -> Cell<'_> {
        Cell::Bytes(Cow::Borrowed(self))
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes.into_owned()),
            _ => None,
        }
    }
}

/// In microseconds since 1970, which every engine compares and indexes as an integer.
impl Column for jiff::Timestamp {
    const STORAGE: Storage = Storage::Integer;
    const KIND: Option<FieldKind> = Some(FieldKind::Time);

    fn to_cell(&self) -> Cell<'_> {
        Cell::Integer(self.as_microsecond())
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let micros = i64::from_cell(cell)?;
        // jiff converts its last instant to more microseconds than it accepts back.
        let last = || (micros == Self::MAX.as_microsecond()).then_some(Self::MAX);
        Self::from_microsecond(micros).ok().or_else(last)
    }
}

impl Column for Timestamp {
    const STORAGE: Storage = jiff::Timestamp::STORAGE;
    const KIND: Option<FieldKind> = jiff::Timestamp::KIND;

    fn to_cell(&self) -> Cell<'_> {
        jiff::Timestamp::to_cell(self)
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        jiff::Timestamp::from_cell(cell).map(Self::from)
    }
}

/// In the notation of CIDR.
impl Column for IpNet {
    const STORAGE: Storage = Storage::Text;
    const KIND: Option<FieldKind> = Some(FieldKind::Network);

    fn to_cell(&self) -> Cell<'_> {
        Cell::Text(Cow::Owned(self.to_string()))
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl<T: StringEnum> Column for T {
    const STORAGE: Storage = Storage::Text;
    const KIND: Option<FieldKind> = Some(FieldKind::Enum(T::NAMES));

    fn to_cell(&self) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(self.name()))
    }

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => T::from_name(&text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::shared::TransportProtocol;

    #[derive(Debug, Clone, PartialEq, Record)]
    struct Everything {
        boolean: bool,
        port: u16,
        number: i32,
        real: Option<f64>,
        text: String,
        #[record(unlisted)]
        bytes: Option<Vec<u8>>,
        at: Timestamp,
        range: Option<IpNet>,
        protocol: TransportProtocol,
        r#type: i64,
    }

    fn everything() -> Everything {
        Everything {
            boolean: true,
            port: 5060,
            number: -1,
            real: Some(0.5),
            text: "x".to_owned(),
            bytes: Some(vec![0, 255]),
            at: jiff::Timestamp::MAX.into(),
            range: "10.0.0.0/8".parse().ok(),
            protocol: TransportProtocol::Tls,
            r#type: i64::MAX,
        }
    }

    struct Cells<'a>(VecDeque<Cell<'a>>);

    impl ReadCells for Cells<'_> {
        type Error = &'static str;

        fn read<T: Column>(&mut self, name: &'static str) -> Result<T, &'static str> {
            self.0.pop_front().and_then(T::from_cell).ok_or(name)
        }
    }

    fn read(cells: Vec<Cell<'_>>) -> Result<Everything, &'static str> {
        Everything::from_cells(&mut Cells(cells.into()))
    }

    #[test]
    fn records_survive_being_stored() {
        let mut record = everything();
        assert_eq!(read(record.to_cells()).unwrap(), record);
        (record.real, record.bytes, record.range) = (None, None, None);
        assert_eq!(read(record.to_cells()).unwrap(), record);
        // A store without booleans.
        let mut cells = record.to_cells();
        cells[0] = Cell::Integer(1);
        assert_eq!(read(cells).unwrap(), record);
    }

    #[test]
    fn unreadable_cell_is_reported_with_its_column() {
        for (index, column) in Everything::COLUMNS.iter().enumerate() {
            let record = everything();
            let mut cells = record.to_cells();
            cells[index] = match column.storage {
                Storage::Text => Cell::Integer(1),
                _ => Cell::Text("POST".into()),
            };
            assert_eq!(read(cells), Err(column.name));
        }
        let out_of_range = [(1, 65536), (2, i64::MAX), (6, i64::MAX)];
        for (index, number) in out_of_range {
            let record = everything();
            let mut cells = record.to_cells();
            cells[index] = Cell::Integer(number);
            assert_eq!(read(cells), Err(Everything::COLUMNS[index].name));
        }
    }

    #[test]
    fn names_of_present_and_changed_columns_are_those_of_the_fields() {
        let (mut one, other) = (everything(), everything());
        assert!(one.changed(&other).is_empty());
        assert_eq!(one.present().len(), Everything::COLUMNS.len());
        (one.bytes, one.r#type) = (None, 0);
        assert_eq!(one.changed(&other), ["bytes", "type"]);
        assert!(!one.present().contains(&"bytes"));
    }

    #[test]
    fn list_fields_are_the_id_and_what_is_not_unlisted() {
        let names: Vec<&str> = Everything::FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(
            names,
            [
                "id", "boolean", "port", "number", "real", "text", "at", "range", "protocol", "type"
            ]
        );
        assert_eq!(Everything::FIELDS[6].kind, FieldKind::Time);
        assert_eq!(Everything::FIELDS[8].kind, FieldKind::Enum(TransportProtocol::NAMES));
    }
}
