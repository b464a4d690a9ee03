//! `pbx open`.

mod overview;
mod page;

use clap::Args;

use crate::api::session::ApiSession;
use crate::failure::Failure;
use crate::operation::spec::Access;
use crate::options::global::{GlobalOptions, OutputFormat};
use crate::output::columns::RowLayout;
use crate::output::printer::{self, Printer};

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// ID, SIP domain or name of the tenant
    tenant: String,
}

/// Prints a tenant on one page, or as one JSON or YAML document.
///
/// # Errors
///
/// Fails if there is no such tenant.
pub async fn run(args: &OpenArgs, options: &GlobalOptions) -> Result<(), Failure> {
    let mut session = ApiSession::open(options, &Access::Authenticated).await?;
    let overview = overview::request(&mut session, &args.tenant).await;
    session.close().await;
    let overview = overview?;
    let printer = Printer::new(options);
    match printer.format() {
        OutputFormat::Table => printer::write_line(&page::format(&overview, printer.style())),
        OutputFormat::Json | OutputFormat::Yaml => printer.print(RowLayout::UNTYPED, &overview.to_json()),
    }
}
