//! Conditions of updates: the entity tags of what `GET` shows (RFC 9110, section 8.8.3), `If-Match` (section 13.1.1), and the properties
//! that must have their present value because they cannot be set.
//!
//! A tag is computed from the representation, so that it is the same on every node and after a restart, and needs no column. It is a
//! hash of all properties, followed by a short digest of each in their order: with it, the refusal of an update names the properties
//! that have changed. Properties that no request sets are left out.

use std::cell::Cell;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::HeaderMap;
use http::header::IF_MATCH;
use pbx_types::{Location, Violation};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::Formatter;
use twox_hash::XxHash3_64;

use super::operation::Echo;
use super::schema_violations::plain;

/// The length of the hash of all properties, in bytes.
const WHOLE: usize = 8;

/// The maximum length of a header `If-Match`, in bytes. The contract has it as well.
const MAX_IF_MATCH: usize = 4096;

/// A present value that is longer is not repeated in a violation, in bytes.
const MAX_SHOWN: usize = 256;

/// A representation in JSON, with the places of its properties.
pub(super) struct Representation {
    pub(super) json: Vec<u8>,
    /// The index of the quote before each name of a property of the outer object.
    starts: Vec<usize>,
}

impl Representation {
    pub(super) fn new(shown: &impl Serialize) -> Result<Self, serde_json::Error> {
        let length = Cell::new(0);
        let mut writer = Counting {
            bytes: Vec::with_capacity(1024),
            length: &length,
        };
        let mut marks = Marks {
            length: &length,
            depth: 0,
            starts: Vec::with_capacity(64),
        };
        shown.serialize(&mut serde_json::Serializer::with_formatter(&mut writer, &mut marks))?;
        Ok(Self {
            json: writer.bytes,
            starts: marks.starts,
        })
    }

    /// Returns the properties, each as `"name":value`.
    fn properties<'a>(&'a self, volatile: &'a [&str]) -> impl Iterator<Item = &'a [u8]> {
        // A comma or a brace follows each.
        let ends = self.starts.iter().skip(1).copied().chain([self.json.len()]);
        let properties = self.starts.iter().zip(ends);
        let properties = properties.filter_map(|(start, end)| self.json.get(*start..end.checked_sub(1)?));
        properties.filter(move |property| !volatile.iter().any(|name| is_called(property, name)))
    }

    /// Returns the entity tag, with its quotes.
    pub(super) fn etag(&self, volatile: &[&str]) -> String {
        /// Any odd number: the order of the properties matters.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut whole = 0_u64;
        let mut tag = Vec::with_capacity(WHOLE + 2 * self.starts.len());
        tag.extend_from_slice(&[0; WHOLE]);
        for property in self.properties(volatile) {
            let hash = XxHash3_64::oneshot(property);
            whole = whole.wrapping_mul(FACTOR).wrapping_add(hash);
            let [first, second, ..] = hash.to_be_bytes();
            tag.extend_from_slice(&[first, second]);
        }
        tag[..WHOLE].copy_from_slice(&whole.to_be_bytes());
        let mut text = String::with_capacity(2 + tag.len().div_ceil(3) * 4);
        text.push('"');
        BASE64.encode_string(&tag, &mut text);
        text.push('"');
        text
    }

    /// Returns the names of the properties that have changed since a tag. None if the tag is not one of such a representation.
    fn changed_since(&self, etag: &str, volatile: &[&str]) -> Vec<String> {
        let decoded = |tag: &str| BASE64.decode(tag.trim_matches('"')).unwrap_or_default();
        let (before, now) = (decoded(etag), decoded(&self.etag(volatile)));
        if before.len() != now.len() {
            return Vec::new();
        }
        let digests = before.chunks(2).zip(now.chunks(2)).skip(WHOLE / 2);
        let changed = self
            .properties(volatile)
            .zip(digests)
            .filter(|(_, (before, now))| before != now);
        changed.map(|(property, _)| name(property).to_owned()).collect()
    }
}

/// Returns the name of a property in `"name":value`. Names of the contract have nothing to escape.
fn name(property: &[u8]) -> &str {
    let name = property.split(|byte| *byte == b'"').nth(1).unwrap_or_default();
    std::str::from_utf8(name).unwrap_or_default()
}

fn is_called(property: &[u8], name: &str) -> bool {
    property.get(1..=name.len()) == Some(name.as_bytes()) && property.get(name.len() + 1) == Some(&b'"')
}

/// Collects what is written, and its length for [`Marks`].
struct Counting<'a> {
    bytes: Vec<u8>,
    length: &'a Cell<usize>,
}

impl io::Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.length.set(self.bytes.len());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes JSON without spaces, and records where the properties of the outer object begin.
struct Marks<'a> {
    length: &'a Cell<usize>,
    depth: usize,
    starts: Vec<usize>,
}

impl Formatter for &mut Marks<'_> {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if self.depth == 1 {
            self.starts.push(self.length.get());
        }
        Ok(())
    }
}

