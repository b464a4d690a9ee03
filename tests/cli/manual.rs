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
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let create = page("pbx-ip-rules-create.1");
    for text in [
        ".SH \"EXAMPLE\"\n.nf\n\\&  pbx ip\\-rules create",
        "Trusts these certificates as well",
        ".PP\nFor: SystemAdmin",
    ] {
        assert!(create.contains(text), "{text}: {create}");
    }
    let whole = page("pbx.1");
    for heading in ["ENVIRONMENT", "EXIT CODES"] {
        assert!(whole.contains(&format!(".SH \"{heading}\"\n.nf\n")), "{whole}");
    }
    let pages = std::fs::read_dir(folder).unwrap().count();
    assert!(pages > 130, "{pages}");
}
