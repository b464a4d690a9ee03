//! A tenant as a page.

use comfy_table::Cell;
use serde_json::Value;

use super::safe;
use super::table::{Style, plain};

/// What a section shows: a label, and where its value is.
type Lines = &'static [(&'static str, &'static str)];

const ABOUT: Lines = &[
    ("Id", "/tenant/id"),
    ("Domain", "/tenant/domain"),
    ("Website", "/tenant/website"),
    ("Region", "/tenant/region"),
    ("Time zone", "/tenant/timezone"),
    ("Currency", "/tenant/currency"),
    ("Created", "/tenant/created_at"),
];

/// Of each: what is used, and the limit.
const LIMITS: &[(&str, Option<&str>, &str)] = &[
    ("Users", Some("/status/current_users"), "/tenant/max_extensions"),
    (
        "Concurrent calls",
        Some("/status/current_calls"),
        "/tenant/max_concurrent_calls",
    ),
    (
        "Ring groups",
        Some("/status/current_ring_groups"),
        "/tenant/max_ring_groups",
    ),
    (
        "Virtual receptionists",
        Some("/status/current_ivrs"),
        "/tenant/max_virtual_receptionists",
    ),
    ("Call queues", Some("/status/current_queues"), "/tenant/max_call_queues"),
    (
        "Conference rooms",
        Some("/status/current_conference_rooms"),
        "/tenant/max_conference_rooms",
    ),
    ("Disk", Some("/tenant/used_disk_quota"), "/tenant/disk_quota"),
];

const KEPT: Lines = &[
    ("Recordings", "/tenant/recording_retention"),
    ("Call reports", "/tenant/call_report_retention"),
    ("Logs", "/tenant/log_retention"),
    ("Temporary files", "/tenant/temp_file_retention"),
];

/// A tenant with what belongs to it. `notes` say why something is missing.
pub fn tenant(all: &Value, notes: &[String], style: Style) -> String {
    let mut out = String::new();
    let name = text(all, "/tenant/name");
    let state = match all.pointer("/tenant/enabled").and_then(Value::as_bool) {
        Some(true) => paint("enabled", "32", style),
        Some(false) => paint("disabled", "31", style),
        None => String::new(),
    };
    out.push_str(format!("{}  {state}", paint(&name, "1", style)).trim_end());
    out.push('\n');
    let mut about: Vec<(String, String)> = lines(all, ABOUT);
    if let Some(online) = all.pointer("/status/online_users") {
        about.push(("Online".to_owned(), format!("{} users", plain(Some(online)))));
    }
    if let Some(balance) = all.pointer("/balance/balance") {
        let currency = text(all, "/tenant/currency");
        about.push(("Balance".to_owned(), format!("{} {currency}", plain(Some(balance)))));
    }
    section(&mut out, "", about, style);
    let limits = LIMITS.iter().map(|(label, used, limit)| {
        let limit = match all.pointer(limit) {
            None | Some(Value::Null) => "no limit".to_owned(),
            Some(Value::String(text)) if text.is_empty() => "no limit".to_owned(),
            limit => plain(limit),
        };
        let used = used.and_then(|used| all.pointer(used)).filter(|used| !used.is_null());
        match used {
            Some(used) => ((*label).to_owned(), format!("{} of {limit}", plain(Some(used)))),
            None => ((*label).to_owned(), limit),
        }
    });
    section(&mut out, "Limits", limits.collect(), style);
    let kept = lines(all, KEPT)
        .into_iter()
        .map(|(label, days)| (label, format!("{days} days")));
    section(&mut out, "Kept for", kept.collect(), style);
    section(&mut out, "Features", features(all), style);
    section(&mut out, "Office hours", office_hours(all), style);
    section(&mut out, "Dealers", dealers(all), style);
    section(&mut out, "Trunks", trunks(all), style);
    section(&mut out, "Events", events(all), style);
    for note in notes {
        out.push_str(&format!("\n{}\n", safe::line(note)));
    }
    out.trim_end().to_owned()
}

fn section(out: &mut String, title: &str, lines: Vec<(String, String)>, style: Style) {
    if lines.is_empty() {
        return;
    }
    if !title.is_empty() {
        out.push_str(&format!("\n{}\n", paint(title, "1", style)));
    }
    // All sections have their values at one place.
    let width = LABEL.max(lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0));
    let mut table = style.table();
    for (label, value) in lines {
        let label = format!("  {:<width$}", safe::line(&label));
        table.add_row([Cell::new(label), Cell::new(safe::line(&value))]);
    }
    out.push_str(&style.print(&mut table));
    out.push('\n');
}

/// How wide labels are.
const LABEL: usize = 21;

fn paint(text: &str, code: &str, style: Style) -> String {
    let text = safe::line(text);
    match style.colours {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.into_owned(),
    }
}

fn text(all: &Value, pointer: &str) -> String {
    plain(all.pointer(pointer))
}

/// Those of which something is known.
fn lines(all: &Value, lines: Lines) -> Vec<(String, String)> {
    lines
        .iter()
        .filter_map(|(label, pointer)| {
            let value = all.pointer(pointer)?;
            let is_empty = value.is_null() || value.as_str() == Some("");
            (!is_empty).then(|| ((*label).to_owned(), plain(Some(value))))
        })
        .collect()
}

