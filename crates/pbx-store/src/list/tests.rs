//! Random list queries on random rows, compared with an evaluator in Rust.

use std::cell::RefCell;
use std::cmp::Ordering;

use pbx_domain::Id;
use pbx_types::list::orderby::SortKey;
use pbx_types::list::{ListParameters, ListQuery};
use proptest::prelude::*;
use sea_query::{Expr, ExprTrait, Query};

use super::testing::{FIELDS, Thing, order};
use super::{List, SEPARATOR, page};
use crate::change_log::ChangeLog;
use crate::error::StoreError;
use crate::row::value;
use crate::testing::TestStore;

const SHORT: List = List::short(FIELDS);

/// A list with indexes and a change log.
const LONG: List = List {
    fields: FIELDS,
    indexed: &["id", "name", "port", "enabled", "at"],
    search_text: None,
    substring_index: None,
    change_log: Some(&LOG),
};

static LOG: ChangeLog = ChangeLog {
    table: "thing_changes",
    id_column: "thing_id",
    view: "thing_revision",
};

/// The same list with an index of substrings.
const WITH_SUBSTRING_INDEX: List = List {
    substring_index: Some("thing_texts"),
    ..LONG
};

/// A few letters, so that values repeat, and every character that could break quoting or case folding.
const ALPHABET: &str = "[abAB1%_'\\\\äÄ \"-]{0,4}";

fn thing() -> impl Strategy<Value = Thing> {
    let time = (0i64..4).prop_map(|day| jiff::Timestamp::from_second(day * 86_400).unwrap());
    let columns = (
        proptest::option::of(ALPHABET),
        proptest::option::of(ALPHABET),
        proptest::option::of(-2i64..3),
        proptest::option::of(any::<bool>()),
        proptest::option::of(time),
    );
    columns.prop_map(|(name, note, port, enabled, at)| Thing {
        id: Id::from_stored(0),
        name,
        note,
        port,
        enabled,
        at,
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A filter as a client writes it.
fn filter() -> impl Strategy<Value = String> {
    let comparison = prop_oneof![Just("eq"), Just("ne"), Just("gt"), Just("ge"), Just("lt"), Just("le")];
    let operand = prop_oneof![
        (Just("name"), ALPHABET.prop_map(|text| quoted(&text))),
        (Just("note"), Just("name".to_owned())),
        (Just("note"), Just("tolower(name)".to_owned())),
        (
            Just("tolower(note)"),
            ALPHABET.prop_map(|text| quoted(&text.to_lowercase()))
        ),
        (
            Just("toupper(name)"),
            ALPHABET.prop_map(|text| quoted(&text.to_uppercase()))
        ),
        (Just("note"), Just("null".to_owned())),
        (Just("port"), (-2i64..3).prop_map(|port| port.to_string())),
        (
            Just("port"),
            prop_oneof![Just("0.5"), Just("'1'"), Just("null")].prop_map(str::to_owned)
        ),
        (Just("id"), (1i64..20).prop_map(|id| quoted(&id.to_string()))),
        // No ID that was ever issued.
        (Just("id"), Just(quoted("x"))),
        (
            Just("enabled"),
            prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(str::to_owned)
        ),
        (
            Just("at"),
            (1u8..5).prop_map(|day| format!("1970-01-0{day}T01:00:00+01:00"))
        ),
    ];
    let compare = (operand, comparison, any::<bool>()).prop_map(|((field, literal), comparison, mirrored)| {
        if mirrored {
            format!("{literal} {comparison} {field}")
        } else {
            format!("{field} {comparison} {literal}")
        }
    });
    let function = prop_oneof![Just("startswith"), Just("endswith"), Just("contains")];
    let subject = prop_oneof![
        Just("name"),
        Just("note"),
        Just("id"),
        Just("tolower(name)"),
        Just("toupper(note)")
    ];
    let result = prop_oneof![3 => Just(""), 1 => Just(" eq true"), 1 => Just(" eq false"), 1 => Just(" ne true")];
    let matching = (function, subject, ALPHABET, result)
        .prop_map(|(function, subject, text, result)| format!("{function}({subject},{}){result}", quoted(&text)));
    let strings = proptest::collection::vec(
        prop_oneof![3 => ALPHABET.prop_map(|text| quoted(&text)), 1 => Just("null".to_owned())],
        1..4,
    );
    let numbers = proptest::collection::vec(prop_oneof![Just("0"), Just("1"), Just("0.5"), Just("null")], 1..4);
    let list = prop_oneof![
        (prop_oneof![Just("name"), Just("tolower(note)")], strings)
            .prop_map(|(field, values)| format!("{field} in ({})", values.join(","))),
        numbers.prop_map(|values| format!("port in ({})", values.join(","))),
        Just("id in ('x','2',null)".to_owned()),
        Just("id in ('x')".to_owned()),
        Just("enabled in (true)".to_owned()),
    ];
    let leaf = prop_oneof![
        4 => compare,
        3 => matching,
        2 => list,
        1 => Just("enabled".to_owned()),
        1 => Just("false".to_owned())
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| format!("not {part}")),
            inner.clone().prop_map(|part| format!("({part})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} and {right}")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("{left} or {right}")),
        ]
    })
}

