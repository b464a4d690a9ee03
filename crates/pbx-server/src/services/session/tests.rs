//! Sessions and their tokens, on SQLite.

use jiff::SignedDuration;
use pbx_domain::IdGenerator;
use pbx_domain::audit::Actor;
use pbx_domain::ip_filters::IpRule;
use pbx_domain::token::Token;
use pbx_store::ip_filters;
use pbx_types::ip_filters::IpRuleTarget;

use super::*;

const PASSWORD: &str = "Corr3ct-Horse";

struct Fixture {
    context: Context,
    _directory: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let fixture = Self::without_administrator();
        assert!(fixture.ensure(Some(PASSWORD)).await.is_none());
        fixture
    }

    fn without_administrator() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("pbx.db").to_str().unwrap()).unwrap();
        Self {
            context: Context {
                changes: Changes::new(&store, Actor::system()),
                ids: IdGenerator::default(),
                vault: crate::testing::vault(),
                passwords: crate::testing::passwords(),
                sign_ins: crate::testing::sign_ins(),
            },
            _directory: directory,
        }
    }

    async fn ensure(&self, given: Option<&str>) -> Option<Password> {
        let given = given.map(|text| Password::new(text.to_owned()));
        ensure_administrator(&self.context, given).await.unwrap()
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<TokenSet, Error> {
        self.sign_in_from("192.0.2.1", name, password).await
    }

    async fn sign_in_from(&self, address: &str, name: &str, password: &str) -> Result<TokenSet, Error> {
        let credentials = Credentials {
            name: name.to_owned(),
            password: Password::new(password.to_owned()),
            domain: None,
        };
        sign_in_without_second_factor(&self.context, client(address), credentials).await
    }

    async fn caller(&self, tokens: &TokenSet) -> Result<Caller, Error> {
        authenticate(&self.context, &tokens.access.clone().into_string()).await
    }

    async fn refresh(&self, tokens: &TokenSet) -> Result<TokenSet, Error> {
        self.refresh_from("192.0.2.1", tokens).await
    }

    async fn refresh_from(&self, address: &str, tokens: &TokenSet) -> Result<TokenSet, Error> {
        refresh(&self.context, client(address), &tokens.refresh.clone().into_string()).await
    }
}

fn client(address: &str) -> Client {
    Client {
        address: address.parse().unwrap(),
        accepted: false,
    }
}

