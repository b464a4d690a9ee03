//! The invented release, and the changes of a maintainer to complete its adoption.

use std::fs;

use super::copy::Copy;

const HOLIDAYS: &str = "crates/pbx-server/src/resources/holidays.rs";

/// An operation in the form of the vendor's pages.
pub fn block(path: &str, method: &str, operation: &str) -> String {
    format!(
        "\n```json\n{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"PortSIP PBX Rest API\",\"version\":\"22.0\"}},\
         \"paths\":{{\"{path}\":{{\"{method}\":{operation}}}}}}}\n```\n"
    )
}

/// Writes the release: an added and a removed operation, a changed success status, a renamed property, a tighter constraint, a fixed
/// erratum, a new enum value, and a page with a new resource.
pub fn write_release(copy: &Copy) {
    let page = "release/tenant.md";
    let id = r#"{"name":"id","in":"path","required":true,"schema":{"type":"string"},"description":"The unique ID of the holiday."}"#;
    let added = format!(
        r#"{{"tags":["Tenant"],"operationId":"copyHoliday","summary":"Copy a holiday","parameters":[{id}],"responses":{{"204":{{"description":"No Content"}},"4XX":{{"description":"Error"}}}}}}"#
    );
    let path = copy.directory.path().join(page);
    let text = fs::read_to_string(&path).unwrap();
    // The removed operation is the last block of the page.
    let (kept, last) = text.rsplit_once("```json\n").unwrap();
    assert!(last.contains("\"operationId\":\"deleteHoliday\""), "{last}");
    let (start, voicemail) = kept.split_once("\"operationId\":\"updateVoicemailServer\"").unwrap();
    let voicemail = voicemail.replacen("\"200\":", "\"202\":", 1);
    let kept = format!("{start}\"operationId\":\"updateVoicemailServer\"{voicemail}");
    fs::write(&path, format!("{kept}{}", block("/holidays/{id}/copy", "post", &added))).unwrap();

    copy.edit(page, "\"every_year\"", "\"yearly\"", 5);
    copy.edit(
        page,
        r#""name":{"type":"string","minLength":1,"maxLength":64,"description":"The name of the holiday.\n"}"#,
        r#""name":{"type":"string","minLength":1,"maxLength":32,"description":"The name of the holiday.\n"}"#,
        4,
    );
    copy.edit(
        page,
        r#""year_end":{"type":"integer","description":"The start year of holiday.\n"}"#,
        r#""year_end":{"type":"integer","description":"The end year of holiday."}"#,
        4,
    );
    copy.edit(
        "release/administration.md",
        r#""enum":["ACCEPT","DENY"]"#,
        r#""enum":["ACCEPT","DENY","OBSERVE"]"#,
        4,
    );
    let reports = r#"{"tags":["Tenant"],"operationId":"retrieveReports","summary":"Retrieve reports","responses":{"200":{"description":"OK","content":{"application/json":{"schema":{"type":"object","properties":{"calls":{"type":"integer","format":"int64"}}}}}},"4XX":{"description":"Error"}}}"#;
    fs::write(
        copy.pages().join("reports.md"),
        format!("# Reports\n{}", block("/reports", "get", reports)),
    )
    .unwrap();
}

/// Deletes the overlay action at `specs/FILE:LINE`.
pub fn delete_action(copy: &Copy, place: &str) {
    let (file, line) = place.rsplit_once(':').unwrap();
    let path = copy.root().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let first = line.parse::<usize>().unwrap() - 1;
    assert!(lines[first].starts_with("  - target:"), "{}", lines[first]);
    let rest = &lines[first + 1..];
    let length = rest
        .iter()
        .position(|line| line.starts_with("  - "))
        .unwrap_or(rest.len());
    let kept = [&lines[..first], &rest[length..]].concat();
    fs::write(&path, kept.join("\n") + "\n").unwrap();
}

/// Removes the methods that the trait of the holidays no longer has.
pub fn drop_holidays(copy: &Copy) {
    let file = copy.root().join(HOLIDAYS);
    let source = fs::read_to_string(&file).unwrap();
    let first = source.find("async fn delete_holiday").unwrap();
    let length = source[first..].find("\n    }\n").unwrap() + "\n    }\n".len();
    let kept = format!("{}{}", source[..first].trim_end(), &source[first + length..]);
    fs::write(&file, kept).unwrap();
}

/// Follows the renamed property and the new enum value.
pub fn fix_types(copy: &Copy) {
    let edit = |path: &str, from: &str, to: &str| copy.edit(&format!("tree/crates/pbx-domain/src/{path}"), from, to, 1);
    edit("holidays.rs", "= self.every_year", "= self.yearly == Some(true)");
    edit(
        "ip_rules.rs",
        "IpRuleTarget::Accept =>",
        "IpRuleTarget::Accept | IpRuleTarget::Observe =>",
    );
}

/// Implements the added operation.
pub fn add_operation(copy: &Copy) {
    let edit = |path: &str, from: &str, to: &str| copy.edit(&format!("tree/{path}"), from, to, 1);
    let show = "    async fn show_holiday(";
    let copied = "    async fn copy_holiday(&self, call: Call<Caller>, id: HolidayId) -> Result<(), Error> {\n        \
                  self.show_holiday(call, id).await.map(drop)\n    }\n\n";
    edit(HOLIDAYS, show, &format!("{copied}{show}"));
}
