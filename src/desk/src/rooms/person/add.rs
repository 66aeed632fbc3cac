//! A further company for somebody who may work in several: choosing it.

use super::{At, Frame, open};
use crate::{
    ask::{Answer, Ask, page},
    rooms::users::choose::{self, Company},
};
use askama::Template;
use axum::extract::Path;

#[derive(Template)]
#[template(path = "person_access_add.html")]
struct Choose {
    frame: Frame,
    text: String,
    found: Vec<Company>,
}

impl std::ops::Deref for Choose {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

pub(super) async fn choose(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?.below("Add a company");
    let text = ask.word("text").to_owned();
    let mut found = choose::companies(&ask, &text, "50").await?;
    found.retain(|c| c.slug != frame.shell.slug());
    page(&Choose { frame, text, found })
}