/// Otherwise the time of the response reveals which names exist.
#[tokio::test]
async fn an_unknown_name_costs_a_hash_like_a_wrong_password() {
    let fixture = Fixture::new().await;
    for name in ["nobody", "admin"] {
        let before = fixture.context.passwords.verified();
        assert!(fixture.sign_in(name, "wrong").await.is_err());
        assert_eq!(fixture.context.passwords.verified() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn the_administrator_is_created_once() {
    let fixture = Fixture::new().await;
    assert!(fixture.ensure(Some("other")).await.is_none());
    assert!(fixture.ensure(None).await.is_none());
    assert!(fixture.sign_in("admin", "other").await.is_err());
    let caller = fixture
        .caller(&fixture.sign_in("Admin", PASSWORD).await.unwrap())
        .await
        .unwrap();
    assert_eq!((caller.role, caller.name.as_str()), (Role::SystemAdmin, "admin"));
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_response() {
    let fixture = Fixture::new().await;
    let wrong_name = fixture.sign_in("nobody", PASSWORD).await.unwrap_err();
    let wrong_password = fixture.sign_in("admin", "wrong").await.unwrap_err();
    assert_eq!(format!("{wrong_name:?}"), format!("{wrong_password:?}"));
    assert_eq!(wrong_name.to_string(), "Login failed, authentication error");
}

#[tokio::test]
async fn reusing_a_refresh_token_revokes_the_session() {
    let fixture = Fixture::new().await;
    let first = fixture.sign_in("admin", PASSWORD).await.unwrap();
    let second = fixture.refresh(&first).await.unwrap();
    assert!(fixture.caller(&first).await.is_ok());
    assert!(fixture.caller(&second).await.is_ok());

    let reused = fixture.refresh_from("192.0.2.2", &first).await.unwrap_err();
    assert_eq!(reused.to_string(), "unknown error");
    assert!(matches!(fixture.caller(&second).await, Err(Error::Unauthorized)));
    assert!(fixture.refresh(&second).await.is_err());
}

/// The response may have been lost. The rest of the grace is tested over HTTP, where tests set the clock.
#[tokio::test]
async fn the_same_source_gets_the_same_tokens_again() {
    let fixture = Fixture::new().await;
    let first = fixture.sign_in("admin", PASSWORD).await.unwrap();
    let tokens = |set: TokenSet| [set.access, set.refresh].map(Token::into_string);
    let second = fixture.refresh(&first).await.unwrap();
    let again = fixture.refresh(&first).await.unwrap();
    assert!(again.expires_in <= second.expires_in);
    assert_eq!(tokens(again), tokens(second));
}

#[tokio::test]
async fn access_and_refresh_tokens_are_not_interchangeable() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", PASSWORD).await.unwrap();
    let swapped = TokenSet {
        access: tokens.refresh.clone(),
        refresh: tokens.access.clone(),
        expires_in: tokens.expires_in,
    };
    assert!(fixture.caller(&swapped).await.is_err());
    assert!(fixture.refresh(&swapped).await.is_err());
    assert!(fixture.caller(&tokens).await.is_ok());
}

#[tokio::test]
async fn signing_out_ends_only_that_session() {
    let fixture = Fixture::new().await;
    let (one, other) = (
        fixture.sign_in("admin", PASSWORD).await.unwrap(),
        fixture.sign_in("admin", PASSWORD).await.unwrap(),
    );
    let caller = fixture.caller(&one).await.unwrap();
    sign_out(&fixture.context, &caller).await.unwrap();
    assert!(fixture.caller(&one).await.is_err());
    assert!(fixture.refresh(&one).await.is_err());
    assert!(fixture.caller(&other).await.is_ok());
}

#[tokio::test]
async fn access_tokens_expire() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", PASSWORD).await.unwrap();
    let hash = tokens.access.hash();
    let at = |seconds| {
        let (hash, now) = (
            hash.clone(),
            clock::after(clock::now(), SignedDuration::from_secs(seconds)),
        );
        fixture
            .context
            .read(move |tx| Ok::<_, Error>(sessions::by_access_token(tx, &hash, now)?.is_some()))
    };
    assert!(at(1790).await.unwrap());
    assert!(!at(1801).await.unwrap());
}

#[tokio::test]
async fn cached_tokens_expire_by_the_clock() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", PASSWORD).await.unwrap();
    let caller = fixture.caller(&tokens).await.unwrap();
    let cache = async |token: &Token, expires_at| {
        let caller = caller.clone();
        let read = async { Ok::<_, Error>(sessions::Session { caller, expires_at }) };
        let cached = fixture.context.session(token.hash(), read).await;
        assert!(cached.is_ok());
        authenticate(&fixture.context, &token.clone().into_string()).await
    };
    let expired = cache(&Token::generate().unwrap(), clock::now()).await;
    assert!(matches!(expired, Err(Error::Unauthorized)));
}

#[tokio::test]
async fn disabling_an_account_rejects_its_tokens_at_once() {
    let fixture = Fixture::new().await;
    let tokens = fixture.sign_in("admin", PASSWORD).await.unwrap();
    let id = fixture.caller(&tokens).await.unwrap().account_id;
    fixture
        .context
        .write_unaudited(move |tx| Ok::<_, Error>(accounts::set_enabled(tx, id, false)?))
        .await
        .unwrap();
    assert!(fixture.caller(&tokens).await.is_err());
    assert!(fixture.refresh(&tokens).await.is_err());
    assert_eq!(
        fixture.sign_in("admin", PASSWORD).await.unwrap_err().to_string(),
        login_failed().to_string()
    );
}

#[tokio::test]
async fn a_client_that_is_denied_while_it_waits_costs_no_hash() {
    let fixture = Fixture::new().await;
    let mut turns = Vec::new();
    for _ in 0..2 {
        turns.push(fixture.context.passwords.turn(Party::SERVER).await.unwrap());
    }
    let before = fixture.context.passwords.verified();
    let names: Vec<String> = (0..20).map(|number| format!("name-{number}")).collect();
    let waiting = futures_util::future::join_all(names.iter().map(|name| fixture.sign_in(name, PASSWORD)));
    let deny = async {
        let rule = IpRule {
            cidr: "192.0.2.1/32".to_owned(),
            target: IpRuleTarget::Deny,
            expire_at: None,
            description: None,
        };
        let id = fixture.context.ids.next();
        let inserted = fixture
            .context
            .write_unaudited(move |tx| Ok::<_, Error>(ip_filters::insert(tx, id, &rule, clock::now())?));
        inserted.await.unwrap();
        turns.clear();
    };
    // `join!` polls the waiting ones first.
    let (outcomes, ()) = tokio::join!(waiting, deny);
    for outcome in outcomes {
        assert!(matches!(outcome, Err(Error::AddressDenied { .. })), "{outcome:?}");
    }
    assert_eq!(fixture.context.passwords.verified(), before);
}

#[tokio::test]
async fn guesses_from_many_sources_are_paced_and_a_familiar_source_still_signs_in() {
    let fixture = Fixture::new().await;
    fixture.sign_in("admin", PASSWORD).await.unwrap();
    for name in ["admin", "nobody"] {
        let mut refused = 0;
        for host in 0..30 {
            let guess = fixture.sign_in_from(&format!("198.51.100.{host}"), name, "wrong").await;
            refused += usize::from(matches!(guess, Err(Error::TooManyRequests { limit: 10, .. })));
        }
        assert!(refused >= 10, "{name}: {refused}");
        let before = fixture.context.passwords.verified();
        let stranger = fixture.sign_in_from("203.0.113.1", name, PASSWORD).await;
        assert!(matches!(stranger, Err(Error::TooManyRequests { .. })), "{name}");
        assert_eq!(fixture.context.passwords.verified(), before, "no hash");
    }
    fixture.sign_in("admin", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_weak_password_of_the_first_administrator_is_refused() {
    let fixture = Fixture::without_administrator();
    for weak in ["admin", "short-7", "Admin-7531"] {
        let refused = ensure_administrator(&fixture.context, Some(Password::new(weak.to_owned()))).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{weak}");
    }
    assert!(fixture.ensure(None).await.is_some());
    // Ignored afterwards.
    assert!(fixture.ensure(Some("admin")).await.is_none());
}
