//! The file with the keys of the secrets in the database.
//!
//! Each line has the ID of a key, a space, and the key in base64. The first key seals new secrets, all of them open existing ones, so
//! that keys can be rotated. Empty lines and lines that begin with `#` are ignored. The files of earlier releases have one key without
//! an ID, and stay as they are.
//!
//! The first start creates the file. A database that has been used with one key is not opened with another: its secrets could not be
//! decrypted, and those sealed with the other key would be lost once the right file is restored.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pbx_domain::Error;
use pbx_domain::setting::Setting;
use pbx_domain::vault::{KEY_LENGTH, Key, Sealed, Vault};
use pbx_store::{Store, settings};
use serde::{Deserialize, Serialize};

/// First line of the file, which explains it.
const HEADER: &str =
    "# The keys of the secrets in a pbx-server database. Keep a copy, apart from those of the database.";

/// ID of the key in a new file.
const FIRST_ID: &str = "1";

/// A constant in the database, sealed with its key, to verify a key file: only the same key opens it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Seal {
    sealed: Option<Sealed>,
}

impl Setting for Seal {
    const NAME: &'static str = "vault";
}

impl Seal {
    const SEAL_CONTEXT: &'static str = "vault.sealed";
    const TEXT: &'static str = "pbx-server";

    fn opens_with(&self, vault: &Vault) -> Option<bool> {
        let sealed = self.sealed.as_ref()?;
        Some(
            vault
                .open(Self::SEAL_CONTEXT, sealed)
                .is_ok_and(|text| text == Self::TEXT),
        )
    }
}

/// Opens the vault of this database. The first start creates its key file.
///
/// # Errors
///
/// If the key file is missing, unreadable, or that of another database.
pub async fn unlock(store: &Store, path: &Path) -> anyhow::Result<Vault> {
    let shown = path.display();
    let seal: Seal = store.read(|tx| Ok::<_, Error>(settings::load(tx)?)).await?;
    let keys = match (read(path)?, &seal.sealed) {
        (Some(keys), _) => keys,
        (None, None) => create(path)?,
        (None, Some(_)) => bail!(
            "the key file {shown} is missing, and the database holds secrets that only its key opens: put it back, or name it \
             with --key-file"
        ),
    };
    let vault = Vault::new(&keys)?;
    let seal = Seal {
        sealed: Some(vault.seal(Seal::SEAL_CONTEXT, Seal::TEXT)?),
    };
    let opener = vault.clone();
    let opens = store
        .write_unaudited(move |tx| {
            // Another node may have stored the seal of another key in the meantime.
            let stored: Seal = settings::load(tx)?;
            if let Some(opens) = stored.opens_with(&opener) {
                return Ok::<_, Error>(opens);
            }
            settings::save(tx, &seal)?;
            Ok(true)
        })
        .await?;
    if opens {
        Ok(vault)
    } else {
        bail!(
            "the key file {shown} is not the one of this database, whose secrets only its own key opens: name the right one \
             with --key-file"
        )
    }
}

/// Reads the keys; `None` if there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<Vec<Key>>> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read the key file {shown}")),
    };
    let keys = parse(&text).map_err(|problem| {
        anyhow!("{shown} is not a key file of pbx-server: {problem}. Name the right one with --key-file")
    })?;
    warn_if_others_can_read(path);
    Ok(Some(keys))
}

/// Parses the keys; there is at least one. Errors do not quote the file.
fn parse(text: &str) -> Result<Vec<Key>, String> {
    let mut keys: Vec<Key> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let key = parse_key(line).ok_or_else(|| {
            format!("line {number} is not the ID of a key, a space, and a key of {KEY_LENGTH} bytes in base64")
        })?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(format!("line {number} has the same ID as a line before it"));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err("it has no key".to_owned());
    }
    Ok(keys)
}

fn parse_key(line: &str) -> Option<Key> {
    let mut words = line.split_whitespace();
    let (id, key) = match (words.next()?, words.next()) {
        (key, None) => (None, key),
        (id, Some(key)) => (Some(id), key),
    };
    if words.next().is_some() || id.is_some_and(|id| !Key::is_id(id)) {
        return None;
    }
    Some(Key {
        id: id.map(str::to_owned),
        bytes: BASE64.decode(key).ok()?.try_into().ok()?,
    })
}

/// Creates the file, unless another server that starts concurrently creates it.
fn create(path: &Path) -> anyhow::Result<Vec<Key>> {
    let shown = path.display();
    let created = write_new(path, &Key::generate(Some(FIRST_ID))?)
        .with_context(|| format!("cannot write the key file {shown}: choose another --key-file"))?;
    if created {
        tracing::info!(file = %shown, "created the key of the secrets in the database: keep a copy of it");
    }
    read(path)?.with_context(|| format!("the key file {shown} was removed right after it was created"))
}

