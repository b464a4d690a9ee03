//! What shells offer after a TAB: the shells themselves say so, where they are installed.

use std::process::Command;

use crate::{Ended, PROGRAM, Shell, installed, signed_in};

/// A shell, and what it prints of that which it offers at the end of the words that it is given.
struct Asked {
    program: &'static str,
    arguments: &'static [&'static str],
    script: &'static str,
}

const BASH: Asked = Asked {
    program: "bash",
    arguments: &["--norc", "-c"],
    script: r#"
        source <(pbx completions bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
        registered=$(complete -p pbx) registered=${registered##*-F } registered=${registered%% *}
        "$registered" pbx "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#,
};

/// The line editor of zsh needs a terminal: its part is played here.
const ZSH: Asked = Asked {
    program: "zsh",
    arguments: &["-f", "-c"],
    script: r#"
        compdef() { registered=$1 }
        _describe() { while [[ $1 == -* ]] shift 2; print -l -- ${(P)1} }
        source <(pbx completions zsh)
        words=("$@") CURRENT=$#
        $registered
    "#,
};

const FISH: Asked = Asked {
    program: "fish",
    arguments: &["--no-config", "-c"],
    script: "pbx completions fish | source; complete --do-complete (string join -- ' ' $argv[2..])",
};

impl Asked {
    /// What it offers after these words, of which the last may be unfinished.
    fn offers(&self, shell: &Shell, words: &[&str]) -> Vec<String> {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(self.program);
        command
            .args(self.arguments)
            .args([self.script, "shell"])
            .args(words)
            .env_clear()
            .env("PATH", format!("{}:{path}", shell.folder().display()))
            .env("HOME", shell.folder())
            .env("PBX_CONFIG_DIR", shell.kept(""))
            .current_dir(shell.folder())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let ended = Ended::of(command.spawn().unwrap());
        assert_eq!(ended.stderr, "", "{}: {words:?}: {ended:?}", self.program);
        // An explanation may follow.
        let words = ended.stdout.lines().filter_map(|line| line.split([':', '\t']).next());
        words
            .map(|word| word.trim_end().to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    }
}

#[test]
fn every_shell_knows_commands_however_deep_they_are() {
    let (_server, shell) = signed_in();
    std::os::unix::fs::symlink(*PROGRAM, shell.folder().join("pbx")).unwrap();
    shell.write("rules.json", "{}");
    for asked in [BASH, ZSH, FISH] {
        if !installed(&[asked.program], asked.program, "Nothing of its completions") {
            continue;
        }
        let offers = |words: &[&str]| asked.offers(&shell, words);
        let name = asked.program;
        assert_eq!(offers(&["pbx", "tenants", "l"]), ["list"], "{name}");
        let flags = offers(&["pbx", "admin", "settings", "update", "--enable-p"]);
        assert!(flags.contains(&"--enable-prack".to_owned()), "{name}: {flags:?}");
        assert!(
            flags.iter().all(|flag| flag.starts_with("--enable-p")),
            "{name}: {flags:?}"
        );
        assert_eq!(offers(&["pbx", "tenants", "dealers", "a"]), ["add"], "{name}");
        assert_eq!(
            offers(&["pbx", "ip-rules", "create", "--target", ""]),
            ["ACCEPT", "DENY"],
            "{name}"
        );
        assert_eq!(offers(&["pbx", "-o", "yaml", "tenants", "l"]), ["list"], "{name}");
        // Profiles and files, too.
        assert_eq!(offers(&["pbx", "whoami", "--profile", ""]), ["default"], "{name}");
        assert_eq!(offers(&["pbx", "profiles", "use", "d"]), ["default"], "{name}");
        assert_eq!(
            offers(&["pbx", "ip-rules", "create", "--body-file", "ru"]),
            ["rules.json"],
            "{name}"
        );
        assert!(offers(&["pbx", "tenants", "nonsense", "--xyz"]).is_empty(), "{name}");
    }
}

#[test]
fn every_shell_gets_a_script() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = shell.ok(&["completions", name]);
        assert!(text.contains("PBX_COMPLETE") && text.contains(" pbx"), "{name}: {text}");
    }
    assert_eq!(shell.run(&["completions", "basic"]).code, 2);
    let shell = shell.with("PBX_COMPLETE", "basic");
    let ended = shell.run(&["whoami"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
    assert!(ended.stderr.contains("unknown shell `basic`"), "{ended:?}");
}
