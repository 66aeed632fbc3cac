//! What is sent is read strictly: nothing twice, nothing unknown, no NUL; the error names the field at fault.

use super::Refusal;
use crate::{
    app::App,
    error::{Error, Kind, Result},
    json::{Fault, Names, read},
    text,
};
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The largest document and form that is read here.
pub const BODY: usize = 256 * 1024;

/// The whole body, if it is not too long.
///
/// # Errors
/// [`Kind::TooLarge`].
pub async fn body(body: Body) -> Result<Bytes> {
    axum::body::to_bytes(body, BODY).await.map_err(|_| {
        Error::new(Kind::TooLarge, format!("the body is longer than {BODY} bytes, or broke off"))
    })
}

/// Reads a JSON document: an object (an empty body is an empty one), no NUL anywhere.
///
/// # Errors
/// [`Kind::Invalid`], naming the field.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let bad = |fault| match fault {
        Fault::Syntax(e) => Error::invalid(format!("the body is not JSON: {e}")),
        Fault::Twice(field) => {
            let field = text::excerpt(&field);
            Error::invalid(format!("'{field}' is there twice")).attr(field)
        }
    };
    let value = if body.is_empty() {
        Value::Object(Map::new())
    } else {
        read(body, Names::Exact).map_err(bad)?
    };
    if !value.is_object() {
        return Err(Error::invalid("the body is not a JSON object"));
    }
    if let Some(field) = nul(&value) {
        return Err(Error::invalid(format!("'{field}' contains a NUL character")).attr(field));
    }
    typed(&value)
}

/// The document as a `T`.
fn typed<T: DeserializeOwned>(value: &Value) -> Result<T> {
    serde_json::from_value(value.clone()).map_err(|e| {
        let text = e.to_string();
        let said = plain(&text);
        match at_fault::<T>(value, &text) {
            Some(field) if said.contains(&format!("'{field}'")) => Error::invalid(said).attr(field),
            Some(field) => Error::invalid(format!("'{field}': {said}")).attr(field),
            None => Error::invalid(said),
        }
    })
}

/// What the parser says, in words that need no knowledge of the language it is written in.
fn plain(e: &str) -> String {
    let named = |text: &str| text.split('`').nth(1).map(text::excerpt).unwrap_or_default();
    // What stands between backticks, each in quotes.
    let all = |text: &str| {
        let names = text.split('`').skip(1).step_by(2).map(|n| format!("'{n}'"));
        names.collect::<Vec<_>>().join(", ")
    };
    if e.starts_with("UUID parsing failed") {
        return "it is not an id".to_owned();
    }
    if e.starts_with("missing field `") {
        return format!("'{}' is missing", named(e));
    }
    if e.starts_with("unknown field `") && e.ends_with(", there are no fields") {
        return format!("there is no field '{}'", named(e));
    }
    if e.starts_with("data did not match any variant") {
        return "it has none of the forms that it may have".to_owned();
    }
    let Some((what, expected)) = e.rsplit_once(", expected ") else { return e.to_owned() };
    if what.starts_with("unknown field `") {
        return format!("there is no field '{}'; there are {}", named(what), all(expected));
    }
    if what.starts_with("unknown variant `") {
        return format!("it cannot be '{}'; it can be {}", named(what), all(expected));
    }
    let Some((_, found)) = what.split_once(": ").filter(|(kind, _)| kind.starts_with("invalid "))
    else {
        return e.to_owned();
    };
    format!("it is {}, and should be {}", form_of(found), form_of(expected))
}

/// One of the parser's words for a kind of value.
fn form_of(word: &str) -> String {
    let first = word.split_whitespace().next().unwrap_or_default();
    match first {
        "internally" | "adjacently" | "externally" | "struct" | "map" | "enum" => {
            "an object".into()
        }
        "sequence" => "a list".into(),
        "null" => "null".into(),
        "string" | "variant" => "a text".into(),
        "integer" | "floating" | "f32" | "f64" => "a number".into(),
        "boolean" => "true or false".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative".into(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".into(),
        _ => match word {
            "a string" => "a text".into(),
            "a sequence" => "a list".into(),
            "a map" => "an object".into(),
            "a boolean" => "true or false".into(),
            other => other.replace('`', "'"),
        },
    }
}

/// The first field whose text (at any depth) holds a NUL; of a list of objects, that of the object.
fn nul(v: &Value) -> Option<String> {
    fn within(v: &Value) -> bool {
        match v {
            Value::String(s) => s.contains('\0'),
            Value::Array(a) => a.iter().any(within),
            Value::Object(o) => o.iter().any(|(k, v)| k.contains('\0') || within(v)),
            _ => false,
        }
    }
    let fields = v.as_object()?;
    let (name, value) = fields.iter().find(|(k, v)| k.contains('\0') || within(v))?;
    let name = text::excerpt(name);
    let item = value.as_array().and_then(|all| all.iter().enumerate().find(|(_, v)| within(v)));
    match item.and_then(|(n, item)| Some((n, nul(item)?))) {
        Some((n, inner)) => Some(format!("{name}[{n}].{inner}")),
        None => Some(name),
    }
}

/// The field without which the document would be refused for another reason, or which is missing; of a list of objects, that
/// of the object: `rows[17].action`.
fn at_fault<T: DeserializeOwned>(v: &Value, error: &str) -> Option<String> {
    let refused =
        |fields| serde_json::from_value::<T>(Value::Object(fields)).err().map(|e| e.to_string());
    located(v.as_object()?, error, &refused)
}

