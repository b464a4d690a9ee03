//! The implementations that all IDs have in common.

/// Opaque IDs: `ids! { TenantId = "Tenant" }`.
macro_rules! ids {
    ($($type:ident = $kind:literal),* $(,)?) => {$(
        #[doc = concat!("Identifies an object of the kind `", $kind, "`. A string that only the server interprets.")]
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// Returns the ID as it is on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $type {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        /// The ID of an object as a response has it: `None` if the server did not send it.
        impl TryFrom<Option<$type>> for $type {
            type Error = $crate::error::Error;

            fn try_from(id: Option<$type>) -> Result<Self, Self::Error> {
                id.ok_or_else(|| $crate::error::Error::InvalidRequest("the server sent no ID".to_owned()))
            }
        }

        impl TryFrom<&Option<$type>> for $type {
            type Error = $crate::error::Error;

            fn try_from(id: &Option<$type>) -> Result<Self, Self::Error> {
                id.clone().try_into()
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.0
            }
        }

        impl From<&$type> for String {
            fn from(id: &$type) -> Self {
                id.0.clone()
            }
        }

        impl std::str::FromStr for $type {
            type Err = std::convert::Infallible;

            fn from_str(id: &str) -> Result<Self, Self::Err> {
                Ok(id.into())
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl From<$type> for $crate::filter::Literal {
            fn from(id: $type) -> Self {
                id.0.into()
            }
        }

        impl From<&$type> for $crate::filter::Literal {
            fn from(id: &$type) -> Self {
                id.as_str().into()
            }
        }

        impl $crate::wire::argument::Argument<$type> for String {
            fn into_value(self) -> $type {
                $type(self)
            }
        }

        impl From<String> for $crate::wire::field::Field<$type> {
            fn from(id: String) -> Self {
                Self::Value($type(id))
            }
        }

        $crate::macros::id_from! { $type: &str, &String, &$type }

        impl $crate::wire::lenient::ReadLenient for $type {
            fn read(value: serde_json::Value) -> Option<Self> {
                <String as $crate::wire::lenient::ReadLenient>::read(value).map(Self)
            }

            fn score(value: &serde_json::Value) -> u32 {
                <String as $crate::wire::lenient::ReadLenient>::score(value)
            }
        }

        impl $crate::wire::strict::ReadStrict for $type {
            fn read_strict(value: serde_json::Value) -> Result<Self, $crate::wire::strict::StrictError> {
                <String as $crate::wire::strict::ReadStrict>::read_strict(value).map(Self)
            }
        }

        $crate::macros::deserialize!($type, "a string");
    )*};
}

/// Conversions of references into an ID, and as arguments of setters.
macro_rules! id_from {
    ($type:ident: $($from:ty),*) => {
        $(
            impl From<$from> for $type {
                fn from(id: $from) -> Self {
                    Self(AsRef::<str>::as_ref(id).to_owned())
                }
            }

            impl $crate::wire::argument::Argument<$type> for $from {
                fn into_value(self) -> $type {
                    self.into()
                }
            }

            impl From<$from> for $crate::wire::field::Field<$type> {
                fn from(id: $from) -> Self {
                    Self::Value(id.into())
                }
            }
        )*
    };
}

pub(crate) use {id_from, ids};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::wire::argument::Argument;
    use crate::wire::field::Field;
    use crate::wire::lenient::ReadLenient as _;
    use crate::wire::strict::ReadStrict as _;

    super::ids! { ThingId = "Thing" }

    #[test]
    fn every_kind_of_string_is_an_id() {
        fn parameter(id: impl TryInto<ThingId>) -> Option<ThingId> {
            id.try_into().ok()
        }
        fn argument(id: impl Argument<ThingId>) -> ThingId {
            id.into_value()
        }
        fn field(id: impl Into<Field<ThingId>>) -> Field<ThingId> {
            id.into()
        }
        let (text, id) = ("7".to_owned(), ThingId::from("7"));
        let parameters = [
            parameter("7"),
            parameter(&text),
            parameter(text.clone()),
            parameter(&id),
        ];
        assert!(parameters.iter().all(|read| *read == Some(id.clone())));
        assert!(
            [argument("7"), argument(&text), argument(text.clone()), argument(&id)]
                .iter()
                .all(|read| *read == id)
        );
        let fields = [field("7"), field(&text), field(text.clone()), field(&id)];
        assert!(fields.iter().all(|read| *read == Field::Value(id.clone())));
        let sent = Some(id);
        assert_eq!(parameter(&sent), sent);
        assert_eq!(parameter(None::<ThingId>), None);
    }

    #[test]
    fn id_is_a_string_on_the_wire() {
        assert_eq!(serde_json::to_value(ThingId::from("7")).unwrap(), json!("7"));
        assert_eq!(ThingId::read(json!(7)).unwrap(), "7");
        assert!(ThingId::read_strict(json!(7)).is_err());
        assert_eq!(ThingId::from("7").to_string(), "7");
        assert_eq!(crate::field("id").eq(ThingId::from("7")).to_string(), "id eq '7'");
    }
}
