//! Similarity of names, to detect renames.

use heck::ToSnakeCase;

/// Returns `true` if two names share a word or most of their letters.
pub fn similar(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_snake_case(), b.to_snake_case());
    if a == b
        || a.split('_')
            .any(|word| word.len() > 2 && b.split('_').any(|other| other == word))
    {
        return true;
    }
    let longest = a.chars().count().max(b.chars().count());
    distance(&a, &b) * 3 <= longest
}

/// The Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let best = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    row[b.len()]
}
