//! One resource: its trait, its router, its handlers, and the static descriptions of its operations.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{AtOperation, lists, responses, rust_type, schemas, types};
use crate::cli::table::key;
use crate::lists::NotImplemented;
use crate::rust::{docs, names, taken};
use crate::split::Keys;
use crate::state;
use contract::echo;
use contract::media::{JSON, OCTETS};
use contract::model::{
    Api, ArrayStyle, Body, BodyKind, Echo, Operation, Parameter, ParameterLocation, Property, Schema, Type, TypeKind,
    trait_of,
};

/// Returns the trait of a resource.
pub fn trait_name(resource: &str) -> Ident {
    names::ident(&trait_of(resource))
}

/// The generated code of a resource, except the types of the document.
pub struct Resource {
    /// The trait and the router, for `pbx-api`.
    pub routing: TokenStream,
    pub operations: Vec<Part>,
    /// `true` if the input of any operation has a schema.
    pub has_schemas: bool,
}

/// The generated code of one operation, besides that of its resource.
pub struct Part {
    /// Its directories, if the resource is divided.
    pub keys: Vec<String>,
    /// The types of its query, headers and responses, for `pbx-types`.
    pub types: TokenStream,
    /// The handler and the description, for `pbx-api`.
    pub handler: TokenStream,
    pub description: TokenStream,
}

