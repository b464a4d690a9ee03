//! What the contract says of an operation, as far as a command needs it. `generated/` holds one [`Spec`] for each.

/// One operation of the API.
#[derive(Debug)]
pub struct Spec {
    /// `operationId`.
    pub id: &'static str,
    /// Upper case.
    pub method: &'static str,
    /// A template such as `/dealers/{id}`.
    pub path: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What there is to say besides.
    pub description: &'static str,
    /// Who may call it.
    pub callers: Callers,
    /// In the order of the document.
    pub parameters: &'static [Parameter],
    /// What is sent besides.
    pub body: Option<Body>,
    /// The documented statuses of success.
    pub successes: &'static [u16],
    /// What comes back.
    pub answer: Answer,
    /// The answer is one page of a longer list: `skip` and `top` choose which, `items` holds it.
    pub paged: bool,
}

/// Who may call an operation.
#[derive(Debug)]
pub enum Callers {
    /// Without a session.
    Anyone,
    /// With any session.
    SignedIn,
    /// With a session of one of these roles.
    Roles(&'static [&'static str]),
}

/// What goes into the path, the query or a header.
#[derive(Debug)]
pub struct Parameter {
    /// Where it goes.
    pub place: Place,
    /// What it is.
    pub member: Member,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In place of `{name}`.
    Path,
    /// After the `?`.
    Query,
    /// As a header.
    Header,
}

/// A named value: a parameter, or a member of an object.
#[derive(Debug)]
pub struct Member {
    /// As on the wire.
    pub name: &'static str,
    /// The same as a flag is called: `enable-prack`.
    pub flag: &'static str,
    /// A request without it is refused.
    pub required: bool,
    /// It may be `null`.
    pub nullable: bool,
    /// The server says it and takes it from nobody.
    pub read_only: bool,
    /// What it is, its default and its limits; empty where nothing is to be given.
    pub help: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Whatever is JSON, one of several types included.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// RFC 3339.
    Time,
    /// A password, a token or a key.
    Secret,
    /// One of these; servers may know more.
    Enum(&'static [&'static str]),
    /// Several of a kind.
    List(&'static Kind),
    /// Values by names that are not known beforehand.
    Map(&'static Kind),
    /// Members of their own.
    Object(&'static Object),
}

/// An object of the contract.
#[derive(Debug)]
pub struct Object {
    /// Its name in the contract.
    pub name: &'static str,
    /// In the order of the document.
    pub members: &'static [Member],
}

/// What a request sends besides its parameters.
#[derive(Debug)]
pub struct Body {
    /// A request without it is refused.
    pub required: bool,
    /// What it looks like.
    pub form: Form,
    /// Whether it changes what it names and leaves the rest alone (RFC 7396), so that `null` clears a member.
    pub merge_patch: bool,
}

/// What a body looks like.
#[derive(Debug)]
pub enum Form {
    /// `application/json`.
    Json(Kind),
    /// `application/x-www-form-urlencoded`.
    Fields(&'static Object),
    /// The content of a file.
    Bytes,
}

/// What an operation answers when it succeeds.
#[derive(Debug)]
pub enum Answer {
    /// Nothing but its status and headers.
    Empty,
    /// JSON.
    Json(Kind),
    /// The content of a file.
    Bytes,
}

impl Parameter {
    pub(crate) const fn new(place: Place, member: Member) -> Self {
        Self { place, member }
    }
}

impl Member {
    pub(crate) const fn new(name: &'static str, flag: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            flag,
            required: false,
            nullable: false,
            read_only: false,
            help,
            kind,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(crate) const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl Kind {
    /// Whether it is `true` or `false`.
    pub fn is_boolean(self) -> bool {
        matches!(self, Self::Boolean)
    }

    /// The members of an object, no others.
    pub fn members(self) -> &'static [Member] {
        match self {
            Self::Object(object) => object.members,
            _ => &[],
        }
    }

    /// What the items of a list are.
    pub fn items(self) -> Option<Self> {
        match self {
            Self::List(items) => Some(*items),
            _ => None,
        }
    }
}

impl Spec {
    /// The parameters of one place.
    pub fn parameters_in(&self, place: Place) -> impl Iterator<Item = &'static Member> + use<> {
        let all = self.parameters;
        all.iter()
            .filter(move |parameter| parameter.place == place)
            .map(|parameter| &parameter.member)
    }

    /// What a row of this answer is: an item, if it is a list.
    pub fn row(&self) -> Kind {
        let Answer::Json(kind) = self.answer else {
            return Kind::Any;
        };
        let list = match kind {
            Kind::List(_) => Some(kind),
            _ => kind
                .members()
                .iter()
                .find(|member| member.name == ITEMS)
                .map(|member| member.kind),
        };
        list.and_then(Kind::items).unwrap_or(kind)
    }
}

/// The member of an answer that holds a list.
pub const ITEMS: &str = "items";
