//! Streams a file as the body of a request.

use indicatif::ProgressBar;
use pbx_client::reqwest::Body;
use tokio::io::AsyncReadExt as _;

use crate::failure::{Context as _, Failure};
use crate::progress;

const CHUNK_LENGTH: usize = 64 << 10;

/// Returns a body that streams a file, or standard input for `-`.
///
/// # Errors
///
/// Fails if the file cannot be opened, or is a directory.
pub async fn from_file(file: &str) -> Result<Body, Failure> {
    if file == "-" {
        return Ok(stream(tokio::io::stdin(), ProgressBar::hidden()));
    }
    let opened = tokio::fs::File::open(file).await.context(file)?;
    let metadata = opened.metadata().await.context(file)?;
    if metadata.is_dir() {
        return Err(Failure::usage(format!("{file} is a directory")));
    }
    Ok(stream(opened, progress::bytes(Some(metadata.len()), "sent")))
}

fn stream(reader: impl tokio::io::AsyncRead + Send + Unpin + 'static, bar: ProgressBar) -> Body {
    let chunks = futures_util::stream::try_unfold((reader, bar), |(mut reader, bar)| async move {
        let mut chunk = vec![0; CHUNK_LENGTH];
        let length = reader.read(&mut chunk).await?;
        chunk.truncate(length);
        bar.inc(length as u64);
        if length == 0 {
            bar.finish_and_clear();
        }
        Ok::<_, std::io::Error>((length > 0).then_some((chunk, (reader, bar))))
    });
    Body::wrap_stream(chunks)
}
