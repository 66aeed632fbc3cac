//! What `muster directory edit` sets about the provisioning log and silence.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Bodies {
    Full,
    Redacted,
    Off,
}

#[derive(Debug, Args)]
pub(crate) struct LogSettings {
    /// Provisioning log: what is kept of bodies; secrets never are
    #[arg(long, value_enum)]
    log_bodies: Option<Bodies>,
    /// Provisioning log: whether redacted bodies keep userName, externalId and the names of groups
    #[arg(long, value_name = "true|false")]
    log_names: Option<bool>,
    /// Provisioning log: for how many days it is kept
    #[arg(long, value_name = "DAYS")]
    log_days: Option<u32>,
    /// Provisioning log: how many entries are kept
    #[arg(long, value_name = "NUMBER")]
    log_most: Option<u32>,
    /// Hours without a request after which the tenant's administrators are told; 0: never
    #[arg(long, value_name = "HOURS")]
    silence_hours: Option<u32>,
}

impl LogSettings {
    /// Puts what is given into a directory's provisioning.
    pub(super) fn set(&self, provisioning: &mut Value) {
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                provisioning["log"][name] = value;
            }
        };
        let word = |b: Bodies| match b {
            Bodies::Full => "full",
            Bodies::Redacted => "redacted",
            Bodies::Off => "off",
        };
        put("bodies", self.log_bodies.map(|b| json!(word(b))));
        put("names", self.log_names.map(Value::from));
        put("days", self.log_days.map(Value::from));
        put("most", self.log_most.map(Value::from));
        if let Some(hours) = self.silence_hours {
            provisioning["silence_hours"] = hours.into();
        }
    }
}
