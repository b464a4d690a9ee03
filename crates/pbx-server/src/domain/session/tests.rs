use super::*;

struct Fixture {
    store: Store,
    ids: IdSource,
    passwords: Passwords,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pbx.db").to_str().unwrap()).unwrap();
        let fixture = Self {
            store,
            ids: IdSource::default(),
            passwords: Passwords::new().unwrap(),
            _folder: folder,
        };
        assert!(fixture.ensure(Some("secret")).await.is_none());
        fixture
    }

    async fn ensure(&self, given: Option<&str>) -> Option<Password> {
        let given = given.map(|text| Password::new(text.to_owned()));
        ensure_administrator(&self.store, &self.ids, &self.passwords, given)
            .await
            .unwrap()
    }

    fn changes(&self) -> Changes {
        Changes::new(&self.store, Actor::system())
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<TokenSet, Error> {
        let credentials = Credentials {
            name: name.to_owned(),
            password: Password::new(password.to_owned()),
            domain: None,
        };
        let client = Client {
            address: "192.0.2.1".parse().unwrap(),
            accepted: false,
        };
        sign_in(&self.changes(), &self.ids, &self.passwords, client, credentials).await
    }

    async fn caller(&self, tokens: &TokenSet) -> Result<Caller, Error> {
        authenticate(&self.store, &tokens.access.clone().into_text()).await
    }

    async fn refresh(&self, tokens: &TokenSet) -> Result<TokenSet, Error> {
        refresh(&self.changes(), &tokens.refresh.clone().into_text()).await
    }
}

/// Or the time of the answer would tell which names exist.
#[tokio::test]
async fn an_unknown_name_costs_a_hash_like_a_wrong_password() {
    let fixture = Fixture::new().await;
    for name in ["nobody", "admin"] {
        let before = fixture.passwords.verified();
        assert!(fixture.sign_in(name, "wrong").await.is_err());
        assert_eq!(fixture.passwords.verified() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn the_administrator_is_made_once() {
    let fixture = Fixture::new().await;
    assert!(fixture.ensure(Some("other")).await.is_none());
    assert!(fixture.ensure(None).await.is_none());
    assert!(fixture.sign_in("admin", "other").await.is_err());
    let caller = fixture
        .caller(&fixture.sign_in("Admin", "secret").await.unwrap())
        .await
        .unwrap();
    assert_eq!((caller.role, caller.name.as_str()), (Role::SystemAdmin, "admin"));
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let fixture = Fixture::new().await;
    let wrong_name = fixture.sign_in("nobody", "secret").await.unwrap_err();
    let wrong_password = fixture.sign_in("admin", "wrong").await.unwrap_err();
    assert_eq!(format!("{wrong_name:?}"), format!("{wrong_password:?}"));
    assert_eq!(wrong_name.to_string(), "Login failed, authentication error");
}

#[tokio::test]
async fn refresh_tokens_are_good_for_one_use_and_a_second_ends_the_session() {
    let fixture = Fixture::new().await;
    let first = fixture.sign_in("admin", "secret").await.unwrap();
    let second = fixture.refresh(&first).await.unwrap();
    assert!(fixture.caller(&first).await.is_ok());
    assert!(fixture.caller(&second).await.is_ok());

    let reused = fixture.refresh(&first).await.unwrap_err();
    assert_eq!(reused.to_string(), "unknown error");
    assert!(matches!(fixture.caller(&second).await, Err(Error::Unauthorized)));
    assert!(fixture.refresh(&second).await.is_err());
}

#[tokio::test]
async fn an_access_token_does_not_refresh_nor_the_other_way_round() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", "secret").await.unwrap();
    let swapped = TokenSet {
        access: tokens.refresh.clone(),
        refresh: tokens.access.clone(),
    };
    assert!(fixture.caller(&swapped).await.is_err());
    assert!(fixture.refresh(&swapped).await.is_err());
    assert!(fixture.caller(&tokens).await.is_ok());
}

#[tokio::test]
async fn signing_out_ends_one_session_and_no_other() {
    let fixture = Fixture::new().await;
    let (one, other) = (
        fixture.sign_in("admin", "secret").await.unwrap(),
        fixture.sign_in("admin", "secret").await.unwrap(),
    );
    let caller = fixture.caller(&one).await.unwrap();
    sign_out(&fixture.changes(), &caller).await.unwrap();
    assert!(fixture.caller(&one).await.is_err());
    assert!(fixture.refresh(&one).await.is_err());
    assert!(fixture.caller(&other).await.is_ok());
}

#[tokio::test]
async fn tokens_end() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", "secret").await.unwrap();
    let hash = tokens.access.hash();
    let at = |seconds| {
        let (hash, now) = (hash.clone(), after(clock::now(), SignedDuration::from_secs(seconds)));
        fixture
            .store
            .read(move |tx| Ok::<_, Error>(sessions::caller(tx, &hash, now)?.is_some()))
    };
    assert!(at(1790).await.unwrap());
    assert!(!at(1801).await.unwrap());
}

#[tokio::test]
async fn what_is_remembered_ends_by_the_clock() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", "secret").await.unwrap();
    let caller = fixture.caller(&tokens).await.unwrap();
    let remember = async |token: &Token, ends_at| {
        let caller = caller.clone();
        let read = async { Ok::<_, Error>(sessions::Session { caller, ends_at }) };
        let remembered = fixture.store.session(token.hash(), read).await;
        assert!(remembered.is_ok());
        authenticate(&fixture.store, &token.clone().into_text()).await
    };
    let ended = remember(&Token::generate().unwrap(), clock::now()).await;
    assert!(matches!(ended, Err(Error::Unauthorized)));
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", "secret").await.unwrap();
    let id = fixture.caller(&tokens).await.unwrap().account_id;
    fixture
        .store
        .write_unaudited(move |tx| Ok::<_, Error>(accounts::set_enabled(tx, id, false)?))
        .await
        .unwrap();
    assert!(fixture.caller(&tokens).await.is_err());
    assert!(fixture.refresh(&tokens).await.is_err());
    assert_eq!(
        fixture.sign_in("admin", "secret").await.unwrap_err().to_string(),
        login_failed().to_string()
    );
}
