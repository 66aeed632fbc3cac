//! Lists that come in pages: whole, or as much of them as was asked for.

use super::query;
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::{Value, json};

/// The largest page that is asked for at once.
const PAGE: usize = 499;

/// How much of a list.
#[derive(Debug, Args)]
pub(crate) struct Paged {
    /// How many at most; `next` of the answer is then the `--cursor` to go on with [default: all]
    #[arg(long)]
    limit: Option<u32>,
    /// `next` of the page before
    #[arg(long)]
    cursor: Option<String>,
}

/// How much of a trail, which has no end.
#[derive(Debug, Args)]
pub(crate) struct Latest {
    /// How many at most; `next` of the answer is the `--cursor` to go on with
    #[arg(long, default_value = "100")]
    limit: u32,
    /// `next` of the page before
    #[arg(long)]
    cursor: Option<String>,
}

type Filters<'a> = &'a [(&'a str, Option<String>)];

impl Paged {
    /// The list at `path`.
    pub(super) async fn list(self, r: &Reach, path: &str, filters: Filters<'_>) -> Result<Value> {
        gather(r, path, filters, self.limit, self.cursor).await
    }
}
impl Latest {
    /// The trail at `path`.
    pub(super) async fn list(self, r: &Reach, path: &str, filters: Filters<'_>) -> Result<Value> {
        gather(r, path, filters, Some(self.limit), self.cursor).await
    }
}

/// The whole list at `path`, in the form of a page.
pub(in crate::cli) async fn whole(r: &Reach, path: &str, filters: Filters<'_>) -> Result<Value> {
    gather(r, path, filters, None, None).await
}

/// So many of the list at `path`, or all, from a cursor on. A page may be short of what was asked for although more follow.
async fn gather(
    r: &Reach,
    path: &str,
    filters: Filters<'_>,
    limit: Option<u32>,
    mut cursor: Option<String>,
) -> Result<Value> {
    let most = limit.map(|n| n as usize);
    let mut items = Vec::new();
    loop {
        let size = most.map_or(PAGE, |most| (most - items.len()).min(PAGE));
        let mut parts = filters.to_vec();
        parts.extend([("limit", Some(size.to_string())), ("cursor", cursor.take())]);
        let mut page = r.get(&format!("{path}{}", query(&parts))).await?;
        if let Value::Array(found) = page["items"].take() {
            items.extend(found);
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() || most.is_some_and(|most| items.len() >= most) {
            return Ok(json!({ "items": items, "next": cursor }));
        }
    }
}
