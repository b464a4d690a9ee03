//! Colors and the width of the terminal.

use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};

/// Capabilities of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Standard output is a terminal, whose width tables respect.
    pub terminal: bool,
    /// Colors and bold text are allowed.
    pub colors: bool,
}

/// Below this width, and where the terminal reports none, cells are not wrapped: columns would be a few characters wide.
const MIN_WRAP_WIDTH: u16 = 40;

impl Style {
    /// Returns a bold cell.
    pub fn heading(self, text: &str) -> Cell {
        let cell = Cell::new(text);
        if self.colors {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }

    /// Returns a table without borders.
    pub fn table(self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if !self.terminal {
            table.force_no_tty();
        } else if table.width().is_some_and(|width| width >= MIN_WRAP_WIDTH) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        if self.colors {
            table.enforce_styling();
        }
        table
    }

    /// Formats a table without trailing spaces.
    pub fn format(self, table: &mut Table) -> String {
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }
}
