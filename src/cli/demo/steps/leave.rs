//! Somebody leaves: the directory says so, and everything of theirs ends.

use super::super::play::{Play, Tokens, unproved};
use crate::error::Result;
use reqwest::Method;
use std::time::{Duration, Instant};

/// How long the proof waits for an end that does not come.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn deactivate(p: &mut Play) -> Result<()> {
    p.deactivation_sent = Some(Instant::now());
    p.directory()?.deactivate(&p.anna.scim_id).await
}

pub(super) async fn everything_ended(p: &mut Play) -> Result<String> {
    let sent = p.deactivation_sent.unwrap_or_else(Instant::now);
    let mut tokens = p.tokens.clone().ok_or_else(|| unproved("the application has no tokens"))?;
    let mut waiting = vec!["session", "refresh token", "introspection", "API"];
    let mut ended = Vec::new();
    while !waiting.is_empty() {
        let mut left = Vec::new();
        for what in waiting {
            if refused(p, &mut tokens, what).await? {
                ended.push((what, sent.elapsed()));
            } else {
                left.push(what);
            }
        }
        waiting = left;
        if sent.elapsed() > PATIENCE && !waiting.is_empty() {
            let text = format!("still answered after {PATIENCE:?}: {}", waiting.join(", "));
            return Err(unproved(text));
        }
        if !waiting.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let again = p.anna.browser.open(&format!("{}/me", p.muster_url), None).await?;
    if again.url.path() == "/me" {
        return Err(unproved("her own page still opens"));
    }
    let last = ended.iter().map(|(_, at)| *at).max().unwrap_or_default();
    let each: Vec<String> =
        ended.iter().map(|(what, at)| format!("{what} {:.1}", at.as_secs_f64() * 1e3)).collect();
    Ok(format!(
        "{:.1} ms from the SCIM request to the last refusal (ms: {})",
        last.as_secs_f64() * 1e3,
        each.join(", ")
    ))
}

/// Whether one of the four is refused by now.
async fn refused(p: &Play, tokens: &mut Tokens, what: &str) -> Result<bool> {
    Ok(match what {
        "session" => {
            let me = format!("{}/api/v1/me", p.muster_url);
            p.anna.browser.open(&me, None).await?.status.as_u16() == 401
        }
        "refresh token" => {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)];
            let (status, answer) = p.token(&p.app, "token", &form).await?;
            if status == 200 {
                // It was rotated: the next try takes the new one.
                answer["refresh_token"]
                    .as_str()
                    .unwrap_or_default()
                    .clone_into(&mut tokens.refresh);
            }
            status == 400 && answer["error"] == "invalid_grant"
        }
        "introspection" => {
            let (status, answer) =
                p.token(&p.app, "introspect", &[("token", &tokens.access)]).await?;
            status == 200 && answer["active"] == false
        }
        _ => p.api(Method::GET, "/me", &tokens.access, None).await?.0 == 401,
    })
}
