//! The contract's operations as data, as far as a command needs them. `generated/` holds one [`OperationSpec`] for each.

/// An operation of the API.
#[derive(Debug)]
pub struct OperationSpec {
    /// Words of the command after `pbx`.
    pub command: &'static str,
    /// `operationId`.
    pub id: &'static str,
    /// HTTP method, in upper case.
    pub method: &'static str,
    /// Path template such as `/dealers/{id}`.
    pub path: &'static str,
    /// One line for the help, without a period at its end.
    pub summary: &'static str,
    /// Several lines, or empty.
    pub description: &'static str,
    /// Who may call the operation.
    pub access: Access,
    /// Parameters in the order of the document.
    pub parameters: &'static [Parameter],
    /// Request body.
    pub body: Option<Body>,
    /// Documented statuses of success.
    pub success_statuses: &'static [u16],
    /// Body of a successful response.
    pub response: ResponseBody,
    /// The response is one page of a list: `skip` and `top` select the page, `items` holds it.
    pub paginated: bool,
    /// The response has an `ETag`, for `If-Match` of an update.
    pub tagged: bool,
    /// Columns of the table; empty for all scalar properties.
    pub columns: &'static [&'static str],
    /// Question to confirm before the request, with `{id}` and the like for parameters of the path.
    pub confirmation: Option<&'static str>,
    /// Command lines for the help.
    pub examples: &'static [&'static str],
}

/// Who may call an operation.
#[derive(Debug)]
pub enum Access {
    /// Everyone, without a session.
    Public,
    /// Every session.
    Authenticated,
    /// Sessions with one of these roles.
    Roles(&'static [&'static str]),
}

/// A parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// Part of the request that holds the value.
    pub location: ParameterLocation,
    /// Name, type and help.
    pub field: Field,
    /// The form of an array.
    pub style: ArrayStyle,
}

/// The form of an array in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrayStyle {
    /// One parameter for each item: `a=1&a=2`.
    Repeat,
    /// Items in one parameter, separated by this character: `a=1,2`.
    Joined(char),
}

/// Part of a request that holds a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterLocation {
    /// In place of `{name}` in the path template.
    Path,
    /// Query string.
    Query,
    /// Header.
    Header,
}

/// A named value: a parameter, or a property of an object.
#[derive(Debug)]
pub struct Field {
    /// Name in the request or response.
    pub name: &'static str,
    /// Name of the flag without dashes: `enable-prack`.
    pub flag: &'static str,
    /// Requests must contain the value.
    pub required: bool,
    /// The value may be `null`.
    pub nullable: bool,
    /// Only responses contain the value.
    pub read_only: bool,
    /// Description, default and limits; empty for values that no request contains.
    pub help: &'static str,
    /// Type of the value.
    pub value_type: ValueType,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum ValueType {
    /// Any JSON; also where several types are allowed.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A string without further meaning.
    String,
    /// A string with a date and time (RFC 3339).
    DateTime,
    /// A confidential string: a password, a token or a key.
    Secret,
    /// One of these strings; servers may know more.
    Enum(&'static [&'static str]),
    /// An array.
    Array(&'static ValueType),
    /// An object with arbitrary property names.
    Map(&'static ValueType),
    /// An object with known properties.
    Object(&'static Object),
}

/// An object schema of the contract.
#[derive(Debug)]
pub struct Object {
    /// Name in the contract.
    pub name: &'static str,
    /// Properties in the order of the document.
    pub properties: &'static [Field],
}

/// A request body.
#[derive(Debug)]
pub struct Body {
    /// Requests must have a body.
    pub required: bool,
    /// Media type, to be sent.
    pub media_type: &'static str,
    /// Form and schema.
    pub content: BodyContent,
    /// JSON Merge Patch (RFC 7396): absent properties keep their value, and `null` clears a property.
    pub merge_patch: bool,
}

/// The form and schema of a request body.
#[derive(Debug)]
pub enum BodyContent {
    /// JSON.
    Json(ValueType),
    /// `application/x-www-form-urlencoded`.
    Form(&'static Object),
    /// Text.
    Text,
    /// The bytes of a file.
    Bytes,
}

/// The body of a successful response.
#[derive(Debug)]
pub enum ResponseBody {
    /// No body.
    Empty,
    /// JSON.
    Json(ValueType),
    /// Text, or the bytes of a file.
    Bytes,
}

/// The property of a response that holds the items of a list.
pub const ITEMS: &str = "items";

impl Parameter {
    /// A parameter whose arrays are sent as OpenAPI says by default.
    pub const fn new(location: ParameterLocation, field: Field) -> Self {
        let style = match location {
            ParameterLocation::Query => ArrayStyle::Repeat,
            ParameterLocation::Path | ParameterLocation::Header => ArrayStyle::Joined(','),
        };
        Self { location, field, style }
    }

    /// Sets the character between the items of an array.
    pub const fn joined(mut self, separator: char) -> Self {
        self.style = ArrayStyle::Joined(separator);
        self
    }
}

impl Field {
    /// A property or parameter that is optional, not nullable, and may be sent.
    pub const fn new(name: &'static str, flag: &'static str, value_type: ValueType, help: &'static str) -> Self {
        Self {
            name,
            flag,
            required: false,
            nullable: false,
            read_only: false,
            help,
            value_type,
        }
    }

    /// Makes it required.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Allows null.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Marks it as sent by servers only.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl ValueType {
    /// Returns the properties of an object with known properties, and nothing for other types.
    pub fn properties(self) -> &'static [Field] {
        match self {
            Self::Object(object) => object.properties,
            _ => &[],
        }
    }

    /// Returns the type of an array's items.
    pub fn items(self) -> Option<Self> {
        match self {
            Self::Array(items) => Some(*items),
            _ => None,
        }
    }
}

impl OperationSpec {
    /// Returns the type of a table row: an item of a list, or the whole response.
    pub fn row(&self) -> ValueType {
        let ResponseBody::Json(response) = self.response else {
            return ValueType::Any;
        };
        let list = match response {
            ValueType::Array(_) => Some(response),
            _ => response
                .properties()
                .iter()
                .find(|property| property.name == ITEMS)
                .map(|property| property.value_type),
        };
        list.and_then(ValueType::items).unwrap_or(response)
    }
}
