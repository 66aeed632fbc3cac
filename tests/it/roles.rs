//! Roles as a whole: templates and clones, differences, what uses one, the exported document, a replaced catalogue.

mod catalogue;
mod export;
mod like;
mod uses;
