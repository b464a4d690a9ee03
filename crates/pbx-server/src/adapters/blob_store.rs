//! The store of files' contents: the database, or a directory that the operator names.
//!
//! A content in the directory is written once, under a unique name, and is on the disk before the database refers to it; contents
//! that the database does not refer to (any more) are swept. So a content is complete, or it does not exist.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use pbx_domain::files::File as LibraryFile;
use pbx_domain::session::Principal;
use pbx_domain::setting::Setting;
use pbx_domain::{Error, Id};
use pbx_store::{Store, files, settings};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// The file that marks a directory as that of one database. The sweep of another database would remove its contents.
const MARK_FILE: &str = "pbx-server-files";

/// The mark of the directory, as stored in the database.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct DirectoryMark {
    mark: Option<String>,
}

impl Setting for DirectoryMark {
    const NAME: &'static str = "files_folder";
}

/// The store of new contents.
#[derive(Debug, Clone, Default)]
pub enum BlobStore {
    /// The database.
    #[default]
    Database,
    /// A directory.
    Directory(BlobDirectory),
}

/// A directory with contents. Clones share it.
#[derive(Debug, Clone)]
pub struct BlobDirectory(Arc<PathBuf>);

impl BlobStore {
    /// Opens the store of the settings.
    ///
    /// # Errors
    ///
    /// If the database has contents in another store, or the directory cannot be used.
    pub async fn open(store: &Store, directory: Option<&Path>) -> anyhow::Result<Self> {
        let in_use = store
            .scan(Principal::System, |tx| Ok::<_, Error>(files::any_in_directory(tx)?))
            .await
            .context("cannot read from the database where the files are")?;
        match directory {
            Some(path) => Ok(Self::Directory(BlobDirectory::open(store, path, in_use).await?)),
            None if in_use => bail!("there are files whose content is in a directory: name it with --files"),
            None => Ok(Self::Database),
        }
    }

    /// Returns the directory, if there is one.
    pub fn directory(&self) -> Option<&BlobDirectory> {
        match self {
            Self::Database => None,
            Self::Directory(directory) => Some(directory),
        }
    }
}

impl BlobDirectory {
    async fn open(store: &Store, path: &Path, in_use: bool) -> anyhow::Result<Self> {
        let shown = path.display();
        create_private(path).with_context(|| format!("cannot create the directory {shown}: choose another --files"))?;
        let new = DirectoryMark {
            mark: Some(format!("{:016x}", rand::rng().next_u64())),
        };
        let marked = store
            .write_unaudited(move |tx| {
                // Another node may have stored one in the meantime.
                let stored: DirectoryMark = settings::load(tx)?;
                if let Some(mark) = stored.mark {
                    return Ok::<_, Error>(Some(mark));
                }
                settings::save(tx, &new)?;
                Ok(new.mark.clone())
            })
            .await?;
        let mark = marked.context("the database has no mark for the directory of the files")?;
        let directory = Self(Arc::new(path.to_owned()));
        match fs::read_to_string(path.join(MARK_FILE)) {
            Ok(text) if text.trim() == mark => {}
            Ok(_) => bail!("the directory {shown} has the files of another database: choose another --files"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if in_use {
                    bail!(
                        "the directory {shown} is not the one that has the files of this database: name that with --files"
                    );
                }
                let mut others = fs::read_dir(path).with_context(|| format!("cannot read the directory {shown}"))?;
                if others.next().is_some() {
                    bail!("the directory {shown} is not empty: choose another --files");
                }
                directory
                    .write(MARK_FILE, format!("{mark}\n").as_bytes())
                    .or_else(|error| match error.kind() {
                        // Written by another node, which has the same mark.
                        ErrorKind::AlreadyExists => Ok(()),
                        _ => Err(error),
                    })
                    .with_context(|| format!("cannot write to the directory {shown}: choose another --files"))?;
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read the directory {shown}: choose another --files"));
            }
        }
        Ok(directory)
    }

    /// Stores the content of a file, durably when this returns. Returns the name to [`get`](Self::get) it with.
    pub async fn put(&self, id: Id<LibraryFile>, content: Bytes) -> Result<String, Error> {
        let name = format!("{id}-{:016x}", rand::rng().next_u64());
        self.run(move |directory| {
            let written = directory.write(&name, &content);
            if written.is_err() {
                // Part of it may have been written.
                let _ = fs::remove_file(directory.0.join(&name));
            }
            written.map(|()| name)
        })
        .await
    }

