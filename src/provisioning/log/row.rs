//! An entry as it is written down, and whether it can be done again. Pure.

use super::{
    Ended, Entry, Kept, Logged, MOST, Names,
    redact::{self, Redactor},
    terms,
};
use crate::{
    clock::Timestamp,
    directories::Bodies,
    error::{Error, Result},
    id::{DirectoryId, LogId, RequestId, TenantId},
    store::J,
};
use serde_json::{Value, json};

/// The longest text of one column; of an address, and of a header.
const LONG: usize = 2000;
const PATH: usize = 300;
const HEADER: usize = 300;

/// Cut to a length, which shows, and without NUL, which one of the databases refuses.
fn text(s: &str, most: usize) -> String {
    let clean = |c| if c == '\0' { '\u{fffd}' } else { c };
    redact::cut(s, most).chars().map(clean).collect()
}

/// Tokens of ours, wherever somebody put them.
fn tokenless(s: String) -> String {
    match s.find("mst_") {
        None => s,
        Some(_) => {
            let word = |w: &str| if w.contains("mst_") { redact::SECRET } else { w }.to_owned();
            s.split(' ').map(word).collect::<Vec<_>>().join(" ")
        }
    }
}

fn parsed(bytes: &[u8]) -> Option<Value> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    serde_json::from_slice(bytes).ok()
}

/// The text of a member, in any case.
fn member<'a>(doc: Option<&'a Value>, name: &str) -> Option<&'a str> {
    let map = doc?.as_object()?;
    map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).and_then(|(_, v)| v.as_str())
}

/// An entry as it is written: what is read of it again, whose it is, and by what it is looked for.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whose directory.
    pub(super) tenant: TenantId,
    /// Which.
    pub(super) directory: DirectoryId,
    /// [`Names::user_name`] of whom it names.
    pub(super) name_key: Option<String>,
    /// [`Names::external_id`] of what it names.
    pub(super) external_key: Option<String>,
    /// The rest.
    pub(super) entry: Logged,
}

/// The row of an entry.
pub fn of(e: &Entry, names: &Names) -> Row {
    let full = e.log.bodies == Bodies::Full;
    let mut r = Redactor::new(full, e.log.names);
    let group = e.resource.is_some_and(|(kind, _)| kind == "Group");
    let (body, answer) = (small(&e.body), e.answer.as_deref().and_then(small));
    let sent = body.and_then(parsed);
    let said = answer.and_then(parsed);
    let query = e.query.as_deref().filter(|q| !q.is_empty());
    let filter = query.and_then(|q| {
        let (_, f) = q
            .split('&')
            .filter_map(|p| p.split_once('='))
            .find(|(n, _)| n.eq_ignore_ascii_case("filter"))?;
        Some(terms::decoded(f))
    });
    let about = |name: &str| {
        let in_filter = || filter.as_deref().and_then(|f| terms::compared_with(f, name));
        let told = member(sent.as_ref(), name).or_else(|| member(said.as_ref(), name));
        told.map(str::to_owned).or_else(in_filter)
    };
    let name_key = about("userName").map(|n| names.user_name(e.directory, &n));
    let external_key = about("externalId").map(|n| names.external_id(e.directory, &n));
    // Redacted in this order, so that sentences are rid of all of it.
    let path = text(&r.address(&e.path), PATH);
    let query = query.map(|q| text(&r.query(q), LONG));
    let kept_body = sent.as_ref().map(|v| r.body(v, group).to_string());
    let kept_answer = said.as_ref().filter(|_| e.refused.is_none());
    let kept_answer = kept_answer.map(|v| shown(e, v, &mut r, group).to_string());
    let kept = match e.log.bodies {
        _ if e.body.is_empty() => Kept::None,
        // No setting would have kept these.
        _ if body.is_none() => Kept::Large,
        _ if sent.is_none() => Kept::Unreadable,
        Bodies::Off => Kept::Off,
        Bodies::Full => Kept::Full,
        Bodies::Redacted => Kept::Redacted,
    };
    let keeps = e.log.bodies != Bodies::Off;
    let detail = e.refused.as_ref().map(|f| text(&r.sentence(&f.detail), LONG));
    let ended = |o: &super::Outcome| Ended {
        outcome: o.word().to_owned(),
        reason: o.reason().map(|why| text(&r.sentence(why), LONG)),
    };
    let outcomes: Vec<Ended> = e.outcomes.iter().take(1000).map(ended).collect();
    let headers: serde_json::Map<String, Value> =
        e.headers.iter().map(|(n, v)| ((*n).to_owned(), text(v, HEADER).into())).collect();
    let entry = Logged {
        id: LogId::at(e.at),
        at: e.at,
        request: e.request,
        method: text(&e.method, 20),
        path: tokenless(path),
        query: query.map(tokenless),
        status: e.status.map(i64::from),
        scim_type: e.refused.as_ref().and_then(|f| f.scim_type).map(str::to_owned),
        detail: detail.map(tokenless),
        resource: e.resource.map(|(kind, _)| kind.to_owned()),
        resource_id: e.resource.and_then(|(_, id)| id),
        outcomes: J(outcomes),
        ignored: e.outcomes.iter().any(|o| o.word() == "ignored"),
        changed: J(e.changed.iter().map(|c| text(c, 300)).collect()),
        kept,
        headers: J(headers.into()),
        agent: e.agent.as_deref().map(|a| tokenless(text(&r.agent(a), 200))),
        took: i64::try_from(e.took.as_micros()).unwrap_or(i64::MAX),
        replay_of: e.replay_of,
        lost: 0,
        body: kept_body.filter(|_| keeps).map(tokenless),
        answer: kept_answer.filter(|_| keeps).map(tokenless),
    };
    Row { tenant: e.tenant, directory: e.directory, name_key, external_key, entry }
}

