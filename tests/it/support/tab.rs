//! Somebody's browser, cookie by cookie: it begins with their session, keeps what it is given, follows nothing.

use super::{
    person::{Person, TestApp, fields},
    server::{Answer, Client, TestServer},
};
use reqwest::{Method, RequestBuilder};
use std::collections::BTreeMap;

/// A browser.
pub struct Tab {
    client: Client,
    pub cookies: BTreeMap<String, String>,
}

impl Tab {
    pub fn new(s: &TestServer) -> Self {
        Self { client: s.browser(), cookies: BTreeMap::new() }
    }
    /// With somebody's session.
    pub fn of(s: &TestServer, who: &Person) -> Self {
        let mut tab = Self::new(s);
        tab.cookies.insert("muster_session".to_owned(), who.cookie.clone());
        tab
    }
    pub async fn send(&mut self, r: RequestBuilder) -> Answer {
        let all: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let r = if all.is_empty() { r } else { r.header("cookie", all.join("; ")) };
        let a = self.client.send(r).await;
        for set in a.headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        a
    }
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path)
    }
    pub async fn get(&mut self, path: &str) -> Answer {
        let r = self.request(Method::GET, path);
        self.send(r).await
    }
    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let r = self.request(Method::POST, path).form(fields);
        self.send(r).await
    }
    /// An authorization request.
    pub async fn authorize(&mut self, app: &TestApp, more: &[(&str, &str)]) -> Answer {
        let r = self.request(Method::GET, "/oauth/authorize").query(&fields(app, more));
        self.send(r).await
    }
    /// Goes where an answer leads, on our own pages.
    pub async fn follow(&mut self, a: &Answer) -> Answer {
        let to = a.header("location").to_owned();
        assert!(to.starts_with('/'), "{to} is not ours");
        self.get(&to).await
    }
    /// Sends a page's form, by the button of this name's value.
    pub async fn press(&mut self, page: &Answer, path: &str, answer: &str) -> Answer {
        let mut all = hidden(&page.text);
        all.push(("answer".to_owned(), answer.to_owned()));
        let r = self.request(Method::POST, path).form(&all);
        self.send(r).await
    }
}

/// The hidden fields of a page.
pub fn hidden(html: &str) -> Vec<(String, String)> {
    let part = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(value.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\""))
    };
    let inputs = html.split("<input ").skip(1).filter(|i| i.contains("type=\"hidden\""));
    inputs.filter_map(|i| Some((part(i, "name")?, part(i, "value")?))).collect()
}
