//! Ownership, quotas, uploads and sweeping, with contents in the database and in a directory.

use pbx_domain::audit::Actor;
use pbx_types::list::{ListParameters, ListQuery};

use super::*;
use crate::testing::TestStore;

const DEALER: i64 = 20;
const TENANT: i64 = 30;
const OTHER_TENANT: i64 = 31;

fn id<T>(number: i64) -> Id<T> {
    Id::from_stored(number)
}

/// A dealer and two tenants, one of them with a quota of 1 KB.
fn owners() -> String {
    let tenant = |id: i64, quota: &str| {
        format!(
            "INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions, \
             max_concurrent_calls, created_at) VALUES ({id}, 'T', 't{id}', 't{id}', 'UTC', 'EUR', 'AUT', TRUE, 1, 1, 0); \
             INSERT INTO tenant_settings (tenant_id, name, value) VALUES ({id}, 'tenant', '{{\"disk_quota\": \"{quota}\"}}');"
        )
    };
    format!(
        "INSERT INTO accounts (id, role, name, name_key, password_hash, enabled, created_at) \
         VALUES ({DEALER}, 'Dealer', 'd', 'd', '', TRUE, 0); \
         INSERT INTO dealers (id, level, max_tenants, max_extensions, tenant_full_access) \
         VALUES ({DEALER}, 'RESELLER', 1, 1, TRUE); {} {}",
        tenant(TENANT, "1KB"),
        tenant(OTHER_TENANT, "")
    )
}

struct Fixture {
    test: TestStore,
    changes: Changes,
    blobs: BlobStore,
    ids: IdGenerator,
    _temp: tempfile::TempDir,
}

impl Fixture {
    /// With contents in the database and in a directory, on every engine.
    async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for in_directory in [false, true] {
            for test in TestStore::on_every_engine() {
                test.database.sql(&owners(), &owners());
                let temp = tempfile::tempdir().unwrap();
                let path = in_directory.then(|| temp.path().join("files"));
                all.push(Self {
                    changes: Changes::new(&test.store, Actor::system()),
                    blobs: BlobStore::open(&test.store, path.as_deref()).await.unwrap(),
                    ids: IdGenerator::default(),
                    test,
                    _temp: temp,
                });
            }
        }
        all
    }

    async fn announce(&self, owner: Owner) -> (Id<Upload>, String) {
        let name = Some("a.png".to_owned());
        let (id, token) = announce(&self.changes, &self.ids, owner, name).await.unwrap();
        (id, token.into_string())
    }

    async fn complete(&self, owner: Owner, upload: &(Id<Upload>, String), content: Vec<u8>) -> Result<Id<File>, Error> {
        let sent = Content {
            token: &upload.1,
            digest: None,
            bytes: content.into(),
        };
        complete(&self.changes, &self.blobs, owner, upload.0, sent).await?;
        Ok(upload.0.file())
    }

    async fn upload(&self, owner: Owner, content: Vec<u8>) -> Result<Id<File>, Error> {
        let upload = self.announce(owner).await;
        self.complete(owner, &upload, content).await
    }

    async fn count(&self, owner: Owner) -> i64 {
        let parameters = ListParameters {
            top: 100,
            ..Default::default()
        };
        let query = ListQuery::parse(&parameters, files::FIELDS).unwrap();
        let page = self.changes.scan(owner, move |tx| FILES.page(tx, owner, &query)).await;
        page.unwrap().count
    }

    async fn show(&self, owner: Owner, id: Id<File>) -> Option<Stored<File>> {
        self.changes.read(move |tx| FILES.by_id(tx, owner, id)).await.unwrap()
    }

    /// Returns the number of contents in the directory.
    async fn contents(&self) -> Option<usize> {
        Some(self.blobs.directory()?.list().await.unwrap().len())
    }
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend(b"\x08\x06\0\0\0");
    bytes
}

fn is_not_found<T>(result: &Result<T, Error>, kind: &str) -> bool {
    matches!(result, Err(Error::NotFound { what }) if *what == kind)
}

