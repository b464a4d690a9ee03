//! A request as data, before it is sent.

use serde_json::Value;

use super::spec::OperationSpec;

/// A request of an operation.
#[derive(Debug, Clone)]
pub struct Request {
    /// The operation.
    pub spec: &'static OperationSpec,
    /// Parameters of the path, in the order of the template.
    pub path: Vec<(&'static str, String)>,
    /// Parameters of the query string.
    pub query: Vec<(&'static str, String)>,
    /// Headers, without those that every request has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: RequestBody,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub enum RequestBody {
    /// No body.
    Empty,
    /// JSON.
    Json(Value),
    /// Text.
    Text(String),
    /// Names and values of an HTML form.
    Form(Vec<(String, String)>),
    /// The contents of this file, or of standard input for `-`.
    File(String),
}

impl Request {
    /// Creates a request without parameters and body.
    pub fn new(spec: &'static OperationSpec) -> Self {
        Self {
            spec,
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: RequestBody::Empty,
        }
    }

    /// Adds a parameter of the path.
    #[must_use]
    pub fn with_path(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.path.push((name, value.into()));
        self
    }

    /// Sets a parameter of the query string.
    #[must_use]
    pub fn with_query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.retain(|(present, _)| *present != name);
        self.query.push((name, value.to_string()));
        self
    }

    /// Returns a parameter of the query string.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(present, _)| *present == name)
            .map(|(_, value)| value.as_str())
    }
}
