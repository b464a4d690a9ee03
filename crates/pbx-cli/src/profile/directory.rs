//! The configuration directory: atomic writes and locks.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::failure::{Context as _, Failure};

/// The directory that holds the profiles.
#[derive(Debug, Clone)]
pub struct ConfigDirectory(PathBuf);

impl ConfigDirectory {
    /// Returns `PBX_CONFIG_DIR`, or by default `pbx` in the user's configuration directory.
    ///
    /// # Errors
    ///
    /// Fails if the user has no home directory.
    pub fn from_environment() -> Result<Self, Failure> {
        if let Some(directory) = std::env::var_os("PBX_CONFIG_DIR").filter(|directory| !directory.is_empty()) {
            return Ok(Self(directory.into()));
        }
        let strategy = etcetera::choose_base_strategy().map_err(|error| {
            Failure::local(error.to_string()).with_hint("set PBX_CONFIG_DIR to a directory for the profiles")
        })?;
        Ok(Self(strategy.config_dir().join("pbx")))
    }

    /// Returns the directory at this path, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Returns the path of an entry.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the absolute path for messages and keys.
    pub fn absolute(&self) -> String {
        let path = std::path::absolute(&self.0);
        path.as_deref().unwrap_or(&self.0).display().to_string()
    }

    /// Replaces a file atomically. Only the user can read it.
    pub fn write(&self, name: &str, content: &str) -> Result<(), Failure> {
        let path = self.join(name);
        let parent = path.parent().unwrap_or(&self.0);
        create(parent)?;
        // Created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(parent).context(parent.display())?;
        file.write_all(content.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .context(path.display())?;
        file.persist(&path)
            .map_err(|error| error.error)
            .context(path.display())?;
        Ok(())
    }

    /// Reads a file; `None` if it does not exist.
    pub fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        let path = self.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context(path.display()),
        }
    }

    /// Removes a file if it exists.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(path.display()),
            _ => Ok(()),
        }
    }

    /// Acquires an exclusive lock, waiting for other processes to release it.
    pub fn lock_exclusive(&self, name: &str) -> Result<FileLock, Failure> {
        let file = self.lock_file(name)?;
        file.lock().context(self.join(name).display())?;
        Ok(FileLock(file))
    }

    /// Acquires a lock that several processes can share, waiting for an exclusive one to be released.
    pub fn lock_shared(&self, name: &str) -> Result<FileLock, Failure> {
        let file = self.lock_file(name)?;
        file.lock_shared().context(self.join(name).display())?;
        Ok(FileLock(file))
    }

    /// Acquires an exclusive lock unless another process holds the lock.
    pub fn try_lock_exclusive(&self, name: &str) -> Result<Option<FileLock>, Failure> {
        let file = self.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).context(self.join(name).display()),
        }
    }

    /// Opens the file of a lock. It is never removed: a process that waits for a removed file would not exclude others.
    fn lock_file(&self, name: &str) -> Result<File, Failure> {
        let path = self.join(name);
        create(path.parent().unwrap_or(&self.0))?;
        let mut options = File::options();
        options.create(true).truncate(false).write(true).read(true);
        options.open(&path).context(path.display())
    }
}

/// A lock on a file, released when dropped.
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

/// Creates a directory that only the user can access.
fn create(directory: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).context(directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_atomically_and_private() {
        let parent = tempfile::tempdir().unwrap();
        let directory = ConfigDirectory::new(parent.path().join("a/b"));
        assert_eq!(directory.read("c/d").unwrap(), None);
        for content in ["one", "two"] {
            directory.write("c/d", content).unwrap();
            assert_eq!(directory.read("c/d").unwrap().as_deref(), Some(content));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(directory.join("c/d")), 0o600);
            assert_eq!(mode(directory.join("c")), 0o700);
        }
        assert_eq!(fs::read_dir(directory.join("c")).unwrap().count(), 1);
        directory.remove("c/d").unwrap();
        directory.remove("c/d").unwrap();
        assert_eq!(directory.read("c/d").unwrap(), None);
    }

    #[test]
    fn lock_excludes_others_until_it_is_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let directory = ConfigDirectory::new(parent.path());
        let held = directory.lock_exclusive("x.lock").unwrap();
        assert!(directory.try_lock_exclusive("x.lock").unwrap().is_none());
        drop(held);
        let (one, two) = (
            directory.lock_shared("x.lock").unwrap(),
            directory.lock_shared("x.lock").unwrap(),
        );
        assert!(directory.try_lock_exclusive("x.lock").unwrap().is_none());
        drop((one, two));
        assert!(directory.try_lock_exclusive("x.lock").unwrap().is_some());
    }
}
