//! Why a sign-in did not work: a sentence for the person, a reference for their administrator, who finds the rest
//! under it in the record of sign-ins.

use super::{
    error::or_page,
    pages::{self, Refused},
};
use crate::{app::App, error::Result, signins};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

/// `GET /refused/{reference}`
pub(super) async fn show(State(app): State<App>, Path(reference): Path<String>) -> Response {
    or_page(&app, shown(&app, &reference).await)
}

async fn shown(app: &App, reference: &str) -> Result<Response> {
    let known = signins::by_reference(&app.store, reference).await?;
    // An unknown reference gets the same page without a reason: nothing is to be learnt by trying.
    let reason = known.and_then(|s| s.reason).unwrap_or_default();
    let (explanation, advice) = words(&reason);
    let page = Refused {
        title: "You are not signed in",
        brand: pages::brand(app),
        explanation,
        advice,
        reference: crate::text::excerpt(reference),
    };
    Ok(pages::show(StatusCode::FORBIDDEN, &page))
}

/// What the person may know of a reason, and what they can do.
fn words(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "mfa_required" | "mfa_missing" | "phr_required" => (
            "Your company's login did not prove that you used a second factor, and what you may do here demands one.",
            "Sign in at your company with a second factor (a code, a prompt on your phone, a security key), then begin again here.",
        ),
        "user_unknown" | "not_provisioned" => (
            "Your company's login knows you, but nobody has given you an account here.",
            "Ask your administrator to assign you to this application in the directory.",
        ),
        "user_disabled" | "user_inactive" => (
            "Your account here is switched off.",
            "Ask your administrator whether that is as it should be.",
        ),
        "tenant_suspended" | "directory_disabled" => (
            "Signing in is switched off for your company at the moment.",
            "Your administrator knows more.",
        ),
        "upstream_denied" | "access_denied" => (
            "Your company's login did not let you in, or you cancelled there.",
            "Begin again, or ask your administrator.",
        ),
        "expired" | "state_unknown" => {
            ("This sign-in took too long, or was begun in another window.", "Begin again.")
        }
        _ => (
            "Your company's login gave an answer that we could not accept.",
            "Begin again; if it happens twice, ask your administrator.",
        ),
    }
}
