//! The largest request of every operation: however large, it costs a bounded number of statements, and no more bound values than it
//! has items.

pub(crate) mod body;

use std::ops::RangeInclusive;
use std::time::SystemTime;

use jiff::Timestamp;
use pbx_test_harness::{Exchange, Operation, Raw, Server, on_each_engine, operations, request_schemas};
use serde_json::{Value, json};

use crate::accounts::{create, create_dealer, create_tenant, create_user, sign_in, switch};
use crate::isolation::{begin_upload, upload};
use crate::start;
use body::Generator;

/// The maximum number of statements of one transaction.
const STATEMENTS: usize = 16;

/// The maximum number of bound values of one transaction, without those for the items of the request.
const VALUES: usize = 64;

/// The maximum number of bound values for each item. A word of a search is compared with every column, in the page and in its count.
const VALUES_PER_ITEM: usize = 10;

/// Operations whose largest request is refused by a rule that no schema expresses, with the reason. All others succeed.
pub(crate) const REFUSED: [(&str, &str); 18] = [
    ("sendGlobalNotificationTestEmail", "there is no mail server"),
    ("updateLicense", "only the vendor issues a license"),
    ("completeBlobUpload", "the digest is that of other bytes"),
    ("signIn", "the domain is no tenant's"),
    ("issueOauthToken", "the domain is no tenant's"),
    ("login", "the domain is no tenant's"),
    ("retrieveMetadata", "the domain is no tenant's"),
    ("refreshTokens", "the token was not issued"),
    ("sendOTP", "the token was not issued"),
    ("verifyOTP", "the token was not issued"),
    ("forgetPassword", "the link would lead to another server"),
    ("resetPassword", "the token was not issued"),
    ("sendCdrTestEvent", "an event is not sent to this machine"),
    ("sendExtensionTestEvent", "an event is not sent to this machine"),
    ("deleteFile", "the brand shows the file"),
    ("resetSystemAdminPassword", "the new password is the present one"),
    ("resetCurrentDealerPassword", "the new password is the present one"),
    ("resetCurrentUserPassword", "the new password is the present one"),
];

/// An object of every kind, so that every operation finds one.
pub(crate) struct Objects {
    pub(crate) ids: Vec<(&'static str, String)>,
    digest: String,
}

impl Objects {
    pub(crate) async fn new(administrator: &Raw, within: &Raw, tenant: &str, dealer: &str) -> Self {
        let provider = json!({"name": "Trunk", "auth_mode": "IP_AUTH", "hostname": "sip.example.net"});
        let provider = create(administrator, "/providers", &provider).await;
        let assign = format!("/providers/{provider}/assignees/{tenant}");
        let assigned = administrator.post(&assign, &json!({"did_numbers": "3000"})).await;
        assert_eq!(assigned.status, 204, "{}", assigned.body);
        let rule = json!({"cidr": "192.0.2.0/24", "target": "ACCEPT"});
        let holiday = json!({
            "name": "New Year", "region": "DEU", "consecutive": true, "every_year": true,
            "month_start": 1, "day_start": 1, "month_end": 1, "day_end": 1,
        });
        let (logo, digest) = upload(administrator, 1).await;
        let (avatar, _) = upload(within, 1).await;
        let (blob, token) = begin_upload(administrator).await;
        let ids = vec![
            ("dealers", dealer.to_owned()),
            ("dealer_id", dealer.to_owned()),
            ("tenants", tenant.to_owned()),
            ("tenant_id", tenant.to_owned()),
            ("users", create_user(within, "keeper", "Admin", 101).await),
            ("holidays", create(within, "/holidays", &holiday).await),
            ("ip_filters", create(administrator, "/ip_filters", &rule).await),
            ("transports", first(administrator, "/transports").await),
            ("providers", provider.clone()),
            ("provider_id", provider),
            ("blobs", blob),
            ("PortSIP-Upload-Token", token),
            ("files", logo.clone()),
            ("avatar_file_id", avatar),
            ("logo", logo.clone()),
            ("favicon", logo),
        ];
        Self { ids, digest }
    }

