//! Lists and output formats.

use std::io::{BufRead as _, BufReader};

use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_test_harness::Server;
use serde_json::Value;

use crate::stub_server::stub_server;
use crate::{Shell, signed_in, tenant_arguments};

/// Starts a server with this many IP rules and signs the administrator in.
pub async fn server_with_rules(count: usize) -> (Server, Shell) {
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
async fn list_returns_a_page_or_all_pages() {
    let (_server, shell) = server_with_rules(230).await;
    let page = shell.json(&["ip-rules", "list"]);
    assert_eq!(page["count"], 230);
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    let page = shell.json(&["ip-rules", "list", "--top", "7", "--skip", "226"]);
    assert_eq!(page["items"].as_array().unwrap().len(), 4);
    let page = shell.json(&["ip-rules", "list", "--filter", "description eq 'number 17'"]);
    assert_eq!(page["items"][0]["cidr"], "10.0.0.17/32");
    // The syntax that the help describes.
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
async fn closed_pipe_is_not_a_failure() {
    let (_server, shell) = server_with_rules(230).await;
    for format in ["json", "yaml", "table"] {
        let mut child = shell.spawn(&["ip-rules", "list", "--all", "--output", format]);
        let mut first = String::new();
        // Closes the pipe after one line, like `head -1`.
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(!first.is_empty());
        let outcome = crate::Outcome::wait(child);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn output_is_the_response_of_the_server() {
    let (_server, shell) = signed_in();
    assert_eq!(shell.json(&["tenants", "list"])["count"], 0);
    assert_eq!(shell.ok(&["tenants", "list", "--output", "table"]), "");
    assert_eq!(
        shell.ok(&["tenants", "list", "--all", "-o", "yaml"]),
        "count: 0\nitems: []\n"
    );
    let id = shell.create(&tenant_arguments("Acme \u{202e}", "acme.example"));

    let json = shell.ok(&["tenants", "show", &id, "--output", "json"]);
    assert!(!json.contains('\u{202e}'), "{json}");
    let tenant: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(tenant["name"], "Acme \u{202e}");
    let yaml = shell.ok(&["tenants", "show", &id, "--output", "yaml"]);
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), tenant);

    let table = shell.ok(&["tenants", "list", "--output", "table"]);
    assert!(!table.contains('\u{202e}'), "{table}");
    let head = table.lines().next().unwrap();
    let columns: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(columns[..4], ["ID", "NAME", "DOMAIN", "ENABLED"]);
    let table = shell.ok(&["tenants", "list", "-o", "table", "--columns", "domain,max-extensions"]);
    assert_eq!(table, "DOMAIN        MAX_EXTENSIONS\nacme.example            1000\n");
    let card = shell.ok(&["tenants", "show", &id, "-o", "table", "--columns", "domain,e164"]);
    let names: Vec<&str> = card.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names[..3], ["domain", "e164.enabled", "e164.international_code"]);
    let stderr = shell.fails(2, &["tenants", "list", "-o", "table", "--columns", "domains"]);
    assert!(
        stderr.contains("unknown column `domains`\n  columns: id, name, domain, "),
        "{stderr}"
    );

    // Colors only on request.
    let colored = shell.ok(&["tenants", "list", "-o", "table", "--color", "always"]);
    assert!(colored.contains("\u{1b}[1m"), "{colored:?}");
    let by_variable = shell.env("PBX_OUTPUT", "yaml");
    assert!(by_variable.ok(&["tenants", "list"]).starts_with("count: 1\n"));
}

#[test]
fn server_that_does_not_paginate_ends_the_list() {
    let list = |url: &str| {
        let shell = Shell::new().env("PBX_URL", url).env("PBX_TOKEN", "T");
        shell.run(&["ip-rules", "list", "--all"])
    };
    let (url, requests) = stub_server(Some(("200 OK", r#"{"items": [{"id": "1"}]}"#)));
    let outcome = list(&url);
    assert_eq!(outcome.code, 11, "{outcome:?}");
    assert!(outcome.stderr.contains("it does not paginate"), "{outcome:?}");
    assert_eq!(requests.try_iter().count(), 2);
    // Neither does one without a total count.
    let (url, _) = stub_server(Some(("200 OK", r#"{"items": []}"#)));
    assert_eq!(list(&url).stdout, "{\n  \"items\": []\n}\n");
}
