//! Manual pages.

use std::path::Path;

use clap::Command;
use clap::builder::Resettable;

use crate::failure::{Context as _, Failure};

/// Writes a page for each command (`pbx.1`, `pbx-tenants.1`, `pbx-tenants-list.1`) and returns their number.
///
/// # Errors
///
/// Fails if a file cannot be written.
pub fn write_pages(root: Command, directory: &Path) -> Result<usize, Failure> {
    std::fs::create_dir_all(directory).context(directory.display())?;
    let mut root = root.disable_help_subcommand(true);
    root.build();
    write_page(&root, "pbx", directory)
}

fn write_page(command: &Command, name: &str, directory: &Path) -> Result<usize, Failure> {
    let mut page = Vec::new();
    // The name is that of the page; usage lines contain the words of the command already.
    clap_mangen::Man::new(prepare(command.clone()).name(name.to_owned()))
        .title(name)
        .source(concat!("pbx ", env!("CARGO_PKG_VERSION")))
        .manual("PBX")
        .render(&mut page)
        .context(name)?;
    let after_help = command.get_after_long_help().or_else(|| command.get_after_help());
    if let Some(after_help) = after_help {
        page.extend_from_slice(sections(&after_help.to_string()).as_bytes());
    }
    let file = directory.join(format!("{name}.1"));
    std::fs::write(&file, page).context(file.display())?;
    let mut count = 1;
    for inner in command.get_subcommands() {
        count += write_page(inner, &format!("{name}-{}", inner.get_name()), directory)?;
    }
    Ok(count)
}

/// Prepares a command for clap_mangen: paragraphs for lines, long help for all options, nothing of what [`sections`] formats.
fn prepare(command: Command) -> Command {
    let command = match command.get_long_about().map(ToString::to_string) {
        // clap_mangen joins the lines of a paragraph.
        Some(about) => command.long_about(about.replace("\nRoles: ", "\n\nRoles: ")),
        None => command,
    };
    command
        .after_help(Resettable::Reset)
        .after_long_help(Resettable::Reset)
        // clap_mangen omits options that the short help hides, unless they have a long help.
        .mut_args(
            |argument| match (argument.get_long_help(), argument.get_help().cloned()) {
                (None, Some(help)) => argument.long_help(help),
                _ => argument,
            },
        )
}

/// Formats the help after the options in roff: a section for each paragraph, with its line breaks.
fn sections(text: &str) -> String {
    let mut roff = String::new();
    for paragraph in text.split("\n\n") {
        let (heading, lines) = match paragraph.split_once(":\n") {
            Some((heading, lines)) if heading.len() <= MAX_HEADING_LENGTH => (heading, lines),
            _ => ("Notes", paragraph),
        };
        roff.push_str(&format!(".SH \"{}\"\n.nf\n", heading.to_uppercase()));
        for line in lines.lines() {
            // At the start of a line, a period or a quote would be a request.
            roff.push_str("\\&");
            roff.push_str(&line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq"));
            roff.push('\n');
        }
        roff.push_str(".fi\n");
    }
    roff
}

/// Maximum length of a heading such as `Exit codes`; longer text is a sentence.
const MAX_HEADING_LENGTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_keep_line_breaks() {
        let text = "A sentence about what follows, to its end:\n  a\n\nExamples:\n  pbx x 'y'\n.z \\ -";
        insta::assert_snapshot!(sections(text), @r#"
        .SH "NOTES"
        .nf
        \&A sentence about what follows, to its end:
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
