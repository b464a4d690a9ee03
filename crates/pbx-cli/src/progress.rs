//! Progress bars: on standard error, and only on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// Smaller files are transferred before a bar could be read.
const MIN_LENGTH: u64 = 1 << 20;

/// Returns the bar of a transfer.
pub fn bytes(length: Option<u64>, what: &'static str) -> ProgressBar {
    if length.is_some_and(|length| length < MIN_LENGTH) {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{bar:30} {bytes} of {total_bytes} {msg}, {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {msg}, {elapsed}"),
    };
    draw(bar, template, what)
}

/// Returns the bar of a list.
pub fn items(count: Option<u64>) -> ProgressBar {
    let (bar, template) = match count {
        Some(count) => (ProgressBar::new(count), "{bar:30} {pos} of {len}, {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {pos}, {elapsed}"),
    };
    draw(bar, template, "")
}

fn draw(bar: ProgressBar, template: &str, what: &'static str) -> ProgressBar {
    // Draws nothing if standard error is not a terminal.
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    // Erased however the command ends.
    bar.with_message(what).with_finish(ProgressFinish::AndClear)
}
