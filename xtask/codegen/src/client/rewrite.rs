//! Rewrites the output of progenitor, which lacks optional bodies, wire names and lenient reading of responses.
//!
//! Each step fails if it does not find the code that it replaces, so that a changed output of a new progenitor is noticed.

use anyhow::{Context as _, Result, bail};
use quote::{ToTokens as _, format_ident};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, Pat, Stmt, parse_quote};

use super::reduce::Call;
use crate::rust::docs;
use contract::model::{BodyKind, Operation, Paging, ParameterLocation, SuccessBody};

/// progenitor's builder of one operation.
pub struct Builder {
    pub structure: syn::ItemStruct,
    pub implementation: syn::ItemImpl,
}

/// A paginated list and the Rust type of its items.
pub struct List<'a> {
    pub paging: Paging<'a>,
    pub item: String,
}

pub fn rewrite(builder: &mut Builder, operation: &Operation, call: &Call, list: Option<&List<'_>>) -> Result<()> {
    Rewriter { operation, call, list }
        .builder(builder)
        .with_context(|| format!("client: operation `{}`: progenitor's output", operation.id))
}

/// The page size of lists that document no maximum.
pub const DEFAULT_PAGE_SIZE: i64 = 100;

struct Rewriter<'a> {
    operation: &'a Operation,
    call: &'a Call,
    list: Option<&'a List<'a>>,
}

