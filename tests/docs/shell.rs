//! What a shell makes of a snippet: which programs it would start, and with which arguments.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::pages::Snippet;

/// Programs that a page may name; each is replaced by one that writes down how it was called.
const PROGRAMS: [&str; 8] = ["apt-get", "cargo", "createdb", "curl", "pbx", "pbx-server", "sed", "sh"];
/// Scripts of the workspace that a page may name.
const SCRIPTS: [&str; 2] = ["tests/bench/run.sh", "tests/schemathesis.sh"];

/// Words in capitals that stand for something, and something that they can stand for.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("DIR", "."),
    ("FOLDER", "."),
    ("NAME", "work"),
    ("RELEASE", "22.6"),
    ("SHELL", "bash"),
    ("TIME", "2026-01-01T00:00:00Z"),
];

/// Stands in for every program. It is in the workspace because a file that a test has just written cannot always be run: another
/// thread that starts a program may have it open at that moment.
const RECORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/recorder.sh");

/// The programs that a snippet starts, each with its arguments. Nothing of it is done.
pub fn calls(snippet: &Snippet) -> Result<Vec<Vec<String>>, String> {
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("programs");
    let record = folder.path().join("record");
    let recorder = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(RECORDER, path).unwrap();
    };
    PROGRAMS.iter().for_each(|name| recorder(&programs.join(name)));
    SCRIPTS.iter().for_each(|name| recorder(&folder.path().join(name)));
    fs::write(&record, "").unwrap();

    let output = Command::new("/bin/sh")
        .args(["-eu", "-c", &concrete(&snippet.text)])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", &programs)
        .env("RECORD", &record)
        .output()
        .unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{}: a shell cannot make sense of it, or it starts a program that is not in the table: {said}\n{}",
            snippet.place, snippet.text
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

/// What may be left out is there, and what stands for something is something.
fn concrete(text: &str) -> String {
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