/// What the parser says with these fields in the place of an object.
type Refused<'a> = &'a dyn Fn(Map<String, Value>) -> Option<String>;

fn located(fields: &Map<String, Value>, error: &str, refused: Refused<'_>) -> Option<String> {
    listed(fields, error, refused).or_else(|| caused(fields, error, refused))
}

/// The same where it is in a list of objects.
fn listed(fields: &Map<String, Value>, error: &str, refused: Refused<'_>) -> Option<String> {
    for (name, value) in fields {
        let Some(items) = value.as_array().filter(|all| all.iter().any(Value::is_object)) else {
            continue;
        };
        let is_refused = |items: &[Value]| {
            let mut with = fields.clone();
            with.insert(name.clone(), items.into());
            refused(with).as_deref() == Some(error)
        };
        if is_refused(&[]) {
            continue;
        }
        // The parser stops at the first that does not fit: the shortest beginning that is refused so ends with it.
        let (mut fits, mut fails) = (0, items.len());
        while fails - fits > 1 {
            let middle = usize::midpoint(fits, fails);
            if is_refused(items.get(..middle)?) {
                fails = middle;
            } else {
                fits = middle;
            }
        }
        let at = format!("{}[{fits}]", text::excerpt(name));
        let Some(item) = items.get(fits)?.as_object() else { return Some(at) };
        let alone = |item| {
            let mut with = fields.clone();
            with.insert(name.clone(), Value::Array(vec![Value::Object(item)]));
            refused(with)
        };
        let inner = located(item, error, &alone);
        return Some(inner.map_or_else(|| at.clone(), |inner| format!("{at}.{inner}")));
    }
    None
}

fn caused(fields: &Map<String, Value>, error: &str, refused: Refused<'_>) -> Option<String> {
    // Without a field that is needed, "missing" is said of that field, too: it proves nothing.
    let is_missing = error.starts_with("missing field");
    let cause = fields.keys().find(|k| {
        let mut without = fields.clone();
        without.remove(*k);
        refused(without).is_none_or(|e| {
            e != error && !(is_missing && e.starts_with(&format!("missing field `{k}`")))
        })
    });
    let missing = || error.strip_prefix("missing field `")?.split('`').next().map(str::to_owned);
    cause.map(|k| text::excerpt(k)).or_else(missing)
}

/// The pairs of a form or query, in their order: each name once, UTF-8, no NUL.
///
/// # Errors
/// [`Kind::Invalid`], naming the parameter.
pub fn pairs(text: &[u8]) -> Result<Vec<(String, String)>> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    for (name, value) in url::form_urlencoded::parse(text) {
        let shown = text::excerpt(&name);
        let bad = |what: &str| Err(Error::invalid(format!("'{shown}' {what}")).attr(&*shown));
        if name.contains('\0') || value.contains('\0') {
            return bad("contains a NUL character");
        }
        // What was no UTF-8 was replaced; nobody sends the replacement itself.
        if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
            return bad("is not UTF-8");
        }
        if !seen.insert(name.clone().into_owned()) {
            return bad("is given twice");
        }
        out.push((name.into_owned(), value.into_owned()));
    }
    Ok(out)
}

/// The pairs of a form or query as a `T` whose fields are texts.
///
/// # Errors
/// [`Kind::Invalid`], naming the parameter.
pub fn form<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    let fields = pairs(text)?.into_iter().map(|(n, v)| (n, Value::String(v)));
    typed(&Value::Object(fields.collect()))
}

/// Refuses what another site made the browser send: by `Sec-Fetch-Site` where the browser says it, else by `Origin`.
/// Who sends neither is no browser and has no cookies that it does not know of.
///
/// # Errors
/// [`Kind::Forbidden`].
pub fn same_origin(app: &App, headers: &HeaderMap) -> Result<()> {
    let word = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let ours = match (word("sec-fetch-site"), word("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == app.config.issuer(),
        (None, None) => true,
    };
    if ours {
        return Ok(());
    }
    Err(Error::forbidden("this came from another site; begin on our own pages"))
}

fn content_type(headers: &HeaderMap, wanted: &str) -> Result<()> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let kind = sent.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Error::invalid(format!("the body is to be sent as {wanted}")).attr("Content-Type"))
}

/// The form of one of our pages: sent by our own page, nothing twice.
#[derive(Debug, Clone)]
pub struct StrictForm<T>(pub T);
impl<T: DeserializeOwned> FromRequest<App> for StrictForm<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (parts, sent) = request.into_parts();
        let read = async {
            same_origin(app, &parts.headers)?;
            content_type(&parts.headers, "application/x-www-form-urlencoded")?;
            form(&body(sent).await?)
        };
        read.await.map(Self).map_err(|e| Refusal::at(app, &parts, e))
    }
}

/// The parts of the path. What does not fit is an address of nothing.
#[derive(Debug, Clone)]
pub struct StrictPath<T>(pub T);
impl<T: DeserializeOwned + Send> FromRequestParts<App> for StrictPath<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        read.map(|p| Self(p.0)).map_err(|_| {
            let text = "there is no page at this address. If it is from a letter, open the whole of it; else begin \
                        where you were going.";
            Refusal::at(app, parts, Error::new(Kind::NotFound, text))
        })
    }
}

/// The words of the query, each once.
#[derive(Debug, Clone)]
pub struct StrictQuery<T>(pub T);
impl<T: DeserializeOwned> FromRequestParts<App> for StrictQuery<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let read = form(parts.uri.query().unwrap_or_default().as_bytes());
        read.map(Self).map_err(|e| Refusal::at(app, parts, e))
    }
}