fn search() -> impl Strategy<Value = String> {
    let term = prop_oneof!["[abAB1äÄ%_]{1,2}", Just("\"a b\"".to_owned())];
    term.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| format!("NOT ({part})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} OR {right}")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("({left}) ({right})")),
        ]
    })
}

fn orderby() -> impl Strategy<Value = String> {
    let keys = proptest::sample::subsequence(FIELDS.iter().map(|field| field.name).collect::<Vec<_>>(), 0..4);
    (keys.prop_shuffle(), proptest::collection::vec(any::<bool>(), 4)).prop_map(|(keys, descending)| {
        let keys = keys.iter().zip(descending);
        let keys: Vec<String> = keys
            .map(|(key, down)| format!("{key}{}", if down { " desc" } else { "" }))
            .collect();
        keys.join(", ")
    })
}

/// A store whose database has a table for [`Thing`]s.
struct Fixture {
    test_store: TestStore,
    runtime: tokio::runtime::Runtime,
    things: RefCell<Vec<Thing>>,
}

impl Fixture {
    fn on_every_engine() -> impl Iterator<Item = Self> {
        TestStore::on_every_engine().map(|test_store| {
            test_store.database.sql(
                "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, note TEXT, port INTEGER, enabled INTEGER, at INTEGER)
                 STRICT;
                 CREATE VIRTUAL TABLE thing_texts USING fts5(search_text, tokenize = 'trigram');
                 CREATE TABLE thing_changes (revision INTEGER PRIMARY KEY, thing_id INTEGER);
                 CREATE VIEW thing_revision AS SELECT coalesce(max(revision), 0) + 1 AS settled,
                 coalesce(max(revision), 0) + 1 AS next, max(revision) AS newest FROM thing_changes",
                "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT COLLATE \"C\", note TEXT COLLATE \"C\", port BIGINT,
                 enabled BOOLEAN, at BIGINT); ALTER TABLE things OWNER TO pbx;
                 CREATE TABLE thing_texts (rowid BIGINT, search_text TEXT COLLATE \"C\"); ALTER TABLE thing_texts OWNER TO pbx;
                 CREATE TABLE thing_changes (revision BIGINT DEFAULT pg_current_xact_id()::text::bigint, thing_id BIGINT);
                 ALTER TABLE thing_changes OWNER TO pbx;
                 CREATE VIEW thing_revision AS SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled,
                 pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
                 (SELECT max(revision) FROM thing_changes) AS newest; ALTER VIEW thing_revision OWNER TO pbx",
            );
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let things = RefCell::default();
            Self {
                test_store,
                runtime,
                things,
            }
        })
    }

