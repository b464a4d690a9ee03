//! Violations of the contract's rules by a request, reported without repeating what was sent.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// The body.
    Body,
}

impl Location {
    const ALL: [Self; 4] = [Self::Path, Self::Query, Self::Header, Self::Body];

    /// Returns the name that the `detail` of an error begins with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
        }
    }

    /// Returns the location of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|location| location.as_str() == name)
    }
}

/// One rule that a request violates.
///
/// `Display` writes the machine-readable form, `location#pointer rule limit`, for example `body#/port maximum 65535`. The pointer
/// is a JSON Pointer in URI fragment form (RFC 6901, section 6). The rule is a JSON Schema keyword or one of `unknown`,
/// `unexpected`, `duplicate`, `readOnly`, `encoding`, `json`, `depth`, `number`; an implementation adds rules under names that it
/// chooses. The limit is the rest of the line, if there is one. A message names the same value as a person writes it,
/// `transports[0].port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    location: Location,
    pointer: String,
    rule: Cow<'static, str>,
    limit: Option<String>,
    message: String,
}

/// Property names chosen by a caller are cut off after this many characters.
const MAX_NAME_LENGTH: usize = 64;

impl Violation {
    /// Creates a violation. The pointer is a JSON Pointer, `""` for the whole location; the message is a sentence.
    pub fn new(
        location: Location,
        pointer: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            location,
            pointer: pointer.into(),
            rule: rule.into(),
            limit: None,
            message: message.into(),
        }
    }

    /// Creates a violation whose message is a subject, which the pointer names ("`port`"), and a predicate ("must be at most
    /// 65535").
    pub fn with_predicate(
        location: Location,
        pointer: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
        predicate: &str,
    ) -> Self {
        let pointer = pointer.into();
        let message = format!("{} {predicate}.", subject(location, &pointer));
        Self::new(location, pointer, rule, message)
    }

    /// Creates a violation by a property of the body. The path is the property's name, after those of the objects and the
    /// indexes of the arrays around it, with slashes between them; the predicate is, for example, "must be an IPv4 address".
    pub fn field(path: &str, rule: impl Into<Cow<'static, str>>, predicate: impl fmt::Display) -> Self {
        Self::with_predicate(Location::Body, format!("/{path}"), rule, &predicate.to_string())
    }

    /// Creates a violation by a query parameter. The text follows the parameter's name and a colon.
    pub fn query(name: &str, rule: impl Into<Cow<'static, str>>, text: impl fmt::Display) -> Self {
        let message = format!("Query parameter `{name}`: {text}.");
        Self::new(Location::Query, format!("/{name}"), rule, message)
    }

    /// Sets the limit of the rule.
    #[must_use]
    pub fn limit(mut self, limit: impl fmt::Display) -> Self {
        self.limit = Some(limit.to_string());
        self
    }

    /// Returns the part of the request that it is in.
    pub const fn location(&self) -> Location {
        self.location
    }

    /// Returns the JSON Pointer to the value within the location.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the name of the rule.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// Returns the sentence for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the sentence for a person, by value.
    pub fn into_message(self) -> String {
        self.message
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The characters that a URI fragment cannot contain (RFC 3986, section 3.5). Non-ASCII is always encoded.
        const NOT_IN_FRAGMENTS: &AsciiSet = &CONTROLS
            .add(b' ')
            .add(b'"')
            .add(b'#')
            .add(b'%')
            .add(b'<')
            .add(b'>')
            .add(b'[')
            .add(b'\\')
            .add(b']')
            .add(b'^')
            .add(b'`')
            .add(b'{')
            .add(b'|')
            .add(b'}');
        let pointer = utf8_percent_encode(&self.pointer, NOT_IN_FRAGMENTS);
        write!(f, "{}#{pointer} {}", self.location.as_str(), self.rule)?;
        match &self.limit {
            Some(limit) => write!(f, " {limit}"),
            None => Ok(()),
        }
    }
}

/// Returns the pointer to the property of that name of the object that `pointer` leads to.
pub fn property_pointer(pointer: &str, name: &str) -> String {
    let mut pointer = pointer.to_owned();
    push_property(&mut pointer, name);
    pointer
}

/// Extends a pointer to an object by the name of one of its properties, escaped, and cut off after 64 characters.
pub fn push_property(pointer: &mut String, name: &str) {
    pointer.push('/');
    for (index, character) in name.chars().enumerate() {
        match character {
            _ if index == MAX_NAME_LENGTH => return pointer.push('…'),
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            character => pointer.push(character),
        }
    }
}

/// Returns the name of the value at a pointer for a person: "`transports[0].port`", "Query parameter `top`", "The request body".
fn subject(location: Location, pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        if !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
            name.push_str(&format!("[{segment}]"));
            continue;
        }
        if !name.is_empty() {
            name.push('.');
        }
        let segment = segment.replace("~1", "/").replace("~0", "~");
        name.extend(segment.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
    }
    match (location, name.is_empty()) {
        (Location::Body, true) => "The request body".to_owned(),
        (Location::Body, false) => format!("`{name}`"),
        (Location::Path, true) => "The path".to_owned(),
        (Location::Path, false) => format!("Path parameter `{name}`"),
        (Location::Query, true) => "The query".to_owned(),
        (Location::Query, false) => format!("Query parameter `{name}`"),
        (Location::Header, true) => "The headers".to_owned(),
        (Location::Header, false) => format!("Header `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detail_is_a_pointer_in_fragment_form() {
        let violation = Violation::with_predicate(Location::Body, "/a b/0/ä", "maximum", "must be at most 5").limit(5);
        assert_eq!(violation.to_string(), "body#/a%20b/0/%C3%A4 maximum 5");
        assert_eq!(violation.message(), "`a b[0].ä` must be at most 5.");
    }

    #[test]
    fn property_names_are_escaped_and_cut_off() {
        assert_eq!(property_pointer("/a", "b/~c"), "/a/b~1~0c");
        let long = property_pointer("", &"x".repeat(65));
        assert_eq!(long, format!("/{}…", "x".repeat(64)));
    }

    #[test]
    fn implementations_violations_name_properties_and_parameters() {
        let nested = Violation::field("phones/0/name", "format", "must be a name");
        assert_eq!(nested.pointer(), "/phones/0/name");
        assert_eq!(nested.message(), "`phones[0].name` must be a name.");
        let query = Violation::query("filter", "syntax", "expected a field at character 1");
        assert_eq!(
            query.message(),
            "Query parameter `filter`: expected a field at character 1."
        );
        assert_eq!(query.to_string(), "query#/filter syntax");
    }
}
