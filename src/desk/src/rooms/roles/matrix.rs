//! Roles side by side: which of them permits what.

use super::{Role, kit::Catalogue};
use crate::{
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
};
use askama::Template;
use axum::extract::Path;

#[derive(Template)]
#[template(path = "roles_matrix.html")]
struct Matrix {
    shell: Shell,
    catalogue: Catalogue,
    roles: Vec<Role>,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn show(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Roles, "Roles side by side").await?;
    let shell = {
        let to = format!("{}/roles", shell.base());
        shell.crumb("Roles", to)
    };
    let catalogue = Catalogue::of(&ask).await?;
    let query = ask.pass(&["cursor"], &[("limit", "10")]);
    let found: Page<Role> = ask.get(&shell.api(&format!("/roles{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&Matrix { shell, catalogue, roles: found.items, first, next })
}
