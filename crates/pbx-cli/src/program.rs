//! Carries a command out.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches as _};
use serde_json::Value;

use crate::commands::{self, ByHand, Chosen};
use crate::connection::{Came, Server};
use crate::failure::{Exit, Failure};
use crate::generated::Operation;
use crate::operation::spec::Callers;
use crate::operation::{self, Request};
use crate::options::Options;
use crate::output::{Printer, Shape, rows, safe};
use crate::{accounts, completions, manual, open, progress, prompt, transfer, tree};

/// The whole program.
pub fn main() -> ExitCode {
    let matches = match completions::answer() {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => commands::all().try_get_matches(),
        Err(error) => Err(error),
    };
    let matches = match matches {
        Ok(matches) => matches,
        Err(error) => {
            // Where help or an error cannot be shown, nothing can.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

fn end(failure: &Failure) -> ExitCode {
    let Some(exit) = failure.exit else {
        return ExitCode::SUCCESS;
    };
    let mut err = std::io::stderr();
    let _ = writeln!(err, "error: {}", safe::text(&failure.to_string()));
    if let Some(hint) = failure.next() {
        let _ = writeln!(err, "  {}", safe::text(hint));
    }
    ExitCode::from(exit as u8)
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let mut last = matches;
    while let Some((_, inner)) = last.subcommand() {
        last = inner;
    }
    let usage = |error: clap::Error| Failure::usage(error.to_string());
    let options = Options::from_arg_matches(last).map_err(usage)?;
    let chosen = commands::chosen(matches).map_err(usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::local(format!("threads: {error}")))?;
    let outcome = runtime.block_on(async {
        match chosen {
            Chosen::Operation(operation, matches) => carry_out(operation, matches, &options).await,
            Chosen::ByHand(command) => by_hand(command, &options).await,
        }
    });
    // A thread that still waits for standard input would hold up the end.
    runtime.shutdown_background();
    outcome
}

async fn by_hand(command: ByHand, options: &Options) -> Result<(), Failure> {
    match command {
        ByHand::Login(login) => accounts::login(login, options).await,
        ByHand::Logout(logout) => accounts::logout(&logout, options).await,
        ByHand::WhoAmI => accounts::who_am_i(options).await,
        ByHand::Switch(switch) => accounts::switch(&switch, options).await,
        ByHand::ListProfiles => accounts::list(options),
        ByHand::UseProfile(name) => accounts::choose(&name.name),
        ByHand::RemoveProfile(name) => accounts::remove(&name.name, options).await,
        ByHand::Open(tenant) => open::open(&tenant.tenant, options).await,
        ByHand::Upload(upload) => self::upload(&upload, options).await,
        ByHand::Completions(chosen) => completions::script(chosen.shell),
        ByHand::Man(man) => manual::pages(&man.out),
    }
}

/// Carries the command of an operation out.
async fn carry_out(operation: Operation, matches: &ArgMatches, options: &Options) -> Result<(), Failure> {
    let (spec, place) = (operation.spec(), tree::place(operation));
    let request = operation::read(spec, matches)?;
    if let Some(question) = place.asks {
        let mut question = question.to_owned();
        for (name, value) in &request.path {
            question = question.replace(&format!("{{{name}}}"), value);
        }
        prompt::confirm(&question, matches.get_flag("yes"))?;
    }
    let mut server = Server::of(options, &spec.callers).await?;
    let printer = Printer::of(options);
    let shape = Shape {
        row: spec.row(),
        columns: place.columns,
    };
    let outcome = if spec.paged && matches.get_flag("all") {
        every_page(&mut server, request, &printer, shape).await
    } else {
        match server.send(&request).await {
            Ok(came) => show(came, &request, matches, &printer, shape).await,
            Err(failure) => Err(explained(failure, &spec.callers, server.tenant())),
        }
    };
    server.end().await;
    outcome
}

async fn show(
    came: Came,
    request: &Request,
    matches: &ArgMatches,
    printer: &Printer,
    shape: Shape,
) -> Result<(), Failure> {
    match came {
        Came::Nothing => prompt::note("Done."),
        Came::Json(value) => {
            printer.show(shape, &value)?;
            if request.spec.paged {
                note_rest(&value, request);
            }
        }
        Came::Bytes(answer) => {
            let to = matches.get_one::<std::path::PathBuf>("to");
            if let Some(path) = transfer::save(*answer, to.map(std::path::PathBuf::as_path)).await? {
                prompt::note(&format!("Saved as {}.", path.display()));
            }
        }
    }
    Ok(())
}

/// How many there are besides those that were shown.
fn note_rest(value: &Value, request: &Request) {
    let shown = rows(value).map_or(0, <[Value]>::len) as u64;
    let skipped = request.asks("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    match value.get("count").and_then(Value::as_u64) {
        Some(0) => prompt::note("There are none."),
        Some(count) if count > shown + skipped => {
            prompt::note(&format!("{shown} of {count}. --all shows all of them."));
        }
        _ => {}
    }
}

/// Shows a list to its end, page by page.
async fn every_page(server: &mut Server, request: Request, printer: &Printer, shape: Shape) -> Result<(), Failure> {
    let mut skip: u64 = request.asks("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let mut request = request;
    if request.asks("top").is_none() {
        request = request.with("top", PAGE);
    }
    let mut pages = printer.pages(shape);
    let mut bar = None;
    let mut before = Vec::new();
    loop {
        request = request.with("skip", skip);
        let page = server
            .json(&request)
            .await
            .map_err(|failure| explained(failure, &request.spec.callers, server.tenant()))?;
        let count = page.get("count").and_then(Value::as_u64);
        let items = rows(&page).unwrap_or_default();
        if !items.is_empty() && items == before {
            return Err(Failure::new(
                Exit::Unexpected,
                "the next page is the same as the one before: the server does not page",
            ));
        }
        before = items.to_vec();
        skip += before.len() as u64;
        let bar = bar.get_or_insert_with(|| progress::items(count));
        bar.set_position(skip);
        bar.suspend(|| pages.page(page))?;
        // A server that does not count ends with an empty page.
        if before.is_empty() || count.is_some_and(|count| skip >= count) {
            bar.finish_and_clear();
            break;
        }
    }
    pages.end()
}

/// The largest page that there is.
const PAGE: u32 = 100;

/// What to do where a session is of the wrong kind.
fn explained(failure: Failure, callers: &Callers, tenant: Option<&str>) -> Failure {
    let (Some(Exit::Forbidden), Callers::Roles(roles)) = (failure.exit, callers) else {
        return failure;
    };
    let of_tenant = roles.contains(&"Admin");
    match tenant {
        None if of_tenant && !roles.contains(&"SystemAdmin") => {
            failure.hint("this is for a tenant's administrator: `pbx switch TENANT` makes you one")
        }
        Some(_) if !of_tenant => failure.hint("you act in a tenant: `pbx switch --back` leaves it"),
        _ => failure,
    }
}

async fn upload(upload: &commands::Upload, options: &Options) -> Result<(), Failure> {
    let file = upload.file.to_string_lossy().into_owned();
    let name = match (&upload.name, upload.file.file_name()) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) if file != "-" => name.to_string_lossy().into_owned(),
        (None, _) => return Err(Failure::usage("what is the file called? Say so with --name")),
    };
    let mut server = Server::of(options, &Callers::SignedIn).await?;
    let outcome = transfer::upload(&mut server, &file, &name).await;
    server.end().await;
    let id = outcome?;
    Printer::of(options).show(Shape::ANY, &serde_json::json!({ "id": id }))
}
