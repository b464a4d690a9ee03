//! Saves or prints the file of a response.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pbx_client::reqwest::header::CONTENT_LENGTH;
use pbx_client::{ByteStream, ResponseValue};

use super::file_name;
use crate::failure::{Context as _, Failure};
use crate::output::sanitize;
use crate::progress;

/// Writes a file to a path, into a directory under the server's name for it, or to standard output.
///
/// Returns the path, unless the file goes to standard output.
///
/// # Errors
///
/// Fails if the response breaks off or the file cannot be written; files are not overwritten under the server's name.
pub async fn save(response: ResponseValue<ByteStream>, to: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let headers = response.headers().clone();
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut stream = response.into_inner();
    let Some(to) = to.filter(|to| *to != Path::new("-")) else {
        print(stream, length).await?;
        return Ok(None);
    };
    let is_directory = to.is_dir() || to.to_string_lossy().ends_with(std::path::is_separator);
    let path = match is_directory {
        true => {
            let name = file_name::from_headers(&headers)
                .ok_or_else(|| Failure::local("the server sent no file name").with_hint("choose one with --to FILE"))?;
            let path = to.join(name);
            if path.exists() {
                return Err(Failure::local(format!("{} already exists", path.display()))
                    .with_hint(format!("overwrite it with `--to {}`", path.display())));
            }
            path
        }
        false => to.to_owned(),
    };
    let directory = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).context(directory.display())?;
    // The file gets its name when it is complete.
    let mut file = temporary_file(directory).context(directory.display())?;
    let bar = progress::bytes(length, "received");
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        file.write_all(&chunk).context(path.display())?;
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    let persisted = match is_directory {
        // Another process may have created a file of this name meanwhile.
        true => file.persist_noclobber(&path),
        false => file.persist(&path),
    };
    persisted.map_err(|error| error.error).context(path.display())?;
    Ok(Some(path))
}

/// Creates a temporary file with the usual permissions of new files.
fn temporary_file(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pbx-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// Writes a file to standard output; to a terminal only text.
async fn print(mut stream: ByteStream, length: Option<u64>) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let is_terminal = out.is_terminal();
    let bar = if is_terminal {
        ProgressBar::hidden()
    } else {
        progress::bytes(length, "received")
    };
    let mut pending = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        bar.inc(chunk.len() as u64);
        let written = match is_terminal {
            false => out.write_all(&chunk),
            true => {
                pending.extend_from_slice(&chunk);
                out.write_all(take_text(&mut pending)?.as_bytes())
            }
        };
        written.map_err(|error| Failure::output(&error))?;
    }
    bar.finish_and_clear();
    if !pending.is_empty() {
        return Err(binary_file());
    }
    out.flush().map_err(|error| Failure::output(&error))
}

/// Takes the text from the front, sanitized; the bytes of an incomplete character stay for the next chunk.
fn take_text(bytes: &mut Vec<u8>) -> Result<String, Failure> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return Err(binary_file()),
    };
    let rest = bytes.split_off(valid);
    let text = String::from_utf8(std::mem::replace(bytes, rest)).map_err(|_| binary_file())?;
    if text.contains('\0') {
        return Err(binary_file());
    }
    // Line breaks of Windows are harmless.
    Ok(sanitize::text(&text.replace("\r\n", "\n")).into_owned())
}

fn binary_file() -> Failure {
    Failure::usage("binary files are not printed to a terminal").with_hint("save it with --to FILE or > FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_gets_sanitized_text_only() {
        let mut bytes = "a\u{1b}[31m\r\né".as_bytes().to_vec();
        let half = bytes.pop().unwrap();
        assert_eq!(take_text(&mut bytes).unwrap(), "a␛[31m\n");
        bytes.push(half);
        assert_eq!(take_text(&mut bytes).unwrap(), "é");
        assert!(take_text(&mut vec![0xff]).is_err());
        assert!(take_text(&mut vec![0]).is_err());
    }
}
