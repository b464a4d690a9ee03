//! The parser: a recursive descent, in which every level returns a value, because parentheses may hold a condition, a field or a
//! literal.

use super::literal::{Literal, LiteralValue};
use super::{Comparison, Filter, LetterCase, MAX_DEPTH, MAX_LENGTH, Operand, Subject, TextMatch};
use crate::list::error::SyntaxError;
use crate::list::field::{FieldKind, ListField, find_field};
use crate::list::lexer::{Spanned, Token, tokens};

/// The functions that are supported.
const FUNCTIONS: &str = "contains, startswith, endswith, tolower and toupper";

/// The other functions of OData, by which an error message can name what it refuses.
const OTHER_FUNCTIONS: &[&str] = &[
    "cast",
    "ceiling",
    "concat",
    "date",
    "day",
    "floor",
    "fractionalseconds",
    "hassubsequence",
    "hassubset",
    "hour",
    "indexof",
    "isof",
    "length",
    "matchespattern",
    "maxdatetime",
    "mindatetime",
    "minute",
    "month",
    "now",
    "replace",
    "round",
    "second",
    "substring",
    "substringof",
    "time",
    "totaloffsetminutes",
    "totalseconds",
    "trim",
    "year",
];

/// Parses a filter over these fields.
///
/// # Errors
///
/// The first error, with its position.
pub fn parse(text: &str, fields: &'static [ListField]) -> Result<Filter, SyntaxError> {
    let mut parser = Parser {
        tokens: tokens(text, MAX_LENGTH)?,
        at: 0,
        fields,
    };
    let value = parser.or(0)?;
    let filter = parser.condition(value)?;
    match parser.next() {
        Spanned { token: Token::End, .. } => Ok(filter),
        Spanned { position, .. } => Err(SyntaxError::new(position, "expected and, or or the end")),
    }
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    fields: &'static [ListField],
}

/// The value of a part of an expression.
enum Value {
    Condition(Filter),
    Subject(Subject),
    Literal(Literal),
}

/// A function by its name.
#[derive(Clone, Copy)]
enum Function {
    Match(TextMatch),
    Convert(LetterCase),
}

impl Parser {
    /// Returns the current token. The last one, the end, is never consumed.
    fn peek(&self) -> (&Token, usize) {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or((&Token::End, 1), |next| (&next.token, next.position))
    }

    fn next(&mut self) -> Spanned {
        let (token, position) = self.peek();
        let next = Spanned {
            token: token.clone(),
            position,
        };
        self.at += 1;
        next
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek().0 == token;
        self.at += usize::from(found);
        found
    }

