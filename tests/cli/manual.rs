//! Help and manual pages.

use crate::Shell;

#[test]
fn help_explains_itself() {
    let shell = Shell::new();
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let help = shell.ok(arguments);
        assert!(help.contains("Tenants and dealers:\n  open "), "{help}");
    }
    assert!(shell.ok(&["--help"]).contains("Exit codes:\n  0   done\n"));
    assert!(
        shell
            .ok(&["help", "tenants", "create"])
            .contains("--cdr-event.url <TEXT>")
    );
    assert!(shell.ok(&["--version"]).starts_with("pbx "));
    assert_eq!(shell.run(&[]).code, 2);
    assert_eq!(shell.run(&["tenants"]).code, 2);
}

#[test]
fn a_manual_page_for_every_command() {
    let shell = Shell::new();
    shell.ok(&["man", "--out", "man/man1"]);
    let folder = shell.folder().join("man/man1");
    for name in [
        "pbx",
        "pbx-tenants",
        "pbx-tenants-create",
        "pbx-admin-settings-update",
        "pbx-login",
    ] {
        let page = std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(
            page.contains(&format!(".TH {name} 1")) || page.contains(&format!(".TH \"{name}\"")),
            "{page}"
        );
    }
    let pages = std::fs::read_dir(folder).unwrap().count();
    assert!(pages > 130, "{pages}");
}
