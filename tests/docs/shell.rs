//! A snippet as a shell reads it: which programs it would start, with which arguments.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::pages::Snippet;

/// Programs that a page may name; each is replaced by one that records how it was called.
const PROGRAMS: [&str; 9] = [
    "apt-get",
    "cargo",
    "createdb",
    "curl",
    "pbx",
    "pbx-server",
    "sed",
    "sh",
    "sqlite3",
];
/// Scripts of the workspace that a page may name.
const SCRIPTS: [&str; 2] = ["tests/bench/run.sh", "tests/schemathesis.sh"];

/// Placeholders in pages, and values for them.
const PLACEHOLDERS: [(&str, &str); 5] = [
    ("DIR", "."),
    ("NAME", "work"),
    ("RELEASE", "22.6"),
    ("SHELL", "bash"),
    ("TIME", "2026-01-01T00:00:00Z"),
];

/// Replaces every program. It is in the workspace because a file that a test has just written cannot always be executed: another
/// thread that starts a program may have it open at that moment.
const RECORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/recorder.sh");

/// Returns the programs that a snippet starts, each with its arguments. None of them is run.
pub fn calls(snippet: &Snippet) -> Result<Vec<Vec<String>>, String> {
    let directory = tempfile::tempdir().unwrap();
    let programs = directory.path().join("programs");
    let record = directory.path().join("record");
    let recorder = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(RECORDER, path).unwrap();
    };
    PROGRAMS.iter().for_each(|name| recorder(&programs.join(name)));
    SCRIPTS.iter().for_each(|name| recorder(&directory.path().join(name)));
    fs::write(&record, "").unwrap();

    let output = Command::new("/bin/sh")
        .args(["-eu", "-c", &fill_placeholders(&snippet.text)])
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", &programs)
        .env("RECORD", &record)
        .output()
        .unwrap();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{}: a shell cannot run it, or it starts a program that is not in the table: {stderr}\n{}",
            snippet.location, snippet.text
        ));
    }
    let programs = format!("{}/", programs.display());
    let record = fs::read_to_string(&record).unwrap();
    Ok(record
        .split_terminator('\u{1e}')
        .map(|call| {
            call.trim_start_matches(&programs)
                .split('\u{1f}')
                .map(str::to_owned)
                .collect()
        })
        .collect())
}

/// Keeps optional parts and replaces placeholders.
fn fill_placeholders(text: &str) -> String {
    let mut out = text.to_owned();
    // `[--since TIME]`, but not a pattern in an argument of `sed`.
    if !text.contains('\'') {
        out = out.replace(['[', ']'], "");
    }
    for (word, something) in PLACEHOLDERS {
        let words = out
            .split(' ')
            .map(|found| if found == word { something } else { found });
        out = words.collect::<Vec<_>>().join(" ");
    }
    out
}
