//! Text from elsewhere, made safe for a terminal: it may hold sequences that move the cursor, change the title, or make what is
//! read something else than what is there.

use std::borrow::Cow;

/// Whether a character does something to a terminal or hides what stands there, ends of line and tabs aside.
pub fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Directions and invisible marks.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// The same with pictures of control characters in place of them.
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(shown).collect())
}

/// The same on one line.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| is_harmful(c) || c == '\n' || c == '\t') {
        return Cow::Borrowed(text);
    }
    let shown = |c| match c {
        '\n' | '\t' => ' ',
        c => shown(c),
    };
    Cow::Owned(text.trim_end().chars().map(shown).collect())
}

fn shown(c: char) -> char {
    match c {
        c if !is_harmful(c) => c,
        '\u{7f}' => '\u{2421}',
        // U+2400 and on are pictures of the first 32.
        c if c < ' ' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        assert_eq!(text("Zoë\n漢字\t\u{1f600}"), "Zoë\n漢字\t\u{1f600}");
        assert_eq!(text("\u{1b}]0;x\u{7}\u{9b}31m"), "␛]0;x␇\u{fffd}31m");
        assert_eq!(text("a\u{202e}b\r"), "a\u{fffd}b␍");
        assert_eq!(line("a\nb\tc\n"), "a b c");
        assert_eq!(line("plain"), "plain");
    }
}
