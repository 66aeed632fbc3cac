//! What of a request may be written down. Pure. Two ways: without secrets, and without anything that a person could be
//! known by. The second keeps the structure: names of attributes, operations and paths, yes and no, ids of ours, the
//! words that the standard itself gives (`work`, `home`), and puts `(text)` or `(number)` for the rest.
//!
//! What was taken out is remembered, so that it can be taken out of sentences as well: details of errors and reasons
//! repeat what was sent.

use super::terms::{self, Token};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What stands for a secret.
pub const SECRET: &str = "(secret)";
/// What stands for a text of somebody's.
pub const TEXT: &str = "(text)";
/// What stands for a number.
pub const NUMBER: &str = "(number)";

/// Texts so short are taken out of sentences only where they stand in quotes.
const SHORT: usize = 3;
/// As far as an error repeats a text.
const EXCERPT: usize = 80;

/// Names of attributes, and of parameters, that hold secrets whatever their schema.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "credential", "apikey", "api_key", "privatekey"]
        .iter()
        .any(|s| name.contains(s))
}

/// Takes out what may not stay, and remembers it.
#[derive(Debug)]
pub struct Redactor {
    /// Only secrets go.
    full: bool,
    /// Names that a directory gives may stay.
    names: bool,
    gone: Vec<String>,
    /// Names of attributes that were met, in lower case.
    met: BTreeSet<String>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct At<'a> {
    /// The attribute, in lower case.
    attr: &'a str,
    /// The attribute around it.
    of: &'a str,
    /// Of a group.
    group: bool,
}