    /// Replaces the rows, and logs those that change.
    fn replace_rows(&self, things: Vec<Thing>) {
        let before = self.things.replace(things.clone());
        let removed: Vec<Thing> = before.iter().filter(|thing| !things.contains(thing)).cloned().collect();
        let added: Vec<Thing> = things.into_iter().filter(|thing| !before.contains(thing)).collect();
        let work = move |tx: &mut crate::tx::Tx<'_>| {
            for thing in &removed {
                for (table, id) in [("things", "id"), ("thing_texts", "rowid")] {
                    let mut delete = Query::delete();
                    tx.execute(delete.from_table(table).and_where(Expr::col(id).eq(thing.id.stored())))?;
                }
                log(tx, thing.id)?;
            }
            for thing in &added {
                let mut insert = Query::insert();
                insert
                    .into_table("things")
                    .columns(FIELDS.iter().map(|field| field.name))
                    .values_panic([
                        thing.id.stored().into(),
                        thing.name.clone().into(),
                        thing.note.clone().into(),
                        thing.port.into(),
                        thing.enabled.into(),
                        value(&thing.at).into(),
                    ]);
                tx.execute(&insert)?;
                let strings = [&thing.name, &thing.note].map(|string| string.as_deref().unwrap_or_default());
                let mut insert = Query::insert();
                insert
                    .into_table("thing_texts")
                    .columns(["rowid", "search_text"])
                    .values_panic([thing.id.stored().into(), strings.join(SEPARATOR).to_lowercase().into()]);
                tx.execute(&insert)?;
                log(tx, thing.id)?;
            }
            Ok::<_, StoreError>(())
        };
        self.runtime
            .block_on(self.test_store.store.write_unaudited(work))
            .unwrap();
    }

    fn query(&self, list: &'static List, query: &ListQuery) -> (i64, Vec<i64>) {
        let query = query.clone();
        let page = self.runtime.block_on(self.test_store.store.scan(
            pbx_domain::session::Principal::System,
            move |tx| {
                let select = Query::select().column("id").from("things").to_owned();
                page(tx, select, list, &query, |row| row.get::<i64>(0))
            },
        ));
        let page = page.map_err(|error: StoreError| error).unwrap();
        (page.count, page.items)
    }
}

fn log(tx: &mut crate::tx::Tx<'_>, id: Id<Thing>) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(LOG.table)
        .columns([LOG.id_column])
        .values_panic([id.stored().into()]);
    tx.execute(&insert).map(drop)
}

/// Returns the expected count and page.
fn expected(things: &[Thing], query: &ListQuery) -> (i64, Vec<i64>) {
    let mut rows: Vec<&Thing> = things
        .iter()
        .filter(|thing| query.filter.as_ref().is_none_or(|filter| thing.satisfies(filter)))
        .filter(|thing| query.search.as_ref().is_none_or(|search| thing.contains(search)))
        .collect();
    rows.sort_by(|left, right| {
        let keys = query.order.iter().map(|key| by_key(left, right, key));
        keys.fold(Ordering::Equal, Ordering::then).then(left.id.cmp(&right.id))
    });
    let page = rows.iter().skip(query.skip as usize).take(query.top as usize);
    (
        i64::try_from(rows.len()).unwrap(),
        page.map(|thing| thing.id.stored()).collect(),
    )
}

fn by_key(left: &Thing, right: &Thing, key: &SortKey) -> Ordering {
    let ordering = match (left.get(key.field), right.get(key.field)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(left), Some(right)) => order(&left, &right).unwrap(),
    };
    if key.descending { ordering.reverse() } else { ordering }
}

