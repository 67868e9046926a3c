//! A form that was refused: what was in it and what was said, to be shown where it stands.

use std::sync::atomic::{AtomicBool, Ordering};

use super::ask::Refusal;
use super::view::View;

/// One that was sent and refused.
pub(super) struct Failed {
    form: String,
    fields: Vec<(String, String)>,
    refusal: Refusal,
    /// Whether a page has shown it; one that has no such form any more does not.
    shown: AtomicBool,
}

impl Failed {
    /// What this request asked, and why it was not done.
    pub(super) fn new(view: &View<'_>, refusal: Refusal) -> Self {
        let form = [view.field("form"), view.field("do")].into_iter().find(|name| !name.is_empty());
        let fields = view.fields().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = form.unwrap_or_default().to_owned();
        Self { form, fields: fields.collect(), refusal, shown: AtomicBool::new(false) }
    }

    /// Whether it is this form.
    pub(super) fn is(&self, form: &str) -> bool {
        self.form == form
    }

    /// What a field of it held.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// What was said, by whoever shows it.
    pub(super) fn show(&self) -> &Refusal {
        self.shown.store(true, Ordering::Relaxed);
        &self.refusal
    }

    /// What was said, and whether anybody has shown it.
    pub(super) fn outcome(&self) -> (&Refusal, bool) {
        (&self.refusal, self.shown.load(Ordering::Relaxed))
    }
}
