//! Where a browser goes whose session has just ended: to where it was to go, or first to the provider by which its person
//! had come, where the directory's settings say so.

use super::Browser;
use crate::{
    app::App,
    directories,
    error::Result,
    flows::goodbye::{self, Goodbye},
    sessions::{self, Live},
};

/// The address that leads to the provider's own logout and then to `to`; `None` where the session's directory has none, or
/// is not to be asked. Whatever goes wrong here, our own session has ended: it is told to the log alone.
pub async fn upstream(app: &App, ended: &Live, browser: &Browser, to: &str) -> Option<String> {
    match begun(app, ended, browser, to).await {
        Ok(to) => to,
        Err(e) => {
            tracing::warn!(error = ?e, "a sign-out does not go on at the provider");
            None
        }
    }
}

async fn begun(app: &App, ended: &Live, browser: &Browser, to: &str) -> Result<Option<String>> {
    let Some(directory) = ended.directory else { return Ok(None) };
    let tenant = ended.home;
    let s = directories::signin(&app.store, tenant, directory, &app.master).await?;
    if !s.is_some_and(|s| s.end_upstream) {
        return Ok(None);
    }
    let sid = ended.upstream_sid.clone();
    let hint = sessions::upstream::hint(&app.store, tenant, ended.id).await?;
    let user = Some(ended.user);
    let leaving = Goodbye { tenant, directory, sid, user, hint, to: to.to_owned() };
    let id = goodbye::begin(&app.store, &app.system(), &leaving, browser.hash()).await?;
    Ok(Some(format!("/federation/logout?flow={id}")))
}
