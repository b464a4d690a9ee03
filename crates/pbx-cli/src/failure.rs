//! Errors of commands: a message, a hint and an exit code.

use std::fmt;

use pbx_client::{Error, Location, Violation};

/// Exit code of a failed command. The numbers are part of the interface: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// An error on this machine: a file, the keyring, the terminal.
    Local = 1,
    /// An invalid command line, or a prompt that was declined.
    Usage = 2,
    /// No session, or credentials that were rejected.
    Authentication = 3,
    /// The role or the address lacks permission.
    Forbidden = 4,
    /// Not found.
    NotFound = 5,
    /// The server rejected values of the request.
    Invalid = 6,
    /// The request conflicts with the current state.
    Conflict = 7,
    /// Too many requests.
    RateLimited = 8,
    /// The server cannot be reached.
    Unreachable = 9,
    /// Timeout.
    Timeout = 10,
    /// An error of the server, or a response that is not one of the API.
    Unexpected = 11,
}

impl Exit {
    /// All codes except success, with their descriptions for the help.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Local, "local error: a file, the keyring, the terminal"),
        (Self::Usage, "invalid command line, or a prompt was declined"),
        (Self::Authentication, "not signed in, or the credentials were rejected"),
        (Self::Forbidden, "permission denied for this role or address"),
        (Self::NotFound, "not found"),
        (Self::Invalid, "the server rejected values of the request"),
        (
            Self::Conflict,
            "conflict with the current state: a name in use, a quota exceeded, a change since --if-match",
        ),
        (Self::RateLimited, "too many requests; retry later"),
        (Self::Unreachable, "the server cannot be reached"),
        (Self::Timeout, "timeout"),
        (Self::Unexpected, "server error, or a response that is not from a PBX"),
    ];
}

/// The error of a command.
#[derive(Debug)]
pub struct Failure {
    /// Exit code; `None` for a silent success, because the reader of standard output has closed the pipe.
    pub exit: Option<Exit>,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// Creates a failure with this exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit: Some(exit),
            message: message.into(),
            hint: None,
        }
    }

    /// Creates a failure because of an invalid command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Creates a failure because of an error on this machine.
    pub fn local(message: impl Into<String>) -> Self {
        Self::new(Exit::Local, message)
    }

    /// Creates a failure to write to standard output. A closed pipe (`| head`) is not an error.
    pub fn output(error: &std::io::Error) -> Self {
        let mut failure = Self::local(format!("standard output: {error}"));
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            failure.exit = None;
        }
        failure
    }

    /// Adds a hint, which tells the user what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the hint.
    pub fn hint(&self) -> Option<&str> {
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
            Error::Authentication { .. } => {
                Self::new(Exit::Authentication, message()).with_hint("sign in with `pbx login`")
            }
            Error::SecondFactor(_) => Self::new(Exit::Authentication, "this account requires a second factor")
                .with_hint("sign in with `pbx login`, which prompts for the code"),
            Error::AddressDenied(_) | Error::Forbidden(_) => Self::new(Exit::Forbidden, message()),
            Error::RateLimited { .. } => Self::new(Exit::RateLimited, message()),
            Error::Validation(_) => Self::new(Exit::Invalid, describe_violations(&error)),
            Error::NotFound(_) => Self::new(Exit::NotFound, message()),
            Error::Conflict(_) => Self::new(Exit::Conflict, message()),
            Error::PreconditionFailed(_) => Self::new(Exit::Conflict, message())
                .with_hint("show the object again, with --etag for the new tag, and repeat the change"),
            Error::Refused(_) => Self::new(Exit::Invalid, message()),
            Error::Server(_) | Error::Unexpected { .. } => {
                let failure = Self::new(Exit::Unexpected, message());
                match error.request_id() {
                    Some(id) => failure.with_hint(format!("see request {id} in the server's log")),
                    None => failure,
                }
            }
        }
    }
}

/// Lists the violations of a request with the flags that they are about.
fn describe_violations(error: &Error) -> String {
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
    format!("the server rejected the request:{}", lines.concat())
}

/// Returns the flag that sets the value: `--cdr-event.url` for `body#/cdr_event/url`.
fn flag(violation: &Violation) -> Option<String> {
    let pointer = violation.pointer.as_deref()?;
    let names: Vec<String> = pointer
        .split('/')
        // The items of an array share the flag of the array.
        .filter(|part| !part.is_empty() && part.parse::<usize>().is_err())
        .map(|part| part.replace("~1", "/").replace("~0", "~").replace('_', "-"))
        .collect();
    match violation.location? {
        _ if names.is_empty() => None,
        Location::Path => Some(names.concat().to_uppercase()),
        Location::Header => Some(format!("--{}", names.concat().to_lowercase())),
        Location::Query | Location::Body => Some(format!("--{}", names.join("."))),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Adds the file or device to an error of this machine.
pub trait Context<T> {
    /// Converts the error to a local failure with the message `subject: error`.
    fn context(self, subject: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, subject: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::local(format!("{subject}: {error}")))
    }
}
