//! The Rust type of every schema.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::{ids, lists};
use crate::rust::{docs, names};
use contract::model::{Api, BodyKind, Integer, Schema, StringFormat, SuccessBody, Type, TypeDef, TypeKind};

/// All types of the document and their modules.
pub struct Types<'a> {
    api: &'a Api,
    /// The module of each type.
    modules: BTreeMap<String, String>,
    /// The item schema of each type that `Page` replaces.
    pages: BTreeMap<&'a str, &'a Schema>,
    /// The use of each type, for those without a description.
    purposes: BTreeMap<&'a str, String>,
    /// The types that a module refers to.
    named: RefCell<BTreeSet<String>>,
}

/// The code of a type as it is written.
#[derive(Default)]
pub struct Module {
    pub code: String,
}

/// The code of one type.
pub struct Code {
    pub name: String,
    pub code: String,
    /// The types that it refers to.
    pub named: BTreeSet<String>,
}

/// Writes a type into a module.
pub type WriteType = fn(&Types<'_>, &mut Module, &TypeDef) -> Result<()>;

impl Module {
    /// Adds a macro call.
    pub fn call(&mut self, text: &str) {
        self.code.push_str(text);
        self.code.push('\n');
    }
}

impl<'a> Types<'a> {
    pub fn new(api: &'a Api) -> Result<Self> {
        let pages = lists::pages(api);
        let mut modules = BTreeMap::new();
        for (name, ty) in &api.types {
            if pages.contains_key(name.as_str()) {
                continue;
            }
            modules.insert(name.clone(), names::module(ty.resource.as_deref()));
        }
        for kind in ids::kinds(api) {
            let name = ids::name(kind);
            if let Some(module) = modules.insert(name.clone(), ids::MODULE.to_owned()) {
                bail!("client: schema `{name}` in `{module}` is called like an ID; pin another name with `x-name`");
            }
        }
        Ok(Self {
            api,
            modules,
            purposes: purposes(api, &pages),
            pages,
            named: RefCell::default(),
        })
    }

    pub fn api(&self) -> &'a Api {
        self.api
    }

    /// Returns the Rust type of values of this schema. `prefix` is prepended to the names of generated types.
    pub fn rust(&self, schema: &Schema, prefix: &str) -> Result<String> {
        let rust = self.value(&schema.ty, prefix)?;
        Ok(if schema.nullable && schema.ty != Type::Any {
            format!("Option<{rust}>")
        } else {
            rust
        })
    }

    /// Like [`Types::rust`], for values that are not null.
    pub fn value(&self, ty: &Type, prefix: &str) -> Result<String> {
        Ok(match ty {
            Type::Any => "serde_json::Value".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Integer(Integer::U16) => "u16".to_owned(),
            Type::Integer(Integer::I32 | Integer::I64) => "i64".to_owned(),
            Type::Number => "f64".to_owned(),
            Type::String(StringFormat::Plain) => "String".to_owned(),
            Type::String(StringFormat::DateTime) => "crate::Timestamp".to_owned(),
            Type::String(StringFormat::Secret) => "crate::Secret".to_owned(),
            Type::Id(kind) => {
                let name = ids::name(kind);
                self.named.borrow_mut().insert(name.clone());
                format!("{prefix}{name}")
            }
            Type::Array(item) => format!("Vec<{}>", self.rust(item, prefix)?),
            Type::Map(value) => format!("std::collections::BTreeMap<String, {}>", self.rust(value, prefix)?),
            Type::Named(name) => {
                if !self.api.types.contains_key(name) {
                    bail!("client: schema `{name}` is referred to and not defined");
                }
                if let Some(item) = self.pages.get(name.as_str()) {
                    return Ok(format!("crate::Page<{}>", self.rust(item, prefix)?));
                }
                self.named.borrow_mut().insert(name.clone());
                format!("{prefix}{name}")
            }
        })
    }

    /// Like [`Types::value`], for a property or variant, which is boxed in a type that contains itself.
    pub fn part(&self, schema: &Schema) -> Result<String> {
        let rust = self.value(&schema.ty, "")?;
        Ok(match schema.boxed {
            true => format!("Box<{rust}>"),
            false => rust,
        })
    }

    /// Returns the Rust type of a parameter. A secret is a plain string there, because it is part of the URL or a header.
    pub fn parameter(&self, schema: &Schema) -> Result<String> {
        match &schema.ty {
            Type::String(StringFormat::Secret) => Ok("String".to_owned()),
            ty => self.value(ty, "types::"),
        }
    }

    /// Returns the documentation of a type: its description, or else its use.
    pub fn docs(&self, ty: &TypeDef) -> Vec<String> {
        let lines = docs::lines(ty.description.as_deref().unwrap_or_default());
        if !lines.is_empty() {
            return lines;
        }
        let purpose = self.purposes.get(ty.name.as_str());
        vec![purpose.cloned().unwrap_or_else(|| format!("`{}`.", ty.name))]
    }

    pub fn kind(&self, name: &str) -> Option<&'a TypeKind> {
        self.api.types.get(name).map(|ty| &ty.kind)
    }

    /// Returns `true` if values of this type are written as a single string.
    pub fn is_scalar(&self, ty: &Type) -> bool {
        match ty {
            Type::Boolean | Type::Integer(_) | Type::Number | Type::String(_) | Type::Id(_) => true,
            Type::Named(name) => matches!(self.kind(name), Some(TypeKind::Enum { .. })),
            Type::Any | Type::Array(_) | Type::Map(_) => false,
        }
    }

    /// Writes the types of a module.
    pub fn module(&self, module: &str, write: WriteType) -> Result<Vec<Code>> {
        let mut types = Vec::new();
        for (name, ty) in &self.api.types {
            if self.modules.get(name).is_some_and(|own| own == module) {
                self.named.borrow_mut().clear();
                let mut out = Module::default();
                write(self, &mut out, ty)?;
                types.push(Code {
                    name: name.clone(),
                    code: out.code,
                    named: self.named.take(),
                });
            }
        }
        Ok(types)
    }

    /// Returns the imports of a file with these types.
    pub fn imports(&self, own: &[&Code], parts: &[&Code]) -> String {
        // An import would hide the re-export of the part, through which others find the type.
        let defined: BTreeSet<&String> = own.iter().chain(parts).map(|ty| &ty.name).collect();
        let mut foreign: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in own.iter().flat_map(|ty| &ty.named) {
            match self.modules.get(name) {
                Some(module) if !defined.contains(name) => foreign.entry(module).or_default().insert(name),
                _ => false,
            };
        }
        let mut imports = String::new();
        for (module, names) in foreign {
            let names: Vec<&str> = names.into_iter().collect();
            let names = match names.as_slice() {
                [one] => (*one).to_owned(),
                several => format!("{{{}}}", several.join(", ")),
            };
            imports.push_str(&format!("use crate::generated::{module}::types::{names};\n"));
        }
        imports
    }
}

