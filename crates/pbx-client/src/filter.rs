//! Conditions and orders of lists, written so that no value can be taken for a part of them.

use std::fmt;

use jiff::Timestamp as Time;

use crate::Timestamp;

/// A condition on the items of a list; from [`field`], for the `filter` of a list.
///
/// ```
/// use pbx_client::field;
///
/// let filter = field("name").eq("O'Hara").and(field("enabled").eq(true).or(field("expire_at").is_null()));
/// assert_eq!(filter.to_string(), "name eq 'O''Hara' and (enabled eq true or expire_at eq null)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Filter {
    text: String,
    form: Form,
    /// Why it cannot be written.
    fault: Option<String>,
}

/// What a filter is outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Single,
    And,
    Or,
}

/// A member of the items, to be compared; from [`field`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct FilterField {
    name: String,
}

/// A value in a filter: text, a number, a truth value, a time, or nothing at all (`None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(Result<String, String>);

/// Starts a condition on a member of the items.
pub fn field(name: impl Into<String>) -> FilterField {
    FilterField { name: name.into() }
}

impl FilterField {
    /// The same.
    pub fn eq(self, value: impl Into<Literal>) -> Filter {
        self.compare("eq", value)
    }

    /// Not the same.
    pub fn ne(self, value: impl Into<Literal>) -> Filter {
        self.compare("ne", value)
    }

    /// More than.
    pub fn gt(self, value: impl Into<Literal>) -> Filter {
        self.compare("gt", value)
    }

    /// At least.
    pub fn ge(self, value: impl Into<Literal>) -> Filter {
        self.compare("ge", value)
    }

    /// Less than.
    pub fn lt(self, value: impl Into<Literal>) -> Filter {
        self.compare("lt", value)
    }

    /// At most.
    pub fn le(self, value: impl Into<Literal>) -> Filter {
        self.compare("le", value)
    }

    /// Not set.
    pub fn is_null(self) -> Filter {
        self.compare("eq", None::<bool>)
    }

    /// Set.
    pub fn is_not_null(self) -> Filter {
        self.compare("ne", None::<bool>)
    }

    /// One of these; of none, never.
    pub fn one_of<T: Into<Literal>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        let any = values
            .into_iter()
            .map(|value| self.clone().eq(value))
            .reduce(Filter::or);
        any.unwrap_or_else(|| Filter {
            text: "false".to_owned(),
            form: Form::Single,
            fault: self.fault(),
        })
    }

    /// This text within it.
    pub fn contains(self, text: impl AsRef<str>) -> Filter {
        self.matches("contains", text.as_ref())
    }

    /// This text at its beginning.
    pub fn starts_with(self, text: impl AsRef<str>) -> Filter {
        self.matches("startswith", text.as_ref())
    }

    /// This text at its end.
    pub fn ends_with(self, text: impl AsRef<str>) -> Filter {
        self.matches("endswith", text.as_ref())
    }

    fn compare(self, operator: &str, value: impl Into<Literal>) -> Filter {
        let (value, fault) = match value.into().0 {
            Ok(value) => (value, None),
            Err(fault) => (String::new(), Some(fault)),
        };
        Filter {
            text: format!("{} {operator} {value}", self.name),
            form: Form::Single,
            fault: self.fault().or(fault),
        }
    }

    fn matches(self, function: &str, text: &str) -> Filter {
        Filter {
            text: format!("{function}({},{})", self.name, quoted(text)),
            form: Form::Single,
            fault: self.fault(),
        }
    }

    fn fault(&self) -> Option<String> {
        fault_of(&self.name)
    }
}

/// Why a name cannot be that of a field.
fn fault_of(name: &str) -> Option<String> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let rest = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    (!begins || !rest).then(|| format!("`{}` cannot be the name of a field", name.escape_debug()))
}

impl Filter {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        self.joined(other, "and", Form::And)
    }

    /// At least one of them.
    pub fn or(self, other: Self) -> Self {
        self.joined(other, "or", Form::Or)
    }

    fn joined(self, other: Self, word: &str, form: Form) -> Self {
        let part = |filter: &Self| match filter.form == form || filter.form == Form::Single {
            true => filter.text.clone(),
            false => format!("({})", filter.text),
        };
        Self {
            text: format!("{} {word} {}", part(&self), part(&other)),
            form,
            fault: self.fault.or(other.fault),
        }
    }
}

impl std::ops::Not for Filter {
    type Output = Self;