    /// Returns the value for a parameter of a path.
    #[expect(clippy::panic, reason = "add this parameter to the test")]
    pub(crate) fn parameter(&self, operation: &Operation, name: &str) -> String {
        match name {
            "digest" => self.digest.clone(),
            "id" => match self.find(operation.resource()) {
                Some(id) => id.to_owned(),
                None => panic!("create an object of /{} here", operation.resource()),
            },
            _ => self.find(name).unwrap().to_owned(),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.ids.iter().find(|(of, _)| *of == name).map(|(_, id)| id.as_str())
    }
}

async fn first(session: &Raw, list: &str) -> String {
    let list = session.get(list, &[]).await.json();
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

/// A request that was sent, with its response.
pub(crate) struct Sent<'a> {
    operation: &'a Operation,
    /// The number of its items.
    items: usize,
    pub(crate) response: Exchange,
    /// The times before and after.
    during: RangeInclusive<Timestamp>,
}

/// Returns the number of items: those of arrays, and the words of strings.
fn items(value: &Value) -> usize {
    match value {
        Value::Array(all) => all.len() + all.iter().map(items).sum::<usize>(),
        Value::Object(properties) => properties.values().map(items).sum(),
        Value::String(text) => text.matches(['-', ',', ';', ' ']).count(),
        _ => 0,
    }
}

/// A property that no body has.
const UNKNOWN: &str = "unknown-property";

/// Sends the largest request that the schema of the operation allows, or one with an unknown property more.
pub(crate) async fn send<'a>(
    operation: &'a Operation,
    session: &Raw,
    objects: &Objects,
    generator: &Generator<'_>,
    schema: &Value,
    invalid: bool,
) -> Sent<'a> {
    let path = operation.expand_path(|name| objects.parameter(operation, name));
    let mut request = session.request(operation.method.parse().unwrap(), &path);
    let mut input = json!({});
    let locations = schema["properties"].as_object().into_iter().flatten();
    for (location, schema) in locations.filter(|(location, _)| *location != "path") {
        let mut value = generator.value(schema, location, 0);
        if invalid && location == "body" {
            value[UNKNOWN] = json!(1);
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = || {
            value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name, text(value)))
        };
        request = match location.as_str() {
            "query" => request.query(&pairs().collect::<Vec<_>>()),
            "header" => pairs().fold(request, |request, (name, value)| request.header(name, value)),
            _ if operation.body.as_deref() == Some("application/json") => request.json(&value),
            _ => request.form(&value),
        };
        input[location] = value;
    }
    if operation.body.as_deref() == Some("application/octet-stream") {
        request = request.body("x".repeat(1 << 20));
    }
    if schema.is_object() && !invalid {
        let legal = generator.check(schema, &input);
        assert!(legal.is_ok(), "{}: {legal:?}", operation.id);
    }
    let now = || Timestamp::try_from(SystemTime::now()).unwrap();
    let from = now();
    let response = session.send_request(request).await;
    Sent {
        operation,
        items: items(&input),
        response,
        during: from..=now(),
    }
}

/// The rank from which on nobody signs in anymore: names change, then the dealer and the tenant are deleted.
const LAST: usize = 20;

/// The order in which they are sent: what ends a session comes late, and what deletes objects last, those within others first.
fn rank(operation: &Operation) -> usize {
    let ends_sessions = ["sign_out", "logout", "revoke", "switch", "password"];
    match operation.path.as_str() {
        "/dealers/{id}/destroy" | "/tenants/{id}/destroy" => LAST + 1,
        path if path.ends_with("/username") => LAST,
        path if path.contains("destroy") => 10 - operation.parameters().len(),
        path => usize::from(ends_sessions.iter().any(|word| path.contains(word))),
    }
}

/// A transaction of the log.
struct Transaction {
    at: Timestamp,
    statements: usize,
    values: usize,
}

fn transactions(log: &str) -> Vec<Transaction> {
    let field = |line: &str, name: &str| -> usize {
        let (_, rest) = line.split_once(&format!(" {name}=")).unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    let lines = log.lines().filter(|line| line.contains(": transaction "));
    lines
        .map(|line| Transaction {
            at: line.split(' ').next().unwrap().parse().unwrap(),
            statements: field(line, "statements"),
            values: field(line, "values"),
        })
        .collect()
}

/// Returns a session of each role above a tenant's users.
pub(crate) async fn sessions(server: &Server, tenant: &str, dealer: &str) -> Vec<(&'static [&'static str], Raw)> {
    let administrator = server.raw_signed_in().await;
    let dealer = administrator.get(&format!("/dealers/{dealer}"), &[]).await.json();
    let dealer = sign_in(server, dealer["name"].as_str().unwrap(), None).await;
    let switched = server.raw_signed_in().await;
    switch(&switched, tenant).await;
    vec![
        (&["SystemAdmin"], administrator),
        (&["SystemAdmin", "Admin"], switched),
        (&["Dealer"], dealer),
    ]
}

/// Returns a session of a user that is created, for operations on the caller's own account.
async fn user(server: &Server, within: &Raw, number: usize) -> Raw {
    let name = format!("caller-{number}");
    create_user(within, &name, "Admin", 500 + u32::try_from(number).unwrap()).await;
    let tenant = within.get("/tenant", &[]).await.json();
    sign_in(server, &name, tenant["domain"].as_str()).await
}

/// A server with an object of every kind.
struct Fixture {
    server: Server,
    tenant: String,
    dealer: String,
    objects: Objects,
    schemas: Value,
    pair: (String, String),
}

