//! Bars for what takes long: on standard error, and only on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// What has fewer bytes is there before anybody could read of it.
const SHORT: u64 = 1 << 20;

/// Of a file.
pub fn bytes(length: Option<u64>, what: &'static str) -> ProgressBar {
    if length.is_some_and(|length| length < SHORT) {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{bar:30} {bytes} of {total_bytes} {msg}, {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {msg}, {elapsed}"),
    };
    drawn(bar, template, what)
}

/// Of a list.
pub fn items(count: Option<u64>) -> ProgressBar {
    let (bar, template) = match count {
        Some(count) => (ProgressBar::new(count), "{bar:30} {pos} of {len}, {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {pos}, {elapsed}"),
    };
    drawn(bar, template, "")
}

fn drawn(bar: ProgressBar, template: &str, what: &'static str) -> ProgressBar {
    // Nothing is drawn where standard error is no terminal.
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    // However it ends, nothing of it is left on the terminal.
    bar.with_message(what).with_finish(ProgressFinish::AndClear)
}
