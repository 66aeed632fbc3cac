//! What all voices share: the database, the settings, the rights, the keys. Between porch and truth; made once by
//! `server` (or a test), handed to every handler as axum's state.

use crate::{
    access::{Access, Catalogue, Permit, perm::SystemEditSettings, roles},
    actor::Actor,
    apps::Apps,
    clock::Timestamp,
    config::Config,
    credentials::Credentials,
    crypto::seal::MasterKey,
    directories::{Keyring, Readings, Tokens},
    error::{Error, Result},
    events::Events,
    gate::Gate,
    id::DirectoryId,
    keys::Keys,
    mail::Mailer,
    net::{Client, dns},
    provisioning::log::{Logged, Recorder, Replayed},
    repeats,
    sessions::{Limits, Rotations},
    store::{Cx, Fair, Scope, Store},
    tenants::Longest,
    usage::days::Days,
};
use futures::future::BoxFuture;
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

/// The shared parts. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// How a request of the provisioning log is done once more, for good or not. The voice that can says so to `server`, which
/// tells [`App::replays_by`]; the voice that is asked to does not know it.
pub type Replay = fn(
    App,
    Permit<SystemEditSettings>,
    DirectoryId,
    Logged,
    bool,
) -> BoxFuture<'static, Result<Replayed>>;

/// What [`App`] dereferences to.
#[derive(Clone)]
pub struct Parts {
    /// The settings, settled: the public URL is known.
    pub config: Config,
    /// The database; its clock is the one clock.
    pub store: Store,
    /// Who may do what.
    pub access: Access,
    /// Passwords, one-time codes, passkeys.
    pub credentials: Credentials,
    /// Which directory a SCIM token opens, remembered.
    pub scim_tokens: Tokens,
    /// How the requests of a directory's SCIM client are read, remembered.
    pub readings: Readings,
    /// Whose SCIM request is worked on next.
    pub scim_turns: Fair,
    /// What signs tokens, and what others verify them with.
    pub keys: Keys,
    /// Applications and integration clients, remembered.
    pub apps: Apps,
    /// Which streams of security events want to hear what.
    pub events: Events,
    /// Who may act now, and the only maker of tokens.
    pub gate: Gate,
    /// What the days came to.
    pub days: Arc<Days>,
    /// Refreshes that share what a commit costs.
    pub rotations: Rotations,
    /// The one way out.
    pub net: Client,
    /// Who is asked what others publish in DNS.
    pub dns: dns::Texts,
    /// The keys that directories' providers were last seen to publish.
    pub keyring: Keyring,
    /// The way out for letters.
    pub mailer: Mailer,
    /// What directories ask, on its way into the provisioning log.
    pub log: Recorder,
    /// What seals what must be read back.
    pub master: MasterKey,
    /// Who does the server's own work.
    pub system: Actor,
    /// Since when this process is up.
    pub started: Timestamp,
    replay: OnceLock<Replay>,
}

