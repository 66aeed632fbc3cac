//! `muster signals`: the security events that a directory's provider sends after the sign-in.

use super::{given, text_of, thing_at};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Signals {
    /// How a directory's events are taken, and how the stream does
    Show(Which),
    /// Take a directory's events, or take them otherwise; what is not named is as shipped
    #[command(
        after_help = "Tell the transmitter (Okta: Shared Signals; Google: cross-account protection) the address that is
printed as push_url, and the audience.

Examples:
  muster signals set contoso 'Contoso Okta' --session-revoked ignore
  muster signals set contoso 'Contoso login' --issuer https://signals.contoso.example \\
      --poll https://signals.contoso.example/poll --poll-token-file token.txt"
    )]
    Set(Box<Set>),
    /// Make the secret that events must be pushed with from now on; printed this once
    NewSecret(Which),
    /// Take no more events of a directory
    Drop(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Tenant: id or slug
    tenant: String,
    /// The directory's id or name
    directory: String,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    which: Which,
    /// Who signs the events, where it is not who signs the sign-ins
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// For whom they are, where it is not the address they are pushed to
    #[arg(long)]
    audience: Option<String>,
    /// Where the signer's keys are, where it does not say so itself
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// Fetch the events here instead of having them pushed
    #[arg(long, value_name = "URL")]
    poll: Option<String>,
    /// File that holds the token they are fetched with; `-` reads it from stdin
    #[arg(long, value_name = "FILE", requires = "poll")]
    poll_token_file: Option<std::path::PathBuf>,
    /// When a session was revoked at the provider
    #[arg(long, value_enum, default_value = "end")]
    session_revoked: Revoked,
    /// When a password or a factor was changed there
    #[arg(long, value_enum, default_value = "fresh")]
    credential_change: Credential,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Revoked {
    /// The person's sessions through the directory end
    End,
    /// Nothing
    Ignore,
}
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Credential {
    /// What was proved counts as one factor; whoever needs more proves it anew
    Fresh,
    /// The person's sessions through the directory end
    End,
    /// Nothing
    Ignore,
}

fn word(v: &impl ValueEnum) -> Option<String> {
    v.to_possible_value().map(|v| v.get_name().to_owned())
}

pub(super) async fn run(v: Signals, r: &Reach) -> Result<Value> {
    let path = |w: Which| async move {
        let d = thing_at(r, &w.tenant, "directories", "directory", &w.directory).await?;
        Ok::<_, crate::error::Error>(format!("{d}/signals"))
    };
    match v {
        Signals::Show(w) => r.get(&path(w).await?).await,
        Signals::Set(s) => {
            let token = s.poll_token_file.as_deref().map(text_of).transpose()?;
            let body = given(json!({
                "issuer": s.issuer, "audience": s.audience, "jwks_uri": s.jwks_uri, "poll": s.poll,
                "poll_token": token, "session_revoked": word(&s.session_revoked),
                "credential_change": word(&s.credential_change),
            }));
            r.call_at(Method::PUT, &path(s.which).await?, Some(&body), None).await
        }
        Signals::NewSecret(w) => r.post(&format!("{}/secret", path(w).await?), &json!({})).await,
        Signals::Drop(w) => r.delete(&path(w).await?).await,
    }
}
