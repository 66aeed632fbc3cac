//! Events that are fetched (RFC 8936): a worker asks each transmitter that does not push, and says which it took.

use super::{Keyring, Named, Transmitters, answer::told, caller};
use crate::{
    app::App,
    error::{Error, Result},
    federation::provider::Providers,
    id::{DirectoryId, RequestId, TenantId},
    secret::ExposeSecret as _,
    signals::{self, How, Stream},
};
use futures::StreamExt as _;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often each is asked.
const EVERY: Duration = Duration::from_secs(15);
/// How long the events of one transmitter may take.
const AT_MOST: Duration = Duration::from_secs(60);
/// How many events one answer may hold.
const AT_ONCE: usize = 100;
/// How many answers are taken of one transmitter before the next is asked.
const ROUNDS: usize = 20;

/// Who asks, with what it remembers of transmitters.
pub struct Poller {
    app: App,
    providers: Providers,
    transmitters: Transmitters,
}

impl Poller {
    /// One that remembers nothing yet.
    pub fn new(app: App) -> Self {
        Self { app, providers: Providers::default(), transmitters: Transmitters::default() }
    }
    /// Asks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(e) = self.round().await {
                tracing::warn!(error = ?e, "cannot look which events are to be fetched");
            }
        }
    }
    /// Asks each transmitter once; one that cannot be asked holds up no other.
    ///
    /// # Errors
    /// The database's.
    pub async fn round(&self) -> Result<()> {
        let (app, providers, transmitters) = (&self.app, &self.providers, &self.transmitters);
        let from = &Keyring { app, providers, transmitters };
        let all = signals::polled(&app.store).await?;
        // A slow one holds up no other, and none for ever.
        let each = all.into_iter().map(|(t, d)| {
            let fetched = tokio::time::timeout(AT_MOST, from.fetch(t, d));
            async move {
                if fetched.await.is_err() {
                    tracing::warn!(directory = %d, "events are not fetched in time");
                    let why = format!("not done within {} s", AT_MOST.as_secs());
                    from.not_fetched(t, d, RequestId::new(), &why).await;
                }
            }
        });
        futures::stream::iter(each).buffer_unordered(8).collect::<()>().await;
        Ok(())
    }
}

/// What one answer brought.
struct Answer {
    /// Taken, for good.
    ack: Vec<String>,
    /// Refused, for good.
    errs: Map<String, Value>,
    more: bool,
    /// Nothing was asked yet.
    first: bool,
}

impl Keyring<'_> {
    async fn fetch(&self, t: TenantId, d: DirectoryId) {
        let request = RequestId::new();
        if let Err(e) = self.fetched(t, d, request).await {
            tracing::warn!(directory = %d, error = ?e, "events cannot be fetched");
            self.not_fetched(t, d, request, told(&e)).await;
        }
    }

    async fn not_fetched(&self, t: TenantId, d: DirectoryId, request: RequestId, why: &str) {
        let (cx, why) = (caller::cx(t, request), format!("fetching: {why}"));
        if let Err(e) = signals::failed(&self.app.store, &cx, t, d, &why).await {
            tracing::warn!(error = ?e, "cannot note that events cannot be fetched");
        }
    }

    async fn fetched(&self, t: TenantId, d: DirectoryId, request: RequestId) -> Result<()> {
        let Some(named) = Named::of(self.app, t, d, request).await? else { return Ok(()) };
        let stream = signals::stream(&self.app.store, t, d).await?;
        let Some(stream) = stream.filter(|s| s.is_for(&named.source.issuer)) else { return Ok(()) };
        let mut last = Answer { ack: Vec::new(), errs: Map::new(), more: true, first: true };
        for _ in 0..ROUNDS {
            let (said, first) = (!last.ack.is_empty() || !last.errs.is_empty(), last.first);
            // Nothing to say; and whoever gave nothing that could be taken gives the same again.
            if !said && !first {
                return Ok(());
            }
            // What was taken is said even where nothing more is wanted.
            let wanted = if last.more { AT_ONCE } else { 0 };
            last = self.ask(&named, &stream, &last, wanted).await?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        named: &Named,
        stream: &Stream,
        last: &Answer,
        wanted: usize,
    ) -> Result<Answer> {
        let bad = |e: String| Error::unavailable(format!("the transmitter's answer: {e}"));
        let at = stream.settings.0.poll.as_deref().unwrap_or_default();
        let mut asked = json!({ "maxEvents": wanted, "returnImmediately": true, "ack": last.ack });
        if !last.errs.is_empty() {
            asked["setErrs"] = Value::Object(last.errs.clone());
        }
        let mut request = http::Request::post(at)
            .header("content-type", "application/json")
            .header("accept", "application/json");
        if let Some(token) = stream.open_poll_token(&self.app.master)? {
            request = request.header("authorization", format!("Bearer {}", token.expose_secret()));
        }
        let request =
            request.body(asked.to_string().into_bytes()).map_err(|e| bad(e.to_string()))?;
        let answer = self.app.net.send(request).await?;
        if !answer.status().is_success() {
            return Err(bad(answer.status().to_string()));
        }
        let body: Value = serde_json::from_slice(answer.body()).map_err(|e| bad(e.to_string()))?;
        let mut out = Answer {
            ack: Vec::new(),
            errs: Map::new(),
            more: wanted > 0 && body["moreAvailable"] == true,
            first: false,
        };
        for (jti, token) in body["sets"].as_object().into_iter().flatten().take(AT_ONCE) {
            let token = token.as_str().unwrap_or_default();
            match self.event(named, stream, token, How::Poll).await {
                Ok(_) => out.ack.push(jti.clone()),
                // Neither taken nor refused: it comes again, and the others do not wait for it.
                Err(e) if e.passes() => {
                    tracing::warn!(jti, error = %e, "an event waits");
                    let (t, d) = (named.source.tenant, named.source.directory);
                    let why = format!("an event waits: {}", e.told());
                    let cx = caller::cx(t, named.request);
                    signals::failed(&self.app.store, &cx, t, d, &why).await?;
                }
                Err(e) => {
                    let (app, t) = (self.app, named.source.tenant);
                    let cx = caller::cx(t, named.request);
                    let d = named.source.directory;
                    signals::failed(&app.store, &cx, t, d, &e.told()).await?;
                    let said = json!({ "err": e.err, "description": e.to_string() });
                    out.errs.insert(jti.clone(), said);
                }
            }
        }
        Ok(out)
    }
}
