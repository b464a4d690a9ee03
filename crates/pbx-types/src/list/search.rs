//! `search`: words and "phrases" with AND, OR and NOT. Adjacent words are joined by AND.
//!
//! The vendor's guide writes operators in lower case (`101 or 102`), OData in upper case. Both are operators here, and a quoted
//! word never is.

use super::error::SyntaxError;

/// The maximum length in characters.
const MAX_LENGTH: usize = 500;

/// The maximum nesting of NOT and parentheses.
const MAX_DEPTH: usize = 16;

/// A condition on the words of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Any string field contains the term, which is in lower case, without regard to case.
    Term(String),
    /// Every part holds.
    All(Vec<Search>),
    /// At least one part holds.
    Any(Vec<Search>),
    /// The part does not hold.
    Not(Box<Search>),
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Term(String),
    And,
    Or,
    Not,
    Open,
    Close,
}

/// Parses a search.
pub fn parse(text: &str) -> Result<Search, SyntaxError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        end: text.chars().count() + 1,
    };
    let search = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(search),
        Some((position, _)) => Err(SyntaxError::new(*position, "unexpected parenthesis")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(position, _)| *position)
    }

    fn any(&mut self, depth: usize) -> Result<Search, SyntaxError> {
        let mut branches = vec![self.all(depth)?];
        while self.peek() == Some(&Token::Or) {
            self.at += 1;
            branches.push(self.all(depth)?);
        }
        Ok(one_or(branches, Search::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Search, SyntaxError> {
        let mut parts = vec![self.part(depth)?];
        loop {
            match self.peek() {
                Some(Token::And) => self.at += 1,
                Some(Token::Term(_) | Token::Not | Token::Open) => {}
                Some(Token::Or | Token::Close) | None => return Ok(one_or(parts, Search::All)),
            }
            parts.push(self.part(depth)?);
        }
    }

    fn part(&mut self, depth: usize) -> Result<Search, SyntaxError> {
        let position = self.position();
        if depth > MAX_DEPTH {
            return Err(SyntaxError::new(
                position,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let found = match self.tokens.get_mut(self.at) {
            Some((_, Token::Term(term))) => Search::Term(std::mem::take(term)),
            Some((_, Token::Not)) => {
                self.at += 1;
                return Ok(Search::Not(Box::new(self.part(depth + 1)?)));
            }
            Some((_, Token::Open)) => {
                self.at += 1;
                let inner = self.any(depth + 1)?;
                if self.peek() != Some(&Token::Close) {
                    return Err(SyntaxError::new(self.position(), "expected a closing parenthesis"));
                }
                inner
            }
            _ => return Err(SyntaxError::new(position, "expected a word or a phrase")),
        };
        self.at += 1;
        Ok(found)
    }
}

fn one_or(mut parts: Vec<Search>, several: fn(Vec<Search>) -> Search) -> Search {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        several(parts)
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, SyntaxError> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > MAX_LENGTH {
        return Err(SyntaxError::new(
            MAX_LENGTH + 1,
            format!("longer than {MAX_LENGTH} characters"),
        ));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let start = at;
        at += 1;
        let token = match character {
            _ if character.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '"' => {
                let Some(length) = characters[at..].iter().position(|&character| character == '"') else {
                    return Err(SyntaxError::new(start + 1, "a phrase without its closing quote starts"));
                };
                let phrase: String = characters[at..at + length].iter().collect();
                at += length + 1;
                if phrase.is_empty() {
                    return Err(SyntaxError::new(start + 1, "an empty phrase"));
                }
                Token::Term(phrase.to_lowercase())
            }
            _ => {
                while characters
                    .get(at)
                    .is_some_and(|&next| !next.is_whitespace() && !matches!(next, '(' | ')' | '"'))
                {
                    at += 1;
                }
                let word: String = characters[start..at].iter().collect();
                match word.as_str() {
                    "AND" | "and" => Token::And,
                    "OR" | "or" => Token::Or,
                    "NOT" | "not" => Token::Not,
                    _ => Token::Term(word.to_lowercase()),
                }
            }
        };
        found.push((start + 1, token));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> Search {
        Search::Term(text.to_owned())
    }

    #[test]
    fn adjacent_words_are_joined_by_and() {
        assert_eq!(parse("Office  lan"), Ok(Search::All(vec![term("office"), term("lan")])));
        assert_eq!(parse("office AND lan"), parse("office lan"));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let expected = Search::Any(vec![
            term("a"),
            Search::All(vec![term("b"), Search::Not(Box::new(term("c")))]),
        ]);
        assert_eq!(parse("a or b and not c"), Ok(expected.clone()));
        assert_eq!(parse("a OR (b NOT c)"), Ok(expected));
    }

    #[test]
    fn a_phrase_is_never_an_operator() {
        assert_eq!(parse("\"Not or\""), Ok(term("not or")));
        assert_eq!(parse("10.0.0.1/32"), Ok(term("10.0.0.1/32")));
    }

    #[test]
    fn errors_have_a_position() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(error("a or"), "expected a word or a phrase at character 5");
        assert_eq!(error("(a"), "expected a closing parenthesis at character 3");
        assert_eq!(error("a)"), "unexpected parenthesis at character 2");
        assert_eq!(
            error("x \"abc"),
            "a phrase without its closing quote starts at character 3"
        );
        assert_eq!(
            error(&"not ".repeat(40)),
            "nested deeper than 16 levels at character 69"
        );
        assert_eq!(error(&"a".repeat(501)), "longer than 500 characters at character 501");
    }
}