/// The row that says that entries are missing.
pub(super) fn gap(at: Timestamp, place: super::record::Key, lost: i64) -> Row {
    let entry = Logged {
        id: LogId::at(at),
        at,
        request: RequestId(uuid::Uuid::nil()),
        method: String::new(),
        path: String::new(),
        query: None,
        status: None,
        scim_type: None,
        detail: None,
        resource: None,
        resource_id: None,
        outcomes: J(Vec::new()),
        ignored: false,
        changed: J(Vec::new()),
        kept: Kept::None,
        headers: J(json!({})),
        agent: None,
        took: 0,
        replay_of: None,
        lost,
        body: None,
        answer: None,
    };
    let (tenant, directory) = place;
    Row { tenant, directory, name_key: None, external_key: None, entry }
}

fn small(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty() && bytes.len() <= MOST).then_some(bytes)
}

/// The answer; of a list without what it lists, where that would say nothing.
fn shown(e: &Entry, v: &Value, r: &mut Redactor, group: bool) -> Value {
    let mut v = r.body(v, group);
    if e.log.bodies == Bodies::Redacted
        && let Some(list) = v.get_mut("Resources")
    {
        *list = json!([]);
    }
    v
}

/// The attribute of which something was taken out, first of all.
fn taken_out(v: &Value, attr: &str) -> Option<String> {
    let hole = |s: &str| s.contains(redact::SECRET) || s.contains(redact::TEXT);
    match v {
        Value::String(s) => hole(s).then(|| attr.to_owned()),
        Value::Array(all) => all.iter().find_map(|v| taken_out(v, attr)),
        Value::Object(map) => {
            // The value of an operation is of the attribute that its path names.
            let path = member(Some(v), "op").and(member(Some(v), "path"));
            map.iter().find_map(|(k, v)| {
                let name = path.filter(|_| k.eq_ignore_ascii_case("value")).unwrap_or(k);
                if hole(k) { Some(k.clone()) } else { taken_out(v, name) }
            })
        }
        _ => None,
    }
}

/// Refuses to replay what is not all there; `apply`: for good, where no value may stand for another.
///
/// # Errors
/// `Conflict` (code `not_kept`); its `attr` names what was taken out of the body.
pub(super) fn whole(e: &Logged, apply: bool) -> Result<()> {
    let refuse = |why: String| Err(Error::conflict(why).code("not_kept"));
    let setting = "for requests to come, set the directory's `provisioning.log.bodies` to `full` (muster directory \
                   edit TENANT DIRECTORY --log-bodies full)";
    if e.lost > 0 {
        return refuse(
            "this entry says that entries are missing; there is nothing to replay".to_owned(),
        );
    }
    let missing = match e.kept {
        Kept::Redacted => "its body was redacted",
        Kept::Off => "its body was not kept",
        Kept::Large => {
            return refuse(
                "its body was too large to be kept: no setting keeps more than 64 KiB".to_owned(),
            );
        }
        Kept::Unreadable => {
            return refuse(
                "its body was no JSON and was not kept; it was refused anyway".to_owned(),
            );
        }
        Kept::Full | Kept::None => {
            // Before it was shown, what was cut was as long as it could be.
            let hole = |s: &str, most: usize| {
                ["…", redact::TEXT, redact::SECRET].iter().any(|h| s.contains(h))
                    || s.chars().count() >= most
            };
            if hole(&e.path, PATH) || e.query.as_deref().is_some_and(|q| hole(q, LONG)) {
                "its address was redacted, or cut"
            } else if let Some(name) = cut_header(e, hole) {
                return refuse(format!("its header '{name}' was too long to be kept as it was"));
            } else {
                return if apply { untouched(e) } else { Ok(()) };
            }
        }
    };
    refuse(format!("{missing}, so that it cannot be done again; {setting}"))
}

/// A header of which not all was kept.
fn cut_header(e: &Logged, hole: impl Fn(&str, usize) -> bool) -> Option<&str> {
    let headers = e.headers.0.as_object()?;
    let cut = headers.iter().find(|(_, v)| v.as_str().is_some_and(|v| hole(v, HEADER)));
    cut.map(|(name, _)| name.as_str())
}

/// Refuses a body that something was taken out of.
fn untouched(e: &Logged) -> Result<()> {
    let Some(body) = e.body.as_deref().filter(|b| !b.is_empty()) else { return Ok(()) };
    let gone = match parsed(body.as_bytes()) {
        Some(v) => taken_out(&v, ""),
        None => Some(String::new()),
    };
    let Some(attr) = gone else { return Ok(()) };
    let text = format!(
        "the value of '{}' was not kept, as its name is that of a secret, so that this cannot be done again for good; \
         without 'apply' it can be rehearsed",
        crate::text::excerpt(&attr)
    );
    Err(Error::conflict(text).code("not_kept").attr(attr))
}
