//! Decisions about what the claims of an id token prove, in this process.

use crate::shared::figures::Figures;
use muster::{
    clock::Timestamp,
    protocol::oidc::{Claims, Class, Connection, Demand, Evidence, Preset, Rules, decide},
};
use serde_json::json;
use std::{hint::black_box, time::Instant};

const ROUNDS: u32 = 200_000;

pub fn run(figures: &mut Figures) {
    let claims = json!({
        "iss": "https://login.example", "sub": "u1", "aud": "muster", "iat": 1_795_430_000, "exp": 1_795_433_900,
        "nonce": "n", "amr": ["pwd", "otp", "mfa"], "acr": "urn:example:2fa", "auth_time": 1_795_429_950,
    });
    let Some(claims) = claims.as_object().and_then(|c| Claims::parse(c).ok()) else {
        return;
    };
    let rules = Rules {
        amr: vec!["mfa".to_owned()],
        acr: vec!["urn:example:2fa".to_owned()],
        ..Rules::default()
    };
    let connection =
        Connection { preset: Preset::Generic, rules: &rules, attested: None, generation: 1 };
    let now = Timestamp::from_secs(1_795_430_000);
    let demand = Demand {
        class: Class::Mfa,
        max_age: Some(300),
        left_at: now,
        now,
        again: true,
        policy: Some(1),
    };
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(decide(&connection, &Evidence::of(black_box(&claims)), &demand));
    }
    let a_second = f64::from(ROUNDS) / began.elapsed().as_secs_f64();
    figures.seen("signin_assurance_decisions", a_second, "1/s");
}
