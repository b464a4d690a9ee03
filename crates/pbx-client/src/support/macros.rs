//! What every generated type needs, written once.
//!
//! Members are listed as `name`, or `name = "wire name"` where the two differ.

/// The wire name of a member.
macro_rules! wire {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

/// Reading of an object: `read_object! { Dealer { id, kind = "type" } }`, and `rest name` for undeclared members.
macro_rules! read_object {
    ($type:ident { $($field:ident $(= $wire:literal)?),* $(,)? } $(rest $rest:ident)?) => {
        impl $crate::support::Read for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                #[allow(unused_mut, unused_variables)]
                let mut members = $crate::support::Members::of(value)?;
                Some(Self {
                    $($field: members.take($crate::support::wire!($field $($wire)?)),)*
                    $($rest: members.rest(),)?
                })
            }

            fn fit(value: &serde_json::Value) -> u32 {
                $crate::support::fit_object(value, &[$($crate::support::wire!($field $($wire)?)),*])
            }
        }

    };
}

/// `Deserialize` of an object that is sent: exact, see [`Exact`](super::Exact).
macro_rules! exact_object {
    (
        $type:ident
        required { $($required:ident $(= $required_wire:literal)?),* $(,)? }
        wrapped { $($wrapped:ident $(= $wrapped_wire:literal)?),* $(,)? }
        optional { $($optional:ident $(= $wire:literal)?),* $(,)? }
        $(rest $rest:ident)?
    ) => {
        impl $crate::support::Exact for $type {
            fn exact(value: serde_json::Value) -> Result<Self, $crate::support::Inexact> {
                #[allow(unused_mut)]
                let mut members = $crate::support::ExactMembers::of(value)?;
                let read = Self {
                    $($required: members.required($crate::support::wire!($required $($required_wire)?))?,)*
                    $($wrapped: Some(members.required($crate::support::wire!($wrapped $($wrapped_wire)?))?),)*
                    $($optional: members.optional($crate::support::wire!($optional $($wire)?))?,)*
                    $($rest: members.rest()?,)?
                };
                members.end()?;
                Ok(read)
            }
        }

        $crate::support::deserialize_exact!($type);
    };
}

/// `Deserialize` through [`Exact`](super::Exact).
macro_rules! deserialize_exact {
    ($type:ident) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::support::Exact>::exact(value).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Writing of an object: absent members are left out, except those listed under `always`.
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
                let mut members = serde::Serializer::serialize_map(serializer, None)?;
                $($(serde::ser::SerializeMap::serialize_entry(
                    &mut members,
                    $crate::support::wire!($always $($always_wire)?),
                    &self.$always,
                )?;)*)?
                $($crate::support::write_member(
                    &mut members,
                    $crate::support::wire!($field $($wire)?),
                    &self.$field,
                )?;)*
                $(for (name, value) in &self.$rest {
                    serde::ser::SerializeMap::serialize_entry(&mut members, name, value)?;
                })?
                serde::ser::SerializeMap::end(members)
            }
        }
    };
}

/// An object of an answer: read and written, with a chainable setter for every member, for tests that make answers up.
macro_rules! response_object {
    ($type:ident { $($field:ident: $value:ty $(= $wire:literal)?),* $(,)? } $(rest $rest:ident)?) => {
        $crate::support::read_object! { $type { $($field $(= $wire)?),* } $(rest $rest)? }
        $crate::support::deserialize!($type, "an object");
        $crate::support::write_object! { $type { $($field $(= $wire)?),* } $(rest $rest)? }

        // A member may be called `add` or `not`.
        #[allow(clippy::should_implement_trait)]
        impl $type {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, value: impl $crate::support::Argument<$value>) -> Self {
                    // A list stays as it is; everything else may be absent.
                    #[allow(clippy::useless_conversion)]
                    let value = value.into_value().into();
                    self.$field = value;
                    self
                }
            )*
        }
    };
}

