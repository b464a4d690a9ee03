//! The largest value that a JSON Schema allows, and that the rules beyond the schema accept where a name tells what they want.

use std::fmt::Write as _;

use pbx_test_harness::PASSWORD;
use serde_json::{Map, Value, json};

/// The length of what has no limit: a stream of bytes, a URL of the vendor's.
const UNLIMITED: usize = 64;

/// Builds values by the schemas.
pub(crate) struct Generator<'a> {
    pub(crate) schemas: &'a Value,
    /// IDs of objects, by the name of the property or parameter.
    pub(crate) ids: &'a [(&'a str, &'a str)],
    /// Differs between requests, because many names are unique.
    pub(crate) number: usize,
    /// A certificate and its key, PEM.
    pub(crate) pair: &'a (String, String),
}

impl Generator<'_> {
    /// Checks that the schema of an operation allows this input.
    pub(crate) fn check(&self, schema: &Value, input: &Value) -> Result<(), String> {
        let mut schema = schema.clone();
        schema["$defs"] = self.schemas["$defs"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        validator
            .validate(input)
            .map_err(|error| format!("{error} at {}", error.instance_path()))
    }

    /// Returns the largest value of a schema, which must bound its arrays. `name` is that of the property, `index` that of the item that it is in.
    #[expect(clippy::panic, reason = "teach the test this type")]
    pub(crate) fn value(&self, schema: &Value, name: &str, index: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.schemas.pointer(reference.trim_start_matches('#')).unwrap();
            return self.value(target, name, index);
        }
        // The schema of what may be null.
        if let Some(schema) = schema.get("else") {
            return self.value(schema, name, index);
        }
        if let Some(values) = schema["enum"].as_array() {
            let value = values.iter().find(|value| value.is_string()).unwrap();
            return enumerated(name).unwrap_or_else(|| value.clone());
        }
        if schema.get("properties").is_some() {
            return self.object(schema, name, index);
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            one => vec![one.clone()],
        };
        match types.first().and_then(Value::as_str) {
            Some("array") => {
                let count = schema["maxItems"].as_u64().unwrap();
                let items = 0..usize::try_from(count).unwrap();
                items.map(|index| self.value(&schema["items"], name, index)).collect()
            }
            Some("string") => json!(self.string(schema, name, index)),
            Some("integer" | "number") => integer(schema, name, index),
            // Users that are created later sign in with a password alone.
            Some("boolean") => json!(name != "password_force_reset" && name != "enable_two_factor_authentication"),
            other => panic!("{name}: {other:?}"),
        }
    }

    fn object(&self, schema: &Value, of: &str, index: usize) -> Value {
        let mut properties = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // What `GET` shows is only sent back.
            if *property != false && property.get("x-echo").is_none() {
                properties.insert(name.clone(), self.value(property, name, index));
            }
        }
        // Only the tenant's own administrator enables events.
        if of.ends_with("_event") {
            properties.insert("enabled".to_owned(), json!(false));
        }
        Value::Object(properties)
    }

    fn string(&self, schema: &Value, name: &str, index: usize) -> String {
        let length = schema["maxLength"]
            .as_u64()
            .map(|length| usize::try_from(length).unwrap());
        let length = length.unwrap_or(UNLIMITED);
        if let Some((_, id)) = self.ids.iter().find(|(of, _)| *of == name) {
            return (*id).to_owned();
        }
        let pem = |pem: &str| format!("{}\n{pem}", "x".repeat(length - pem.len() - 1));
        let padded = |start: &str| format!("{start}{}", "x".repeat(length - start.len()));
        match name {
            "password" | "new_password" | "old_password" | "extension_password" => PASSWORD.to_owned(),
            "crt" | "stir_shaken_cert" => pem(&self.pair.0),
            "key" | "stir_shaken_key" => pem(&self.pair.1),
            "custom_options" => format!("\"{}\"", "x".repeat(length - 2)),
            "did_numbers" => numbers(),
            "from" => time(index, 0),
            "to" => time(index, 10),
            "timezone" => "America/Argentina/ComodRivadavia".to_owned(),
            "region" => "DEU".to_owned(),
            "currency" => "EUR".to_owned(),
            "country" | "area_code" | "national_code" | "international_code" | "prefix" => "49".to_owned(),
            "domain" | "web_domain" | "hostname" | "trace_server_host" => self.host(length.min(253)),
            // This is connected to.
            "server" => "127.0.0.1".to_owned(),
            "url" | "website" | "forum" => padded("http://127.0.0.1:9/"),
            "cidr" => format!("2001:db8:ffff:ffff:ffff:ffff:ffff:{:04x}/128", 0x1000 + self.number),
            "expire_at" => "9999-12-31T23:59:59Z".to_owned(),
            "private_ipv4" | "public_ipv4" => "192.168.100.100".to_owned(),
            "private_ipv6" | "public_ipv6" => "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".to_owned(),
            "primary_dns_server" | "secondary_dns_server" => "2001:db8::53".to_owned(),
            "recipients" | "email_recipients" => {
                let addresses = (0..15).map(|index| self.address(index, 254));
                addresses.collect::<Vec<_>>().join(",")
            }
            "email" | "recipient" | "reply_to" => self.address(0, length.min(254)),
            "extension_number" => format!("{:1>64}", self.number),
            "digest" => "0".repeat(64),
            quota if quota.ends_with("_quota") => "999PB".to_owned(),
            "filter" => condition(length),
            "orderby" => "id asc".to_owned(),
            "search" => "x ".repeat(length / 2),
            // Unique among the objects of its kind, and within its list.
            _ => {
                let start = format!("x{}-{index}-", self.number);
                padded(if length < start.len() { "" } else { &start })
            }
        }
    }

    /// Returns a host name of that length.
    fn host(&self, length: usize) -> String {
        // A last label of digits would be no name.
        let mut host = format!("{:x>width$}x", self.number, width = length - 1);
        for dot in (60..length - 5).step_by(60) {
            host.replace_range(dot..=dot, ".");
        }
        host
    }

    /// Returns a mail address of that length: the local part has at most 64 characters.
    fn address(&self, index: usize, length: usize) -> String {
        let local = format!("{index:x>60}");
        format!("{local}@{}", self.host(length - local.len() - 1))
    }
}