impl Redactor {
    /// With full bodies, or with the names that directories give.
    pub fn new(full: bool, names: bool) -> Self {
        Self { full, names, gone: Vec::new(), met: BTreeSet::new() }
    }
    fn take(&mut self, text: &str) {
        if !text.is_empty() && !self.gone.iter().any(|g| g == text) {
            self.gone.push(text.to_owned());
        }
    }
    /// A body.
    pub fn body(&mut self, body: &Value, group: bool) -> Value {
        self.value(body, At { attr: "", of: "", group })
    }
    fn value(&mut self, v: &Value, at: At<'_>) -> Value {
        if is_secret(at.attr) && !v.is_null() {
            self.all(v);
            return SECRET.into();
        }
        match v {
            Value::Object(map) => self.object(map, at),
            Value::Array(list) => list.iter().map(|v| self.value(v, at)).collect(),
            Value::String(s) => self.text(s, at).into(),
            Value::Number(n) if !self.full && !terms::is_count(at.attr) => {
                self.take(&n.to_string());
                NUMBER.into()
            }
            other => other.clone(),
        }
    }
    fn object(&mut self, map: &Map<String, Value>, at: At<'_>) -> Value {
        let get = |n: &str| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(n)).map(|(_, v)| v);
        // The value of an operation is of the attribute that its path names.
        let path = get("op").and(get("path")).and_then(Value::as_str).map(last_of);
        let group =
            at.group || get("bulkId").or(get("method")).is_some_and(|_| of_groups(get("path")));
        let mut out = Map::new();
        for (k, v) in map {
            let attr = last_of(k);
            let of = if at.attr.is_empty() { at.of } else { at.attr };
            let inner = match &path {
                Some(p) if attr == "value" => At { attr: p, of: "", group },
                _ => At { attr: &attr, of, group },
            };
            let key = self.path(k);
            let value = self.value(v, inner);
            out.insert(key, value);
        }
        Value::Object(out)
    }
    /// Everything in a value is a secret.
    fn all(&mut self, v: &Value) {
        match v {
            Value::String(s) => self.take(s),
            Value::Number(n) => self.take(&n.to_string()),
            Value::Array(l) => l.iter().for_each(|v| self.all(v)),
            Value::Object(m) => m.values().for_each(|v| self.all(v)),
            Value::Bool(_) | Value::Null => {}
        }
    }
    fn text(&mut self, s: &str, at: At<'_>) -> String {
        if s.is_empty() || s.eq_ignore_ascii_case("true") || s.eq_ignore_ascii_case("false") {
            return s.to_owned();
        }
        if s.contains("mst_") {
            // A token of ours, wherever somebody put it.
            self.take(s);
            return SECRET.to_owned();
        }
        match at.attr {
            "filter" => return self.filter(s),
            "path" if s.starts_with('/') => return self.address(s),
            "path" | "sortby" => return self.path(s),
            _ if self.full || self.may_stay(s, at) => return s.to_owned(),
            _ => {}
        }
        self.take(s);
        TEXT.to_owned()
    }
    fn may_stay(&self, s: &str, at: At<'_>) -> bool {
        let id = Uuid::try_parse(s).is_ok();
        match at.attr {
            "schemas" => {
                s.contains(':') && s.split('/').all(|p| p.is_empty() || terms::is_attribute(p))
            }
            "attributes" | "excludedattributes" => {
                s.split(',').all(|a| terms::is_attribute(a.trim()))
            }
            "op" | "method" | "resourcetype" | "sortorder" => terms::is_protocol(s),
            "scimtype" => terms::is_attribute(s),
            "status" => s.bytes().all(|b| b.is_ascii_digit()),
            "type" => terms::is_canonical(s),
            "created" | "lastmodified" => at.of == "meta" && terms::is_moment(s),
            "version" => at.of == "meta" && terms::is_version(s),
            "location" | "$ref" => terms::is_location(s),
            "id" | "members" | "manager" => id,
            "value" => id && matches!(at.of, "members" | "groups" | "manager"),
            "username" | "externalid" => self.names,
            "displayname" => self.names && at.group,
            "display" => self.names && matches!(at.of, "members" | "groups"),
            _ => false,
        }
    }
    /// A path of an operation, or a key: the values in its condition go.
    pub fn path(&mut self, text: &str) -> String {
        if terms::is_attribute(text) {
            self.met.insert(text.to_ascii_lowercase());
            return text.to_owned();
        }
        self.filter(text)
    }
    /// A filter: what is compared stays, with what goes.
    pub fn filter(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut attr = String::new();
        for (token, at) in terms::tokens(text) {
            match token {
                Token::Attribute(a) => {
                    attr = last_of(a);
                    self.met.insert(a.to_ascii_lowercase());
                    out.push_str(a);
                }
                Token::Word(w) => out.push_str(w),
                Token::Gap(g) => out.push_str(g),
                Token::Literal(l) => {
                    let plain = terms::unquoted(l);
                    let secret = is_secret(&attr);
                    let here = At { attr: &attr, of: at.unwrap_or_default(), group: false };
                    let plain_word = l == "null"
                        || l.eq_ignore_ascii_case("true")
                        || l.eq_ignore_ascii_case("false");
                    if plain_word || (!secret && (self.full || self.may_stay(&plain, here))) {
                        out.push_str(l);
                    } else {
                        self.take(&plain);
                        out.push_str(if secret { SECRET } else { TEXT });
                    }
                }
            }
        }
        out
    }
    /// A sentence of ours: what was taken out of the request goes out of it, and so does what stands in quotes and is
    /// no name of an attribute.
    pub fn sentence(&self, text: &str) -> String {
        let mut out = text.to_owned();
        let mut gone: Vec<&str> = self.gone.iter().map(String::as_str).collect();
        // The longest first: one may be a part of another.
        gone.sort_by_key(|g| std::cmp::Reverse(g.len()));
        for g in gone {
            let shown = crate::text::excerpt(g);
            let cut: String = g.chars().take(EXCERPT).collect();
            for form in [g, shown.as_str(), cut.as_str()] {
                if form.chars().count() >= SHORT {
                    out = out.replace(form, "…");
                } else {
                    out = out.replace(&format!("'{form}'"), "'…'");
                }
            }
        }
        if self.full {
            return out;
        }
        let mut clean = String::new();
        for (quoted, part) in terms::quotes(&out) {
            let lower = part.to_ascii_lowercase();
            let stays = !quoted
                || part.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                || Uuid::try_parse(part).is_ok()
                || terms::is_known(&lower)
                || self.met.contains(&lower);
            clean.push_str(if stays { part } else { "…" });
        }
        clean
    }
    /// The address below the base: names of resources and ids.
    pub fn address(&mut self, rest: &str) -> String {
        let stays = |s: &str| {
            s.is_empty()
                || Uuid::try_parse(s).is_ok()
                || terms::is_place(s)
                || (s.contains(':') && terms::is_attribute(s))
        };
        let parts: Vec<String> = rest
            .trim_start_matches('/')
            .split('/')
            .map(|s| {
                if self.full || stays(s) {
                    return cut(s, 200);
                }
                self.take(s);
                "…".to_owned()
            })
            .collect();
        format!("/{}", parts.join("/"))
    }
    /// What a client calls itself: names of programs and their versions. What stands in brackets says more of whoever
    /// runs it, and addresses say who that is.
    pub fn agent(&self, agent: &str) -> String {
        if self.full {
            return agent.to_owned();
        }
        let mut depth = 0_usize;
        let mut plain = String::new();
        for c in agent.chars() {
            match c {
                '(' => {
                    if depth == 0 {
                        plain.push('…');
                    }
                    depth += 1;
                }
                ')' => depth = depth.saturating_sub(1),
                c if depth == 0 => plain.push(c),
                _ => {}
            }
        }
        let program = |w: &str| {
            w == "…"
                || w.len() <= 60
                    && !w.contains("://")
                    && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"./_-+;,".contains(&b))
        };
        let words = plain.split_whitespace().map(|w| if program(w) { w } else { "…" });
        self.sentence(&words.collect::<Vec<_>>().join(" "))
    }
    /// A query: parameters of SCIM with what they may say, of others the name.
    pub fn query(&mut self, query: &str) -> String {
        let parts = query.split('&').filter(|p| !p.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = terms::decoded(value);
            let shown = match name.to_ascii_lowercase().as_str() {
                _ if value.is_empty() => String::new(),
                n if is_secret(n) => {
                    self.take(&plain);
                    SECRET.to_owned()
                }
                "filter" => {
                    let kept = self.filter(&plain);
                    if self.full && kept == plain { value.to_owned() } else { kept }
                }
                _ if self.full => value.to_owned(),
                n if terms::is_count(n) && plain.bytes().all(|b| b.is_ascii_digit()) => plain,
                "attributes" | "excludedattributes"
                    if plain.split(',').all(|a| terms::is_attribute(a.trim())) =>
                {
                    plain
                }
                "sortby" if terms::is_attribute(&plain) => plain,
                "sortorder" if terms::is_protocol(&plain) => plain,
                _ => {
                    self.take(&plain);
                    TEXT.to_owned()
                }
            };
            let name = if terms::is_attribute(name) { name } else { "…" };
            if value.is_empty() { name.to_owned() } else { format!("{name}={shown}") }
        });
        parts.collect::<Vec<_>>().join("&")
    }
}

/// Cut to a length, of which the last character says so.
pub(super) fn cut(s: &str, most: usize) -> String {
    if s.chars().count() <= most {
        return s.to_owned();
    }
    s.chars().take(most - 1).chain(['…']).collect()
}

/// The last attribute of a path, in lower case: `urn:...:User:name.givenName` -> `givenname`.
fn last_of(path: &str) -> String {
    let plain = path.split('[').next().unwrap_or(path);
    let sub = path.rsplit(']').next().filter(|s| s.starts_with('.')).unwrap_or(plain);
    let name = sub.rsplit(':').next().unwrap_or(sub);
    let name = name.rsplit('.').next().unwrap_or(name);
    name.to_ascii_lowercase()
}

fn of_groups(path: Option<&Value>) -> bool {
    path.and_then(Value::as_str).is_some_and(|p| p.to_ascii_lowercase().starts_with("/groups"))
}
