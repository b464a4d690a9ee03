//! Who may call what: every operation by every kind of caller, held against the contract's access rules, and against a table for
//! a person to review.

use std::fmt::Write as _;

use jiff::SignedDuration;
use pbx_test_harness::{Operation, Raw, on_each_engine, operations};
use reqwest::Method;

use crate::people::{People, user};
use crate::start;

/// A kind of caller.
struct Kind {
    name: &'static str,
    /// What the contract calls it; none for those who must not get in anywhere.
    roles: &'static [&'static str],
    session: Raw,
}

/// Operations that end or change the session that calls them.
const OF_THE_SESSION: [&str; 3] = ["signOut", "revokeOauthToken", "switchTenants"];

/// What becomes of a call without a body and with ids that name nothing: whether the caller gets as far as the operation.
async fn outcome(operation: &Operation, session: &Raw) -> &'static str {
    let path = operation.path_with(|_| "1".to_owned());
    let method: Method = operation.method.parse().unwrap();
    let answer = session.other(method, &path).await;
    match (answer.status, answer.status < 400 || answer.codes() != ["FORBIDDEN"]) {
        (401, _) => "401",
        (403, false) => "403",
        (501, _) => "501",
        _ => "in",
    }
}

#[on_each_engine]
async fn every_operation_lets_in_whom_the_contract_names() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let people = People::new(&server).await;
    let raw = |token: &str| {
        let mut raw = server.raw();
        raw.sign_in_with(token);
        raw
    };
    let kinds = async || {
        let mut kinds = vec![Kind {
            name: "stranger",
            roles: &[],
            session: server.raw(),
        }];
        let revoked = people.administrator(&server).await;
        assert_eq!(revoked.post_empty("/auth/sign_out").await.status, 200);
        kinds.push(Kind {
            name: "revoked",
            roles: &[],
            session: revoked,
        });
        let administrator = people.administrator(&server).await;
        kinds.push(Kind {
            name: "SystemAdmin",
            roles: &["SystemAdmin"],
            session: administrator,
        });
        let switched = people.administrator(&server).await;
        people.switch(&switched).await;
        kinds.push(Kind {
            name: "SystemAdmin, switched",
            roles: &["SystemAdmin", "Admin"],
            session: switched,
        });
        let dealer = people.dealer(&server).await;
        kinds.push(Kind {
            name: "Dealer",
            roles: &["Dealer"],
            session: dealer,
        });
        let switched = people.dealer(&server).await;
        people.switch(&switched).await;
        kinds.push(Kind {
            name: "Dealer, switched",
            roles: &["Dealer", "Admin"],
            session: switched,
        });
        for (role, roles) in user::ROLES {
            kinds.push(Kind {
                name: role,
                roles,
                session: people.user(&server, role).await,
            });
        }
        kinds
    };

    // Sessions from before whatever took the right away.
    let mut shut_out = vec![
        ("disabled dealer", people.dealer_to_disable(&server).await),
        ("disabled user", people.user_to_disable(&server).await),
        (
            "user of a disabled tenant",
            people.user_of_tenant_to_disable(&server).await,
        ),
    ];
    people.disable().await;
    let expiring = raw(people.administrator(&server).await.token().unwrap());

    let mut table = String::new();
    let operations = operations();
    let shared = kinds().await;
    let mut rows: Vec<(String, Vec<(&str, &str)>)> = Vec::new();
    for operation in &operations {
        let of_the_session = OF_THE_SESSION.contains(&operation.id.as_str());
        let own = if of_the_session { Some(kinds().await) } else { None };
        let mut row = Vec::new();
        for kind in own.as_ref().unwrap_or(&shared) {
            let outcome = outcome(operation, &kind.session).await;
            let expected = if operation.open {
                "in"
            } else if kind.roles.is_empty() {
                "401"
            } else if operation.lets_in(kind.roles) {
                "in"
            } else {
                "403"
            };
            assert_eq!(outcome, expected, "{} by {}", operation.id, kind.name);
            row.push((kind.name, outcome));
        }
        rows.push((operation.id.clone(), row));
    }
    clock.advance(SignedDuration::from_secs(1801));
    shut_out.push(("expired", expiring));
    for (operation, (_, row)) in operations.iter().zip(&mut rows) {
        for (name, session) in &shut_out {
            let outcome = outcome(operation, session).await;
            assert_eq!(
                outcome,
                if operation.open { "in" } else { "401" },
                "{} by {name}",
                operation.id
            );
            row.push((name, outcome));
        }
    }

    let names: Vec<_> = rows[0].1.iter().map(|(name, _)| *name).collect();
    for (index, name) in names.iter().enumerate() {
        let _ = writeln!(table, "{index:>2} {name}");
    }
    let _ = write!(table, "\n{:<34}", "");
    for index in 0..names.len() {
        let _ = write!(table, "{index:>4}");
    }
    table.push('\n');
    for (operation, row) in rows {
        let _ = write!(table, "{operation:<34}");
        for (_, outcome) in row {
            let _ = write!(table, "{outcome:>4}");
        }
        table.push('\n');
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(table);
    }
}
