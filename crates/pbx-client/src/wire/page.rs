//! A page of a list.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::wire::lenient::{self, LenientObject, ReadLenient};
use crate::wire::sparse::SparseObject;

/// A page of a list: some of its items, and the number of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The number of all items that the list has with its filter, if the server sent it.
    pub count: Option<i64>,
    /// The items of this page. Items that cannot be read are left out.
    pub items: Vec<T>,
}

impl<T> Page<T> {
    /// Reads a page, with `read` for each item.
    pub(crate) fn read_with(value: Value, read: fn(Value) -> Option<T>) -> Option<Self> {
        let mut object = LenientObject::new(value)?;
        let (mut items, mut count) = (Vec::<Value>::new(), None);
        object.take("items", &mut items);
        object.take("count", &mut count);
        Some(Self {
            count,
            items: items.into_iter().filter_map(read).collect(),
        })
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            count: None,
            items: Vec::new(),
        }
    }
}

impl<T: ReadLenient> ReadLenient for Page<T> {
    fn read(value: Value) -> Option<Self> {
        Self::read_with(value, T::read)
    }

    fn score(value: &Value) -> u32 {
        lenient::score_object(value, &[("count", i64::score), ("items", Vec::<T>::score)])
    }
}

impl<'de, T: ReadLenient> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::deserialize(deserializer, "an object")
    }
}

impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = SparseObject::new(serializer);
        object.property("count", &self.count);
        object.property("items", &self.items);
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn partial_page_is_read() {
        let read = |value| Page::<i64>::read(value).map(|page| (page.count, page.items));
        assert_eq!(
            read(json!({"count": "7", "items": [1, null, 2]})),
            Some((Some(7), vec![1, 2]))
        );
        assert_eq!(read(json!({"count": null, "items": null})), Some((None, Vec::new())));
        assert_eq!(read(json!({})), Some((None, Vec::new())));
        assert_eq!(read(json!([])), None);
    }

    #[test]
    fn unknown_count_is_left_out() {
        let page = Page {
            count: None,
            items: vec![1],
        };
        assert_eq!(serde_json::to_value(page).unwrap(), json!({"items": [1]}));
    }
}
