//! As much of a browser as a sign-in needs: cookies, redirects, and one form.

use super::{
    Fail,
    http::{Answer, Http, request},
};
use std::{collections::BTreeMap, net::SocketAddr};
use url::Url;

/// One browser with its cookies; it only ever talks to one server.
pub struct Browser {
    http: Http,
    base: Url,
    cookies: BTreeMap<String, String>,
}

/// Where the redirects ended: with a page of ours, or at an address that is not ours.
pub enum Landed {
    Page(Answer),
    Elsewhere(Url),
}

impl Browser {
    pub async fn open(addr: SocketAddr) -> Result<Self, Fail> {
        let base = Url::parse(&format!("http://{addr}"))?;
        Ok(Self { http: Http::open(addr).await?, base, cookies: BTreeMap::new() })
    }

    /// The `Cookie` header.
    pub fn cookie(&self) -> String {
        let each: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        each.join("; ")
    }

    async fn one(&mut self, method: &str, url: &Url, form: &str) -> Result<Answer, Fail> {
        let path = url.query().map_or(url.path().to_owned(), |q| format!("{}?{q}", url.path()));
        let (cookie, origin) = (self.cookie(), self.base.origin().ascii_serialization());
        let mut headers = vec![("Cookie", cookie.as_str()), ("Accept", "text/html")];
        if method == "POST" {
            headers.push(("Content-Type", "application/x-www-form-urlencoded"));
            headers.push(("Origin", &origin));
        }
        let answer = self.http.send(&request(method, &path, &headers, form)).await?;
        for line in answer.head.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let Some((k, v)) = value.split(';').next().and_then(|v| v.trim().split_once('='))
            else {
                continue;
            };
            if name.eq_ignore_ascii_case("set-cookie") {
                if v.is_empty() {
                    self.cookies.remove(k);
                } else {
                    self.cookies.insert(k.to_owned(), v.to_owned());
                }
            }
        }
        Ok(answer)
    }

    /// Goes there and follows redirects as long as they stay with the server.
    pub async fn go(&mut self, target: &str) -> Result<Landed, Fail> {
        let url = self.base.join(target)?;
        self.follow("GET", url, "").await
    }

    /// Sends a form.
    pub async fn submit(&mut self, target: &str, form: &str) -> Result<Landed, Fail> {
        let url = self.base.join(target)?;
        self.follow("POST", url, form).await
    }

    async fn follow(&mut self, method: &str, mut url: Url, form: &str) -> Result<Landed, Fail> {
        let (mut method, mut form) = (method, form);
        for _ in 0..12 {
            if url.origin() != self.base.origin() {
                return Ok(Landed::Elsewhere(url));
            }
            let answer = self.one(method, &url, form).await?;
            match answer.header("location") {
                Some(location) if (300..400).contains(&answer.status) => {
                    url = url.join(location)?;
                    (method, form) = ("GET", "");
                }
                _ => return Ok(Landed::Page(answer)),
            }
        }
        Err("a redirect without end".into())
    }
}

/// The value of a page's first field of this name.
pub fn field(page: &Answer, name: &str) -> Option<String> {
    let html = String::from_utf8_lossy(&page.body);
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// A parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Result<String, Fail> {
    let found = url.query_pairs().find(|(k, _)| k == name);
    Ok(found.ok_or_else(|| format!("no {name} in {url}"))?.1.into_owned())
}
