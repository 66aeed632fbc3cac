//! What becomes of a proof: by the function that decides a sign-in, at once and for whoever asks beforehand.

use crate::{
    protocol::oidc::{self, Connection, Decision, Demand, Evidence, Verdict},
    signins::Reason,
};

/// What would become of it.
#[derive(Debug)]
pub struct Judged {
    /// The decision.
    pub decision: Decision,
    /// Why it would not suffice, if the provider, where it is asked once more, says the same again.
    pub weak: Option<(Reason, String)>,
    /// What the provider would be asked once more: names and values of parameters.
    pub asked: Vec<(&'static str, String)>,
}

/// Why a proof is not enough.
pub fn weak(d: &Decision) -> Option<Reason> {
    match d.verdict {
        Verdict::TooWeak => Some(Reason::MfaNotProved),
        Verdict::TooOld => Some(Reason::AuthTooOld),
        Verdict::Enough | Verdict::AskOnce => None,
    }
}

/// What would become of the first answer of a sign-in.
pub fn judge(c: &Connection<'_>, e: &Evidence, demand: &Demand) -> Judged {
    let decide = |again| oidc::decide(c, e, &Demand { again, ..*demand });
    let (decision, last) = (decide(true), decide(false));
    let asked = match decision.verdict {
        Verdict::AskOnce => {
            let anew = || vec![("prompt", "login".to_owned())];
            let mut asked = oidc::step_up(c.preset, c.rules, demand.class).unwrap_or_else(anew);
            asked.push(("max_age", "0".to_owned()));
            asked
        }
        _ => Vec::new(),
    };
    Judged { decision, weak: weak(&last).map(|r| (r, last.why)), asked }
}