/// Returns the use of each type: the operation that has it as its body or response, or the type that contains it.
fn purposes<'a>(api: &'a Api, pages: &BTreeMap<&'a str, &'a Schema>) -> BTreeMap<&'a str, String> {
    let mut purposes = BTreeMap::new();
    for operation in &api.operations {
        let method = names::method(operation);
        let link = format!("[`Client::{method}`](crate::Client::{method})");
        if let Some(BodyKind::Json(schema) | BodyKind::Form(schema)) = operation.body.as_ref().map(|body| &body.kind)
            && let Type::Named(name) = &schema.ty
        {
            purposes
                .entry(name.as_str())
                .or_insert_with(|| format!("The request body of {link}."));
        }
        for success in &operation.successes {
            if let SuccessBody::Json(schema) = &success.body
                && let Type::Named(name) = &schema.ty
            {
                let (name, purpose) = match pages.get(name.as_str()) {
                    None => (Some(name.as_str()), "The response"),
                    Some(item) => (innermost(&item.ty), "An item"),
                };
                if let Some(name) = name {
                    purposes.entry(name).or_insert_with(|| format!("{purpose} of {link}."));
                }
            }
        }
    }
    for (owner, ty) in api.types.iter().filter(|(name, _)| !pages.contains_key(name.as_str())) {
        for schema in ty.kind.schemas() {
            if let Some(name) = innermost(&schema.ty) {
                purposes
                    .entry(name)
                    .or_insert_with(|| format!("Part of [`{owner}`](crate::types::{owner})."));
            }
        }
    }
    purposes
}

/// Returns the named type of a value, of array items or of map values.
pub fn innermost(ty: &Type) -> Option<&str> {
    match ty {
        Type::Named(name) => Some(name),
        Type::Array(inner) | Type::Map(inner) => innermost(&inner.ty),
        _ => None,
    }
}
