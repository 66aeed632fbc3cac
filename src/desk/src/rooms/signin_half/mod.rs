//! How a directory's people sign in: its settings, its stage, test logins, its health, what would be decided, and the
//! security events that its provider sends.

mod health;
mod settings;
mod signals;
mod simulate;
mod stage;
mod tests;

use super::directories::back;
use crate::Desk;
use axum::{
    Router,
    routing::{get, post},
};

pub(super) fn routes() -> Router<Desk> {
    let at = |path: &str| format!("/admin/in/{{tenant}}/directories/{{directory}}{path}");
    Router::new()
        .route(&at("/signin"), get(stage::show))
        .route(&at("/signin/settings"), get(settings::form).post(settings::save))
        .route(&at("/signin/remove"), get(settings::ask_remove).post(settings::remove))
        .route(&at("/signin/activate"), get(back).post(stage::activate))
        .route(&at("/signin/enforce"), get(stage::ask_enforce).post(stage::enforce))
        .route(&at("/signin/relax"), get(stage::ask_relax).post(stage::relax))
        .route(&at("/signin/withdraw"), get(stage::ask_withdraw).post(stage::withdraw))
        .route(&at("/signin/tests"), get(tests::list).post(tests::ask))
        .route(&at("/signin/health"), get(health::show))
        .route(&at("/simulate"), get(simulate::form).post(simulate::simulate))
        .route(&at("/signals"), get(signals::show).post(signals::set))
        .route(&at("/signals/secret"), post(signals::secret).get(back))
        .route(&at("/signals/delete"), get(signals::ask_delete).post(signals::delete))
}
