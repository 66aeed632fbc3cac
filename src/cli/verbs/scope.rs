//! Scopes of many tenants, as a shell writes them: for the people and groups of the provider.

use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
#[group(id = "many", required = false, multiple = false)]
pub(crate) struct ScopeArgs {
    /// In each of these tenants (id or slug); may be given several times. TENANT is then the provider
    #[arg(long = "in", value_name = "TENANT")]
    tenants: Vec<String>,
    /// In every tenant that has the tag, as long as it has it. TENANT is then the provider
    #[arg(long, value_name = "WORD")]
    tag: Option<String>,
    /// In every tenant, those to come too; not on the platform itself. TENANT is then the provider
    #[arg(long)]
    all_tenants: bool,
    /// The same without this tenant; may be given several times
    #[arg(long, value_name = "TENANT")]
    all_tenants_except: Vec<String>,
}

impl ScopeArgs {
    /// As the API wants it; null where it is none of these.
    pub(super) fn body(&self) -> Value {
        if let Some(tag) = &self.tag {
            json!({ "kind": "tag", "tag": tag })
        } else if self.all_tenants {
            json!({ "kind": "all_tenants" })
        } else if !self.tenants.is_empty() {
            json!({ "kind": "tenants", "tenants": self.tenants })
        } else if !self.all_tenants_except.is_empty() {
            json!({ "kind": "all_tenants_except", "tenants": self.all_tenants_except })
        } else {
            Value::Null
        }
    }
}
