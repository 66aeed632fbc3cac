//! An event of the trail, in words.

use crate::{
    PREFIX,
    rooms::{kit, roles::kit::rows, signins::reasons},
    text::{self, When},
};
use serde::Deserialize;
use serde_json::Value;

/// An event.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: When,
    pub(super) action: String,
    pub(super) actor: String,
    #[serde(default)]
    pub(super) actor_name: Option<String>,
    #[serde(default)]
    pub(super) acting_tenant: Option<String>,
    #[serde(default)]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) target_name: Option<String>,
    #[serde(default)]
    pub(super) detail: Value,
    #[serde(default)]
    pub(super) personal: Option<Value>,
    pub(super) digest: String,
}

/// What happens to things, as the second half of an action says it, and in words.
const VERBS: &[(&str, &str)] = &[
    ("accept", "accepted"),
    ("activate", "activated"),
    ("add", "added"),
    ("adopt", "answered for"),
    ("apply", "done"),
    ("approve", "approved"),
    ("arm", "armed"),
    ("ask", "asked for"),
    ("attest", "attested"),
    ("bounced", "came back"),
    ("change", "changed"),
    ("clear", "cleared"),
    ("clone", "cloned"),
    ("close", "closed"),
    ("complete", "completed"),
    ("configure", "set up"),
    ("create", "made"),
    ("cancel", "cancelled"),
    ("deactivate", "deactivated"),
    ("decide", "decided"),
    ("delete", "deleted"),
    ("disable", "switched off"),
    ("drop", "dropped"),
    ("edit", "changed"),
    ("enable", "switched on"),
    ("end", "ended"),
    ("expire", "ran out"),
    ("forget", "forgotten"),
    ("give", "given"),
    ("hold", "kept until a decision"),
    ("keep", "kept"),
    ("lift", "lifted"),
    ("link", "linked"),
    ("make", "made"),
    ("miss", "missed"),
    ("modify", "changed"),
    ("name", "named"),
    ("narrow", "narrowed"),
    ("open", "opened"),
    ("prove", "proved"),
    ("reactivate", "activated again"),
    ("refuse", "refused"),
    ("remove", "removed"),
    ("rename", "renamed"),
    ("replace", "replaced"),
    ("replay", "done once more"),
    ("resend", "sent anew"),
    ("reset", "reset"),
    ("restore", "restored"),
    ("resume", "resumed"),
    ("return", "given back"),
    ("reuse", "used twice"),
    ("revoke", "revoked"),
    ("rotate", "rotated"),
    ("send", "sent"),
    ("shorten", "shortened"),
    ("set", "set"),
    ("stop", "stopped"),
    ("suspend", "suspended"),
    ("take", "taken"),
    ("touch", "touched"),
    ("unlink", "unlinked"),
    ("unset", "taken away"),
    ("unlock", "unlocked"),
    ("use", "used"),
    ("withdraw", "withdrawn"),
];

/// Words before `.`, as people write them.
fn thing(word: &str) -> String {
    let known = match word {
        "app" => "application",
        "grant" => "role",
        "scim_token" => "SCIM token",
        "one_time_code" => "one-time code",
        "break_glass" => "account for emergencies",
        "parked" => "parked change",
        "elevation" => "role for a while",
        "signin" => "sign-in",
        "letters" => "look of letters",
        "app.secret" => "application's secret",
        other => &other.replace(['_', '.'], " "),
    };
    known.to_owned()
}

