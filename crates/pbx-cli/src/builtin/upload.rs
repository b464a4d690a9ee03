//! `pbx files upload`.

use std::path::PathBuf;

use clap::{Args, Command};
use pbx_client::Error;
use pbx_client::types::FileId;

use crate::api::session::ApiSession;
use crate::failure::Failure;
use crate::operation::spec::Access;
use crate::options::global::GlobalOptions;
use crate::output::columns::RowLayout;
use crate::output::printer::Printer;
use crate::transfer::request_body;

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct UploadArgs {
    /// File to upload, or - for standard input
    file: PathBuf,

    /// Name of the file on the server [default: that of the file]
    #[arg(long)]
    name: Option<String>,
}

/// Returns the command, which is among the commands of operations.
pub fn command(name: &str) -> Command {
    UploadArgs::augment_args(Command::new(name.to_owned()))
        .about("Upload a file")
        .after_help("Example:\n  pbx files upload logo.png")
}

/// Uploads a file and prints its ID.
///
/// # Errors
///
/// Fails if the file cannot be read, or if the server rejects it.
pub async fn run(args: &UploadArgs, options: &GlobalOptions) -> Result<(), Failure> {
    let file = args.file.to_string_lossy().into_owned();
    let name = match (&args.name, args.file.file_name()) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) if file != "-" => name.to_string_lossy().into_owned(),
        (None, _) => return Err(Failure::usage("the file has no name; pass one with --name")),
    };
    let mut session = ApiSession::open(options, &Access::Authenticated).await?;
    let outcome = upload(&mut session, &file, &name).await;
    session.close().await;
    let id = outcome?;
    Printer::new(options).print(RowLayout::UNTYPED, &serde_json::json!({ "id": id }))
}

/// Uploads a file and returns its ID.
async fn upload(session: &mut ApiSession, file: &str, name: &str) -> Result<FileId, Failure> {
    let content = request_body::from_file(file).await?;
    match pbx_client::upload(session.client(), name, content).await {
        // An upload begins with a request without the file, so that none of it has been read from standard input yet.
        Err(Error::Authentication { .. }) if session.can_refresh() => {
            session.refresh().await?;
            let content = request_body::from_file(file).await?;
            Ok(pbx_client::upload(session.client(), name, content).await?)
        }
        outcome => Ok(outcome?),
    }
}
