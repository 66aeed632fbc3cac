//! From the directory's deactivation to the last refusal.

use crate::{Fail, Setting, figures::Figures};

pub async fn run(_set: &Setting, _figures: &mut Figures) -> Result<(), Fail> {
    Ok(())
}
