//! Following a list from page to page.

use std::collections::HashSet;

use super::ApiError;

/// The guard of every loop over pages: no page is requested twice, and no list is endless.
#[derive(Debug, Default)]
pub struct Pages(HashSet<String>);

impl Pages {
    /// The range of the next page, as a reply names it; none after the last page.
    ///
    /// # Errors
    /// [`ApiError::Garbled`] if the list repeats a page, or has more pages than any list of Heroku's.
    pub fn follow(&mut self, next: Option<String>) -> Result<Option<String>, ApiError> {
        const MOST: usize = 1000;
        if let Some(next) = &next
            && (self.0.len() + 1 == MOST || !self.0.insert(next.clone()))
        {
            return Err(ApiError::Garbled);
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_list_is_an_error() {
        let follow = |names: &mut dyn Iterator<Item = usize>| {
            let mut pages = Pages::default();
            names
                .map(|name| pages.follow(Some(format!("id {name}.."))))
                .position(|page| page.is_err())
        };
        assert_eq!(follow(&mut (0..999)), None);
        assert_eq!(follow(&mut (0..)), Some(999));
        assert_eq!(follow(&mut [1, 1].into_iter()), Some(1));
        assert_eq!(follow(&mut (0..7).chain([3])), Some(7));
        assert_eq!(Pages::default().follow(None), Ok(None));
    }
}
