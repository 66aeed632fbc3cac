//! `muster policy`: what a tenant demands of those who sign in.

use super::{at, given, id_of};
use crate::{
    cli::reach::Reach,
    config::Span,
    error::{Error, Result},
};
use axum::http::Method;
use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MfaDefault {
    /// As the role's permissions demand: where they could do harm
    ByRole,
    /// Of everybody
    Always,
    /// Of nobody; the directory alone decides
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    /// An administrator's written word about the directory suffices
    Attested,
    /// The login proves it
    Mfa,
    /// The login proves it, by what cannot be phished
    Phr,
}

/// `mfa` or `mfa,900`, for each name.
fn demands(all: Vec<(String, String)>) -> Result<Map<String, Value>> {
    let each = |(name, what): (String, String)| {
        let (class, age) = match what.split_once(',') {
            Some((class, age)) => (class.to_owned(), Some(age.to_owned())),
            None => (what, None),
        };
        let age = age.map(|a| {
            a.trim().parse::<i64>().map_err(|_| {
                let text = format!("'{}' is not a number of seconds", crate::text::excerpt(&a));
                Error::invalid(text).attr(name.clone())
            })
        });
        let demand = given(json!({ "class": class, "max_age": age.transpose()? }));
        Ok((name, demand))
    };
    all.into_iter().map(each).collect()
}

fn lasting(idle: Option<Span>, max: Option<Span>) -> Value {
    let seconds = |s: Option<Span>| s.map(|s| s.as_secs());
    given(json!({ "idle": seconds(idle), "max": seconds(max) }))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Set when a second factor is demanded, and how long sessions last
    #[command(after_help = "Examples:
  muster policy set contoso --mfa always
  muster policy set contoso --mfa by-role --role 'Help desk=mfa' --role 'Self-Service=none'
  muster policy set contoso --level attested                an administrator's written word suffices
  muster policy set contoso --app 'CLIENT-ID=mfa,3600' --permission users.delete=mfa,900
  muster policy set contoso --session-idle 30m --session-max 8h --refresh-max 7d
`mfa` demands that the login proves two factors; `attested` takes an administrator's word about the
directory as well; `phr` demands a phishing-resistant factor. Roles that are not named follow --mfa.
A number after the comma: the proof is not older than so many seconds. Sessions and refresh tokens last
as the instance's settings say, or shorter. What is not named is taken away.")]
    Set {
        /// Tenant: id or slug
        tenant: String,
        /// For roles that are not named
        #[arg(long, value_enum, default_value = "by-role")]
        mfa: MfaDefault,
        /// What that is, where it demands anything
        #[arg(long, value_enum, default_value = "mfa")]
        level: Level,
        /// For one role, by id or name: none, attested, mfa or phr; may be given several times
        #[arg(long = "role", value_name = "ROLE=WHAT", value_parser = crate::cli::assignment)]
        roles: Vec<(String, String)>,
        /// Of whoever signs in to one application, by client id: beside what roles demand; may be given several times
        #[arg(long = "app", value_name = "CLIENT-ID=WHAT[,SECONDS]", value_parser = crate::cli::assignment)]
        apps: Vec<(String, String)>,
        /// Of whoever holds one permission, and how lately where it is used; may be given several times
        #[arg(long = "permission", value_name = "PERMISSION=WHAT[,SECONDS]", value_parser = crate::cli::assignment)]
        permissions: Vec<(String, String)>,
        /// A session ends when it was not used for so long, as in 30m or 8h
        #[arg(long, value_name = "TIME")]
        session_idle: Option<Span>,
        /// A session ends after so long, however it is used
        #[arg(long, value_name = "TIME")]
        session_max: Option<Span>,
        /// A refresh token ends when it was not used for so long
        #[arg(long, value_name = "TIME")]
        refresh_idle: Option<Span>,
        /// Refresh tokens end so long after the first of them
        #[arg(long, value_name = "TIME")]
        refresh_max: Option<Span>,
    },
    /// The policy
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Policy, r: &Reach) -> Result<Value> {
    match v {
        Policy::Set {
            tenant,
            mfa,
            level,
            roles,
            apps,
            permissions,
            session_idle,
            session_max,
            refresh_idle,
            refresh_max,
        } => {
            let default = match mfa {
                MfaDefault::ByRole => "by_role",
                MfaDefault::Always => "always",
                MfaDefault::Never => "never",
            };
            let all = format!("{}/roles", at(&tenant));
            let mut by_role = Map::new();
            for (name, what) in roles {
                let id = id_of(r, &all, "name", "role", &name).await?;
                by_role.insert(id, what.into());
            }
            let level = match level {
                Level::Attested => "attested",
                Level::Mfa => "mfa",
                Level::Phr => "phr",
            };
            let body = json!({
                "mfa": { "default": default, "level": level, "roles": by_role },
                "apps": demands(apps)?, "permissions": demands(permissions)?,
                "sessions": lasting(session_idle, session_max), "refresh": lasting(refresh_idle, refresh_max),
            });
            r.call(Method::PUT, &format!("{}/policy", at(&tenant)), Some(&body)).await
        }
        Policy::Show { tenant } => r.get(&format!("{}/policy", at(&tenant))).await,
    }
}