impl App {
    /// Puts the parts together over an open database; `system` is who makes the first signing key.
    ///
    /// # Errors
    /// The catalogue's, when it does not fit what is there too; the keys' and the database's.
    pub async fn new(
        config: Config,
        store: Store,
        master: MasterKey,
        system: &Actor,
    ) -> Result<Self> {
        store.end_with(|tx, request| Box::pin(repeats::mark(tx, request)));
        let catalogue = catalogue(&config)?;
        let cx = Cx::new(system.clone(), Scope::Platform);
        roles::must_fit(&store, &cx, &catalogue).await?;
        let access = Access::new(store.clone(), catalogue);
        let scim_tokens = Tokens::new(&store);
        let readings = Readings::new(&store);
        let scim_turns = Fair::new(config.limits.scim_at_once, config.limits.scim_waiting);
        let whose = (config.issuer(), config.brand.name.as_str());
        let credentials = Credentials::new(&store, &access, &master, &config.signin, whose);
        let keys = Keys::load(&store, Arc::new(master.clone()), &cx).await?;
        let apps = Apps::new(&store);
        let events = Events::load(&store, config.issuer()).await?;
        let limits = session_limits(&config);
        let gate = Gate::new(&store, &access, &keys, &apps, config.issuer(), limits);
        let rotations = Rotations::new(&store, cx.urgent(), refresh_limits(&config));
        let net = Client::new(&config.outbound)?;
        let dns = dns::Texts::new(&config.outbound.dns_servers)?;
        let mailer = Mailer::new(&config.mail, &config.outbound.ca_file)?;
        let log = Recorder::new(&store, &master);
        let (system, started) = (system.clone(), store.clock().now());
        let parts = Parts {
            config,
            store,
            access,
            credentials,
            scim_tokens,
            readings,
            scim_turns,
            keys,
            apps,
            events,
            gate,
            rotations,
            days: Arc::default(),
            net,
            dns,
            keyring: Keyring::default(),
            mailer,
            log,
            master,
            system,
            started,
            replay: OnceLock::new(),
        };
        Ok(Self(Arc::new(parts)))
    }
    /// The same over another store: in a rehearsal.
    #[must_use]
    pub fn over(&self, store: Store) -> Self {
        Self(Arc::new(Parts { store, ..Parts::clone(self) }))
    }
    /// The same over another store, with nothing remembered: for a step of a rehearsal, which sees what those before it did.
    #[must_use]
    pub fn afresh(&self, store: Store) -> Self {
        let access = Access::new(store.clone(), self.access.catalogue().clone());
        let apps = Apps::new(&store);
        let whose = (self.config.issuer(), self.config.brand.name.as_str());
        let credentials =
            Credentials::new(&store, &access, &self.master, &self.config.signin, whose);
        let limits = session_limits(&self.config);
        let gate = Gate::new(&store, &access, &self.keys, &apps, self.config.issuer(), limits);
        let readings = Readings::new(&store);
        let scim_tokens = Tokens::new(&store);
        let parts = Parts::clone(self);
        Self(Arc::new(Parts {
            store,
            access,
            credentials,
            scim_tokens,
            readings,
            apps,
            gate,
            ..parts
        }))
    }
    /// Who does requests of the provisioning log once more.
    pub fn replays_by(&self, replay: Replay) {
        // Said once, at the start.
        let _ = self.0.replay.set(replay);
    }
    /// Does one once more.
    ///
    /// # Errors
    /// Its own.
    pub async fn replay(
        &self,
        permit: Permit<SystemEditSettings>,
        directory: DirectoryId,
        entry: Logged,
        apply: bool,
    ) -> Result<Replayed> {
        let replay = self.0.replay.get().ok_or_else(|| Error::internal("nobody replays"))?;
        replay(self.clone(), permit, directory, entry, apply).await
    }
    /// How long sessions live.
    pub fn session_limits(&self) -> Limits {
        session_limits(&self.config)
    }
    /// How long refresh families live.
    pub fn refresh_limits(&self) -> Limits {
        refresh_limits(&self.config)
    }
    /// What no tenant's policy goes beyond.
    pub fn longest(&self) -> Longest {
        Longest { sessions: self.session_limits(), refresh: self.refresh_limits() }
    }
    /// The context of the server's own work, over the whole platform.
    pub fn system(&self) -> Cx {
        Cx::new(self.system.clone(), Scope::Platform)
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

fn session_limits(config: &Config) -> Limits {
    Limits { absolute: *config.sessions.max, idle: *config.sessions.idle }
}

fn refresh_limits(config: &Config) -> Limits {
    Limits { absolute: *config.tokens.refresh_max, idle: *config.tokens.refresh_idle }
}

/// The catalogue as shipped, or with the files the settings name.
fn catalogue(config: &Config) -> Result<Catalogue> {
    use crate::access::catalogue::{PERMISSIONS, ROLES};
    let text = |path: &Path, shipped: &str| {
        if path.as_os_str().is_empty() {
            return Ok(shipped.to_owned());
        }
        std::fs::read_to_string(path)
            .map_err(|e| Error::invalid(format!("cannot read {}: {e}", path.display())))
    };
    let c = &config.catalogue;
    let catalogue = Catalogue::read(&text(&c.permissions, PERMISSIONS)?, &text(&c.roles, ROLES)?)?;
    for t in catalogue.left_out() {
        tracing::warn!(
            template = t.name,
            "a template of a role names what the catalogue does not have, and is left out"
        );
    }
    Ok(catalogue)
}
