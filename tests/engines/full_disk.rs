//! A full disk: a small file system that a test mounts and fills. Where it may not mount one, the tests pass and say so.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use pbx_test_harness::{ADMINISTRATOR, Engine, Exchange, PASSWORD, Raw};
use serde_json::json;

use crate::start;

/// Bytes of the file system.
const SIZE: &str = "40m";

/// A mounted file system, which is unmounted when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir(&at).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "tmpfs"])
            .arg(&at)
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(at)),
            other => {
                eprintln!("NOT TESTED: no file system can be mounted here ({other:?})");
                None
            }
        }
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.filler()).unwrap();
        for length in [1 << 20, 4096] {
            let zeros = vec![0; length];
            while filler.write_all(&zeros).is_ok() {}
        }
    }

    /// Gives it back.
    fn empty(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{}", self.0.display());
    }
}

async fn set_policy(user: &Raw, turn: usize) -> Exchange {
    user.post("/tenant/password_policy", &json!({"max_length": 20 + turn % 2}))
        .await
}

async fn status_of_sign_in(raw: &Raw, name: &str, password: &str, domain: Option<&str>) -> u16 {
    let body = json!({"username": name, "password": password, "domain": domain});
    raw.post("/auth/sign_in", &body).await.status
}

#[tokio::test]
async fn people_can_sign_in_and_free_space_while_the_disk_is_full() {
    let start = start(Engine::Sqlite);
    let Some(disk) = SmallDisk::mount(start.directory().join("disk")) else {
        return;
    };
    let start = start.with_database(disk.0.join("pbx.db").to_str().unwrap());
    let server = start.ready();
    let tenant = server.tenant("acme.example.com").await;
    let password = "Call-m3-back";
    let user = json!({
        "name": "anna", "password": password, "email": "anna@example.com", "display_name": "Anna", "role": "Admin",
        "extension_number": "101", "extension_password": "Ph0ne-secret",
    });
    let created = server.raw_in(&tenant).await.post("/users", &user).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let anna = server.raw_as("anna", password, Some("acme.example.com")).await;
    let response = set_policy(&anna, 0).await;
    assert_eq!(response.status, 200, "{}", response.body);

    disk.fill();
    let mut refused = None;
    for turn in 0..2000 {
        let response = set_policy(&anna, turn).await;
        if response.status != 200 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(
        (refused.status, refused.codes()),
        (503, vec!["STORAGE_FULL".to_owned()])
    );
    assert!(refused.body.contains("nothing was saved"), "{}", refused.body);
    let raw = server.raw();
    for _ in 0..10 {
        assert_eq!(status_of_sign_in(&raw, ADMINISTRATOR, PASSWORD, None).await, 200);
    }
    let admin = server.raw_signed_in().await;
    let network = json!({"private_ipv4": "10.0.0.2"});
    assert_eq!(admin.post("/network", &network).await.status, 200);
    assert_eq!(anna.get("/tenant/password_policy", &[]).await.status, 200);
    assert_eq!(set_policy(&anna, 1).await.codes(), ["STORAGE_FULL"]);

    disk.empty();
    assert_eq!(set_policy(&anna, 0).await.status, 200);

    // A start on a full disk.
    disk.fill();
    let stderr = server.terminate().stderr;
    assert_eq!(
        stderr.matches("the disk of the database is full").count(),
        1,
        "{stderr}"
    );
    let server = start.ready();
    assert_eq!(
        status_of_sign_in(&server.raw(), ADMINISTRATOR, PASSWORD, None).await,
        200
    );
    server.terminate();
}
