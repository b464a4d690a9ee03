//! Files that go out and come in, piece by piece.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pbx_client::reqwest::Body;
use pbx_client::reqwest::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, HeaderMap};
use pbx_client::{ByteStream, Error, ResponseValue};
use tokio::io::AsyncReadExt as _;

use crate::connection::Server;
use crate::failure::{Context as _, Failure};
use crate::output::safe;
use crate::progress;

/// How much of a file is read at once.
const PIECE: usize = 64 << 10;

/// The content of a file as a body; `-` is standard input.
pub async fn body(file: &str) -> Result<Body, Failure> {
    if file == "-" {
        return Ok(pieces(tokio::io::stdin(), ProgressBar::hidden()));
    }
    let opened = tokio::fs::File::open(file).await.context(file)?;
    let metadata = opened.metadata().await.context(file)?;
    if metadata.is_dir() {
        return Err(Failure::usage(format!("{file} is a folder")));
    }
    Ok(pieces(opened, progress::bytes(Some(metadata.len()), "sent")))
}

fn pieces(reader: impl tokio::io::AsyncRead + Send + Unpin + 'static, bar: ProgressBar) -> Body {
    let stream = futures_util::stream::try_unfold((reader, bar), |(mut reader, bar)| async move {
        let mut piece = vec![0; PIECE];
        let read = reader.read(&mut piece).await?;
        piece.truncate(read);
        bar.inc(read as u64);
        if read == 0 {
            bar.finish_and_clear();
        }
        Ok::<_, std::io::Error>((read > 0).then_some((piece, (reader, bar))))
    });
    Body::wrap_stream(stream)
}

/// Brings a file into the library; its id.
pub async fn upload(server: &mut Server, file: &str, name: &str) -> Result<String, Failure> {
    let content = body(file).await?;
    match pbx_client::upload(server.client(), name, content).await {
        // It begins with a request without a content, so that nothing of the file is lost.
        Err(Error::Authentication { .. }) if server.can_renew() => {
            server.renew().await?;
            let content = body(file).await?;
            Ok(pbx_client::upload(server.client(), name, content).await?)
        }
        other => Ok(other?),
    }
}

/// Writes a file that the server sends to a path, into a folder under the server's name for it, or to standard output.
/// The answer is where it is, unless that is standard output.
pub async fn save(answer: ResponseValue<ByteStream>, to: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let headers = answer.headers().clone();
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let stream = answer.into_inner();
    let Some(to) = to.filter(|to| *to != Path::new("-")) else {
        print(stream, length).await?;
        return Ok(None);
    };
    let is_folder = to.is_dir() || to.to_string_lossy().ends_with(std::path::is_separator);
    let path = match is_folder {
        true => {
            let name = file_name(&headers)
                .ok_or_else(|| Failure::local("the server gives no name for the file").hint("name one: --to FILE"))?;
            let path = to.join(name);
            if path.exists() {
                return Err(Failure::local(format!("{} exists already", path.display()))
                    .hint(format!("`--to {}` replaces it", path.display())));
            }
            path
        }
        false => to.to_owned(),
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).context(folder.display())?;
    // Under another name until all of it is there.
    let mut file = unfinished(folder).context(folder.display())?;
    let bar = progress::bytes(length, "received");
    let mut stream = stream;
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        file.write_all(&piece).context(path.display())?;
        bar.inc(piece.len() as u64);
    }
    bar.finish_and_clear();
    match is_folder {
        // Somebody else may have made one meanwhile.
        true => file
            .persist_noclobber(&path)
            .map_err(|error| error.error)
            .context(path.display())?,
        false => file
            .persist(&path)
            .map_err(|error| error.error)
            .context(path.display())?,
    };
    Ok(Some(path))
}

/// A file under another name, with the permissions that new files have.
fn unfinished(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pbx-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// To standard output as it comes; to a terminal only what is text.
async fn print(mut stream: ByteStream, length: Option<u64>) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let is_terminal = out.is_terminal();
    let bar = if is_terminal {
        ProgressBar::hidden()
    } else {
        progress::bytes(length, "received")
    };
    let mut rest = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        bar.inc(piece.len() as u64);
        let written = match is_terminal {
            false => out.write_all(&piece),
            true => {
                rest.extend_from_slice(&piece);
                out.write_all(text_of(&mut rest)?.as_bytes())
            }
        };
        written.map_err(|error| Failure::output(&error))?;
    }
    bar.finish_and_clear();
    if !rest.is_empty() {
        return Err(no_text());
    }
    out.flush().map_err(|error| Failure::output(&error))
}

