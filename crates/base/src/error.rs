//! What goes wrong, as the outside sees it: one closed catalogue of codes, and the error that carries one of them.
//!
//! Codes, statuses and texts are the vendor's (API reference pages, common error tables; the spelling mistakes are theirs).
//! Rows marked *ours* fill a hole the documentation leaves.

use std::borrow::Cow;
use std::fmt;

mod catalogue;

pub use catalogue::ErrorCode;

/// An error on its way to a caller: `code` and `message` go out, `source` goes to the log under the request's id.
pub struct ApiError {
    code: ErrorCode,
    arguments: Vec<String>,
    detail: Option<Box<AccessDenied>>,
    retry_after_ms: Option<i64>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Why authorisation refused: the body of `AccessDeniedDetail` (RAM documentation, "Troubleshoot access denied").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessDenied {
    /// The action that was checked, for example `ecs:CreateDisk`.
    pub action: String,
    /// `SubUser` or `AssumedRoleUser`.
    pub principal_type: &'static str,
    /// The account of the caller.
    pub principal_owner_id: String,
    /// The user's id, or `RoleName:SessionName`.
    pub principal_display_name: String,
    /// The kind of policy that refused, for example `AccountLevelIdentityBasedPolicy`.
    pub policy_type: &'static str,
    /// `ImplicitDeny` or `ExplicitDeny`.
    pub no_permission_type: &'static str,
    /// All this and more, sealed: what DecodeDiagnosticMessage opens.
    pub message: String,
}

impl ApiError {
    /// An error whose texts hold no placeholder.
    pub fn new(code: ErrorCode) -> Self {
        Self::with(code, [])
    }

    /// An error whose placeholders `{0}`, `{1}`… are filled with `arguments`, in order.
    pub fn with<const N: usize>(code: ErrorCode, arguments: [String; N]) -> Self {
        debug_assert_eq!(code.placeholders(), N, "{code:?} takes {} arguments", code.placeholders());
        Self { code, arguments: arguments.into(), detail: None, retry_after_ms: None, source: None }
    }

    /// A failure of ours; the cause is logged, never sent.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(ErrorCode::InternalError) }
    }

    /// The same error with what authorisation found attached.
    #[must_use]
    pub fn denied(mut self, detail: AccessDenied) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// The same error with the time in milliseconds after which the same call may succeed; at least 1.
    #[must_use]
    pub fn retry_after_ms(mut self, wait_ms: i64) -> Self {
        self.retry_after_ms = Some(wait_ms.max(1));
        self
    }

    /// When the same call may succeed, in milliseconds from now, if that is known.
    pub const fn wait_ms(&self) -> Option<i64> {
        self.retry_after_ms
    }

    /// The catalogue entry.
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The vendor's code as it goes out, for example `MissingRegionId`.
    pub fn code_text(&self) -> Cow<'static, str> {
        fill(self.code.template().0, &self.arguments)
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.code.status()
    }

    /// The vendor's message as it goes out.
    pub fn message(&self) -> Cow<'static, str> {
        fill(self.code.template().1, &self.arguments)
    }

    /// What authorisation found, for a refusal.
    pub fn access_denied(&self) -> Option<&AccessDenied> {
        self.detail.as_deref()
    }

    /// The cause, for the log.
    pub fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.source.as_deref()
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status(), self.code_text(), self.message())?;
        match &self.source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

fn fill(template: &'static str, arguments: &[String]) -> Cow<'static, str> {
    if !template.contains('{') {
        return Cow::Borrowed(template);
    }
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        text.push_str(&rest[..start]);
        let digit = rest.as_bytes()[start + 1];
        assert!(
            digit.is_ascii_digit() && rest.as_bytes()[start + 2] == b'}',
            "the catalogue only writes {{0}} to {{9}}"
        );
        text.push_str(arguments.get(usize::from(digit - b'0')).map_or("", String::as_str));
        rest = &rest[start + 3..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_code_and_message() {
        let error = ApiError::with(ErrorCode::MissingMandatory, ["RegionId".to_owned()]);
        assert_eq!(error.code_text(), "MissingRegionId");
        assert_eq!(error.message(), "RegionId is mandatory for this action.");
        assert_eq!(error.status(), 400);
    }

    #[test]
    fn an_argument_is_never_read_as_a_template() {
        let error = ApiError::with(ErrorCode::DefaultKeyNotFound, ["{0}{1}".to_owned()]);
        assert_eq!(error.message(), "The specified KMSKeyId not found, {0}{1}.");
    }

    #[test]
    fn the_cause_is_not_part_of_the_message() {
        let error = ApiError::internal("disk on fire");
        assert!(!error.message().contains("fire"));
        assert!(format!("{error:?}").contains("fire"));
    }

    #[test]
    fn every_template_is_well_formed_and_no_status_is_a_success() {
        for code in ErrorCode::ALL {
            let (name, message) = code.template();
            assert!(!name.is_empty() && !message.is_empty());
            assert!((400..600).contains(&code.status()), "{code:?}");
            let arguments = vec!["x".to_owned(); code.placeholders()];
            assert!(!fill(message, &arguments).contains('{'), "{code:?}");
        }
    }
}
