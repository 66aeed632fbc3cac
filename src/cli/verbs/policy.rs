//! `muster policy`: what a tenant demands of those who sign in.

use super::{at, id_of};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MfaDefault {
    /// As the role's permissions demand: where they could do harm
    ByRole,
    /// Of everybody
    Always,
    /// Of nobody; the directory alone decides
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Set when a second factor is demanded
    #[command(after_help = "Examples:
  muster policy set contoso --mfa always
  muster policy set contoso --mfa by-role --role 'Help desk=mfa' --role 'Self-Service=none'
`phr` demands a phishing-resistant factor. Roles that are not named follow --mfa.")]
    Set {
        /// Tenant: id or slug
        tenant: String,
        /// For roles that are not named
        #[arg(long, value_enum, default_value = "by-role")]
        mfa: MfaDefault,
        /// For one role, by id or name: none, mfa or phr; may be given several times
        #[arg(long = "role", value_name = "ROLE=WHAT", value_parser = crate::cli::assignment)]
        roles: Vec<(String, String)>,
    },
    /// The policy
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Policy, r: &Reach) -> Result<Value> {
    match v {
        Policy::Set { tenant, mfa, roles } => {
            let default = match mfa {
                MfaDefault::ByRole => "by_role",
                MfaDefault::Always => "always",
                MfaDefault::Never => "never",
            };
            let all = format!("{}/roles", at(&tenant));
            let mut by_role = Map::new();
            for (name, what) in roles {
                let id = id_of(r, &all, "name", "role", &name).await?;
                by_role.insert(id, what.into());
            }
            let body = json!({ "mfa": { "default": default, "roles": by_role } });
            r.call(Method::PUT, &format!("{}/policy", at(&tenant)), Some(&body)).await
        }
        Policy::Show { tenant } => r.get(&format!("{}/policy", at(&tenant))).await,
    }
}
