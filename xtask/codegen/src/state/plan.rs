//! The stored states of a document: which objects callers can change, and the properties of each.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use proc_macro2::Ident;
use serde_json::Value;

use crate::rust::names;
use contract::model::{Api, BodyKind, Operation, Property, Schema, StringFormat, SuccessBody, Type, TypeDef, TypeKind};

/// The stored states, by name.
pub type States = BTreeMap<String, State>;

/// A stored state: the properties of an object that request bodies can set and that `GET` shows.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The Rust name.
    pub name: String,
    /// The module: that of the resource, or `shared`.
    pub module: String,
    /// `true` for one of a collection, which has an ID; otherwise there is one, or it is within another state.
    pub keyed: bool,
    pub fields: Vec<Field>,
    /// The bodies that patch it.
    pub patches: Vec<String>,
    /// The bodies that create it.
    pub creations: Vec<String>,
    /// The responses that show it.
    pub views: Vec<String>,
    /// The fields that lists show, of an object whose lists show only a summary.
    pub listed: Option<BTreeSet<String>>,
}

/// A field of a state.
#[derive(Debug, Clone)]
pub struct Field {
    /// The property, as on the wire.
    pub name: String,
    /// The name in Rust.
    pub ident: Ident,
    pub kind: FieldKind,
    /// The schema that documents it.
    pub schema: Schema,
    /// The value before anyone sets it.
    pub initial: Option<Value>,
    /// `true` if creating the object requires it and no response shows it unset, so that it cannot be cleared.
    pub required: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// A value of the same type in every body and response.
    Value,
    /// A secret, which is stored sealed.
    Secret,
    /// A nested state.
    State(String),
    /// An array of nested states.
    States(String),
}

impl Field {
    /// Returns `true` if the field is an `Option`: it may be unset.
    pub fn is_optional(&self) -> bool {
        match &self.kind {
            FieldKind::Value => {
                self.initial.as_ref().is_none_or(Value::is_null)
                    && !self.required
                    && self.schema.nullable
                    && !matches!(self.schema.ty, Type::Array(_) | Type::Map(_) | Type::Any)
            }
            FieldKind::Secret => true,
            FieldKind::State(_) | FieldKind::States(_) => false,
        }
    }
}

/// Finds the states of a document. An object whose state cannot be generated is left out, with a notice.
pub fn plan(api: &Api) -> (States, Vec<String>) {
    let mut states = States::new();
    let mut notices = Vec::new();
    for (name, group) in groups(api) {
        let mut found = states.clone();
        match group.build(&name, api, &mut found) {
            Ok(()) => states = found,
            Err(error) => notices.push(format!("no stored state `{name}` was generated: {error:#}")),
        }
    }
    (states, notices)
}

/// The types of one state.
#[derive(Debug, Default)]
struct Group {
    keyed: bool,
    patches: Vec<String>,
    creations: Vec<String>,
    views: Vec<String>,
    summary: Option<String>,
}

/// Returns the objects that are patched, by the name of their state: `x-state`, or the name of the object.
fn groups(api: &Api) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for operation in &api.operations {
        let Some(patch) = patch_of(operation) else { continue };
        let view = find(api, &operation.path, "get").and_then(response_of);
        let state = view.and_then(|view| api.types.get(view)?.state.clone());
        let own_name = || {
            view.unwrap_or_else(|| patch.strip_prefix("Update").unwrap_or(patch))
                .to_owned()
        };
        let group = groups.entry(state.unwrap_or_else(own_name)).or_default();
        push(&mut group.patches, Some(patch));
        push(&mut group.views, view);
        let Some(collection) = collection_of(&operation.path) else {
            continue;
        };
        group.keyed = true;
        push(
            &mut group.creations,
            find(api, collection, "post").and_then(creation_of),
        );
        let item = find(api, collection, "get").and_then(|list| match &api.paging(list)?.item.ty {
            Type::Named(name) => Some(name.as_str()),
            _ => None,
        });
        if item != view {
            push(&mut group.views, item);
            group.summary = item.map(str::to_owned);
        }
    }
    groups
}

fn push(names: &mut Vec<String>, name: Option<&str>) {
    if let Some(name) = name
        && !names.iter().any(|other| other == name)
    {
        names.push(name.to_owned());
    }
}

fn find<'a>(api: &'a Api, path: &str, method: &str) -> Option<&'a Operation> {
    let mut operations = api.operations.iter();
    operations.find(|operation| operation.path == path && operation.method == method)
}

/// Returns the path of the collection that an object with an ID is in.
fn collection_of(path: &str) -> Option<&str> {
    let (collection, last) = path.rsplit_once('/')?;
    last.starts_with('{').then_some(collection)
}

