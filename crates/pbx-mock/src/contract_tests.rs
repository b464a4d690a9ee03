//! Calls every operation with the client and a mock, for each success status, with sample values from the contract.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::pin::Pin;

use pbx_client::{ByteStream, Client, Error, ResponseValue};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::generated::coverage::CASES;
use crate::mock::Mock;
use crate::operation::Operation;
use crate::server::MockServer;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/generated/client.json");

/// The body of text requests and responses.
#[allow(dead_code)] // A contract may have none.
pub(crate) const TEXT: &str = "a text: \u{e9}";
/// The body of binary requests and responses.
#[allow(dead_code)]
pub(crate) const BYTES: &[u8] = b"\xff\x00 bytes";

/// An operation with one of its success statuses.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) status: u16,
    /// Creates the mock.
    pub(crate) mock: for<'a> fn(&'a MockServer, &Sample<'_>) -> Mocked<'a>,
    /// Calls the operation and checks its result.
    pub(crate) call: for<'a> fn(&'a Client, &Sample<'_>) -> Called<'a>,
}

/// A mock of any operation.
pub(crate) type Mocked<'a> = Box<dyn Check + 'a>;
pub(crate) type Called<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

pub(crate) trait Check {
    /// Asserts that the mock matched one request, and removes it.
    fn check(self: Box<Self>);
}

impl<O: Operation> Check for Mock<'_, O> {
    fn check(self: Box<Self>) {
        self.assert();
        self.delete();
    }
}

pub(crate) fn mocked<O: Operation>(mock: Mock<'_, O>) -> Mocked<'_> {
    Box::new(mock)
}

/// Checks the body of a response.
pub(crate) fn returns<'a, T: PartialEq + Debug + 'a>(
    call: impl Future<Output = Result<ResponseValue<T>, Error>> + 'a,
    expected: T,
) -> Called<'a> {
    Box::pin(async move { assert_eq!(call.await.unwrap().into_inner(), expected) })
}

/// Checks the body of a download.
#[allow(dead_code)]
pub(crate) fn downloads<'a>(call: impl Future<Output = Result<ResponseValue<ByteStream>, Error>> + 'a) -> Called<'a> {
    Box::pin(async move { assert_eq!(collect(call.await.unwrap().into_inner()).await, BYTES) })
}

/// Checks that a call without a response body succeeds.
#[allow(dead_code)]
pub(crate) fn succeeds<'a>(call: impl Future<Output = Result<ResponseValue<()>, Error>> + 'a) -> Called<'a> {
    Box::pin(async move { drop(call.await.unwrap()) })
}

/// Sample values for an operation.
pub(crate) struct Sample<'a> {
    contract: &'a Value,
    operation: &'a Value,
}

impl Sample<'_> {
    pub(crate) fn parameter<T: DeserializeOwned>(&self, name: &str) -> T {
        let parameters = self.operation["parameters"].as_array().unwrap();
        let found = parameters.iter().find(|parameter| parameter["name"] == name);
        let found = found.unwrap();
        if found["in"] == "header" && found["schema"]["type"] == "string" {
            // httpmock supports no other header values.
            return serde_json::from_value(json!("visible ASCII, \"quoted\"")).unwrap();
        }
        self.read(&found["schema"], name)
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> T {
        let content = self.operation["requestBody"]["content"].as_object().unwrap();
        self.read(&content.values().next().unwrap()["schema"], "the body")
    }

    pub(crate) fn response<T: DeserializeOwned>(&self, status: u16) -> T {
        let response = &self.operation["responses"][status.to_string()];
        self.read(&response["content"]["application/json"]["schema"], "the response")
    }

    fn read<T: DeserializeOwned>(&self, schema: &Value, what: &str) -> T {
        let sample = sample(self.contract, schema);
        serde_json::from_value(sample.clone())
            .unwrap_or_else(|error| panic!("{} {what}: {error}: {sample}", self.operation["operationId"]))
    }
}

/// Returns a value with every property set.
fn sample(contract: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = contract.pointer(reference.trim_start_matches('#'));
        return sample(contract, target.unwrap_or_else(|| panic!("{reference}")));
    }
    for several in ["allOf", "oneOf", "anyOf"] {
        if let Some(variants) = schema[several].as_array() {
            return sample(contract, &variants[0]);
        }
    }
    if let Some(values) = schema["x-extensible-enum"].as_array().or(schema["enum"].as_array()) {
        return values.last().unwrap().clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(7).max(7)),
        Some("number") => json!(1.5),
        Some("array") => json!([sample(contract, &schema["items"])]),
        Some("object") => {
            let properties = schema["properties"].as_object();
            let members = properties.into_iter().flatten();
            let members = members.map(|(name, member)| (name.clone(), sample(contract, member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Some("string") if schema["format"] == "date-time" => json!("2024-05-01T08:30:00.5Z"),
        // Every one of these characters is encoded in URLs and forms.
        Some("string") => json!("a/b c?d&e=%25;\"é+"),
        _ => json!({"any": ["thing"]}),
    }
}

async fn collect(mut stream: ByteStream) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(chunk) = stream.next().await {
        out.extend(chunk.unwrap());
    }
    out
}

#[tokio::test]
async fn every_operation_matches_its_mock() {
    let contract: Value = serde_json::from_str(&std::fs::read_to_string(CONTRACT).unwrap()).unwrap();
    let server = MockServer::start();
    let client = server.client();
    let mut missing = BTreeSet::new();
    for item in contract["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            for status in operation["responses"].as_object().unwrap().keys() {
                if status.starts_with(['2', '3']) {
                    missing.insert((id.to_owned(), status.clone()));
                }
            }
            let sample = Sample {
                contract: &contract,
                operation,
            };
            for case in CASES.iter().filter(|case| case.id == id) {
                let mock = (case.mock)(&server, &sample);
                (case.call)(&client, &sample).await;
                mock.check();
                missing.remove(&(id.to_owned(), case.status.to_string()));
            }
        }
    }
    assert!(missing.is_empty(), "no call of {missing:?}");
    assert!(server.take_unmatched().is_empty());
}
