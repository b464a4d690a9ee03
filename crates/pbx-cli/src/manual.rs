//! Manual pages.

use std::path::Path;

use clap::builder::Resettable;

use crate::commands;
use crate::failure::{Context as _, Failure};
use crate::prompt;

/// Writes a page for each command: `pbx.1`, `pbx-tenants.1`, `pbx-tenants-list.1`.
pub fn pages(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).context(folder.display())?;
    let mut root = commands::all().disable_help_subcommand(true);
    root.build();
    let mut written = 0;
    page(&root, "pbx", folder, &mut written)?;
    prompt::note(&format!("{written} pages in {}.", folder.display()));
    Ok(())
}

fn page(command: &clap::Command, name: &str, folder: &Path, written: &mut usize) -> Result<(), Failure> {
    let mut text = Vec::new();
    // The name in the heading; usage lines have the words with spaces already.
    clap_mangen::Man::new(complete(command.clone()).name(name.to_owned()))
        .title(name)
        .source(concat!("pbx ", env!("CARGO_PKG_VERSION")))
        .manual("PBX")
        .render(&mut text)
        .context(name)?;
    let more = command.get_after_long_help().or_else(|| command.get_after_help());
    text.extend_from_slice(
        more.map(|more| sections(&more.to_string()))
            .unwrap_or_default()
            .as_bytes(),
    );
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, text).context(file.display())?;
    *written += 1;
    for inner in command.get_subcommands() {
        page(inner, &format!("{name}-{}", inner.get_name()), folder, written)?;
    }
    Ok(())
}

/// A command with all that its page says, and without what [`sections`] adds.
fn complete(command: clap::Command) -> clap::Command {
    let command = match command.get_long_about().map(ToString::to_string) {
        // Lines become one, paragraphs do not.
        Some(about) => command.long_about(about.replace("\nFor: ", "\n\nFor: ")),
        None => command,
    };
    command
        .after_help(Resettable::Reset)
        .after_long_help(Resettable::Reset)
        // What the short help leaves out, the page would leave out as well.
        .mut_args(
            |argument| match (argument.get_long_help(), argument.get_help().cloned()) {
                (None, Some(help)) => argument.long_help(help),
                _ => argument,
            },
        )
}

/// What follows the help: a section for each of its paragraphs, with lines as they are.
fn sections(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let (heading, lines) = match paragraph.split_once(":\n") {
            Some((heading, lines)) if heading.len() <= LONGEST_HEADING => (heading, lines),
            _ => ("Notes", paragraph),
        };
        out.push_str(&format!(".SH \"{}\"\n.nf\n", heading.to_uppercase()));
        for line in lines.lines() {
            // At its beginning, a point or a quote would make it a request.
            out.push_str("\\&");
            out.push_str(&line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq"));
            out.push('\n');
        }
        out.push_str(".fi\n");
    }
    out
}

/// Such as `Exit codes`; a sentence is none.
const LONGEST_HEADING: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_help_keeps_its_lines() {
        let text = "A sentence about that which follows, to the end:\n  a\n\nExamples:\n  pbx x 'y'\n.z \\ -";
        insta::assert_snapshot!(sections(text), @r#"
        .SH "NOTES"
        .nf
        \&A sentence about that which follows, to the end:
        \&  a
        .fi
        .SH "EXAMPLES"
        .nf
        \&  pbx x \(aqy\(aq
        \&.z \e \-
        .fi
        "#);
    }
}
