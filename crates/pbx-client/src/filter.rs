//! Filter and sort expressions of lists. Values are quoted, so that none can inject a part of the expression.

use std::fmt;

use jiff::Timestamp as Time;

use crate::wire::timestamp::Timestamp;

/// A filter expression for the items of a list. Start with [`field`] and pass it to `filter` of a list.
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
    outermost: Operator,
    /// The reason why the expression is invalid.
    error: Option<String>,
}

/// The outermost operator of an expression, which decides about parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// A comparison, a function, or an expression in parentheses.
    Single,
    And,
    Or,
}

/// A field to compare. Created by [`field`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct FilterField {
    name: String,
    /// The function that converts the field.
    function: Option<&'static str>,
}

/// A literal in a filter: a string, number, boolean or time, or `null` (`None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(Result<String, String>);

/// Starts a filter expression on a field of the items.
pub fn field(name: impl Into<String>) -> FilterField {
    FilterField {
        name: name.into(),
        function: None,
    }
}

impl FilterField {
    /// `tolower`: the field's string in lower case, for a comparison without case. The value is in lower case then. The vendor
    /// documents no such function: an older server may refuse it.
    ///
    /// ```
    /// use pbx_client::field;
    ///
    /// let filter = field("name").to_lower().contains("o'hara");
    /// assert_eq!(filter.to_string(), "contains(tolower(name),'o''hara')");
    /// ```
    pub fn to_lower(self) -> Self {
        let function = Some("tolower");
        Self { function, ..self }
    }

    /// `toupper`: the field's string in upper case, as [`to_lower`](Self::to_lower).
    pub fn to_upper(self) -> Self {
        let function = Some("toupper");
        Self { function, ..self }
    }

    /// `eq`: the field equals the value.
    pub fn eq(self, value: impl Into<Literal>) -> Filter {
        self.compare("eq", value)
    }

    /// `ne`: the field differs from the value. A field that is not set does as well, as OData says; add
    /// [`is_not_null`](Self::is_not_null) to leave it out.
    pub fn ne(self, value: impl Into<Literal>) -> Filter {
        self.compare("ne", value)
    }

    /// `gt`: the field is greater than the value.
    pub fn gt(self, value: impl Into<Literal>) -> Filter {
        self.compare("gt", value)
    }

    /// `ge`: the field is greater than or equal to the value.
    pub fn ge(self, value: impl Into<Literal>) -> Filter {
        self.compare("ge", value)
    }

    /// `lt`: the field is less than the value.
    pub fn lt(self, value: impl Into<Literal>) -> Filter {
        self.compare("lt", value)
    }

    /// `le`: the field is less than or equal to the value.
    pub fn le(self, value: impl Into<Literal>) -> Filter {
        self.compare("le", value)
    }

    /// `eq null`: the field is not set.
    pub fn is_null(self) -> Filter {
        self.compare("eq", None::<bool>)
    }

    /// `ne null`: the field is set.
    pub fn is_not_null(self) -> Filter {
        self.compare("ne", None::<bool>)
    }

    /// `in`: the field equals one of the values. Without values, nothing matches. It is shorter than [`one_of`](Self::one_of), but the
    /// vendor does not document it: an older server may refuse it.
    pub fn in_<T: Into<Literal>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        let values: Result<Vec<String>, String> = values.into_iter().map(|value| value.into().0).collect();
        let (text, error) = match values {
            Ok(values) if values.is_empty() => ("false".to_owned(), None),
            Ok(values) => (format!("{} in ({})", self.subject(), values.join(",")), None),
            Err(error) => (String::new(), Some(error)),
        };
        Filter {
            text,
            outermost: Operator::Single,
            error: self.error().or(error),
        }
    }

    /// The field equals one of the values: `eq` for each of them. Without values, nothing matches.
    pub fn one_of<T: Into<Literal>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        let any = values
            .into_iter()
            .map(|value| self.clone().eq(value))
            .reduce(Filter::or);
        any.unwrap_or_else(|| Filter {
            text: "false".to_owned(),
            outermost: Operator::Single,
            error: self.error(),
        })
    }

    /// `contains`: the field contains the string.
    pub fn contains(self, text: impl AsRef<str>) -> Filter {
        self.matches("contains", text.as_ref())
    }

    /// `startswith`: the field begins with the string.
    pub fn starts_with(self, text: impl AsRef<str>) -> Filter {
        self.matches("startswith", text.as_ref())
    }

    /// `endswith`: the field ends with the string.
    pub fn ends_with(self, text: impl AsRef<str>) -> Filter {
        self.matches("endswith", text.as_ref())
    }

    fn compare(self, operator: &str, value: impl Into<Literal>) -> Filter {
        let (value, error) = match value.into().0 {
            Ok(value) => (value, None),
            Err(error) => (String::new(), Some(error)),
        };
        Filter {
            text: format!("{} {operator} {value}", self.subject()),
            outermost: Operator::Single,
            error: self.error().or(error),
        }
    }

    fn matches(self, function: &str, text: &str) -> Filter {
        Filter {
            text: format!("{function}({},{})", self.subject(), quoted(text)),
            outermost: Operator::Single,
            error: self.error(),
        }
    }

    fn subject(&self) -> String {
        match self.function {
            Some(function) => format!("{function}({})", self.name),
            None => self.name.clone(),
        }
    }

    fn error(&self) -> Option<String> {
        name_error(&self.name)
    }
}

