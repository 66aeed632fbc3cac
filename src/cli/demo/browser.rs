//! A person's browser: cookies, redirects, forms. It reads our pages as any browser would, by their HTML.

use crate::error::{Error, Result};
use reqwest::{Method, StatusCode, header::LOCATION, redirect::Policy};
use url::Url;

/// A browser with its own cookies.
pub(super) struct Browser {
    http: reqwest::Client,
}

/// Where the browser is.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub text: String,
}

/// A form of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    pub action: String,
    pub post: bool,
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub name: String,
    pub value: String,
    /// `autocomplete`, as in `username` or `one-time-code`.
    pub meaning: String,
}

impl Browser {
    pub(super) fn new() -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .cookie_store(true)
            .redirect(Policy::none())
            .build()
            .map_err(Error::internal)?;
        Ok(Self { http })
    }

    /// Opens an address and follows redirects, but none to an address that begins with `leave`: that one belongs to
    /// an application, and is where the browser is then.
    pub(super) async fn open(&self, url: &str, leave: Option<&str>) -> Result<Page> {
        let url = Url::parse(url).map_err(Error::internal)?;
        self.go(Method::GET, url, &[], leave).await
    }

    /// Sends a form of the page; `fill` gives what is typed into its fields.
    pub(super) async fn submit(
        &self,
        page: &Page,
        form: &Form,
        fill: impl Fn(&Field) -> Option<String>,
        leave: Option<&str>,
    ) -> Result<Page> {
        let target = page.url.join(&form.action).map_err(Error::internal)?;
        let named = form.fields.iter().filter(|f| !f.name.is_empty());
        let sent: Vec<(String, String)> =
            named.map(|f| (f.name.clone(), fill(f).unwrap_or_else(|| f.value.clone()))).collect();
        if form.post {
            return self.go(Method::POST, target, &sent, leave).await;
        }
        let mut target = target;
        target.query_pairs_mut().clear().extend_pairs(sent);
        self.go(Method::GET, target, &[], leave).await
    }

    async fn go(
        &self,
        mut method: Method,
        mut url: Url,
        form: &[(String, String)],
        leave: Option<&str>,
    ) -> Result<Page> {
        for _ in 0..20 {
            let mut request = self.http.request(method.clone(), url.clone());
            if method == Method::POST {
                // As browsers do; whoever guards against forged requests looks at it.
                request = request
                    .header("origin", url.origin().ascii_serialization())
                    .header("sec-fetch-site", "same-origin")
                    .form(form);
            }
            let response = request.send().await.map_err(|e| Error::unavailable(&e))?;
            let status = response.status();
            let to = response.headers().get(LOCATION).and_then(|v| v.to_str().ok());
            let next = to.filter(|_| status.is_redirection()).map(|t| url.join(t));
            let Some(next) = next.transpose().map_err(Error::internal)? else {
                let text = response.text().await.map_err(|e| Error::unavailable(&e))?;
                return Ok(Page { url, status, text });
            };
            if leave.is_some_and(|l| next.as_str().starts_with(l)) {
                return Ok(Page { url: next, status, text: String::new() });
            }
            (method, url) = (Method::GET, next);
        }
        Err(Error::internal(format!("redirected in circles, last to {}", url.path())))
    }
}

impl Page {
    /// The page's forms.
    pub(super) fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::new();
        for part in self.text.split("<form").skip(1) {
            let part = part.split("</form").next().unwrap_or(part);
            let (head, body) = part.split_once('>').unwrap_or((part, ""));
            let mut form = Form {
                action: attribute(head, "action").unwrap_or_else(|| self.url.to_string()),
                post: attribute(head, "method").is_some_and(|m| m.eq_ignore_ascii_case("post")),
                fields: Vec::new(),
            };
            for tag in body.split("<input").skip(1).chain(body.split("<button").skip(1).take(1)) {
                let tag = tag.split('>').next().unwrap_or(tag);
                form.fields.push(Field {
                    name: attribute(tag, "name").unwrap_or_default(),
                    value: attribute(tag, "value").unwrap_or_default(),
                    meaning: attribute(tag, "autocomplete")
                        .map(|m| m.trim_end_matches(" webauthn").to_owned())
                        .unwrap_or_default(),
                });
            }
            forms.push(form);
        }
        forms
    }
    /// A value of the address' query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned())
    }
    /// The text without tags, shortened: for saying what was seen.
    pub(super) fn seen(&self) -> String {
        let mut out = String::new();
        let mut inside = false;
        let body = self.text.split("<body").nth(1).unwrap_or(&self.text);
        for c in body.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    out.push(' ');
                }
                c if !inside => out.push(c),
                _ => {}
            }
        }
        let words: Vec<&str> = out.split_whitespace().take(40).collect();
        format!("{} {}: {}", self.status.as_u16(), self.url.path(), words.join(" "))
    }
}

/// The value of an attribute in the text of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.match_indices(name).find(|(i, _)| {
        let before = tag[..*i].chars().next_back().is_none_or(char::is_whitespace);
        before && tag[i + name.len()..].trim_start().starts_with('=')
    })?;
    let rest = tag[at.0 + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split(char::is_whitespace).next()?,
    };
    Some(plain(value))
}

/// Text of HTML with its entities resolved.
fn plain(html: &str) -> String {
    html.replace("&#38;", "&")
        .replace("&#x2F;", "/")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&lt;", "<")
        .replace("&#62;", ">")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