/// The body of an update: written sparsely, with a chainable setter for every member.
macro_rules! patch_object {
    ($type:ident { $($field:ident: $value:ty $(= $wire:literal)?),* $(,)? } $(rest $rest:ident)?) => {
        $crate::support::write_object! { $type { $($field $(= $wire)?),* } $(rest $rest)? }
        $crate::support::exact_object! {
            $type required {} wrapped {} optional { $($field $(= $wire)?),* } $(rest $rest)?
        }

        // A member may be called `add` or `not`.
        #[allow(clippy::should_implement_trait)]
        impl $type {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`; [`Field::Null`](crate::Field::Null) clears it.")]
                #[must_use]
                pub fn $field(mut self, value: impl Into<$crate::support::Field<$value>>) -> Self {
                    self.$field = value.into();
                    self
                }
            )*
        }
    };
}

/// The body of a creation: `new` takes what is required, chainable setters the rest.
///
/// `nullable` members are required but may be null; `wrapped` ones are required when written, but are `Option` because the
/// type is read as well.
macro_rules! create_object {
    (
        $type:ident { $($required:ident: $required_value:ty $(= $required_wire:literal)?),* $(,)? }
        $(nullable { $($nullable:ident: $nullable_value:ty $(= $nullable_wire:literal)?),* $(,)? })?
        $(wrapped { $($wrapped:ident: $wrapped_value:ty $(= $wrapped_wire:literal)?),* $(,)? })?
        $(optional { $($optional:ident: $value:ty $(= $wire:literal)?),* $(,)? })?
        $(rest $rest:ident)?
    ) => {
        $crate::support::write_object! {
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
        $crate::support::exact_object! {
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
            /// With what is required.
            #[allow(clippy::too_many_arguments, clippy::new_without_default)]
            #[must_use]
            pub fn new(
                $($required: impl $crate::support::Argument<$required_value>,)*
                $($($nullable: Option<$nullable_value>,)*)?
                $($($wrapped: impl $crate::support::Argument<$wrapped_value>,)*)?
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
                pub fn $optional(mut self, value: impl $crate::support::Argument<$value>) -> Self {
                    self.$optional = Some(value.into_value());
                    self
                }
            )*)?
        }
    };
}

/// An enumeration of strings that keeps what it does not know: `open_enum! { T { Udp = "UDP" } else Unknown }`.
macro_rules! open_enum {
    ($type:ident { $($variant:ident = $wire:literal),* $(,)? } else $other:ident) => {
        impl $type {
            /// Every documented value.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The value as it is on the wire.
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

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        impl From<$type> for $crate::Literal {
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

        impl $crate::support::Read for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                let text = <String as $crate::support::Read>::read(value)?;
                let value = Self::from(text);
                // An unset member comes as "".
                (!value.as_str().is_empty() || !matches!(value, Self::$other(_))).then_some(value)
            }

            fn fit(value: &serde_json::Value) -> u32 {
                match value.as_str().map(Self::from) {
                    None | Some(Self::$other(_)) => $crate::support::NO_FIT,
                    Some(_) => $crate::support::FITS_WELL,
                }
            }
        }

        impl $crate::support::Exact for $type {
            fn exact(value: serde_json::Value) -> Result<Self, $crate::support::Inexact> {
                // The server may know values that are not documented.
                <String as $crate::support::Exact>::exact(value).map(Self::from)
            }
        }

        $crate::support::deserialize!($type, "text");
    };
}

/// One of several types, told apart by content when it is read; JSON that fits none is kept.
macro_rules! union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        $crate::support::write_union! { $type { $($variant: $value),* } else $other }
        $crate::support::read_union! { $type { $($variant: $value),* } else $other }
        $crate::support::deserialize!($type, "a value");
    };
}

/// A union of requests and answers.
macro_rules! shared_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        $crate::support::request_union! { $type { $($variant: $value),* } else $other }
        $crate::support::read_union! { $type { $($variant: $value),* } else $other }
    };
}

/// Writing of a union, and reading of what is to be written: the first variant that takes all of it.
macro_rules! request_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        $crate::support::write_union! { $type { $($variant: $value),* } else $other }

        impl $crate::support::Exact for $type {
            fn exact(value: serde_json::Value) -> Result<Self, $crate::support::Inexact> {
                $(
                    if let Ok(read) = <$value as $crate::support::Exact>::exact(value.clone()) {
                        return Ok(Self::$variant(read));
                    }
                )*
                Err($crate::support::Inexact::expected("a value of a documented form"))
            }
        }

        $crate::support::deserialize_exact!($type);
    };
}

/// Writing of a union.
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

/// Reading of a union.
macro_rules! read_union {
    ($type:ident { $($variant:ident: $value:ty),* $(,)? } else $other:ident) => {
        impl $crate::support::Read for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                use $crate::support::Read;

                if value.is_null() {
                    return None;
                }
                let best = <Self as Read>::fit(&value);
                $(
                    // Equal fits: the first in the document's order.
                    if best != $crate::support::NO_FIT && <$value as Read>::fit(&value) == best {
                        return match <$value as Read>::read(value.clone()) {
                            Some(read) => Some(Self::$variant(read)),
                            None => Some(Self::$other(value.into())),
                        };
                    }
                )*
                Some(Self::$other(value.into()))
            }

            fn fit(value: &serde_json::Value) -> u32 {
                [$(<$value as $crate::support::Read>::fit(value)),*]
                    .into_iter()
                    .max()
                    .unwrap_or($crate::support::NO_FIT)
            }
        }
    };
}

/// `Deserialize` through [`Read`](super::Read).
macro_rules! deserialize {
    ($type:ident, $expected:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::support::Read>::read(value)
                    .ok_or_else(|| serde::de::Error::custom(concat!("expected ", $expected)))
            }
        }
    };
}

pub(crate) use {
    create_object, deserialize, deserialize_exact, exact_object, open_enum, patch_object, read_object, read_union,
    request_union, response_object, shared_union, union, wire, write_object, write_union,
};