    /// The opposite. What is compared with nothing stays untrue.
    fn not(self) -> Self {
        Self {
            text: format!("not ({})", self.text),
            form: Form::Single,
            fault: self.fault,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A filter or an order that cannot be written, for a name that is none or a number that is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

impl TryFrom<Filter> for String {
    type Error = FilterError;

    fn try_from(filter: Filter) -> Result<Self, FilterError> {
        match filter.fault {
            None => Ok(filter.text),
            Some(fault) => Err(FilterError(fault)),
        }
    }
}

/// What a list is sorted by; for its `orderby`.
///
/// ```
/// use pbx_client::OrderBy;
///
/// assert_eq!(OrderBy::ascending("caller").then_descending("started_at").to_string(), "caller asc,started_at desc");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct OrderBy {
    text: String,
    fault: Option<String>,
}

impl OrderBy {
    /// By a field, from small to large.
    pub fn ascending(name: impl AsRef<str>) -> Self {
        Self::by(name.as_ref(), "asc")
    }

    /// By a field, from large to small.
    pub fn descending(name: impl AsRef<str>) -> Self {
        Self::by(name.as_ref(), "desc")
    }

    /// Items that are equal so far: by this field, from small to large.
    pub fn then_ascending(self, name: impl AsRef<str>) -> Self {
        self.then(Self::ascending(name))
    }

    /// Items that are equal so far: by this field, from large to small.
    pub fn then_descending(self, name: impl AsRef<str>) -> Self {
        self.then(Self::descending(name))
    }

    fn by(name: &str, direction: &str) -> Self {
        Self {
            text: format!("{name} {direction}"),
            fault: fault_of(name),
        }
    }

    fn then(self, other: Self) -> Self {
        Self {
            text: format!("{},{}", self.text, other.text),
            fault: self.fault.or(other.fault),
        }
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<OrderBy> for String {
    type Error = FilterError;

    fn try_from(order: OrderBy) -> Result<Self, FilterError> {
        match order.fault {
            None => Ok(order.text),
            Some(fault) => Err(FilterError(fault)),
        }
    }
}

/// In single quotes, those within doubled.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Literal {
    /// As it is.
    fn bare(text: impl fmt::Display) -> Self {
        Self(Ok(text.to_string()))
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self(Ok(quoted(text)))
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Literal {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

macro_rules! bare {
    ($($type:ty),*) => {$(
        impl From<$type> for Literal {
            fn from(value: $type) -> Self {
                Self::bare(value)
            }
        }
    )*};
}

bare!(bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<f64> for Literal {
    fn from(number: f64) -> Self {
        match number.is_finite() {
            true => Self::bare(number),
            false => Self(Err("the filter compares with a number that is none".to_owned())),
        }
    }
}

/// Times are quoted in the vendor's examples.
impl From<Time> for Literal {
    fn from(time: Time) -> Self {
        Self::from(time.to_string())
    }
}

impl From<Timestamp> for Literal {
    fn from(time: Timestamp) -> Self {
        time.as_str().into()
    }
}

impl<T: Into<Self>> From<Option<T>> for Literal {
    fn from(value: Option<T>) -> Self {
        match value {
            Some(value) => value.into(),
            None => Self::bare("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::IpRuleTarget;

    #[test]
    fn values_cannot_leave_their_quotes() {
        let hostile = field("name").eq("x' or name ne '").to_string();
        assert_eq!(hostile, "name eq 'x'' or name ne '''");
        assert_eq!(field("a").contains("','").to_string(), "contains(a,''',''')");
        assert_eq!(field("a").eq("").to_string(), "a eq ''");
    }

    #[test]
    fn every_kind_of_value_has_its_form() {
        let value = |value: Literal| value.0.unwrap();
        assert_eq!(value(5.into()), "5");
        assert_eq!(value((-5_i64).into()), "-5");
        assert_eq!(value(0.5.into()), "0.5");
        assert!(!value(1e300.into()).contains('e'));
        assert_eq!(value(true.into()), "true");
        assert_eq!(value(Time::UNIX_EPOCH.into()), "'1970-01-01T00:00:00Z'");
        assert_eq!(
            value(Timestamp::from("2024-05-01T10:30:00+02:00").into()),
            "'2024-05-01T10:30:00+02:00'"
        );
        assert_eq!(value(IpRuleTarget::Deny.into()), "'DENY'");
        assert_eq!(value(None::<&str>.into()), "null");
        assert_eq!(value(Some("a").into()), "'a'");
    }

    #[test]
    fn parts_stay_together() {
        let [a, b, c] = ["a", "b", "c"].map(|name| field(name).is_not_null());
        let text = |filter: Filter| filter.to_string();
        assert_eq!(
            text(a.clone().and(b.clone()).or(c.clone())),
            "(a ne null and b ne null) or c ne null"
        );
        assert_eq!(
            text(a.clone().or(b.clone()).and(c.clone())),
            "(a ne null or b ne null) and c ne null"
        );
        assert_eq!(
            text(a.clone().and(b.clone()).and(c.clone())),
            "a ne null and b ne null and c ne null"
        );
        assert_eq!(text(!a.clone().or(b.clone())), "not (a ne null or b ne null)");
        assert_eq!(text(a.and(!b)), "a ne null and not (b ne null)");
        assert_eq!(
            text(field("x").one_of([1, 2]).and(c)),
            "(x eq 1 or x eq 2) and c ne null"
        );
        assert_eq!(text(field("x").one_of(Vec::<i64>::new())), "false");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        for filter in [
            field("").is_null(),
            field("a b").contains("x"),
            field("a eq 1 or b").eq(1).and(field("c").eq(1)),
            field("c").eq(1).or(field("1").eq(1)),
            field("a").eq(f64::NAN),
            field("ä").one_of(["x"]),
            field("a-b").one_of(Vec::<i64>::new()),
        ] {
            assert!(String::try_from(filter.clone()).is_err(), "{filter}");
        }
        assert!(String::try_from(OrderBy::ascending("a").then_descending("b,c")).is_err());
        assert_eq!(String::try_from(field("a.b_1").eq(1)), Ok("a.b_1 eq 1".to_owned()));
    }
}
