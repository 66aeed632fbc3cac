//! Who acts. Made only where a caller was proved: `web`'s extractors, each voice's `caller.rs`, and for the
//! system's own work `server.rs` and `cli/` (the house test holds this). It says who, never what they may do:
//! that is `access`.

use crate::id::{AppId, DirectoryId, PortalId, RequestId, SessionId, TenantId, UserId};

/// The four kinds of users.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// Runs the platform; may hold roles on the whole instance.
    Administrator,
    /// The provider's daily worker; holds roles in the tenants given to them.
    Technician,
    /// Works at a customer; holds roles in their own tenant only.
    Tenant,
    /// A service account: API only, never an interactive session.
    Integration,
}

impl UserKind {
    /// The word used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Technician => "technician",
            Self::Tenant => "tenant",
            Self::Integration => "integration",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "administrator" => Self::Administrator,
            "technician" => Self::Technician,
            "tenant" => Self::Tenant,
            "integration" => Self::Integration,
            _ => return None,
        })
    }
}

/// A proved caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person or integration user, by session or access token.
    User {
        /// The tenant the user belongs to (not the one acted in).
        home: TenantId,
        /// The user.
        user: UserId,
        /// The kind of user.
        kind: UserKind,
        /// The session, for people.
        session: Option<SessionId>,
        /// The application the token was issued to, for tokens.
        app: Option<AppId>,
        /// The scopes of the token; `None` for a session, which has all the user has.
        scopes: Option<std::sync::Arc<[String]>>,
        /// The tenant a token is bound to (`tid`); `None` for a session.
        bound: Option<TenantId>,
    },
    /// A directory's SCIM client.
    Directory {
        /// The directory's tenant.
        tenant: TenantId,
        /// The directory.
        directory: DirectoryId,
    },
    /// An application that manages its stream of security events; it holds no permission.
    App {
        /// Its tenant.
        tenant: TenantId,
        /// The application.
        app: AppId,
    },
    /// Whoever opened a setup link: a company's IT staff, at one directory, with a part of what the link's author may do.
    Portal {
        /// The directory's tenant.
        tenant: TenantId,
        /// The directory, and nothing else.
        directory: DirectoryId,
        /// The link.
        link: PortalId,
        /// Whoever made it, with their tenant; `None` for the owner of the data directory.
        by: Option<(TenantId, UserId)>,
    },
    /// Whoever owns the data directory and runs a command on it.
    Owner,
    /// The server's own work; the text says which.
    System(&'static str),
}

/// A proved caller, and the request they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    principal: Principal,
    request: RequestId,
    keyed: bool,
}

impl Actor {
    /// Only for the places this file's first lines name.
    pub fn prove(principal: Principal, request: RequestId) -> Self {
        Self { principal, request, keyed: false }
    }
    /// The same, where what they ask is to be done once: every transaction of the request says that it did it (`repeats`).
    #[must_use]
    pub fn keyed(self) -> Self {
        Self { keyed: true, ..self }
    }
    /// Whether it is.
    pub fn is_keyed(&self) -> bool {
        self.keyed
    }
    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
    /// The request, as logs and audit events name it.
    pub fn request(&self) -> RequestId {
        self.request
    }
    /// The user, if a user acts.
    pub fn user(&self) -> Option<(TenantId, UserId)> {
        match self.principal {
            Principal::User { home, user, .. } => Some((home, user)),
            _ => None,
        }
    }
    /// The directory that a setup link is good for, if one was opened.
    pub fn portal(&self) -> Option<DirectoryId> {
        match self.principal {
            Principal::Portal { directory, .. } => Some(directory),
            _ => None,
        }
    }
    /// The request, unless it is the server's own work, which nobody asked for.
    pub fn asked(&self) -> Option<RequestId> {
        (!matches!(self.principal, Principal::System(_))).then_some(self.request)
    }
    /// A stable text for audit events and `granted_by`: `user:<id>`, `directory:<id>`, `app:<id>`, `portal:<id>`, `owner`,
    /// `system:<what>`.
    pub fn label(&self) -> String {
        match &self.principal {
            Principal::User { user, .. } => format!("user:{user}"),
            Principal::Directory { directory, .. } => format!("directory:{directory}"),
            Principal::App { app, .. } => format!("app:{app}"),
            Principal::Portal { link, .. } => format!("portal:{link}"),
            Principal::Owner => "owner".to_owned(),
            Principal::System(what) => format!("system:{what}"),
        }
    }
}
