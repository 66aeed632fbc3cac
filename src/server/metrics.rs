//! Figures for a Prometheus: requests by route and answer, how long they took, how many are under way.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};
use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a request is counted by. The route is the pattern (`/signin/{flow}`), so that their number is bounded.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

/// What a request's time is counted by.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Routed {
    route: String,
}

/// All figures of one server.
pub(super) struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    time: Family<Routed, Histogram>,
    statements: Counter,
    /// Requests under way.
    pub(super) under_way: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("muster");
        let answered = Family::<Answered, Counter>::default();
        let time = Family::<Routed, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
        });
        let under_way = Gauge::default();
        registry.register("http_requests", "Requests answered", answered.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's headers to its answer's",
            Unit::Seconds,
            time.clone(),
        );
        registry.register("http_requests_under_way", "Requests under way", under_way.clone());
        let started: Gauge = Gauge::default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        started.set(i64::try_from(now.as_secs()).unwrap_or(0));
        registry.register_with_unit("start_time", "When it started", Unit::Seconds, started);
        let statements = Counter::default();
        registry.register(
            "store_statements",
            "Statements sent to the database, those of the program's own workers included",
            statements.clone(),
        );
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which program this is", version);
        Self { registry, answered, time, statements, under_way }
    }
    pub(super) fn count(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let label = Answered { method, route: route.to_owned(), status };
        self.answered.get_or_create(&label).inc();
        let label = Routed { route: route.to_owned() };
        self.time.get_or_create(&label).observe(took.as_secs_f64());
    }
    pub(super) fn text(&self) -> String {
        self.statements.inner().store(crate::store::statements(), Ordering::Relaxed);
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut out, &self.registry);
        out
    }
}
