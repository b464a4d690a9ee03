//! How a command ends when it fails.

use std::fmt;

use pbx_client::{Error, Place, Violation};

/// The exit code, by what went wrong. Scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something on this machine: a file, the keyring, the terminal.
    Local = 1,
    /// The command line, or that somebody said no.
    Usage = 2,
    /// Not signed in, or the sign-in was refused.
    Authentication = 3,
    /// Signed in, but not allowed to: the role, or the address.
    Forbidden = 4,
    /// There is no such thing.
    NotFound = 5,
    /// The server says what is wrong with the values.
    Invalid = 6,
    /// It contradicts what there is.
    Conflict = 7,
    /// Too many requests.
    RateLimited = 8,
    /// The server could not be reached.
    Unreachable = 9,
    /// The server did not answer in time.
    Timeout = 10,
    /// The server failed, or what answered was not the API.
    Unexpected = 11,
}

impl Exit {
    /// Every one but success, with what it means: for the help.
    pub const ALL: &[(Self, &'static str)] = &[
        (
            Self::Local,
            "something on this machine: a file, the keyring, the terminal",
        ),
        (Self::Usage, "the command line cannot be understood, or you said no"),
        (Self::Authentication, "not signed in, or the sign-in was refused"),
        (Self::Forbidden, "signed in, but not allowed: your role or your address"),
        (Self::NotFound, "not found"),
        (Self::Invalid, "the server refused the values"),
        (
            Self::Conflict,
            "it contradicts what there is: a name taken, a quota used up",
        ),
        (Self::RateLimited, "too many requests; try again later"),
        (Self::Unreachable, "the server cannot be reached"),
        (Self::Timeout, "the server did not answer in time"),
        (
            Self::Unexpected,
            "the server failed, or it was not the PBX that answered",
        ),
    ];
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// How to end; `None`: quietly, because nobody reads any more.
    pub exit: Option<Exit>,
    /// For a person to read.
    message: String,
    /// What to do next.
    hint: Option<String>,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit: Some(exit),
            message: message.into(),
            hint: None,
        }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something on this machine is wrong.
    pub fn local(message: impl Into<String>) -> Self {
        Self::new(Exit::Local, message)
    }

    /// Standard output cannot be written. A reader that has seen enough (`| head`) is no failure.
    pub fn output(error: &std::io::Error) -> Self {
        let mut failure = Self::local(format!("standard output: {error}"));
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            failure.exit = None;
        }
        failure
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next.
    pub fn next(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = || error.to_string();
        match &error {
            Error::Configuration(_) | Error::InvalidRequest(_) => Self::usage(message()),
            Error::Transport(_) => Self::new(Exit::Unreachable, message()),
            Error::Timeout(_) => Self::new(Exit::Timeout, message()),
            Error::Authentication { .. } => Self::new(Exit::Authentication, message()).hint("sign in with `pbx login`"),
            Error::SecondFactor(_) => Self::new(Exit::Authentication, "this account needs a second factor")
                .hint("sign in with `pbx login`, which asks for the code"),
            Error::AddressDenied(_) => Self::new(Exit::Forbidden, message()),
            Error::Forbidden(_) => Self::new(Exit::Forbidden, message()),
            Error::RateLimited { .. } => Self::new(Exit::RateLimited, message()),
            Error::Validation(_) => Self::new(Exit::Invalid, violations(&error)),
            Error::NotFound(_) => Self::new(Exit::NotFound, message()),
            Error::Conflict(_) => Self::new(Exit::Conflict, message()),
            Error::Refused(_) => Self::new(Exit::Invalid, message()),
            Error::Server(_) | Error::Unexpected { .. } => {
                let failure = Self::new(Exit::Unexpected, message());
                match error.request_id() {
                    Some(id) => failure.hint(format!("the server's log says more under the request {id}")),
                    None => failure,
                }
            }
        }
    }
}

/// Every rule that a request breaks, with the flag that it is about.
fn violations(error: &Error) -> String {
    let violations = error.violations();
    if violations.is_empty() {
        return error.to_string();
    }
    let lines: Vec<String> = violations
        .iter()
        .map(|violation| match flag(violation) {
            Some(flag) => format!("\n  {flag}: {}", violation.message),
            None => format!("\n  {}", violation.message),
        })
        .collect();
    format!("the server refuses the values:{}", lines.concat())
}

/// `body#/cdr_event/url` as `--cdr-event.url`.
fn flag(violation: &Violation) -> Option<String> {
    let pointer = violation.pointer.as_deref()?;
    let names: Vec<String> = pointer
        .split('/')
        // Items of a list have the flag of the list.
        .filter(|part| !part.is_empty() && part.parse::<usize>().is_err())
        .map(|part| part.replace("~1", "/").replace("~0", "~").replace('_', "-"))
        .collect();
    match violation.place? {
        _ if names.is_empty() => None,
        Place::Path => Some(names.concat().to_uppercase()),
        Place::Query | Place::Header | Place::Body => Some(format!("--{}", names.join("."))),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Puts what was being done before what went wrong with it.
pub trait Context<T> {
    /// `what: error`, as a failure of this machine.
    fn context(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::local(format!("{what}: {error}")))
    }
}
