//! Formats a tenant as a page of sections.

use comfy_table::Cell;
use serde_json::Value;

use super::overview::TenantOverview;
use crate::output::style::Style;
use crate::output::{sanitize, value};

/// A titled list of labels and values.
struct Section {
    title: &'static str,
    lines: Vec<Line>,
}

/// A label and its value.
type Line = (String, String);

/// Minimum width of labels: the values of all sections are aligned.
const LABEL_WIDTH: usize = 21;

/// Labels and properties of the tenant.
const GENERAL: &[(&str, &str)] = &[
    ("ID", "id"),
    ("Domain", "domain"),
    ("Website", "website"),
    ("Region", "region"),
    ("Time zone", "timezone"),
    ("Currency", "currency"),
    ("Created", "created_at"),
];

/// Labels, properties of the status with what is used, and properties of the tenant with the limit.
const LIMITS: &[(&str, &str, &str)] = &[
    ("Users", "current_users", "max_extensions"),
    ("Concurrent calls", "current_calls", "max_concurrent_calls"),
    ("Ring groups", "current_ring_groups", "max_ring_groups"),
    ("Virtual receptionists", "current_ivrs", "max_virtual_receptionists"),
    ("Call queues", "current_queues", "max_call_queues"),
    ("Conference rooms", "current_conference_rooms", "max_conference_rooms"),
];

/// Labels and properties of the tenant, in days.
const RETENTION: &[(&str, &str)] = &[
    ("Recordings", "recording_retention"),
    ("Call reports", "call_report_retention"),
    ("Logs", "log_retention"),
    ("Temporary files", "temp_file_retention"),
];

/// Labels and properties of the tenant, with the URLs that events are sent to.
const EVENTS: &[(&str, &str)] = &[("Call records", "cdr_event"), ("Extensions", "extension_event")];

/// Formats the page of a tenant.
pub(super) fn format(overview: &TenantOverview, style: Style) -> String {
    let tenant = &overview.tenant;
    let mut page = heading(tenant, style);
    for section in [
        Section::new("", general(overview)),
        Section::new("Limits", limits(overview)),
        Section::new("Retention", retention(tenant)),
        Section::new("Features", features(tenant)),
        Section::new("Office hours", office_hours(tenant)),
        Section::new("Dealers", dealers(overview)),
        Section::new("Trunks", trunks(overview)),
        Section::new("Events", events(tenant)),
    ] {
        page.push_str(&section.format(style));
    }
    for note in &overview.notes {
        page.push_str(&format!("\n{}\n", sanitize::line(note)));
    }
    page.trim_end().to_owned()
}

impl Section {
    fn new(title: &'static str, lines: Vec<Line>) -> Self {
        Self { title, lines }
    }

    /// Formats the section, or nothing if it has no lines.
    fn format(self, style: Style) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let longest = self.lines.iter().map(|(label, _)| label.chars().count()).max();
        let width = LABEL_WIDTH.max(longest.unwrap_or_default());
        let mut table = style.table();
        for (label, value) in self.lines {
            let label = format!("  {:<width$}", sanitize::line(&label));
            table.add_row([Cell::new(label), Cell::new(sanitize::line(&value))]);
        }
        let title = match self.title {
            "" => String::new(),
            title => format!("\n{}\n", paint(title, "1", style)),
        };
        format!("{title}{}\n", style.format(&mut table))
    }
}

fn heading(tenant: &Value, style: Style) -> String {
    let state = match tenant["enabled"].as_bool() {
        Some(true) => paint("enabled", "32", style),
        Some(false) => paint("disabled", "31", style),
        None => String::new(),
    };
    let name = paint(&value::format(tenant.get("name")), "1", style);
    format!("{}\n", format!("{name}  {state}").trim_end())
}

/// Adds the escape sequences of an SGR code.
fn paint(text: &str, code: &str, style: Style) -> String {
    let text = sanitize::line(text);
    match style.colors {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.into_owned(),
    }
}

fn general(overview: &TenantOverview) -> Vec<Line> {
    let tenant = &overview.tenant;
    let mut lines = present(tenant, GENERAL);
    if let Some(online) = overview.status.as_ref().and_then(|status| status.get("online_users")) {
        lines.push(("Online".to_owned(), format!("{} users", value::format(Some(online)))));
    }
    if let Some(balance) = overview.balance.as_ref().and_then(|balance| balance.get("balance")) {
        let currency = value::format(tenant.get("currency"));
        lines.push((
            "Balance".to_owned(),
            format!("{} {currency}", value::format(Some(balance))),
        ));
    }
    lines
}

/// Returns the lines of properties that have a value.
fn present(tenant: &Value, properties: &[(&str, &str)]) -> Vec<Line> {
    properties
        .iter()
        .filter_map(|(label, property)| {
            let value = tenant.get(property)?;
            let is_empty = value.is_null() || value.as_str() == Some("");
            (!is_empty).then(|| ((*label).to_owned(), value::format(Some(value))))
        })
        .collect()
}

