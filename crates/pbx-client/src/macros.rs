//! The implementations that all generated types have in common.
//!
//! Properties are listed as `name`, or `name = "wire name"` where the two differ.
//!
//! A contract has thousands of properties, and the time to check the crate is mostly that of these implementations. So a property is one
//! call without `?`, by reference where possible, and what depends on no type is in functions.

mod ids;
#[cfg(test)]
mod tests;

/// The wire name of a property.
macro_rules! wire_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

/// Lenient reading of an object: `read_object! { Dealer { id, kind = "type" } }`, and `rest name` for undeclared properties.
macro_rules! read_object {
    ($type:ident { $($field:ident $(= $wire:literal)?),* $(,)? } $(rest $rest:ident)?) => {
        impl $crate::wire::lenient::ReadLenient for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                #[allow(unused_mut, unused_variables)]
                let mut object = $crate::wire::lenient::LenientObject::new(value)?;
                #[allow(unused_mut)]
                let mut read = Self::default();
                $(object.take($crate::macros::wire_name!($field $($wire)?), &mut read.$field);)*
                $(read.$rest = object.rest();)?
                Some(read)
            }

            fn score(value: &serde_json::Value) -> u32 {
                $crate::wire::lenient::score_object(value, &[$((
                    $crate::macros::wire_name!($field $($wire)?),
                    $crate::wire::lenient::score_of(|object: &Self| &object.$field),
                )),*])
            }
        }

    };
}

/// Strict `Deserialize` of a request object, see [`ReadStrict`](crate::wire::strict::ReadStrict).
macro_rules! strict_object {
    (
        $type:ident
        required { $($required:ident $(= $required_wire:literal)?),* $(,)? }
        wrapped { $($wrapped:ident $(= $wrapped_wire:literal)?),* $(,)? }
        optional { $($optional:ident $(= $wire:literal)?),* $(,)? }
        $(rest $rest:ident)?
    ) => {
        impl $crate::wire::strict::ReadStrict for $type {
            fn read_strict(value: serde_json::Value) -> Result<Self, $crate::wire::strict::StrictError> {
                #[allow(unused_mut)]
                let mut object = $crate::wire::strict::StrictObject::new(value)?;
                #[allow(unused_mut)]
                let mut read = Self {
                    $($required: object.required($crate::macros::wire_name!($required $($required_wire)?))?,)*
                    $($wrapped: Some(object.required($crate::macros::wire_name!($wrapped $($wrapped_wire)?))?),)*
                    $($optional: Default::default(),)*
                    $($rest: Default::default(),)?
                };
                $(object.optional($crate::macros::wire_name!($optional $($wire)?), &mut read.$optional);)*
                $(object.rest(&mut read.$rest);)?
                object.finish()?;
                Ok(read)
            }

            fn is_documented(&self) -> bool {
                true
                    $(&& $crate::wire::strict::ReadStrict::is_documented(&self.$required))*
                    $(&& $crate::wire::strict::ReadStrict::is_documented(&self.$wrapped))*
                    $(&& $crate::wire::strict::OptionalProperty::is_documented(&self.$optional))*
                    $(&& $crate::wire::strict::ReadStrict::is_documented(&self.$rest))?
            }
        }

        $crate::macros::deserialize_strict!($type);
    };
}

/// `Deserialize` through [`ReadStrict`](crate::wire::strict::ReadStrict).
macro_rules! deserialize_strict {
    ($type:ident) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::strict::deserialize(deserializer)
            }
        }
    };
}

/// `Serialize` of an object: absent properties are left out, except those listed under `always`.
macro_rules! write_object {
    (
        $type:ident
        $(always { $($always:ident $(= $always_wire:literal)?),* $(,)? })?
        { $($field:ident $(= $wire:literal)?),* $(,)? }
        $(rest $rest:ident)?
    ) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(unused_mut)]
                let mut object = $crate::wire::sparse::SparseObject::new(serializer);
                $($(object.always($crate::macros::wire_name!($always $($always_wire)?), &self.$always);)*)?
                $(object.property($crate::macros::wire_name!($field $($wire)?), &self.$field);)*
                $(object.rest(&self.$rest);)?
                object.end()
            }
        }
    };
}