#[test]
fn results_equal_those_of_the_evaluator() {
    for fixture in Fixture::on_every_engine() {
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 200,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let strategy = (
            proptest::collection::vec(thing(), 0..20),
            proptest::array::uniform3(proptest::collection::vec(
                (1i64..20, proptest::option::of(thing())),
                0..4,
            )),
            proptest::option::of(filter()),
            proptest::option::of(search()),
            orderby(),
            0u32..6,
            1u32..8,
        );
        let outcome = runner.run(
            &strategy,
            |(mut things, changes, filter, search, orderby, skip, top)| {
                for (number, thing) in (1..).zip(&mut things) {
                    thing.id = Id::from_stored(number);
                }
                let parameters = ListParameters {
                    filter,
                    search,
                    orderby: Some(orderby),
                    skip,
                    top,
                };
                let query =
                    ListQuery::parse(&parameters, FIELDS).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                fixture.replace_rows(things.clone());
                for changes in [Vec::new()].into_iter().chain(changes) {
                    for (number, changed) in changes {
                        let id = Id::from_stored(number);
                        things.retain(|thing| thing.id != id);
                        things.extend(changed.map(|thing| Thing { id, ..thing }));
                    }
                    fixture.replace_rows(things.clone());
                    let expected = expected(&things, &query);
                    for list in [&SHORT, &LONG, &WITH_SUBSTRING_INDEX, &LONG] {
                        prop_assert_eq!(&fixture.query(list, &query), &expected);
                    }
                }
                Ok(())
            },
        );
        outcome.unwrap();
    }
}

#[test]
fn all_matches_are_counted_on_every_page() {
    for fixture in Fixture::on_every_engine() {
        let blank = Thing {
            id: Id::from_stored(0),
            name: None,
            note: None,
            port: None,
            enabled: None,
            at: None,
        };
        fixture.replace_rows(
            (1..=7)
                .map(|number| Thing {
                    id: Id::from_stored(number),
                    ..blank.clone()
                })
                .collect(),
        );
        let query = |skip, top| ListQuery {
            filter: None,
            search: None,
            order: Vec::new(),
            skip,
            top,
        };
        for list in [&SHORT, &LONG] {
            assert_eq!(fixture.query(list, &query(0, 3)), (7, vec![1, 2, 3]));
            assert_eq!(fixture.query(list, &query(6, 3)), (7, vec![7]));
            assert_eq!(fixture.query(list, &query(9, 3)), (7, vec![]));
        }
    }
}

#[test]
fn the_longest_and_the_most_nested_filters_run() {
    for fixture in Fixture::on_every_engine() {
        fixture.replace_rows(Vec::new());
        let chain = vec!["enabled"; 320].join(" and ");
        let nest = format!("{}enabled{}", "not (".repeat(16), ")".repeat(16));
        let negated = format!("not ({})", vec!["port eq 1"; 300].join(" or "));
        let values = format!("port in ({})", vec!["1"; 1_900].join(","));
        for filter in [chain, nest, negated, values] {
            let parameters = ListParameters {
                filter: Some(filter),
                top: 1,
                ..ListParameters::default()
            };
            assert_eq!(
                fixture.query(&LONG, &ListQuery::parse(&parameters, FIELDS).unwrap()),
                (0, vec![])
            );
        }
    }
}

#[test]
fn case_conversions_equal_those_of_rust() {
    for fixture in Fixture::on_every_engine() {
        for text in [
            "ÄÖÜẞß",
            "İIıi",
            "ΣΑΣ ΣΑΣ",
            "ŁÓDŹ",
            "ǅ",
            "Ⅷ Ⓐ",
            "ДЁ",
            "ﬁ",
            "e\u{301}É",
            "𐐀",
        ] {
            for (function, expected) in [
                ("lower_unicode", text.to_lowercase()),
                ("upper_unicode", text.to_uppercase()),
            ] {
                let converted = fixture.runtime.block_on(fixture.test_store.store.read(move |tx| {
                    let converted = sea_query::Func::cust(function).arg(text);
                    tx.first(&Query::select().expr(converted).to_owned(), |row| row.get::<String>(0))
                }));
                assert_eq!(converted.map_err(|error: StoreError| error).unwrap().unwrap(), expected);
            }
        }
    }
}

