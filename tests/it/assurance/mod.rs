//! What a login proves. The mistakes that others made are each a negative test that bears their number; the presets'
//! tables are held against tokens of the shapes that the providers send.

mod attested;
mod demands;
mod floor;
mod flows;
mod mistakes;
mod passed_on;
mod presets;
mod simulator;
mod tokens;

use muster::protocol::oidc::{Claims, Class, Evidence, Preset, Rules, assurance};
use serde_json::{Map, Value, json};

const NOW: i64 = 1_795_430_000;

/// The claims of a good token, with more.
fn base(more: &Value) -> Map<String, Value> {
    let mut c = json!({
        "iss": "https://idp.example", "sub": "u1", "aud": "client", "exp": NOW + 300, "iat": NOW, "nonce": "n",
    });
    for (k, v) in more.as_object().unwrap() {
        c[k] = v.clone();
    }
    c.as_object().unwrap().clone()
}
fn claims(more: &Value) -> Claims {
    Claims::parse(&base(more)).unwrap()
}
fn evidence(more: &Value) -> Evidence {
    Evidence::of(&claims(more))
}
fn class(preset: Preset, rules: &Rules, more: &Value) -> Class {
    assurance(&evidence(more), preset, rules).class
}
fn rule(preset: Preset, rules: &Rules, more: &Value) -> &'static str {
    assurance(&evidence(more), preset, rules).rule
}
fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}
/// Rules that take `mfa` and the level 2.
fn named() -> Rules {
    Rules { amr: words(&["mfa"]), acr: words(&["2"]), ..Rules::default() }
}
/// Rules that take everything that a setting can take.
fn generous() -> Rules {
    Rules { two_classes: true, acrs: Some("c1".to_owned()), acr_phr: words(&["3"]), ..named() }
}
