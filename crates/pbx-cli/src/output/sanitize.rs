//! Sanitizes untrusted text for a terminal: control sequences could move the cursor or change the title, and invisible or
//! bidirectional characters could make text read differently than it is.

use std::borrow::Cow;

/// Returns `true` for control characters except line feed and tab, and for invisible and bidirectional characters.
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Bidirectional controls and invisible characters.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Replaces unsafe characters, control characters by their symbols.
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(replacement).collect())
}

/// Replaces unsafe characters, and line breaks and tabs by spaces.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| is_unsafe(c) || c == '\n' || c == '\t') {
        return Cow::Borrowed(text);
    }
    let replace = |c| match c {
        '\n' | '\t' => ' ',
        c => replacement(c),
    };
    Cow::Owned(text.trim_end().chars().map(replace).collect())
}

fn replacement(c: char) -> char {
    match c {
        c if !is_unsafe(c) => c,
        '\u{7f}' => '\u{2421}',
        // U+2400 to U+241F are the symbols of the first 32 characters.
        c if c < ' ' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_replaced() {
        assert_eq!(text("Zoë\n漢字\t\u{1f600}"), "Zoë\n漢字\t\u{1f600}");
        assert_eq!(text("\u{1b}]0;x\u{7}\u{9b}31m"), "␛]0;x␇\u{fffd}31m");
        assert_eq!(text("a\u{202e}b\r"), "a\u{fffd}b␍");
        assert_eq!(line("a\nb\tc\n"), "a b c");
        assert_eq!(line("plain"), "plain");
    }
}
