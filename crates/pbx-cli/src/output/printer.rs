//! Prints values to standard output.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

use super::columns::{self, RowLayout};
use super::style::Style;
use super::{document, table};
use crate::failure::Failure;
use crate::options::global::{ColorChoice, GlobalOptions, OutputFormat};
use crate::page;

/// Prints values in the format that the options select.
#[derive(Debug, Clone)]
pub struct Printer {
    format: OutputFormat,
    columns: Vec<String>,
    style: Style,
}

impl Printer {
    /// Creates a printer.
    pub fn new(options: &GlobalOptions) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let default = if terminal {
            OutputFormat::Table
        } else {
            OutputFormat::Json
        };
        Self {
            format: options.output.unwrap_or(default),
            columns: options.columns.clone(),
            style: Style {
                terminal,
                colors: use_colors(options.color, terminal),
            },
        }
    }

    /// Returns the format.
    pub fn format(&self) -> OutputFormat {
        self.format
    }

    /// Returns the capabilities of standard output.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Prints a list or an object.
    ///
    /// # Errors
    ///
    /// Fails if a selected column does not exist, or if standard output cannot be written.
    pub fn print(&self, layout: RowLayout, value: &Value) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Json => write_line(&document::json(value)),
            OutputFormat::Yaml => write_line(document::yaml(value, self.style.terminal)?.trim_end()),
            OutputFormat::Table => match page::items(value) {
                Some(rows) => self.print_rows(layout, rows),
                None => write_line(&table::object(value, &self.columns, self.style)?),
            },
        }
    }

    /// Prints a line as it is, in any format.
    ///
    /// # Errors
    ///
    /// Fails if standard output cannot be written.
    pub fn print_line(&self, line: &str) -> Result<(), Failure> {
        write_line(line)
    }

    /// Returns a printer for a list that arrives page by page.
    pub fn pages(&self, layout: RowLayout) -> PagePrinter<'_> {
        PagePrinter {
            printer: self,
            layout,
            rows: Vec::new(),
            is_started: false,
            has_items: false,
        }
    }

    fn print_rows(&self, layout: RowLayout, rows: &[Value]) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let columns = columns::select(layout, rows, &self.columns)?;
        write_line(&table::rows(&columns, rows, self.style))
    }
}

/// Prints a list while it arrives: JSON and YAML page by page, a table at the end, when the widths of its columns are known.
#[derive(Debug)]
pub struct PagePrinter<'a> {
    printer: &'a Printer,
    layout: RowLayout,
    rows: Vec<Value>,
    is_started: bool,
    has_items: bool,
}

impl PagePrinter<'_> {
    /// Prints a page; the other properties only of the first one.
    ///
    /// # Errors
    ///
    /// Fails if standard output cannot be written.
    pub fn print(&mut self, page: Value) -> Result<(), Failure> {
        let (properties, items) = page::split(page);
        let (format, terminal) = (self.printer.format, self.printer.style.terminal);
        if format == OutputFormat::Table {
            self.rows.extend(items);
            return Ok(());
        }
        let mut text = String::new();
        if !self.is_started {
            self.is_started = true;
            text.push_str(&document::list_start(format, &properties)?);
        }
        for item in &items {
            text.push_str(&document::list_item(format, item, !self.has_items, terminal)?);
            self.has_items = true;
        }
        write(&text)
    }

    /// Prints the end of the list.
    ///
    /// # Errors
    ///
    /// Fails if a selected column does not exist, or if standard output cannot be written.
    pub fn finish(self) -> Result<(), Failure> {
        match self.printer.format {
            OutputFormat::Table => self.printer.print_rows(self.layout, &self.rows),
            format => write(&document::list_end(format, !self.has_items)),
        }
    }
}

/// Writes a line to standard output.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn write_line(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n"))
}

/// Writes text to standard output.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

fn use_colors(choice: ColorChoice, terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}
