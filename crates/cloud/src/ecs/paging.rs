//! Pages of a listing, by number or by token: what the Describe operations of ECS share.

use coffer_base::{ApiError, Timestamp};
use coffer_store::Start;

use crate::context::Cx;
use crate::decode::request;
use crate::page::Listing;
use crate::product::Product;

/// Highest page number: beyond any listing here.
const LAST_PAGE: i64 = 1_000_000;

/// What a request says about pages. A token, or a number of results, asks for pages by token, even beside a page number, as some
/// clients send all of them.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The action.
    pub action: &'static str,
    /// A text that differs whenever region or filters do.
    pub filters: &'a str,
    /// `PageNumber`.
    pub page_number: Option<i64>,
    /// `PageSize`.
    pub page_size: Option<i64>,
    /// `NextToken`.
    pub next_token: Option<&'a str>,
    /// `MaxResults`.
    pub max_results: Option<i64>,
    /// The largest `PageSize`; a larger one is refused.
    pub most_by_number: i64,
    /// The largest `MaxResults`; a larger one counts as this.
    pub most_by_token: i64,
}

/// A page: where it begins and how long it may be.
#[derive(Debug)]
pub struct Page<'a> {
    /// Where it begins.
    pub start: Start,
    /// Its number; 1 for pages by token.
    pub number: i64,
    /// Most items on it.
    pub size: i64,
    listing: Option<Listing<'a>>,
}

request! {
    /// The parameters about pages of a listing that has both kinds.
    pub struct Paging {
        /// Most items on a page by token.
        pub max_results: Option<i64> = "MaxResults",
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
        /// Which page by number.
        pub page_number: Option<i64> = "PageNumber",
        /// Most items on a page by number.
        pub page_size: Option<i64> = "PageSize",
    }
}

impl Paging {
    /// What is asked for of the listing that `action` and `filters` make; at most so many items a page by number and by token.
    pub fn of<'a>(&'a self, action: &'static str, filters: &'a str, most: (i64, i64)) -> Asked<'a> {
        Asked {
            action,
            filters,
            page_number: self.page_number,
            page_size: self.page_size,
            next_token: self.next_token.as_deref(),
            max_results: self.max_results,
            most_by_number: most.0,
            most_by_token: most.1,
        }
    }
}

impl<'a> Asked<'a> {
    /// A page by number, of a listing that has no other.
    pub const fn by_number(action: &'static str, number: Option<i64>, size: Option<i64>, most: i64) -> Self {
        Self {
            action,
            filters: "",
            page_number: number,
            page_size: size,
            next_token: None,
            max_results: None,
            most_by_number: most,
            most_by_token: most,
        }
    }

    /// The page that is asked for. A token of another caller, listing, region or filter is refused.
    pub fn page(self, cx: &Cx<'_>) -> Result<Page<'a>, ApiError> {
        let invalid = |name: &str| Product::Ecs.invalid_parameter(name);
        if self.next_token.is_none() && self.max_results.is_none() {
            let (number, size) = (self.page_number.unwrap_or(1), self.page_size.unwrap_or(10));
            if !(1..=LAST_PAGE).contains(&number) {
                return Err(invalid("PageNumber"));
            }
            if !(1..=self.most_by_number).contains(&size) {
                return Err(invalid("PageSize"));
            }
            return Ok(Page { start: Start::Offset((number - 1) * size), number, size, listing: None });
        }
        let size = self.max_results.unwrap_or(10).clamp(10, self.most_by_token);
        let listing = Listing { action: self.action, filters: self.filters };
        let start = match self.next_token {
            None => Start::Offset(0),
            Some(token) => {
                let position = listing.position(cx, token)?.ok_or_else(|| invalid("NextToken"))?;
                let (created_at, id) = position.split_once(' ').ok_or_else(|| invalid("NextToken"))?;
                let created_at = created_at.parse().map_err(|_| invalid("NextToken"))?;
                Start::After(Timestamp::from_unix_ms(created_at), id.to_owned())
            }
        };
        Ok(Page { start, number: 1, size, listing: Some(listing) })
    }
}

impl Page<'_> {
    /// Whether it is a page by number: then the listing says how many items there are in all.
    pub const fn by_number(&self) -> bool {
        self.listing.is_none()
    }

    /// How many rows to read: one more than fits tells whether there is a next page.
    pub const fn to_read(&self) -> i64 {
        self.size + 1
    }

    /// Takes off the row that only told that there is a next page. The token of that page: empty on the last one and for pages by
    /// number. `position`: when a row was made, and its id.
    pub fn close<T>(
        &self,
        cx: &Cx<'_>,
        rows: &mut Vec<T>,
        position: impl Fn(&T) -> (Timestamp, &str),
    ) -> Result<String, ApiError> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        match (&self.listing, rows.last()) {
            (Some(listing), Some(last)) if more => {
                let (created_at, id) = position(last);
                listing.token(cx, &format!("{} {id}", created_at.unix_ms()))
            }
            _ => Ok(String::new()),
        }
    }
}
