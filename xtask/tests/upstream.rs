//! The vendor's pages are never edited: their digests are those in `SOURCE.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

#[test]
fn pages_have_the_digests_in_source_md() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/upstream");
    let source = fs::read_to_string(folder.join("SOURCE.md")).unwrap();
    let mut pages = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "SOURCE.md" {
            continue;
        }
        let digest = Sha256::digest(fs::read(&path).unwrap());
        let hex = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let line = source.lines().find(|line| line.contains(&format!("`{name}`")));
        let line = line.unwrap_or_else(|| panic!("SOURCE.md does not mention {name}"));
        assert!(
            line.contains(&hex),
            "{name} is {hex}, which is not what SOURCE.md says: {line}"
        );
        pages += 1;
    }
    assert!(pages > 0);
}
