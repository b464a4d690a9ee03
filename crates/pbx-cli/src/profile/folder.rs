//! The folder of the profiles, and how files in it are written.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::failure::{Context as _, Failure};

/// Where profiles are kept.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// `PBX_CONFIG_DIR`, else `pbx` where the system keeps settings.
    pub fn of_user() -> Result<Self, Failure> {
        if let Some(folder) = std::env::var_os("PBX_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
            return Ok(Self(folder.into()));
        }
        let strategy = etcetera::choose_base_strategy()
            .map_err(|error| Failure::local(format!("{error}; set PBX_CONFIG_DIR to a folder for the profiles")))?;
        Ok(Self(strategy.config_dir().join("pbx")))
    }

    /// Another one.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Where it is, wherever that is said.
    pub fn describe(&self) -> String {
        let path = std::path::absolute(&self.0);
        path.as_deref().unwrap_or(&self.0).display().to_string()
    }

    /// Writes a file as a whole: whoever reads it sees the old content or the new one. Nobody else may read it.
    pub fn write(&self, name: &str, content: &str) -> Result<(), Failure> {
        let path = self.join(name);
        let parent = path.parent().unwrap_or(&self.0);
        create(parent)?;
        // Of mode 0600 from its first moment.
        let mut file = tempfile::NamedTempFile::new_in(parent).context(parent.display())?;
        file.write_all(content.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .context(path.display())?;
        file.persist(&path)
            .map_err(|error| error.error)
            .context(path.display())?;
        Ok(())
    }

    /// Reads a file; `None` if it is not there.
    pub fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        let path = self.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context(path.display()),
        }
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(path.display()),
            _ => Ok(()),
        }
    }

    /// Waits until no other process has the lock of that name, and has it until the answer is dropped.
    pub fn lock(&self, name: &str) -> Result<Lock, Failure> {
        let file = self.lock_file(name)?;
        file.lock().context(self.join(name).display())?;
        Ok(Lock(file))
    }

    /// Has the lock together with others that share it.
    pub fn share(&self, name: &str) -> Result<Lock, Failure> {
        let file = self.lock_file(name)?;
        file.lock_shared().context(self.join(name).display())?;
        Ok(Lock(file))
    }

    /// As [`Folder::lock`], if nobody has the lock.
    pub fn try_lock(&self, name: &str) -> Result<Option<Lock>, Failure> {
        let file = self.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).context(self.join(name).display()),
        }
    }

    /// Locks are files that stay: one that is removed while it is waited for would be no lock.
    fn lock_file(&self, name: &str) -> Result<File, Failure> {
        let path = self.join(name);
        create(path.parent().unwrap_or(&self.0))?;
        let mut options = File::options();
        options.create(true).truncate(false).write(true).read(true);
        options.open(&path).context(path.display())
    }
}

/// A lock, until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock ends when the file is closed")] File);

/// Makes a folder that nobody else can look into.
fn create(folder: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).context(folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_as_a_whole_and_private() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::at(parent.path().join("a/b"));
        assert_eq!(folder.read("c/d").unwrap(), None);
        for content in ["one", "two"] {
            folder.write("c/d", content).unwrap();
            assert_eq!(folder.read("c/d").unwrap().as_deref(), Some(content));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(folder.join("c/d")), 0o600);
            assert_eq!(mode(folder.join("c")), 0o700);
        }
        assert_eq!(fs::read_dir(folder.join("c")).unwrap().count(), 1);
        folder.remove("c/d").unwrap();
        folder.remove("c/d").unwrap();
        assert_eq!(folder.read("c/d").unwrap(), None);
    }

    #[test]
    fn a_lock_keeps_others_out_until_it_is_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::at(parent.path());
        let held = folder.lock("x.lock").unwrap();
        assert!(folder.try_lock("x.lock").unwrap().is_none());
        drop(held);
        let (one, two) = (folder.share("x.lock").unwrap(), folder.share("x.lock").unwrap());
        assert!(folder.try_lock("x.lock").unwrap().is_none());
        drop((one, two));
        assert!(folder.try_lock("x.lock").unwrap().is_some());
    }
}
