//! What no request waits for: messages to others, what is written in batches, what is swept away.

use crate::{
    access::{authors, elevation, grants, parked, reviews},
    app::App,
    apps::assertions,
    audit,
    credentials::{self, notice, reset},
    directories,
    domains::claims,
    error::Result,
    events, farewell, federation, flows, invitations, keys,
    oauth::backchannel,
    outbox,
    provisioning::{self, tell, tell_author, tell_elevation, tell_notice, tell_review},
    repeats, sessions, signals, signins, ssf,
    store::{Cx, Scope},
    usage,
    users::tombstones,
};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The running workers.
pub(super) struct Workers(JoinSet<()>);

/// Starts them; each ends by itself after `stop`.
pub(super) fn start(app: &App, stop: CancellationToken) -> Workers {
    let mut set = JoinSet::new();
    set.spawn(last_used(app.clone(), stop.clone()));
    set.spawn(signing_keys(app.clone(), stop.clone()));
    set.spawn(sweep(app.clone(), stop.clone()));
    set.spawn(app.log.clone().run(log_writer(), stop.clone()));
    set.spawn(watch(app.clone(), stop.clone()));
    set.spawn(endings(app.clone(), stop.clone()));
    set.spawn(reviewing(app.clone(), stop.clone()));
    set.spawn(domain_proofs(app.clone(), stop.clone()));
    set.spawn(farewells(app.clone(), stop.clone()));
    set.spawn(federation::Poller::new(app.clone()).run(stop.clone()));
    set.spawn(app.events.clone().follow(stop.clone()));
    let cx = Cx::new(super::system("outbox"), Scope::Platform);
    let letters = invitations::Sender {
        store: app.store.clone(),
        access: app.access.clone(),
        master: app.master.clone(),
        mailer: app.mailer.clone(),
        issuer: app.config.issuer().to_owned(),
        brand: app.config.brand.name.clone(),
    };
    let worker = outbox::Worker::new(app.store.clone(), cx.clone());
    let invite = cx.clone();
    let unsent = letters.clone();
    let (asked_again, asked_cx, again_each) = (letters.clone(), cx.clone(), letters.clone());
    let worker = worker
        .on(invitations::TOPIC, move |m| {
            Box::pin(invitations::deliver(letters.clone(), invite.clone(), m))
        })
        .when_given_up(invitations::TOPIC, move |tx, m, why| {
            let unsent = unsent.clone();
            Box::pin(async move { invitations::given_up(&unsent, tx, m, why).await })
        })
        .on(invitations::ASKED, move |m| {
            Box::pin(invitations::told(asked_again.clone(), asked_cx.clone(), m))
        })
        .on(invitations::ASKED_LETTER, move |m| Box::pin(invitations::tell(again_each.clone(), m)));
    let health = provisioning::health::Sender {
        store: app.store.clone(),
        mailer: app.mailer.clone(),
        brand: app.config.brand.name.clone(),
        issuer: app.config.issuer().to_owned(),
    };
    let worker = worker.on(provisioning::health::TOPIC, move |m| {
        Box::pin(provisioning::health::deliver(health.clone(), m))
    });
    let parked_letters = tell::Sender {
        store: app.store.clone(),
        mailer: app.mailer.clone(),
        issuer: app.config.issuer().to_owned(),
        brand: app.config.brand.name.clone(),
    };
    let (each, parked_again) = (parked_letters.clone(), parked_letters.clone());
    let worker = worker
        .on(parked::TOPIC, move |m| Box::pin(tell::fan_out(parked_letters.clone(), cx.clone(), m)))
        .on(tell::LETTER, move |m| Box::pin(tell::deliver(each.clone(), m)));
    let (notices, notice_each) = (parked_again.clone(), parked_again.clone());
    let notice_cx = Cx::new(super::system("outbox"), Scope::Platform);
    let (secret_notices, secret_cx) = (notices.clone(), notice_cx.clone());
    let worker = worker
        .on(claims::TOPIC, move |m| {
            Box::pin(tell_notice::fan_out(notices.clone(), notice_cx.clone(), m))
        })
        .on(directories::SECRET_TOPIC, move |m| {
            Box::pin(tell_notice::fan_out(secret_notices.clone(), secret_cx.clone(), m))
        })
        .on(tell_notice::LETTER, move |m| Box::pin(tell_notice::deliver(notice_each.clone(), m)));
    let (author_letters, author_each) = (parked_again.clone(), parked_again);
    let author_cx = Cx::new(super::system("outbox"), Scope::Platform);
    let worker = worker
        .on(authors::TOPIC, move |m| {
            Box::pin(tell_author::fan_out(author_letters.clone(), author_cx.clone(), m))
        })
        .on(tell_author::LETTER, move |m| Box::pin(tell_author::deliver(author_each.clone(), m)));
    let asked = tell_elevation::Sender {
        access: app.access.clone(),
        store: app.store.clone(),
        mailer: app.mailer.clone(),
        issuer: app.config.issuer().to_owned(),
        brand: app.config.brand.name.clone(),
    };
    let (asked_each, asked_cx) = (asked.clone(), Cx::new(super::system("outbox"), Scope::Platform));
    let worker = worker
        .on(elevation::TOPIC, move |m| {
            Box::pin(tell_elevation::fan_out(asked.clone(), asked_cx.clone(), m))
        })
        .on(tell_elevation::LETTER, move |m| {
            Box::pin(tell_elevation::deliver(asked_each.clone(), m))
        });
    let waits = tell_review::Sender {
        access: app.access.clone(),
        store: app.store.clone(),
        mailer: app.mailer.clone(),
        issuer: app.config.issuer().to_owned(),
        brand: app.config.brand.name.clone(),
    };
    let (waits_each, waits_cx) = (waits.clone(), Cx::new(super::system("outbox"), Scope::Platform));
    let worker = worker
        .on(reviews::TOPIC, move |m| {
            Box::pin(tell_review::fan_out(waits.clone(), waits_cx.clone(), m))
        })
        .on(tell_review::LETTER, move |m| Box::pin(tell_review::deliver(waits_each.clone(), m)));
    let changed = notice::Sender {
        mailer: app.mailer.clone(),
        issuer: app.config.issuer().to_owned(),
        brand: app.config.brand.name.clone(),
    };
    let worker = worker.on(notice::TOPIC, move |m| Box::pin(notice::deliver(changed.clone(), m)));
    let resets = reset::Sender {
        store: app.store.clone(),
        master: app.master.clone(),
        mailer: app.mailer.clone(),
        issuer: app.config.issuer().to_owned(),
        brand: app.config.brand.name.clone(),
    };
    let (reset_each, reset_cx) =
        (resets.clone(), Cx::new(super::system("outbox"), Scope::Platform));
    let worker = worker
        .on(reset::ASKED, move |m| Box::pin(reset::asked(resets.clone(), reset_cx.clone(), m)))
        .on(reset::LETTER, move |m| Box::pin(reset::deliver(reset_each.clone(), m)));
    let (ended, withdrawn, telling) = (app.clone(), app.clone(), app.clone());
    let worker = worker
        .on("session.ended", move |m| {
            let app = ended.clone();
            Box::pin(async move { backchannel::fan_out(&app, &m).await })
        })
        .on("consent.ended", move |m| {
            let app = withdrawn.clone();
            Box::pin(async move { backchannel::withdrawn(&app, &m).await })
        })
        .on("logout.deliver", move |m| {
            let app = telling.clone();
            Box::pin(async move { backchannel::deliver(&app, &m).await })
        });
    set.spawn(streams(app, worker).run(stop));
    Workers(set)
}

