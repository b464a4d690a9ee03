//! Uploads and downloads.

use crate::signed_in;

/// Returns the header of a PNG, the only part that the server reads, with bytes after it.
fn png(more: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(100_u32.to_be_bytes());
    bytes.extend(50_u32.to_be_bytes());
    bytes.extend((0..more).map(|number| (number % 251) as u8));
    bytes
}

#[test]
fn export_goes_to_a_file_a_directory_or_standard_output() {
    let (_server, shell) = signed_in();
    shell.create(&["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"]);
    let text = "cidr,target,expire_at,description\r\n192.0.2.0/24,DENY,,\r\n";
    let same = |read: &str| read.replace("\r\n", "\n") == text.replace("\r\n", "\n");
    let printed = shell.ok(&["ip-rules", "export"]);
    assert!(same(&printed), "{printed}");
    assert!(same(&shell.ok(&["ip-rules", "export", "--to", "-"])));

    let file = shell.directory().join("rules.csv");
    for _ in 0..2 {
        // An explicit file is overwritten.
        assert_eq!(shell.ok(&["ip-rules", "export", "--to", "rules.csv"]), "");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), printed);
    }
    shell.ok(&["ip-rules", "export", "--to", "out/"]);
    let out: Vec<_> = std::fs::read_dir(shell.directory().join("out")).unwrap().collect();
    assert_eq!(out.len(), 1, "no temporary file is left");
    // A file name of the server is not.
    let stderr = shell.fails(1, &["ip-rules", "export", "--to", "out"]);
    assert!(stderr.contains("already exists"), "{stderr}");
    shell.fails(1, &["ip-rules", "export", "--to", "rules.csv/x"]);
}

#[test]
fn uploaded_picture_is_downloaded() {
    let (_server, shell) = signed_in();
    let content = png(300_000);
    let file = shell.write("Lögo.png", &content);
    let id = shell.create(&["files", "upload", &file]);
    let info = shell.json(&["files", "show", &id]);
    assert_eq!(info["name"], "Lögo.png");
    assert_eq!(info["size"], content.len());
    let digest = info["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    shell.ok(&["files", "download", &digest, "--to", "down/"]);
    assert_eq!(std::fs::read(shell.directory().join("down/Lögo.png")).unwrap(), content);
    shell.ok(&["brand", "update", "--logo", &id]);

    shell.fails(6, &["files", "upload", &shell.write("text.png", "no picture")]);
    shell.fails(1, &["files", "upload", "missing.png"]);
    shell.fails(2, &["files", "upload", "-"]);
    let stderr = shell.fails(2, &["files", "upload", "."]);
    assert!(
        stderr.contains("pass one with --name") || stderr.contains("is a directory"),
        "{stderr}"
    );
    shell.fails(5, &["files", "download", &"0".repeat(64)]);
}

#[test]
fn steps_of_an_upload_are_commands() {
    let (_server, shell) = signed_in();
    let file = shell.write("a.png", png(10));
    let outcome = shell.run(&[
        "files",
        "uploads",
        "complete",
        "1",
        "--portsip-upload-token",
        "x",
        "--file",
        &file,
    ]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
}
