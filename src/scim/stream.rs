//! Groups of any size as answers: members are read in pages and sent as they come, so that memory holds one page and
//! never a group. What fits is sent in one piece; beyond that, when the database fails midway, the connection breaks
//! off, and nobody takes a part for the whole.

use super::{Call, document, document::projection};
use crate::{
    access::{Permit, perm::Provision},
    app::App,
    error::{Error, Result},
    groups::{self, GroupRow},
    id::{GroupId, UserId},
    protocol::scim::{Projection, Resource},
};
use axum::body::Body;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Members that are read at once.
const PAGE: i64 = 1000;
/// An answer of up to so many bytes is put together before it begins, and has a length.
const WHOLE: usize = 256 * 1024;

/// What is still to be written.
enum Part {
    /// As it is.
    Text(String),
    /// Groups that have no more members together than a page.
    Small(Vec<GroupRow>),
    /// A group by itself.
    Large(Box<GroupRow>),
    /// The members of a group after this one, and the end of its object.
    Members { id: GroupId, after: Option<UserId>, begun: bool },
}

/// Writes an answer, part by part.
pub(super) struct Writer {
    app: App,
    permit: Permit<Provision>,
    base: String,
    shows: Projection,
    parts: VecDeque<Part>,
}

impl Writer {
    fn new(call: &Call) -> Self {
        Self {
            app: call.app.clone(),
            permit: call.permit.clone(),
            base: call.base.clone(),
            shows: projection(call, Resource::Group),
            parts: VecDeque::new(),
        }
    }
    /// One group.
    pub(super) fn group(call: &Call, row: GroupRow) -> Self {
        let mut w = Self::new(call);
        w.parts.push_back(if w.members_wanted() {
            Part::Large(Box::new(row))
        } else {
            Part::Small(vec![row])
        });
        w
    }
    /// A list that holds these documents, then these groups.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn list(
        call: &Call,
        list: Map<String, Value>,
        docs: &[Value],
        rows: Vec<GroupRow>,
        always: bool,
    ) -> Result<Self> {
        let mut w = Self::new(call);
        if docs.is_empty() && rows.is_empty() && !always {
            w.text(Value::Object(list).to_string());
            return Ok(w);
        }
        w.text(format!("{},\"Resources\":[", opened(list)));
        let docs: Vec<String> = docs.iter().map(Value::to_string).collect();
        w.text(docs.join(","));
        let mut first = docs.is_empty();
        for part in w.planned(rows).await? {
            if !std::mem::take(&mut first) {
                w.text(",".to_owned());
            }
            w.parts.push_back(part);
        }
        w.text("]}".to_owned());
        Ok(w)
    }
    fn text(&mut self, text: String) {
        self.parts.push_back(Part::Text(text));
    }
    fn members_wanted(&self) -> bool {
        self.shows.shows("members")
    }
    /// Groups in their order: small ones together, as many as have a page of members, the others by themselves.
    async fn planned(&self, rows: Vec<GroupRow>) -> Result<Vec<Part>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if !self.members_wanted() {
            return Ok(vec![Part::Small(rows)]);
        }
        let ids: Vec<GroupId> = rows.iter().map(|g| g.id).collect();
        let sizes = groups::sizes(&self.app.store, &self.permit, &ids, PAGE + 1).await?;
        let (mut parts, mut together, mut sum) = (Vec::new(), Vec::new(), 0);
        for row in rows {
            let size = sizes.get(&row.id).copied().unwrap_or(0);
            if sum + size > PAGE && !together.is_empty() {
                parts.push(Part::Small(std::mem::take(&mut together)));
                sum = 0;
            }
            if size > PAGE {
                parts.push(Part::Large(Box::new(row)));
            } else {
                sum += size;
                together.push(row);
            }
        }
        if !together.is_empty() {
            parts.push(Part::Small(together));
        }
        Ok(parts)
    }

    /// The answer's body.
    ///
    /// # Errors
    /// The database's, before anything was sent.
    pub(super) async fn body(mut self) -> Result<Body> {
        let mut text = String::new();
        while text.len() < WHOLE {
            match self.next().await? {
                Some(more) => text.push_str(&more),
                None => return Ok(Body::from(text)),
            }
        }
        let rest = stream::try_unfold(self, |mut w| async move {
            Ok::<_, Error>(w.next().await?.map(|text| (text, w)))
        });
        let all = stream::iter([Ok(text)]).chain(rest).inspect_err(|e| {
            let why = e.operator_text().unwrap_or(e.detail());
            tracing::warn!(why, "an answer broke off");
        });
        Ok(Body::from_stream(all))
    }

    async fn next(&mut self) -> Result<Option<String>> {
        let Some(part) = self.parts.pop_front() else { return Ok(None) };
        Ok(Some(match part {
            Part::Text(text) => text,
            Part::Small(rows) => self.small(&rows).await?,
            Part::Large(row) => {
                let doc = document::group(&self.base, &row, &[], &self.shows);
                self.parts.push_front(Part::Members { id: row.id, after: None, begun: false });
                opened(doc)
            }
            Part::Members { id, after, begun } => self.members(id, after, begun).await?,
        }))
    }
    async fn small(&self, rows: &[GroupRow]) -> Result<String> {
        let mut members = if self.members_wanted() {
            let ids: Vec<GroupId> = rows.iter().map(|g| g.id).collect();
            groups::members_of(&self.app.store, &self.permit, &ids).await?
        } else {
            std::collections::HashMap::new()
        };
        let docs = rows.iter().map(|row| {
            let members = members.remove(&row.id).unwrap_or_default();
            Value::Object(document::group(&self.base, row, &members, &self.shows)).to_string()
        });
        Ok(docs.collect::<Vec<_>>().join(","))
    }
    async fn members(&mut self, id: GroupId, after: Option<UserId>, begun: bool) -> Result<String> {
        let page = groups::members(&self.app.store, &self.permit, id, after, PAGE).await?;
        let shown = self.shows.apply(document::members(&self.base, &page));
        let shown = shown.get("members").and_then(Value::as_array);
        let shown: Vec<String> = shown.into_iter().flatten().map(Value::to_string).collect();
        let mut text = String::new();
        if !shown.is_empty() {
            text.push_str(if begun { "," } else { ",\"members\":[" });
            text.push_str(&shown.join(","));
        }
        let begun = begun || !shown.is_empty();
        if i64::try_from(page.len()).unwrap_or(PAGE) < PAGE {
            text.push_str(if begun { "]}" } else { "}" });
        } else {
            self.parts.push_front(Part::Members { id, after: page.last().copied(), begun });
        }
        Ok(text)
    }
}

/// An object without its closing brace; it has members, so that a comma may follow.
fn opened(object: Map<String, Value>) -> String {
    let mut text = Value::Object(object).to_string();
    text.pop();
    text
}
