//! The pages, one file for each concern. A page asks the API, puts the answer into its template, and that is all.

mod activity;
mod apps;
mod audit;
mod decisions;
mod directories;
mod domains;
mod elevation;
mod explain;
mod grants;
mod groups;
mod health;
mod home;
mod integrations;
mod invitations;
mod kit;
mod mail;
mod mappings;
mod person;
mod policy;
mod portal;
mod provisioning;
mod reviews;
mod roles;
mod setup_links;
mod signin_half;
mod signins;
mod sure;
mod system;
mod tenants;
mod users;

use crate::Desk;
use axum::Router;

/// All pages.
pub fn routes() -> Router<Desk> {
    Router::new()
        .merge(activity::routes())
        .merge(apps::routes())
        .merge(audit::routes())
        .merge(decisions::routes())
        .merge(directories::routes())
        .merge(domains::routes())
        .merge(elevation::routes())
        .merge(explain::routes())
        .merge(grants::routes())
        .merge(groups::routes())
        .merge(health::routes())
        .merge(home::routes())
        .merge(integrations::routes())
        .merge(invitations::routes())
        .merge(mail::routes())
        .merge(mappings::routes())
        .merge(person::routes())
        .merge(policy::routes())
        .merge(portal::routes())
        .merge(provisioning::routes())
        .merge(reviews::routes())
        .merge(roles::routes())
        .merge(setup_links::routes())
        .merge(signin_half::routes())
        .merge(signins::routes())
        .merge(system::routes())
        .merge(tenants::routes())
        .merge(users::routes())
}
