//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): when a session ends, each application that got tokens
//! in it is told, by a message of its own in the outbox, so that one that is down delays nobody else. So is one that a
//! person takes their consent from, of each session it has part in, though the session goes on. Whoever has a stream of
//! security events hears the same there, in the same transaction, so that each end is said once.

use crate::{
    app::App,
    apps,
    clock::Timestamp,
    error::{Error, Result},
    events::{self, Ending},
    id::{AppId, RequestId, SessionId, TenantId, UserId},
    outbox::{self, Message},
    sessions,
    store::Tx,
    tx,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// What [`sessions::revoke`] says.
#[derive(Debug, Clone, Deserialize)]
struct Ended {
    #[serde(flatten)]
    how: How,
    sessions: Vec<EndedSession>,
}
/// Why, when and by whom; a message that an earlier version wrote does not say all of it.
#[derive(Debug, Clone, Deserialize)]
struct How {
    #[serde(default = "ended")]
    why: String,
    at: Option<Timestamp>,
    #[serde(default = "nobody")]
    by: String,
    request: Option<RequestId>,
}
fn ended() -> String {
    "ended".to_owned()
}
fn nobody() -> String {
    "system:unknown".to_owned()
}
impl How {
    fn ending(&self, now: Timestamp) -> Ending {
        let (why, by) = (self.why.clone(), self.by.clone());
        Ending { why, by, at: self.at.unwrap_or(now), request: self.request }
    }
}
#[derive(Debug, Clone, Copy, Deserialize)]
struct EndedSession {
    session: SessionId,
    user: UserId,
}

/// What it says of a consent.
#[derive(Debug, Clone, Deserialize)]
struct Withdrawn {
    user: UserId,
    app: AppId,
    sessions: Vec<SessionId>,
    #[serde(flatten)]
    how: How,
}

/// One application to be told of one session.
#[derive(Debug, Serialize, Deserialize)]
struct Telling {
    app: AppId,
    client_id: String,
    session: SessionId,
    user: UserId,
}

fn payload<T: for<'de> Deserialize<'de>>(m: &Message) -> Result<T> {
    T::deserialize(&m.payload).map_err(|e| Error::internal(format!("{}: {e}", m.topic)))
}

/// The handler of `session.ended`: one message for each application, in one transaction. Handed over again, it finds
/// nothing left to claim.
///
/// # Errors
/// The database's.
pub async fn fan_out(app: &App, m: &Message) -> Result<()> {
    let (home, ended, events) = (m.tenant, payload::<Ended>(m)?, app.events.clone());
    tx!(app.store, &app.system(), [ended, events], |tx| {
        tx.unaudited("the end of the session was recorded");
        let how = ended.how.ending(tx.now());
        let mut clients: HashMap<AppId, Option<String>> = HashMap::new();
        for e in &ended.sessions {
            for id in sessions::apps::claim(tx, home, e.session).await? {
                events::session_ended(tx, &events, id, (e.session, e.user), &how).await?;
                let client = match clients.get(&id) {
                    Some(known) => known.clone(),
                    None => apps::to_be_told(tx, id).await?,
                };
                clients.insert(id, client.clone());
                if let Some(client_id) = client {
                    let telling = Telling { app: id, client_id, session: e.session, user: e.user };
                    tell(tx, home, telling).await?;
                }
            }
        }
        Ok(())
    })
}

/// The handler of `consent.ended`: one message for each session that the application had part in, likewise.
///
/// # Errors
/// The database's.
pub async fn withdrawn(app: &App, m: &Message) -> Result<()> {
    let (home, ended, events) = (m.tenant, payload::<Withdrawn>(m)?, app.events.clone());
    tx!(app.store, &app.system(), [ended, events], |tx| {
        tx.unaudited("the withdrawal was recorded");
        let how = ended.how.ending(tx.now());
        let client = apps::to_be_told(tx, ended.app).await?;
        for session in &ended.sessions {
            let (app, user) = (ended.app, ended.user);
            let parted = sessions::apps::part(tx, home, *session, app, how.at).await?;
            if parted {
                events::session_ended(tx, &events, app, (*session, user), &how).await?;
            }
            if let (true, Some(client_id)) = (parted, client.clone()) {
                tell(tx, home, Telling { app, client_id, session: *session, user }).await?;
            }
        }
        Ok(())
    })
}

async fn tell(tx: &mut Tx, home: TenantId, telling: Telling) -> Result<()> {
    let telling = serde_json::to_value(telling).map_err(Error::internal)?;
    outbox::push(tx, home, "logout.deliver", &telling).await?;
    Ok(())
}

/// The handler of `logout.deliver`. An application that takes the token, or refuses it for good (4xx), has been told;
/// one that is down or busy is told again later, with a token made anew and the same `jti`.
///
/// # Errors
/// What delays the message.
pub async fn deliver(app: &App, m: &Message) -> Result<()> {
    let t: Telling = payload(m)?;
    // Removed, or no longer interested, since.
    let Some(client) = app.apps.find(&t.client_id).await? else { return Ok(()) };
    let Some(uri) = &client.app.settings.0.backchannel_logout_uri else { return Ok(()) };
    let token = app.gate.logout_token(&client, t.user, t.session, &m.id.to_string())?;
    let request = http::Request::post(uri)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(format!("logout_token={token}").into_bytes())
        .map_err(|e| Error::unavailable("the logout address cannot be used").operator(e))?;
    let answer = app.net.send(request).await?;
    let status = answer.status();
    // Too Early, Too Many Requests and Request Timeout say "later", not "no".
    if status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429) {
        let said = String::from_utf8_lossy(answer.body());
        let said = crate::text::excerpt(&said);
        tracing::warn!(client = t.client_id, %status, said, "an application refuses its logout token");
    } else if !status.is_success() {
        let text = format!("{} answered {status}", t.client_id);
        return Err(
            Error::unavailable("the application did not take its logout token").operator(text)
        );
    }
    let (home, session, id) = (m.tenant, t.session, t.app);
    tx!(app.store, &app.system(), [], |tx| {
        tx.unaudited("the end of the session was recorded");
        sessions::apps::told(tx, home, session, id).await
    })
}

/// Waits a little until the applications of a session that has just ended were told: a browser that is sent back to one
/// of them should not be there before.
pub(super) async fn settled(app: &App, home: TenantId, session: SessionId) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1500) {
        match sessions::apps::all_told(&app.store, home, session).await {
            Ok(false) => tokio::time::sleep(Duration::from_millis(50)).await,
            // They are told in any case.
            Ok(true) | Err(_) => return,
        }
    }
}
