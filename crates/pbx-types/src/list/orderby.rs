//! `orderby`: `caller asc, started_at desc`. Letter case does not matter for `asc` and `desc`.

use super::error::SyntaxError;
use super::field::{ListField, available, find_field};
use super::lexer::{Token, tokens};

/// The maximum length in characters.
const MAX_LENGTH: usize = 1_000;

/// One sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The field.
    pub field: &'static ListField,
    /// `true` for the largest value first. Null is smaller than every value.
    pub descending: bool,
}

/// Parses the sort keys. A duplicate field would have no effect, so it is an error.
pub fn parse(text: &str, fields: &'static [ListField]) -> Result<Vec<SortKey>, SyntaxError> {
    let mut tokens = tokens(text, MAX_LENGTH)?.into_iter().peekable();
    let mut keys: Vec<SortKey> = Vec::new();
    loop {
        let Some(next) = tokens.next() else { return Ok(keys) };
        let Token::Word(name) = next.token else {
            let expected = format!("expected a field ({})", available(fields));
            return Err(SyntaxError::new(next.position, expected));
        };
        let field = find_field(fields, &name, next.position)?;
        if keys.iter().any(|key| key.field == field) {
            return Err(SyntaxError::new(next.position, "a field that is ordered by already"));
        }
        let direction = tokens.next_if(|next| matches!(next.token, Token::Word(_)));
        let descending = match direction {
            None => false,
            Some(next) => match next.token {
                Token::Word(word) if word.eq_ignore_ascii_case("asc") => false,
                Token::Word(word) if word.eq_ignore_ascii_case("desc") => true,
                _ => return Err(SyntaxError::new(next.position, "expected asc or desc")),
            },
        };
        keys.push(SortKey { field, descending });
        match tokens.next() {
            Some(next) if next.token == Token::Comma => {}
            Some(next) if next.token != Token::End => {
                return Err(SyntaxError::new(next.position, "expected a comma or the end"));
            }
            _ => return Ok(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::FIELDS;
    use super::*;

    fn keys(text: &str) -> Vec<(&'static str, bool)> {
        parse(text, FIELDS)
            .unwrap()
            .into_iter()
            .map(|key| (key.field.name, key.descending))
            .collect()
    }

    #[test]
    fn directions_are_parsed() {
        assert_eq!(keys("name"), [("name", false)]);
        assert_eq!(keys("name asc, port desc"), [("name", false), ("port", true)]);
        assert_eq!(keys(" name  desc ,port"), [("name", true), ("port", false)]);
        assert_eq!(keys("name DESC, port Asc"), [("name", true), ("port", false)]);
    }

    #[test]
    fn errors_have_a_position_and_repeat_nothing() {
        let error = |text| parse(text, FIELDS).unwrap_err().to_string();
        assert!(error("secret").starts_with("unknown field (there are id, name"));
        assert!(!error("secret").contains("secret"));
        assert_eq!(error("name up"), "expected asc or desc at character 6");
        assert_eq!(
            error("name,"),
            "expected a field (there are id, name, note, port, enabled, at, color, network) at character 6"
        );
        assert_eq!(error("name asc port"), "expected a comma or the end at character 10");
        assert_eq!(
            error("name, name desc"),
            "a field that is ordered by already at character 7"
        );
    }
}
