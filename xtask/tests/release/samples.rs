//! Generates sample values from the schemas of a contract.

use serde_json::{Map, Value, json};

/// The selection of properties and variants in a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every property, and of each choice the one with this number, modulo their count.
    Whole(usize),
    /// Every property, null where possible.
    Nulls,
    /// Only required properties.
    Required,
    /// Every property down to this depth, and only required ones below.
    RequiredBelow(usize),
    /// Every property, and an undeclared one in every object.
    Undeclared,
}

/// The forms of the samples of a response.
pub const FORMS: [Form; 7] = [
    Form::Whole(0),
    Form::Whole(1),
    Form::Whole(2),
    Form::Whole(3),
    Form::Nulls,
    Form::Required,
    Form::Undeclared,
];

/// The name of the undeclared property.
pub const UNDECLARED: &str = "zz_undeclared";
/// A number and a length beyond any likely constraint.
const FAR: i64 = 4_000_000_000_000;
const LONG: usize = 20_000;
/// The maximum depth, because schemas may be recursive.
const DEPTH: usize = 12;

/// Resolves a reference.
pub fn resolve<'a>(contract: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let target = contract.pointer(reference.trim_start_matches('#'));
            resolve(
                contract,
                target.unwrap_or_else(|| panic!("{reference} does not resolve")),
            )
        }
        None => value,
    }
}

/// The sender of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Caller,
    Server,
}

/// Generates a value that is valid for the schema.
pub fn sample(contract: &Value, schema: &Value, writer: Writer, form: Form) -> Value {
    let generator = Generator { contract, writer, form };
    generator.value(schema, 0)
}

/// Generates values of one form.
struct Generator<'a> {
    contract: &'a Value,
    writer: Writer,
    form: Form,
}

impl Generator<'_> {
    /// The number of the choice to take.
    fn number(&self) -> usize {
        match self.form {
            Form::Whole(number) => number,
            _ => 0,
        }
    }

    /// The length of strings without a maximum, which does not matter to the client.
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
            let mut properties = Map::new();
            let mut last = Value::Null;
            let own = self.plain(schema, depth);
            for branch in branches.iter().map(|branch| self.value(branch, depth + 1)).chain([own]) {
                match branch {
                    Value::Object(more) => properties.extend(more),
                    other => last = other,
                }
            }
            return if properties.is_empty() {
                last
            } else {
                Value::Object(properties)
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
        // Both ends of a range, and a value between them.
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
        let mut properties = Map::new();
        let required = schema["required"].as_array();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = required.is_some_and(|all| all.iter().any(|needed| needed == name));
            let is_least =
                self.form == Form::Required || matches!(self.form, Form::RequiredBelow(most) if depth > most);
            if resolve(self.contract, property)[hidden] != true && (is_needed || !is_least) {
                properties.insert(name.clone(), self.value(property, depth + 1));
            }
        }
        let others = &schema["additionalProperties"];
        if others.is_object() && self.form != Form::Required {
            properties.insert("another".to_owned(), self.value(others, depth + 1));
        } else if self.form == Form::Undeclared && others != false {
            properties.insert(UNDECLARED.to_owned(), json!({"new": [1]}));
        }
        Value::Object(properties)
    }
}

/// A string for common patterns.
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
