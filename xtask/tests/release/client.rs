//! Reads responses of a new contract with the client of this workspace, which was generated from the old one.
//!
//! Every operation is called through its generated method, over a real connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use pbx_client::Client;
use serde_json::Value;

use super::samples::{FORMS, Form, UNDECLARED, Writer, resolve, sample};

/// Support of the generated calls below.
mod support {
    use std::pin::Pin;

    use pbx_client::{ByteStream, Client, Error, ResponseValue};
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    pub(super) type Caller = for<'a> fn(&'a Client, &str) -> Called<'a>;
    type Called<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + 'a>>;

    /// Serializes the response that the client read.
    pub(super) fn await_response<'a, T: Serialize>(
        call: impl Future<Output = Result<ResponseValue<T>, Error>> + 'a,
    ) -> Called<'a> {
        Box::pin(async { Ok(serde_json::to_value(call.await?.into_inner()).unwrap()) })
    }

    pub(super) fn await_download<'a>(
        call: impl Future<Output = Result<ResponseValue<ByteStream>, Error>> + 'a,
    ) -> Called<'a> {
        Box::pin(async { call.await?.into_inner().bytes().await.map(|_| Value::Null) })
    }

    pub(super) fn parse_body<T: DeserializeOwned>(body: &str) -> T {
        serde_json::from_str(body).unwrap()
    }
}

#[path = "../../../crates/pbx-client/src/generated/every_call.rs"]
#[rustfmt::skip]
mod every_call;
// The client's own tests use more of it.
#[allow(dead_code, unexpected_cfgs)]
#[path = "../../../crates/pbx-client/tests/wire/server.rs"]
mod server;

/// The method and path of an operation.
pub type Endpoint = (String, String);

/// The outcome of reading a response.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All known properties were read.
    Read,
    /// These properties were lost.
    Lost(BTreeSet<String>),
    /// The client returned an error.
    Refused(String),
}

/// The client, with the operations that it was generated for.
pub struct Reader {
    client: Client,
    reply: Arc<Mutex<server::Reply>>,
    operations: Vec<Operation>,
    _server: server::Server,
}

/// An operation of the contract that the client was generated from.
struct Operation {
    endpoint: Endpoint,
    call: support::Caller,
    body: String,
    /// Its responses, all of which the client's own tests read.
    responses: Vec<(u16, Option<Value>)>,
    /// The pointers to all values in them.
    known: BTreeSet<String>,
}

impl Reader {
    /// Creates the client of a contract.
    pub async fn new(contract: &Value) -> Self {
        let reply = Arc::new(Mutex::new(server::Reply::Nothing));
        let current = Arc::clone(&reply);
        let server = server::Server::start(move |_| current.lock().unwrap().clone()).await;
        // A union reads JSON that matches none of its variants as such.
        let is_union = |operation: &Value| {
            let schema = schema(contract, &operation["responses"]["200"]);
            schema.is_some_and(|schema| resolve(contract, schema).get("oneOf").is_some())
        };
        let typed = operations(contract).filter(|(_, operation)| !is_union(operation));
        let operations = typed.map(|(endpoint, operation)| {
            let id = operation["operationId"].as_str().unwrap();
            let (_, call) = every_call::CALLS.iter().find(|(known, _)| *known == id).unwrap();
            let responses = responses(contract, operation);
            Operation {
                endpoint,
                call: *call,
                body: request(contract, operation),
                known: known(&responses),
                responses,
            }
        });
        Self {
            client: server.client(),
            reply,
            operations: operations.collect(),
            _server: server,
        }
    }

    /// The worst outcome of each operation that the new contract still has, with its response.
    pub async fn outcomes(&self, after: &Value) -> BTreeMap<Endpoint, (Outcome, String)> {
        let mut found = BTreeMap::new();
        let after_all: BTreeMap<Endpoint, &Value> = operations(after).collect();
        for operation in &self.operations {
            let Some(new) = after_all.get(&operation.endpoint) else {
                continue;
            };
            let mut worst = (Outcome::Read, String::new());
            for (status, response) in responses(after, new) {
                if operation.responses.contains(&(status, response.clone())) {
                    continue;
                }
                let outcome = self.outcome(operation, status, response.as_ref()).await;
                if outcome != Outcome::Read {
                    worst = (outcome, format!("{status} {}", response.unwrap_or_default()));
                }
            }
            found.insert(operation.endpoint.clone(), worst);
        }
        found
    }

