//! A permission is a value: a [`Permit`] says that its holder may do `P` in a tenant, and only this room makes one.

use super::Effective;
use crate::{
    actor::{Actor, Principal},
    id::{DirectoryId, TenantId},
    store::{Cx, Scope},
};
use std::{marker::PhantomData, sync::Arc};

/// A permission of Muster's own (`users.*`, `system.*`).
pub trait Permission: Send + Sync + 'static {
    /// Its id in the catalogue.
    const ID: &'static str;
    /// Whether it only looks.
    const VIEWS: bool = matches!(
        Self::ID.as_bytes(),
        b"users.view" | b"system.view_settings" | b"system.view_logs"
    );
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $id:literal),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}
            impl Permission for $name {
                const ID: &'static str = $id;
            }
        )*
        /// Every reserved id.
        pub const RESERVED: &[&str] = &[$($id),*];
    };
}
permissions! {
    /// See people, groups, sessions.
    UsersView = "users.view",
    /// Add people.
    UsersAdd = "users.add",
    /// Change people, the switch, their sessions.
    UsersEdit = "users.edit",
    /// Delete people.
    UsersDelete = "users.delete",
    /// Roles, grants, mappings, holds, explain of others.
    UsersManageRoles = "users.manage_roles",
    /// See directories, policies, applications, keys.
    SystemViewSettings = "system.view_settings",
    /// Change them.
    SystemEditSettings = "system.edit_settings",
    /// Integration users and their secrets.
    SystemManageIntegrations = "system.manage_integrations",
    /// Audit, sign-in and provisioning logs.
    SystemViewLogs = "system.view_logs",
    /// The platform's licenses; nothing of Muster's own.
    SystemManageLicenses = "system.manage_licenses",
}

/// What only Global Administrators (and the owner of the data directory) may do.
#[derive(Debug, Clone, Copy)]
pub enum Global {}
/// What a directory may do: its own people and groups.
#[derive(Debug, Clone, Copy)]
pub enum Provision {}
/// The server's own work in a tenant.
#[derive(Debug, Clone, Copy)]
pub enum System {}

/// The right to do `P` in [`Self::tenant`], proved when it was made. Domain functions demand one, and it is the
/// only thing that yields the tenant their SQL needs.
#[derive(Debug)]
pub struct Permit<P> {
    tenant: TenantId,
    actor: Actor,
    scope: Scope,
    held: Arc<Effective>,
    directory: Option<DirectoryId>,
    what: PhantomData<fn() -> P>,
}

impl<P> Clone for Permit<P> {
    fn clone(&self) -> Self {
        Self {
            tenant: self.tenant,
            actor: self.actor.clone(),
            scope: self.scope,
            held: Arc::clone(&self.held),
            directory: self.directory,
            what: PhantomData,
        }
    }
}

impl<P> Permit<P> {
    pub(super) fn new(
        tenant: TenantId,
        actor: &Actor,
        scope: Scope,
        held: Arc<Effective>,
        directory: Option<DirectoryId>,
    ) -> Self {
        Self { tenant, actor: actor.clone(), scope, held, directory, what: PhantomData }
    }
    /// The tenant acted in ([`TenantId::PLATFORM`] for [`Global`]).
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// The context of a transaction: the actor, over this tenant (and the actor's own, where it differs).
    pub fn cx(&self) -> Cx {
        Cx::new(self.actor.clone(), self.scope)
    }
    /// Whether the actor holds everything: a Global Administrator, the owner of the data directory, the server.
    pub fn everything(&self) -> bool {
        self.held.global
            || matches!(self.actor.principal(), Principal::Owner | Principal::System(_))
    }
    /// What the actor holds here: the ceiling of what they may give.
    pub fn held(&self) -> &Effective {
        &self.held
    }
}

impl Permit<Provision> {
    /// The directory that speaks.
    pub fn directory(&self) -> DirectoryId {
        // Only `Access::provision` and `Access::rehearses` make this kind, and always with a directory.
        self.directory.unwrap_or(DirectoryId(uuid::Uuid::nil()))
    }
}