impl Rewriter<'_> {
    fn builder(&self, builder: &mut Builder) -> Result<()> {
        let doc = format!(
            " The builder of a [`Client::{0}`](crate::Client::{0}) request.",
            self.call.method
        );
        builder
            .structure
            .attrs
            .retain(|attribute| !attribute.path().is_ident("doc"));
        builder.structure.attrs.insert(0, parse_quote!(#[doc = #doc]));
        let optional_body = self.operation.body.as_ref().is_some_and(|body| !body.required);
        if optional_body {
            for field in &mut builder.structure.fields {
                if field.ident.as_ref().is_some_and(|name| name == "body") {
                    field.ty = optional(&field.ty)?;
                }
            }
        }
        builder.implementation.items.insert(0, self.operation());
        for item in &mut builder.implementation.items {
            let ImplItem::Fn(function) = item else { continue };
            match function.sig.ident.to_string().as_str() {
                "new" => {
                    function.attrs.clear();
                    function.vis = parse_quote!(pub(crate));
                    if optional_body {
                        optional_value(&mut function.block)?;
                    }
                    Messages.visit_block_mut(&mut function.block);
                }
                "send" => {
                    function.attrs = vec![parse_quote!(#[doc = " Sends the request and returns the response."])];
                    self.send(function)?;
                }
                _ => self.setter(function, optional_body)?,
            }
        }
        if let Some(list) = self.list {
            self.pagination(&mut builder.implementation, list)?;
        }
        Ok(())
    }

    /// Adds `stream` to a paginated list, and `request`, which is `send` without its call, for both.
    fn pagination(&self, implementation: &mut syn::ItemImpl, list: &List<'_>) -> Result<()> {
        let send = implementation.items.iter_mut().find_map(|item| match item {
            ImplItem::Fn(function) if function.sig.ident == "send" => Some(function),
            _ => None,
        });
        let Some(send) = send else { bail!("there is no `send`") };
        let whole: syn::Block = parse_quote!({
            let client = self.client;
            let request = self.request()?;
            support::json(client, &Self::OPERATION, request).await
        });
        let mut statements = std::mem::replace(&mut send.block, whole).stmts;
        statements.pop();
        let Some(Stmt::Local(syn::Local {
            init: Some(request), ..
        })) = statements.pop()
        else {
            bail!("`send` does not end with its request");
        };
        let request = request.expr;
        implementation.items.push(parse_quote! {
            fn request(self) -> Result<reqwest::RequestBuilder, Error> {
                #(#statements)*
                Ok(#request)
            }
        });
        let Paging { items, count, size, .. } = list.paging;
        let count: Expr = match count {
            Some(count) => parse_quote!(Some(#count)),
            None => parse_quote!(None),
        };
        let size = proc_macro2::Literal::i64_unsuffixed(size.unwrap_or(DEFAULT_PAGE_SIZE));
        let [skip, top] =
            [list.paging.skip, list.paging.top].map(|index| format_ident!("{}", self.call.parameters[index]));
        let item: syn::Type = syn::parse_str(&list.item)?;
        let doc = format!(
            " Returns all items as a stream, which fetches each page when it is needed. `{skip}` sets the offset of the first item, \
             `{top}` the number of items per page (default: {size})."
        );
        implementation.items.push(parse_quote! {
            #[doc = #doc]
            #[cfg(feature = "stream")]
            #[must_use]
            pub fn stream(mut self) -> crate::ItemStream<#item> {
                const PAGINATION: support::Pagination = support::Pagination { items: #items, count: #count, size: #size };
                let client = self.client.clone();
                let page = (std::mem::replace(&mut self.#skip, Ok(None)), std::mem::replace(&mut self.#top, Ok(None)));
                let request = self.request();
                support::paginate(client, &Self::OPERATION, PAGINATION, request, page, support::ReadLenient::read)
            }
        });
        Ok(())
    }

    fn setter(&self, function: &mut syn::ImplItemFn, optional_body: bool) -> Result<()> {
        let name = function.sig.ident.to_string();
        let index = self.call.parameters.iter().position(|parameter| *parameter == name);
        let lines = match index.and_then(|index| self.operation.parameters.get(index)) {
            Some(parameter) => {
                let mut lines = docs::described(
                    parameter
                        .description
                        .as_deref()
                        .or(parameter.schema.description.as_deref()),
                    &parameter.schema,
                    &format!("Sets the parameter `{}`.", parameter.name),
                );
                if parameter.required || parameter.location == ParameterLocation::Path {
                    lines.extend([String::new(), "Required.".to_owned()]);
                }
                lines
            }
            None => {
                let description = self
                    .operation
                    .body
                    .as_ref()
                    .and_then(|body| body.description.as_deref());
                let mut lines = docs::lines(description.unwrap_or_default());
                if lines.is_empty() {
                    lines.push("Sets the body.".to_owned());
                }
                if optional_body {
                    lines.extend([String::new(), "Optional.".to_owned()]);
                }
                lines
            }
        };
        function.attrs = lines
            .iter()
            .map(|line| {
                let line = if line.is_empty() {
                    String::new()
                } else {
                    format!(" {line}")
                };
                parse_quote!(#[doc = #line])
            })
            .collect();
        function.attrs.push(parse_quote!(#[must_use]));
        // `impl TryInto<T>` instead of `where V: TryInto<T>` takes fewer lines.
        let bound = function
            .sig
            .generics
            .where_clause
            .take()
            .and_then(|clause| clause.predicates.into_iter().next());
        let Some(syn::WherePredicate::Type(bound)) = bound else {
            bail!("setter `{name}` has no bound");
        };
        let Some(syn::TypeParamBound::Trait(mut bound)) = bound.bounds.into_iter().next() else {
            bail!("setter `{name}` has another bound");
        };
        let Some(last) = bound.path.segments.last().cloned() else {
            bail!("setter `{name}` has an empty bound");
        };
        bound.path = last.into();
        function.sig.generics = syn::Generics::default();
        let Some(syn::FnArg::Typed(argument)) = function.sig.inputs.last_mut() else {
            bail!("setter `{name}` takes no value");
        };
        *argument.ty = parse_quote!(impl #bound);
        Messages.visit_block_mut(&mut function.block);
        if name == "body" && optional_body {
            let mut wrap = WrapConversion { done: false };
            wrap.visit_block_mut(&mut function.block);
            if !wrap.done {
                bail!("setter `{name}` converts nothing");
            }
        }
        Ok(())
    }

    fn send(&self, function: &mut syn::ImplItemFn) -> Result<()> {
        error_type(&mut function.sig.output)?;
        let block = &mut function.block;
        let mut statements = Vec::new();
        let headers = self
            .operation
            .parameters
            .iter()
            .any(|parameter| parameter.location == ParameterLocation::Header);
        let mut requested = false;
        for mut statement in std::mem::take(&mut block.stmts) {
            if let Some(call) = called(&statement) {
                match call.method.to_string().as_str() {
                    // The only header whose name is not a literal is `api-version`, which the vendor's server does not have.
                    "append" if !matches!(call.args.first(), Some(Expr::Lit(_))) => continue,
                    "pre" | "post" => continue,
                    _ => {}
                }
            }
            match local_name(&statement).as_deref() {
                Some("header_map") if !headers => continue,
                Some("info" | "result" | "response") => continue,
                Some("url") => {
                    statements.extend(self.url());
                    continue;
                }
                Some("request") => {
                    self.request(&mut statement)?;
                    requested = true;
                }
                // Reading the response is done in `support`.
                None if requested => continue,
                _ => {}
            }
            statements.push(statement);
        }
        block.stmts = statements;
        if !requested {
            bail!("`send` has no `request`");
        }
        let mut expressions = Expressions {
            rewriter: self,
            headers,
            failure: None,
        };
        expressions.visit_block_mut(block);
        if let Some(failure) = expressions.failure {
            bail!(failure);
        }
        let reader = match self.operation.successes.first().map(|success| &success.body) {
            Some(SuccessBody::Json(_)) => format_ident!("json"),
            Some(SuccessBody::Text { .. } | SuccessBody::Bytes { .. }) => format_ident!("stream"),
            Some(SuccessBody::Empty) | None => format_ident!("empty"),
        };
        let call: Expr = parse_quote!(support::#reader(client, &Self::OPERATION, request).await);
        block.stmts.push(Stmt::Expr(call, None));
        Ok(())
    }

    /// Keeps the request a builder: it is built where it is sent.
    fn request(&self, statement: &mut Stmt) -> Result<()> {
        if let Stmt::Local(local) = statement
            && let Pat::Ident(name) = &mut local.pat
            && let Some(init) = &mut local.init
            && let Expr::Try(tried) = &*init.expr
            && let Expr::MethodCall(build) = &*tried.expr
            && build.method == "build"
        {
            name.mutability = None;
            local.attrs.clear();
            *init.expr = (*build.receiver).clone();
            return Ok(());
        }
        bail!("`request` is built in another way")
    }

    /// Returns the constant `OPERATION`.
    fn operation(&self) -> ImplItem {
        let Operation {
            id, path, signed_in, ..
        } = self.operation;
        let successes = self.operation.successes.iter();
        let successes = successes.map(|success| proc_macro2::Literal::u16_unsuffixed(success.status));
        parse_quote! {
            const OPERATION: support::Operation = support::Operation {
                id: #id,
                path: #path,
                signed_in: #signed_in,
                successes: &[#(#successes),*],
            };
        }
    }

    /// Builds the URL from encoded path segments.
    fn url(&self) -> Vec<Stmt> {
        let mut statements: Vec<Stmt> = Vec::new();
        let mut format = format!("{{}}{}", self.operation.path);
        for (parameter, rust) in self.operation.parameters.iter().zip(&self.call.parameters) {
            if parameter.location == ParameterLocation::Path {
                let wire = &parameter.name;
                format = format.replace(&format!("{{{wire}}}"), &format!("{{{rust}}}"));
                let rust = format_ident!("{rust}");
                statements.push(parse_quote!(let #rust = support::path_segment(#wire, &#rust)?;));
            }
        }
        statements.push(parse_quote!(let url = format!(#format, client.base_url());));
        statements
    }

    fn wire_name(&self, rust: &str) -> Option<&str> {
        let index = self.call.parameters.iter().position(|name| name == rust)?;
        Some(&self.operation.parameters.get(index)?.name)
    }
}

/// `Result<T, Error<_>>` as `Result<T, Error>`.
fn error_type(output: &mut syn::ReturnType) -> Result<()> {
    if let syn::ReturnType::Type(_, ty) = output
        && let syn::Type::Path(path) = &mut **ty
        && let Some(result) = path.path.segments.last_mut()
        && let syn::PathArguments::AngleBracketed(arguments) = &mut result.arguments
        && let Some(error) = arguments.args.last_mut()
    {
        *error = parse_quote!(Error);
        return Ok(());
    }
    bail!("`send` returns another type");
}

/// `Result<T, String>` as `Result<Option<T>, String>`.
fn optional(ty: &syn::Type) -> Result<syn::Type> {
    if let syn::Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(value)) = arguments.args.first()
    {
        return Ok(parse_quote!(Result<Option<#value>, String>));
    }
    bail!("the field of the body has another type")
}

/// Rewrites progenitor's messages for people, and `client: client` to `client`.
struct Messages;

impl VisitMut for Messages {
    fn visit_lit_str_mut(&mut self, literal: &mut syn::LitStr) {
        let text = literal.value();
        let text = if let Some(name) = text.strip_suffix(" was not initialized") {
            format!("`{name}` is required and was not set")
        } else if let Some((ty, name)) = text
            .strip_prefix("conversion to `")
            .and_then(|rest| rest.strip_suffix(" failed"))
            .and_then(|rest| rest.split_once("` for "))
        {
            format!("the value of `{name}` is not a valid `{}`", ty.replace(' ', ""))
        } else {
            return;
        };
        *literal = syn::LitStr::new(&text, literal.span());
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        let member = field.member.to_token_stream().to_string();
        if field.expr.to_token_stream().to_string() == member {
            field.colon_token = None;
        }
        visit_mut::visit_field_value_mut(self, field);
    }
}

/// `body: Ok(None)` in `new`.
fn optional_value(block: &mut syn::Block) -> Result<()> {
    struct Body(bool);
    impl VisitMut for Body {
        fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
            if matches!(&field.member, syn::Member::Named(name) if name == "body") {
                field.expr = parse_quote!(Ok(None));
                self.0 = true;
            }
        }
    }
    let mut body = Body(false);
    body.visit_block_mut(block);
    if !body.0 {
        bail!("`new` sets no body");
    }
    Ok(())
}

/// `.map(Some)` after `.try_into()`.
struct WrapConversion {
    done: bool,
}

impl VisitMut for WrapConversion {
    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        if matches!(&*call.receiver, Expr::MethodCall(inner) if inner.method == "try_into") {
            let inner = &call.receiver;
            *call.receiver = parse_quote!(#inner.map(Some));
            self.done = true;
            return;
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }
}

/// Rewrites `value.to_string().try_into()?` to a conversion whose error names the header.
fn header_value(append: &mut syn::ExprMethodCall) {
    let name = append.args.first().cloned();
    if let Some(Expr::Try(tried)) = append.args.last_mut()
        && let Expr::MethodCall(convert) = &*tried.expr
        && convert.method == "try_into"
        && let Expr::MethodCall(text) = &*convert.receiver
        && text.method == "to_string"
    {
        let value = &text.receiver;
        *tried.expr = parse_quote!(support::header_value(#name, &#value));
    }
}

/// The method call that a statement is, beneath `.await?`.
fn called(statement: &Stmt) -> Option<&syn::ExprMethodCall> {
    let Stmt::Expr(expression, _) = statement else {
        return None;
    };
    let mut expression = expression;
    loop {
        expression = match expression {
            Expr::Try(inner) => &inner.expr,
            Expr::Await(inner) => &inner.base,
            Expr::MethodCall(call) => return Some(call),
            _ => return None,
        };
    }
}

fn local_name(statement: &Stmt) -> Option<String> {
    let Stmt::Local(local) = statement else { return None };
    match &local.pat {
        Pat::Ident(name) => Some(name.ident.to_string()),
        _ => None,
    }
}

/// Expressions inside `send`.
struct Expressions<'a> {
    rewriter: &'a Rewriter<'a>,
    headers: bool,
    failure: Option<String>,
}

impl Expressions<'_> {
    fn wire_name(&mut self, literal: &mut Expr) {
        let Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(name),
            ..
        }) = literal
        else {
            return;
        };
        match self.rewriter.wire_name(&name.value()) {
            Some(wire) => *name = syn::LitStr::new(wire, name.span()),
            None => self.failure = Some(format!("it names an unknown parameter `{}`", name.value())),
        }
    }

    /// The builder call that sets the body, when the body may be left out.
    fn optional_body(&self, call: &mut syn::ExprMethodCall) {
        let Some(body) = &self.rewriter.operation.body else {
            return;
        };
        if body.required {
            return;
        }
        match (call.method.to_string().as_str(), &body.kind) {
            ("json", BodyKind::Json(_)) => call.method = format_ident!("optional_json"),
            ("form", BodyKind::Form(_)) => call.method = format_ident!("optional_form"),
            ("body", BodyKind::Text | BodyKind::Bytes) => {
                call.method = format_ident!("optional_bytes");
                // The content type goes with the body.
                if let Expr::MethodCall(header) = &*call.receiver
                    && header.method == "header"
                {
                    *call.receiver = (*header.receiver).clone();
                }
            }
            _ => {}
        }
    }
}

impl VisitMut for Expressions<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        match expression {
            Expr::MethodCall(call) if call.method == "headers" && !self.headers => {
                *expression = (*call.receiver).clone();
            }
            // `Accept` is set in `support`, which reads the response.
            Expr::MethodCall(call)
                if call.method == "header" && call.args.to_token_stream().to_string().contains(":: ACCEPT") =>
            {
                *expression = (*call.receiver).clone();
            }
            Expr::Call(call) if call.func.to_token_stream().to_string() == "progenitor_client :: QueryParam :: new" => {
                if let Some(literal) = call.args.first_mut() {
                    self.wire_name(literal);
                }
            }
            // An error in writing a form surfaces when the request is built.
            Expr::Try(tried) if matches!(&*tried.expr, Expr::MethodCall(call) if call.method == "form" || call.method == "optional_form") =>
            {
                *expression = (*tried.expr).clone();
            }
            Expr::Field(field) if field.to_token_stream().to_string() == "client . client" => {
                *expression = parse_quote!(client.http());
            }
            _ => {}
        }
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        if call.method == "append"
            && let Some(literal) = call.args.first_mut()
        {
            self.wire_name(literal);
            // Only a name in lower case is a constant of the header map.
            if let Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(name),
                ..
            }) = literal
            {
                *name = syn::LitStr::new(&name.value().to_ascii_lowercase(), name.span());
                header_value(call);
            }
        }
        if call.method == "form_urlencoded" {
            call.method = format_ident!("form");
        }
        self.optional_body(call);
        visit_mut::visit_expr_method_call_mut(self, call);
    }
}
