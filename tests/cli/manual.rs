//! Help and manual pages.

use crate::Shell;

#[test]
fn help_has_sections_and_exit_codes() {
    let shell = Shell::new();
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let help = shell.ok(arguments);
        assert!(help.contains("Tenants and dealers:\n  open "), "{help}");
    }
    assert!(shell.ok(&["--help"]).contains("Exit codes:\n  0   success\n"));
    assert!(
        shell
            .ok(&["help", "tenants", "create"])
            .contains("--cdr-event.url <STRING>")
    );
    assert!(shell.ok(&["--version"]).starts_with("pbx "));
    assert_eq!(shell.run(&[]).code, 2);
    assert_eq!(shell.run(&["tenants"]).code, 2);
}

#[test]
fn every_command_has_a_manual_page() {
    let shell = Shell::new();
    shell.ok(&["man", "--out", "man/man1"]);
    let directory = shell.directory().join("man/man1");
    for name in [
        "pbx",
        "pbx-tenants",
        "pbx-tenants-create",
        "pbx-admin-settings-update",
        "pbx-login",
    ] {
        let page = std::fs::read_to_string(directory.join(format!("{name}.1"))).unwrap();
        assert!(
            page.contains(&format!(".TH {name} 1")) || page.contains(&format!(".TH \"{name}\"")),
            "{page}"
        );
    }
    let page = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let create = page("pbx-ip-rules-create.1");
    for text in [
        ".SH \"EXAMPLE\"\n.nf\n\\&  pbx ip\\-rules create",
        "Trust the certificates in this PEM file",
        ".PP\nRoles: SystemAdmin",
    ] {
        assert!(create.contains(text), "{text}: {create}");
    }
    let whole = page("pbx.1");
    for heading in ["ENVIRONMENT", "EXIT CODES"] {
        assert!(whole.contains(&format!(".SH \"{heading}\"\n.nf\n")), "{whole}");
    }
    let pages = std::fs::read_dir(directory).unwrap().count();
    assert!(pages > 130, "{pages}");
}
