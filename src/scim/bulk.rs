//! `POST /Bulk` (RFC 7644 3.7): each operation is done by the same function as if it had come by itself, in a transaction
//! of its own. Those that refer to what another makes wait for it; of those that wait for each other one is begun without
//! what it lacks, and gets it afterwards.

use super::{Call, answer, call, error, verb};
use crate::{
    error::{Error, Kind, Result},
    protocol::scim::{
        BULK_ANSWER, Resource,
        bulk::{Bulk, Later, Method, Operation, Sent, begun, resolved},
    },
};
use axum::{
    http::{self, HeaderMap, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

/// The most operations of one request.
pub(super) const MAX_OPERATIONS: usize = 1000;

/// How it stands with a request.
struct Work<'a> {
    call: &'a Call,
    sent: &'a [Sent<'a>],
    /// What was made, by name.
    ids: BTreeMap<String, String>,
    /// The names of what may still be made: each refers to nothing but what is there or may be made as well.
    open: BTreeSet<String>,
    /// Which creations refer to a name.
    users: BTreeMap<String, Vec<usize>>,
    /// What became of each operation.
    answers: Vec<Option<Map<String, Value>>>,
    /// What waits, and whose it is.
    later: Vec<(usize, String, Later)>,
    errors: u64,
    until: Instant,
}

/// `POST /Bulk`
pub(super) async fn post(call: &Call) -> Result<Response> {
    let bulk = Bulk::read(call.rules, &call.body, MAX_OPERATIONS)?;
    let makes = |s: &Sent<'_>| match &s.operation {
        Ok(o) if o.method == Method::Post => o.bulk_id.map(str::to_owned),
        _ => None,
    };
    let time: Duration = *call.app.config.limits.request_time;
    let mut work = Work {
        call,
        sent: &bulk.operations,
        ids: BTreeMap::new(),
        open: bulk.operations.iter().filter_map(makes).collect(),
        users: BTreeMap::new(),
        answers: bulk.operations.iter().map(|_| None).collect(),
        later: Vec::new(),
        errors: 0,
        until: Instant::now() + time.mul_f32(0.75),
    };
    work.foresee();
    work.all(bulk.fail_on_errors.unwrap_or(u64::MAX)).await;
    let list: Vec<Value> = work.answers.into_iter().flatten().map(Value::Object).collect();
    let body = json!({ "schemas": [BULK_ANSWER], "Operations": list });
    Ok(answer(StatusCode::OK, Some(body), None, None))
}

/// How an operation can be done now.
enum Next {
    /// As it is.
    Whole(usize),
    /// Without what waits for others.
    Begun(usize, Value, Vec<Later>),
    /// Not at all: it waits for what never comes.
    Never(usize),
}

