//! Whether the installation is well: the checks, run when somebody asks, and what to mend.

use crate::{
    Desk,
    ask::{Answer, Ask, Trouble, page},
    nav::Section,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{Router, routing::get};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/admin/health", get(begin).post(examine))
}

/// What a check found.
#[derive(Debug, Deserialize)]
struct Finding {
    name: String,
    status: String,
    what: String,
    #[serde(default)]
    mend: Option<String>,
}

impl Finding {
    fn state(&self) -> (&'static str, &'static str) {
        match self.status.as_str() {
            "ok" => ("well", "good"),
            "warn" => ("look at it", "warn"),
            _ => ("mend it", "bad"),
        }
    }
    fn well(&self) -> bool {
        self.status == "ok"
    }
    /// What was looked at.
    fn title(&self) -> &str {
        match self.name.as_str() {
            "files" => "Files of the server",
            "disk" => "Disk",
            "database" => "Database",
            "isolation" => "Isolation of tenants",
            "clock" => "Clock",
            "master-key" => "Master key",
            "signing-keys" => "Signing keys",
            "tls" => "TLS certificate",
            "public-url" => "Public address",
            "outbound" => "Outbound requests",
            "directory" => "Sign-in providers",
            "provisioning" => "Provisioning",
            "mail" => "Mail server",
            "outbox" => "Messages that wait",
            "secrets" => "Secrets that end",
            "administrators" => "Administrators",
            other => other,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Told {
    ok: bool,
    checks: Vec<Finding>,
}

#[derive(Template)]
#[template(path = "health.html")]
struct Health {
    shell: Shell,
    told: Option<Told>,
}

impl Health {
    fn mend(&self) -> Vec<&Finding> {
        let all = self.told.iter().flat_map(|t| &t.checks);
        let mut all: Vec<&Finding> = all.filter(|c| !c.well()).collect();
        // What does not work comes first.
        all.sort_by_key(|c| c.status == "warn");
        all
    }
    fn well(&self) -> Vec<&Finding> {
        self.told.iter().flat_map(|t| &t.checks).filter(|c| c.well()).collect()
    }
}

async fn frame(ask: &Ask) -> Result<Shell, Trouble> {
    let shell = ask.instance(Section::Health, "Health").await?;
    if shell.global() { Ok(shell) } else { Err(Problem::nothing().into()) }
}

async fn begin(ask: Ask) -> Answer {
    page(&Health { shell: frame(&ask).await?, told: None })
}

/// Runs the checks: nothing is changed by it, so that the answer is the page itself.
async fn examine(ask: Ask) -> Answer {
    let shell = frame(&ask).await?;
    let told = ask.post("/doctor", json!({})).await?;
    page(&Health { shell, told: Some(told) })
}
