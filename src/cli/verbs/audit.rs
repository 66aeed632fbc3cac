//! `muster audit`: what was done.

use super::{at, paged::Latest, query};
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Tenant: id or slug [default: the instance itself]
    tenant: Option<String>,
    /// Of this tenant, by name or slug, or by id also after it was deleted; by the right over the whole instance
    #[arg(long, value_name = "TENANT", conflicts_with = "tenant")]
    of: Option<String>,
    /// Only this action (user.disable), or those that begin so (user.*)
    #[arg(long)]
    action: Option<String>,
    /// Only by them: as events name them (user:ID, directory:ID, owner, system:WHAT), or the name or
    /// e-mail address of one of the tenant's own people; of the instance: of the provider's
    #[arg(long)]
    actor: Option<String>,
    /// Only what happened to this: as events name it (user:ID, role:ID, ...), or the name or e-mail address of
    /// one of the tenant's own people; of the instance: of the provider's, or a tenant by its name
    #[arg(long)]
    target: Option<String>,
    /// From this moment on, like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// All of it as a file, written as it comes: csv or ndjson
    #[arg(long, value_name = "FORM", conflicts_with_all = ["limit", "cursor"])]
    file: Option<String>,
    #[command(flatten)]
    page: Latest,
}

pub(super) async fn run(v: Audit, r: &Reach) -> Result<Value> {
    let root = v.tenant.as_deref().map(at).unwrap_or_default();
    let filters = [
        ("tenant", v.of),
        ("action", v.action),
        ("actor", v.actor),
        ("target", v.target),
        ("since", v.since),
        ("until", v.until),
    ];
    if let Some(form) = v.file {
        let mut all = vec![("format", Some(form))];
        all.extend(filters);
        let path = format!("{root}/audit/export{}", query(&all));
        r.copy(&path, &mut std::io::stdout()).await?;
        return Ok(Value::Null);
    }
    v.page.list(r, &format!("{root}/audit"), &filters).await
}
