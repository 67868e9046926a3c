//! From page to page of a listing by number.

use super::view::Frame;
use crate::client::encode;

/// Items on a page.
pub(super) const SIZE: i64 = 20;

/// Where the neighbours of a page are.
pub(super) struct Pager {
    pub(super) page: i64,
    pub(super) pages: i64,
    pub(super) total: i64,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Pager {
    /// That of a listing with these filters.
    pub(super) fn new(frame: &Frame, filters: &[(&str, &str)], page: i64, total: i64) -> Self {
        let pages = (total + SIZE - 1) / SIZE;
        let kept = filters.iter().filter(|(_, value)| !value.is_empty());
        let kept: Vec<_> = kept.map(|(name, value)| format!("&{}={}", encode(name), encode(value))).collect();
        let to = |page: i64| format!("{}?region={}{}&page={page}", frame.path, frame.region, kept.concat());
        Self {
            page,
            pages: pages.max(1),
            total,
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
        }
    }
}
