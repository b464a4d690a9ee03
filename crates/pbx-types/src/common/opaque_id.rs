//! The IDs of objects.

/// Defines the type of the IDs of one kind of object: an opaque string, whose format the implementation of the API chooses.
#[macro_export]
#[doc(hidden)]
macro_rules! opaque_id {
    ($name:ident, $kind:literal) => {
        #[doc = concat!("The ID of one `", $kind, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(id: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(Self::from(id))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    opaque_id!(GadgetId, "Gadget");

    #[test]
    fn ids_convert_from_and_to_strings_and_json() {
        let id = GadgetId::from("a-7");
        assert_eq!(id, GadgetId::from("a-7".to_owned()));
        assert_eq!("a-7".parse(), Ok(id.clone()));
        assert_eq!(id.as_ref(), "a-7");
        assert_eq!(format!("{id:>4}"), " a-7");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"a-7\"");
        assert_eq!(serde_json::from_str::<GadgetId>("\"a-7\"").unwrap(), id);
        assert!(serde_json::from_str::<GadgetId>("7").is_err());
    }
}