fn enumerated(name: &str) -> Option<Value> {
    let value = match name {
        "auth_mode" => "IP_AUTH",
        "type" => "SMTP",
        "target" => "ACCEPT",
        "role" => "StandardUser",
        "level" => "RESELLER",
        _ => return None,
    };
    Some(json!(value))
}

fn integer(schema: &Value, name: &str, index: usize) -> Value {
    match name {
        "year_start" | "year_end" => json!(9999),
        // Each of another port.
        "http_port" => json!(20_001),
        "https_port" => json!(20_002),
        "port" => json!(30_000 + index),
        "min_length" => json!(schema["minimum"]),
        _ => schema.get("maximum").cloned().unwrap_or(json!(1)),
    }
}

/// 1,000 ranges of the longest numbers.
fn numbers() -> String {
    let ranges = (0..1000).map(|index| {
        let first: u64 = 100_000_000_000_000 + index * 10;
        format!("{first}-{}", first + 5)
    });
    ranges.collect::<Vec<_>>().join("; ")
}

/// The time of day of the range with that index, of which a hundred do not overlap.
fn time(index: usize, minutes: usize) -> String {
    let minutes = index * 14 + minutes;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A filter of as many comparisons as fit.
fn condition(length: usize) -> String {
    let mut filter = "id eq '1'".to_owned();
    let mut more = String::new();
    for index in 0.. {
        more.clear();
        let _ = write!(more, " or id eq '{index}'");
        if filter.len() + more.len() > length {
            break;
        }
        filter.push_str(&more);
    }
    filter
}