#[tokio::test]
async fn file_is_visible_to_its_owner_only() {
    for fixture in Fixture::all().await {
        let owners = [
            Owner::System,
            Owner::Dealer(id(DEALER)),
            Owner::Tenant(id(TENANT)),
            Owner::Tenant(id(OTHER_TENANT)),
        ];
        for owner in owners {
            let file = fixture.upload(owner, png(7, 5)).await.unwrap();
            let shown = fixture.show(owner, file).await.unwrap();
            assert_eq!((shown.name.as_str(), shown.width, shown.height), ("a.png", 7, 5));
            for other in owners.into_iter().filter(|other| *other != owner) {
                assert_eq!(fixture.show(other, file).await, None);
                let deleted = delete(&fixture.changes, &fixture.blobs, other, file).await;
                assert!(is_not_found(&deleted, "file"));
                let result = download(&fixture.changes, &fixture.blobs, other, shown.digest.clone()).await;
                assert!(is_not_found(&result, "file"));
                assert_eq!(fixture.count(other).await, 0);
            }
            let (_, content) = download(&fixture.changes, &fixture.blobs, owner, shown.value.digest)
                .await
                .unwrap();
            assert_eq!(content, png(7, 5));
            delete(&fixture.changes, &fixture.blobs, owner, file).await.unwrap();
            assert_eq!(fixture.count(owner).await, 0);
            assert!(matches!(fixture.contents().await, None | Some(0)));
        }
    }
}

#[tokio::test]
async fn upload_is_completed_once_and_by_its_owner() {
    for fixture in Fixture::all().await {
        let tenant = Owner::Tenant(id(TENANT));
        let upload = fixture.announce(Owner::System).await;
        let wrong = (upload.0, "wrong".to_owned());
        assert!(is_not_found(
            &fixture.complete(Owner::System, &wrong, png(1, 1)).await,
            "upload"
        ));
        assert!(is_not_found(
            &fixture.complete(tenant, &upload, png(1, 1)).await,
            "upload"
        ));
        // After a refusal the content can be sent again.
        assert!(
            fixture
                .complete(Owner::System, &upload, b"text".to_vec())
                .await
                .is_err()
        );
        let file = fixture.complete(Owner::System, &upload, png(1, 1)).await.unwrap();
        assert_eq!(file, upload.0.file());
        assert!(is_not_found(
            &fixture.complete(Owner::System, &upload, png(1, 1)).await,
            "upload"
        ));
        assert!(matches!(fixture.contents().await, None | Some(1)));
    }
}

#[tokio::test]
async fn tenant_cannot_exceed_its_quota() {
    for fixture in Fixture::all().await {
        let tenant = Owner::Tenant(id(TENANT));
        let large = |bytes: usize| {
            let mut content = png(1, 1);
            content.resize(bytes, 0);
            content
        };
        let used = async || {
            let used = fixture.changes.read(|tx| queries::used(tx, id(TENANT))).await;
            disk::format(used.unwrap())
        };
        assert_eq!(used().await, "0KB");
        let first = fixture.upload(tenant, large(1000)).await.unwrap();
        let refused = fixture.upload(tenant, large(25)).await;
        assert!(matches!(
            refused,
            Err(Error::Conflict {
                code: "QUOTA_EXCEEDED",
                ..
            })
        ));
        fixture.upload(tenant, large(24)).await.unwrap();
        assert_eq!(used().await, "1KB");
        assert!(matches!(fixture.contents().await, None | Some(2)));
        delete(&fixture.changes, &fixture.blobs, tenant, first).await.unwrap();
        fixture.upload(tenant, large(1000)).await.unwrap();
        // The others have no quota.
        fixture
            .upload(Owner::Tenant(id(OTHER_TENANT)), large(5000))
            .await
            .unwrap();
        fixture.upload(Owner::System, large(5000)).await.unwrap();
    }
}

#[tokio::test]
async fn concurrent_uploads_cannot_exceed_the_quota() {
    for fixture in Fixture::all().await {
        let tenant = Owner::Tenant(id(TENANT));
        let mut content = png(1, 1);
        content.resize(300, 0);
        let uploads = (0..8).map(|_| fixture.upload(tenant, content.clone()));
        let uploaded = futures_util::future::join_all(uploads).await;
        assert_eq!(
            uploaded.iter().filter(|result| result.is_ok()).count(),
            3,
            "{uploaded:?}"
        );
        assert_eq!(fixture.count(tenant).await, 3);
        assert!(matches!(fixture.contents().await, None | Some(3)));
    }
}