    fn is_at(&self, keyword: &str) -> bool {
        matches!(self.peek().0, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.is_at(keyword);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token, name: &str) -> Result<(), SyntaxError> {
        if self.take(token) {
            Ok(())
        } else {
            Err(SyntaxError::new(self.peek().1, format!("expected {name}")))
        }
    }

    fn or(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.chain("or", Filter::Or, |parser| parser.and(depth))
    }

    fn and(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.chain("and", Filter::And, |parser| parser.part(depth))
    }

    /// Parses parts with a keyword between them.
    fn chain(
        &mut self,
        keyword: &str,
        join: fn(Vec<Filter>) -> Filter,
        part: impl Fn(&mut Self) -> Result<Value, SyntaxError>,
    ) -> Result<Value, SyntaxError> {
        let first = part(self)?;
        if !self.is_at(keyword) {
            return Ok(first);
        }
        let mut parts = vec![self.condition(first)?];
        while self.take_word(keyword) {
            let next = part(self)?;
            parts.push(self.condition(next)?);
        }
        Ok(Value::Condition(join(parts)))
    }

    fn part(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.check_depth(depth)?;
        if self.take_word("not") {
            let negated = self.part(depth + 1)?;
            let negated = self.condition(negated)?;
            return Ok(Value::Condition(Filter::Not(Box::new(negated))));
        }
        self.comparison(depth)
    }

    fn check_depth(&self, depth: usize) -> Result<(), SyntaxError> {
        if depth > MAX_DEPTH {
            let expected = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(SyntaxError::new(self.peek().1, expected));
        }
        Ok(())
    }

    /// Returns the condition that the value, which ends before the current token, is on its own.
    fn condition(&self, value: Value) -> Result<Filter, SyntaxError> {
        match value {
            Value::Condition(filter) => Ok(filter),
            Value::Subject(subject) if subject.kind() == FieldKind::Boolean => Ok(Filter::IsTrue(subject.field)),
            Value::Literal(Literal {
                value: LiteralValue::Boolean(value),
                ..
            }) => Ok(Filter::Constant(value)),
            Value::Subject(_) | Value::Literal(_) => {
                Err(SyntaxError::new(self.peek().1, "expected eq, ne, gt, ge, lt, le or in"))
            }
        }
    }

    fn comparison(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let position = self.peek().1;
        let left = self.operand(depth)?;
        if self.is_at("in") {
            return self.membership(left, depth).map(Value::Condition);
        }
        let operator_position = self.peek().1;
        let Some(comparison) = self.operator() else {
            return Ok(left);
        };
        let right_position = self.peek().1;
        let right = self.operand(depth)?;
        let filter = match (left, right) {
            (Value::Subject(subject), Value::Literal(literal)) => compare(subject, comparison, literal)?,
            (Value::Literal(literal), Value::Subject(subject)) => compare(subject, comparison.mirrored(), literal)?,
            (Value::Subject(left), Value::Subject(right)) if left.kind().is_comparable_with(right.kind()) => {
                Filter::CompareFields(left, comparison, right)
            }
            (Value::Subject(_), Value::Subject(_)) => {
                return Err(SyntaxError::new(position, "fields of different types are compared"));
            }
            (Value::Condition(condition), Value::Literal(literal))
            | (Value::Literal(literal), Value::Condition(condition)) => {
                let keeps = match comparison {
                    Comparison::Eq => true,
                    Comparison::Ne => false,
                    _ => return Err(SyntaxError::new(operator_position, "expected eq or ne")),
                };
                match literal.typed(FieldKind::Boolean)? {
                    Operand::Boolean(value) if value == keeps => condition,
                    _ => Filter::Not(Box::new(condition)),
                }
            }
            (Value::Condition(_), _) => return Err(SyntaxError::new(right_position, "expected true or false")),
            (_, Value::Condition(_)) => return Err(SyntaxError::new(position, "expected true or false")),
            (Value::Literal(_), Value::Literal(_)) => {
                return Err(SyntaxError::new(position, "a comparison without a field"));
            }
        };
        Ok(Value::Condition(filter))
    }

    fn operator(&mut self) -> Option<Comparison> {
        let Token::Word(word) = self.peek().0 else { return None };
        let comparison = match word.to_ascii_lowercase().as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            _ => return None,
        };
        self.at += 1;
        Some(comparison)
    }

    /// Parses `in ('a','b')` after its left side.
    fn membership(&mut self, left: Value, depth: usize) -> Result<Filter, SyntaxError> {
        let Value::Subject(subject) = left else {
            return Err(SyntaxError::new(self.peek().1, "expected a field before in"));
        };
        self.at += 1;
        self.expect(&Token::Open, "an opening parenthesis")?;
        let (mut values, mut has_null) = (Vec::new(), false);
        loop {
            let position = self.peek().1;
            match self.operand(depth)? {
                Value::Literal(literal) if literal.is_null() => has_null = true,
                Value::Literal(literal) => values.push(literal.typed(subject.kind())?),
                Value::Condition(_) | Value::Subject(_) => {
                    return Err(SyntaxError::new(position, "expected a literal"));
                }
            }
            if !self.take(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::Close, "a comma or a closing parenthesis")?;
        let is_null = Filter::IsNull(subject.field);
        Ok(match (values.is_empty(), has_null) {
            (true, _) => is_null,
            (false, true) => Filter::Or(vec![is_null, Filter::In(subject, values)]),
            (false, false) => Filter::In(subject, values),
        })
    }

    /// Parses one side of a comparison.
    fn operand(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        if let Some(function) = self.function()? {
            self.check_depth(depth)?;
            self.at += 2;
            return match function {
                Function::Match(function) => self.matching(function, depth + 1),
                Function::Convert(case) => self.converted(case, depth + 1),
            };
        }
        let Spanned { token, position } = self.next();
        let literal = |value| Value::Literal(Literal { value, position });
        match token {
            Token::Open => {
                let inner = self.or(depth + 1)?;
                self.expect(&Token::Close, "a closing parenthesis")?;
                Ok(inner)
            }
            Token::Quoted(text) => Ok(literal(LiteralValue::Quoted(text))),
            Token::Bare(text) => Ok(literal(LiteralValue::Bare(text))),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" => Ok(literal(LiteralValue::Boolean(true))),
                "false" => Ok(literal(LiteralValue::Boolean(false))),
                "null" => Ok(literal(LiteralValue::Null)),
                _ => Ok(Value::Subject(find_field(self.fields, &word, position)?.into())),
            },
            Token::Close | Token::Comma | Token::End => {
                Err(SyntaxError::new(position, "expected a field or a literal"))
            }
        }
    }

