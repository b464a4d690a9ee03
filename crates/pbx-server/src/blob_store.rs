//! Where the contents of files are kept: in the database, or in a folder that the operator names.
//!
//! A content in the folder is written once, under a name that nothing else has, and is on the disk before the database hears of
//! it; what the database does not know (any more) is nobody's and is cleaned up. So a content is whole, or it is not there.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::domain::setting::Setting;
use crate::domain::{Error, Id};
use crate::store::settings;
use crate::store::{Store, files};

/// Marks a folder as that of one database: another one would take the files in it for nobody's.
const MARK: &str = "pbx-server-files";

/// In the database: what its folder is marked with.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Marked {
    mark: Option<String>,
}

impl Setting for Marked {
    const NAME: &'static str = "files_folder";
}

/// Where new contents go.
#[derive(Debug, Clone, Default)]
pub enum BlobStore {
    /// Into the database.
    #[default]
    Database,
    /// Into a folder.
    Directory(BlobDirectory),
}

/// A folder with contents; clones share it.
#[derive(Debug, Clone)]
pub struct BlobDirectory(Arc<PathBuf>);

impl BlobStore {
    /// The place of the settings, if it goes with the database.
    pub async fn open(store: &Store, folder: Option<&Path>) -> anyhow::Result<Self> {
        let in_use = store
            .scan(|tx| Ok::<_, Error>(files::any_in_folder(tx)?))
            .await
            .context("the database does not say where the files are")?;
        match folder {
            Some(path) => Ok(Self::Directory(BlobDirectory::open(store, path, in_use).await?)),
            None if in_use => bail!("there are files that are kept in a folder: name it with --files"),
            None => Ok(Self::Database),
        }
    }

    /// The folder, if there is one.
    pub fn directory(&self) -> Option<&BlobDirectory> {
        match self {
            Self::Database => None,
            Self::Directory(folder) => Some(folder),
        }
    }
}

impl BlobDirectory {
    async fn open(store: &Store, path: &Path, in_use: bool) -> anyhow::Result<Self> {
        let shown = path.display();
        fs::create_dir_all(path).with_context(|| format!("cannot make the folder {shown}: choose another --files"))?;
        let ours = Marked {
            mark: Some(format!("{:016x}", rand::rng().next_u64())),
        };
        let marked = store
            .write_unaudited(move |tx| {
                // Another node may have been faster.
                let there: Marked = settings::load(tx)?;
                if let Some(mark) = there.mark {
                    return Ok::<_, Error>(Some(mark));
                }
                settings::save(tx, &ours)?;
                Ok(ours.mark.clone())
            })
            .await?;
        let mark = marked.context("the database has no mark for the folder of the files")?;
        let folder = Self(Arc::new(path.to_owned()));
        match fs::read_to_string(path.join(MARK)) {
            Ok(text) if text.trim() == mark => {}
            Ok(_) => bail!("the folder {shown} has the files of another database: choose another --files"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if in_use {
                    bail!(
                        "the folder {shown} is not the one that has the files of this database: name that with --files"
                    );
                }
                let mut others = fs::read_dir(path).with_context(|| format!("cannot read the folder {shown}"))?;
                if others.next().is_some() {
                    bail!("the folder {shown} is not empty: choose another --files");
                }
                folder
                    .write(MARK, format!("{mark}\n").as_bytes())
                    .or_else(|error| match error.kind() {
                        // By another node, which has the same mark.
                        ErrorKind::AlreadyExists => Ok(()),
                        _ => Err(error),
                    })
                    .with_context(|| format!("cannot write into the folder {shown}: choose another --files"))?;
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the folder {shown}: choose another --files"));
            }
        }
        Ok(folder)
    }

    /// Keeps the content of a file, durably when this returns; the name under which it is found again.
    pub async fn put(&self, id: Id, content: Bytes) -> Result<String, Error> {
        let name = format!("{id}-{:016x}", rand::rng().next_u64());
        self.run(move |folder| {
            let written = folder.write(&name, &content);
            if written.is_err() {
                // Half of it may be there.
                let _ = fs::remove_file(folder.0.join(&name));
            }
            written.map(|()| name)
        })
        .await
    }

    /// The content of that name.
    pub async fn get(&self, name: String) -> Result<Vec<u8>, Error> {
        self.run(move |folder| fs::read(folder.0.join(name))).await
    }

    /// Removes a content that nothing refers to any more. What cannot be removed is logged and tried again by [`sweep`].
    ///
    /// [`sweep`]: crate::domain::files::sweep
    pub async fn remove(&self, name: String) {
        let removed = self.run(move |folder| match fs::remove_file(folder.0.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        });
        if let Err(Error::Unavailable { internal }) = removed.await {
            tracing::warn!(error = internal, "the content of a deleted file is still there");
        }
    }

    /// Every content by its name, with the id that it was written for. Other things in the folder are none of ours.
    pub async fn list(&self) -> Result<Vec<(Id, String)>, Error> {
        self.run(|folder| {
            let names = fs::read_dir(folder.0.as_path())?.map(|entry| entry.map(|entry| entry.file_name()));
            names.filter_map(|name| name.map(ours).transpose()).collect()
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
        // The name is the folder's content.
        if cfg!(unix) {
            File::open(self.0.as_path())?.sync_all()?;
        }
        Ok(())
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let folder = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        let unavailable = |error: &dyn std::error::Error| Error::Unavailable {
            internal: format!("the folder of the files: {error}"),
        };
        done.map_err(|error| unavailable(&error))?
            .map_err(|error| unavailable(&error))
    }
}

/// The id in a name that [`BlobDirectory::put`] made.
fn ours(name: OsString) -> Option<(Id, String)> {
    let name = name.into_string().ok()?;
    let (id, rest) = name.split_once('-')?;
    let hexadecimal = rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = id.parse().ok().filter(|_| hexadecimal)?;
    Some((id, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &tempfile::TempDir, name: &str) -> Store {
        Store::open(folder.path().join(name).to_str().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_content_is_kept_listed_and_removed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/files");
        let blobs = BlobStore::open(&store(&place, "pbx.db"), Some(&path)).await.unwrap();
        let folder = blobs.directory().unwrap();
        let id = Id::from_stored(7);
        let name = folder.put(id, Bytes::from_static(b"abc")).await.unwrap();
        let other = folder.put(id, Bytes::new()).await.unwrap();
        fs::write(path.join("7-notes.txt"), "somebody's").unwrap();
        assert_eq!(folder.get(name.clone()).await.unwrap(), b"abc");
        folder.remove(other.clone()).await;
        folder.remove(other).await;
        assert_eq!(folder.list().await.unwrap(), [(id, name)]);
        assert!(matches!(
            folder.get("7-0".to_owned()).await,
            Err(Error::Unavailable { .. })
        ));
    }

    #[tokio::test]
    async fn a_folder_belongs_to_one_database() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("files");
        let (first, second) = (store(&place, "a.db"), store(&place, "b.db"));
        let refused = async |store, path| format!("{:#}", BlobStore::open(store, Some(path)).await.unwrap_err());
        BlobStore::open(&first, Some(&path)).await.unwrap();
        BlobStore::open(&first, Some(&path)).await.unwrap();
        assert!(refused(&second, &path).await.contains("of another database"));
        // The folder of the databases, for one.
        assert!(refused(&first, place.path()).await.contains("is not empty"));
        // It may move while nothing is in it.
        BlobStore::open(&first, Some(&place.path().join("moved")))
            .await
            .unwrap();
        let file = place.path().join("a.db");
        assert!(refused(&first, &file).await.contains("choose another --files"));
    }
}
