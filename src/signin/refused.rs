//! Why a sign-in did not work: a sentence for the person, a reference for their administrator, who finds the rest
//! under it in the record of sign-ins.

use super::{
    error::or_page,
    pages::{self, Refused},
};
use crate::{
    app::App,
    error::Result,
    id::RequestId,
    signins::{self, Told},
    web::StrictPath,
};
use axum::{
    extract::{Extension, State},
    http::StatusCode,
    response::Response,
};

/// `GET /refused/{reference}`
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(reference): StrictPath<String>,
) -> Response {
    or_page(&app, request, shown(&app, &reference).await)
}

async fn shown(app: &App, typed: &str) -> Result<Response> {
    let known = signins::by_reference(&app.store, typed).await?;
    // Nobody finds anything under what no record has: it is not shown, whatever somebody wrote there.
    let known = known.and_then(|s| s.why().map(|why| (why, s.reference)));
    let (told, reference) = match known {
        Some((why, reference)) => (why.told(), Some(reference)),
        None => (Told::Trouble, None),
    };
    let (explanation, advice) = words(told);
    let page = Refused {
        title: "You are not signed in",
        brand: pages::brand(app),
        explanation,
        advice,
        reference,
    };
    Ok(pages::show(StatusCode::FORBIDDEN, &page))
}

/// What the person may know of a reason, and what they can do.
fn words(told: Told) -> (&'static str, &'static str) {
    match told {
        Told::SecondFactor => (
            "Your sign-in did not prove a second factor, and what you may do here demands one.",
            "Begin again and sign in with one (a code, a prompt on your phone, a security key). If you have none, ask your administrator.",
        ),
        Told::NoFactor => (
            "What you may do here demands a second factor, and you have none set up.",
            "Ask your administrator to send you a link to set a new password: it sets up a second factor, too.",
        ),
        Told::ShortPassword => (
            "Your password is too short to be asked for alone, and there is nothing beside it any more.",
            "Choose 'I forgot my password' where you sign in, and set a longer one.",
        ),
        Told::Stale => (
            "A fresh sign-in was asked for, and your company's login did not show that yours is.",
            "Sign out at your company's login, then begin again.",
        ),
        Told::Unknown => (
            "Your company's login knows you, but nobody has given you an account here.",
            "Ask your administrator to assign you to this application in the directory.",
        ),
        Told::Invited => (
            "You are invited here, and your company's login alone does not show that the invitation is yours.",
            "Open the link in the letter that you got. If you do not find it, ask whoever invited you to send it again.",
        ),
        Told::WrongAccount => (
            "The account you used at your company's login is not the one you are known by here.",
            "Sign in with your other account, or ask your administrator.",
        ),
        Told::Off => (
            "Your account here is switched off.",
            "Ask your administrator whether that is as it should be.",
        ),
        Told::Closed => (
            "Signing in is switched off for your company at the moment.",
            "Your administrator knows more.",
        ),
        Told::Denied => (
            "Your company's login did not let you in, or you cancelled there.",
            "Begin again, or ask your administrator.",
        ),
        Told::Cloned => (
            "Your passkey was shown with a count that it had passed before, so there may be two of it.",
            "It is not taken any more. Sign in another way, remove it on your own page, and make a new one. Tell your administrator.",
        ),
        Told::Company => (
            "Your company has you sign in by its own login, and by nothing else.",
            "Begin again with your e-mail address, and continue with your company's login.",
        ),
        Told::Again => {
            ("Something about signing in was changed while you were away.", "Begin again.")
        }
        Told::Elsewhere => (
            "This sign-in began in another browser, and it can only be finished there.",
            "Begin again in this one.",
        ),
        Told::Trouble => (
            "Your company's login gave an answer that we could not accept.",
            "Begin again; if it happens twice, ask your administrator.",
        ),
    }
}
