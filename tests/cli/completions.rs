//! Shell completion, tested with the shells that are installed.

use std::process::Command;

use crate::{Outcome, PROGRAM, Shell, are_installed, signed_in};

/// A shell, with a script that prints its candidates for the last of its arguments.
struct ShellCompletion {
    program: &'static str,
    arguments: &'static [&'static str],
    script: &'static str,
}

const BASH: ShellCompletion = ShellCompletion {
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

/// The line editor of zsh needs a terminal, so the script defines the functions that completion calls.
const ZSH: ShellCompletion = ShellCompletion {
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

const FISH: ShellCompletion = ShellCompletion {
    program: "fish",
    arguments: &["--no-config", "-c"],
    script: "pbx completions fish | source; complete --do-complete (string join -- ' ' $argv[2..])",
};

impl ShellCompletion {
    /// Returns the candidates for the last of these words.
    fn candidates(&self, shell: &Shell, words: &[&str]) -> Vec<String> {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(self.program);
        command
            .args(self.arguments)
            .args([self.script, "shell"])
            .args(words)
            .env_clear()
            .env("PATH", format!("{}:{path}", shell.directory().display()))
            .env("HOME", shell.directory())
            .env("PBX_CONFIG_DIR", shell.config_path(""))
            .current_dir(shell.directory())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let outcome = Outcome::wait(command.spawn().unwrap());
        assert_eq!(outcome.stderr, "", "{}: {words:?}: {outcome:?}", self.program);
        // A description may follow.
        let words = outcome.stdout.lines().filter_map(|line| line.split([':', '\t']).next());
        words
            .map(|word| word.trim_end().to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    }
}

#[test]
fn shells_complete_commands_at_any_depth() {
    let (_server, shell) = signed_in();
    std::os::unix::fs::symlink(*PROGRAM, shell.directory().join("pbx")).unwrap();
    shell.write("rules.json", "{}");
    for completion in [BASH, ZSH, FISH] {
        if !are_installed(&[completion.program], completion.program, "No completions") {
            continue;
        }
        let candidates = |words: &[&str]| completion.candidates(&shell, words);
        let name = completion.program;
        assert_eq!(candidates(&["pbx", "tenants", "l"]), ["list"], "{name}");
        let flags = candidates(&["pbx", "admin", "settings", "update", "--enable-p"]);
        assert!(flags.contains(&"--enable-prack".to_owned()), "{name}: {flags:?}");
        assert!(
            flags.iter().all(|flag| flag.starts_with("--enable-p")),
            "{name}: {flags:?}"
        );
        assert_eq!(candidates(&["pbx", "tenants", "dealers", "a"]), ["add"], "{name}");
        assert_eq!(
            candidates(&["pbx", "ip-rules", "create", "--target", ""]),
            ["ACCEPT", "DENY"],
            "{name}"
        );
        assert_eq!(candidates(&["pbx", "-o", "yaml", "tenants", "l"]), ["list"], "{name}");
        // Profiles and files.
        assert_eq!(candidates(&["pbx", "whoami", "--profile", ""]), ["default"], "{name}");
        assert_eq!(candidates(&["pbx", "profiles", "use", "d"]), ["default"], "{name}");
        assert_eq!(
            candidates(&["pbx", "ip-rules", "create", "--body-file", "ru"]),
            ["rules.json"],
            "{name}"
        );
        assert!(
            candidates(&["pbx", "tenants", "nonsense", "--xyz"]).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn completion_script_is_printed_for_every_shell() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = shell.ok(&["completions", name]);
        assert!(text.contains("PBX_COMPLETE") && text.contains(" pbx"), "{name}: {text}");
    }
    assert_eq!(shell.run(&["completions", "basic"]).code, 2);
    let shell = shell.env("PBX_COMPLETE", "basic");
    let outcome = shell.run(&["whoami"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("unknown shell `basic`"), "{outcome:?}");
}
