//! Manual pages.

use std::path::Path;

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
    let titled = command.clone().name(name.to_owned());
    clap_mangen::Man::new(titled)
        .manual("PBX")
        .render(&mut text)
        .context(name)?;
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, text).context(file.display())?;
    *written += 1;
    for inner in command.get_subcommands() {
        page(inner, &format!("{name}-{}", inner.get_name()), folder, written)?;
    }
    Ok(())
}