impl Fixture {
    async fn new() -> Self {
        let server = start().with_arguments(&["--log", "pbx_server=debug"]).ready();
        let administrator = server.raw_signed_in().await;
        let tenant = create_tenant(&administrator, "largest.example.com").await;
        let dealer = create_dealer(&administrator, "distributor").await;
        let within = server.raw_signed_in().await;
        switch(&within, &tenant).await;
        let objects = Objects::new(&administrator, &within, &tenant, &dealer).await;
        let pair = rcgen::generate_simple_self_signed(["pbx.example.com".to_owned()]).unwrap();
        Self {
            server,
            tenant,
            dealer,
            objects,
            schemas: request_schemas(),
            pair: (pair.cert.pem(), pair.signing_key.serialize_pem()),
        }
    }

    /// Sends the largest request of an operation.
    async fn send<'a>(&self, number: usize, operation: &'a Operation, session: &Raw, invalid: bool) -> Sent<'a> {
        let Self { objects, schemas, .. } = self;
        let id = objects.find(operation.resource()).map(|id| ("id", id));
        let ids = objects.ids.iter().map(|(name, id)| (*name, id.as_str()));
        let generator = Generator {
            schemas,
            ids: &ids.chain(id).collect::<Vec<_>>(),
            number,
            pair: &self.pair,
        };
        let schema = &schemas["operations"][&operation.id];
        send(operation, session, objects, &generator, schema, invalid).await
    }
}

#[on_each_engine]
async fn largest_request_of_every_operation_is_a_bounded_number_of_statements() {
    let fixture = Fixture::new().await;
    let Fixture {
        server, tenant, dealer, ..
    } = &fixture;
    let mut operations = operations();
    operations.sort_by_key(rank);
    let mut all = Vec::new();
    let mut callers = sessions(server, tenant, dealer).await;
    for (number, operation) in operations.iter().enumerate() {
        if (1..LAST).contains(&rank(operation)) {
            callers = sessions(server, tenant, dealer).await;
        }
        let caller = callers.iter().find(|(roles, _)| operation.allows(roles));
        let session = match caller {
            Some((_, session)) => session.clone(),
            None => user(server, &callers[1].1, number).await,
        };
        all.push(fixture.send(number, operation, &session, false).await);
    }

    let log = fixture.server.terminate().stderr;
    let transactions = transactions(&log);
    for sent in all {
        let (id, response) = (&sent.operation.id, &sent.response);
        let refused = REFUSED.iter().any(|(operation, _)| operation == id);
        assert_eq!(response.status >= 400, refused, "{id}: {}", response.body);
        assert!(response.status < 500, "{id}: {}", response.body);
        // Transactions of the server itself may be among them, which are small.
        let during = || {
            transactions
                .iter()
                .filter(|transaction| sent.during.contains(&transaction.at))
        };
        let statements = during().map(|transaction| transaction.statements).max();
        let values = during().map(|transaction| transaction.values).max();
        let (statements, values) = (statements.unwrap_or(0), values.unwrap_or(0));
        let most = VALUES + VALUES_PER_ITEM * sent.items;
        assert!(
            statements <= STATEMENTS,
            "{id}: {statements} statements in one transaction"
        );
        assert!(
            values <= most,
            "{id}: {values} values in one transaction for {} items",
            sent.items
        );
    }
    assert!(
        transactions.len() > 100,
        "{} transactions were logged",
        transactions.len()
    );
}

/// Returns what every operation shows that has no path parameter, except counts and times.
async fn shown(operations: &[Operation], callers: &[(&[&str], Raw)]) -> Vec<String> {
    let mut shown = Vec::new();
    for operation in operations {
        let is_shown = operation.method == "GET" && operation.parameters().is_empty();
        if let Some((_, session)) = callers.iter().find(|(roles, _)| operation.allows(roles))
            && is_shown
            && !operation.path.ends_with("/status")
            && operation.id != "getLoginStatus"
        {
            let response = session.get(&operation.path, &[]).await;
            shown.push(format!("{} {}", operation.id, response.body));
        }
    }
    shown
}

#[on_each_engine]
async fn invalid_body_of_any_operation_changes_nothing() {
    let fixture = Fixture::new().await;
    let operations = operations();
    let callers = sessions(&fixture.server, &fixture.tenant, &fixture.dealer).await;
    let before = shown(&operations, &callers).await;
    assert!(before.len() > 15, "{before:?}");
    let mut sent = 0;
    for (number, operation) in operations.iter().enumerate() {
        let takes_properties = matches!(operation.body.as_deref(), Some(body) if body != "application/octet-stream");
        let caller = callers.iter().find(|(roles, _)| operation.allows(roles));
        let Some((_, session)) = caller.filter(|_| takes_properties) else {
            continue;
        };
        let Sent { response, .. } = fixture.send(number, operation, session, true).await;
        let (id, errors) = (&operation.id, response.json());
        assert_eq!(response.status, 400, "{id}: {}", response.body);
        let detail = format!("body#/{UNKNOWN} unknown");
        assert_eq!(errors["errors"][0]["detail"], detail, "{id}: {}", response.body);
        assert_eq!(errors["errors"].as_array().unwrap().len(), 1, "{id}: {}", response.body);
        sent += 1;
    }
    assert!(sent > 30, "{sent}");
    assert_eq!(shown(&operations, &callers).await, before);
}
