//! Pages of RAM's listings: where one begins, and the marker of the next. Entries are in the order of their names.

use coffer_base::{ApiError, ErrorCode};

use crate::context::Cx;
use crate::page::Listing;

/// A page that is asked for.
pub struct Page<'a> {
    listing: Listing<'a>,
    parameter: &'static str,
    /// The name after which it begins.
    pub after: String,
    /// Most entries on it.
    pub size: usize,
}

impl<'a> Page<'a> {
    /// The page of a listing that `marker` stands for. `parameter` is the marker's name.
    pub fn new(
        cx: &Cx<'_>,
        listing: Listing<'a>,
        parameter: &'static str,
        marker: Option<&str>,
        size: i64,
    ) -> Result<Self, ApiError> {
        let bad = || ApiError::with(ErrorCode::RamInvalidParameter, [parameter.to_owned()]);
        let after = marker.map(|marker| listing.position(cx, marker)?.ok_or_else(bad)).transpose()?.unwrap_or_default();
        let size = usize::try_from(size).map_err(|_| bad())?;
        Ok(Self { listing, parameter, after, size })
    }

    /// How many entries to look for: one more than the page holds, to know whether there is another.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size + 1).expect("pages are short")
    }

    /// Cuts what was found to the page. The marker of the next, if there is one; `name` tells an entry's place.
    pub fn cut<T>(
        &self,
        cx: &Cx<'_>,
        found: &mut Vec<T>,
        name: impl Fn(&T) -> String,
    ) -> Result<Option<String>, ApiError> {
        if found.len() <= self.size {
            return Ok(None);
        }
        found.truncate(self.size);
        let last = found.last().ok_or_else(|| ApiError::internal(format!("{} of an empty page", self.parameter)))?;
        self.listing.token(cx, &name(last)).map(Some)
    }
}
