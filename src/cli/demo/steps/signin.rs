//! Two people at their browsers.

use super::super::play::{Play, unproved};
use crate::error::Result;

fn start(p: &Play) -> String {
    format!("{}/signin?tenant=contoso", p.muster_url)
}

pub(super) async fn with_proof(p: &mut Play) -> Result<()> {
    p.landed = Some(p.anna.sign_in(&start(p)).await?);
    Ok(())
}

pub(super) async fn is_signed_in(p: &mut Play) -> Result<String> {
    let me = p.anna.browser.open(&format!("{}/api/v1/me", p.muster_url), None).await?;
    if me.status.as_u16() != 200 {
        let seen = p.landed.as_ref().map_or_else(|| me.seen(), super::super::browser::Page::seen);
        return Err(unproved(format!("Anna's browser has no session; it shows {seen}")));
    }
    let sessions =
        p.muster.get(&format!("/tenants/contoso/users/{}/sessions", p.anna.scim_id)).await?;
    let session = &sessions["items"][0];
    if session["class"] != "mfa" {
        return Err(unproved(format!("Anna's session is not of the class mfa: {session}")));
    }
    let evidence = &session["evidence"];
    Ok(format!("password and one-time code there; here the session's evidence is {evidence}"))
}

pub(super) async fn without_proof(p: &mut Play) -> Result<()> {
    p.refused = Some(p.ben.sign_in(&start(p)).await?);
    Ok(())
}

pub(super) async fn is_refused(p: &mut Play) -> Result<String> {
    let me = p.ben.browser.open(&format!("{}/api/v1/me", p.muster_url), None).await?;
    if me.status.as_u16() == 200 {
        return Err(unproved("Ben has a session without a second factor"));
    }
    let page = p.refused.as_ref().ok_or_else(|| unproved("Ben's browser shows no refusal"))?;
    let reference = page.url.path().strip_prefix("/refused/");
    let reference = reference
        .ok_or_else(|| unproved(format!("Ben's browser shows {}", page.seen())))?
        .to_owned();
    if !page.text.contains("second factor") {
        return Err(unproved(format!("the page does not say why: {}", page.seen())));
    }
    let record = p.muster.get(&format!("/tenants/contoso/signins/{reference}")).await?;
    let reason = record["reason"].as_str().unwrap_or_default();
    if record["outcome"] != "refused" || reason.is_empty() {
        return Err(unproved(format!("the administrator's record does not say why: {record}")));
    }
    Ok(format!("a page with the reference {reference}; the administrator's record of it: {reason}"))
}
