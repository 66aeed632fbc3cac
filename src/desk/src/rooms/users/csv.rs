//! The table of users as a file. It is sent while it is read, a page after the other, so it may be of any length.

use super::{Filters, User};
use crate::{
    api::{Client, Page},
    ask::{Answer, Ask},
    problem::Problem,
    shell::Shell,
};
use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use futures::stream;
use std::{fmt::Write as _, io};

const HEAD: &str =
    "name,signs_in_as,email,kind,state,managed_by,last_sign_in,last_proof,added,id\r\n";

/// The file.
pub(super) async fn file(ask: &Ask, shell: &Shell, filters: &Filters) -> Answer {
    // What is refused is said on a page, before anything is sent.
    let at = |cursor: &str| shell.api(&format!("/users{}", filters.query(cursor, "500")));
    let first: Page<User> = ask.get(&at("")).await?;
    let client: Client = (**ask).clone();
    // The cursor comes last, so that the addresses of the pages after differ in their end alone.
    let rest = shell.api(&format!("/users{}", filters.query("", "500")));
    let rest = move |cursor: &str| format!("{rest}&cursor={}", crate::text::escape(cursor));
    let begin = (client, rest, Some(At::First(first)));
    let rows = stream::unfold(begin, |(client, rest, at)| async move {
        let (text, next) = match at? {
            At::First(page) => (format!("{HEAD}{}", table(&page.items)), page.next),
            At::After(cursor) => match client.get::<Page<User>>(&rest(&cursor)).await {
                Ok(page) => (table(&page.items), page.next),
                Err(p) => return Some((Err(broke_off(&p)), (client, rest, None))),
            },
        };
        Some((Ok(text), (client, rest, next.map(At::After))))
    });
    let mut r = Response::new(Body::from_stream(rows));
    let h = r.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    h.insert(header::CONTENT_TYPE, kind);
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    h.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let name = format!("attachment; filename=\"users-{}.csv\"", shell.slug());
    if let Ok(name) = HeaderValue::try_from(name) {
        h.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(r)
}

enum At {
    First(Page<User>),
    After(String),
}

/// Nobody takes half of a table for the whole: the connection breaks.
fn broke_off(p: &Problem) -> io::Error {
    tracing::warn!(status = p.status, detail = p.detail, "a table of users broke off");
    io::Error::other(p.detail.clone())
}

fn table(users: &[User]) -> String {
    let mut out = String::new();
    for u in users {
        let seen = u.last_signin_at.as_ref().map_or("", |w| &w.exact);
        let cells = [
            u.name(),
            &u.signs_in_as,
            u.email.as_deref().unwrap_or_default(),
            u.kind(),
            u.state().0,
            u.manager(),
            seen,
            u.last_class.as_deref().unwrap_or_default(),
            &u.created_at.exact,
            &u.id,
        ];
        line(&mut out, &cells);
    }
    out
}

/// A row. What a spreadsheet would take for a formula has an apostrophe before it.
fn line(out: &mut String, cells: &[&str]) {
    for (n, cell) in cells.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        let quoted = cell.contains([',', '"', '\r', '\n']);
        let _ = if quoted {
            write!(out, "{comma}\"{guard}{}\"", cell.replace('"', "\"\""))
        } else {
            write!(out, "{comma}{guard}{cell}")
        };
    }
    out.push_str("\r\n");
}