/// Generates a resource; `taken` are the type names of its module.
pub fn resource(
    name: &str,
    api: &Api,
    taken: &BTreeSet<String>,
    not_implemented: &NotImplemented,
) -> anyhow::Result<Resource> {
    let trait_name = trait_name(name);
    let mut scope: names::Scope = taken.iter().map(String::as_str).collect();
    let states = state::bodies(api);
    let operations = api
        .operations
        .iter()
        .filter(|operation| operation.resource == name)
        .map(|operation| {
            let code = if not_implemented.contains(operation) {
                OperationCode::not_implemented(operation, api)
            } else {
                OperationCode::new(operation, api, &trait_name, &mut scope, &states)
            };
            code.with_context(|| AtOperation(operation.id.clone()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;

    let methods = operations.iter().map(|operation| &operation.method);
    let routes = operations.iter().map(|operation| &operation.route);
    let constants = operations.iter().map(|operation| &operation.constant);
    let count = proc_macro2::Literal::usize_unsuffixed(operations.len());
    let mut trait_doc = vec![format!("The operations of `/{name}`, one method each.")];
    let missing = api
        .operations
        .iter()
        .filter(|one| one.resource == name && not_implemented.contains(one));
    let missing: Vec<String> = missing.map(|operation| format!("`{}`", key(operation))).collect();
    if !missing.is_empty() {
        trait_doc.push(String::new());
        trait_doc.push(format!(
            "No method, and 501 until the line is removed from `specs/{}`: {}.",
            NotImplemented::FILE,
            missing.join(", ")
        ));
    }
    let trait_doc = docs::attributes(trait_doc);
    let routing = quote! {
        #trait_doc
        pub trait #trait_name: api::Api { #(#methods)* }

        /// Returns the routes of the operations to an implementation, for [`Server::mount`](api::Server::mount).
        pub fn router<A: #trait_name>() -> api::Resource<A> {
            api::Resource::new(#name) #(#routes)*
        }

        /// The operations, in the order of the contract.
        pub static OPERATIONS: [&api::Operation; #count] = [#(&#constants),*];
    };
    Ok(Resource {
        routing,
        has_schemas: operations.iter().any(|operation| operation.has_schema),
        operations: operations.into_iter().map(|operation| operation.part).collect(),
    })
}

/// The generated code of one operation.
struct OperationCode {
    constant: Ident,
    method: TokenStream,
    route: TokenStream,
    part: Part,
    has_schema: bool,
}

/// The arguments of a method after the call.
#[derive(Default)]
struct Arguments {
    /// `name: Type`
    declared: Vec<TokenStream>,
    names: Vec<Ident>,
    /// `let name = input...;`
    read: Vec<TokenStream>,
    types: TokenStream,
}

impl Arguments {
    fn add(&mut self, name: &Ident, ty: &TokenStream, read: &TokenStream) {
        self.declared.push(quote!(#name: #ty));
        self.read.push(quote!(let #name = #read;));
        self.names.push(name.clone());
    }
}

impl OperationCode {
    /// Returns the code of an operation that has no method, and answers 501. Its input is not read.
    fn not_implemented(operation: &Operation, api: &Api) -> anyhow::Result<Self> {
        let constant = names::constant(&operation.name);
        Ok(Self {
            method: TokenStream::new(),
            route: quote!(.not_implemented(&#constant)),
            part: Part {
                keys: Keys::operation(operation),
                types: TokenStream::new(),
                handler: TokenStream::new(),
                description: description(operation, api, &constant, false, &BTreeSet::new())?,
            },
            constant,
            has_schema: false,
        })
    }

    fn new(
        operation: &Operation,
        api: &Api,
        trait_name: &Ident,
        scope: &mut names::Scope,
        states: &BTreeSet<String>,
    ) -> anyhow::Result<Self> {
        let method = names::value(&operation.name);
        let constant = names::constant(&operation.name);
        let upper = names::type_of(operation);
        let arguments = arguments(operation, api, &upper, scope)?;
        let success = names::ident(&scope.unique(&format!("{upper}Response")));
        let responses = responses::responses(operation, &success, api)?;
        let Arguments {
            declared,
            names: passed,
            read,
            types,
        } = arguments;

        let doc = super::docs::operation(operation);
        let (caller, caller_in_handler, add) = if operation.signed_in {
            (quote!(Self::Caller), quote!(A::Caller), quote!(authenticated))
        } else {
            (quote!(()), quote!(()), quote!(public))
        };
        let ty = &responses.ty;
        let input = match read.is_empty() {
            true => quote!(_input: api::Input),
            false => quote!(mut input: api::Input),
        };
        let call = quote!(#trait_name::#method(&*server, call #(, #passed)*).await.map_err(A::problem)?);
        let call = match &responses.binding {
            Some(pattern) => quote!(let #pattern = #call;),
            None => quote!(#call;),
        };
        let respond = &responses.respond;
        let definition = &responses.definition;
        let has_schema = schemas::is_needed(operation, api);
        Ok(Self {
            method: quote! {
                #doc
                fn #method(
                    &self,
                    call: api::Call<#caller>,
                    #(#declared),*
                ) -> impl Future<Output = Result<#ty, Self::Error>> + Send;
            },
            route: quote!(.#add(&#constant, #method)),
            part: Part {
                keys: Keys::operation(operation),
                handler: quote! {
                    pub(crate) async fn #method<A: #trait_name>(
                        server: std::sync::Arc<A>,
                        call: api::Call<#caller_in_handler>,
                        #input,
                    ) -> api::HandlerResult {
                        #(#read)*
                        #call
                        #respond
                    }
                },
                types: quote!(#types #definition),
                description: description(operation, api, &constant, has_schema, states)?,
            },
            constant,
            has_schema,
        })
    }
}

fn arguments(operation: &Operation, api: &Api, upper: &str, scope: &mut names::Scope) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments::default();
    let mut taken: names::Scope = taken::ARGUMENTS.iter().copied().collect();
    for parameter in path_order(operation) {
        let name = names::ident(&taken.unique(&names::snake(&parameter.name)));
        let wire = &parameter.name;
        arguments.add(&name, &rust_type::plain(&parameter.schema), &quote!(input.path(#wire)?));
    }
    for (location, argument, suffix, what) in [
        (ParameterLocation::Query, "query", "Query", "query"),
        (ParameterLocation::Header, "headers", "Headers", "header"),
    ] {
        let parameters: Vec<_> = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.location == location && !is_precondition(operation, parameter))
            .collect();
        if parameters.is_empty() {
            continue;
        }
        if location == ParameterLocation::Query && lists::item(operation, api).is_some() {
            let ty = quote!(pbx_types::list::ListParameters);
            arguments.add(&names::ident(argument), &ty, &quote!(input.query()?));
            continue;
        }
        let ty = scope.unique(&format!("{upper}{suffix}"));
        let doc = format!("The {what} parameters of `{}`.", operation.id);
        let definition = types::parameters(&ty, &doc, &parameters, api)?;
        arguments.types.extend(definition);
        let (argument, ty) = (names::ident(argument), names::ident(&ty));
        if location == ParameterLocation::Query {
            arguments.types.extend(lists::conversion(operation, &ty, api));
        }
        arguments.add(&argument, &quote!(#ty), &quote!(input.#argument()?));
    }
    if let Some(body) = &operation.body {
        let (ty, read) = body_argument(body);
        arguments.add(&names::ident("body"), &ty, &read);
    }
    Ok(arguments)
}

/// Returns `true` for the header that makes an update conditional, which the runtime reads.
fn is_precondition(operation: &Operation, parameter: &Parameter) -> bool {
    operation.echo.is_some() && parameter.location == ParameterLocation::Header && parameter.name == echo::IF_MATCH
}

/// Returns the path parameters in the order of the template.
fn path_order(operation: &Operation) -> Vec<&Parameter> {
    let mut parameters: Vec<_> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.location == ParameterLocation::Path)
        .collect();
    parameters.sort_by_key(|parameter| operation.path.find(&format!("{{{}}}", parameter.name)));
    parameters
}

fn body_argument(body: &Body) -> (TokenStream, TokenStream) {
    let (ty, read) = match (&body.kind, body.required) {
        (BodyKind::Text, true) => return (quote!(String), quote!(input.text())),
        (BodyKind::Text, false) => return (quote!(Option<String>), quote!(input.optional_text())),
        (BodyKind::Bytes, true) => return (quote!(api::Bytes), quote!(input.bytes())),
        (BodyKind::Bytes, false) => return (quote!(Option<api::Bytes>), quote!(input.optional_bytes())),
        (BodyKind::Json(schema), _) if body.merge_patch => {
            let ty = rust_type::plain(schema);
            (
                quote!(api::Patch<#ty>),
                if body.required {
                    quote!(patch)
                } else {
                    quote!(optional_patch)
                },
            )
        }
        (BodyKind::Json(schema) | BodyKind::Form(schema), _) => (
            rust_type::nullable(schema),
            if body.required {
                quote!(body)
            } else {
                quote!(optional_body)
            },
        ),
    };
    let ty = if body.required { ty } else { quote!(Option<#ty>) };
    (ty, quote!(input.#read()?))
}

/// Returns the static that describes an operation to the router.
fn description(
    operation: &Operation,
    api: &Api,
    constant: &Ident,
    has_schema: bool,
    states: &BTreeSet<String>,
) -> anyhow::Result<TokenStream> {
    let Operation {
        id,
        path,
        resource,
        signed_in,
        ..
    } = operation;
    let doc = docs::attributes([format!("`{} {path}`", operation.method.to_uppercase())]);
    let method = names::ident(&operation.method.to_uppercase());
    let roles = match &operation.access {
        Some(roles) => quote!(Some(&[#(#roles),*])),
        None => quote!(None),
    };
    let parameters = operation
        .parameters
        .iter()
        .filter(|parameter| !is_precondition(operation, parameter))
        .map(|parameter| {
            let kind = types::parameter_type(&parameter.schema, api, parameter.style)
                .with_context(|| format!("the parameter `{}`", parameter.name))?;
            Ok(parameter_description(
                &parameter.name,
                constructor(parameter.location),
                &kind,
                &parameter.aliases,
            ))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (content, body_required) = match &operation.body {
        None => (quote!(None), false),
        Some(Body {
            required,
            kind,
            merge_patch,
            media_type,
            ..
        }) => {
            let content = match kind {
                BodyKind::Json(_) if *merge_patch => quote!(MergePatch),
                BodyKind::Json(_) if media_type == JSON => quote!(Json),
                BodyKind::Json(_) => quote!(JsonAs(&[#JSON, #media_type])),
                BodyKind::Text => quote!(Text(&[#media_type])),
                BodyKind::Bytes if media_type == OCTETS => quote!(Bytes),
                BodyKind::Bytes => quote!(BytesAs(&[#media_type])),
                BodyKind::Form(schema) => {
                    let fields = form_fields(schema, api)?;
                    quote!(Form(&[#(#fields),*]))
                }
            };
            (content, *required)
        }
    };
    let sets_state = matches!(
        operation.body.as_ref().map(|body| &body.kind),
        Some(BodyKind::Json(Schema { ty: Type::Named(name), .. })) if states.contains(name)
    );
    let echo = match &operation.echo {
        Some(echo) if operation.body.is_some() => {
            let Echo {
                volatile,
                ignored,
                unchanged,
            } = echo;
            quote!(Some(api::Echo {
                volatile: &[#(#volatile),*],
                ignored: &[#(#ignored),*],
                unchanged: &[#(#unchanged),*],
            }))
        }
        _ => quote!(None),
    };
    let schema = if has_schema {
        quote!(new(&super::SCHEMAS))
    } else {
        quote!(none())
    };
    Ok(quote! {
        #doc
        pub static #constant: api::Operation = api::Operation {
            id: #id,
            method: api::Method::#method,
            path: #path,
            resource: #resource,
            roles: #roles,
            authenticated: #signed_in,
            parameters: &[#(#parameters),*],
            content: api::Content::#content,
            body_required: #body_required,
            sets_state: #sets_state,
            echo: #echo,
            schema: api::InputSchema::#schema,
        };
    })
}

fn parameter_description(name: &str, location: &str, kind: &TokenStream, aliases: &[String]) -> TokenStream {
    let location = names::ident(location);
    let aliases = (!aliases.is_empty()).then(|| quote!(.with_aliases(&[#(#aliases),*])));
    quote!(api::Parameter::#location(#name, #kind) #aliases)
}

fn form_fields(schema: &contract::model::Schema, api: &Api) -> anyhow::Result<Vec<TokenStream>> {
    let properties: &[Property] = match &schema.ty {
        contract::model::Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Object {
                properties,
                additional: None,
            }) => properties,
            Some(TypeKind::Object { .. }) => bail!("a form with fields of any name is not supported"),
            _ => bail!("a form needs an object with properties"),
        },
        _ => bail!("a form needs an object with properties"),
    };
    properties
        .iter()
        .map(|property| {
            let kind = types::parameter_type(&property.schema, api, ArrayStyle::Repeat)
                .with_context(|| format!("the form field `{}`", property.name))?;
            Ok(parameter_description(&property.name, "field", &kind, &[]))
        })
        .collect()
}

/// Returns the constructor of the description of a parameter.
fn constructor(location: ParameterLocation) -> &'static str {
    match location {
        ParameterLocation::Path => "path",
        ParameterLocation::Query => "query",
        ParameterLocation::Header => "header",
    }
}