fn limits(overview: &TenantOverview) -> Vec<Line> {
    let tenant = &overview.tenant;
    let status = overview.status.as_ref();
    let mut lines: Vec<Line> = LIMITS
        .iter()
        .map(|(label, used, limit)| {
            let used = status.and_then(|status| status.get(used));
            ((*label).to_owned(), usage(used, tenant.get(limit)))
        })
        .collect();
    let disk = usage(tenant.get("used_disk_quota"), tenant.get("disk_quota"));
    lines.push(("Disk".to_owned(), disk));
    lines
}

fn usage(used: Option<&Value>, limit: Option<&Value>) -> String {
    let limit = limit.filter(|limit| !limit.is_null() && limit.as_str() != Some(""));
    let used = used.filter(|used| !used.is_null());
    match (used, limit) {
        (Some(used), Some(_)) => format!("{} of {}", value::format(Some(used)), value::format(limit)),
        (Some(used), None) => format!("{} (unlimited)", value::format(Some(used))),
        (None, Some(_)) => value::format(limit),
        (None, None) => "unlimited".to_owned(),
    }
}

fn retention(tenant: &Value) -> Vec<Line> {
    let lines = present(tenant, RETENTION).into_iter();
    lines.map(|(label, days)| (label, format!("{days} days"))).collect()
}

/// Returns the features that are on and off: `enable_feature_trunks` as `trunks`.
fn features(tenant: &Value) -> Vec<Line> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for (name, value) in tenant.as_object().into_iter().flatten() {
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
    // A feature with two switches is on if both are.
    on.retain(|feature| !off.contains(feature));
    [("On", on), ("Off", off)]
        .into_iter()
        .filter(|(_, features)| !features.is_empty())
        .map(|(label, features)| (label.to_owned(), features.join(", ")))
        .collect()
}

fn office_hours(tenant: &Value) -> Vec<Line> {
    let days = tenant["office_hours"].as_object();
    days.into_iter()
        .flatten()
        .filter(|(_, day)| day["enabled"] == true)
        .map(|(name, day)| {
            let ranges: Vec<String> = items(&day["ranges"])
                .map(|range| {
                    format!(
                        "{} to {}",
                        value::format(range.get("from")),
                        value::format(range.get("to"))
                    )
                })
                .collect();
            let hours = match ranges.is_empty() {
                true => "all day".to_owned(),
                false => ranges.join(", "),
            };
            (capitalize(name), hours)
        })
        .collect()
}

fn dealers(overview: &TenantOverview) -> Vec<Line> {
    let dealers = overview.dealers.iter().flat_map(|page| items(&page["items"]));
    dealers
        .map(|dealer| {
            let state = if dealer["enabled"] == false { ", disabled" } else { "" };
            let level = value::format(dealer.get("level")).replace('_', "-").to_lowercase();
            (
                value::format(dealer.get("name")),
                format!("{level}, ID {}{state}", value::format(dealer.get("id"))),
            )
        })
        .collect()
}

fn trunks(overview: &TenantOverview) -> Vec<Line> {
    let trunks = overview.trunks.iter().flat_map(items);
    trunks
        .map(|assigned| {
            let (trunk, assignment) = (&assigned["trunk"], &assigned["assignment"]);
            let calls = match &assignment["concurrency"] {
                Value::Null => String::new(),
                calls => format!(", {} concurrent calls", value::format(Some(calls))),
            };
            let numbers = value::format(assignment.get("did_numbers"));
            let id = value::format(trunk.get("id"));
            (
                value::format(trunk.get("name")),
                format!("numbers {numbers}{calls}, ID {id}"),
            )
        })
        .collect()
}

fn events(tenant: &Value) -> Vec<Line> {
    EVENTS
        .iter()
        .map(|(label, property)| (label, &tenant[*property]))
        .filter(|(_, event)| event["enabled"] == true)
        .map(|(label, event)| {
            (
                (*label).to_owned(),
                format!("sent to {}", value::format(event.get("url"))),
            )
        })
        .collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn capitalize(word: &str) -> String {
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
        colors: false,
    };

    #[test]
    fn page_has_aligned_sections() {
        let overview = TenantOverview {
            tenant: json!({
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
            }),
            status: Some(json!({"current_users": 12, "online_users": 7, "current_calls": 3})),
            balance: Some(json!({"balance": 17.5})),
            dealers: Some(
                json!({"items": [{"id": "7", "name": "north", "level": "SUB_DISTRIBUTOR", "enabled": false}]}),
            ),
            trunks: Some(json!([{
                "trunk": {"id": "9", "name": "telco"},
                "assignment": {"did_numbers": "4930100-4930199", "concurrency": 10},
            }])),
            notes: vec!["A note.".to_owned()],
        };
        insta::assert_snapshot!(format(&overview, PLAIN));
    }

    #[test]
    fn empty_tenant_has_a_page() {
        let overview = TenantOverview {
            tenant: json!({}),
            ..TenantOverview::default()
        };
        let page = format(&overview, Style { colors: true, ..PLAIN });
        assert!(page.starts_with("\u{1b}[1m-"), "{page}");
    }
}