/// The conditions of one update.
#[derive(Debug)]
pub struct Precondition {
    volatile: &'static [&'static str],
    if_match: Option<IfMatch>,
    /// The properties that must have their present value: a JSON Pointer and what was sent.
    unchanged: Vec<(&'static str, Value)>,
}

/// A condition that does not hold.
#[derive(Debug)]
pub enum Unmet {
    /// The object has changed since the entity tag.
    Changed {
        /// The names of the changed properties, as far as the tag has them.
        properties: Vec<String>,
    },
    /// Properties that cannot be set differ from their present values.
    Different(Vec<Violation>),
    /// The representation cannot be written as JSON.
    Unreadable(String),
}

#[derive(Debug, PartialEq, Eq)]
enum IfMatch {
    /// `*`
    Any,
    /// The strong tags, with their quotes. A weak one matches nothing.
    Tags(Vec<String>),
}

impl Precondition {
    /// Removes from the body what only `GET` shows. Returns the conditions of the update; `None` if it has none.
    pub(super) fn take(
        echo: &Echo,
        headers: &HeaderMap,
        body: Option<&mut Value>,
        violations: &mut Vec<Violation>,
    ) -> Option<Arc<Self>> {
        let if_match = if_match(headers, violations);
        let mut unchanged = Vec::new();
        if let Some(body) = body {
            for pointer in echo.ignored {
                remove(body, pointer);
            }
            let sent = echo
                .unchanged
                .iter()
                .filter_map(|pointer| Some((*pointer, remove(body, pointer)?)));
            unchanged.extend(sent);
        }
        (if_match.is_some() || !unchanged.is_empty()).then(|| {
            Arc::new(Self {
                volatile: echo.volatile,
                if_match,
                unchanged,
            })
        })
    }

    /// Checks the conditions against what `GET` on the same path shows now. To be called in the transaction of the update.
    ///
    /// # Errors
    ///
    /// The first condition that does not hold.
    pub fn check(&self, shown: &impl Serialize) -> Result<(), Unmet> {
        let unreadable = |error: serde_json::Error| Unmet::Unreadable(error.to_string());
        if let Some(IfMatch::Tags(tags)) = &self.if_match {
            let shown = Representation::new(shown).map_err(unreadable)?;
            if !tags.contains(&shown.etag(self.volatile)) {
                let changed = tags.iter().map(|tag| shown.changed_since(tag, self.volatile));
                let properties = changed.min_by_key(|changed| (changed.is_empty(), changed.len()));
                return Err(Unmet::Changed {
                    properties: properties.unwrap_or_default(),
                });
            }
        }
        if self.unchanged.is_empty() {
            return Ok(());
        }
        let shown = serde_json::to_value(shown).map_err(unreadable)?;
        let different = self.unchanged.iter().filter_map(|(pointer, sent)| {
            let present = shown.pointer(pointer).unwrap_or(&Value::Null);
            (present != sent).then(|| different(pointer, present))
        });
        let different: Vec<_> = different.collect();
        if different.is_empty() {
            Ok(())
        } else {
            Err(Unmet::Different(different))
        }
    }
}

/// Returns the violation of a property that has another value than the present one, which `GET` shows to the same caller.
fn different(pointer: &str, present: &Value) -> Violation {
    let shown = plain(present);
    let violation = |predicate: &str| Violation::with_predicate(Location::Body, pointer, "const", predicate);
    if shown.len() > MAX_SHOWN {
        return violation("cannot be changed here: leave it out, or send it as `GET` shows it");
    }
    violation(&format!(
        "cannot be changed here: leave it out, or send its present value, {shown}"
    ))
    .limit(shown)
}

/// Removes the property that a pointer leads to.
fn remove(body: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    body.pointer_mut(parent)?.as_object_mut()?.remove(&name)
}

/// Reads the header, and records a violation if it is not a list of entity tags.
fn if_match(headers: &HeaderMap, violations: &mut Vec<Violation>) -> Option<IfMatch> {
    let mut tags = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let text = value.to_str().ok().filter(|text| text.len() <= MAX_IF_MATCH);
        match text.and_then(parse) {
            Some(IfMatch::Tags(more)) => tags.extend(more),
            Some(IfMatch::Any) => return Some(IfMatch::Any),
            None => {
                let predicate = "must be `*`, or the `ETag` of a response with its quotes, or several of them with commas between them";
                violations.push(Violation::with_predicate(
                    Location::Header,
                    "/If-Match",
                    "format",
                    predicate,
                ));
            }
        }
    }
    headers.contains_key(IF_MATCH).then_some(IfMatch::Tags(tags))
}

