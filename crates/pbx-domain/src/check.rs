//! Checking an object that a request creates or changes.

use std::fmt::{Display, Write as _};

use pbx_types::{Field, Secret, Violation};

use crate::error::{Error, reject_violations};
use crate::vault::{MASK, Sealed, Vault};

/// Collects the violations of the rules of an object, and seals its secrets.
pub struct Check<'a> {
    vault: &'a Vault,
    /// The beginning of the contexts for which secrets are sealed.
    seal_prefix: &'a str,
    /// The path of the object whose properties are being checked: a name and a slash for each level.
    path: String,
    violations: Vec<Violation>,
}

impl<'a> Check<'a> {
    /// Creates a check without violations, which seals secrets for contexts that begin with `seal_prefix`.
    pub fn new(vault: &'a Vault, seal_prefix: &'a str) -> Self {
        Self {
            vault,
            seal_prefix,
            path: String::new(),
            violations: Vec::new(),
        }
    }

    /// Succeeds if no violation was recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every violation.
    pub fn finish(self) -> Result<(), Error> {
        reject_violations(self.violations)
    }

    /// Returns `true` if a violation was recorded.
    pub(crate) fn is_violated(&self) -> bool {
        !self.violations.is_empty()
    }

    /// Creates a check without violations for the same object.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.vault, self.seal_prefix)
    }

    /// Drops those violations that `other` has as well, if `is_tolerated` returns `true` for their pointer.
    pub(crate) fn drop_common(&mut self, other: &Self, is_tolerated: impl Fn(&str) -> bool) {
        self.violations
            .retain(|violation| !(other.violations.contains(violation) && is_tolerated(violation.pointer())));
    }

    /// Runs `check` on a nested object or array, the property with this name, or on an item, whose name is its index. The names that it
    /// records and seals for are relative to it.
    pub fn inside<R>(&mut self, name: impl Display, check: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "{name}/");
        let result = check(self);
        self.path.truncate(length);
        result
    }

    /// Records that a property violates a rule.
    pub fn record(&mut self, name: &str, rule: &'static str, message: impl Display) {
        let name = format!("{}{name}", self.path);
        self.violations.push(Violation::field(&name, rule, message));
    }

    /// [`canonicalize`](Self::canonicalize) for an optional property.
    pub fn canonicalize_optional<T: ToString>(
        &mut self,
        property: &mut Option<String>,
        name: &str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        if let Some(string) = property {
            self.canonicalize(string, name, parse);
        }
    }

    /// Replaces a property by its canonical form, or records that it violates the rule `format`.
    pub fn canonicalize<T: ToString>(
        &mut self,
        property: &mut String,
        name: &str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        match parse(property).map(|value| value.to_string()) {
            Ok(canonical) => *property = canonical,
            Err(message) => self.record(name, "format", message),
        }
    }

    /// Sets a required property, or records that it cannot be cleared.
    pub fn require<T>(&mut self, name: &str, change: Field<T>, property: &mut T) {
        match change {
            Field::Absent => {}
            Field::Null => self.record(name, "required", "cannot be cleared"),
            Field::Value(value) => *property = value,
        }
    }

    /// Sets or clears a secret. The empty string clears it; the mask, which responses show in its place, leaves it unchanged.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if it cannot be sealed.
    pub fn seal(&self, name: &str, change: Field<Secret>, property: &mut Option<Sealed>) -> Result<(), Error> {
        match change {
            Field::Absent => {}
            Field::Null => *property = None,
            Field::Value(secret) if secret.expose() == MASK => {}
            Field::Value(secret) => *property = self.sealed(name, Some(secret))?,
        }
        Ok(())
    }

    /// Seals a secret of a new object. The empty string counts as no secret.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if it cannot be sealed.
    pub fn sealed(&self, name: &str, secret: Option<Secret>) -> Result<Option<Sealed>, Error> {
        let secret = secret.filter(|secret| !secret.expose().is_empty());
        let sealed = secret.map(|secret| self.vault.seal(&self.seal_context(name), secret.expose()));
        sealed.transpose()
    }

    /// Decrypts the secret that is the property with this name, to validate it together with other properties.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if it was not sealed for this property with this key.
    pub fn open(&self, name: &str, sealed: &Sealed) -> Result<String, Error> {
        self.vault.open(&self.seal_context(name), sealed)
    }

    fn seal_context(&self, name: &str) -> String {
        format!("{}.{}{name}", self.seal_prefix, self.path.replace('/', "."))
    }

    /// Returns each violation as its pointer and its rule.
    #[cfg(test)]
    pub(crate) fn summarize(&self) -> Vec<String> {
        let violations = self.violations.iter();
        violations
            .map(|violation| format!("{} {}", violation.pointer(), violation.rule()))
            .collect()
    }
}