fn patch_of(operation: &Operation) -> Option<&str> {
    let body = operation.body.as_ref().filter(|body| body.merge_patch)?;
    json_name(&body.kind)
}

fn creation_of(operation: &Operation) -> Option<&str> {
    let creates = operation
        .successes
        .iter()
        .any(|success| matches!(success.status, 200 | 201));
    json_name(&operation.body.as_ref().filter(|_| creates)?.kind)
}

fn json_name(kind: &BodyKind) -> Option<&str> {
    match kind {
        BodyKind::Json(Schema {
            ty: Type::Named(name), ..
        }) => Some(name),
        _ => None,
    }
}

fn response_of(operation: &Operation) -> Option<&str> {
    match &operation.successes.first()?.body {
        SuccessBody::Json(Schema {
            ty: Type::Named(name), ..
        }) => Some(name),
        _ => None,
    }
}

impl Group {
    fn build(self, name: &str, api: &Api, states: &mut States) -> anyhow::Result<()> {
        let of = self.views.first().or(self.patches.first()).map_or(name, String::as_str);
        let module = module_of(of, api);
        let state = State {
            name: name.to_owned(),
            module: module.clone(),
            keyed: self.keyed,
            patches: self.patches,
            creations: self.creations,
            views: self.views,
            ..State::default()
        };
        let mut state = with_fields(state, api, states)?;
        if let Some(summary) = self.summary {
            let shown = properties_of(&summary, api)?
                .iter()
                .map(|property| property.name.clone());
            state.listed = Some(shown.collect());
        }
        states.insert(name.to_owned(), state);
        Ok(())
    }
}

fn module_of(name: &str, api: &Api) -> String {
    names::module(api.types.get(name).and_then(|def| def.resource.as_deref()))
}

pub(super) fn properties_of<'a>(name: &str, api: &'a Api) -> anyhow::Result<&'a [Property]> {
    match api.types.get(name) {
        Some(TypeDef {
            kind: TypeKind::Object {
                properties,
                additional: None,
            },
            ..
        }) => Ok(properties),
        _ => bail!("`{name}` is not an object whose properties are all documented"),
    }
}

/// Returns the fields of a body or response, by property.
pub(super) fn fields_of(properties: &[Property]) -> BTreeMap<&str, Ident> {
    names::fields(properties.iter().map(|property| property.name.as_str()))
}

/// The schemas of one property in the bodies and responses of a state.
#[derive(Default)]
struct Uses<'a> {
    patches: Vec<&'a Property>,
    creations: Vec<&'a Property>,
    views: Vec<&'a Property>,
}

fn with_fields(mut state: State, api: &Api, states: &mut States) -> anyhow::Result<State> {
    for name in state.views.iter().chain(&state.patches).chain(&state.creations) {
        if contains_itself(name, api) {
            bail!("`{name}` contains itself");
        }
    }
    let mut order: Vec<&str> = Vec::new();
    let mut uses: BTreeMap<&str, Uses<'_>> = BTreeMap::new();
    // The order of the responses, which is that of the vendor's pages, then what no response shows.
    for (index, names) in [&state.views, &state.patches, &state.creations].into_iter().enumerate() {
        for name in names {
            for property in properties_of(name, api)? {
                if index > 0 && property.schema.read_only {
                    continue;
                }
                if !order.contains(&property.name.as_str()) {
                    order.push(&property.name);
                }
                let uses = uses.entry(&property.name).or_default();
                [&mut uses.views, &mut uses.patches, &mut uses.creations][index].push(property);
            }
        }
    }
    for name in order {
        let field = field(name, &uses[name], api, states).with_context(|| format!("the property `{name}`"))?;
        state.fields.extend(field);
    }
    let idents = names::fields(state.fields.iter().map(|field| field.name.as_str()));
    let idents: Vec<Ident> = state
        .fields
        .iter()
        .map(|field| idents[field.name.as_str()].clone())
        .collect();
    for (field, ident) in state.fields.iter_mut().zip(idents) {
        field.ident = ident;
    }
    Ok(state)
}

/// Returns `true` for a type with a part of the same type. Its state would have no end.
fn contains_itself(name: &str, api: &Api) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![name];
    while let Some(next) = left.pop() {
        let Some(TypeKind::Object { properties, .. }) = api.types.get(next).map(|def| &def.kind) else {
            continue;
        };
        for property in properties {
            let mut schema = &property.schema;
            while let Type::Array(inner) | Type::Map(inner) = &schema.ty {
                schema = inner;
            }
            let Type::Named(part) = &schema.ty else { continue };
            if part == name {
                return true;
            }
            if seen.insert(part.as_str()) {
                left.push(part);
            }
        }
    }
    false
}

