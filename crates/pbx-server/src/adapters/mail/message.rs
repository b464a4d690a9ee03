//! The mail as SMTP transmits it: addresses, and headers (RFC 5322, RFC 2047) before the text.
//!
//! lettre has a builder for this. It reads addresses back from the headers, with a parser that accepts no address literals (RFC
//! 5321, section 4.1.3), and loses the addresses before one; and it folds neither long words nor lists of addresses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lettre::Address;
use lettre::message::Body;
use lettre::message::header::{ContentType, Date, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0};
use pbx_domain::clock;
use pbx_domain::mail::Email;

/// The maximum length of a word that is not encoded, in bytes. Lines of a header are folded between words.
const MAX_WORD: usize = 60;

/// The maximum length of the text in one encoded word, in bytes. Base64 and its frame make it 64 characters, of the 76 that a line may
/// have together with the name of the header.
const ENCODED_WORD: usize = 39;

/// Parses an address that can be sent to.
pub(super) fn parse_address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("the address {text:?}: {error}"))
}

/// Returns headers and text of a message. All addresses must be such that [`parse_address`] accepts them.
pub(super) fn message(sender: &str, reply_to: Option<&str>, recipients: &[&str], email: &Email) -> Vec<u8> {
    let body = Body::new(email.content.clone());
    let mut headers = Headers::new();
    headers.set(Date::new(clock::now().into()));
    headers.insert_raw(addresses("From", sender.to_owned()));
    if let Some(reply_to) = reply_to.filter(|address| parse_address(address).is_ok()) {
        headers.insert_raw(addresses("Reply-To", reply_to.to_owned()));
    }
    headers.insert_raw(addresses("To", recipients.join(",\r\n ")));
    headers.insert_raw(subject(&email.subject));
    headers.set(MIME_VERSION_1_0);
    headers.set(ContentType::TEXT_PLAIN);
    headers.set(body.encoding());
    let mut message = format!("{headers}\r\n").into_bytes();
    message.extend(body.into_vec());
    message
}

fn addresses(name: &'static str, folded: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), folded.clone(), folded)
}

/// Returns the subject, in lines of a permitted length.
fn subject(text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let foldable = text.split(' ').all(|word| (1..=MAX_WORD).contains(&word.len()));
    if printable && foldable {
        return HeaderValue::new(name, text.to_owned());
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        if words
            .last()
            .is_some_and(|word| word.len() + character.len_utf8() > ENCODED_WORD)
        {
            words.push(String::new());
        }
        words.last_mut().into_iter().for_each(|word| word.push(character));
    }
    let encoded = words.iter().map(|word| format!("=?utf-8?b?{}?=", BASE64.encode(word)));
    let encoded = encoded.collect::<Vec<_>>().join("\r\n ");
    HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded)
}

#[cfg(test)]
mod tests {
    use pbx_domain::mail::is_address;

    use super::*;

    fn sent(recipients: &[&str], subject: &str) -> String {
        let email = Email {
            recipients: Vec::new(),
            subject: subject.to_owned(),
            content: "one\ntwo\n".to_owned(),
        };
        let message = message("pbx@[192.0.2.1]", Some("ops@example.com"), recipients, &email);
        String::from_utf8(message).unwrap()
    }

    #[test]
    fn message_has_all_headers_and_address_literals() {
        let message = sent(&["a@[192.0.2.1]", "b@example.com"], "It works");
        let (date, rest) = message.split_once("\r\n").unwrap();
        assert!(date.starts_with("Date: "), "{date}");
        let expected = [
            "From: pbx@[192.0.2.1]",
            "Reply-To: ops@example.com",
            "To: a@[192.0.2.1],",
            " b@example.com",
            "Subject: It works",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 7bit",
            "",
            "one",
            "two",
            "",
        ];
        assert_eq!(rest.split("\r\n").collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_line_of_a_header_has_a_permitted_length() {
        let long = "a".repeat(64);
        let address = format!("{long}@{}.example.com", "b".repeat(63));
        let subjects = [
            "word ".repeat(400),
            "x".repeat(3000),
            "Grüße ".repeat(300),
            "日本語".repeat(300),
            " ".repeat(2000),
            String::new(),
        ];
        for subject in subjects {
            let message = sent(&[address.as_str(); 15], &subject);
            let headers = message.split_once("\r\n\r\n").unwrap().0;
            for line in headers.split("\r\n").filter(|line| !line.contains('@')) {
                assert!(line.len() <= 78 && !line.trim().is_empty(), "{line:?}");
            }
            assert!(headers.split("\r\n").all(|line| line.len() < 200), "{headers}");
            let unfolded = headers.replace("\r\n ", " ");
            let value = unfolded
                .lines()
                .find_map(|line| line.strip_prefix("Subject: "))
                .unwrap();
            let decoded: String = match value.strip_prefix("=?") {
                Some(_) => value.split(' ').map(decoded).collect(),
                None => value.to_owned(),
            };
            assert_eq!(decoded.trim_end(), subject.trim_end());
        }
    }

    fn decoded(word: &str) -> String {
        let base64 = word.strip_prefix("=?utf-8?b?").unwrap().strip_suffix("?=").unwrap();
        String::from_utf8(BASE64.decode(base64).unwrap()).unwrap()
    }

    #[test]
    fn line_break_in_a_subject_begins_no_header() {
        let message = sent(&["a@example.com"], "one\r\nBcc: b@example.com");
        assert!(!message.contains("\r\nBcc"), "{message}");
    }

    /// The domain accepts an address before it is stored, lettre parses it when it is used.
    #[test]
    fn the_domain_accepts_exactly_the_addresses_that_can_be_sent_to() {
        let locals = [
            "a",
            "a.b",
            "a b",
            "a..b",
            "\"a b\"",
            "ä",
            "",
            "a@b",
            "a\r\nb",
            ".a",
            &"a".repeat(65),
            "\"a\r\nb\"",
            "\"a\0b\"",
        ];
        let domains = [
            "example.com",
            "localhost",
            "bücher.example",
            "xn--bcher-kva.example",
            "192.0.2.1",
            "[192.0.2.1]",
            "2001:db8::1",
            "[2001:db8::1]",
            "[IPv6:2001:db8::1]",
            "[nothing]",
            "-a.example",
            "a_b.example",
            "a..b",
            "a b",
            "x\r\ny",
            ".",
            "",
        ];
        let mut accepted = 0;
        for text in locals
            .iter()
            .flat_map(|local| domains.map(|domain| format!("{local}@{domain}")))
        {
            let parses = text.parse::<Address>().is_ok();
            assert_eq!(is_address(&text), parses, "{text:?}");
            accepted += usize::from(parses);
        }
        assert!(accepted > 20, "{accepted}");
        assert!(!is_address("example.com") && "example.com".parse::<Address>().is_err());
    }
}
