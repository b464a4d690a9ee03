//! Extensions (`x-...`) of the contract that several stages read. `specs/overlays/README.md` lists all.

/// Extension of request bodies: `true` for a JSON Merge Patch.
pub const MERGE_PATCH: &str = "x-merge-patch";
/// Extension of the content of a body, `application/json`: the media type of JSON in the documents, if it is another one.
pub const MEDIA_TYPE: &str = "x-media-type";
/// Extension of a request body or response: the schemas in it that contain themselves, by name, until the schemas are named.
pub const RECURSIVE: &str = "x-recursive-schemas";
/// Extension of request bodies: `false` for one that does not update what `GET` on the same path shows.
pub const UPDATE: &str = "x-update";
/// Extension of a property of an update that only `GET` shows: `ignored` or `unchanged`.
pub const ECHO: &str = "x-echo";
/// Extension of a string schema: the kind of object that the string is the ID of, as a Rust type name.
pub const ID: &str = "x-id";
/// Extension of a property's schema: its initial value.
pub const INITIAL: &str = "x-initial";
/// Extension of an object schema: the name of the stored state that it shows.
pub const STATE: &str = "x-state";
/// Extension of a string or array schema of a request: a limit that is not the vendor's.
pub const LIMIT: &str = "x-limit";
/// Extension of the document: the limits of the strings and arrays that state none.
pub const LIMITS: &str = "x-limits";
/// Extension of a string schema of a request: its kind of text; in the contract, the keywords that are this server's.
pub const TEXT: &str = "x-text";
/// Extension of a string schema of a request, `value` in the contract: the empty string is a value and does not mean null. Until the
/// schemas are named, `null` where it means null and `refused` where it must not be sent.
pub const EMPTY: &str = "x-empty";