    /// Returns the content with this name; `None` if it is missing, or not `intact`.
    pub async fn get(
        &self,
        name: String,
        intact: impl FnOnce(&[u8]) -> bool + Send + 'static,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |directory| match fs::read(directory.path(&name)) {
            Ok(content) => Ok(intact(&content).then_some(content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Returns the path of the content with this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Removes a content that nothing refers to any more. A failure is logged, and the next sweep retries it.
    pub async fn remove(&self, name: String) {
        let removed = self.run(move |directory| match fs::remove_file(directory.0.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        });
        if let Err(Error::Unavailable { internal } | Error::StorageFull { internal }) = removed.await {
            tracing::warn!(error = internal, "the content of a deleted file is still there");
        }
    }

    /// Returns all contents, each with the ID that it was written for and its name. Ignores other files in the directory.
    pub async fn list(&self) -> Result<Vec<(Id<LibraryFile>, String)>, Error> {
        self.run(|directory| {
            let names = fs::read_dir(directory.0.as_path())?.map(|entry| entry.map(|entry| entry.file_name()));
            names.filter_map(|name| name.map(parse_name).transpose()).collect()
        })
        .await
    }

    fn write(&self, name: &str, content: &[u8]) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.0.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
        // The name is part of the directory, not of the file.
        if cfg!(unix) {
            File::open(self.0.as_path())?.sync_all()?;
        }
        Ok(())
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let directory = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&directory)).await;
        let internal = |error: &dyn std::error::Error| format!("the directory of the files: {error}");
        done.map_err(|error| Error::Unavailable {
            internal: internal(&error),
        })?
        .map_err(|error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::StorageFull {
                internal: internal(&error),
            },
            _ => Error::Unavailable {
                internal: internal(&error),
            },
        })
    }
}

/// Creates a directory that only its owner may read, and those above it, unless they exist.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Parses a name that [`BlobDirectory::put`] created.
fn parse_name(name: OsString) -> Option<(Id<LibraryFile>, String)> {
    let name = name.into_string().ok()?;
    let (id, rest) = name.split_once('-')?;
    let hexadecimal = rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = id.parse().ok().filter(|_| hexadecimal)?;
    Some((id, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(directory: &tempfile::TempDir, name: &str) -> Store {
        Store::open(directory.path().join(name).to_str().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn content_is_stored_listed_and_removed() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/files");
        let blobs = BlobStore::open(&store(&temp, "pbx.db"), Some(&path)).await.unwrap();
        let directory = blobs.directory().unwrap();
        let id = Id::from_stored(7);
        let name = directory.put(id, Bytes::from_static(b"abc")).await.unwrap();
        let other = directory.put(id, Bytes::new()).await.unwrap();
        fs::write(path.join("7-notes.txt"), "somebody's").unwrap();
        let get = async |name: &str, intact: bool| directory.get(name.to_owned(), move |_| intact).await.unwrap();
        assert_eq!(get(&name, true).await.unwrap(), b"abc");
        assert_eq!(get(&name, false).await, None);
        assert_eq!(get("7-0", true).await, None);
        directory.remove(other.clone()).await;
        directory.remove(other).await;
        assert_eq!(directory.list().await.unwrap(), [(id, name)]);
    }

    #[tokio::test]
    async fn directory_belongs_to_one_database() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("files");
        let (first, second) = (store(&temp, "a.db"), store(&temp, "b.db"));
        let refused = async |store, path| format!("{:#}", BlobStore::open(store, Some(path)).await.unwrap_err());
        BlobStore::open(&first, Some(&path)).await.unwrap();
        BlobStore::open(&first, Some(&path)).await.unwrap();
        assert!(refused(&second, &path).await.contains("of another database"));
        // The directory of the databases, for one.
        assert!(refused(&first, temp.path()).await.contains("is not empty"));
        // It may be another one while it has no contents.
        BlobStore::open(&first, Some(&temp.path().join("moved"))).await.unwrap();
        let file = temp.path().join("a.db");
        assert!(refused(&first, &file).await.contains("choose another --files"));
    }
}