impl<'a> Work<'a> {
    /// What waits for what nobody makes is not waited for.
    fn foresee(&mut self) {
        let mut never = BTreeSet::new();
        for (i, s) in self.sent.iter().enumerate() {
            let Ok(o) = &s.operation else { continue };
            for name in o.refers.iter().filter(|_| o.method == Method::Post) {
                self.users.entry(name.clone()).or_default().push(i);
                if !self.open.contains(name) {
                    never.insert(name.clone());
                }
            }
        }
        for name in never {
            self.never(name);
        }
    }
    /// A name stands for nothing; nor, then, do those whose creation refers to it.
    fn never(&mut self, name: String) {
        let mut names = vec![name];
        while let Some(name) = names.pop() {
            self.open.remove(&name);
            for i in self.users.remove(&name).unwrap_or_default() {
                // What was begun is there.
                let of = self.sent[i].bulk_id.filter(|n| self.open.contains(*n));
                names.extend(of.map(str::to_owned));
            }
        }
    }
    async fn all(&mut self, most_errors: u64) {
        while self.errors < most_errors
            && let Some(next) = self.next()
        {
            match next {
                _ if Instant::now() > self.until => {
                    let text =
                        "the time for one request was over before this was begun; send it again";
                    self.refused(next.index(), &Error::new(Kind::Unavailable, text));
                }
                Next::Never(i) => {
                    let text = self.lacking(i);
                    self.refused(i, &Error::conflict(text).code(error::UNRESOLVED));
                }
                Next::Whole(i) => {
                    if let Ok(o) = &self.sent[i].operation {
                        let data = resolved(o.data, &self.ids);
                        self.done(i, o, data).await;
                    } else {
                        self.not_one(i);
                    }
                }
                Next::Begun(i, data, later) => {
                    if let Ok(o) = &self.sent[i].operation {
                        let data = resolved(&data, &self.ids);
                        if let Some(id) = self.done(i, o, data).await {
                            self.later.extend(later.into_iter().map(|l| (i, id.clone(), l)));
                        }
                    }
                }
            }
            self.finish().await;
        }
    }
    /// The first operation that can be done now: one that waits for nothing and does not overtake another on the same
    /// resource, if there is one.
    fn next(&self) -> Option<Next> {
        let (mut first, mut ready, mut makers) = (None, None, Vec::new());
        let mut before: HashSet<(Resource, &str)> = HashSet::new();
        for (i, sent) in self.sent.iter().enumerate() {
            if self.answers[i].is_some() {
                continue;
            }
            let Ok(o) = &sent.operation else { return Some(Next::Whole(i)) };
            let free = o.refers.iter().all(|n| self.ids.contains_key(n));
            let overtakes = o.id.is_some_and(|id| !before.insert((o.resource, id)));
            if free && !overtakes {
                return Some(Next::Whole(i));
            }
            first = first.or(Some(i));
            if free {
                ready = ready.or(Some(i));
            }
            let hopeful =
                || o.refers.iter().all(|n| self.ids.contains_key(n) || self.open.contains(n));
            if ready.is_none() && o.method == Method::Post && hopeful() {
                makers.push((i, o));
            }
        }
        // What is begun without a part is copied: only where nothing else can be done.
        let cyclic = || {
            makers.into_iter().find_map(|(i, o)| {
                begun(o.resource, o.data, &self.open).map(|(v, l)| Next::Begun(i, v, l))
            })
        };
        ready.map(Next::Whole).or_else(cyclic).or(first.map(Next::Never))
    }
    /// The id of a path; `None` for a reference to what is not there.
    fn named(&self, id: &str) -> Option<String> {
        match id.strip_prefix("bulkId:") {
            Some(name) => self.ids.get(name).cloned(),
            None => Some(id.to_owned()),
        }
    }
    /// Does one; the id of what it made.
    async fn done(&mut self, i: usize, o: &Operation<'a>, data: Value) -> Option<String> {
        let id = o.id.and_then(|id| self.named(id));
        let method = match o.method {
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
        };
        let part = self.call.part(data, o.version);
        let result = verb(&part, &method, o.resource, id.as_deref()).await;
        self.call.note_part(&part);
        let place = |id: &str| format!("{}/{}s/{id}", self.call.base, o.resource.name());
        match result {
            Ok(response) => {
                let made = header_of(response.headers(), &header::LOCATION);
                let made = made.and_then(|l| l.rsplit('/').next().map(str::to_owned));
                let id = id.or_else(|| made.clone());
                let mut entry = self.entry(i, response.status());
                if let Some(id) = &id {
                    entry.insert("location".to_owned(), place(id).into());
                }
                if let Some(v) = header_of(response.headers(), &header::ETAG) {
                    entry.insert("version".to_owned(), v.into());
                }
                self.answers[i] = Some(entry);
                if let (Method::Post, Some(name), Some(id)) = (o.method, o.bulk_id, &made) {
                    self.open.remove(name);
                    self.ids.insert(name.to_owned(), id.clone());
                }
                made
            }
            Err(e) => {
                self.refused(i, &e);
                None
            }
        }
    }
    /// Gives what was begun what it lacked, as far as it is there by now.
    async fn finish(&mut self) {
        let (due, wait): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|(_, _, l)| l.waits.iter().all(|n| !self.open.contains(n)));
        self.later = wait;
        for (i, id, later) in due {
            let Ok(o) = &self.sent[i].operation else { continue };
            if let Some(name) = later.waits.iter().find(|n| !self.ids.contains_key(*n)) {
                let text = format!("it was made without 'bulkId:{name}', which was not");
                self.refused(i, &Error::conflict(text).code(error::UNRESOLVED));
            } else {
                let part = self.call.part(later.patch(&self.ids), None);
                let result = verb(&part, &http::Method::PATCH, o.resource, Some(&id)).await;
                self.call.note_part(&part);
                match (result, &mut self.answers[i]) {
                    (Ok(r), Some(entry)) => {
                        if let Some(v) = header_of(r.headers(), &header::ETAG) {
                            entry.insert("version".to_owned(), v.into());
                        }
                        continue;
                    }
                    (Ok(_), None) => continue,
                    (Err(e), _) => self.refused(i, &e),
                }
            }
            // It is there all the same.
            if let Some(entry) = &mut self.answers[i] {
                let place = format!("{}/{}s/{id}", self.call.base, o.resource.name());
                entry.insert("location".to_owned(), place.into());
            }
        }
    }
    fn entry(&self, i: usize, status: StatusCode) -> Map<String, Value> {
        let sent = &self.sent[i];
        let mut entry = Map::new();
        entry.insert("method".to_owned(), sent.method.to_ascii_uppercase().into());
        if let Some(name) = sent.bulk_id {
            entry.insert("bulkId".to_owned(), name.into());
        }
        entry.insert("status".to_owned(), status.as_u16().to_string().into());
        entry
    }
    fn refused(&mut self, i: usize, e: &Error) {
        let (status, body) = error::document(e);
        let mut entry = self.entry(i, status);
        entry.insert("response".to_owned(), body);
        if let Ok(o) = &self.sent[i].operation
            && let Some(id) = o.id.and_then(|id| self.named(id))
        {
            let place = format!("{}/{}s/{id}", self.call.base, o.resource.name());
            entry.insert("location".to_owned(), place.into());
        }
        self.answers[i] = Some(entry);
        self.errors += 1;
        if let (Ok(o), Some(name)) = (&self.sent[i].operation, self.sent[i].bulk_id)
            && o.method == Method::Post
            && !self.ids.contains_key(name)
        {
            self.never(name.to_owned());
        }
    }
    /// What is no operation says why.
    fn not_one(&mut self, i: usize) {
        if let Err(e) = &self.sent[i].operation {
            let e = e.clone();
            self.refused(i, &e);
        }
    }
    fn lacking(&self, i: usize) -> String {
        let Ok(o) = &self.sent[i].operation else { return String::new() };
        let known = |n: &&String| !self.ids.contains_key(*n);
        let names: Vec<String> = o
            .refers
            .iter()
            .filter(known)
            .map(|n| format!("'bulkId:{}'", crate::text::excerpt(n)))
            .collect();
        format!("{} stands for nothing that this request has made", names.join(", "))
    }
}

impl Next {
    fn index(&self) -> usize {
        match self {
            Self::Whole(i) | Self::Begun(i, ..) | Self::Never(i) => *i,
        }
    }
}

fn header_of(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
}

impl Call {
    /// An operation of this request as a request of its own; its answer shows as little as it can.
    fn part(&self, body: Value, version: Option<&str>) -> Self {
        Self {
            app: self.app.clone(),
            permit: self.permit.clone(),
            schemas: self.schemas.clone(),
            rules: self.rules,
            unique_groups: self.unique_groups,
            base: self.base.clone(),
            params: HashMap::from([("attributes".to_owned(), "id".to_owned())]),
            if_match: version.and_then(|v| call::tags(&[v])),
            if_none_match: None,
            searched: false,
            body,
            notes: super::note::Notes::default(),
        }
    }
}