/// What applications hear by their streams of security events.
fn streams(app: &App, worker: outbox::Worker) -> outbox::Worker {
    let (told, pushed) = (app.clone(), app.clone());
    worker
        .on(audit::TOLD, move |m| {
            let app = told.clone();
            Box::pin(async move { events::told(&app.events, &app.system(), &m).await })
        })
        .on(events::PUSH, move |m| {
            let app = pushed.clone();
            Box::pin(async move { ssf::push(&app, &m).await })
        })
        .when_given_up(events::PUSH, |tx, m, why| Box::pin(events::given_up(tx, m, why)))
}

/// Who writes the provisioning log.
fn log_writer() -> Cx {
    Cx::new(super::system("provisioning log"), Scope::Platform)
}

/// Looks how directories are.
async fn watch(app: App, stop: CancellationToken) {
    let began = Instant::now();
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(300))).await.is_some() {
        let cx = Cx::new(super::system("provisioning health"), Scope::Platform);
        if let Err(e) = provisioning::health::watch(&app.store, &cx, began.elapsed()).await {
            tracing::warn!(error = ?e, "cannot look how directories are");
        }
    }
}

/// Ends what relied on roles that are over by themselves, and writes down which mappings are suspended, within a second.
async fn endings(app: App, stop: CancellationToken) {
    let mut seen = authors::Reviewed::default();
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_some() {
        let cx = Cx::new(super::system("endings"), Scope::Platform);
        if let Err(e) = grants::end_due(&app.access, &cx).await {
            tracing::warn!(error = ?e, "cannot end what relied on roles that are over");
        }
        if let Err(e) = elevation::expire(&app.access, &cx).await {
            tracing::warn!(error = ?e, "cannot close requests that nobody decided about");
        }
        if let Err(e) = authors::review(&app.access, &cx, &mut seen).await {
            tracing::warn!(error = ?e, "cannot look who answers for mappings");
        }
    }
}

