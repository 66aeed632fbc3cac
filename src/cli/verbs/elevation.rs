//! `muster elevation`: roles for a while, on request.

use super::{at, confirmed, escaped, given, hold::Place, listed, paged::Paged, scope::ScopeArgs};
use crate::{
    cli::reach::Reach,
    config::Span,
    error::{Error, Result},
};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Elevation {
    /// Let somebody ask for a role when they need it
    #[command(after_help = "Examples:
  muster elevation allow contoso anna@contoso.com 'Tenant Administrator' --max 4h --reason 'on call'
  muster elevation allow contoso tom Technician --home us --max 8h --until 2027-01-01T00:00:00Z
  muster elevation allow us ada 'Global Administrator' --everywhere --max 1h")]
    Allow {
        /// Where: tenant, id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The role's id or name
        role: String,
        /// The longest that they have it at a time: `30m`, `4h`
        #[arg(long, value_name = "TIME")]
        max: Span,
        /// The user's own tenant, if it is another
        #[arg(long)]
        home: Option<String>,
        /// On the whole instance; TENANT is then the user's own
        #[arg(long, conflicts_with_all = ["home", "many"])]
        everywhere: bool,
        #[command(flatten)]
        scope: ScopeArgs,
        /// Until when they may ask, RFC 3339
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why, for those who ask later
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take that back; what runs on it ends at once
    #[command(after_help = "Examples:
  muster elevation withdraw 0198f2c4-... --tenant contoso
  muster elevation withdraw 0198f2c4-... --everywhere --yes")]
    Withdraw {
        /// The eligibility's id
        eligibility: String,
        #[command(flatten)]
        place: Place,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Who may ask for which role
    Allowed {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        page: Paged,
    },
    /// What you may ask for yourself
    Mine,
    /// Ask for a role that you may have when you need it
    #[command(after_help = "Examples:
  muster elevation request 0198f2c4-... --for 90m --reason 'case 4711'")]
    Request {
        /// The eligibility's id
        eligibility: String,
        /// For how long: `30m`, `4h`
        #[arg(long = "for", value_name = "TIME")]
        length: Span,
        /// Why, for whoever decides
        #[arg(long)]
        reason: String,
    },
    /// What you asked for yourself, newest first
    Requested {
        #[command(flatten)]
        page: Paged,
    },
    /// Take back what you asked for, or give the role back before its time
    Return {
        /// The request's id
        elevation: String,
    },
    /// What was asked for, newest first
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        page: Paged,
    },
    /// One request
    Show {
        /// The request's id
        elevation: String,
        #[command(flatten)]
        place: Place,
    },
    /// Give the role for as long as was asked
    #[command(after_help = "Examples:
  muster elevation approve 0198f2c4-... --tenant contoso
  muster elevation approve 0198f2c4-... --everywhere --reason 'as agreed'")]
    Approve {
        /// The request's id
        elevation: String,
        #[command(flatten)]
        place: Place,
        /// Why, for who asked
        #[arg(long)]
        reason: Option<String>,
    },
    /// Do not give it
    #[command(after_help = "Examples:
  muster elevation refuse 0198f2c4-... --tenant contoso --reason 'ask on Monday'")]
    Refuse {
        /// The request's id
        elevation: String,
        #[command(flatten)]
        place: Place,
        /// Why, for who asked
        #[arg(long)]
        reason: String,
    },
}

/// Whole minutes; a part of one is none.
fn minutes(span: Span) -> Result<u64> {
    match span.as_secs() {
        s if s % 60 == 0 => Ok(s / 60),
        _ => Err(Error::invalid("give whole minutes, like 90m")),
    }
}

pub(super) async fn run(v: Elevation, r: &Reach) -> Result<Value> {
    let (place, elevation, how, reason) = match v {
        Elevation::Allow { tenant, user, role, max, home, everywhere, scope, until, reason } => {
            let home = if everywhere { Some(tenant.clone()) } else { home };
            let body = given(json!({
                "user": user, "role": role, "home": home, "max_minutes": minutes(max)?,
                "valid_to": until, "reason": reason, "scope": scope.body(),
            }));
            let root = if everywhere { String::new() } else { at(&tenant) };
            return r.post(&format!("{root}/eligibilities"), &body).await;
        }
        Elevation::Withdraw { eligibility, place, yes } => {
            let all = format!("{}/eligibilities", place.root());
            if !yes {
                let found = listed(r, &all, "eligibility", &eligibility).await?;
                let user = found["user_name"].as_str().unwrap_or_default();
                confirmed("the eligibility of the user", user, yes)?;
            }
            return r.delete(&format!("{all}/{}", escaped(&eligibility))).await;
        }
        Elevation::Allowed { place, page } => {
            return page.list(r, &format!("{}/eligibilities", place.root()), &[]).await;
        }
        Elevation::Mine => return r.get("/me/eligibilities").await,
        Elevation::Request { eligibility, length, reason } => {
            let body = json!({
                "eligibility": eligibility, "minutes": minutes(length)?, "reason": reason,
            });
            return r.post("/me/elevations", &body).await;
        }
        Elevation::Requested { page } => {
            return page.list(r, "/me/elevations", &[]).await;
        }
        Elevation::Return { elevation } => {
            return r.delete(&format!("/me/elevations/{}", escaped(&elevation))).await;
        }
        Elevation::List { place, page } => {
            return page.list(r, &format!("{}/elevations", place.root()), &[]).await;
        }
        Elevation::Show { elevation, place } => {
            return r.get(&format!("{}/elevations/{}", place.root(), escaped(&elevation))).await;
        }
        Elevation::Approve { elevation, place, reason } => (place, elevation, "approve", reason),
        Elevation::Refuse { elevation, place, reason } => {
            (place, elevation, "refuse", Some(reason))
        }
    };
    let path = format!("{}/elevations/{}", place.root(), escaped(&elevation));
    let body = given(json!({ "decision": how, "reason": reason }));
    r.call(Method::POST, &path, Some(&body)).await
}
