//! `muster parked`: what directories took away beyond their limits.

use super::{at, escaped, given, paged::Paged, query, user_at};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Parked {
    /// What waits for a decision, and what was decided; newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// One change: who would lose what
    Show {
        #[command(flatten)]
        which: Which,
        /// How many roles at most
        #[arg(long, value_name = "NUMBER")]
        limit: Option<u32>,
        /// Where the page before ended: its `next`
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Let the roles go, as the directory wants it
    #[command(after_help = "Examples:
  muster parked apply contoso 0198f2c4-...
  muster parked apply contoso 0198f2c4-... --user adele@contoso.com --user 0198f2c5-...")]
    Apply(Decision),
    /// Keep the roles, as given by hand; of people whom the directory deleted, for the day it creates them again
    #[command(after_help = "Examples:
  muster parked keep contoso 0198f2c4-... --reason 'a slip in the scope filter'")]
    Keep(Decision),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Tenant: id or slug
    tenant: String,
    /// The change's id
    parked: String,
}
impl Which {
    fn path(&self) -> String {
        format!("{}/parked/{}", at(&self.tenant), escaped(&self.parked))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Decision {
    #[command(flatten)]
    which: Which,
    /// Only about this person, by id or name; may be given several times. One who was deleted by id
    #[arg(long = "user", value_name = "USER")]
    users: Vec<String>,
    /// Why, for whoever asks later
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn run(v: Parked, r: &Reach) -> Result<Value> {
    let (d, how) = match v {
        Parked::List { tenant, page } => {
            return page.list(r, &format!("{}/parked", at(&tenant)), &[]).await;
        }
        Parked::Show { which, limit, cursor } => {
            let q = query(&[("limit", limit.map(|l| l.to_string())), ("cursor", cursor)]);
            return r.get(&format!("{}{q}", which.path())).await;
        }
        Parked::Apply(d) => (d, "apply"),
        Parked::Keep(d) => (d, "keep"),
    };
    let mut users = Vec::new();
    for u in &d.users {
        let path = user_at(r, &d.which.tenant, u).await?;
        users.push(path.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let users = (!users.is_empty()).then_some(users);
    let body = given(json!({ "decision": how, "users": users, "reason": d.reason }));
    r.call(Method::POST, &d.which.path(), Some(&body)).await
}