/// Begins and closes reviews of access at their times, and has their reviewers told before.
async fn reviewing(app: App, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(10))).await.is_some() {
        let cx = Cx::new(super::system("reviews"), Scope::Platform);
        if let Err(e) = reviews::due(&app.access, &cx).await {
            tracing::warn!(error = ?e, "cannot close reviews that are due");
        }
        if let Err(e) = reviews::begin_due(&app.access, &cx).await {
            tracing::warn!(error = ?e, "cannot begin reviews");
        }
        if let Err(e) = reviews::remind(&app.access, &cx).await {
            tracing::warn!(error = ?e, "cannot have reviewers told again");
        }
    }
}

/// Looks again, once a day, for what companies proved by DNS.
async fn domain_proofs(app: App, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(300))).await.is_some() {
        let cx = Cx::new(super::system("domains"), Scope::Platform);
        if let Err(e) = claims::look_again(&app.store, &app.dns, &cx).await {
            tracing::warn!(error = ?e, "cannot look again for proofs of domains");
        }
    }
}

/// Goes on with the deletion of tenants, those that were begun before the server was stopped too.
async fn farewells(app: App, stop: CancellationToken) {
    let mut wait = Duration::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        let cx = Cx::new(super::system("farewell"), Scope::Platform);
        let left = farewell::round(&app.store, &cx, Duration::from_secs(1)).await;
        wait = Duration::from_secs(if matches!(left, Ok(true)) { 1 } else { 5 });
        if let Err(e) = left {
            tracing::warn!(error = ?e, "cannot go on with the deletion of a tenant");
        }
    }
}

/// Writes when credentials were last used and how many tokens were given; once more at the end.
async fn last_used(app: App, stop: CancellationToken) {
    loop {
        let ended = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await;
        let actor = super::system("last used");
        if let Err(e) = app.scim_tokens.flush(&actor).await {
            tracing::warn!(error = ?e, "cannot write when SCIM tokens were last used");
        }
        let cx = Cx::new(actor, Scope::Platform);
        if let Err(e) = app.apps.flush_used(&cx).await {
            tracing::warn!(error = ?e, "cannot write when client secrets were last used");
        }
        if let Err(e) = app.gate.flush_seen(&cx).await {
            tracing::warn!(error = ?e, "cannot write when sessions were last used");
        }
        if let Err(e) = app.gate.flush_counts(&cx).await {
            tracing::warn!(error = ?e, "cannot write how many tokens were given");
        }
        if ended.is_none() {
            return;
        }
    }
}

/// Makes the signing keys that are still missing, once the server is up (RSA takes a while), and moves them on.
async fn signing_keys(app: App, stop: CancellationToken) {
    let mut wait = Duration::from_secs(1);
    while stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        wait = Duration::from_secs(600);
        let cx = Cx::new(super::system("signing keys"), Scope::Platform);
        if let Err(e) = app.keys.complete(&cx).await {
            tracing::error!(error = ?e, "cannot make signing keys");
        }
        if let Err(e) = move_keys(&app, &cx).await {
            tracing::error!(error = ?e, "cannot move signing keys on");
        }
    }
}

