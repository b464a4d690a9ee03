//! One resource: its trait, its router, what the router knows of each operation.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{AtOperation, answers, docs, names, schemas, types};
use contract::model::{Api, Body, BodyKind, Operation, Parameter, ParameterPlace, Property, TypeKind};

/// The trait of a resource.
pub fn trait_name(resource: &str) -> Ident {
    format_ident!("{}Api", resource.to_upper_camel_case())
}

/// Everything of a resource but the types of the document.
pub struct Resource {
    /// The trait, and the types its methods need besides.
    pub interface: TokenStream,
    /// The router and what it is made of.
    pub routing: TokenStream,
    /// Whether an operation has something to check.
    pub has_schemas: bool,
}

/// Writes a resource; `taken` are the type names of its module.
pub fn resource(name: &str, api: &Api, taken: &BTreeSet<String>) -> anyhow::Result<Resource> {
    let trait_name = trait_name(name);
    if taken.contains(&trait_name.to_string()) {
        bail!("the schema `{trait_name}` is called like the trait of its resource; give it another name (`x-name`)");
    }
    let mut scope: names::Scope = taken.iter().map(String::as_str).collect();
    let operations = api
        .operations
        .iter()
        .filter(|operation| operation.resource == name)
        .map(|operation| {
            Written::of(operation, api, &trait_name, &mut scope).with_context(|| AtOperation(operation.id.clone()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;

    let methods = operations.iter().map(|operation| &operation.method);
    let routes = operations.iter().map(|operation| &operation.route);
    let handlers = operations.iter().map(|operation| &operation.handler);
    let types = operations.iter().map(|operation| &operation.types);
    let statics = operations.iter().map(|operation| &operation.fact);
    let constants = operations.iter().map(|operation| &operation.constant);
    let count = proc_macro2::Literal::usize_unsuffixed(operations.len());
    let trait_doc = docs::comment([format!("The operations of `/{name}`: one method each.")]);
    let interface = quote! {
        #trait_doc
        pub trait #trait_name: api::Api { #(#methods)* }

        #(#types)*
    };
    let routing = quote! {
        /// Routes the operations to an implementation, for [`Server::mount`](api::Server::mount).
        pub fn router<A: #trait_name>() -> api::Resource<A> {
            api::Resource::new(#name) #(#routes)*
        }

        /// Every operation, in the order of the contract.
        pub static OPERATIONS: [&api::Operation; #count] = [#(&#constants),*];

        #(#handlers)*
        #(#statics)*
    };
    Ok(Resource {
        interface,
        routing,
        has_schemas: operations.iter().any(|operation| operation.has_schema),
    })
}

/// One operation in its parts.
struct Written {
    constant: Ident,
    method: TokenStream,
    route: TokenStream,
    handler: TokenStream,
    types: TokenStream,
    fact: TokenStream,
    has_schema: bool,
}

/// What a method takes besides the call.
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

impl Written {
    fn of(operation: &Operation, api: &Api, trait_name: &Ident, scope: &mut names::Scope) -> anyhow::Result<Self> {
        let method = names::value(&operation.id);
        let constant = names::constant(&operation.id);
        let upper = operation.id.to_upper_camel_case();
        let arguments = arguments(operation, api, &upper, scope)?;
        let success = names::ident(&scope.unique(&format!("{upper}Success")));
        let answers = answers::answers(operation, &success)?;
        let Arguments {
            declared,
            names: passed,
            read,
            types,
        } = arguments;

        let doc = docs::operation(operation);
        let (caller, caller_in_handler, add) = if operation.signed_in {
            (quote!(Self::Caller), quote!(A::Caller), quote!(signed_in))
        } else {
            (quote!(()), quote!(()), quote!(open))
        };
        let ty = &answers.ty;
        let input = match read.is_empty() {
            true => quote!(_input: api::Input),
            false => quote!(mut input: api::Input),
        };
        let call = quote!(#trait_name::#method(&*server, call #(, #passed)*).await.map_err(Into::into)?);
        let call = match &answers.binding {
            Some(pattern) => quote!(let #pattern = #call;),
            None => quote!(#call;),
        };
        let respond = &answers.respond;
        let definition = &answers.definition;
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
            handler: quote! {
                async fn #method<A: #trait_name>(
                    server: std::sync::Arc<A>,
                    call: api::Call<#caller_in_handler>,
                    #input,
                ) -> api::Answer {
                    #(#read)*
                    #call
                    #respond
                }
            },
            types: quote!(#types #definition),
            fact: fact(operation, api, &constant, has_schema)?,
            constant,
            has_schema,
        })
    }
}

fn arguments(operation: &Operation, api: &Api, upper: &str, scope: &mut names::Scope) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments::default();
    let mut taken: names::Scope = ["call", "input", "server", "success", "query", "headers", "body"]
        .into_iter()
        .collect();
    for parameter in path_order(operation) {
        let name = names::ident(&taken.unique(&names::snake(&parameter.name)));
        let wire = &parameter.name;
        arguments.add(&name, &types::plain(&parameter.schema), &quote!(input.path(#wire)?));
    }
    for (place, argument, suffix, what) in [
        (ParameterPlace::Query, "query", "Query", "query"),
        (ParameterPlace::Header, "headers", "Headers", "header"),
    ] {
        let parameters: Vec<_> = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == place)
            .collect();
        if parameters.is_empty() {
            continue;
        }
        let ty = scope.unique(&format!("{upper}{suffix}"));
        let doc = format!("The {what} parameters of `{}`.", operation.id);
        let definition = types::parameters(&ty, &doc, &parameters, api)?;
        arguments.types.extend(definition);
        let (argument, ty) = (names::ident(argument), names::ident(&ty));
        arguments.add(&argument, &quote!(#ty), &quote!(input.#argument()?));
    }
    if let Some(body) = &operation.body {
        let (ty, read) = body_argument(body);
        arguments.add(&names::ident("body"), &ty, &read);
    }
    Ok(arguments)
}

/// Path parameters in the order of the template.
fn path_order(operation: &Operation) -> Vec<&Parameter> {
    let mut parameters: Vec<_> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == ParameterPlace::Path)
        .collect();
    parameters.sort_by_key(|parameter| operation.path.find(&format!("{{{}}}", parameter.name)));
    parameters
}

fn body_argument(body: &Body) -> (TokenStream, TokenStream) {
    let (ty, read) = match (&body.kind, body.required) {
        (BodyKind::Bytes, true) => return (quote!(api::Bytes), quote!(input.bytes())),
        (BodyKind::Bytes, false) => return (quote!(Option<api::Bytes>), quote!(input.optional_bytes())),
        (BodyKind::Json(schema), _) if body.merge_patch => {
            let ty = types::plain(schema);
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
            types::nullable(schema),
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

/// The static that tells the router about an operation.
fn fact(operation: &Operation, api: &Api, constant: &Ident, has_schema: bool) -> anyhow::Result<TokenStream> {
    let Operation {
        id,
        path,
        resource,
        signed_in,
        ..
    } = operation;
    let doc = docs::comment([format!("`{} {path}`", operation.method.to_uppercase())]);
    let method = names::ident(&operation.method.to_uppercase());
    let access = match &operation.access {
        Some(roles) => quote!(Some(&[#(#roles),*])),
        None => quote!(None),
    };
    let parameters = operation
        .parameters
        .iter()
        .map(|parameter| {
            let kind =
                types::kind(&parameter.schema, api).with_context(|| format!("the parameter `{}`", parameter.name))?;
            Ok(fact_of_parameter(
                &parameter.name,
                place(parameter.place),
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
            ..
        }) => {
            let content = match kind {
                BodyKind::Json(_) if *merge_patch => quote!(MergePatch),
                BodyKind::Json(_) => quote!(Json),
                BodyKind::Bytes => quote!(Bytes),
                BodyKind::Form(schema) => {
                    let fields = form_fields(schema, api)?;
                    quote!(Form(&[#(#fields),*]))
                }
            };
            (content, *required)
        }
    };
    let check = if has_schema {
        quote!(with(&super::SCHEMAS))
    } else {
        quote!(nothing())
    };
    Ok(quote! {
        #doc
        pub static #constant: api::Operation = api::Operation {
            id: #id,
            method: api::Method::#method,
            path: #path,
            resource: #resource,
            access: #access,
            signed_in: #signed_in,
            parameters: &[#(#parameters),*],
            content: api::Content::#content,
            body_required: #body_required,
            check: api::Check::#check,
        };
    })
}

fn fact_of_parameter(name: &str, place: &str, kind: &TokenStream, aliases: &[String]) -> TokenStream {
    let place = names::ident(place);
    let aliases = (!aliases.is_empty()).then(|| quote!(.or(&[#(#aliases),*])));
    quote!(api::Parameter::#place(#name, #kind) #aliases)
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
            let kind =
                types::kind(&property.schema, api).with_context(|| format!("the form field `{}`", property.name))?;
            Ok(fact_of_parameter(&property.name, "field", &kind, &[]))
        })
        .collect()
}

fn place(place: ParameterPlace) -> &'static str {
    match place {
        ParameterPlace::Path => "path",
        ParameterPlace::Query => "query",
        ParameterPlace::Header => "header",
    }
}