/// Writes the file atomically and never over an existing one. Returns `true` if it was written.
fn write_new(path: &Path, key: &Key) -> std::io::Result<bool> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let draft = directory
        .unwrap_or(Path::new("."))
        .join(format!(".pbx-key-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let id = key.id.as_ref().map_or_else(String::new, |id| format!("{id} "));
    let written = writeln!(file, "{HEADER}\n{id}{}", BASE64.encode(key.bytes))
        // Secrets that are sealed with it may be on disk a moment later.
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        written => written.map(|()| true),
    }
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let open = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if open {
        tracing::warn!(file = %path.display(), "other users of this machine can read the key file: chmod 600 it");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        store: Store,
        directory: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(directory.path().join("pbx.db").to_str().unwrap()).unwrap();
            Self { store, directory }
        }

        async fn unlock(&self, name: &str) -> anyhow::Result<Vault> {
            unlock(&self.store, &self.directory.path().join(name)).await
        }
    }

    #[tokio::test]
    async fn the_key_is_created_once_for_its_owner_only() {
        let fixture = Fixture::new();
        let sealed = fixture.unlock("key").await.unwrap().seal("a.b", "secret").unwrap();
        let again = fixture.unlock("key").await.unwrap();
        assert_eq!(again.open("a.b", &sealed).unwrap(), "secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(fixture.directory.path().join("key"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn servers_that_start_concurrently_agree_on_one_key() {
        let fixture = Fixture::new();
        let path = fixture.directory.path().join("key");
        let (first, second) = (Key::generate(Some("1")).unwrap(), Key::generate(Some("1")).unwrap());
        assert!(write_new(&path, &first).unwrap());
        assert!(!write_new(&path, &second).unwrap());
        assert_eq!(create(&path).unwrap(), [first]);
        assert_eq!(
            fs::read_dir(fixture.directory.path())
                .unwrap()
                .filter(|entry| {
                    entry
                        .as_ref()
                        .is_ok_and(|entry| entry.file_name().to_string_lossy().contains("key"))
                })
                .count(),
            1
        );
    }

    #[tokio::test]
    async fn missing_wrong_and_unreadable_key_files_have_different_errors() {
        let fixture = Fixture::new();
        fixture.unlock("key").await.unwrap();
        let missing = fixture.unlock("other").await.unwrap_err().to_string();
        assert!(
            missing.contains("is missing") && missing.contains("--key-file"),
            "{missing}"
        );
        assert!(!fixture.directory.path().join("other").exists());

        let foreign = Fixture::new();
        foreign.unlock("key").await.unwrap();
        fs::copy(
            foreign.directory.path().join("key"),
            fixture.directory.path().join("other"),
        )
        .unwrap();
        let wrong = fixture.unlock("other").await.unwrap_err().to_string();
        assert!(wrong.contains("not the one of this database"), "{wrong}");

        fs::write(fixture.directory.path().join("text"), "hello\n").unwrap();
        let unreadable = fixture.unlock("text").await.unwrap_err().to_string();
        assert!(unreadable.contains("is not a key file"), "{unreadable}");
    }

    #[tokio::test]
    async fn old_files_and_files_with_several_keys_open_what_each_key_sealed() {
        let fixture = Fixture::new();
        let path = fixture.directory.path().join("key");
        let old = BASE64.encode([1; KEY_LENGTH]);
        // As earlier releases wrote it.
        let text = format!("# The key of the secrets.\n{old}\n");
        fs::write(&path, &text).unwrap();
        let by_old = fixture.unlock("key").await.unwrap().seal("a.b", "secret").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it stays as it is");

        let new = BASE64.encode([2; KEY_LENGTH]);
        fs::write(&path, format!("# Rotated.\r\n\r\n2026-12 {new}\r\n{old}\r\n")).unwrap();
        let rotated = fixture.unlock("key").await.unwrap();
        let by_new = rotated.seal("a.b", "secret").unwrap();
        assert!(by_new.clone().into_stored().starts_with("2026-12:"));
        for sealed in [&by_old, &by_new] {
            assert_eq!(rotated.open("a.b", sealed).unwrap(), "secret");
        }
        // The database was first used with the old key: without it, this is not its key file.
        fs::write(&path, format!("2026-12 {new}\n")).unwrap();
        let error = fixture.unlock("key").await.unwrap_err().to_string();
        assert!(error.contains("not the one of this database"), "{error}");
    }

    #[test]
    fn lines_that_are_no_keys_are_refused_without_showing_them() {
        let key = BASE64.encode([1; KEY_LENGTH]);
        for (text, expected) in [
            ("# nothing\n".to_owned(), "it has no key"),
            (format!("{key}\n1 {}\n", &key[1..]), "line 2 is not the ID"),
            (format!("1 2 {key}\n"), "line 1 is not the ID"),
            (format!("a:b {key}\n"), "line 1 is not the ID"),
            (format!("1 {key}\n2 {key}\n\n1 {key}\n"), "line 4 has the same ID"),
            (format!("{key}\n{key}\n"), "line 2 has the same ID"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(expected) && !error.contains(&key[1..]), "{error}");
        }
    }
}