    /// Returns the function that is called here, if one is: a parenthesis follows its name, and a field may have the same name.
    fn function(&self) -> Result<Option<Function>, SyntaxError> {
        let (Token::Word(name), position) = self.peek() else {
            return Ok(None);
        };
        if !matches!(self.tokens.get(self.at + 1), Some(Spanned { token: Token::Open, .. })) {
            return Ok(None);
        }
        let name = name.to_ascii_lowercase();
        let function = match name.as_str() {
            "startswith" => Function::Match(TextMatch::StartsWith),
            "endswith" => Function::Match(TextMatch::EndsWith),
            "contains" => Function::Match(TextMatch::Contains),
            "tolower" => Function::Convert(LetterCase::Lower),
            "toupper" => Function::Convert(LetterCase::Upper),
            name => {
                let named = OTHER_FUNCTIONS.iter().find(|other| **other == name);
                let named = named.map_or_else(
                    || "unknown function".to_owned(),
                    |name| format!("unsupported function {name}"),
                );
                return Err(SyntaxError::new(position, format!("{named} (there are {FUNCTIONS})")));
            }
        };
        Ok(Some(function))
    }

    /// Parses the arguments of `contains` and its like.
    fn matching(&mut self, function: TextMatch, depth: usize) -> Result<Value, SyntaxError> {
        let position = self.peek().1;
        let subject = match self.operand(depth)? {
            Value::Subject(subject) if subject.kind().is_text() || subject.kind() == FieldKind::Id => subject,
            _ => return Err(SyntaxError::new(position, "expected a text field")),
        };
        self.expect(&Token::Comma, "a comma")?;
        let position = self.peek().1;
        let Value::Literal(literal) = self.operand(depth)? else {
            return Err(SyntaxError::new(position, "expected a string in single quotes"));
        };
        let text = literal.text()?;
        self.expect(&Token::Close, "a closing parenthesis")?;
        Ok(Value::Condition(Filter::Match(subject, function, text)))
    }

    /// Parses the argument of `tolower` or `toupper`: a field, or a literal, which is converted here.
    fn converted(&mut self, case: LetterCase, depth: usize) -> Result<Value, SyntaxError> {
        let position = self.peek().1;
        let converted = match self.operand(depth)? {
            Value::Subject(Subject { field, case: None }) if field.kind.is_text() => Value::Subject(Subject {
                field,
                case: Some(case),
            }),
            Value::Literal(literal) => {
                let text = case.convert(&literal.text()?);
                let value = LiteralValue::Quoted(text);
                Value::Literal(Literal { value, position })
            }
            Value::Subject(_) | Value::Condition(_) => {
                return Err(SyntaxError::new(position, "expected a text field or a string"));
            }
        };
        self.expect(&Token::Close, "a closing parenthesis")?;
        Ok(converted)
    }
}

fn compare(subject: Subject, comparison: Comparison, literal: Literal) -> Result<Filter, SyntaxError> {
    if !literal.is_null() {
        let kind = match comparison {
            Comparison::Eq | Comparison::Ne => subject.kind(),
            // The order is that of strings, in which every string has a place.
            _ if subject.kind().is_text() => FieldKind::Text,
            _ => subject.kind(),
        };
        return Ok(Filter::Compare(subject, comparison, literal.typed(kind)?));
    }
    Ok(match comparison {
        Comparison::Eq => Filter::IsNull(subject.field),
        Comparison::Ne => Filter::Not(Box::new(Filter::IsNull(subject.field))),
        _ => Filter::Constant(false),
    })
}
