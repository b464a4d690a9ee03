//! Runs the command of an operation.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::Value;

use crate::api::call::Response;
use crate::api::session::ApiSession;
use crate::failure::{Exit, Failure};
use crate::operation::input;
use crate::operation::request::Request;
use crate::operation::spec::{Access, OperationSpec};
use crate::options::global::GlobalOptions;
use crate::output::columns::RowLayout;
use crate::output::printer::Printer;
use crate::pagination::{self, Pages};
use crate::transfer::download;
use crate::{page, progress, prompt};

/// Sends the request of an operation and prints the response.
///
/// # Errors
///
/// Fails if the user does not confirm, or if the request fails.
pub async fn run(spec: &'static OperationSpec, matches: &ArgMatches, options: &GlobalOptions) -> Result<(), Failure> {
    let request = input::read_request(spec, matches)?;
    if let Some(question) = spec.confirmation {
        prompt::confirm(&fill_in(question, &request), matches.get_flag("yes"))?;
    }
    let mut session = ApiSession::open(options, &spec.access).await?;
    let printer = Printer::new(options);
    let layout = RowLayout {
        row: spec.row(),
        columns: spec.columns,
    };
    let outcome = if spec.paginated && matches.get_flag("all") {
        print_all_pages(&mut session, request, &printer, layout).await
    } else {
        match session.send(&request).await {
            Ok(response) => print(response, &request, matches, &printer, layout).await,
            Err(failure) => Err(failure),
        }
    };
    let tenant = session.tenant().map(str::to_owned);
    session.close().await;
    outcome.map_err(|failure| with_switch_hint(failure, &spec.access, tenant.is_some()))
}

/// Replaces `{id}` and the like by the parameters of the path.
fn fill_in(question: &str, request: &Request) -> String {
    let mut question = question.to_owned();
    for (name, value) in &request.path {
        question = question.replace(&format!("{{{name}}}"), value);
    }
    question
}

async fn print(
    response: Response,
    request: &Request,
    matches: &ArgMatches,
    printer: &Printer,
    layout: RowLayout,
) -> Result<(), Failure> {
    match response {
        Response::Empty => prompt::note("Done."),
        Response::Json { etag, .. } if request.spec.tagged && matches.get_flag("etag") => {
            let etag =
                etag.ok_or_else(|| Failure::new(Exit::Unexpected, "the server sent no ETag: it may not support it"))?;
            printer.print_line(&etag)?;
        }
        Response::Json { value, .. } => {
            printer.print(layout, &value)?;
            if request.spec.paginated {
                note_remaining(&value, request);
            }
        }
        Response::Bytes(response) => {
            let to = matches.get_one::<PathBuf>("to");
            if let Some(path) = download::save(*response, to.map(PathBuf::as_path)).await? {
                prompt::note(&format!("Saved as {}.", path.display()));
            }
        }
    }
    Ok(())
}

/// Notes that a list is empty, or that there are more items than the page has.
fn note_remaining(page: &Value, request: &Request) {
    let shown = page::items(page).map_or(0, <[Value]>::len) as u64;
    match page::count(page) {
        Some(0) => prompt::note("No items."),
        Some(count) if count > shown + pagination::skip(request) => {
            prompt::note(&format!("{shown} of {count} items. Use --all for all of them."));
        }
        _ => {}
    }
}

async fn print_all_pages(
    session: &mut ApiSession,
    request: Request,
    printer: &Printer,
    layout: RowLayout,
) -> Result<(), Failure> {
    let mut pages = Pages::new(request);
    let mut output = printer.pages(layout);
    let mut bar = None;
    while let Some(page) = pages.next(session).await? {
        let bar = bar.get_or_insert_with(|| progress::items(page::count(&page)));
        bar.set_position(pages.position());
        bar.suspend(|| output.print(page))?;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    output.finish()
}

/// Adds a hint to switch to a denied request that another session of the same account may send.
fn with_switch_hint(failure: Failure, access: &Access, acts_in_tenant: bool) -> Failure {
    let (Some(Exit::Forbidden), Access::Roles(roles)) = (failure.exit, access) else {
        return failure;
    };
    let is_for_tenants = roles.contains(&"Admin");
    if acts_in_tenant && !is_for_tenants {
        failure.with_hint("this session acts in a tenant; switch back with `pbx switch --back`")
    } else if !acts_in_tenant && is_for_tenants && !roles.contains(&"SystemAdmin") {
        failure.with_hint("this command acts in a tenant; switch into it with `pbx switch TENANT`")
    } else {
        failure
    }
}
