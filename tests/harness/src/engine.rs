//! The database engine of a test.

use std::cell::Cell;

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the server's directory.
    Sqlite,
    /// A database on the cluster of this process.
    Postgres,
}

thread_local! {
    /// libtest runs each test on its own thread.
    static SELECTED: Cell<Option<Engine>> = const { Cell::new(None) };
}

/// Selects the engine of the test on this thread. Returns `false` if it is not installed, which is reported loudly.
/// `#[on_each_engine]` calls it.
pub fn select(engine: Engine) -> bool {
    SELECTED.set(Some(engine));
    match engine {
        Engine::Sqlite => true,
        Engine::Postgres => pbx_test_postgres::cluster().is_some(),
    }
}

/// Returns the selected engine.
pub fn selected() -> Engine {
    SELECTED
        .get()
        .expect("`#[on_each_engine]` selects one, for the thread of the test itself")
}
