//! The tokens of `filter` and `orderby`, with their positions.

use super::error::SyntaxError;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or keyword. The parser recognizes keywords where it expects one.
    Word(String),
    /// A single-quoted literal, without its quotes and with doubled quotes halved.
    Quoted(String),
    /// Everything that starts like a number: `12`, `-1.5`, `2022-01-01T00:00:00Z`. It is parsed when the type of the other side is
    /// known.
    Bare(String),
    Open,
    Close,
    Comma,
    End,
}

/// A token with the position of its first character, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) position: usize,
}

/// Splits a parameter into tokens. The last one is [`Token::End`].
pub(super) fn tokens(text: &str, max_length: usize) -> Result<Vec<Spanned>, SyntaxError> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > max_length {
        return Err(SyntaxError::new(
            max_length + 1,
            format!("longer than {max_length} characters"),
        ));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let position = at + 1;
        let token = match character {
            _ if character.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => single(&mut at, Token::Open),
            ')' => single(&mut at, Token::Close),
            ',' => single(&mut at, Token::Comma),
            '\'' => quoted(&characters, &mut at)?,
            '0'..='9' | '-' | '+' => Token::Bare(run(&characters, &mut at, |character| {
                character.is_ascii_alphanumeric() || matches!(character, '-' | '+' | '.' | ':')
            })),
            'a'..='z' | 'A'..='Z' | '_' => Token::Word(run(&characters, &mut at, |character| {
                character.is_ascii_alphanumeric() || matches!(character, '_' | '.')
            })),
            '=' | '<' | '>' | '!' | '&' | '|' => {
                let message = "expected a word such as eq, ne, gt, ge, lt, le, in, and, or or not";
                return Err(SyntaxError::new(position, message));
            }
            '"' => return Err(SyntaxError::new(position, "expected a string in single quotes")),
            _ => {
                return Err(SyntaxError::new(
                    position,
                    "expected a field, a literal in single quotes, or a parenthesis",
                ));
            }
        };
        tokens.push(Spanned { token, position });
    }
    tokens.push(Spanned {
        token: Token::End,
        position: characters.len() + 1,
    });
    Ok(tokens)
}

fn single(at: &mut usize, token: Token) -> Token {
    *at += 1;
    token
}

fn run(characters: &[char], at: &mut usize, belongs: impl Fn(char) -> bool) -> String {
    let start = *at;
    while characters.get(*at).is_some_and(|&character| belongs(character)) {
        *at += 1;
    }
    characters[start..*at].iter().collect()
}

fn quoted(characters: &[char], at: &mut usize) -> Result<Token, SyntaxError> {
    let start = *at + 1;
    *at += 1;
    let mut text = String::new();
    loop {
        match (characters.get(*at), characters.get(*at + 1)) {
            (Some('\''), Some('\'')) => {
                text.push('\'');
                *at += 2;
            }
            (Some('\''), _) => {
                *at += 1;
                return Ok(Token::Quoted(text));
            }
            (Some(&character), _) => {
                text.push(character);
                *at += 1;
            }
            (None, _) => return Err(SyntaxError::new(start, "a literal without its closing quote starts")),
        }
    }
}
