//! How answers are shown: as a table, as JSON, as YAML.
//!
//! JSON and YAML are what the server sent, in its order, with what no document knows. Tables are for people.

pub mod card;
mod columns;
mod document;
pub mod safe;
mod table;

use std::io::{IsTerminal as _, Write};

use serde_json::Value;

use crate::failure::Failure;
use crate::operation::spec::{ITEMS, Kind};
use crate::options::{Colours, Format, Options};

pub use table::Style;

/// Writes to standard output.
#[derive(Debug, Clone)]
pub struct Printer {
    format: Format,
    columns: Vec<String>,
    style: Style,
}

/// What the rows of a table are.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// One row, as the contract says.
    pub row: Kind,
    /// The columns to show, unless others are asked for; none: all that are no objects.
    pub columns: &'static [&'static str],
}

impl Shape {
    /// Rows of which nothing is known beforehand.
    pub const ANY: Self = Self {
        row: Kind::Any,
        columns: &[],
    };
}

impl Printer {
    /// As the options say.
    pub fn of(options: &Options) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let default = if terminal { Format::Table } else { Format::Json };
        Self {
            format: options.output.unwrap_or(default),
            columns: options.columns.clone(),
            style: Style {
                terminal,
                colours: coloured(options.color, terminal),
            },
        }
    }

    /// How it prints.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What a terminal can do.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Shows a list or an object.
    pub fn show(&self, shape: Shape, value: &Value) -> Result<(), Failure> {
        match self.format {
            Format::Json => line(&document::json(value)),
            Format::Yaml => line(document::yaml(value, self.style.terminal)?.trim_end()),
            Format::Table => match rows(value) {
                Some(rows) => self.rows(shape, rows),
                None => line(&table::card(value, &self.columns, self.style)?),
            },
        }
    }

    /// Shows a list whose pages come one after the other.
    pub fn pages(&self, shape: Shape) -> Pages<'_> {
        Pages {
            printer: self,
            shape,
            rows: Vec::new(),
            written: 0,
            begun: false,
        }
    }

    fn rows(&self, shape: Shape, rows: &[Value]) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let columns = columns::of(shape, rows, &self.columns)?;
        line(&table::rows(&columns, rows, self.style))
    }
}

/// The items of a list; `None` for what is none.
pub fn rows(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(members) => members.get(ITEMS)?.as_array().map(Vec::as_slice),
        _ => None,
    }
}

/// A list that is shown while it arrives: tables need all of it, JSON and YAML a page at a time.
#[derive(Debug)]
pub struct Pages<'a> {
    printer: &'a Printer,
    shape: Shape,
    rows: Vec<Value>,
    written: usize,
    begun: bool,
}

impl Pages<'_> {
    /// Takes a page. What it holds besides items is shown once, as the first page has it.
    pub fn page(&mut self, page: Value) -> Result<(), Failure> {
        let (around, items) = document::split(page);
        if self.printer.format == Format::Table {
            self.rows.extend(items);
            return Ok(());
        }
        let mut text = String::new();
        if !self.begun {
            self.begun = true;
            text.push_str(&document::opening(self.printer.format, &around)?);
        }
        for item in &items {
            text.push_str(&document::item(
                self.printer.format,
                item,
                self.written == 0,
                self.printer.style.terminal,
            )?);
            self.written += 1;
        }
        write(&text)
    }

    /// After the last page.
    pub fn end(self) -> Result<(), Failure> {
        match self.printer.format {
            Format::Table => self.printer.rows(self.shape, &self.rows),
            Format::Json | Format::Yaml => write(&document::closing(self.printer.format, self.written == 0)),
        }
    }
}

/// Writes text and an end of line.
pub fn line(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n"))
}

/// Writes text.
pub fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

fn coloured(colours: Colours, terminal: bool) -> bool {
    match colours {
        Colours::Always => true,
        Colours::Never => false,
        Colours::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}