/// The values of `note` in the rows, in the order of their IDs from 1.
const NOTES: [Option<&str>; 3] = [None, Some("a"), Some("b")];

#[test]
fn rows_with_null_satisfy_what_odata_says() {
    for fixture in Fixture::on_every_engine() {
        let things = (1..).zip(NOTES).map(|(number, note)| Thing {
            id: Id::from_stored(number),
            name: None,
            note: note.map(str::to_owned),
            port: Some(5).filter(|_| note.is_some()),
            enabled: None,
            at: None,
        });
        fixture.replace_rows(things.collect());
        for (filter, expected) in [
            ("note ne 'a'", vec![1, 3]),
            ("not (note eq 'a')", vec![1, 3]),
            ("not (note ne 'a')", vec![2]),
            ("note in ('a',null)", vec![1, 2]),
            ("not (note in ('a'))", vec![1, 3]),
            ("not (note in ('a',null))", vec![3]),
            ("name eq note", vec![1]),
            ("not (name eq note)", vec![2, 3]),
            ("name ge note", vec![]),
            ("not (port gt 4)", vec![1]),
            ("not (port gt 5)", vec![1, 2, 3]),
            ("note gt null", vec![]),
            ("not (note gt null)", vec![1, 2, 3]),
            ("not startswith(note,'a')", vec![1, 3]),
            ("startswith(note,'a') eq false", vec![1, 3]),
            ("not (not startswith(note,'a'))", vec![2]),
            ("tolower(note) ne 'a'", vec![1, 3]),
            ("not enabled", vec![1, 2, 3]),
            ("enabled eq false", vec![]),
            ("not (id eq 'x')", vec![1, 2, 3]),
            ("id ne 'x'", vec![1, 2, 3]),
        ] {
            let parameters = ListParameters {
                filter: Some(filter.to_owned()),
                ..ListParameters::default()
            };
            let query = ListQuery::parse(&parameters, FIELDS).unwrap();
            for list in [&SHORT, &LONG] {
                assert_eq!(fixture.query(list, &query).1, expected, "{filter}");
            }
        }
    }
}

#[test]
fn only_negated_parts_are_rendered_without_null() {
    let sql = |filter: &str| {
        let filter = pbx_types::list::filter::parse(filter, FIELDS).unwrap();
        let mut select = Query::select();
        select
            .column("id")
            .from("things")
            .and_where(super::condition(&filter, false));
        select.to_string(sea_query::SqliteQueryBuilder)
    };
    for filter in [
        "name eq 'a' and (port gt 5 or startswith(note,'b'))",
        "not (not (enabled and id in ('1','2')))",
    ] {
        assert!(!sql(filter).contains("COALESCE"), "{filter}");
    }
    assert_eq!(
        sql("not (port gt 5 and not (note eq 'a'))").matches("COALESCE").count(),
        1
    );
}

#[test]
fn indexes_serve_lists_of_values_and_prefixes() {
    for (filter, is_indexed) in [
        ("name in ('a','b')", true),
        ("startswith(name,'a') eq true", true),
        ("name in ('a',null)", true),
        ("tolower(name) eq 'a'", false),
        ("not (name in ('a'))", false),
        ("name ne 'a'", false),
    ] {
        let parsed = pbx_types::list::filter::parse(filter, FIELDS).unwrap();
        assert_eq!(LONG.is_indexed(&parsed), is_indexed, "{filter}");
    }
    let substrings = |filter: &str| {
        let parameters = ListParameters {
            filter: Some(filter.to_owned()),
            ..ListParameters::default()
        };
        super::required_substrings(&ListQuery::parse(&parameters, FIELDS).unwrap())
    };
    assert_eq!(substrings("tolower(name) eq 'acme'"), ["acme"]);
    assert_eq!(substrings("contains(tolower(name),'acme')"), ["acme"]);
    assert_eq!(substrings("contains(toupper(name),'ACME')"), [""; 0]);
    assert_eq!(substrings("name eq 'acme'"), [""; 0]);
}
