//! `#[on_each_engine]`, the attribute of a test that runs once on each database engine.

use proc_macro::{TokenStream, TokenTree};

/// The engines, as the harness names them, and the name of the test on each.
const ENGINES: [(&str, &str); 2] = [("Sqlite", "sqlite"), ("Postgres", "postgres")];

/// Runs the function as one test per engine, `NAME::sqlite` and `NAME::postgres`. It is compiled once and asks the harness for the
/// engine. Arguments are those of `tokio::test`.
#[proc_macro_attribute]
#[expect(clippy::expect_used, reason = "a panic of a macro is a compile error")]
pub fn on_each_engine(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let words = function.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    let words: Vec<String> = words.collect();
    let keyword = words.iter().position(|word| word == "fn");
    let keyword = keyword.expect("`on_each_engine` is an attribute of functions");
    let (modifiers, name) = (&words[..keyword], &words[keyword + 1]);
    let (attribute, modifier, wait) = match modifiers.iter().any(|word| word == "async") {
        true => (format!("tokio::test({arguments})"), "async", ".await"),
        false => ("test".to_owned(), "", ""),
    };
    let tests = ENGINES.map(|(engine, test)| {
        format!(
            "#[{attribute}]
            {modifier} fn {test}() {{
                if ::pbx_test_harness::select(::pbx_test_harness::Engine::{engine}) {{
                    super::{name}(){wait};
                }}
            }}"
        )
    });
    let module = format!("mod {name} {{ {} }}", tests.concat());
    let module: TokenStream = module.parse().expect("the text above is Rust");
    [function, module].into_iter().collect()
}