fn parse(text: &str) -> Option<IfMatch> {
    let mut rest = text.trim_ascii();
    if rest == "*" {
        return Some(IfMatch::Any);
    }
    let mut tags = Vec::new();
    let mut is_empty = true;
    loop {
        // Proxies that join headers leave empty elements (RFC 9110, section 5.6.1.2).
        rest = rest.trim_start_matches([',', ' ']);
        if rest.is_empty() {
            return (!is_empty).then_some(IfMatch::Tags(tags));
        }
        is_empty = false;
        let weak = rest.strip_prefix("W/");
        let (tag, after) = weak.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        if !tag.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        if weak.is_none() {
            tags.push(format!("\"{tag}\""));
        }
        match after.trim_ascii_start().strip_prefix(',') {
            Some(more) => rest = more,
            None => return after.trim_ascii_start().is_empty().then_some(IfMatch::Tags(tags)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn representation(shown: &Value) -> Representation {
        let representation = Representation::new(shown).unwrap();
        assert_eq!(representation.json, serde_json::to_vec(shown).unwrap());
        representation
    }

    #[test]
    fn tag_depends_on_every_property_but_the_volatile_ones() {
        let etag = |shown: &Value| representation(shown).etag(&["id", "used"]);
        let shown = json!({"id": "1", "id_2": 2, "list": [{"a": 1}], "name": "x\"},{", "used": 5});
        let tag = etag(&shown);
        assert_eq!(
            tag,
            etag(&json!({"id": "9", "id_2": 2, "list": [{"a": 1}], "name": "x\"},{", "used": 6}))
        );
        for (name, value) in [("id_2", json!(3)), ("list", json!([])), ("name", json!(null))] {
            let mut other = shown.clone();
            other[name] = value;
            assert_ne!(tag, etag(&other), "{name}");
            assert_eq!(representation(&other).changed_since(&tag, &["id", "used"]), [name]);
        }
    }

    #[test]
    fn tag_is_the_same_in_every_release() {
        // Nodes of two releases share a database: a change of the algorithm refuses updates.
        let etag = representation(&json!({"a": 1, "b": [true]})).etag(&[]);
        assert_eq!(etag, "\"4bDQREt-Bv9wZP3x\"");
        assert_eq!(representation(&json!({})).etag(&[]), "\"AAAAAAAAAAA\"");
    }

    #[test]
    fn foreign_tag_names_no_property() {
        let shown = representation(&json!({"a": 1}));
        for tag in ["\"\"", "\"x\"", "\"AAAAAAAAAAA\""] {
            assert_eq!(shown.changed_since(tag, &[]), [""; 0], "{tag}");
        }
    }

    #[test]
    fn if_match_is_a_list_of_strong_tags_or_any() {
        let tags = |tags: &[&str]| Some(IfMatch::Tags(tags.iter().map(|tag| (*tag).to_owned()).collect()));
        for (text, expected) in [
            ("*", Some(IfMatch::Any)),
            ("\"a\"", tags(&["\"a\""])),
            ("\"a\" , \"b,c\"", tags(&["\"a\"", "\"b,c\""])),
            ("W/\"a\"", tags(&[])),
            ("W/\"a\", \"b\"", tags(&["\"b\""])),
            ("", None),
            ("a", None),
            ("\"a", None),
            (", \"a\",,", tags(&["\"a\""])),
            (" , ", None),
            ("\"a\" \"b\"", None),
            ("*, \"a\"", None),
            ("\"a b\"", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_get_shows_is_taken_out_of_the_body_and_compared() {
        const ECHO: Echo = Echo {
            volatile: &["id"],
            ignored: &["/id"],
            unchanged: &["/name", "/at/city"],
        };
        let take = |body: Value, headers: &HeaderMap| {
            let mut body = body;
            let mut violations = Vec::new();
            let precondition = Precondition::take(&ECHO, headers, Some(&mut body), &mut violations);
            (body, precondition, violations)
        };
        let none = HeaderMap::new();
        let (body, precondition, _) = take(json!({"id": 5, "on": true}), &none);
        assert_eq!(body, json!({"on": true}));
        assert!(precondition.is_none());
        let sent = json!({"name": "x", "at": {"city": "y", "zip": 1}});
        let (body, precondition, _) = take(sent, &none);
        assert_eq!(body, json!({"at": {"zip": 1}}));
        let precondition = precondition.unwrap();
        precondition.check(&json!({"name": "x", "at": {"city": "y"}})).unwrap();
        let Err(Unmet::Different(violations)) =
            precondition.check(&json!({"name": "z", "at": {"city": "y".repeat(300)}}))
        else {
            unreachable!()
        };
        let shown: Vec<_> = violations
            .iter()
            .map(|one| (one.to_string(), one.message().to_owned()))
            .collect();
        assert_eq!(shown[0].0, "body#/name const z");
        assert_eq!(
            shown[0].1,
            "`name` cannot be changed here: leave it out, or send its present value, z."
        );
        assert_eq!(shown[1].0, "body#/at/city const");

        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, "nothing".parse().unwrap());
        let (_, _, violations) = take(json!({}), &headers);
        assert_eq!(violations[0].to_string(), "header#/If-Match format");
        let shown = json!({"id": 1, "name": "x"});
        headers.insert(IF_MATCH, representation(&shown).etag(&["id"]).parse().unwrap());
        let (_, precondition, _) = take(json!({}), &headers);
        let precondition = precondition.unwrap();
        precondition.check(&json!({"id": 2, "name": "x"})).unwrap();
        let unmet = precondition.check(&json!({"id": 1, "name": "y"}));
        assert!(matches!(unmet, Err(Unmet::Changed { properties }) if properties == ["name"]));
    }
}
