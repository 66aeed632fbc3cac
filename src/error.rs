//! The one error type. A dozen kinds; each error carries a text for the client and, where it helps, one for the
//! operator. Every protocol maps all kinds in one exhaustive `match` in its own `error.rs`.

use std::fmt;

/// What went wrong, in the terms every protocol can map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is malformed or a value does not fit (HTTP 400).
    Invalid,
    /// Nobody proved who they are (401).
    Unauthenticated,
    /// The caller is known and may not do this (403).
    Forbidden,
    /// The caller may do this only with a stronger or fresher proof of identity (401/403 with a challenge).
    NeedsStepUp,
    /// It does not exist, or the caller may not know that it does (404).
    NotFound,
    /// It collides with something that exists (409).
    Conflict,
    /// The version the caller saw is not the current one (412).
    Precondition,
    /// The document or list is larger than we take (413).
    TooLarge,
    /// Too many attempts; `retry_after` says when (429).
    RateLimited,
    /// We understand and do not do this (501).
    Unsupported,
    /// A dependency (database, upstream) cannot answer now (503).
    Unavailable,
    /// Our fault (500).
    Internal,
}

/// An error with a text for the client, and optionally more for the operator.
#[derive(Clone)]
pub struct Error(Box<Body>);

#[derive(Clone)]
struct Body {
    kind: Kind,
    detail: String,
    code: Option<&'static str>,
    attr: Option<String>,
    operator: Option<String>,
    retry_after: Option<u32>,
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind`; `detail` is shown to the client: it names the value at fault and the fix, and no secret.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Body {
            kind,
            detail: detail.into(),
            code: None,
            attr: None,
            operator: None,
            retry_after: None,
        }))
    }
    /// A protocol's own word for the error: a `scimType`, an OAuth `error`, a reason code of a sign-in.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }
    /// The attribute, parameter or field at fault.
    #[must_use]
    pub fn attr(mut self, attr: impl Into<String>) -> Self {
        self.0.attr = Some(attr.into());
        self
    }
    /// What only the operator may read (logs and the admin's record; never the client).
    #[must_use]
    pub fn operator(mut self, text: impl fmt::Display) -> Self {
        self.0.operator = Some(text.to_string());
        self
    }
    /// Whole seconds after which a retry makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// [`Kind::Invalid`]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, detail)
    }
    /// [`Kind::NotFound`]
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("{what} not found"))
    }
    /// [`Kind::Conflict`]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, detail)
    }
    /// [`Kind::Forbidden`]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, detail)
    }
    /// [`Kind::Unauthenticated`]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, detail)
    }
    /// [`Kind::Internal`]: the client sees a neutral sentence, the operator sees `cause`.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Kind::Internal, "an internal error occurred; it has been logged").operator(cause)
    }
    /// [`Kind::Unavailable`]: the client sees a neutral sentence, the operator sees `cause`.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::new(Kind::Unavailable, "the service cannot answer now; try again shortly")
            .operator(cause)
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }
    /// The client's text.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
    /// The protocol's word, if one was given.
    pub fn code_str(&self) -> Option<&'static str> {
        self.0.code
    }
    /// The attribute at fault, if one was named.
    pub fn attr_str(&self) -> Option<&str> {
        self.0.attr.as_deref()
    }
    /// The operator's text, if there is one.
    pub fn operator_text(&self) -> Option<&str> {
        self.0.operator.as_deref()
    }
    /// Seconds to wait, if known.
    pub fn retry_after_secs(&self) -> Option<u32> {
        self.0.retry_after
    }
    /// Whether a unique index or key of this name refused the write (see `store`).
    pub fn violates(&self, index: &str) -> bool {
        self.0.kind == Kind::Conflict && self.0.attr.as_deref() == Some(index)
    }
}

/// The code of a delivery that will never succeed, however often it is tried.
pub const UNDELIVERABLE: &str = "undeliverable";

/// An error of another crate with what caused it, in one line.
pub fn causes(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(c) = cause {
        let words = c.to_string();
        // Many repeat what caused them.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = c.source();
    }
    text
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.detail)?;
        if let Some(a) = &self.0.attr {
            write!(f, " [{a}]")?;
        }
        if let Some(o) = &self.0.operator {
            write!(f, " ({o})")?;
        }
        Ok(())
    }
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}
impl std::error::Error for Error {}
