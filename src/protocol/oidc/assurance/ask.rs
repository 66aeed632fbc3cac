//! What a provider is asked for, in its own words. The answer is judged by [`super::decide`] alone: providers ignore what
//! they do not know, and people can change addresses.

use super::{
    Class,
    rules::{Rules, context},
};
use crate::protocol::oidc::Preset;
use serde_json::json;

/// Auth0's name for two factors (OpenID Provider Authentication Policy Extension).
const PAPE: &str = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

/// A parameter of an authorization request.
pub type Parameter = (&'static str, String);

fn entras(rules: &Rules) -> Option<Parameter> {
    let context = rules.acrs.as_ref().filter(|c| context(c))?;
    let claims = json!({ "id_token": { "acrs": { "essential": true, "value": context } } });
    Some(("claims", claims.to_string()))
}

fn all(rules: &Rules) -> Vec<&str> {
    rules.acr.iter().chain(&rules.acr_phr).map(String::as_str).collect()
}

/// What is asked of the provider at first, so that it proves what the rules look for. Nothing, where asking would demand a
/// second factor of people who need none.
pub fn request(preset: Preset, rules: &Rules) -> Option<Parameter> {
    match preset {
        Preset::Entra | Preset::EntraV1 => entras(rules),
        // Without a rule of its own, two factors of whoever has them; what was done is read from `amr` then, and whoever
        // has one factor still reaches what needs no more.
        Preset::Okta => {
            let first = rules.acr.first().or(rules.acr_phr.first());
            let wanted = first.map_or("urn:okta:loa:2fa:any:ifpossible", String::as_str);
            Some(("acr_values", wanted.to_owned()))
        }
        Preset::Generic | Preset::Ping => {
            let all = all(rules);
            (!all.is_empty()).then(|| ("acr_values", all.join(" ")))
        }
        Preset::Google | Preset::Auth0 | Preset::Keycloak | Preset::Adfs => None,
    }
}

/// What is asked of the provider when its first answer proved less than `wanted`: the parameters that, besides signing the
/// person in anew, may make it prove more. `None` where nothing would: no rule reads as much out of its answers.
pub fn step_up(preset: Preset, rules: &Rules, wanted: Class) -> Option<Vec<Parameter>> {
    let phr = wanted == Class::PhishingResistant;
    let values = |list: Vec<&str>| (!list.is_empty()).then(|| ("acr_values", list.join(" ")));
    let phr_values = || rules.acr_phr.iter().map(String::as_str).collect::<Vec<_>>();
    let asked: Option<Parameter> = match preset {
        // A context is worth what an administrator says of it, and no more.
        Preset::Entra if wanted > Class::Attested => return None,
        Preset::Entra => Some(entras(rules)?),
        Preset::EntraV1 | Preset::Auth0 | Preset::Adfs if phr => return None,
        Preset::EntraV1 => entras(rules),
        Preset::Google => return None,
        Preset::Okta => {
            let (list, own) =
                if phr { (&rules.acr_phr, "phr") } else { (&rules.acr, "urn:okta:loa:2fa:any") };
            Some(("acr_values", list.first().map_or(own, String::as_str).to_owned()))
        }
        Preset::Auth0 => Some(("acr_values", PAPE.to_owned())),
        // `acr_values` is voluntary there, and whoever edits the address may lower it.
        Preset::Keycloak => {
            let list = if phr { phr_values() } else { all(rules) };
            if list.is_empty() {
                if phr || (rules.amr.is_empty() && !rules.two_classes) {
                    return None;
                }
                None
            } else {
                let acr = json!({ "essential": true, "values": list });
                Some(("claims", json!({ "id_token": { "acr": acr } }).to_string()))
            }
        }
        Preset::Adfs => Some(("amr_values", "ngcmfa".to_owned())),
        Preset::Ping | Preset::Generic if phr => Some(values(phr_values())?),
        Preset::Ping | Preset::Generic => {
            let all = all(rules);
            if all.is_empty() && rules.amr.is_empty() && !rules.two_classes {
                return None;
            }
            values(all)
        }
    };
    Some(asked.into_iter().chain([("prompt", "login".to_owned())]).collect())
}