/// The text that some bytes begin with, without what would do something to the terminal; half a letter stays for the next piece.
fn text_of(bytes: &mut Vec<u8>) -> Result<String, Failure> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return Err(no_text()),
    };
    let rest = bytes.split_off(valid);
    let text = String::from_utf8(std::mem::replace(bytes, rest)).map_err(|_| no_text())?;
    if text.contains('\0') {
        return Err(no_text());
    }
    // An end of line as Windows has it is no harm.
    Ok(safe::text(&text.replace("\r\n", "\n")).into_owned())
}

fn no_text() -> Failure {
    Failure::usage("this is no text, and would not show on a terminal").hint("save it: --to FILE, or > FILE")
}

/// The name that the server gives a file, as a name in any folder: nothing in it leads elsewhere.
fn file_name(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(CONTENT_DISPOSITION)?;
    let text = String::from_utf8_lossy(disposition.as_bytes()).into_owned();
    let parameters = parameters(&text);
    let extended = parameters.iter().find(|(name, _)| name == "filename*");
    let plain = parameters.iter().find(|(name, _)| name == "filename");
    let given = match extended.and_then(|(_, value)| decoded(value)) {
        Some(name) => name,
        None => plain?.1.clone(),
    };
    // The last part of a path, whatever system it is of; nothing that a terminal or a file system would take for more.
    let last = given.rsplit(['/', '\\']).next()?;
    let name: String = last
        .chars()
        .map(|c| {
            if safe::is_harmful(c) || c.is_control() || "<>:\"|?*".contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let name = name.trim().trim_end_matches('.').trim_start_matches('.').trim();
    let mut name = name.to_owned();
    while name.len() > 200 {
        name.pop();
    }
    (!name.is_empty()).then_some(name)
}

/// The parameters of a header, without quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim().to_ascii_lowercase();
        let after = after.trim_start();
        let mut value = String::new();
        let end = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut escaped = false;
                let mut end = after.len();
                for (at, c) in quoted.char_indices() {
                    match c {
                        _ if escaped => {
                            escaped = false;
                            value.push(c);
                        }
                        '\\' => escaped = true,
                        '"' => {
                            end = at + 2;
                            break;
                        }
                        c => value.push(c),
                    }
                }
                end
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                value.push_str(after[..end].trim());
                end
            }
        };
        found.push((name, value));
        rest = after[end..].trim_start().trim_start_matches(';');
    }
    found
}

/// RFC 8187: `UTF-8''na%C3%AFve.csv`.
fn decoded(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::new();
    let mut input = text.bytes();
    while let Some(byte) = input.next() {
        match byte {
            b'%' => {
                let (high, low) = (
                    char::from(input.next()?).to_digit(16)?,
                    char::from(input.next()?).to_digit(16)?,
                );
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(disposition: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_DISPOSITION, disposition.parse().unwrap());
        file_name(&headers)
    }

    #[test]
    fn names_come_from_the_header() {
        for (disposition, expected) in [
            ("attachment; filename=rules.csv", "rules.csv"),
            ("attachment; filename=\"a; b \\\"c\\\".csv\"", "a; b _c_.csv"),
            (
                "attachment; filename=\"x.csv\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.csv",
                "naïve €.csv",
            ),
            ("attachment; FILENAME = x.csv ; size=1", "x.csv"),
            ("attachment; filename*=latin1''x; filename=y", "y"),
            ("attachment; filename*=UTF-8''%ff; filename=y", "y"),
        ] {
            assert_eq!(name(disposition).as_deref(), Some(expected), "{disposition}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (disposition, expected) in [
            ("attachment; filename=../../etc/passwd", Some("passwd")),
            ("attachment; filename=\"..\\\\..\\\\x.exe\"", Some("x.exe")),
            ("attachment; filename=/etc/shadow", Some("shadow")),
            ("attachment; filename*=UTF-8''..%2F..%2Fx", Some("x")),
            ("attachment; filename=..", None),
            ("attachment; filename=\"\"", None),
            ("attachment; filename=\".bashrc\"", Some("bashrc")),
            ("attachment; filename*=UTF-8''a%00b%1B%5B", Some("a_b_[")),
            ("attachment; filename=C:x", Some("C_x")),
            ("attachment", None),
            ("attachment; filename=\"unterminated", Some("unterminated")),
        ] {
            assert_eq!(name(disposition).as_deref(), expected, "{disposition}");
        }
        assert_eq!(
            name(&format!("attachment; filename={}", "ä".repeat(300)))
                .unwrap()
                .len(),
            200
        );
    }

    #[test]
    fn a_terminal_gets_text_only() {
        let mut bytes = "a\u{1b}[31m\r\né".as_bytes().to_vec();
        let half = bytes.pop().unwrap();
        assert_eq!(text_of(&mut bytes).unwrap(), "a␛[31m\n");
        bytes.push(half);
        assert_eq!(text_of(&mut bytes).unwrap(), "é");
        assert!(text_of(&mut vec![0xff]).is_err());
        assert!(text_of(&mut vec![0]).is_err());
    }
}
