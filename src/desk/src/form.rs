//! What was typed into a form of ours.

use crate::{ask::Trouble, problem::Problem};
use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::header,
};
use url::form_urlencoded;

/// The largest form that is read.
const LARGEST: usize = 256 * 1024;

/// The fields of a form, each as often as it was sent: boxes that are ticked share a name.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The pairs of a query or form.
    pub fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).map(|(n, v)| (n.into_owned(), v.into_owned())).collect())
    }
    /// What a field says, without blanks around it; nothing where it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim())
    }
    /// What a field says, exactly: for secrets.
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
    /// What a field says, where it says something.
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|v| !v.is_empty())
    }
    /// All that share a name and say something.
    pub fn all(&self, name: &str) -> Vec<String> {
        let all = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.trim().to_owned());
        all.filter(|v| !v.is_empty()).collect()
    }
    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(n, v)| n == name && v != "false")
    }
    /// The lines of a field that say something.
    pub fn lines(&self, name: &str) -> Vec<String> {
        self.exact(name).lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect()
    }
    /// The key of this form: sent twice, it is done once.
    pub fn key(&self) -> &str {
        self.get("key")
    }
    /// A number.
    ///
    /// # Errors
    /// What is none, naming the field.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.some(name) else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_| Problem::typed(name, format!("'{text}' is not a whole number")))
    }
    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Trouble;
    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Trouble> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem {
                status: 400,
                ..Problem::typed("form", "this is not a form of ours")
            }
            .into());
        }
        let body = axum::body::to_bytes(body, LARGEST).await.map_err(|_| Problem {
            status: 413,
            ..Problem::typed("form", format!("a form may have {LARGEST} bytes"))
        })?;
        Ok(Self::read(&body))
    }
}