/// An object of a response: read and written, with a chainable setter for each property, so that tests can build responses.
macro_rules! response_object {
    ($type:ident { $($field:ident: $value:ty $(= $wire:literal)?),* $(,)? } $(rest $rest:ident)?) => {
        $crate::macros::read_object! { $type { $($field $(= $wire)?),* } $(rest $rest)? }
        $crate::macros::deserialize!($type, "an object");
        $crate::macros::write_object! { $type { $($field $(= $wire)?),* } $(rest $rest)? }

        // A property may be called `add` or `not`.
        #[allow(clippy::should_implement_trait)]
        impl $type {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, value: impl $crate::wire::argument::Argument<$value>) -> Self {
                    $crate::wire::argument::set::<$value, _>(&mut self.$field, value);
                    self
                }
            )*
        }
    };
}

/// The body of an update: written sparsely, with a chainable setter for each property.
macro_rules! patch_object {
    ($type:ident { $($field:ident: $value:ty $(= $wire:literal)?),* $(,)? } $(rest $rest:ident)?) => {
        $crate::macros::write_object! { $type { $($field $(= $wire)?),* } $(rest $rest)? }
        $crate::macros::strict_object! {
            $type required {} wrapped {} optional { $($field $(= $wire)?),* } $(rest $rest)?
        }

        // A property may be called `add` or `not`.
        #[allow(clippy::should_implement_trait)]
        impl $type {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`; [`Field::Null`](crate::Field::Null) clears it.")]
                #[must_use]
                pub fn $field(mut self, value: impl Into<$crate::wire::field::Field<$value>>) -> Self {
                    $crate::wire::field::set(&mut self.$field, value);
                    self
                }
            )*
        }
    };
}

/// The body of a creation: `new` takes the required properties, chainable setters the optional ones.
///
/// `nullable` properties are required but may be `null`. `wrapped` ones are required when written, but are `Option` because the
/// type is read as well.
macro_rules! create_object {
    (
        $type:ident { $($required:ident: $required_value:ty $(= $required_wire:literal)?),* $(,)? }
        $(nullable { $($nullable:ident: $nullable_value:ty $(= $nullable_wire:literal)?),* $(,)? })?
        $(wrapped { $($wrapped:ident: $wrapped_value:ty $(= $wrapped_wire:literal)?),* $(,)? })?
        $(optional { $($optional:ident: $value:ty $(= $wire:literal)?),* $(,)? })?
        $(rest $rest:ident)?
    ) => {
        $crate::macros::write_object! {
            $type
            always {
                $($required $(= $required_wire)?,)*
                $($($nullable $(= $nullable_wire)?,)*)?
            }
            {
                $($($wrapped $(= $wrapped_wire)?,)*)?
                $($($optional $(= $wire)?,)*)?
            }
            $(rest $rest)?
        }
        $crate::macros::strict_object! {
            $type
            required {
                $($required $(= $required_wire)?,)*
                $($($nullable $(= $nullable_wire)?,)*)?
            }
            wrapped { $($($wrapped $(= $wrapped_wire)?),*)? }
            optional { $($($optional $(= $wire)?),*)? }
            $(rest $rest)?
        }

        #[allow(clippy::should_implement_trait)]
        impl $type {
            /// Creates the object with its required properties.
            #[allow(clippy::too_many_arguments, clippy::new_without_default)]
            #[must_use]
            pub fn new(
                $($required: impl $crate::wire::argument::Argument<$required_value>,)*
                $($($nullable: Option<$nullable_value>,)*)?
                $($($wrapped: impl $crate::wire::argument::Argument<$wrapped_value>,)*)?
            ) -> Self {
                Self {
                    $($required: $required.into_value(),)*
                    $($($nullable,)*)?
                    $($($wrapped: Some($wrapped.into_value()),)*)?
                    $($($optional: Default::default(),)*)?
                    $($rest: Default::default(),)?
                }
            }

            $($(
                #[doc = concat!("Sets `", stringify!($optional), "`.")]
                #[must_use]
                pub fn $optional(mut self, value: impl $crate::wire::argument::Argument<$value>) -> Self {
                    $crate::wire::argument::set::<$value, _>(&mut self.$optional, value);
                    self
                }
            )*)?
        }
    };
}

/// An enum of strings that keeps undocumented values: `open_enum! { T { Udp = "UDP" } else Unknown }`.
macro_rules! open_enum {
    ($type:ident { $($variant:ident = $wire:literal),* $(,)? } else $other:ident) => {
        impl $type {
            /// All documented values.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the value as it is on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::$other(text) => text,
                }
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                match text {
                    $($wire => Self::$variant,)*
                    other => Self::$other(other.to_owned()),
                }
            }
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                text.as_str().into()
            }
        }

        impl std::str::FromStr for $type {
            type Err = std::convert::Infallible;

            // Not `Self::Err`, which may be a variant.
            fn from_str(text: &str) -> Result<Self, std::convert::Infallible> {
                Ok(text.into())
            }
        }

        impl From<$type> for $crate::filter::Literal {
            fn from(value: $type) -> Self {
                value.as_str().into()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::wire::lenient::ReadLenient for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                let text = <String as $crate::wire::lenient::ReadLenient>::read(value)?;
                let value = Self::from(text);
                // The server sends an unset property as "".
                (!value.as_str().is_empty() || !matches!(value, Self::$other(_))).then_some(value)
            }

            fn score(value: &serde_json::Value) -> u32 {
                match value.as_str().map(Self::from) {
                    None | Some(Self::$other(_)) => $crate::wire::lenient::NO_MATCH,
                    Some(_) => $crate::wire::lenient::FORMAT_MATCH,
                }
            }
        }

        impl $crate::wire::strict::ReadStrict for $type {
            fn read_strict(value: serde_json::Value) -> Result<Self, $crate::wire::strict::StrictError> {
                // The server may accept values that are not documented.
                <String as $crate::wire::strict::ReadStrict>::read_strict(value).map(Self::from)
            }

            fn is_documented(&self) -> bool {
                !matches!(self, Self::$other(_))
            }
        }

        $crate::macros::deserialize!($type, "a string");
    };
}

/// One of several types, selected by content when it is read. JSON that matches none of them is kept.
macro_rules! union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        $crate::macros::write_union! { $type { $($variant: $value),* } else $other }
        $crate::macros::read_union! { $type { $($variant: $value),* } else $other }
        $crate::macros::deserialize!($type, "a value");
    };
}

/// A union of requests and responses.
macro_rules! shared_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        $crate::macros::request_union! { $type { $($variant: $value),* } else $other }
        $crate::macros::read_union! { $type { $($variant: $value),* } else $other }
    };
}

/// A union of requests: written, and read strictly as the first variant that accepts all of the JSON, if there is one without undocumented
/// values of enums.
macro_rules! request_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        $crate::macros::write_union! { $type { $($variant: $value),* } else $other }

        impl $crate::wire::strict::ReadStrict for $type {
            fn read_strict(value: serde_json::Value) -> Result<Self, $crate::wire::strict::StrictError> {
                let mut undocumented = None;
                $(
                    if let Ok(read) = <$value as $crate::wire::strict::ReadStrict>::read_strict(value.clone()) {
                        if $crate::wire::strict::ReadStrict::is_documented(&read) {
                            return Ok(Self::$variant(read));
                        }
                        undocumented.get_or_insert(Self::$variant(read));
                    }
                )*
                undocumented.ok_or_else(|| $crate::wire::strict::StrictError::expected("a value of one of the documented types"))
            }

            fn is_documented(&self) -> bool {
                match self {
                    $(Self::$variant(value) => $crate::wire::strict::ReadStrict::is_documented(value),)*
                    Self::$other(_) => false,
                }
            }
        }

        $crate::macros::deserialize_strict!($type);
    };
}

/// `Serialize` of a union.
macro_rules! write_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => serde::Serialize::serialize(value, serializer),)*
                    Self::$other(value) => serde::Serialize::serialize(value, serializer),
                }
            }
        }
    };
}

/// Lenient reading of a union.
macro_rules! read_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        impl $crate::wire::lenient::ReadLenient for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                use $crate::wire::lenient::ReadLenient;

                if value.is_null() {
                    return None;
                }
                let best = <Self as ReadLenient>::score(&value);
                $(
                    // Of equal scores, the first in the document's order.
                    if best != $crate::wire::lenient::NO_MATCH && <$value as ReadLenient>::score(&value) == best {
                        return match <$value as ReadLenient>::read(value.clone()) {
                            Some(read) => Some(Self::$variant(read)),
                            None => Some(Self::$other(value.into())),
                        };
                    }
                )*
                Some(Self::$other(value.into()))
            }

            fn score(value: &serde_json::Value) -> u32 {
                [$(<$value as $crate::wire::lenient::ReadLenient>::score(value)),*]
                    .into_iter()
                    .max()
                    .unwrap_or($crate::wire::lenient::NO_MATCH)
            }
        }
    };
}

/// `Deserialize` through [`ReadLenient`](crate::wire::lenient::ReadLenient).
macro_rules! deserialize {
    ($type:ident, $expected:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::lenient::deserialize(deserializer, $expected)
            }
        }
    };
}

pub(crate) use ids::{id_from, ids};
pub(crate) use {
    create_object, deserialize, deserialize_strict, open_enum, patch_object, read_object, read_union, request_union,
    response_object, shared_union, strict_object, union, wire_name, write_object, write_union,
};