/// Returns the reason why a name is not a valid field name.
fn name_error(name: &str) -> Option<String> {
    let is_start_valid = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_rest_valid = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    (!is_start_valid || !is_rest_valid).then(|| format!("`{}` is not a valid field name", name.escape_debug()))
}

impl Filter {
    /// `and`: both expressions hold.
    pub fn and(self, other: Self) -> Self {
        self.joined(other, "and", Operator::And)
    }

    /// `or`: at least one of the expressions holds.
    pub fn or(self, other: Self) -> Self {
        self.joined(other, "or", Operator::Or)
    }

    fn joined(self, other: Self, word: &str, operator: Operator) -> Self {
        let part = |filter: &Self| match filter.outermost == operator || filter.outermost == Operator::Single {
            true => filter.text.clone(),
            false => format!("({})", filter.text),
        };
        Self {
            text: format!("{} {word} {}", part(&self), part(&other)),
            outermost: operator,
            error: self.error.or(other.error),
        }
    }
}

impl std::ops::Not for Filter {
    type Output = Self;

    /// `not`: negates the expression. Whatever was false for a field that is not set is true then.
    fn not(self) -> Self {
        Self {
            text: format!("not ({})", self.text),
            outermost: Operator::Single,
            error: self.error,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An invalid filter or sort expression: a field name is invalid, or a number is not finite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

impl TryFrom<Filter> for String {
    type Error = FilterError;

    fn try_from(filter: Filter) -> Result<Self, FilterError> {
        match filter.error {
            None => Ok(filter.text),
            Some(error) => Err(FilterError(error)),
        }
    }
}

/// A sort expression, for `orderby` of a list.
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
    error: Option<String>,
}

impl OrderBy {
    /// Sorts by a field in ascending order.
    pub fn ascending(name: impl AsRef<str>) -> Self {
        Self::by(name.as_ref(), "asc")
    }

    /// Sorts by a field in descending order.
    pub fn descending(name: impl AsRef<str>) -> Self {
        Self::by(name.as_ref(), "desc")
    }

    /// Sorts items that are equal so far by a field in ascending order.
    pub fn then_ascending(self, name: impl AsRef<str>) -> Self {
        self.then(Self::ascending(name))
    }

    /// Sorts items that are equal so far by a field in descending order.
    pub fn then_descending(self, name: impl AsRef<str>) -> Self {
        self.then(Self::descending(name))
    }

    fn by(name: &str, direction: &str) -> Self {
        Self {
            text: format!("{name} {direction}"),
            error: name_error(name),
        }
    }

    fn then(self, other: Self) -> Self {
        Self {
            text: format!("{},{}", self.text, other.text),
            error: self.error.or(other.error),
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
        match order.error {
            None => Ok(order.text),
            Some(error) => Err(FilterError(error)),
        }
    }
}

/// Quotes a string: in single quotes, with those inside doubled.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Literal {
    /// Creates a literal without quotes.
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
            false => Self(Err("the filter compares with a number that is not finite".to_owned())),
        }
    }
}

/// The vendor's examples quote times.
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
    use crate::generated::types::IpRuleTarget;

    #[test]
    fn values_cannot_escape_their_quotes() {
        let hostile = field("name").eq("x' or name ne '").to_string();
        assert_eq!(hostile, "name eq 'x'' or name ne '''");
        assert_eq!(field("a").contains("','").to_string(), "contains(a,''',''')");
        assert_eq!(field("a").eq("").to_string(), "a eq ''");
    }

    #[test]
    fn every_type_of_value_is_formatted() {
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
    fn nested_expressions_are_parenthesized() {
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
        assert_eq!(text(field("x").in_(["a", "b'c"])), "x in ('a','b''c')");
        assert_eq!(text(!field("x").in_([Some(1), None])), "not (x in (1,null))");
        assert_eq!(text(field("x").in_(Vec::<i64>::new())), "false");
        assert_eq!(text(field("x").to_lower().eq("a")), "tolower(x) eq 'a'");
        assert_eq!(
            text(field("x").to_upper().starts_with("A")),
            "startswith(toupper(x),'A')"
        );
    }

    #[test]
    fn invalid_names_and_numbers_are_rejected() {
        for filter in [
            field("").is_null(),
            field("a b").contains("x"),
            field("a eq 1 or b").eq(1).and(field("c").eq(1)),
            field("c").eq(1).or(field("1").eq(1)),
            field("a").eq(f64::NAN),
            field("ä").one_of(["x"]),
            field("a-b").one_of(Vec::<i64>::new()),
            field("a-b").in_(Vec::<i64>::new()),
            field("a").in_([1.0, f64::NAN]),
            field("a)").to_lower().eq("x"),
        ] {
            assert!(String::try_from(filter.clone()).is_err(), "{filter}");
        }
        assert!(String::try_from(OrderBy::ascending("a").then_descending("b,c")).is_err());
        assert_eq!(String::try_from(field("a.b_1").eq(1)), Ok("a.b_1 eq 1".to_owned()));
    }
}
