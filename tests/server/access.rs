//! Access: every operation by every kind of caller, compared with the contract's `x-access`, and with a table for reviewers.

use std::fmt::Write as _;

use jiff::SignedDuration;
use pbx_test_harness::{Operation, Raw, on_each_engine, operations, unimplemented_operations};
use reqwest::Method;

use crate::accounts::{Accounts, user};
use crate::start;

/// A kind of caller.
struct Caller {
    name: &'static str,
    /// Its roles in the contract; empty for callers that must not get access to anything.
    roles: &'static [&'static str],
    session: Raw,
}

/// Operations that end or change the session that calls them.
const SESSION_OPERATIONS: [&str; 4] = ["signOut", "revokeOauthToken", "logout", "switchTenants"];

/// Returns the outcome of a request without a body and with IDs of no object: its status, or "in" if it reached the handler.
async fn outcome(operation: &Operation, session: &Raw) -> &'static str {
    let path = operation.expand_path(|_| "1".to_owned());
    let method: Method = operation.method.parse().unwrap();
    let response = session.send_empty(method, &path).await;
    match (
        response.status,
        response.status < 400 || response.codes() != ["FORBIDDEN"],
    ) {
        (401, _) => "401",
        (403, false) => "403",
        (501, _) => "501",
        _ => "in",
    }
}

#[on_each_engine]
async fn every_operation_allows_the_roles_of_the_contract() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let accounts = Accounts::new(&server).await;
    let raw = |token: &str| {
        let mut raw = server.raw();
        raw.set_token(token);
        raw
    };
    let callers = async || {
        let mut callers = vec![Caller {
            name: "anonymous",
            roles: &[],
            session: server.raw(),
        }];
        let revoked = accounts.administrator(&server).await;
        assert_eq!(revoked.post_empty("/auth/sign_out").await.status, 200);
        callers.push(Caller {
            name: "revoked",
            roles: &[],
            session: revoked,
        });
        let administrator = accounts.administrator(&server).await;
        callers.push(Caller {
            name: "SystemAdmin",
            roles: &["SystemAdmin"],
            session: administrator,
        });
        let switched = accounts.administrator(&server).await;
        accounts.switch(&switched).await;
        callers.push(Caller {
            name: "SystemAdmin, switched",
            roles: &["SystemAdmin", "Admin"],
            session: switched,
        });
        let dealer = accounts.dealer(&server).await;
        callers.push(Caller {
            name: "Dealer",
            roles: &["Dealer"],
            session: dealer,
        });
        let switched = accounts.dealer(&server).await;
        accounts.switch(&switched).await;
        callers.push(Caller {
            name: "Dealer, switched",
            roles: &["Dealer", "Admin"],
            session: switched,
        });
        for (role, roles) in user::ROLES {
            callers.push(Caller {
                name: role,
                roles,
                session: accounts.user(&server, role).await,
            });
        }
        callers
    };

    // Sessions from before the accounts were disabled.
    let mut invalid = vec![
        ("disabled dealer", accounts.dealer_to_disable(&server).await),
        ("disabled user", accounts.user_to_disable(&server).await),
        (
            "user of a disabled tenant",
            accounts.user_of_tenant_to_disable(&server).await,
        ),
    ];
    accounts.disable().await;
    let expiring = raw(accounts.administrator(&server).await.token().unwrap());

    let mut table = String::new();
    let operations = operations();
    let shared = callers().await;
    let mut rows: Vec<(String, Vec<(&str, &str)>)> = Vec::new();
    for operation in &operations {
        let changes_session = SESSION_OPERATIONS.contains(&operation.id.as_str());
        let own = if changes_session { Some(callers().await) } else { None };
        let mut row = Vec::new();
        for caller in own.as_ref().unwrap_or(&shared) {
            let outcome = outcome(operation, &caller.session).await;
            let expected = if operation.is_public {
                "in"
            } else if caller.roles.is_empty() {
                "401"
            } else if operation.allows(caller.roles) {
                "in"
            } else {
                "403"
            };
            assert_eq!(outcome, expected, "{} by {}", operation.id, caller.name);
            row.push((caller.name, outcome));
        }
        rows.push((operation.id.clone(), row));
    }
    clock.advance(SignedDuration::from_secs(1801));
    invalid.push(("expired", expiring));
    for (operation, (_, row)) in operations.iter().zip(&mut rows) {
        for (name, session) in &invalid {
            let outcome = outcome(operation, session).await;
            assert_eq!(
                outcome,
                if operation.is_public { "in" } else { "401" },
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

/// New resources, and new operations of others, need no entry in any test until they are implemented.
#[on_each_engine]
async fn operation_that_is_not_implemented_answers_501_after_authentication() {
    let server = start().ready();
    let session = server.raw_signed_in().await;
    for operation in &unimplemented_operations() {
        let anonymous = outcome(operation, &server.raw()).await;
        assert_eq!(
            anonymous,
            if operation.is_public { "501" } else { "401" },
            "{}",
            operation.id
        );
        assert_eq!(outcome(operation, &session).await, "501", "{}", operation.id);
    }
}