    async fn outcome(&self, operation: &Operation, status: u16, response: Option<&Value>) -> Outcome {
        let text = response.map(Value::to_string).unwrap_or_default();
        *self.reply.lock().unwrap() = server::Reply::json(status, &text);
        let read = match (operation.call)(&self.client, &operation.body).await {
            Err(error) => return Outcome::Refused(error.to_string()),
            Ok(read) => read,
        };
        let lost = lost(&operation.known, response.unwrap_or(&Value::Null), &read);
        if lost.is_empty() {
            Outcome::Read
        } else {
            Outcome::Lost(lost)
        }
    }
}

/// The operations of a contract.
pub fn operations(contract: &Value) -> impl Iterator<Item = (Endpoint, &Value)> {
    let items = contract["paths"].as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        let properties = item.as_object().into_iter().flatten();
        let operations = properties.filter(|(_, value)| value.get("operationId").is_some());
        operations.map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation))
    })
}

/// The schema of a JSON or form body.
pub fn schema<'a>(contract: &'a Value, holder: &'a Value) -> Option<&'a Value> {
    let content = resolve(contract, holder)["content"].as_object()?;
    let entry = content.get("application/json").or_else(|| content.values().next())?;
    Some(&entry["schema"])
}

/// A valid request body of the operation.
fn request(contract: &Value, operation: &Value) -> String {
    let schema = schema(contract, &operation["requestBody"]);
    schema.map_or_else(String::new, |schema| {
        sample(contract, schema, Writer::Caller, Form::Whole(0)).to_string()
    })
}

/// The success responses of the operation, in every form.
fn responses(contract: &Value, operation: &Value) -> Vec<(u16, Option<Value>)> {
    let mut all = Vec::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let Ok(status @ 200..400) = status.parse::<u16>() else {
            continue;
        };
        match &resolve(contract, response)["content"]["application/json"]["schema"] {
            // No body, or bytes, which the client does not interpret.
            Value::Null => all.push((status, None)),
            schema => all.extend(FORMS.map(|form| (status, Some(sample(contract, schema, Writer::Server, form))))),
        }
    }
    all
}

/// The pointers to all values of responses, with array indices as `*`.
fn known(responses: &[(u16, Option<Value>)]) -> BTreeSet<String> {
    let mut pointers = BTreeSet::new();
    for response in responses.iter().filter_map(|(_, response)| response.as_ref()) {
        each(response, "", &mut |pointer, _| {
            pointers.insert(without_indices(pointer));
        });
    }
    pointers.retain(|pointer| !pointer.contains(UNDECLARED));
    pointers
}

/// The known pointers whose values were sent but not read.
fn lost(known: &BTreeSet<String>, sent: &Value, read: &Value) -> BTreeSet<String> {
    let mut lost = BTreeSet::new();
    each(sent, "", &mut |pointer, value| {
        let arrived = match (value, read.pointer(pointer)) {
            // Equivalent to absent.
            (Value::Null, _) => true,
            (Value::Array(items), _) if items.iter().all(Value::is_null) => true,
            (Value::Object(properties), _) if properties.is_empty() => true,
            (Value::Array(_), Some(read)) => read.is_array(),
            (Value::Object(_), Some(read)) => read.is_object(),
            // A string may have been sent as a number or boolean.
            (Value::Number(sent), Some(Value::Number(read))) => sent.as_f64() == read.as_f64(),
            (value, Some(read)) => text(value) == text(read),
            (_, None) => false,
        };
        if known.contains(&without_indices(pointer)) && !arrived {
            lost.insert(pointer.to_owned());
        }
    });
    lost
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn each(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(pointer, value);
    match value {
        Value::Object(properties) => {
            for (name, property) in properties {
                let name = name.replace('~', "~0").replace('/', "~1");
                each(property, &format!("{pointer}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each(item, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

fn without_indices(pointer: &str) -> String {
    let segments = pointer.split('/');
    let is_index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let segments: Vec<_> = segments
        .map(|segment| if is_index(segment) { "*" } else { segment })
        .collect();
    segments.join("/")
}
