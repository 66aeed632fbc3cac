//! What the API refuses with (RFC 9457), and how a page shows it.

use axum::http::StatusCode;
use serde::Deserialize;

/// How the pages label the fields that messages of the API begin with.
const LABELS: &[(&str, &str)] = &[
    ("access_ttl", "Life of access tokens"),
    ("audience", "Audience"),
    ("backchannel_logout_uri", "Where it is told that a session has ended"),
    ("client_id", "Client ID"),
    ("client_secret", "Client secret"),
    ("client_secret_expires_at", "The secret ends on"),
    ("description", "Description"),
    ("display_name", "Name"),
    ("domain", "Domain"),
    ("email", "E-mail address"),
    ("hours", "For how many hours"),
    ("issuer", "Issuer"),
    ("jwks", "Its public keys"),
    ("jwks_uri", "Address of its public keys"),
    ("log.days", "For so many days"),
    ("log.most", "And so many entries at most"),
    ("max_age", "How old a proof may be"),
    ("name", "Name"),
    ("note", "For whom it is"),
    ("reason", "Why"),
    ("redirect_uris", "Redirect URIs"),
    ("refresh.idle", "Refresh tokens, without use"),
    ("refresh.max", "Refresh tokens, in all"),
    ("sessions.idle", "Sessions, without use"),
    ("sessions.max", "Sessions, in all"),
    ("slug", "Short name"),
    ("userName", "Signs in as"),
    ("user_name", "Signs in as"),
];

/// A refusal.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What happened, for people.
    #[serde(default)]
    pub detail: String,
    /// A word for programs.
    #[serde(default)]
    pub code: String,
    /// The field it is about.
    #[serde(default)]
    pub field: Option<String>,
    /// The id of the request, as in the log.
    #[serde(default)]
    pub request: Option<String>,
    /// What was typed, where the page has only one field for it to stand in again.
    #[serde(skip)]
    pub typed: Option<Box<str>>,
}

impl Problem {
    /// Reads the API's document.
    pub fn read(status: StatusCode, body: &[u8]) -> Self {
        let mut p: Self = serde_json::from_slice(body).unwrap_or_default();
        p.status = status.as_u16();
        if p.detail.is_empty() {
            status.canonical_reason().unwrap_or("it did not work").clone_into(&mut p.detail);
        }
        if let Some(text) = p.of_forms() {
            text.clone_into(&mut p.detail);
            p.field = None;
        }
        p
    }
    /// What the API says of its headers, in words for whoever sent a form: they sent no header.
    fn of_forms(&self) -> Option<&'static str> {
        match (self.status, self.code.as_str()) {
            (412, _) => {
                Some("somebody changed it meanwhile: open this page anew, and change it there")
            }
            (_, "idempotency_key_reused") => Some(
                "this form was sent before with other content. What is shown now is not saved; look at it and send it again",
            ),
            _ => None,
        }
    }
    /// An error of our own; `cause` is for the log.
    pub fn ours(cause: impl Into<String>) -> Self {
        let cause = cause.into();
        tracing::error!(cause, "a page failed");
        Self {
            status: 500,
            detail: "something went wrong here; try again, and tell your administrator if it stays"
                .to_owned(),
            code: "internal".to_owned(),
            ..Self::default()
        }
    }
    /// What somebody typed does not fit, before the API was asked.
    pub fn typed(field: &str, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            detail: detail.into(),
            code: "invalid".to_owned(),
            field: Some(field.to_owned()),
            ..Self::default()
        }
    }
    /// There is nothing here.
    pub fn nothing() -> Self {
        Self {
            status: 404,
            detail: "there is nothing at this address, or nothing that you may see".to_owned(),
            code: "not_found".to_owned(),
            ..Self::default()
        }
    }
    /// With what was typed.
    #[must_use]
    pub fn of(self, typed: &str) -> Self {
        Self { typed: Some(typed.into()), ..self }
    }
    /// The HTTP status of a page that shows it.
    pub fn http(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
    /// As a sentence. A field that the API names first is called as it is on the page.
    pub fn sentence(&self) -> String {
        let known = LABELS.iter().find_map(|(name, label)| self.labelled(name, label));
        crate::text::sentence(known.as_deref().unwrap_or(&self.detail))
    }
    /// With a field called as this page calls it, where others call it something else.
    #[must_use]
    pub fn called(mut self, name: &str, label: &str) -> Self {
        self.detail = self.labelled(name, label).unwrap_or(self.detail);
        self
    }
    /// What happened, with this label in the place of the name that it begins with.
    fn labelled(&self, name: &str, label: &str) -> Option<String> {
        let rest = self.detail.strip_prefix('\'')?.strip_prefix(name)?.strip_prefix('\'')?;
        self.field.as_ref().map(|_| format!("“{label}”{rest}"))
    }
    /// Whether whoever typed something can mend it on the page they typed it on.
    pub fn mendable(&self) -> bool {
        matches!(self.status, 400 | 409 | 412 | 422)
            || self.status == 403 && self.code != "needs_step_up"
    }
    /// Whether it is about this field.
    pub fn is_at(&self, field: &str) -> bool {
        self.field.as_deref().is_some_and(|f| {
            f == field || f.strip_prefix(field).is_some_and(|r| r.starts_with(['.', '[']))
        })
    }
    /// A stronger or fresher sign-in would help.
    pub fn wants_proof(&self) -> bool {
        matches!(
            self.code.as_str(),
            "needs_step_up" | "mfa_not_proved" | "auth_too_old" | "fresh_proof"
        )
    }
}
