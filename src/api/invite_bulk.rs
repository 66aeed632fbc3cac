//! Many invitations at once. Each row is invited by itself, as if it had been sent alone: in a transaction of its own,
//! measured by what the caller holds at that moment, as long as their session or token may act. So the answer says of each row what became of it, and the same rows
//! may be sent again: whoever is there by then is passed over.

use super::{
    answer::{Shown, With},
    call::Call,
    error::word,
    invitations::{InvitationShown, NewPlannedRole, made, planned, post},
};
use crate::{
    access::{Permit, perm::UsersAdd},
    actor::UserKind,
    directories, domains,
    error::{Error, Kind, Result},
    invitations::{self, New},
    store::Scope,
    text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Rows of one request.
const ROWS: usize = 500;

/// People to be invited.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "rows": [{ "email": "anna@contoso.com", "roles": [{ "role": "Read-Only" }] },
                                      { "email": "ben@contoso.com", "locale": "de" }] }))]
pub(super) struct Many {
    /// One for each person, 500 at most.
    #[schemars(length(min = 1, max = 500))]
    rows: Vec<Row>,
}

/// A person to be invited.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Where the letter goes.
    email: String,
    /// `tenant`, or in the provider's tenant `technician` or `administrator`.
    #[serde(default = "tenant_kind")]
    kind: String,
    /// The name to sign in with; the address where none is given.
    user_name: Option<String>,
    /// For people to read.
    display_name: Option<String>,
    /// The roles that acceptance gives.
    #[serde(default)]
    roles: Vec<NewPlannedRole>,
    /// The language of its letters, `en` or `de`, where it is not the tenant's.
    locale: Option<String>,
}

fn tenant_kind() -> String {
    UserKind::Tenant.as_str().to_owned()
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "InvitationOutcome")]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// The person was added and is invited.
    Made,
    /// Somebody in the tenant has the address already; nothing was done.
    Exists,
    /// It cannot be; nothing was done.
    Refused,
    /// The caller's session or token ended before it was its turn; nothing was done.
    Stopped,
}

/// What became of all rows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ManyInvited")]
pub(super) struct ManyShown {
    /// How many were invited.
    made: usize,
    /// How many are there already.
    exists: usize,
    /// How many cannot be invited as they stand.
    refused: usize,
    /// How many were left when the caller's session or token ended.
    stopped: usize,
    /// Each, as they were sent.
    rows: Vec<RowShown>,
}

/// What became of a row.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InvitedRow")]
struct RowShown {
    /// Which: 1 is the first.
    row: usize,
    /// As it was sent.
    email: String,
    outcome: Outcome,
    /// The invitation, where it was made.
    invitation: Option<InvitationShown>,
    /// Of what was not done: which field is at fault.
    field: Option<String>,
    /// A word for programs.
    code: Option<String>,
    /// Why, for people.
    why: Option<String>,
    /// What is good to know about it.
    hint: Option<String>,
}

pub(super) async fn create(c: With<Many>) -> Result<Shown<ManyShown>> {
    let p = c.tenant::<UsersAdd>().await?;
    let Many { rows } = c.json()?;
    if rows.is_empty() || rows.len() > ROWS {
        let text = match rows.len() {
            0 => format!("'rows' is empty, and may have 1 to {ROWS}"),
            n => format!("'rows' has {n}, and may have 1 to {ROWS}"),
        };
        return Err(Error::invalid(text).attr("rows"));
    }
    let ways = directories::ways_in(&c.app.store, p.tenant()).await?;
    let mut done = ManyShown {
        made: 0,
        exists: 0,
        refused: 0,
        stopped: 0,
        rows: Vec::with_capacity(rows.len()),
    };
    let mut ended = None;
    for (n, row) in rows.into_iter().enumerate() {
        let email = row.email.clone();
        // Asked for each: what was taken from the caller meanwhile is theirs no more.
        if ended.is_none() {
            ended =
                c.caller.still(&c.app).await.err().filter(|e| e.kind() == Kind::Unauthenticated);
        }
        let mut shown = match &ended {
            Some(e) => RowShown::stopped(e),
            None => one(&c, row).await,
        };
        match shown.outcome {
            Outcome::Made => done.made += 1,
            Outcome::Exists => done.exists += 1,
            Outcome::Refused => done.refused += 1,
            Outcome::Stopped => done.stopped += 1,
        }
        if matches!(shown.outcome, Outcome::Made | Outcome::Exists) && !ways.is_empty() {
            let mut reader = c.app.store.read(Scope::Platform).await?;
            if domains::confirmed(&mut reader, p.tenant(), &email).await? {
                shown.hint = Some(simply(ways.iter().map(|(_, name)| name.as_str())));
            }
        }
        (shown.row, shown.email) = (n + 1, email);
        done.rows.push(shown);
    }
    Ok(Shown::of(done))
}