#[tokio::test]
async fn avatar_in_use_cannot_be_deleted() {
    for fixture in Fixture::all().await {
        let tenant = Owner::Tenant(id(TENANT));
        let file = fixture.upload(tenant, png(1, 1)).await.unwrap();
        let set = |avatar: &str| format!("UPDATE tenants SET avatar_file_id = {avatar} WHERE id = {TENANT}");
        let sql = set(&file.to_string());
        fixture.test.database.sql(&sql, &sql);
        match delete(&fixture.changes, &fixture.blobs, tenant, file).await {
            Err(Error::Conflict { message, .. }) => assert!(message.contains("the avatar of the tenant"), "{message}"),
            other => panic!("{other:?}"),
        }
        let sql = set("NULL");
        fixture.test.database.sql(&sql, &sql);
        delete(&fixture.changes, &fixture.blobs, tenant, file).await.unwrap();
    }
}

#[tokio::test]
async fn sweep_removes_unreferenced_contents_only() {
    for fixture in Fixture::all().await {
        let Some(directory) = fixture.blobs.directory() else {
            continue;
        };
        let tenant = Owner::Tenant(id(TENANT));
        fixture.upload(tenant, png(1, 1)).await.unwrap();
        let referenced = fixture.upload(Owner::System, png(2, 2)).await.unwrap();
        // One that is being written, and two that were left behind when a server crashed.
        let (announced, _) = fixture.announce(Owner::System).await;
        let written = directory
            .put(announced.file(), Bytes::from_static(b"half"))
            .await
            .unwrap();
        directory.put(id(5), Bytes::from_static(b"nobody's")).await.unwrap();
        directory
            .put(referenced, Bytes::from_static(b"second try"))
            .await
            .unwrap();
        assert_eq!(sweep(&fixture.changes, directory).await.unwrap(), 2);
        assert_eq!(fixture.contents().await, Some(3));
        let sql = format!("DELETE FROM tenants WHERE id = {TENANT}");
        let sqlite = format!("PRAGMA foreign_keys = ON; {sql}");
        fixture.test.database.sql(&sqlite, &sql);
        assert_eq!(sweep(&fixture.changes, directory).await.unwrap(), 1);
        let mut left = directory.list().await.unwrap();
        left.retain(|(_, name)| *name != written);
        assert_eq!(left.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [referenced]);
    }
}

#[tokio::test]
async fn directory_with_contents_must_be_named_at_start() {
    for fixture in Fixture::all().await {
        if fixture.blobs.directory().is_none() {
            continue;
        }
        fixture.upload(Owner::System, png(1, 1)).await.unwrap();
        let refused = BlobStore::open(&fixture.changes, None).await.unwrap_err();
        assert!(refused.to_string().contains("--files"), "{refused}");
        let other = tempfile::tempdir().unwrap();
        let refused = BlobStore::open(&fixture.changes, Some(other.path())).await.unwrap_err();
        assert!(refused.to_string().contains("is not the one"), "{refused}");
    }
}

#[tokio::test]
async fn upload_repairs_a_lost_content_however_many_equal_files_there_are() {
    for fixture in Fixture::all().await {
        let Some(directory) = fixture.blobs.directory() else {
            continue;
        };
        for _ in 0..20 {
            fixture.upload(Owner::System, png(7, 5)).await.unwrap();
        }
        for (_, name) in directory.list().await.unwrap() {
            std::fs::remove_file(directory.path(&name)).unwrap();
        }
        let file = fixture.upload(Owner::System, png(7, 5)).await.unwrap();
        let digest = fixture.show(Owner::System, file).await.unwrap().value.digest;
        let downloaded = download(&fixture.changes, &fixture.blobs, Owner::System, digest).await;
        assert_eq!(downloaded.unwrap().1, png(7, 5));
    }
}
