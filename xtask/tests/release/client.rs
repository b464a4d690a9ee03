//! The client of this workspace, which is the one from before a release, and what it makes of answers from after it.
//!
//! Every operation is called by its generated method, over a real connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use pbx_client::Client;
use serde_json::Value;

use super::samples::{FORMS, FURTHER, Form, Writer, resolve, sample};

/// What the calls below need.
mod support {
    use std::pin::Pin;

    use pbx_client::{ByteStream, Client, Error, ResponseValue};
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    pub(super) type Caller = for<'a> fn(&'a Client, &str) -> Called<'a>;
    type Called<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + 'a>>;

    /// What is read of an answer, written again.
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
// The client's own tests use more of it, and know whether it tries again.
#[allow(dead_code, unexpected_cfgs)]
#[path = "../../../crates/pbx-client/tests/wire/server.rs"]
mod server;

/// Method and path: what an operation is for who calls it.
pub type Endpoint = (String, String);

/// What the client makes of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Everything that it knew of is there.
    Read,
    /// It arrives without these.
    Lost(BTreeSet<String>),
    /// It is an error.
    Refused(String),
}

/// The client, and what it was written for.
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
    /// Its answers: the client's own tests have it read all of them.
    answers: Vec<(u16, Option<Value>)>,
    /// The places in them.
    known: BTreeSet<String>,
}

impl Reader {
    /// The client of a contract.
    pub async fn of(contract: &Value) -> Self {
        let reply = Arc::new(Mutex::new(server::Reply::Nothing));
        let current = Arc::clone(&reply);
        let server = server::Server::start(move |_| current.lock().unwrap().clone()).await;
        let operations = operations(contract).map(|(endpoint, operation)| {
            let id = operation["operationId"].as_str().unwrap();
            let (_, call) = every_call::CALLS.iter().find(|(known, _)| *known == id).unwrap();
            let answers = answers(contract, operation);
            Operation {
                endpoint,
                call: *call,
                body: request(contract, operation),
                known: known(&answers),
                answers,
            }
        });
        Self {
            client: server.client(),
            reply,
            operations: operations.collect(),
            _server: server,
        }
    }

    /// What it makes of the answers of each of its operations that another contract has as well: the worst, with the answer.
    pub async fn outcomes(&self, after: &Value) -> BTreeMap<Endpoint, (Outcome, String)> {
        let mut found = BTreeMap::new();
        let after_all: BTreeMap<Endpoint, &Value> = operations(after).collect();
        for operation in &self.operations {
            let Some(new) = after_all.get(&operation.endpoint) else {
                continue;
            };
            let mut worst = (Outcome::Read, String::new());
            for (status, answer) in answers(after, new) {
                if operation.answers.contains(&(status, answer.clone())) {
                    continue;
                }
                let outcome = self.outcome(operation, status, answer.as_ref()).await;
                if outcome != Outcome::Read {
                    worst = (outcome, format!("{status} {}", answer.unwrap_or_default()));
                }
            }
            found.insert(operation.endpoint.clone(), worst);
        }
        found
    }

    async fn outcome(&self, operation: &Operation, status: u16, answer: Option<&Value>) -> Outcome {
        let text = answer.map(Value::to_string).unwrap_or_default();
        *self.reply.lock().unwrap() = server::Reply::json(status, &text);
        let read = match (operation.call)(&self.client, &operation.body).await {
            Err(error) => return Outcome::Refused(error.to_string()),
            Ok(read) => read,
        };
        let lost = lost(&operation.known, answer.unwrap_or(&Value::Null), &read);
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
        let members = item.as_object().into_iter().flatten();
        let operations = members.filter(|(_, value)| value.get("operationId").is_some());
        operations.map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation))
    })
}

/// The schema of a body of JSON, or of a form.
pub fn schema<'a>(contract: &'a Value, holder: &'a Value) -> Option<&'a Value> {
    let content = resolve(contract, holder)["content"].as_object()?;
    let medium = content.get("application/json").or_else(|| content.values().next())?;
    Some(&medium["schema"])
}

/// A body that the operation takes, as text.
fn request(contract: &Value, operation: &Value) -> String {
    let schema = schema(contract, &operation["requestBody"]);
    schema.map_or_else(String::new, |schema| {
        sample(contract, schema, Writer::Caller, Form::Whole(0)).to_string()
    })
}

/// Everything that the operation may answer when all went well, in every form.
fn answers(contract: &Value, operation: &Value) -> Vec<(u16, Option<Value>)> {
    let mut all = Vec::new();
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let Ok(status @ 200..400) = status.parse::<u16>() else {
            continue;
        };
        match &resolve(contract, answer)["content"]["application/json"]["schema"] {
            // Nothing, or bytes, which mean nothing to the client.
            Value::Null => all.push((status, None)),
            schema => all.extend(FORMS.map(|form| (status, Some(sample(contract, schema, Writer::Server, form))))),
        }
    }
    all
}

/// The places of answers, with any number of a list as `*`.
fn known(answers: &[(u16, Option<Value>)]) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for answer in answers.iter().filter_map(|(_, answer)| answer.as_ref()) {
        each(answer, "", &mut |place, _| {
            places.insert(starred(place));
        });
    }
    places.retain(|place| !place.contains(FURTHER));
    places
}

/// What was sent at places that are known, and is not read there.
fn lost(known: &BTreeSet<String>, sent: &Value, read: &Value) -> BTreeSet<String> {
    let mut lost = BTreeSet::new();
    each(sent, "", &mut |place, value| {
        let arrived = match (value, read.pointer(place)) {
            // As good as absent, on either side.
            (Value::Null, _) => true,
            (Value::Array(items), _) if items.iter().all(Value::is_null) => true,
            (Value::Object(members), _) if members.is_empty() => true,
            (Value::Array(_), Some(read)) => read.is_array(),
            (Value::Object(_), Some(read)) => read.is_object(),
            // Text may have come as what it stands for.
            (Value::Number(sent), Some(Value::Number(read))) => sent.as_f64() == read.as_f64(),
            (value, Some(read)) => text(value) == text(read),
            (_, None) => false,
        };
        if known.contains(&starred(place)) && !arrived {
            lost.insert(place.to_owned());
        }
    });
    lost
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn each(value: &Value, place: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(place, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                each(member, &format!("{place}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each(item, &format!("{place}/{index}"), visit);
            }
        }
        _ => {}
    }
}

fn starred(place: &str) -> String {
    let segments = place.split('/');
    let is_index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let segments: Vec<_> = segments
        .map(|segment| if is_index(segment) { "*" } else { segment })
        .collect();
    segments.join("/")
}
