//! Limits on what one client, one tenant, or all of them together may use, as settings.
//!
//! A limit is one entry of [`limits!`]: its documentation, name, type and default, its unit in messages, and its environment variable.
//! The flag is the name in kebab case, and the key of the configuration file is the name in the table `[limits]`.

use serde::Deserialize;

use super::number;

/// Declares the flags, the keys of the configuration file and the resolved values.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:literal $unit:literal, $variable:literal;)+) => {
        /// Flags and environment variables of the limits.
        #[derive(Debug, Default, clap::Args)]
        #[command(next_help_heading = "Limits")]
        pub struct LimitOptions {
            $(
                #[arg(
                    long,
                    env = $variable,
                    value_name = "NUMBER",
                    help = concat!($($doc,)+ " [default: ", $default, "]").trim_start()
                )]
                $name: Option<String>,
            )+
        }

        /// The table `[limits]` of the configuration file.
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct LimitFile {
            $($name: Option<$type>,)+
        }

        /// The resolved limits.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl LimitOptions {
            /// Resolves each limit: flag, environment variable, file, default.
            pub(super) fn resolve(self, file: LimitFile) -> anyhow::Result<Limits> {
                let default = Limits::default();
                Ok(Limits {
                    $($name: number(self.$name, file.$name, default.$name, stringify!($name), $unit)?,)+
                })
            }
        }
    };
}

limits! {
    // Connections and requests.

    /// Connections in all, by HTTP and HTTPS together
    connections: u32 = 4096 "connections", "PBX_CONNECTIONS";

    // Sign-ins.

    // Database.

    // Outgoing requests.
}