async fn move_keys(app: &App, cx: &Cx) -> Result<()> {
    let settings = &app.config.keys;
    if !settings.rotate_every.is_zero() {
        app.keys.rotate_due(cx, *settings.rotate_every).await?;
    }
    app.keys.advance(cx, *settings.publish_ahead, keys::BEHIND).await
}

/// Ends sessions whose time is over, and removes what is over: flows and codes soon, keys of requests and counts of letters after a day, sessions and delivered messages
/// after a month, records of sign-ins as the settings say, entries of the provisioning log as their directories want it,
/// once an hour.
async fn sweep(app: App, stop: CancellationToken) {
    let mut round = 0u32;
    let mut logs_swept = None;
    let month = Duration::from_secs(30 * 24 * 3600);
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(300))).await.is_some() {
        let cx = Cx::new(super::system("sweeper"), Scope::Platform);
        let before = app.store.clock().now().minus(month);
        if let Err(e) = sessions::expire(&app.store, &cx, app.session_limits().idle).await {
            tracing::warn!(error = ?e, "cannot end sessions that are over");
        }
        let swept = [
            flows::sweep(&app.store, &cx).await,
            app.gate.sweep(&cx).await,
            assertions::sweep(&app.store, &cx).await,
            signals::sweep(&app.store, &cx, app.store.clock().now()).await,
            credentials::sweep(&app.store, &cx).await,
            repeats::sweep(&app.store, &cx).await,
            events::sweep(&app.store, &cx).await,
            usage::sweep(&app.store, &cx).await,
            invitations::daily::sweep(&app.store, &cx).await,
            sessions::sweep(&app.store, &cx, before).await,
            outbox::sweep(&app.store, &cx, before).await,
            forget_people(&app, &cx).await,
            forget_signins(&app, &cx).await,
            remind(&app, &cx).await,
            credentials::break_glass::remind(&app.store, &cx).await,
            directories::warn_of_secrets(&app.store, &cx).await,
        ];
        round = round.wrapping_add(1);
        let log = match round % 12 {
            1 => {
                let began = app.store.clock().now();
                let swept = provisioning::log::sweep(&app.store, &cx, logs_swept).await;
                if swept.is_ok() {
                    logs_swept = Some(began);
                }
                swept
            }
            _ => Ok(0),
        };
        for e in swept.into_iter().chain([log]).filter_map(Result::err) {
            tracing::warn!(error = ?e, "cannot sweep");
        }
    }
}

/// Forgets people whom no directory has asked for in a long time.
async fn forget_people(app: &App, cx: &Cx) -> Result<u64> {
    let kept = *app.config.provisioning.remember;
    if kept.is_zero() {
        return Ok(0);
    }
    let before = app.store.clock().now().minus(kept);
    Ok(tombstones::sweep(&app.store, cx, before).await?
        + parked::sweep(&app.store, cx, before).await?)
}

/// Forgets attempts to sign in of long ago.
async fn forget_signins(app: &App, cx: &Cx) -> Result<u64> {
    let kept = *app.config.signin.remember;
    if kept.is_zero() {
        return Ok(0);
    }
    signins::sweep(&app.store, cx, app.store.clock().now().minus(kept)).await
}

/// Has parked changes told of once more that nobody has decided about.
async fn remind(app: &App, cx: &Cx) -> Result<u64> {
    let after = *app.config.provisioning.remind;
    if after.is_zero() {
        return Ok(0);
    }
    parked::remind(&app.store, cx, app.store.clock().now().minus(after)).await
}

impl Workers {
    /// Waits until each has written what it holds; by then no request is under way.
    pub(super) async fn finish(mut self, app: &App) {
        while let Some(ended) = self.0.join_next().await {
            if let Err(e) = ended {
                tracing::error!(error = %e, "a worker ended badly");
            }
        }
        if let Err(e) = app.log.flush(&log_writer()).await {
            tracing::error!(error = ?e, "the last of the provisioning log cannot be written");
        }
    }
}
