//! The made-up release: what the vendor changes on the pages, and the hand-written lines that follow from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::pages::{self, Body};
use crate::workspace::{COMMAND, Line, Program, SERVER, Workspace};

/// The line that a new value of an enum needs, in the `match` that lacks it.
pub(crate) const ENUM_VALUE: Line = Line {
    file: "crates/pbx-domain/src/admin/notification.rs",
    after: Some("MailServerAuth::Plain => Some(AuthMechanism::Plain),"),
    text: "            MailServerAuth::CramMd5 => Some(AuthMechanism::Any),",
};

/// The lines that a new property of a table needs: its column in the dialect of each engine, and the migration that adds it.
const COLUMN: [Line; 3] = [
    Line {
        file: "crates/pbx-store/src/migrations/9000_announce.sqlite.sql",
        after: None,
        text: "ALTER TABLE holidays ADD COLUMN announce INTEGER NOT NULL DEFAULT 1;",
    },
    Line {
        file: "crates/pbx-store/src/migrations/9000_announce.postgres.sql",
        after: None,
        text: "ALTER TABLE holidays ADD COLUMN announce BOOLEAN NOT NULL DEFAULT true;",
    },
    Line {
        file: "crates/pbx-store/src/migrations.rs",
        after: Some("migration!(190, \"0190_upper_case\"),"),
        text: "    migration!(9000, \"9000_announce\"),",
    },
];

const SETTINGS: [(&str, &str, Body); 2] = [
    ("get", "/admin/settings", Body::Response),
    ("post", "/admin/settings", Body::Request),
];
const NOTIFICATION: [(&str, &str, Body); 2] = [
    ("get", "/admin/notification", Body::Response),
    ("post", "/admin/notification", Body::Request),
];
const TENANTS: [(&str, &str, Body); 5] = [
    ("post", "/tenants", Body::Request),
    ("get", "/tenants/{id}", Body::Response),
    ("post", "/tenants/{id}", Body::Request),
    ("get", "/tenant", Body::Response),
    ("post", "/tenant", Body::Request),
];
const HOLIDAYS: [(&str, &str, Body); 3] = [
    ("post", "/holidays", Body::Request),
    ("get", "/holidays/{id}", Body::Response),
    ("post", "/holidays/{id}", Body::Request),
];

/// The servers of the made-up release.
pub(crate) struct Release {
    pub(crate) workspace: Workspace,
    /// The messages of the compiler before [`ENUM_VALUE`] was written.
    pub(crate) rejection: String,
    /// The server with new properties, another value of an enum and other defaults.
    pub(crate) server: PathBuf,
    /// The same with a new property of a table.
    pub(crate) server_with_column: PathBuf,
    /// The command of the latter.
    pub(crate) command: PathBuf,
}

/// The release. It is built once.
pub(crate) static RELEASE: LazyLock<Release> = LazyLock::new(build);

fn build() -> Release {
    let workspace = Workspace::copy("vendor-release");
    let upstream = workspace.path("specs/upstream");
    change_documents(&upstream);
    workspace.generate();
    let rejection = workspace.build(SERVER).expect_err("a value that no arm matches");
    workspace.add(&ENUM_VALUE);
    let program = built(&workspace, SERVER);
    let server = workspace.path("server-of-release");
    fs::copy(program, &server).expect("the server");

    change_table(&upstream);
    workspace.generate();
    for line in &COLUMN {
        workspace.add(line);
    }
    let server_with_column = built(&workspace, SERVER);
    let command = built(&workspace, COMMAND);
    Release {
        workspace,
        rejection,
        server,
        server_with_column,
        command,
    }
}

fn built(workspace: &Workspace, program: Program) -> PathBuf {
    workspace.build(program).unwrap_or_else(|messages| panic!("{messages}"))
}

/// Adds a property to the settings and to tenants, changes a default of each, and adds a value of an enum.
fn change_documents(upstream: &Path) {
    for body in SETTINGS {
        pages::edit(upstream, body, |properties| {
            add_switch(
                properties,
                "enable_rport",
                "Enable symmetric response routing or not (RFC 3581).",
            );
            set_default(properties, "flow_timer", 0, 30);
        });
    }
    for body in TENANTS {
        pages::edit(upstream, body, |properties| {
            add_switch(properties, "enable_call_waiting", "Whether to enable call waiting.");
            set_default(properties, "contact_update_interval", 720, 360);
        });
    }
    for body in NOTIFICATION {
        pages::edit(upstream, body, |properties| {
            let values = properties["auth"]["enum"].as_array_mut().expect("an enum");
            values.push("CRAM_MD5".into());
        });
    }
}

/// Adds a property to holidays, which are rows of a table.
fn change_table(upstream: &Path) {
    let announce = |properties: &mut Map<String, Value>| {
        add_switch(properties, "announce", "Whether callers hear an announcement.");
    };
    for body in HOLIDAYS {
        pages::edit(upstream, body, announce);
    }
    pages::edit(upstream, ("get", "/holidays", Body::Response), |properties| {
        let item = &mut properties["items"]["items"]["properties"];
        announce(item.as_object_mut().expect("the properties of a holiday"));
    });
}

/// Adds a property that is on by default.
fn add_switch(properties: &mut Map<String, Value>, name: &str, description: &str) {
    let schema = json!({"type": "boolean", "default": true, "description": description});
    assert!(properties.insert(name.to_owned(), schema).is_none(), "{name} exists");
}

fn set_default(properties: &mut Map<String, Value>, name: &str, before: i32, after: i32) {
    let default = &mut properties[name]["default"];
    assert_eq!(*default, before, "{name}");
    *default = after.into();
}
