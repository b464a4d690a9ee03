//! Enums of the domain that are stored and shown by name.

/// Declares an enum with the name of each value, which never changes once released. It can be a column of a record.
macro_rules! named_enum {
    (
        $(#[$meta:meta])*
        pub enum $enum:ident {
            $($(#[$docs:meta])* $value:ident = $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $enum {
            $($(#[$docs])* $value,)+
        }

        impl $enum {
            /// Every value, in this order.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// Returns the name that is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }
        }

        impl pbx_types::StringEnum for $enum {
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn name(self) -> &'static str {
                self.as_str()
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }
    };
}

pub(crate) use named_enum;
