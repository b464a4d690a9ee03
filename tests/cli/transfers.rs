//! Files in and out.

use crate::signed_in;

/// The head of a PNG, which is all that anybody looks at, with bytes after it.
fn png(more: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(100_u32.to_be_bytes());
    bytes.extend(50_u32.to_be_bytes());
    bytes.extend((0..more).map(|number| (number % 251) as u8));
    bytes
}

#[test]
fn an_export_goes_to_a_file_a_folder_or_on() {
    let (_server, shell) = signed_in();
    shell.create(&["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"]);
    let text = "cidr,target,expire_at,description\r\n192.0.2.0/24,DENY,,\r\n";
    let same = |read: &str| read.replace("\r\n", "\n") == text.replace("\r\n", "\n");
    let printed = shell.ok(&["ip-rules", "export"]);
    assert!(same(&printed), "{printed}");
    assert!(same(&shell.ok(&["ip-rules", "export", "--to", "-"])));

    let file = shell.folder().join("rules.csv");
    for _ in 0..2 {
        // A file that is named is replaced.
        assert_eq!(shell.ok(&["ip-rules", "export", "--to", "rules.csv"]), "");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), printed);
    }
    shell.ok(&["ip-rules", "export", "--to", "out/"]);
    let out: Vec<_> = std::fs::read_dir(shell.folder().join("out")).unwrap().collect();
    assert_eq!(out.len(), 1, "no half of a file is left");
    // One that the server has named is not.
    let said = shell.fails(1, &["ip-rules", "export", "--to", "out"]);
    assert!(said.contains("exists already"), "{said}");
    shell.fails(1, &["ip-rules", "export", "--to", "rules.csv/x"]);
}

#[test]
fn a_picture_goes_up_and_comes_down() {
    let (_server, shell) = signed_in();
    let content = png(300_000);
    let file = shell.write("Lögo.png", &content);
    let id = shell.create(&["files", "upload", &file]);
    let info = shell.json(&["files", "show", &id]);
    assert_eq!(info["name"], "Lögo.png");
    assert_eq!(info["size"], content.len());
    let digest = info["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    shell.ok(&["files", "download", &digest, "--to", "down/"]);
    assert_eq!(std::fs::read(shell.folder().join("down/Lögo.png")).unwrap(), content);
    shell.ok(&["brand", "update", "--logo", &id]);

    shell.fails(6, &["files", "upload", &shell.write("text.png", "no picture")]);
    shell.fails(1, &["files", "upload", "missing.png"]);
    shell.fails(2, &["files", "upload", "-"]);
    let said = shell.fails(2, &["files", "upload", "."]);
    assert!(
        said.contains("Say so with --name") || said.contains("is a folder"),
        "{said}"
    );
    shell.fails(5, &["files", "download", &"0".repeat(64)]);
}

#[test]
fn the_two_steps_of_an_upload_are_commands_too() {
    let (_server, shell) = signed_in();
    let file = shell.write("a.png", png(10));
    let ended = shell.run(&[
        "files",
        "uploads",
        "complete",
        "1",
        "--portsip-upload-token",
        "x",
        "--file",
        &file,
    ]);
    assert_eq!(ended.code, 5, "{ended:?}");
}
