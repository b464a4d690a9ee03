//! Lists, and how answers are printed.

use std::io::{BufRead as _, BufReader};

use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_tests::Server;
use serde_json::Value;

use crate::made_up::answering;
use crate::{Shell, new_tenant, signed_in};

/// A server that has that many IP rules, and the administrator signed in to it.
pub async fn with_rules(count: usize) -> (Server, Shell) {
    let (server, shell) = signed_in();
    let client = server.client().await;
    let all = (0..count).map(|number| {
        let cidr = format!("10.0.{}.{}", number / 250, number % 250);
        let rule = CreateIpRule::new(cidr, IpRuleTarget::Accept).description(format!("number {number}"));
        client.create_ip_rule().body(rule).send()
    });
    for created in futures_util::future::join_all(all).await {
        created.unwrap();
    }
    (server, shell)
}

#[tokio::test]
async fn a_list_is_shown_page_by_page_or_whole() {
    let (_server, shell) = with_rules(230).await;
    let page = shell.json(&["ip-rules", "list"]);
    assert_eq!(page["count"], 230);
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    let page = shell.json(&["ip-rules", "list", "--top", "7", "--skip", "226"]);
    assert_eq!(page["items"].as_array().unwrap().len(), 4);
    let page = shell.json(&["ip-rules", "list", "--filter", "description eq 'number 17'"]);
    assert_eq!(page["items"][0]["cidr"], "10.0.0.17/32");
    // As the help says that it is written.
    for (filter, count) in [
        ("contains(description,'ber 22') and target eq 'ACCEPT'", 11),
        ("startswith(description,'number 22') or endswith(description,' 7')", 12),
        ("not (description eq 'it''s' or description eq null)", 230),
    ] {
        let page = shell.json(&["ip-rules", "list", "--filter", filter]);
        assert_eq!(page["count"], count, "{filter}");
    }
    for (search, count) in [("\"number 22\"", 11), ("number 229", 1), ("229 or 17 not 117", 13)] {
        let page = shell.json(&["ip-rules", "list", "--search", search]);
        assert_eq!(page["count"], count, "{search}");
    }
    let page = shell.json(&["ip-rules", "list", "--orderby", "target desc,description"]);
    assert_eq!(page["items"][0]["description"], "number 0");

    let order = ["--orderby", "cidr"];
    let whole = shell.json(&[&["ip-rules", "list", "--all"][..], &order].concat());
    assert_eq!(whole["count"], 230);
    let ids = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut unique = ids(&whole);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 230);
    let small = shell.json(&[&["ip-rules", "list", "--all", "--top", "40"][..], &order].concat());
    assert_eq!(ids(&small), ids(&whole));
    let rest = shell.json(&[&["ip-rules", "list", "--all", "--skip", "200"][..], &order].concat());
    assert_eq!(ids(&rest), ids(&whole)[200..]);

    let yaml = shell.ok(&[&["ip-rules", "list", "--all", "-o", "yaml"][..], &order].concat());
    let yaml: Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(yaml, whole);
    let table = shell.ok(&[&["ip-rules", "list", "--all", "-o", "table"][..], &order].concat());
    assert_eq!(table.lines().count(), 231);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let (_server, shell) = with_rules(230).await;
    for format in ["json", "yaml", "table"] {
        let mut child = shell.spawn(&["ip-rules", "list", "--all", "--output", format]);
        let mut first = String::new();
        // Dropped after one line, as `head -1` does.
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(!first.is_empty());
        let ended = crate::Ended::of(child);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn what_is_printed_is_what_the_server_sent() {
    let (_server, shell) = signed_in();
    assert_eq!(shell.json(&["tenants", "list"])["count"], 0);
    assert_eq!(shell.ok(&["tenants", "list", "--output", "table"]), "");
    assert_eq!(
        shell.ok(&["tenants", "list", "--all", "-o", "yaml"]),
        "count: 0\nitems: []\n"
    );
    let id = shell.create(&new_tenant("Acme \u{1b}]0;x\u{7}\u{202e}", "acme.example"));

    let json = shell.ok(&["tenants", "show", &id, "--output", "json"]);
    assert!(!json.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{json}");
    let tenant: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(tenant["name"], "Acme \u{1b}]0;x\u{7}\u{202e}");
    let yaml = shell.ok(&["tenants", "show", &id, "--output", "yaml"]);
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), tenant);

    let table = shell.ok(&["tenants", "list", "--output", "table"]);
    assert!(!table.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{table}");
    let head = table.lines().next().unwrap();
    let columns: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(columns[..4], ["ID", "NAME", "DOMAIN", "ENABLED"]);
    let table = shell.ok(&["tenants", "list", "-o", "table", "--columns", "domain,max-extensions"]);
    assert_eq!(table, "DOMAIN        MAX_EXTENSIONS\nacme.example            1000\n");
    let card = shell.ok(&["tenants", "show", &id, "-o", "table", "--columns", "domain,e164"]);
    let names: Vec<&str> = card.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names[..3], ["domain", "e164.enabled", "e164.international_code"]);
    let said = shell.fails(2, &["tenants", "list", "-o", "table", "--columns", "domains"]);
    assert!(
        said.contains("there is no column `domains`, only id, name, domain"),
        "{said}"
    );

    // No colours but where they are wished.
    let coloured = shell.ok(&["tenants", "list", "-o", "table", "--color", "always"]);
    assert!(coloured.contains("\u{1b}[1m"), "{coloured:?}");
    let by_variable = shell.with("PBX_OUTPUT", "yaml");
    assert!(by_variable.ok(&["tenants", "list"]).starts_with("count: 1\n"));
}

#[test]
fn a_server_that_does_not_page_is_not_asked_for_ever() {
    let list = |url: &str| {
        let shell = Shell::new().with("PBX_URL", url).with("PBX_TOKEN", "T");
        shell.run(&["ip-rules", "list", "--all"])
    };
    let (url, asked) = answering(Some(("200 OK", r#"{"items": [{"id": "1"}]}"#)));
    let ended = list(&url);
    assert_eq!(ended.code, 11, "{ended:?}");
    assert!(ended.stderr.contains("the server does not page"), "{ended:?}");
    assert_eq!(asked.try_iter().count(), 2);
    // Nor one that does not count.
    let (url, _) = answering(Some(("200 OK", r#"{"items": []}"#)));
    assert_eq!(list(&url).stdout, "{\n  \"items\": []\n}\n");
}
