//! `If-Match`: for which version of a thing a change is (RFC 9110, 13.1.1). It may name several, and is refused where
//! nothing looks at it: who sends it means that nothing happens if it does not fit.

use super::{
    Route,
    call::{Call, Reply},
    called,
    param::IF_MATCH,
};
use crate::error::{Error, Kind, Result};
use axum::http::{HeaderMap, header};

/// So many versions are tried.
const MOST: usize = 20;

/// The versions of which one is to be the current one; none: any will do. A weak tag (`W/"1"`), and one that is none of
/// ours, is never the current one.
///
/// # Errors
/// `Invalid` where a route knows no versions, or for too many of them; `Precondition` where no tag names one.
pub(super) fn wanted(route: &Route, headers: &HeaderMap) -> Result<Vec<i64>> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(Vec::new());
    }
    if !route.params.iter().any(|p| p.name == IF_MATCH.name) {
        let text = "this request is for no version, so 'If-Match' cannot be kept to; leave it out";
        return Err(Error::invalid(text).attr(IF_MATCH.name));
    }
    let mut found = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Vec::new());
        }
        found.extend(versions(text));
    }
    found.sort_unstable();
    found.dedup();
    match found.len() {
        0 => Err(Error::new(Kind::Precondition, "'If-Match' is not a version of this")
            .attr(IF_MATCH.name)),
        n if n > MOST => {
            Err(Error::invalid(format!("'If-Match' names {n} versions, and may name {MOST}"))
                .attr(IF_MATCH.name))
        }
        _ => Ok(found),
    }
}

/// The versions that a list of tags names. A bare number is one, as people type it; a comma in quotes parts nothing.
fn versions(list: &str) -> Vec<i64> {
    let between = [' ', '\t', ','];
    let (mut found, mut rest) = (Vec::new(), list.trim_matches(between));
    while !rest.is_empty() {
        let strong = rest.strip_prefix("W/");
        let weak = strong.is_some();
        rest = strong.unwrap_or(rest);
        let (tag, after) = match rest.strip_prefix('"') {
            // What has no end is no tag.
            Some(quoted) => quoted.split_once('"').unwrap_or_default(),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        if !weak {
            found.extend(tag.trim().parse::<i64>().ok());
        }
        rest = after.trim_start_matches(between);
    }
    found
}

/// Does what a route does, for that of the versions which is the current one: one after the other, as what is answered with
/// 412 did nothing. POSTs name none, so keys need not know of them.
pub(super) async fn run(route: &'static Route, mut call: Call, all: &[i64]) -> Result<Reply> {
    let Some((last, before)) = all.split_last() else { return called::handled(route, call).await };
    for version in before {
        let call = Call { if_match: Some(*version), ..call.clone() };
        match called::handled(route, call).await {
            Err(e) if e.kind() == Kind::Precondition => {}
            done => return done,
        }
    }
    call.if_match = Some(*last);
    called::handled(route, call).await
}
