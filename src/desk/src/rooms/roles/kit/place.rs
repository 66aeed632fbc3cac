//! Pages that are there for a tenant and for the whole instance.

use crate::{
    PREFIX,
    ask::{Ask, Trouble},
    nav::Section,
    problem::Problem,
    shell::Shell,
};

/// Where a page is.
#[derive(Debug, Clone)]
pub(in crate::rooms) struct Place {
    /// Before the API's addresses; empty for the instance.
    api: String,
    /// Before ours.
    base: String,
    /// Whether it is the whole instance.
    pub(in crate::rooms) wide: bool,
}

impl Place {
    /// The frame of a page of a tenant, or of the whole instance where none is said.
    pub(in crate::rooms) async fn shell(
        ask: &Ask,
        tenant: Option<&str>,
        at: (Section, Section),
        title: &str,
    ) -> Result<(Shell, Self), Trouble> {
        if let Some(t) = tenant {
            let shell = ask.shell(t, at.0, title).await?;
            let place = Self { api: shell.api(""), base: shell.base(), wide: false };
            return Ok((shell, place));
        }
        let shell = ask.instance(at.1, title).await?;
        if !shell.global() {
            return Err(Problem::nothing().into());
        }
        let place = Self { api: String::new(), base: format!("{PREFIX}/instance"), wide: true };
        Ok((shell, place))
    }
    /// The same, with what is of the whole instance among the pages of the system.
    #[must_use]
    pub(in crate::rooms) fn of_system(mut self) -> Self {
        if self.wide {
            self.base = format!("{PREFIX}/system");
        }
        self
    }
    /// An address of the API.
    pub(in crate::rooms) fn api(&self, path: &str) -> String {
        format!("{}{path}", self.api)
    }
    /// An address of ours.
    pub(in crate::rooms) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
