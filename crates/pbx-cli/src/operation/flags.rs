//! Which flags an operation has, one for each value that a request can hold.

use std::collections::HashSet;

use super::spec::{Form, Kind, Member, Object, Place, Spec};

/// A value of a request and what it is called on the command line.
#[derive(Debug)]
pub(super) struct Flag {
    /// The flag without its dashes, and the name of the argument. Parts of an object follow its name after a dot.
    pub(super) name: String,
    /// Where its value goes.
    pub(super) target: Target,
    /// What it is.
    pub(super) member: &'static Member,
    /// Its type; that of an object only where its members have no flags of their own.
    pub(super) kind: Kind,
}

/// Where a value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Parameter(Place),
    /// Into the body, at this place.
    Body(Vec<&'static str>),
}

impl Flag {
    /// Whether a request without it is refused. Parts of an object are only needed when the object is there, which the
    /// server knows better.
    pub(super) fn required(&self) -> bool {
        match &self.target {
            Target::Parameter(_) => self.member.required,
            Target::Body(path) => self.member.required && path.len() == 1,
        }
    }
}

/// All flags of an operation: parameters first, then what is required, then the rest, objects last.
pub(super) fn flags(spec: &Spec, reserved: &[&str]) -> Vec<Flag> {
    let mut found = Vec::new();
    for parameter in spec.parameters {
        found.push(Flag {
            name: parameter.member.flag.to_owned(),
            target: Target::Parameter(parameter.place),
            member: &parameter.member,
            kind: parameter.member.kind,
        });
    }
    let object = match spec.body.as_ref().map(|body| &body.form) {
        Some(Form::Json(Kind::Object(object)) | Form::Fields(object)) => Some(*object),
        _ => None,
    };
    let mut members = Vec::new();
    if let Some(object) = object {
        of_object(object, &[], "", &mut vec![object.name], &mut members);
    }
    members.sort_by_key(|flag: &Flag| (depth(flag), !flag.required()));
    found.extend(members);
    free_names(&mut found, reserved);
    found
}

fn depth(flag: &Flag) -> bool {
    matches!(&flag.target, Target::Body(path) if path.len() > 1)
}

fn of_object(
    object: &'static Object,
    path: &[&'static str],
    prefix: &str,
    within: &mut Vec<&'static str>,
    found: &mut Vec<Flag>,
) {
    for member in object.members.iter().filter(|member| !member.read_only) {
        let mut path = path.to_vec();
        path.push(member.name);
        let name = format!("{prefix}{}", member.flag);
        match member.kind {
            // An object within itself has no end: the inner one is given as JSON.
            Kind::Object(inner) if !within.contains(&inner.name) => {
                within.push(inner.name);
                of_object(inner, &path, &format!("{name}."), within, found);
                within.pop();
            }
            kind => found.push(Flag {
                name,
                target: Target::Body(path),
                member,
                kind,
            }),
        }
    }
}

/// A flag that is taken is called after the place of its value.
fn free_names(flags: &mut [Flag], reserved: &[&str]) {
    let mut taken: HashSet<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
    for flag in flags {
        if !taken.insert(flag.name.clone()) {
            let place = match flag.target {
                Target::Parameter(Place::Path) => "path",
                Target::Parameter(Place::Query) => "query",
                Target::Parameter(Place::Header) => "header",
                Target::Body(_) => "body",
            };
            flag.name = format!("{place}.{}", flag.name);
            taken.insert(flag.name.clone());
        }
    }
}

/// What an update can clear: the place of a member, and what `--clear` takes for it.
pub(super) fn clearable(spec: &Spec) -> Vec<(String, Vec<&'static str>)> {
    let mut found = Vec::new();
    if let Some(body) = spec.body.as_ref().filter(|body| body.merge_patch)
        && let Form::Json(Kind::Object(object)) = body.form
    {
        nullable(object, &[], "", &mut vec![object.name], &mut found);
    }
    found
}

fn nullable(
    object: &'static Object,
    path: &[&'static str],
    prefix: &str,
    within: &mut Vec<&'static str>,
    found: &mut Vec<(String, Vec<&'static str>)>,
) {
    for member in object.members.iter().filter(|member| !member.read_only) {
        let mut path = path.to_vec();
        path.push(member.name);
        let name = format!("{prefix}{}", member.flag);
        if member.nullable {
            found.push((name.clone(), path.clone()));
        }
        if let Kind::Object(inner) = member.kind
            && !within.contains(&inner.name)
        {
            within.push(inner.name);
            nullable(inner, &path, &format!("{name}."), within, found);
            within.pop();
        }
    }
}