/// What happened, in words.
pub(in crate::rooms) fn words(action: &str, detail: &Value) -> String {
    let said = match action {
        "signin" => "signed in".to_owned(),
        "signout" => "signed out".to_owned(),
        "session.assurance" => "proof of a session changed".to_owned(),
        // One action for both: what reads the trail by program knows it so.
        "signin.refuse" => format!("sign-in {}", reasons::ended(reasons::outcome(detail))),
        "grant.add" => "role given".to_owned(),
        "grant.remove" => "role taken away".to_owned(),
        "tenant.policy" => "policy changed".to_owned(),
        "tenant.tags" => "tags changed".to_owned(),
        "tenant.export" => "tenant exported".to_owned(),
        "directory.stage" => "directory's stage changed".to_owned(),
        "directory.provisioning" => "directory's provisioning changed".to_owned(),
        "directory.signin_test" => "test login asked for".to_owned(),
        "directory.signin_tested" => "test login done".to_owned(),
        "directory.secret_ends" => "directory's secret ends".to_owned(),
        "directory.sessions_ended" => "directory's sessions ended".to_owned(),
        "directory.setup_link" => "setup link made".to_owned(),
        "directory.setup_link.use" => "setup link used".to_owned(),
        "elevation.expire" => "request for a role ran out".to_owned(),
        other => match other.rsplit_once('.') {
            Some((object, verb)) => {
                let known = VERBS.iter().find(|v| v.0 == verb).map(|v| v.1);
                let verb = known.map_or_else(|| verb.replace('_', " "), str::to_owned);
                format!("{} {verb}", thing(object))
            }
            None => thing(other),
        },
    };
    let mut letters = said.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

impl Event {
    /// What happened, in words.
    pub(super) fn what(&self) -> String {
        words(&self.action, &self.detail)
    }
    /// Who did it.
    pub(super) fn who(&self) -> String {
        kit::who(&self.actor, self.actor_name.as_ref())
    }
    /// A name that the event itself has of what it happened to.
    fn own_name(&self) -> Option<&str> {
        const NAMES: [&str; 8] =
            ["name", "user_name", "user", "display_name", "email", "role_name", "domain", "slug"];
        let text = |t: &&str| !t.is_empty() && uuid::Uuid::try_parse(t).is_err();
        let mut places = self.personal.iter().chain([&self.detail]);
        places.find_map(|v| NAMES.iter().find_map(|n| v[*n].as_str().filter(text)))
    }
    /// What it happened to, by its name where that is known.
    pub(super) fn whom(&self) -> String {
        match (&self.target_name, self.own_name(), &self.target) {
            (Some(name), ..) if !name.is_empty() => name.clone(),
            (_, Some(name), _) => name.to_owned(),
            (_, None, Some(target)) => match target.split_once(':') {
                Some((kind, id)) if uuid::Uuid::try_parse(id).is_err() => {
                    format!("{} {id}", thing(kind))
                }
                Some((kind, _)) => thing(kind),
                None => target.clone(),
            },
            _ => String::new(),
        }
    }
    /// A fact of it, by name.
    fn fact(&self, name: &str) -> &str {
        self.detail[name].as_str().unwrap_or_default()
    }
    /// Whether what it happened to is there no more.
    fn gone(&self) -> bool {
        matches!(self.action.as_str(), "eligibility.withdraw" | "tombstone.lift" | "review.stop")
            || self.action.starts_with("scope.")
            || ["delete", "remove"].iter().any(|v| self.action.ends_with(v))
    }
    /// The page of what it happened to in the tenant `here`, or its row in a list, below the tenant's address; nothing for
    /// whoever may not see it.
    pub(super) fn page(&self, here: &str, may: impl Fn(&str) -> bool) -> Option<String> {
        let (kind, id) = self.target.as_deref().filter(|_| !self.gone())?.split_once(':')?;
        let needs = match kind {
            "user" | "group" | "invitation" => "users.view",
            "app" if self.action.starts_with("integration") => "system.manage_integrations",
            "directory" | "app" | "tenant" => "system.view_settings",
            _ => "users.manage_roles",
        };
        if !may(needs) {
            return None;
        }
        let escaped = text::escape(id);
        // What holds in another tenant is in that one's lists.
        let ours = self.fact("tenant") == here;
        let at = |path: &str| Some(format!("{path}{escaped}"));
        match kind {
            "user" => at("/users/"),
            "directory" => at("/directories/"),
            "role" => at("/roles/"),
            "group" => at("/groups/"),
            "app" if self.action.starts_with("integration") => at("/integrations/"),
            // What is done to the client of an integration sounds like what is done to an application.
            "app" => at("/clients/"),
            "invitation" => at("/invitations/"),
            "parked" => at("/decisions/parked/"),
            "review" => at("/reviews/"),
            "review_plan" => at("/reviews/plans#plan-"),
            "default_role" => Some("/mappings/default".to_owned()),
            "grant" if ours => {
                Some(rows::grant("", self.fact("user"), (id, self.action == "grant.hold")))
            }
            "mapping" if ours => Some(rows::mapping("", self.fact("group"), id)),
            "eligibility" if ours => at("/elevation/eligible#eligibility-"),
            "elevation" if ours => at("/elevation#request-"),
            "tenant" if self.action == "tenant.policy" => Some("/policy".to_owned()),
            "tenant" if self.action.starts_with("domain.") && !self.fact("domain").is_empty() => {
                Some(format!("/domains/{}", text::escape(self.fact("domain"))))
            }
            _ => None,
        }
    }
    /// The same of an event of the instance.
    pub(super) fn page_of_instance(&self) -> Option<String> {
        let (kind, id) = self.target.as_deref().filter(|_| !self.gone())?.split_once(':')?;
        let escaped = text::escape(id);
        let at = |path: &str| Some(format!("{PREFIX}{path}{escaped}"));
        match kind {
            "grant" => {
                let row = (id, self.action == "grant.hold");
                Some(rows::grant(&format!("{PREFIX}/instance"), self.fact("user"), row))
            }
            "eligibility" => at("/system/elevation/eligible#eligibility-"),
            "elevation" => at("/system/elevation/"),
            "key" => at("/system#key-"),
            "user" if self.action.starts_with("break_glass.") => at("/system#account-"),
            "tenant" => at("/tenants/"),
            _ => None,
        }
    }
    /// The facts.
    pub(super) fn facts(&self) -> String {
        kit::pretty(&self.detail)
    }
    /// Names and addresses.
    pub(super) fn names(&self) -> Option<String> {
        self.personal.as_ref().map(kit::pretty)
    }
    /// Whether something was refused, or is an alarm.
    pub(super) fn alarming(&self) -> bool {
        match self.action.as_str() {
            "signin.refuse" => {
                let reason = self.detail["reason"].as_str().unwrap_or_default();
                reasons::outcome(&self.detail) == "refused" || reasons::FORGED.contains(&reason)
            }
            "passkey.cloned" | "refresh_token.reuse" | "break_glass.use" => true,
            _ => false,
        }
    }
}