/// The hint for an address of the tenant's own domain.
fn simply<'a>(ways: impl Iterator<Item = &'a str>) -> String {
    let ways: Vec<&str> = ways.collect();
    format!(
        "the address is in a domain that is confirmed for the tenant: the person can simply sign in by {}, without the \
         letter, if it vouches for the address",
        ways.join(" or ")
    )
}

async fn one(c: &Call, row: Row) -> RowShown {
    let named = row.user_name.is_some();
    let invited = match c.tenant::<UsersAdd>().await {
        Ok(p) => invited(c, &p, row).await,
        Err(e) => Err(e),
    };
    match invited {
        Ok(invitation) => RowShown::made(invitation),
        Err(e) => RowShown::not_made(&e, named),
    }
}

async fn invited(c: &Call, p: &Permit<UsersAdd>, row: Row) -> Result<InvitationShown> {
    let kind = UserKind::parse(&row.kind).ok_or_else(|| {
        let word = text::excerpt(&row.kind);
        Error::invalid(format!("'kind' cannot be '{word}'")).attr("kind")
    })?;
    let mut wanted = Vec::new();
    for r in &row.roles {
        wanted.push(planned(c, p.tenant(), r).await.map_err(|e| e.attr("roles"))?);
    }
    let new = New {
        email: row.email,
        kind,
        user_name: row.user_name,
        display_name: row.display_name,
        only_if_new: true,
        by_hand: false,
        locale: row.locale,
    };
    let m = invitations::create(&c.app.store, &c.app.access, p, &post(c), new, &wanted).await?;
    made(c, &m, false).await
}

/// The row's field that an error of the room of users is about.
fn field(attr: &str, named: bool) -> &str {
    match attr {
        "userName" | "user_name" if !named => "email",
        "userName" => "user_name",
        "displayName" => "display_name",
        other => other,
    }
}

impl RowShown {
    fn made(invitation: InvitationShown) -> Self {
        Self {
            row: 0,
            email: String::new(),
            outcome: Outcome::Made,
            invitation: Some(invitation),
            field: None,
            code: None,
            why: None,
            hint: None,
        }
    }
    fn stopped(e: &Error) -> Self {
        let text = format!(
            "{}: your session or token ended while the rows before were worked on; nothing was done about this one",
            e.detail()
        );
        Self {
            row: 0,
            email: String::new(),
            outcome: Outcome::Stopped,
            invitation: None,
            field: None,
            code: Some(e.code_str().unwrap_or(word(e.kind())).to_owned()),
            why: Some(text),
            hint: None,
        }
    }
    /// `named`: the row has a name of its own, so that a name that is taken may be another person's.
    fn not_made(e: &Error, named: bool) -> Self {
        let there = match e.code_str() {
            Some(invitations::THERE) => true,
            Some("uniqueness") => !named,
            _ => false,
        };
        if matches!(e.kind(), Kind::Internal | Kind::Unavailable) {
            tracing::error!(error = ?e, "one of many invitations failed");
        }
        Self {
            row: 0,
            email: String::new(),
            outcome: if there { Outcome::Exists } else { Outcome::Refused },
            invitation: None,
            field: e.attr_str().map(|f| field(f, named).to_owned()),
            code: Some(e.code_str().unwrap_or(word(e.kind())).to_owned()),
            why: Some(e.detail().to_owned()),
            hint: None,
        }
    }
}
