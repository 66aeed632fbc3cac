//! What a button would do, before it is done: for what takes nothing but a yes.

use crate::{
    ask::{Answer, page},
    shell::Shell,
};
use askama::Template;

/// The page.
#[derive(Template)]
#[template(path = "sure.html")]
pub(super) struct Sure {
    /// The frame; its title is what would be done.
    pub(super) shell: Shell,
    /// What that means, a paragraph each.
    pub(super) says: Vec<String>,
    /// What is sent: names and values.
    pub(super) fields: Vec<(&'static str, String)>,
    /// Where to; without the words of the address.
    pub(super) action: String,
    /// What the button says.
    pub(super) button: &'static str,
    /// Where the way back leads, and what it says.
    pub(super) back: (String, &'static str),
}

impl Sure {
    /// Shows it.
    pub(super) fn page(&self) -> Answer {
        page(self)
    }
}
