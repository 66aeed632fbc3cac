//! `muster schema`: what a company's directories may say of people besides the standard's attributes.

use super::{at, confirmed, escaped, json_of};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    /// Declare an extension of the user schema
    #[command(after_help = "The file is a schema as in RFC 7643, 7:

  { \"id\": \"urn:contoso:params:scim:schemas:extension:badge:2.0:User\", \"name\": \"Badge\",
    \"attributes\": [ { \"name\": \"tag\" }, { \"name\": \"floor\", \"type\": \"integer\" },
                    { \"name\": \"keys\", \"multiValued\": true, \"addReplaces\": true } ] }

Types: string, boolean, integer, decimal, dateTime, reference, complex (with subAttributes).

Examples:
  muster schema add contoso badge.json
  muster schema add contoso -")]
    Add(WithFile),
    /// Change a declaration: attributes may come at any time, and go when nobody carries a value
    Set(WithFile),
    /// A tenant's extensions
    List {
        /// Tenant: id or slug
        tenant: String,
    },
    /// One extension, and how many people carry values of it
    Show(Which),
    /// Take a declaration away
    Remove {
        #[command(flatten)]
        which: Which,
        /// Also when people carry values: these go with it
        #[arg(long)]
        drop_values: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WithFile {
    /// Tenant: id or slug
    tenant: String,
    /// The declaration, as a JSON document; `-` reads it from stdin
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Tenant: id or slug
    tenant: String,
    /// The extension's URN
    urn: String,
}
impl Which {
    fn path(&self) -> String {
        format!("{}/schemas/{}", at(&self.tenant), escaped(&self.urn))
    }
}

pub(super) async fn run(v: Schema, r: &Reach) -> Result<Value> {
    match v {
        Schema::Add(w) => r.post(&format!("{}/schemas", at(&w.tenant)), &json_of(&w.file)?).await,
        Schema::Set(w) => {
            let to = json_of(&w.file)?;
            let urn = to["id"].as_str().unwrap_or_default().to_owned();
            let which = Which { tenant: w.tenant, urn };
            r.call(Method::PUT, &which.path(), Some(&to)).await
        }
        Schema::List { tenant } => r.get(&format!("{}/schemas", at(&tenant))).await,
        Schema::Show(which) => r.get(&which.path()).await,
        Schema::Remove { which, drop_values, yes } => {
            if drop_values {
                confirmed("the extension and what people carry of it:", &which.urn, yes)?;
            }
            let path = format!("{}?drop_values={}", which.path(), json!(drop_values));
            r.delete(&path).await
        }
    }
}
