//! The pages of a list, joined while they come into what stands between the brackets of one JSON
//! array: no page is ever held.

/// What has been told so far of the one array.
#[derive(Debug, Default)]
pub(super) struct Joined {
    place: Place,
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
    owes_comma: bool,
    entries: usize,
}

/// Where in a page the next byte is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Before its array.
    #[default]
    Before,
    /// In its array, before an entry.
    BetweenEntries,
    /// In an entry.
    InEntry,
    /// Behind its array.
    After,
}

/// A page that is not one JSON array.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAList;

impl Joined {
    /// How many entries have been told.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// Takes some of a page: what it adds to the one array goes to `into`.
    pub(super) fn take(&mut self, bytes: &[u8], into: &mut Vec<u8>) -> Result<(), NotAList> {
        for &byte in bytes {
            self.take_one(byte, into)?;
        }
        Ok(())
    }

    /// Ends a page. Whether another one comes is not known here.
    pub(super) fn end_page(&mut self) -> Result<(), NotAList> {
        if self.place != Place::After {
            return Err(NotAList);
        }
        self.place = Place::Before;
        Ok(())
    }

    fn take_one(&mut self, byte: u8, into: &mut Vec<u8>) -> Result<(), NotAList> {
        let is_blank = byte.is_ascii_whitespace();
        match self.place {
            Place::Before | Place::BetweenEntries | Place::After if is_blank => {}
            Place::Before if byte == b'[' => self.place = Place::BetweenEntries,
            Place::Before | Place::After => return Err(NotAList),
            Place::BetweenEntries if byte == b']' => self.place = Place::After,
            Place::BetweenEntries => {
                if self.owes_comma {
                    into.push(b',');
                }
                self.owes_comma = true;
                self.entries += 1;
                self.place = Place::InEntry;
                self.within(byte, into);
            }
            Place::InEntry if self.depth == 0 && !self.is_in_text && byte == b',' => {
                self.place = Place::BetweenEntries;
            }
            Place::InEntry if self.depth == 0 && !self.is_in_text && byte == b']' => {
                self.place = Place::After;
            }
            Place::InEntry => self.within(byte, into),
        }
        Ok(())
    }

    fn within(&mut self, byte: u8, into: &mut Vec<u8>) {
        into.push(byte);
        if self.is_in_text {
            let ends = byte == b'"' && !self.is_escaped;
            self.is_in_text = !ends;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return;
        }
        match byte {
            b'"' => self.is_in_text = true,
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn joined(pages: &[&str], piece: usize) -> Result<(String, usize), NotAList> {
        let (mut told, mut joined) = (vec![b'['], Joined::default());
        for page in pages {
            for bytes in page.as_bytes().chunks(piece) {
                joined.take(bytes, &mut told)?;
            }
            joined.end_page()?;
        }
        told.push(b']');
        Ok((String::from_utf8(told).unwrap(), joined.entries()))
    }

    #[test]
    fn pages_become_one_array_and_empty_ones_leave_no_comma() {
        let pages = [
            "[]",
            " [1, {\"a\": [2,3]} ]\n",
            "[]",
            "[\"x],[\\\"\", null]",
            "[ ]",
        ];
        let (told, entries) = joined(&pages, 1).unwrap();
        assert_eq!(told, "[1,{\"a\": [2,3]} ,\"x],[\\\"\",null]");
        assert_eq!(entries, 4);
        assert_eq!(joined(&[], 1).unwrap().0, "[]");
    }

    #[test]
    fn what_is_no_whole_array_is_told() {
        for page in [
            "", " ", "{}", "null", "[", "[1", "[1,", "[\"]", "[] []", "[]x", "]",
        ] {
            assert_eq!(joined(&[page], 1), Err(NotAList), "{page:?}");
        }
    }

    fn entry() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let member = ("[\"\\\\a,\\]]{0,3}", inner.clone());
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                proptest::collection::vec(member, 0..4)
                    .prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_wherever_the_pages_and_the_pieces_end(
            pages in proptest::collection::vec(proptest::collection::vec(entry(), 0..4), 0..4),
            piece in 1_usize..20,
        ) {
            let texts: Vec<String> = pages.iter().map(|page| serde_json::to_string_pretty(page).unwrap()).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let (told, entries) = joined(&texts, piece).unwrap();
            let whole: Vec<Value> = serde_json::from_str(&told).unwrap();
            prop_assert_eq!(&whole, &pages.concat());
            prop_assert_eq!(entries, whole.len());
        }
    }
}
