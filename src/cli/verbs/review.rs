//! `muster review`: who has what, decided about, with evidence.

use super::{at, escaped, given, paged::Paged, query};
use crate::{
    cli::reach::Reach,
    crypto,
    error::{Error, Result},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    /// Begin a review: who has what in a tenant is written down as it is now
    #[command(after_help = "Examples:
  muster review open contoso 'Autumn' --due 2027-10-31T00:00:00Z --reviewer boss@contoso.com
  muster review open contoso 'Administrators' --role 'Tenant Administrator' --due 2027-01-31T00:00:00Z \\
    --reviewer boss@contoso.com --reviewer gina@@us --every-days 90 --undecided remove")]
    Open {
        /// Tenant: id or slug
        tenant: String,
        /// Its name, for people
        name: String,
        /// When it is closed by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        due: String,
        /// Who decides: id or name, with @@TENANT behind it for somebody of another; may be given several times
        #[arg(long = "reviewer", value_name = "USER")]
        reviewers: Vec<String>,
        /// Only who has this role, by id or name
        #[arg(long)]
        role: Option<String>,
        /// Only the people of the directory with this id
        #[arg(long, value_name = "ID")]
        directory: Option<String>,
        /// Only people of this kind
        #[arg(long, value_name = "administrator|technician|tenant|integration")]
        kind: Option<String>,
        /// What becomes of what nobody decides about
        #[arg(long, value_name = "keep|remove", default_value = "keep")]
        undecided: String,
        /// Begin another after so many days, and so on
        #[arg(long, value_name = "DAYS")]
        every_days: Option<u32>,
    },
    /// The reviews of a tenant, newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// One review, and how far it is
    Show(Which),
    /// What there is to decide about
    #[command(after_help = "Examples:
  muster review items contoso 0198f2c4-... --mine --undecided
  muster review items contoso 0198f2c4-... --outcome listed | jq -r '.items[].outcome_text'")]
    Items {
        #[command(flatten)]
        which: Which,
        /// Only what is yours to decide
        #[arg(long)]
        mine: bool,
        /// Only what nobody decided about
        #[arg(long)]
        undecided: bool,
        /// Only what ended so, of a closed review
        #[arg(long, value_name = "kept|undecided|removed|shortened|listed|held|gone|refused")]
        outcome: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
    /// Leave what they have
    Keep(Decision),
    /// Take it away when the review is closed
    #[command(after_help = "Examples:
  muster review remove contoso 0198f2c4-... 0198f2c5-... 0198f2c6-... --note 'has left the project'")]
    Remove(Decision),
    /// Give it an end when the review is closed
    #[command(after_help = "Examples:
  muster review shorten contoso 0198f2c4-... 0198f2c5-... --until 2027-12-31T00:00:00Z")]
    Shorten {
        #[command(flatten)]
        decision: Decision,
        /// When it ends, RFC 3339
        #[arg(long, value_name = "TIME")]
        until: String,
    },
    /// Close a review now, and do what was decided
    Close {
        #[command(flatten)]
        which: Which,
        /// Also when something of it is undecided
        #[arg(long)]
        anyway: bool,
    },
    /// A review as a document, for auditors
    #[command(after_help = "Examples:
  muster review export contoso 0198f2c4-... > review.json
  muster review export contoso 0198f2c4-... --format csv > review.csv")]
    Export {
        #[command(flatten)]
        which: Which,
        /// In which form
        #[arg(long, value_name = "json|csv", default_value = "json")]
        format: String,
    },
    /// Whether a file is what was exported of a closed review, to the byte
    #[command(after_help = "Examples:
  muster review check contoso 0198f2c4-... review.json
  muster review check contoso 0198f2c4-...                 only whether its rows are what they were")]
    Check {
        #[command(flatten)]
        which: Which,
        /// The file
        file: Option<PathBuf>,
    },
    /// What begins reviews by itself
    Plans {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// Begin no further review; those that have begun go on
    Stop {
        /// Tenant: id or slug
        tenant: String,
        /// The plan's id
        plan: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Tenant: id or slug
    tenant: String,
    /// The review's id
    review: String,
}
impl Which {
    fn path(&self) -> String {
        format!("{}/reviews/{}", at(&self.tenant), escaped(&self.review))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Decision {
    #[command(flatten)]
    which: Which,
    /// The items' ids
    #[arg(required = true, value_name = "ITEM")]
    items: Vec<String>,
    /// Why, for whoever asks later
    #[arg(long)]
    note: Option<String>,
}

async fn decide(d: Decision, what: &str, until: Option<String>, r: &Reach) -> Result<Value> {
    let body = given(json!({
        "items": d.items, "decision": what, "until": until, "note": d.note,
    }));
    r.post(&format!("{}/items", d.which.path()), &body).await
}

pub(super) async fn run(v: Review, r: &Reach) -> Result<Value> {
    match v {
        Review::Open {
            tenant,
            name,
            due,
            reviewers,
            role,
            directory,
            kind,
            undecided,
            every_days,
        } => {
            let reviewers: Vec<Value> = reviewers
                .iter()
                .map(|r| match r.split_once("@@") {
                    Some((user, home)) => json!({ "user": user, "home": home }),
                    None => json!({ "user": r }),
                })
                .collect();
            let body = given(json!({
                "name": name, "due_at": due, "reviewers": reviewers, "role": role,
                "directory": directory, "kind": kind, "undecided": undecided,
                "every_days": every_days,
            }));
            r.post(&format!("{}/reviews", at(&tenant)), &body).await
        }
        Review::List { tenant, page } => {
            page.list(r, &format!("{}/reviews", at(&tenant)), &[]).await
        }
        Review::Show(which) => r.get(&which.path()).await,
        Review::Items { which, mine, undecided, outcome, page } => {
            let flag = |on: bool| on.then(|| "true".to_owned());
            let filters =
                [("mine", flag(mine)), ("undecided", flag(undecided)), ("outcome", outcome)];
            page.list(r, &format!("{}/items", which.path()), &filters).await
        }
        Review::Keep(d) => decide(d, "keep", None, r).await,
        Review::Remove(d) => decide(d, "remove", None, r).await,
        Review::Shorten { decision, until } => decide(decision, "shorten", Some(until), r).await,
        Review::Close { which, anyway } => {
            r.post(&format!("{}/close", which.path()), &json!({ "anyway": anyway })).await
        }
        Review::Export { which, format } => {
            let query = query(&[("format", Some(format))]);
            r.text(&format!("{}/export{query}", which.path())).await
        }
        Review::Check { which, file } => {
            let read = |f: PathBuf| {
                let bytes = std::fs::read(&f);
                let bytes = bytes
                    .map_err(|e| Error::invalid(format!("cannot read {}: {e}", f.display())))?;
                Ok::<_, Error>(crypto::sha256_hex(bytes))
            };
            let hash = file.map(read).transpose()?;
            let query = query(&[("sha256", hash)]);
            let said = r.get(&format!("{}/check{query}", which.path())).await?;
            match (&said["intact"], &said["matches"]) {
                (Value::Bool(false), _) if said["manifest"].is_null() => {
                    Err(Error::conflict("the review is not closed, and nothing was sealed yet"))
                }
                (Value::Bool(false), _) => {
                    Err(Error::conflict("the review is not what it was when it was closed"))
                }
                (_, Value::Bool(false)) => {
                    Err(Error::conflict("the file is not what was exported of this review"))
                }
                _ => Ok(said),
            }
        }
        Review::Plans { tenant, page } => {
            page.list(r, &format!("{}/review-plans", at(&tenant)), &[]).await
        }
        Review::Stop { tenant, plan } => {
            r.delete(&format!("{}/review-plans/{}", at(&tenant), escaped(&plan))).await
        }
    }
}
