//! Values that a contract allows, made up from its schemas.

use serde_json::{Map, Value, json};

/// How much of a schema a value shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every member, and of each choice the one of this number, counted round.
    Whole(usize),
    /// Every member; those that may be null are.
    Nulls,
    /// Only members that must be there.
    Least,
    /// Every member down to this depth, and below only what must be there.
    Hollow(usize),
    /// Every member, and in every object one that is not declared.
    Further,
}

/// What a value may look like.
pub const FORMS: [Form; 7] = [
    Form::Whole(0),
    Form::Whole(1),
    Form::Whole(2),
    Form::Whole(3),
    Form::Nulls,
    Form::Least,
    Form::Further,
];

/// The name of the member that is not declared.
pub const FURTHER: &str = "zz_further";
/// What no limit is likely to allow.
const FAR: i64 = 4_000_000_000_000;
const LONG: usize = 20_000;
/// Schemas may contain themselves.
const DEPTH: usize = 12;

/// What a reference stands for.
pub fn resolve<'a>(contract: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let target = contract.pointer(reference.trim_start_matches('#'));
            resolve(contract, target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
        }
        None => value,
    }
}

/// Who writes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Caller,
    Server,
}

/// A value that the schema allows.
pub fn sample(contract: &Value, schema: &Value, writer: Writer, form: Form) -> Value {
    let maker = Maker { contract, writer, form };
    maker.value(schema, 0)
}

/// Makes values of one form.
struct Maker<'a> {
    contract: &'a Value,
    writer: Writer,
    form: Form,
}

impl Maker<'_> {
    /// Which of several to take.
    fn number(&self) -> usize {
        match self.form {
            Form::Whole(number) => number,
            _ => 0,
        }
    }

    /// The length of text that has no limit: for the client none matters.
    fn long(&self) -> usize {
        match self.writer {
            Writer::Caller => LONG,
            Writer::Server => 300,
        }
    }

    fn value(&self, schema: &Value, depth: usize) -> Value {
        let schema = resolve(self.contract, schema);
        if depth > DEPTH || (self.form == Form::Nulls && may_be_null(self.contract, schema, depth)) {
            return Value::Null;
        }
        if let Some(branches) = schema["allOf"].as_array() {
            let mut members = Map::new();
            let mut last = Value::Null;
            let own = self.plain(schema, depth);
            for branch in branches.iter().map(|branch| self.value(branch, depth + 1)).chain([own]) {
                match branch {
                    Value::Object(more) => members.extend(more),
                    other => last = other,
                }
            }
            return if members.is_empty() {
                last
            } else {
                Value::Object(members)
            };
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(branches) = schema[key].as_array() {
                let branches: Vec<_> = branches.iter().filter(|branch| branch["type"] != "null").collect();
                return self.value(branches[self.number() % branches.len()], depth + 1);
            }
        }
        if !schema["const"].is_null() {
            return schema["const"].clone();
        }
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<_> = values.iter().filter(|value| !value.is_null()).collect();
            return values[self.number() % values.len()].clone();
        }
        self.plain(schema, depth)
    }

    fn plain(&self, schema: &Value, depth: usize) -> Value {
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types
                .iter()
                .filter_map(Value::as_str)
                .filter(|ty| *ty != "null")
                .collect(),
            ty => ty.as_str().into_iter().collect(),
        };
        let number = self.number();
        // The ends of a range, and what is between them.
        let bound = |key: &str| schema[key].as_i64();
        match types.get(number % types.len().max(1)) {
            Some(&"boolean") => json!(number.is_multiple_of(2)),
            Some(&"integer") => {
                let (least, most) = (bound("minimum"), bound("maximum"));
                match number % 3 {
                    1 => json!(least.unwrap_or(-FAR)),
                    2 => json!(most.unwrap_or(FAR)),
                    _ => json!(7.max(least.unwrap_or(7)).min(most.unwrap_or(7).max(7))),
                }
            }
            Some(&"number") if number % 3 == 2 => json!(bound("maximum").unwrap_or(FAR)),
            Some(&"number") => json!(bound("minimum").unwrap_or(0) as f64 + 0.5),
            Some(&"array") => json!([self.value(&schema["items"], depth + 1)]),
            Some(&"object") => self.object(schema, depth),
            Some(&"string") if schema["format"] == "date-time" => json!("2024-05-01T08:30:00.5Z"),
            Some(&"string") if schema["pattern"].is_string() => {
                matching(schema["pattern"].as_str().unwrap_or_default())
            }
            Some(&"string") if schema["format"] == "email" && number == 2 => json!("\"no body\"@example.com"),
            Some(&"string") if schema["format"] == "email" => json!("nobody@example.com"),
            Some(&"string") => {
                let length = |key: &str| schema[key].as_u64().and_then(|length| usize::try_from(length).ok());
                let (least, most) = (length("minLength"), length("maxLength"));
                match number % 3 {
                    1 => json!("x".repeat(least.unwrap_or(usize::from(self.writer == Writer::Server)))),
                    2 => json!("x".repeat(most.unwrap_or(self.long()).min(LONG))),
                    _ => json!("some text"),
                }
            }
            _ => json!({"any": ["thing"]}),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let hidden = match self.writer {
            Writer::Caller => "readOnly",
            Writer::Server => "writeOnly",
        };
        let mut members = Map::new();
        let required = schema["required"].as_array();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = required.is_some_and(|all| all.iter().any(|needed| needed == name));
            let is_least = self.form == Form::Least || matches!(self.form, Form::Hollow(most) if depth > most);
            if resolve(self.contract, member)[hidden] != true && (is_needed || !is_least) {
                members.insert(name.clone(), self.value(member, depth + 1));
            }
        }
        let others = &schema["additionalProperties"];
        if others.is_object() && self.form != Form::Least {
            members.insert("another".to_owned(), self.value(others, depth + 1));
        } else if self.form == Form::Further && others != false {
            members.insert(FURTHER.to_owned(), json!({"new": [1]}));
        }
        Value::Object(members)
    }
}

/// Text of a kind that patterns ask for.
fn matching(pattern: &str) -> Value {
    const KINDS: [&str; 9] = [
        "nobody@example.com",
        "192.0.2.1",
        "2001:db8::1",
        "ABC",
        "3000",
        "5GB",
        "12:30",
        "https://example.com/",
        "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
    ];
    let pattern = regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{error}"));
    let found = KINDS.into_iter().find(|text| pattern.is_match(text));
    json!(found.unwrap_or("some text"))
}

fn may_be_null(contract: &Value, schema: &Value, depth: usize) -> bool {
    let schema = resolve(contract, schema);
    let listed = |key: &str| {
        let values = schema[key].as_array();
        values.is_some_and(|values| values.iter().any(|value| value == "null" || value.is_null()))
    };
    let branch = |key: &str| {
        let branches = schema[key].as_array();
        branches.is_some_and(|all| depth < DEPTH && all.iter().any(|one| may_be_null(contract, one, depth + 1)))
    };
    schema["type"] == "null" || listed("type") || branch("oneOf") || branch("anyOf")
}