/// What is on: `enable_feature_trunks` as `trunks`.
fn features(all: &Value) -> Vec<(String, String)> {
    let members = all.pointer("/tenant").and_then(Value::as_object);
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for (name, value) in members.into_iter().flatten() {
        let Some(feature) = name.strip_prefix("enable_") else {
            continue;
        };
        let feature = feature.strip_prefix("feature_").unwrap_or(feature).replace('_', " ");
        match value.as_bool() {
            Some(true) if !on.contains(&feature) => on.push(feature),
            Some(false) if !off.contains(&feature) => off.push(feature),
            _ => {}
        }
    }
    // A feature may have two switches, and is on when both are.
    on.retain(|feature| !off.contains(feature));
    let mut lines = Vec::new();
    for (label, features) in [("On", on), ("Off", off)] {
        if !features.is_empty() {
            lines.push((label.to_owned(), features.join(", ")));
        }
    }
    lines
}

/// The days that are no holidays of the week, and when.
fn office_hours(all: &Value) -> Vec<(String, String)> {
    let days = all.pointer("/tenant/office_hours").and_then(Value::as_object);
    days.into_iter()
        .flatten()
        .filter(|(_, day)| day["enabled"] == true)
        .map(|(name, day)| {
            let ranges = day["ranges"].as_array().map(Vec::as_slice).unwrap_or_default();
            let ranges: Vec<String> = ranges
                .iter()
                .map(|range| format!("{} to {}", plain(range.get("from")), plain(range.get("to"))))
                .collect();
            let hours = match ranges.is_empty() {
                true => "all day".to_owned(),
                false => ranges.join(", "),
            };
            (capital(name), hours)
        })
        .collect()
}

fn dealers(all: &Value) -> Vec<(String, String)> {
    let dealers = all.pointer("/dealers/items").and_then(Value::as_array);
    dealers
        .into_iter()
        .flatten()
        .map(|dealer| {
            let state = if dealer["enabled"] == false { ", disabled" } else { "" };
            let level = plain(dealer.get("level")).replace('_', "-").to_lowercase();
            (
                plain(dealer.get("name")),
                format!("{level}, id {}{state}", plain(dealer.get("id"))),
            )
        })
        .collect()
}

fn trunks(all: &Value) -> Vec<(String, String)> {
    let trunks = all.pointer("/trunks").and_then(Value::as_array);
    trunks
        .into_iter()
        .flatten()
        .map(|one| {
            let calls = match &one["assignment"]["concurrency"] {
                Value::Null => String::new(),
                calls => format!(", {} calls at once", plain(Some(calls))),
            };
            let numbers = plain(one["assignment"].get("did_numbers"));
            let id = plain(one["trunk"].get("id"));
            (
                plain(one["trunk"].get("name")),
                format!("numbers {numbers}{calls}, id {id}"),
            )
        })
        .collect()
}

fn events(all: &Value) -> Vec<(String, String)> {
    [
        ("Call records", "/tenant/cdr_event"),
        ("Extensions", "/tenant/extension_event"),
    ]
    .into_iter()
    .filter_map(|(label, pointer)| {
        let event = all.pointer(pointer)?;
        (event["enabled"] == true).then(|| (label.to_owned(), format!("posted to {}", plain(event.get("url")))))
    })
    .collect()
}

fn capital(word: &str) -> String {
    let mut word = word.to_owned();
    if let Some(first) = word.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    word
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Style = Style {
        terminal: false,
        colours: false,
    };

    #[test]
    fn a_tenant_reads_like_a_page() {
        let all = json!({
            "tenant": {
                "id": "551909", "name": "Acme\u{1b}[31m", "domain": "acme.example", "enabled": true, "website": "",
                "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU", "max_extensions": 100,
                "max_concurrent_calls": null, "used_disk_quota": "12MB", "disk_quota": "", "recording_retention": 180,
                "enable_billing": true, "enable_feature_billing": false, "enable_feature_trunks": true, "enable_night_mode": false,
                "office_hours": {
                    "monday": {"enabled": true, "ranges": [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "17:00"}]},
                    "tuesday": {"enabled": true, "ranges": []},
                    "sunday": {"enabled": false, "ranges": []},
                },
                "cdr_event": {"enabled": true, "url": "https://acme.example/cdr"},
            },
            "status": {"current_users": 12, "online_users": 7, "current_calls": 3},
            "balance": {"balance": 17.5},
            "dealers": {"items": [{"id": "7", "name": "north", "level": "SUB_DISTRIBUTOR", "enabled": false}]},
            "trunks": [{"trunk": {"id": "9", "name": "telco"}, "assignment": {"did_numbers": "4930100-4930199", "concurrency": 10}}],
        });
        insta::assert_snapshot!(tenant(&all, &["A note.".to_owned()], PLAIN));
    }

    #[test]
    fn of_an_empty_answer_there_is_a_page_too() {
        let page = tenant(&json!({"tenant": {}}), &[], Style { colours: true, ..PLAIN });
        assert!(page.starts_with("\u{1b}[1m-"), "{page}");
    }
}