/// Returns the field of a property; `None` if callers cannot set it, or if it is a credential: a secret that only creating the object
/// takes, for which the API has separate operations.
fn field(name: &str, uses: &Uses<'_>, api: &Api, states: &mut States) -> anyhow::Result<Option<Field>> {
    let all = || uses.views.iter().chain(&uses.patches).chain(&uses.creations).copied();
    if uses.patches.is_empty() && uses.creations.is_empty() {
        return Ok(None);
    }
    let is_secret = |property: &&Property| property.schema.ty == Type::String(StringFormat::Secret);
    let secret = uses.patches.iter().chain(&uses.creations).any(is_secret);
    if secret && uses.patches.is_empty() {
        return Ok(None);
    }
    let Some(first) = all().next() else { return Ok(None) };
    let kind = if secret {
        FieldKind::Secret
    } else {
        kind(uses, api, states)?
    };
    let schema = first.schema.clone();
    if kind == FieldKind::Value
        && let Some(other) = all().find(|other| !is_same(&other.schema, &schema))
    {
        bail!(
            "its type is not the same everywhere ({:?}, {:?})",
            schema.ty,
            other.schema.ty
        );
    }
    if kind == FieldKind::Value
        && let Some(name) = one_way(&schema.ty, api)
    {
        bail!("`{name}` cannot be stored: it is not both in requests and in responses");
    }
    let initial = all().find_map(|property| property.schema.initial.clone());
    Ok(Some(Field {
        name: name.to_owned(),
        ident: names::value(name),
        kind,
        required: uses.creations.iter().any(|property| property.required)
            && !uses.views.iter().any(|property| property.schema.nullable),
        initial: initial.filter(|initial| !initial.is_null()),
        schema,
    }))
}

/// Returns `true` if two schemas have the same Rust type, apart from being optional.
fn is_same(one: &Schema, other: &Schema) -> bool {
    match (&one.ty, &other.ty) {
        (Type::Array(one), Type::Array(other)) | (Type::Map(one), Type::Map(other)) => {
            one.nullable == other.nullable && is_same(one, other)
        }
        (one, other) => one == other,
    }
}

/// Returns the type among those of a property that does not convert both from and to JSON.
fn one_way<'a>(ty: &'a Type, api: &Api) -> Option<&'a str> {
    match ty {
        Type::Array(inner) | Type::Map(inner) => one_way(&inner.ty, api),
        Type::Named(name) => {
            let both = api
                .types
                .get(name)
                .is_some_and(|def| matches!(def.kind, TypeKind::Enum { .. }) || (def.in_request && def.in_response));
            (!both).then_some(name)
        }
        _ => None,
    }
}

/// Returns the kind of a property, after adding its nested state.
fn kind(uses: &Uses<'_>, api: &Api, states: &mut States) -> anyhow::Result<FieldKind> {
    let object = |schema: &Schema| match &schema.ty {
        Type::Named(name) if matches!(api.types.get(name)?.kind, TypeKind::Object { .. }) => Some(name.clone()),
        _ => None,
    };
    let item = |schema: &Schema| match &schema.ty {
        Type::Array(item) => object(item),
        _ => None,
    };
    let names = |properties: &[&Property], name: &dyn Fn(&Schema) -> Option<String>| {
        let names: BTreeSet<String> = properties
            .iter()
            .filter_map(|property| name(&property.schema))
            .collect();
        names.into_iter().collect::<Vec<_>>()
    };
    for (name, is_array) in [(&object as &dyn Fn(&Schema) -> Option<String>, false), (&item, true)] {
        let (patches, creations) = (names(&uses.patches, name), names(&uses.creations, name));
        let views = names(&uses.views, name);
        let Some(view) = views.first().or(patches.first()).or(creations.first()).cloned() else {
            continue;
        };
        // An array is replaced as a whole: its items are created.
        let (patches, creations) = if is_array {
            (Vec::new(), [patches, creations].concat())
        } else {
            // A body that creates the object may have the type of the patch.
            let creations = creations.into_iter().filter(|name| !patches.contains(name)).collect();
            (patches, creations)
        };
        if is_array && views == creations {
            return Ok(FieldKind::Value);
        }
        let module = module_of(&view, api);
        let mut state = states.get(&view).cloned().unwrap_or_else(|| State {
            name: view.clone(),
            module,
            ..State::default()
        });
        for (known, new) in [
            (&mut state.patches, patches),
            (&mut state.creations, creations),
            (&mut state.views, views),
        ] {
            new.iter().for_each(|name| push(known, Some(name)));
        }
        state.fields.clear();
        let state = with_fields(state, api, states)?;
        states.insert(view.clone(), state);
        return Ok(if is_array {
            FieldKind::States(view)
        } else {
            FieldKind::State(view)
        });
    }
    Ok(FieldKind::Value)
}
